"""The independent reader of outputs: it accepts what Ground Truth wrote, refuses what is broken."""

import ast
import copy
import io
import json
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from terrace_cli import gt_shapes
from terrace_cli.gt_shapes import check_job, check_manifest
from terrace_cli.gt_shapes.clouds import check_track_file
from terrace_cli.gt_shapes.frames import check_seqlabel
from terrace_cli.gt_shapes.report import At, Report
from terrace_cli.gt_shapes.responses import check_request, check_response
from tests.data import shared_data

SHARED_DATA = shared_data.FOLDER.parent
needs_shared_data = pytest.mark.skipif(
    not SHARED_DATA.is_dir(), reason="../shared/data is not on this machine"
)
# Outputs that a real job wrote; the others are fixtures and the guide's examples.
REAL = (
    "gt_image_classification_birds/output.manifest",
    "gt_semantic_segmentation_pcb/output.manifest",
    "gt_custom_pdf_ner/output.manifest",
    "ground_truth_samples/real/image_bounding_box/sample_output.100lines.manifest",
    "ground_truth_samples/real/image_semantic_segmentation/output.manifest",
    "ground_truth_samples/real/text/comprehend_readme_ner_and_textcls.manifest",
    "ground_truth_samples/real/custom/legal_entity_output.first3lines.manifest",
)


