"""Point clouds: what a manifest line or a sequence file says of them, and what is wrong with it."""

import json
from typing import Any

import pytest

from terrace.domain import input_checks, manifest, modalities, point_clouds, sequences
from terrace.domain.input_checks import ManifestRule, ManifestTally
from tests.data.shared_data import sample_json, sample_lines

IMAGE: dict[str, Any] = {
    "image-path": "cam0.jpg",
    "unix-timestamp": 1.5,
    **dict.fromkeys(("fx", "fy", "cx", "cy"), 100),
    "position": {"x": 0, "y": 0, "z": 1.5},
    "heading": {"qx": 0, "qy": 0, "qz": 0, "qw": 1},
}
FRAME: dict[str, Any] = {
    "unix-timestamp": 1.5,
    "ego-vehicle-pose": {"position": IMAGE["position"], "heading": IMAGE["heading"]},
    "images": [IMAGE],
}


def changed(path: str, value: Any) -> dict[str, Any]:
    """FRAME with the value at `images.0.fx`; without it where the value is None."""
    frame = json.loads(json.dumps(FRAME))
    holder: Any = frame
    *parts, last = path.split(".")
    for part in parts:
        holder = holder[int(part) if part.isdigit() else part]
    if value is None:
        del holder[last]
    else:
        holder[last] = value
    return frame


def test_a_whole_frame_is_right() -> None:
    assert point_clouds.check_frame(FRAME, "1.bin", 8) == []


@pytest.mark.parametrize(
    ("frame", "name", "where"),
    [
        pytest.param(None, "1.bin", "", id="nothing is said of it"),
        pytest.param({}, "1.bin", "unix-timestamp", id="without a time"),
        pytest.param(changed("unix-timestamp", "1.5"), "1.bin", "unix-timestamp", id="time a text"),
        pytest.param(FRAME, "1.pcd", "format", id="a file of unknown kind"),
        pytest.param(changed("format", "binary/xyzt"), "1.pcd", "format", id="an unknown format"),
        pytest.param(
            changed("images.0.fx", None), "1.bin", "images[0].fx", id="a camera without a lens"
        ),
        pytest.param(
            changed("images.0.skew", "0"), "1.bin", "images[0].skew", id="a skew that is a text"
        ),
        pytest.param(
            changed("images.0.heading.qw", None),
            "1.bin",
            "images[0].heading.qw",
            id="a heading of three numbers",
        ),
        pytest.param(
            changed("images.0.position", None), "1.bin", "images[0].position", id="no place"
        ),
        pytest.param(
            changed("images.0.image-path", ""), "1.bin", "images[0].image-path", id="no image"
        ),
        pytest.param(
            changed("images.0.camera-model", "box"),
            "1.bin",
            "images[0].camera-model",
            id="an unknown camera",
        ),
        pytest.param(
            changed("images", [IMAGE] * 9), "1.bin", "images", id="nine images beside one cloud"
        ),
        pytest.param(
            changed("ego-vehicle-pose.position", None),
            "1.bin",
            "ego-vehicle-pose.position",
            id="a pose without a position",
        ),
    ],
)
def test_wrong_in_a_frame(frame: Any, name: str, where: str) -> None:
    (wrong,) = point_clouds.check_frame(frame, name, 8)
    assert wrong.where == where
    assert wrong.fix


def test_few_of_many_wrong_things_are_told() -> None:
    wrong = point_clouds.check_frame(changed("images", [{}] * 8), "1.bin", 8)
    assert len(wrong) == point_clouds.SHOWN_MAX


@pytest.mark.parametrize("form", point_clouds.FORMATS)
@pytest.mark.parametrize("kind", ["binary", "text"])
def test_every_documented_format_is_known(kind: str, form: str) -> None:
    assert point_clouds.check_frame(changed("format", f"{kind}/{form}"), "1.dat", 8) == []


# --- in a manifest -------------------------------------------------------------------------------


def tally_of(*lines: Any, modality: str = "PointCloudObjectDetection") -> tuple[Any, ManifestRule]:
    rule = ManifestRule(
        uri="s3://inp/m",
        modality=modalities.get(modality),
        label_attribute="x",
        audited_attribute=None,
        allowed_buckets=frozenset({"inp", "awsexamplebucket"}),
    )
    tally = ManifestTally()
    for number, line in enumerate(lines, start=1):
        text = line if isinstance(line, str) else json.dumps(line)
        input_checks.look(tally, rule, number, text)
    return tally, rule


