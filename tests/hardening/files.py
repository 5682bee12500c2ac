"""Requests in which nothing is wrong, and the files that they name are broken."""

import json
from collections.abc import Callable
from typing import Any

from tests.hardening.case import BUCKET, FOREIGN, INPUTS, MEANING, STANDING, Case, Draw

Json = Any
MAKERS: list[Callable[[Draw], Case]] = []
ODD_KEYS = (
    "a b.jpg",
    "a+b.jpg",
    "100%.jpg",
    "%2e%2e/a.jpg",
    "ünïcode/日本.jpg",
    "a//b.jpg",
    "/lead.jpg",
    "../a.jpg",
    "😀.jpg",
    "a?versionId=1",
    "a#b.jpg",
    "a\\b.jpg",
    "a'b\".jpg",
    "<script>.jpg",
    "~$&@=;:,.jpg",
)
"""Keys that S3 takes as they are."""


def maker(make: Callable[[Draw], Case]) -> Callable[[Draw], Case]:
    MAKERS.append(make)
    return make


def refused(draw: Draw, kind: str, code: str, request: Json, at: str = "") -> Case:
    """A batch that `create` takes, and that ends VALIDATION_FAIL."""
    return draw.case(MEANING, kind, code, request, at=at, statuses=(200,))


# --- manifests ---------------------------------------------------------------------------------


def spoiled(draw: Draw, line: str | bytes, code: str, kind: str) -> Case:
    """A manifest of good lines with one bad one among them."""
    good = json.dumps({"source-ref": draw.image()})
    before, after = draw.random.randrange(4), draw.random.randrange(1, 3)
    raw = line if isinstance(line, bytes) else line.encode("utf-8", "surrogatepass")
    end = draw.pick(b"\n", b"\r\n")
    lines = [good.encode()] * before + [raw] + [good.encode()] * after
    uri = draw.file("spoiled.manifest", end.join(lines) + draw.pick(b"", end))
    job = draw.label(inputConfig={"inputManifestS3Uri": uri})
    at = "" if code == "MANIFEST_NOT_UTF8" else f"line {before + 1}"
    return refused(draw, kind, code, draw.batch(job), at)


@maker
def line_not_json(draw: Draw) -> Case:
    image = json.dumps(draw.image())
    opened = '{"a":'
    deep = draw.pick(65, 500, 900, 990, 5_000, 15_000)
    line = draw.pick(
        "{",
        "image.jpg",
        f"{{source-ref: {image}}}",
        f'{{"source-ref": {image}}}}}',
        f'{{"source-ref": {image},}}',
        f'{{"source-ref": {image}, "a": NaN}}',
        f'{{"source-ref": {image}, "a": -Infinity}}',
        f'{{"source-ref": {image}, "a": 1e999}}',
        f'{{"source-ref": {image}, "a": {"9" * 5_000}}}',
        f'{{"source-ref": {image}, "a": {"[" * deep}{"]" * deep}}}',
        f'{{"source-ref": {image}, "a": {opened * deep}1{"}" * deep}}}',
        "[" * 90_000,
        f'{{"source-ref": {image}, "source-ref": {image}}}',
        f'{{"source-ref": {image}, "a": {{"b": 1, "b": 2}}}}',
        f'{{"source-ref": {image}\x00}}',
        "\ufeff{}",
        "\x00",
    )
    return spoiled(draw, line, "MANIFEST_LINE_NOT_JSON", "manifest line that is no JSON")


@maker
def line_not_utf8(draw: Draw) -> Case:
    bad = draw.pick(b"\xff", b"\xc3(", b"\xed\xa0\x80", b"\x80")
    line = b'{"source-ref": "' + draw.image().encode() + b'", "a": "' + bad + b'"}'
    return spoiled(draw, line, "MANIFEST_NOT_UTF8", "manifest that is not UTF-8")