def test_it_shares_no_code_with_what_writes_outputs_or_reads_them_in_production() -> None:
    for path in Path(gt_shapes.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            for name in names:
                assert name.split(".")[0] not in ("terrace", "terrace_local"), path
                assert not name.startswith("terrace_cli") or "gt_shapes" in name, path


# --- what Ground Truth wrote ---------------------------------------------------------------------


def manifests() -> list[Path]:
    if not SHARED_DATA.is_dir():
        return []
    found = [*SHARED_DATA.rglob("*manifest"), *SHARED_DATA.rglob("*manifest*.jsonl")]
    return sorted(path for path in found if "/inputs/" not in str(path))


@needs_shared_data
@pytest.mark.parametrize("path", manifests(), ids=lambda path: "/".join(path.parts[-2:]))
def test_every_manifest_of_the_shared_data_is_accepted(path: Path) -> None:
    report = check_manifest(path.read_bytes(), path.name)

    assert report.problems == []
    assert sum(report.labels.values()) > 0


@needs_shared_data
@pytest.mark.parametrize("name", REAL)
def test_what_real_jobs_wrote_has_the_habits_of_real_output(name: str) -> None:
    assert check_manifest((SHARED_DATA / name).read_bytes(), name, strict=True).problems == []


@needs_shared_data
def test_label_files_of_real_jobs_and_of_the_guide_are_accepted() -> None:
    samples = SHARED_DATA / "ground_truth_samples"
    for path, top, strict in (
        ("gt_video_tracking_mot17_13/SeqLabel.json", "tracking-annotations", True),
        ("ground_truth_samples/real/video_object_tracking/SeqLabel.json",
         "tracking-annotations", True),
        ("ground_truth_samples/doc_derived/seqlabel/video_object_tracking.SeqLabel.json",
         "tracking-annotations", False),
        ("ground_truth_samples/doc_derived/seqlabel/video_object_detection.SeqLabel.json",
         "detection-annotations", False),
    ):  # fmt: skip
        report = Report()
        assert check_seqlabel(
            (SHARED_DATA / path).read_bytes(), top, None, At(report, path, strict)
        )
        assert report.problems == []
    for name in ("3d_2d_object_tracking", "3d_point_cloud_object_tracking"):
        report = Report()
        data = json.loads((samples / f"doc_derived/seqlabel/{name}.SeqLabel.json").read_text())
        assert check_track_file(data, At(report, name, True)) == {"0"}
        assert report.problems == []


@needs_shared_data
def test_the_real_mask_has_only_colours_of_its_map() -> None:
    folder = SHARED_DATA / "gt_semantic_segmentation_pcb"
    files = {".png": (folder / "mask.png").read_bytes()}

    def fetch(uri: str) -> bytes:
        if "S10-label3" in uri:
            return files[".png"]
        return (folder / "s10.png").read_bytes()

    body = (folder / "output.manifest").read_bytes()
    report = check_manifest(body, "pcb", fetch=fetch, strict=True)
    broken = check_manifest(body.replace(b"#2ca02c", b"#2ca02d"), "pcb", fetch=fetch, strict=True)

    assert report.problems == []
    assert report.files == 1
    assert any("colours that are not in the map: #2ca02c" in text for text in broken.problems)


@needs_shared_data
def test_worker_responses_and_consolidation_requests_of_real_jobs_are_accepted() -> None:
    report = Report()
    raw = SHARED_DATA / "gt_image_classification_birds" / "raw_layout"
    for path in raw.rglob("*.json"):
        check_response(path.read_bytes(), At(report, path.name, True))
    requests = SHARED_DATA / "ground_truth_samples/real/custom/consolidation-request"
    for path in requests.glob("*.json"):
        check_request(path.read_bytes(), At(report, path.name, True))

    assert report.problems == []


# --- what is broken ------------------------------------------------------------------------------

COMMON = {
    "human-annotated": "yes",
    "creation-date": "2026-11-20T09:51:00.148118",
    "job-name": "labeling-job/j",
}


def boxes() -> dict[str, Any]:
    return {
        "source-ref": "s3://bucket/a.jpg",
        "j": {
            "image_size": [{"width": 100, "height": 80, "depth": 3}],
            "annotations": [{"class_id": 0, "left": 1, "top": 2, "width": 30, "height": 4.5}],
        },
        "j-metadata": {
            **COMMON,
            "type": "groundtruth/object-detection",
            "objects": [{"confidence": 0.8}],
            "class-map": {"0": "Cat"},
        },
    }


def entities() -> dict[str, Any]:
    return {
        "source": "Ada in Rome",
        "j": {
            "annotations": {
                "entities": [{"startOffset": 7, "endOffset": 11, "label": "City"}],
                "labels": [{"label": "City"}],
            }
        },
        "j-metadata": {
            **COMMON,
            "type": "groundtruth/text-span",
            "entities": [{"confidence": 0}],
        },
    }


def classes() -> dict[str, Any]:
    return {
        "source": "x",
        "j": [1, 0],
        "j-metadata": {
            **COMMON,
            "type": "groundtruth/text-classification-multilabel",
            "class-map": {"1": "b", "0": "a"},
            "confidence-map": {"1": 0.9, "0": 0.4},
        },
    }


def verdict() -> dict[str, Any]:
    return {
        "source-ref": "s3://bucket/a.jpg",
        "j": 1,
        "j-metadata": {
            **COMMON,
            "type": "groundtruth/label-verification",
            "class-name": "bad",
            "confidence": 0,
            "worker-feedback": [{"comment": "too wide"}],
        },
    }


def failed() -> dict[str, Any]:
    return {
        "source": "x",
        "j-metadata": {
            "retry-count": 1,
            "failure-reason": "ClientError: Annotation tasks expired.",
            "human-annotated": "true",
        },
    }


def cuboids() -> dict[str, Any]:
    numbers = dict.fromkeys(
        ("center-x", "center-y", "center-z", "roll", "pitch", "yaw", "length", "width", "height"), 1
    )
    row = {**numbers, "class-id": 0, "object-name": "Car:1", "label-category-attributes": {}}
    return {
        "source-ref": "s3://bucket/a.bin",
        "source-ref-metadata": {"unix-timestamp": 1},
        "j": {"annotations": [row]},
        "j-metadata": {
            **COMMON,
            "type": "groundtruth/point_cloud_object_detection",
            "objects": [],
            "class_map": {"0": "Car"},
            "dataset-object-attributes": {},
        },
    }


GOOD = (boxes, entities, classes, verdict, failed, cuboids)
Breaker = Callable[[dict[str, Any]], Any]
BROKEN: tuple[tuple[Callable[[], dict[str, Any]], str, Breaker], ...] = (
    (boxes, "without j", lambda r: r.pop("j")),
    (boxes, "lacks class_id", lambda r: r["j"]["annotations"][0].pop("class_id")),
    (boxes, "as an integer", lambda r: r["j"]["annotations"][0].update(class_id="0")),
    (boxes, "lacks class 4", lambda r: r["j"]["annotations"][0].update(class_id=4)),
    (boxes, "class 7, which is not used", lambda r: r["j-metadata"]["class-map"].update(
        {"7": "x"})),
    (boxes, "sides longer than 0", lambda r: r["j"]["annotations"][0].update(width=0)),
    (boxes, "beyond the image", lambda r: r["j"]["annotations"][0].update(width=300)),
    (boxes, "0 entries for 1 labels", lambda r: r["j-metadata"].update(objects=[])),
    (boxes, "from 0 to 1", lambda r: r["j-metadata"]["objects"][0].update(confidence=95)),
    (boxes, "must have one entry", lambda r: r["j"].update(image_size=[])),
    (boxes, "unknown type", lambda r: r["j-metadata"].update(type="groundtruth/boxes")),
    (boxes, "must be yes or no", lambda r: r["j-metadata"].update({"human-annotated": True})),
    (boxes, "must be like", lambda r: r["j-metadata"].update({"creation-date": "2026-11-20"})),
    (boxes, "in lower case", lambda r: r["j-metadata"].update({"job-name": "labeling-job/J"})),
    (boxes, "must be there", lambda r: r["j-metadata"].update({"job-name": "j"})),
    (boxes, "adjusted or unadjusted", lambda r: r["j-metadata"].update({"adjustment-status": "y"})),
    (boxes, "no source", lambda r: r.pop("source-ref")),
    (entities, "beyond the text", lambda r: r["j"]["annotations"]["entities"][0].update(
        endOffset=12)),
    (entities, "hold no text", lambda r: r["j"]["annotations"]["entities"][0].update(endOffset=7)),
    (entities, "not among `labels`", lambda r: r["j"]["annotations"].update(labels=[])),
    (classes, "names a class twice", lambda r: r.update(j=[1, 1])),
    (classes, "must be a list", lambda r: r.update(j=1)),
    (classes, "lacks class 0", lambda r: r["j-metadata"]["confidence-map"].pop("0")),
    (verdict, "must be a class index", lambda r: r.update(j="bad")),
    (verdict, "must not be empty", lambda r: r["j-metadata"].update({"worker-feedback": []})),
    (verdict, "must be a string", lambda r: r["j-metadata"].pop("class-name")),
    (failed, "says failed, but j is there", lambda r: r.update(j=1)),
    (failed, "lacks retry-count", lambda r: r["j-metadata"].pop("retry-count")),
    (failed, "must be 'true'", lambda r: r["j-metadata"].update({"human-annotated": "yes"})),
    (cuboids, "lacks yaw", lambda r: r["j"]["annotations"][0].pop("yaw")),
    (cuboids, "must be a integer", lambda r: r["j"]["annotations"][0].update({"class-id": "0"})),
    (cuboids, "unknown object-id", lambda r: r["j"]["annotations"][0].update({"object-id": "x"})),
    (cuboids, "longer than 0", lambda r: r["j"]["annotations"][0].update(height=0)),
)  # fmt: skip


def manifest(*rows: dict[str, Any]) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


@pytest.mark.parametrize("make", GOOD)
def test_a_good_line_has_no_problems(make: Callable[[], dict[str, Any]]) -> None:
    report = check_manifest(manifest(make()), "m", strict=True, attribute="j")

    assert report.problems == []
    assert sum(report.labels.values()) + report.failed == 1


@pytest.mark.parametrize(("make", "text", "breaks"), BROKEN, ids=[text for _, text, _ in BROKEN])
def test_a_broken_line_is_refused_with_its_number_and_the_reason(
    make: Callable[[], dict[str, Any]], text: str, breaks: Breaker
) -> None:
    row = copy.deepcopy(make())
    breaks(row)

    problems = check_manifest(manifest(make(), row), "s3://b/m", strict=True).problems

    assert any(text in problem for problem in problems), problems
    assert all(problem.startswith("s3://b/m line 2") for problem in problems)


def test_a_manifest_that_is_cut_off_or_lost_a_line_is_refused() -> None:
    whole = manifest(boxes(), failed())

    cut = check_manifest(whole[:-20], "m", strict=True).problems
    short = check_manifest(
        manifest(boxes()), "m", source=manifest({"source": "x"}, {"source": "y"})
    )

    assert any("the last line may be cut off" in text for text in cut)
    assert any("line 2: is not JSON" in text for text in cut)
    assert short.problems == ["m: has 1 lines, the input manifest 2"]


def test_what_the_input_held_must_still_be_there() -> None:
    before = {**boxes(), "mine": [1]}
    after = {**boxes(), "mine": [2], "foreign": 1}

    problems = check_manifest(manifest(after), "m", attribute="j", source=manifest(before)).problems

    assert problems == [
        "m line 1.mine: is not what the input line holds",
        "m line 1: has foreign, which the job did not make",
    ]


def frame(**changes: Any) -> dict[str, Any]:
    row = {
        "left": 1, "top": 2, "width": 3, "height": 4, "class-id": "0",
        "label-category-attributes": {}, "object-name": "Car:1",
        "object-id": "d79cf040-8bff-11eb-8880-038cb4c55326",
    }  # fmt: skip
    return {"annotations": [row], "frame-no": "0", "frame": "a.jpg", **changes}


SHAPE = {"class-id": "0", "label-category-attributes": {}, "object-name": "L:1",
         "object-id": "d79cf040-8bff-11eb-8880-038cb4c55326"}  # fmt: skip
CORNERS = [{"x": 1, "y": 2}, {"x": 3, "y": 4}]
SEQLABELS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("must be a string of digits, not 0", frame(**{"frame-no": 0})),
    ("no frame 'z.jpg'", frame(frame="z.jpg")),
    ("frame-no is 1, the frame's place is 0", frame(**{"frame-no": "1"})),
    ("lacks class-id", frame(annotations=[{k: v for k, v in frame()["annotations"][0].items()
                                           if k != "class-id"}])),
    ("must be a UUID", frame(annotations=[{**frame()["annotations"][0], "object-id": "1"}])),
    ("a label, a colon and a number",
     frame(annotations=[{**frame()["annotations"][0], "object-name": "Car"}])),
    ("needs at least 3 vertices",
     {"polygons": [{**SHAPE, "vertices": CORNERS}], "frame-no": "0", "frame": "a.jpg"}),
    ("has none of annotations", {"frame-no": "0", "frame": "a.jpg"}),
    ("lacks y", {"keypoints": [{**SHAPE, "x": 1}], "frame-no": "0", "frame": "a.jpg"}),
)  # fmt: skip


