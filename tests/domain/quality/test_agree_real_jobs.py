"""Two real jobs whose truth is known: what `bench/consolidation.py` measures has to hold."""

from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nltk.metrics.agreement import AnnotationTask

from bench import consolidation
from terrace.domain.quality import alpha, answers

BIRDS = consolidation.DATA / "gt_image_classification_birds"
BLUEBIRDS = consolidation.DATA / "crowd_bluebirds"


@cache
def measured(name: str) -> dict[str, Any]:
    job = job_of(name)
    return consolidation.measure(job)


def job_of(name: str) -> consolidation.Job:
    folder = BIRDS if name == "birds" else BLUEBIRDS
    if not folder.is_dir():
        pytest.skip(f"../shared/data/{folder.name} is not on this machine")
    return consolidation.birds(folder) if name == "birds" else consolidation.bluebirds(folder)


@pytest.mark.parametrize("name", ["birds", "bluebirds"])
def test_accuracy_is_at_least_that_of_the_better_of_majority_and_plain_dawid_skene(
    name: str,
) -> None:
    accuracy = measured(name)["accuracy"]
    assert accuracy["terrace"] >= max(accuracy["majority"], accuracy["plainDawidSkene"])


def test_the_majority_and_the_labels_of_ground_truth_are_as_published() -> None:
    assert measured("bluebirds")["accuracy"]["majority"] == pytest.approx(0.759, abs=5e-4)
    birds = measured("birds")
    if birds["items"] == 302:
        assert birds["accuracy"]["majority"] == pytest.approx(0.904, abs=5e-4)
        assert birds["agreement"]["alpha"] == pytest.approx(0.821496, abs=5e-7)


@pytest.mark.parametrize("name", ["birds", "bluebirds"])
def test_alpha_equals_nltks_to_nine_digits(name: str) -> None:
    votes = answers.votes(job_of(name).answers)
    data = [
        (votes.workers[worker], votes.units[unit], votes.classes[choice])
        for unit, worker, choice in zip(
            votes.unit.tolist(), votes.worker.tolist(), votes.choice.tolist(), strict=True
        )
    ]
    assert alpha.nominal(votes).value == pytest.approx(AnnotationTask(data=data).alpha(), abs=1e-9)


def test_wrong_labels_are_ranked_twice_as_well_as_by_raw_agreement_on_bluebirds() -> None:
    assert measured("bluebirds")["ranking"]["ratio"] >= 2


def test_wrong_labels_are_ranked_better_than_by_raw_agreement_on_the_part_of_birds() -> None:
    assert measured("birds")["ranking"]["ratio"] >= 1.4


# --- the measure itself --------------------------------------------------------------------------


def test_average_precision_of_the_worked_number() -> None:
    found = consolidation.average_precision([0.9, 0.5, 0.5, 0.1], [True, False, True, False])
    assert found == pytest.approx(0.8333, abs=5e-5)
    assert consolidation.average_precision([0.1, 0.2], [False, False]) is None
    assert consolidation.average_precision([0.3] * 4, [True, False, False, False]) == 0.25


@given(st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=1, max_size=20))
def test_average_precision_knows_no_order_and_no_scale(rows: list[tuple[int, bool]]) -> None:
    def of(given: list[tuple[int, bool]], scale: float = 1) -> float | None:
        scores, wrong = [scale * score for score, _ in given], [flag for _, flag in given]
        return consolidation.average_precision(scores, wrong)

    found = of(rows)
    assert of(sorted(rows)) == found
    assert of(rows, 7) == found
    assert found is None or 0 < found <= 1
