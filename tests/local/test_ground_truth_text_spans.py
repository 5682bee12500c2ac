"""Named entities: marks of one person and of several."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from moto import mock_aws

from terrace_local.ground_truth.families.text_spans import consolidate_spans
from terrace_local.workers.item_truth import TRUTH_REF, ItemTruth, Span, write_item_truth
from tests.data import shared_data
from tests.local.ground_truth_world import World, manifest

SAMPLES = shared_data.FOLDER
TEXT = '🙂 "Bob <b>" moved to שלום-town on Jan 1 1990 & stayed.'
INSTRUCTIONS = {"shortInstruction": "Mark names.", "fullInstruction": "Mark every name."}


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with mock_aws():
        built = World(error_mix="clean")
        built.service.start()
        yield built
        built.service.stop()


def run(world: World, name: str, rows: list[dict[str, Any]], people: int = 1) -> dict[str, Any]:
    labels = [{"label": "Person", "shortDisplayName": "per"}, {"label": "Date"}]
    categories = {"labels": labels, "instructions": INSTRUCTIONS}
    return world.run(
        world.any_request(
            name,
            "NamedEntityRecognition",
            manifest=world.put(f"{name}.manifest", manifest(rows)),
            categories=world.put(f"{name}.json", categories),
            people=people,
        )
    )


def hidden(world: World) -> str:
    """Where the truth of TEXT is."""
    start = TEXT.index("Jan")
    spans = (Span(3, 6, "Person"), Span(start, start + 10, "Date"))
    return write_item_truth(world.s3, "s3://in-bucket/hidden/", {TEXT: ItemTruth(spans=spans)})


@pytest.mark.parametrize("people", [1, 3])
def test_careful_people_mark_what_is_there(world: World, people: int) -> None:
    job = run(world, f"Names{people}", [{"source": TEXT, TRUTH_REF: hidden(world)}], people)

    (line,) = world.lines(job["LabelingJobOutput"]["OutputDatasetS3Uri"])
    value = line[f"Names{people}"]["annotations"]
    found = [(TEXT[e["startOffset"] : e["endOffset"]], e["label"]) for e in value["entities"]]
    assert line["source"] == TEXT
    assert found == [("Bob", "Person"), ("Jan 1 1990", "Date")]
    assert value["labels"] == [{"label": "Person", "shortDisplayName": "per"}, {"label": "Date"}]
    expected = 0 if people == 1 else 0.95
    metadata = line[f"Names{people}-metadata"]
    assert metadata["entities"] == [{"confidence": expected}] * 2


@pytest.mark.skipif(not SAMPLES.is_dir(), reason=f"no real samples at {SAMPLES}")
def test_a_line_has_the_shape_of_a_real_one(world: World) -> None:
    path = SAMPLES / "real/text/comprehend_readme_ner_and_textcls.manifest"
    theirs = json.loads(path.read_text().splitlines()[0])

    job = run(world, "Shape", [{"source": theirs["source"]}])

    (ours,) = world.lines(job["LabelingJobOutput"]["OutputDatasetS3Uri"])
    attribute = "EntityRecognizerPOC-1"
    annotations, wanted = ours["Shape"]["annotations"], theirs[attribute]["annotations"]
    assert set(annotations) == set(wanted)
    assert annotations["entities"][0].keys() == wanted["entities"][0].keys()
    metadata, meta_wanted = ours["Shape-metadata"], theirs[f"{attribute}-metadata"]
    assert set(metadata) == set(meta_wanted)
    assert metadata["type"] == meta_wanted["type"]
    assert len(metadata["entities"]) == len(annotations["entities"])


def test_without_instructions_the_job_fails(world: World) -> None:
    request = world.any_request(
        "Silent",
        "NamedEntityRecognition",
        manifest=world.put("silent.manifest", manifest([{"source": TEXT}])),
        categories=world.categories("Person"),
    )

    job = world.run(request)

    assert job["LabelingJobStatus"] == "Failed"
    assert "`instructions` with shortInstruction, fullInstruction" in job["FailureReason"]


def test_boundaries_are_the_most_frequent_or_the_median() -> None:
    clear = [[Span(0, 10, "A")], [Span(0, 10, "A")], [Span(2, 12, "B")]]
    unclear = [[Span(0, 10, "A")], [Span(1, 11, "A")], [Span(2, 12, "A")]]

    assert consolidate_spans(clear)[0].span == Span(0, 10, "A")
    assert consolidate_spans(unclear)[0].span == Span(1, 11, "A")


def test_marks_that_few_people_made_are_dropped() -> None:
    both = Span(0, 10, "A")

    found = consolidate_spans([[both], [both, Span(50, 60, "A")], [both]])

    assert [row.span for row in found] == [both]


def test_the_label_given_most_often_wins_and_a_tie_is_the_seeds_affair() -> None:
    two = [[Span(0, 10, "A")], [Span(0, 10, "B")]]

    assert {consolidate_spans(two, seed)[0].span.label for seed in range(20)} == {"A", "B"}
    assert consolidate_spans([*two, two[1]])[0].span.label == "B"


SPAN = st.tuples(st.integers(0, 40), st.integers(1, 20), st.sampled_from("AB")).map(
    lambda row: Span(row[0], row[0] + row[1], row[2])
)


@given(st.lists(st.lists(SPAN, max_size=4), min_size=1, max_size=5))
def test_every_span_has_an_extent_and_a_label_that_somebody_gave(answers: Any) -> None:
    for row in consolidate_spans(answers):
        assert row.span.start < row.span.end
        assert row.span.label in {span.label for spans in answers for span in spans}
        assert 0 <= row.confidence <= 0.95