@pytest.mark.parametrize(("text", "row"), SEQLABELS, ids=[text for text, _ in SEQLABELS])
def test_a_broken_label_file_is_refused(text: str, row: dict[str, Any]) -> None:
    good, bad = Report(), Report()

    for report, content in ((good, frame()), (bad, row)):
        body = json.dumps({"tracking-annotations": [content]}).encode()
        check_seqlabel(body, "tracking-annotations", ["a.jpg"], At(report, "f", True))

    assert good.problems == []
    assert any(text in problem for problem in bad.problems), bad.problems


def test_polylines_polygons_and_keypoints_are_shapes_too() -> None:
    report = Report()
    rows = [
        {"polylines": [{**SHAPE, "vertices": CORNERS}], "frame-no": "0", "frame": "a"},
        {"polygons": [{**SHAPE, "vertices": [*CORNERS, {"x": 0, "y": 0}]}], "frame-no": "1",
         "frame": "b"},
        {"keypoints": [{**SHAPE, "x": 1, "y": 2.5}], "frame-no": "2", "frame": "c"},
    ]  # fmt: skip
    body = json.dumps({"tracking-annotations": rows}).encode()

    assert check_seqlabel(body, "tracking-annotations", None, At(report, "f", True)) == {"0"}
    assert report.problems == []


