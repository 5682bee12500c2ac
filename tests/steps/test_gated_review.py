"""A gate of clips, small: it keeps to its budget and finds what a full review would have found.

The full size, over more seeds and kinds of errors, is `python -m bench.gated_review`.
"""

import pytest

from bench.gated_review import (
    BUDGET,
    LASTING,
    SLIPS,
    WANTED,
    Outcome,
    a_mix,
    one_batch,
    over_seeds,
    runs_of,
    slips_times,
)

SEEDS = (1, 2)


@pytest.fixture(scope="module")
def outcomes() -> dict[str, Outcome]:
    return {name: over_seeds(a_mix(slips=slips), SEEDS) for name, slips in SLIPS.items()}


def test_no_review_job_has_more_frames_than_its_budget(outcomes: dict[str, Outcome]) -> None:
    assert all(0 < one.reviewed <= one.frames * BUDGET / 100 for one in outcomes.values())
    assert not any(one.over_budget for one in outcomes.values())


def test_nine_of_ten_errors_that_a_full_review_finds_are_found(
    outcomes: dict[str, Outcome],
) -> None:
    total = sum(outcomes.values(), Outcome())
    assert total.full.total() >= 40
    assert set(total.full) == {
        *("missing", "extra", "shift", "resize", "identity", "class", "attribute"),
    }
    assert total.recall is not None
    assert total.recall >= WANTED
    for name, one in outcomes.items():
        assert one.recall is not None, name
        assert one.recall >= WANTED, (name, one.to_json())


def test_people_change_nothing_in_clips_that_is_right(outcomes: dict[str, Outcome]) -> None:
    assert sum(one.other for one in outcomes.values()) == 0


def test_where_errors_are_dense_the_budget_is_kept_and_fewer_are_found() -> None:
    dense = one_batch(a_mix(slips=slips_times(SLIPS["even"], 8)), 1)
    assert dense.over_budget == 0
    assert dense.recall is not None
    assert 0.2 < dense.recall < WANTED


def test_a_constant_bias_cannot_be_seen_without_truth() -> None:
    biased = one_batch(a_mix(label=LASTING["constant bias"]), 1)
    assert biased.wrong_frames > biased.frames * 0.9
    assert biased.recall is not None
    assert biased.recall < 0.2


def test_an_error_of_several_frames_is_one_run() -> None:
    frames = {(0, f"00000{n}.jpg", "missing", "a") for n in (1, 2, 3, 5)}
    other = {(0, "000002.jpg", "class", "a"), (1, "000004.jpg", "missing", "a")}
    assert sorted(len(run) for run in runs_of(frames | other)) == [1, 1, 1, 3]
    assert list(runs_of(set())) == []
