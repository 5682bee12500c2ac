"""The label of each task type, as a manifest line holds it, and its own part of the metadata."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from terrace_cli.gt_shapes import clouds, frames, masks
from terrace_cli.gt_shapes.report import At, Fetch, class_map, same_classes


@dataclass(frozen=True)
class Label:
    """One label of one line.

    Attributes:
        line: The whole line.
        value: What stands under the label attribute.
        metadata: What stands under `<attribute>-metadata`.
        at: The attribute's place.
        meta: The metadata's place.
        fetch: Reads annotation files; None: they are not looked at.
    """

    line: dict[str, Any]
    value: Any
    metadata: dict[str, Any]
    at: At
    meta: At
    fetch: Fetch | None


def _class_index(value: Any, at: At) -> str:
    """A class index; real output has integers, the guide prints strings."""
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return str(value)
    if not at.strict and isinstance(value, str) and value.isdigit():
        return value
    at.bad("must be a class index" + (" as an integer" if at.strict else ""))
    return ""


def _one_class(label: Label) -> None:
    _class_index(label.value, label.at)
    label.meta.inside("class-name").of(label.metadata.get("class-name"), "string")
    label.meta.inside("confidence").share(label.metadata.get("confidence"))


def _several_classes(label: Label) -> None:
    if not label.at.of(label.value, "list"):
        return
    used = {_class_index(v, label.at.inside(n)) for n, v in enumerate(label.value)}
    label.at.need(len(used) == len(label.value), "names a class twice")
    spot = label.meta.inside("class-map")
    same_classes(used, set(class_map(label.metadata.get("class-map"), spot)), spot)
    shares, spot = label.metadata.get("confidence-map"), label.meta.inside("confidence-map")
    if spot.of(shares, "object"):
        same_classes(used, set(shares), spot)
        for key, share in shares.items():
            spot.inside(key).share(share)


def _verdict(label: Label) -> None:
    _one_class(label)
    feedback = label.metadata.get("worker-feedback")
    spot = label.meta.inside("worker-feedback")
    if feedback is not None and spot.of(feedback, "list"):
        spot.need(bool(feedback), "must not be empty: it is left out where nobody says anything")
        for number, row in enumerate(feedback):
            if spot.inside(number).keys(row, "comment"):
                spot.inside(number).of(row["comment"], "string")


def _boxes(label: Label) -> None:
    at = label.at
    if not at.keys(label.value, "image_size annotations"):
        return
    sizes, rows = label.value["image_size"], label.value["annotations"]
    if not at.inside("image_size").of(sizes, "list") or not at.inside("annotations").of(
        rows, "list"
    ):
        return
    at.inside("image_size").need(len(sizes) == 1, "must have one entry")
    for size in sizes:
        if at.inside("image_size").keys(size, "width height depth"):
            fine = all(isinstance(v, int) and v > 0 for v in size.values())
            at.inside("image_size").need(fine, "must hold positive integers")
    used = set()
    for number, row in enumerate(rows):
        spot = at.inside("annotations").inside(number)
        if spot.keys(row, "class_id left top width height"):
            used.add(_class_index(row["class_id"], spot.inside("class_id")))
            frames.check_box(row, spot)
            if sizes and at.strict:
                inside = (
                    row["left"] + row["width"] <= sizes[0]["width"] + 1
                    and row["top"] + row["height"] <= sizes[0]["height"] + 1
                )
                spot.need(inside, "reaches beyond the image")
    spot = label.meta.inside("class-map")
    same_classes(used, set(class_map(label.metadata.get("class-map"), spot)), spot)
    _confidences(label, "objects", len(rows))


def _confidences(label: Label, key: str, count: int) -> None:
    """One `{confidence}` for each thing labeled."""
    rows, spot = label.metadata.get(key), label.meta.inside(key)
    if spot.of(rows, "list"):
        spot.need(len(rows) == count, f"has {len(rows)} entries for {count} labels")
        for number, row in enumerate(rows):
            if spot.inside(number).keys(row, "confidence"):
                spot.inside(number).inside("confidence").share(row["confidence"])


def _entities(label: Label) -> None:
    at = label.at
    if not at.keys(label.value, "annotations") or not at.inside("annotations").keys(
        label.value["annotations"], "entities labels"
    ):
        return
    entities, labels = (label.value["annotations"][key] for key in ("entities", "labels"))
    spot = at.inside("annotations")
    if not spot.inside("entities").of(entities, "list") or not spot.inside("labels").of(
        labels, "list"
    ):
        return
    known = set()
    for number, row in enumerate(labels):
        if spot.inside("labels").inside(number).keys(row, "label", "shortDisplayName"):
            known.add(row["label"])
    text = _text(label)
    for number, row in enumerate(entities):
        place = spot.inside("entities").inside(number)
        if not place.keys(row, "startOffset endOffset label"):
            continue
        start, end = row["startOffset"], row["endOffset"]
        if place.of(start, "integer") and place.of(end, "integer"):
            place.need(0 <= start < end, f"offsets {start} to {end} hold no text")
            beyond = text is not None and end > len(text)
            place.need(not beyond, f"ends at {end}, beyond the text of {len(text or '')}")
        place.need(row["label"] in known, f"label {row['label']!r} is not among `labels`")
    _confidences(label, "entities", len(entities))


def _text(label: Label) -> str | None:
    if "source" in label.line:
        return str(label.line["source"])
    if label.fetch is None:
        return None
    try:
        return label.fetch(str(label.line.get("source-ref"))).decode("utf-8", "replace")
    except LookupError:
        return None


def _video(top: str) -> Callable[[Label], None]:
    def check(label: Label) -> None:
        if label.at.s3(label.value):
            label.at.need(label.value.endswith("/SeqLabel.json"), "must name a SeqLabel.json")
        spot = label.meta.inside("class-map")
        known = class_map(label.metadata.get("class-map"), spot)
        file = _fetched(label)
        if file is not None:
            names = frames.sequence_names(label.line, label.fetch)
            used = frames.check_seqlabel(
                file[0], top, names, At(label.at.report, file[1], label.at.strict)
            )
            same_classes(used, set(known), spot)

    return check


def _fetched(label: Label) -> tuple[bytes, str] | None:
    """The annotation file that a label names, and its URI."""
    if label.fetch is None or not isinstance(label.value, str):
        return None
    try:
        body = label.fetch(label.value)
    except LookupError:
        label.at.bad(f"names {label.value}, which is not there")
        return None
    label.at.report.files += 1
    return body, label.value


def _mask(label: Label) -> None:
    if label.at.s3(label.value):
        # In the guide's example it is a placeholder.
        label.at.need(label.value.endswith(".png") or not label.at.strict, "must name a PNG")
    file = _fetched(label)
    masks.check_mask(label.metadata, label.meta, file, label.line, label.fetch)


def _cuboids(label: Label) -> None:
    clouds.check_inline(label.value, label.metadata, label.at, label.meta)


def _cuboid_tracks(label: Label) -> None:
    if label.at.s3(label.value):
        label.at.need(label.value.endswith("/SeqLabel.json"), "must name a SeqLabel.json")
    clouds.check_tracks(label.metadata, label.meta, _fetched(label), label.line, label.fetch)


def _points(label: Label) -> None:
    if label.at.s3(label.value):
        label.at.need(label.value.endswith(".zlib"), "must name a .zlib file")
    clouds.check_points(label.metadata, label.meta, _fetched(label), label.line, label.fetch)


def _custom(label: Label) -> None:
    # What a custom job's label holds is its own affair; the skeleton UI's is documented by us.
    if isinstance(label.value, dict) and "updated_annotations" in label.value:
        label.at.keys(
            label.value,
            "dataset_object_id data_object_s3_uri image_file_name image_s3_location "
            "original_annotations updated_annotations worker_id no_changes_needed was_modified "
            "total_time_in_seconds",
        )


CHECKS: dict[str, Callable[[Label], None]] = {
    "groundtruth/image-classification": _one_class,
    "groundtruth/image-classification-multilabel": _several_classes,
    "groundtruth/text-classification": _one_class,
    "groundtruth/text-classification-multilabel": _several_classes,
    # No source shows this one; it is taken to be like its siblings.
    "groundtruth/video-classification": _one_class,
    "groundtruth/label-verification": _verdict,
    "groundtruth/object-detection": _boxes,
    "groundtruth/semantic-segmentation": _mask,
    "groundtruth/text-span": _entities,
    "groundtruth/video-object-detection": _video("detection-annotations"),
    "groundtruth/video-object-tracking": _video("tracking-annotations"),
    "groundtruth/point_cloud_object_detection": _cuboids,
    "groundtruth/point_cloud_object_tracking": _cuboid_tracks,
    "groundtruth/point_cloud_single_frame_semantic_segmentation": _points,
    "groundtruth/custom": _custom,
}