# --- whole jobs ----------------------------------------------------------------------------------


def job_files() -> dict[str, bytes]:
    """A job of 3D segmentation with one frame of two points."""
    root = "s3://out/x/J"
    colours = {"0": {"class-name": "Background", "hex-color": "#ffffff", "confidence": 0.0},
               "1": {"class-name": "Car", "hex-color": "#2ca02c", "confidence": 0.0}}  # fmt: skip
    label = f"{root}/annotations/consolidated-annotation/output/0/a.bin.zlib"
    line = {
        "source-ref": "s3://in/a.bin",
        "source-ref-metadata": {"format": "binary/xyzi"},
        "J-ref": label,
        "J-ref-metadata": {
            **COMMON,
            "type": "groundtruth/point_cloud_single_frame_semantic_segmentation",
            "color-map": colours,
            "dataset-object-attributes": {},
        },
    }
    answer = {
        "answerContent": {},
        "submissionTime": "2026-11-20T09:51:00.148Z",
        "workerId": "private.us-east-1.0123456789abcdef",
    }
    return {
        "s3://in/a.bin": bytes(32),
        f"{root}/manifests/output/output.manifest": manifest(line),
        label: zlib.compress(b"\0\1"),
        f"{root}/annotations/worker-response/iteration-1/0/2026-11-20_09:51:00.json": json.dumps(
            {"answers": [answer]}
        ).encode(),
    }


