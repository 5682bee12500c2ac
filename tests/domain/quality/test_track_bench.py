"""The measurement itself: small, on AWS's file and on one made here."""

from bench import quality_speed, video_quality
from tests.data.shared_data import sample_json
from tests.domain.quality.track_samples import boxes

NEEDED = {
    "missing": 1.0,
    "height-30": 1.0,
    "height-15": 0.80,
    "shift-20": 0.98,
    "shift-35": 1.0,
    "identity": 1.0,
}


def test_errors_put_into_awss_file_are_found() -> None:
    document = sample_json("../gt_video_tracking_mot17_13/SeqLabel.json")
    found = video_quality.measure(document, count=30, seed=5)
    assert found["background"] <= 3
    assert found["labels"] == 891
    for name, least in NEEDED.items():
        assert found["recall"][name] >= least, (name, found["missed"][name])


def test_errors_put_into_a_made_file_are_found() -> None:
    found = video_quality.measure(boxes(4, 80, seed=3), count=25, seed=5)
    assert found["background"] <= 1
    for name, least in NEEDED.items():
        assert found["recall"][name] >= least, (name, found["missed"][name])
    assert found["lastingSwap"] >= 0.95


def test_the_measurement_is_the_same_each_time_and_leaves_no_error_behind() -> None:
    document = boxes(2, 30, seed=3)
    first = video_quality.measure(document, count=10, seed=5)
    assert video_quality.measure(document, count=10, seed=5) == first
    file = video_quality.File(document)
    before = file.document()
    cell = file.cells()[5]
    assert video_quality.is_found(file, cell, {cell: None})
    assert file.document() == before


def test_one_object_has_nobody_to_swap_with() -> None:
    assert video_quality.measure(boxes(1, 30), count=5, seed=1)["recall"]["identity"] is None


def test_speed_is_measured_with_a_baseline_that_counts_flags() -> None:
    found = quality_speed.measure(1)
    assert found["labels"] > 2900
    assert found["findings"] > 0
    text = quality_speed.sequence_text(0)
    assert quality_speed.notebook(text) > 0
    quality_speed.agree(text)  # the slow loops say what the arrays say