@maker
def line_of_wrong_content(draw: Draw) -> Case:
    image = draw.image()
    content, code = draw.pick(
        ([], "MANIFEST_LINE_NO_OBJECT"),
        ("text", "MANIFEST_LINE_NO_OBJECT"),
        (7, "MANIFEST_LINE_NO_OBJECT"),
        (None, "MANIFEST_LINE_NO_OBJECT"),
        ({}, "MANIFEST_LINE_WITHOUT_SOURCE"),
        ({"Source-Ref": image}, "MANIFEST_LINE_WITHOUT_SOURCE"),
        ({"\ud800" * 9: 1}, "MANIFEST_LINE_WITHOUT_SOURCE"),
        ({"k" * 90_000: 1}, "MANIFEST_LINE_WITHOUT_SOURCE"),
        ({"source-ref": image, "$label": 1}, "MANIFEST_KEY_RESERVED"),
        ({"source-ref": image, "$" + "\ud800" * 9_000: 1}, "MANIFEST_KEY_RESERVED"),
        ({"source-ref": image, "a": "x" * 20_001}, "MANIFEST_ATTRIBUTE_TOO_LONG"),
        ({"source-ref": image, "a": ["x"] * 9_000}, "MANIFEST_ATTRIBUTE_TOO_LONG"),
        ({"source-ref": image, "\ud800": "x" * 20_001}, "MANIFEST_ATTRIBUTE_TOO_LONG"),
        ({"source-ref": image, "a": "x" * 100_000}, "MANIFEST_LINE_TOO_LONG"),
    )
    return spoiled(draw, json.dumps(content), code, "manifest line of wrong content")


@maker
def broken_source(draw: Draw) -> Case:
    source = draw.pick(
        None,
        7,
        [],
        {"a": 1},
        "",
        "image.jpg",
        f"https://{INPUTS}/image.jpg",
        f"s3://{INPUTS}",
        f"s3://{INPUTS}/",
        f"s3://{INPUTS}/a\nb",
        f"s3://{INPUTS}/a\x00b",
        f"s3://{INPUTS}/a\u0085b",
        f"s3://{INPUTS}/a\u2028b",
        f"s3://{INPUTS}/\ud800",
        f"s3://{INPUTS}/" + "k" * 1_025,
        f"s3://{INPUTS}/" + "ü" * 513,
        f"s3://{INPUTS}/" + "x" * 90_000,
        "s3://" + "B" * 900 + "/a",
        "s3://../a",
    )
    line = json.dumps({"source-ref": source})
    code = "MANIFEST_LINE_TOO_LONG" if len(line) > 100_000 else "MANIFEST_SOURCE_INVALID"
    return spoiled(draw, line, code, "data object that is no S3 URI")


@maker
def blank_line(draw: Draw) -> Case:
    line = draw.pick("", " ", "\t", " \u2028 ")
    return spoiled(draw, line, "MANIFEST_LINE_BLANK", "blank line in a manifest")


@maker
def object_elsewhere(draw: Draw) -> Case:
    """Data objects in buckets and places that the stack may not read."""
    uri, code = draw.pick(
        (f"s3://{FOREIGN}/a.jpg", "BUCKET_NOT_ALLOWED"),
        ("s3://another/a.jpg", "BUCKET_NOT_ALLOWED"),
        (f"s3://{BUCKET}/batches/{STANDING}/request-0.json", "PREFIX_NOT_ALLOWED"),
        (f"s3://{BUCKET}/batches-working/{STANDING}/x.json", "PREFIX_NOT_ALLOWED"),
        (f"s3://{BUCKET}/batches/{STANDING}/final/../request-0.json", "PREFIX_NOT_ALLOWED"),
    )
    line = json.dumps({"source-ref": uri})
    return spoiled(draw, line, code, "data object elsewhere")


@maker
def object_missing(draw: Draw) -> Case:
    """Keys of every kind, none of which is there."""
    uri = f"s3://{INPUTS}/none/{draw.pick(*ODD_KEYS)}"
    manifest = draw.file("missing.manifest", json.dumps({"source-ref": uri}))
    request = draw.batch(draw.label(inputConfig={"inputManifestS3Uri": manifest}))
    return refused(draw, "data object missing", "DATA_OBJECT_MISSING", request)