def test_the_guides_own_frame_manifest_is_right() -> None:
    tally, rule = tally_of(*sample_lines("doc_derived/inputs/3d_frame_input.manifest"))
    assert (input_checks.conclude(tally, rule), tally.items) == ([], 1)


@pytest.mark.parametrize(
    ("about", "where"),
    [
        (None, "source-ref-metadata"),
        ({}, "source-ref-metadata.unix-timestamp"),
        ({**FRAME, "prefix": "clouds/"}, "source-ref-metadata.prefix"),
    ],
)
def test_a_line_says_what_is_wrong_with_its_cloud(about: Any, where: str) -> None:
    line = {"source-ref": "s3://inp/1.bin", point_clouds.METADATA: about}
    tally, rule = tally_of(line)
    (problem,) = input_checks.conclude(tally, rule)
    assert problem.path == f"{manifest.at_line('s3://inp/m', 1)} {where}"
    assert problem.code == "POINT_CLOUD_FRAME_INVALID"


def test_camera_images_in_another_bucket_are_told() -> None:
    line = {
        "source-ref": "s3://inp/1.bin",
        point_clouds.METADATA: {**FRAME, "prefix": "s3://elsewhere/cams/"},
    }
    tally, rule = tally_of(line)
    assert [p.code for p in input_checks.conclude(tally, rule)] == ["BUCKET_NOT_ALLOWED"]


def test_more_sequences_than_are_read_are_a_warning() -> None:
    lines = [{"source-ref": f"s3://inp/{n}.json"} for n in range(60)]
    tally, rule = tally_of(*lines, modality="PointCloudObjectTracking")
    assert input_checks.conclude(tally, rule) == []
    (warning,) = input_checks.warnings(tally, rule)
    assert (warning.code, "first 50 of 60" in warning.problem) == ("SEQUENCES_NOT_READ", True)


# --- sequence files ------------------------------------------------------------------------------


def sequence(*frames: Any, **more: Any) -> dict[str, Any]:
    return {
        "seq-no": 1,
        "prefix": "s3://inp/seq/",
        "number-of-frames": len(frames),
        "frames": list(frames),
        **more,
    }


def codes(raw: Any) -> list[str]:
    row = modalities.get("PointCloudObjectTrackingAdjustment")
    return [problem.code for problem in sequences.check(raw, row, "s3://inp/s.json").problems]


def at(time: float, **more: Any) -> dict[str, Any]:
    return {**FRAME, "frame": f"{time}.bin", "unix-timestamp": time, **more}


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        pytest.param(sequence(at(1), at(2)), [], id="two clouds"),
        pytest.param(sequence(at(1, prefix="s3://inp/other/")), [], id="a cloud elsewhere"),
        pytest.param(sequence(at(2), at(2)), ["SEQUENCE_TIME_NOT_RISING"], id="the same time"),
        pytest.param(sequence(at(2), at(1)), ["SEQUENCE_TIME_NOT_RISING"], id="time runs back"),
        pytest.param(
            sequence({"frame": "1.bin"}), ["POINT_CLOUD_FRAME_INVALID"], id="without a time"
        ),
        pytest.param(sequence(at(1, frame=None)), ["SEQUENCE_FRAME_UNNAMED"], id="without a name"),
        pytest.param(sequence(at(1), **{"number-of-frames": 2}), ["SEQUENCE_COUNT_WRONG"], id="2"),
        pytest.param(
            sequence(at(1, prefix="seq/")), ["SEQUENCE_PREFIX_INVALID"], id="a prefix not in S3"
        ),
        pytest.param(
            sequence(*(at(float(n)) for n in range(501))), ["SEQUENCE_TOO_LONG"], id="501 clouds"
        ),
    ],
)
def test_a_sequence_of_point_clouds(raw: Any, expected: list[str]) -> None:
    assert codes(raw) == expected


def test_of_the_guides_own_sequence_only_what_it_leaves_out_is_wrong() -> None:
    # Given the guide's file, which shows two of its hundred frames, both at the same time
    raw = sample_json("doc_derived/inputs/3d_sequence_file.json")
    assert codes(raw) == ["SEQUENCE_COUNT_WRONG", "SEQUENCE_TIME_NOT_RISING"]
