"""Labels against the truth: every kind of error is counted as that."""

from typing import Any

from terrace_cli.demo.score import score_sequence
from terrace_local.workers.shapes import Box, Polyline
from terrace_local.workers.truth import TruthObject, VideoTruth

CAR = Box(10, 10, 100, 50)
VAN = Box(300, 100, 40, 90)
LINE = Polyline(((0, 200), (50, 100), (100, 0)))
TRUTH = VideoTruth(
    (
        TruthObject("a", "Car", "box", {"1.jpg": CAR, "2.jpg": CAR}),
        TruthObject("b", "Van", "box", {"1.jpg": VAN}),
        TruthObject("c", "Lane", "polyline", {"1.jpg": LINE}),
    ),
    480,
    270,
)
CLASSES = {"0": "Car", "1": "Van"}


def box(shape: Box, class_id: str, audit: str | None = None) -> dict[str, Any]:
    row: dict[str, Any] = {
        "left": shape.left,
        "top": shape.top,
        "width": shape.width,
        "height": shape.height,
        "class-id": class_id,
        "label-category-attributes": {} if audit is None else {"audit": audit},
    }
    return row


def frames(*rows: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "tracking-annotations": [
            {"frame-no": str(n), "frame": f"{n + 1}.jpg", "annotations": row}
            for n, row in enumerate(rows)
        ]
    }


def test_perfect_labels_have_no_errors() -> None:
    score = score_sequence(
        frames([box(VAN, "1"), box(CAR, "0")], [box(CAR, "0")]), CLASSES, TRUTH, "box"
    )

    assert (score.truth, score.labels, score.errors) == (3, 3, 0)


def test_each_kind_of_error_is_counted_once() -> None:
    labels = frames(
        # a Car drawn far too big, a Van called Car
        [box(CAR.grown(1.5), "0"), box(VAN, "0")],
        # nothing on the Car, something where nothing is
        [box(Box(200, 200, 30, 30), "1")],
    )

    score = score_sequence(labels, CLASSES, TRUTH, "box")

    assert (score.badly_drawn, score.wrong_class, score.missing, score.extra) == (1, 1, 1, 1)
    assert score.errors == 4
    assert score.wrong_labels == 3


def test_a_frame_without_an_entry_misses_all_of_its_objects() -> None:
    score = score_sequence({"detection-annotations": []}, CLASSES, TRUTH, "box")

    assert (score.truth, score.labels, score.missing) == (3, 0, 3)


def test_verdicts_are_counted_and_held_against_the_truth() -> None:
    labels = frames(
        [box(CAR, "0", "Fail"), box(VAN, "0", "Fail")], [box(CAR.grown(1.5), "0", "Pass")]
    )

    score = score_sequence(labels, CLASSES, TRUTH, "box")

    assert (score.judged_fail, score.found, score.wrong_labels) == (2, 1, 2)


def test_two_labels_on_one_thing_are_one_label_and_one_extra() -> None:
    labels = frames([box(CAR, "0"), box(CAR.grown(1.1), "0"), box(VAN, "1")], [box(CAR, "0")])

    score = score_sequence(labels, CLASSES, TRUTH, "box")

    assert (score.extra, score.badly_drawn, score.missing) == (1, 0, 0)


def test_polylines_are_compared_with_polylines_only() -> None:
    vertices = [{"x": x, "y": y} for x, y in LINE.vertices]
    labels = {
        "detection-annotations": [
            {"frame": "1.jpg", "polylines": [{"vertices": vertices, "class-id": "0"}]}
        ]
    }

    score = score_sequence(labels, {"0": "Lane"}, TRUTH, "polyline")

    assert (score.truth, score.labels, score.errors) == (1, 1, 0)