@maker
def empty_manifest(draw: Draw) -> Case:
    uri = draw.file(f"empty/{draw.pick(*ODD_KEYS)}", draw.pick("", "\n", "\r\n\r\n", "  \n"))
    request = draw.batch(draw.label(inputConfig={"inputManifestS3Uri": uri}))
    return refused(draw, "empty manifest", "MANIFEST_EMPTY", request)


@maker
def byte_order_mark(draw: Draw) -> Case:
    line = json.dumps({"source-ref": draw.image()})
    uri = draw.file("bom.manifest", b"\xef\xbb\xbf" + line.encode())
    request = draw.batch(draw.label(inputConfig={"inputManifestS3Uri": uri}))
    return refused(draw, "byte order mark", "MANIFEST_LINE_NOT_JSON", request, "line 1")


@maker
def every_line_wrong(draw: Draw) -> Case:
    line = draw.pick("{", "[]", '{"a": 1}', '{"source-ref": "' + "x" * 9_000 + '"}')
    uri = draw.file("wrong.manifest", f"{line}\n" * draw.pick(52, 2_000))
    request = draw.batch(draw.label(inputConfig={"inputManifestS3Uri": uri}))
    return refused(draw, "every line wrong", "", request)


@maker
def label_there_already(draw: Draw) -> Case:
    line = json.dumps({"source-ref": draw.image(), "car": 1})
    request_job = draw.label(labelAttributeName="car")
    request_job["inputConfig"] = {"inputManifestS3Uri": draw.file("labeled.manifest", line)}
    code = "LABEL_ATTRIBUTE_PRESENT"
    return refused(draw, "label there already", code, draw.batch(request_job))


@maker
def unfit_label(draw: Draw) -> Case:
    """Labels under review that are of another task, or garbled."""
    about = {"type": "groundtruth/object-detection", "class-map": {"0": "Car"}}
    box = {"left": 1, "top": 1, "width": 1, "height": 1, "class_id": 0}
    value, meta = draw.pick(
        ("text", about),
        (7, about),
        ([], about),
        ({"annotations": {}}, about),
        ({"annotations": [7]}, about),
        ({"annotations": [{**box, "left": "1"}]}, about),
        ({"annotations": [{**box, "top": True}]}, about),
        ({"annotations": [{**box, "class_id": 9}]}, about),
        ({"annotations": [{**box, "class_id": "x" * 15_000}]}, about),
        ({"annotations": [box]}, {**about, "class-map": 7}),
        ({"annotations": [box]}, {**about, "type": "groundtruth/text-classification"}),
        ({"annotations": [box]}, {**about, "type": ["\ud800" * 2_000]}),
        ({"annotations": [box]}, {**about, "type": "x" * 15_000}),
    )
    line = json.dumps({"source-ref": draw.image(), "old": value, "old-metadata": meta})
    job = draw.label(jobModality="BoundingBoxAdjustment")
    job["inputConfig"] = {
        "inputManifestS3Uri": draw.file("old.manifest", line),
        "auditLabelAttributeName": "old",
    }
    return refused(draw, "unfit label under review", "AUDITED_LABEL_UNFIT", draw.batch(job))


@maker
def unfit_frame_labels(draw: Draw) -> Case:
    """A review of frames whose labels lie elsewhere."""
    sequence = draw.file("sequence.json", draw.frames())
    value, code = draw.pick(
        (7, "AUDITED_LABEL_UNFIT"),
        ({"a": 1}, "AUDITED_LABEL_UNFIT"),
        ("SeqLabel.json", "AUDITED_LABEL_UNFIT"),
        (f"s3://{FOREIGN}/SeqLabel.json", "BUCKET_NOT_ALLOWED"),
        (f"s3://{BUCKET}/batches-working/x/SeqLabel.json", "PREFIX_NOT_ALLOWED"),
    )
    line = json.dumps({"source-ref": sequence, "old-ref": value})
    job = draw.label(jobModality="VideoObjectTrackingAudit")
    job["labelCategoryConfigS3Uri"] = draw.file("v.json", {"labels": [{"label": "Car"}]})
    job["inputConfig"] = {
        "inputManifestS3Uri": draw.file("old.manifest", line),
        "auditLabelAttributeName": "old-ref",
    }
    return refused(draw, "unfit labels of frames", code, draw.batch(job))