def problems_of(files: dict[str, bytes]) -> list[str]:
    def fetch(uri: str) -> bytes:
        return files[uri]

    root = "s3://out/x/J"
    uris = [uri for uri in files if uri.startswith(root)]
    return check_job(root, uris, "J-ref", fetch).problems


def test_a_whole_job_is_read_file_by_file() -> None:
    assert problems_of(job_files()) == []


@pytest.mark.parametrize(
    ("path", "body", "text"),
    [
        ("annotations/consolidated-annotation/output/0/a.bin.zlib", b"plain", "not compressed"),
        ("annotations/consolidated-annotation/output/0/a.bin.zlib", zlib.compress(b"\0"),
         "1 bytes for 2 points"),
        ("annotations/consolidated-annotation/output/0/a.bin.zlib", zlib.compress(b"\0\7"),
         "classes that are not in the color-map: 7"),
        ("annotations/consolidated-annotation/output/0/a.bin.zlib", None, "which is not there"),
        ("manifests/output/output.manifest", None, "has no manifests/output/output.manifest"),
        ("annotations/worker-response/iteration-1/0/2026-11-20_09:51:00.json", b'{"answers": []}',
         "must not be empty"),
        ("annotations/worker-response/iteration-1/0/2026-11-20_09:51:00.json",
         b'{"answers": [{"answerContent": {}, "submissionTime": "now", "workerId": "me"}]}',
         "is no worker id: 'me'"),
        ("notes.txt", b"x", "is no file that a labeling job writes"),
    ],
)  # fmt: skip
def test_a_broken_file_of_a_job_is_refused(path: str, body: bytes | None, text: str) -> None:
    files = job_files()
    if body is None:
        del files[f"s3://out/x/J/{path}"]
    else:
        files[f"s3://out/x/J/{path}"] = body

    assert any(text in problem for problem in problems_of(files))


def test_a_mask_of_another_size_than_its_image_is_refused() -> None:
    def png(size: tuple[int, int]) -> bytes:
        buffer = io.BytesIO()
        Image.new("RGB", size, "#ffffff").save(buffer, "PNG")
        return buffer.getvalue()

    line = {
        "source-ref": "s3://bucket/a.png",
        "j-ref": "s3://bucket/0_2022-09-09T17:25:31.918770.png",
        "j-ref-metadata": {
            **COMMON,
            "type": "groundtruth/semantic-segmentation",
            "internal-color-map": {"0": {"class-name": "BACKGROUND", "hex-color": "#ffffff"}},
        },
    }
    sizes = {line["source-ref"]: (8, 6), line["j-ref"]: (6, 8)}

    report = check_manifest(manifest(line), "m", fetch=lambda uri: png(sizes[uri]), strict=True)

    assert [text.split(": ", 1)[1] for text in report.problems] == ["is 6 x 8, its image 8 x 6"]