@maker
def too_many_sequences(draw: Draw) -> Case:
    place = draw.file("sequence.json", draw.frames())
    uri = draw.file("many.manifest", (json.dumps({"source-ref": place}) + "\n") * 11)
    job = draw.video(draw.frames())
    job["inputConfig"]["inputManifestS3Uri"] = uri
    return refused(draw, "too many sequences", "MANIFEST_TOO_MANY_SEQUENCES", draw.batch(job))


# --- sequence files ----------------------------------------------------------------------------


@maker
def broken_sequence(draw: Draw) -> Case:
    good = draw.frames()
    frame = good["frames"][0]
    change, code = draw.pick(
        ({"seq-no": "x" * 9_000}, "SEQUENCE_NUMBER_INVALID"),
        ({"seq-no": None}, "SEQUENCE_NUMBER_INVALID"),
        ({"prefix": None}, "SEQUENCE_PREFIX_INVALID"),
        ({"prefix": f"s3://{INPUTS}/clip"}, "SEQUENCE_PREFIX_INVALID"),
        ({"prefix": "/clip/"}, "SEQUENCE_PREFIX_INVALID"),
        ({"prefix": f"s3://{INPUTS}/\ud800/"}, "SEQUENCE_PREFIX_INVALID"),
        ({"prefix": f"s3://{FOREIGN}/clip/"}, "BUCKET_NOT_ALLOWED"),
        ({"prefix": f"s3://{BUCKET}/batches-working/x/"}, "PREFIX_NOT_ALLOWED"),
        ({"prefix": f"s3://{BUCKET}/batches/x/final/../"}, "PREFIX_NOT_ALLOWED"),
        ({"frames": []}, "SEQUENCE_WITHOUT_FRAMES"),
        ({"frames": {}}, "SEQUENCE_WITHOUT_FRAMES"),
        ({"number-of-frames": 2}, "SEQUENCE_COUNT_WRONG"),
        ({"number-of-frames": "3"}, "SEQUENCE_COUNT_WRONG"),
        ({"number-of-frames": True}, "SEQUENCE_COUNT_WRONG"),
        ({"frames": [frame] * 3}, "SEQUENCE_FRAME_TWICE"),
        ({"frames": [7, None, []]}, "SEQUENCE_FRAME_UNNAMED"),
        ({"frames": [{"frame-no": 1, "frame": {}}]}, "SEQUENCE_FRAME_UNNAMED"),
        ({"frames": [{"frame-no": "1" * 5_000, "frame": "a"}]}, "SEQUENCE_FRAME_NUMBER_INVALID"),
        ({"frames": [{"frame-no": "٣", "frame": "a"}]}, "SEQUENCE_FRAME_NUMBER_INVALID"),
        ({"frames": [{"frame-no": "²", "frame": "a"}]}, "SEQUENCE_FRAME_NUMBER_INVALID"),
        ({"frames": [{"frame-no": [1], "frame": "a"}]}, "SEQUENCE_FRAME_NUMBER_INVALID"),
        ({"frames": [{"frame-no": 1, "frame": "a\nb"}]}, "SEQUENCE_FRAME_UNUSABLE"),
        ({"frames": [{"frame-no": 1, "frame": "\ud800"}]}, "SEQUENCE_FRAME_UNUSABLE"),
        ({"frames": [{"frame-no": 1, "frame": "x" * 1_020}]}, "SEQUENCE_FRAME_UNUSABLE"),
        ({"frames": [{"frame-no": 1, "frame": "x" * 99_999}]}, "SEQUENCE_FRAME_UNUSABLE"),
    )
    sequence = {**good, **change}
    if "number-of-frames" not in change:
        sequence["number-of-frames"] = len(sequence["frames"])
    return refused(draw, "broken sequence file", code, draw.batch(draw.video(sequence)))


@maker
def frame_missing(draw: Draw) -> Case:
    good = draw.frames()
    names = [draw.pick(*ODD_KEYS)]
    good["frames"] = [{"frame-no": 1, "frame": name} for name in names]
    good["number-of-frames"] = 1
    request = draw.batch(draw.video(good))
    return refused(draw, "frame missing", "DATA_OBJECT_MISSING", request)


@maker
def sequence_too_long(draw: Draw) -> Case:
    good = draw.frames()
    count = draw.pick(2_001, 20_000)
    good["frames"] = [{"frame-no": i, "frame": f"{i:06}.jpg"} for i in range(count)]
    good["number-of-frames"] = count
    request = draw.batch(draw.video(good))
    return refused(draw, "sequence too long", "SEQUENCE_TOO_LONG", request)


def unreadable(draw: Draw) -> str | bytes:
    """Files that are no JSON object at all, or none that anybody could read."""
    deep = draw.pick(70, 500, 990, 100_000)
    return draw.pick(
        "",
        "{",
        "x",
        b"\xff\xfe{}",
        b"\x00" * 100,
        b"\x89PNG\r\n\x1a\n",
        "[" * deep,
        "[" * deep + "]" * deep,
        '{"labels":' * deep + "1" + "}" * deep,
        '{"a": NaN}',
        '{"a": 1e999}',
        '{"a": ' + "9" * 5_000 + "}",
        '{"labels": [{"label": "Car"}], "labels": []}',
        b'{"a": "' + b"x" * (16 * 1024 * 1024) + b'"}',
    )


@maker
def unreadable_sequence(draw: Draw) -> Case:
    job = draw.video(draw.frames())
    draw.file("sequence.json", unreadable(draw))
    return refused(draw, "unreadable sequence file", "SEQUENCE_FILE_UNREADABLE", draw.batch(job))


# --- category files ----------------------------------------------------------------------------


@maker
def unreadable_categories(draw: Draw) -> Case:
    """Also where a review inherits the file."""
    job = draw.label(labelCategoryConfigS3Uri=draw.file("broken.json", unreadable(draw)))
    jobs = [job, draw.review()] if draw.random.random() < 0.5 else [job]
    code = "CATEGORY_FILE_UNREADABLE"
    return refused(draw, "unreadable category file", code, draw.batch(*jobs))


@maker
def broken_categories(draw: Draw) -> Case:
    labels, code = draw.pick(
        (None, "CATEGORY_LABELS_MISSING"),
        ([], "CATEGORY_LABELS_MISSING"),
        ({}, "CATEGORY_LABELS_MISSING"),
        (7, "CATEGORY_LABELS_MISSING"),
        ([7, None], "CATEGORY_LABEL_EMPTY"),
        ([{"label": ""}], "CATEGORY_LABEL_EMPTY"),
        ([{"label": [1]}], "CATEGORY_LABEL_EMPTY"),
        ([{"label": "Car"}, {"label": "Car"}], "CATEGORY_LABEL_TWICE"),
        ([{"label": "x" * 257}], "CATEGORY_LABEL_TOO_LONG"),
        ([{"label": "x" * 900_000}], "CATEGORY_LABEL_TOO_LONG"),
        ([{"label": "a\ud800"}], "CATEGORY_CHARACTER_INVALID"),
        ([{"label": "a\x00"}], "CATEGORY_CHARACTER_INVALID"),
        ([{"label": f"l{i}"} for i in range(51)], "CATEGORY_TOO_MANY_LABELS"),
        ([0] * 500_000, "CATEGORY_TOO_MANY_LABELS"),
    )
    job = draw.label(labelCategoryConfigS3Uri=draw.file("broken.json", {"labels": labels}))
    jobs = [job, draw.review()] if draw.random.random() < 0.5 else [job]
    return refused(draw, "broken category file", code, draw.batch(*jobs))


@maker
def no_object_categories(draw: Draw) -> Case:
    value = draw.pick([], "text", 7, None, True)
    job = draw.label(labelCategoryConfigS3Uri=draw.file("broken.json", json.dumps(value)))
    code = "CATEGORY_NO_OBJECT"
    return refused(draw, "category file that is no object", code, draw.batch(job, draw.review()))


@maker
def broken_attributes(draw: Draw) -> Case:
    """What only category files of frames have; a review of the job inherits it."""
    good = {"name": "Moving", "type": "string", "enum": ["Yes", "No"]}
    change, code = draw.pick(
        ({"categoryGlobalAttributes": 7}, "CATEGORY_ATTRIBUTES_INVALID"),
        ({"categoryGlobalAttributes": [7]}, "CATEGORY_ATTRIBUTES_INVALID"),
        ({"categoryGlobalAttributes": [good] * 2}, "CATEGORY_ATTRIBUTE_TWICE"),
        ({"categoryGlobalAttributes": [good] * 11}, "CATEGORY_TOO_MANY_ATTRIBUTES"),
        ({"categoryGlobalAttributes": [0] * 50_000}, "CATEGORY_TOO_MANY_ATTRIBUTES"),
        ({"categoryGlobalAttributes": [{**good, "name": ["a"]}]}, "CATEGORY_ATTRIBUTE_UNNAMED"),
        ({"categoryGlobalAttributes": [{**good, "type": {}}]}, "CATEGORY_ATTRIBUTE_TYPE_UNKNOWN"),
        ({"categoryGlobalAttributes": [{**good, "enum": [[1]]}]}, "CATEGORY_ENUM_INVALID"),
        ({"categoryGlobalAttributes": [{**good, "enum": ["x"] * 9_999}]}, "CATEGORY_ENUM_INVALID"),
        ({"categoryGlobalAttributes": [{**good, "editsAllowed": []}]}, "CATEGORY_EDITS_UNKNOWN"),
        ({"categoryGlobalAttributes": [{**good, "minimum": "a"}]}, "CATEGORY_RANGE_INVALID"),
        ({"labels": [{"label": "Car", "attributes": 5}]}, "CATEGORY_ATTRIBUTES_INVALID"),
        ({"labels": [{"label": "Car", "categoryAttributes": "x"}]}, "CATEGORY_ATTRIBUTES_INVALID"),
        ({"frameAttributes": [good]}, "CATEGORY_DESCRIPTION_MISSING"),
        ({"frameAttributes": [{**good, "description": ["x"]}]}, "CATEGORY_DESCRIPTION_INVALID"),
        ({"instructions": 7}, "CATEGORY_INSTRUCTIONS_INVALID"),
        ({"instructions": {"fullInstruction": 7}}, "CATEGORY_INSTRUCTIONS_INVALID"),
        ({"instructions": {"shortInstruction": "x" * 256}}, "CATEGORY_INSTRUCTIONS_TOO_LONG"),
        ({"annotationType": ["BoundingBox"]}, "CATEGORY_ANNOTATION_TYPE_UNKNOWN"),
        ({"annotationType": "Box"}, "CATEGORY_ANNOTATION_TYPE_UNKNOWN"),
        ({"auditLabelAttributeName": "x"}, "CATEGORY_AUDITED_ATTRIBUTE_UNEXPECTED"),
    )
    job = draw.video(draw.frames())
    job["labelCategoryConfigS3Uri"] = draw.file(
        "broken.json", {"labels": [{"label": "Car"}], **change}
    )
    jobs = [job]
    if draw.random.random() < 0.7:
        kind = draw.pick("Audit", "Verification", "Adjustment")
        jobs.append(draw.review(jobModality=f"{job['jobModality']}{kind}"))
    return refused(draw, "broken attributes", code, draw.batch(*jobs))


@maker
def other_labels_in_review(draw: Draw) -> Case:
    own = draw.file("other.json", {"labels": [{"label": "Bus" + "\ud83d\ude00"}]})
    request = draw.batch(draw.label(), draw.review(labelCategoryConfigS3Uri=own))
    code = "CATEGORY_LABELS_MISSING"
    return refused(draw, "review without the labels", code, request, at="[1]")
