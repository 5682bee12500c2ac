"""Output manifests, read: every label of every line, or file, line and reason where one is broken.

What Ground Truth writes is taken with all its habits: class numbers as numbers or texts,
`class-map` or `class_map`, job names with or without `labeling-job/`, no `adjustment-status` on
some adjustments. What it never writes is an error: a manifest is read to be relied on.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from terrace.domain import manifest
from terrace.domain.json_reading import LARGEST, Node, UnreadableError, is_whole
from terrace.domain.label_values import (
    Box,
    BoxesLabel,
    ClassesLabel,
    ClassLabel,
    Cuboid,
    CuboidsLabel,
    CustomLabel,
    FramesLabel,
    Label,
    LabeledItem,
    MaskLabel,
    Span,
    SpansLabel,
    Value,
)
from terrace.domain.manifest import METADATA, Item
from terrace.domain.modalities import MODALITIES, Shape
from terrace.domain.problems import Problem

TYPE_PREFIX = "groundtruth/"
_NUMBERS = (int, float)
SHAPES: dict[str, Shape] = {
    row.output_type: row.output_shape for row in MODALITIES.values() if row.output_type
}
"""How a label stands in the line, by the `type` in its metadata."""


def read(lines: Iterable[str], uri: str = "") -> Iterator[LabeledItem]:
    """The items of an output manifest with their labels; UnreadableError at a broken line."""
    for found in manifest.read(lines, uri=uri, limits=False):
        if isinstance(found, Problem):
            raise UnreadableError(found)
        yield read_item(found, uri)


def read_item(item: Item, uri: str = "") -> LabeledItem:
    """The labels of one line: every attribute whose metadata has a type of Ground Truth's."""
    line = Node(item.data, manifest.at_line(uri, item.number).strip())
    labels: dict[str, Label] = {}
    failures: dict[str, str] = {}
    for key, about in line.members():
        if not key.endswith(METADATA) or not isinstance(about.value, dict):
            continue
        attribute = key.removesuffix(METADATA)
        if "failure-reason" in about and not manifest.is_labeled(item, attribute):
            failures[attribute] = about["failure-reason"].text()
        elif "type" in about and str(about.value["type"]).lower().startswith(TYPE_PREFIX):
            labels[attribute] = _label(attribute, line[attribute], about)
    return LabeledItem(item.number, item.data, labels, failures)


def read_label(item: Item, attribute: str, uri: str = "") -> Label | None:
    """One label of a line, the others unread; None where the line has none under this name."""
    if not manifest.is_labeled(item, attribute):
        return None
    line = Node(item.data, manifest.at_line(uri, item.number).strip())
    return _label(attribute, line[attribute], line[f"{attribute}{METADATA}"])


def _label(attribute: str, value: Node, about: Node) -> Label:
    kind = about["type"].text()
    status, human, job = (
        about.get(key) for key in ("adjustment-status", "human-annotated", "job-name")
    )
    if status is not None and status.value not in ("adjusted", "unadjusted"):
        status.fail("is not known", '"adjusted" or "unadjusted"')
    if human is not None and human.value not in ("yes", "no", "true", "false"):
        human.fail("is not known", '"yes" or "no"')
    created = about.get("creation-date")
    return Label(
        attribute=attribute,
        type=kind,
        value=_value(shape_of(about), value, about),
        job_name=job.text().removeprefix("labeling-job/") if job else None,
        created=created.text() if created else None,
        human=human.value in ("yes", "true") if human else None,
        adjusted=status.value == "adjusted" if status else None,
    )


def shape_of(about: Node) -> Shape:
    """How a label stands in its line, by its metadata.

    The type of video clip classification is documented nowhere: it is told by its class name.
    """
    known = SHAPES.get(about["type"].text())
    if known is not None:
        return known
    return "class" if "class-name" in about else "custom"


def _value(shape: Shape, value: Node, about: Node) -> Value:
    if shape in ("class", "verdict"):
        return _class(value, about)
    if shape == "classes":
        return _classes(value, about)
    if shape == "boxes":
        return _boxes(value, about)
    if shape == "mask":
        return MaskLabel(value.text(), _colors(about["internal-color-map"]))
    if shape == "cloud-mask":
        return MaskLabel(value.text(), _colors(about["color-map"]))
    if shape == "spans":
        return _spans(value, about)
    if shape == "frames":
        return FramesLabel(value.text(), class_names(about))
    if shape == "cuboids":
        return _cuboids(value, about)
    return CustomLabel(value.value)


# --- shapes --------------------------------------------------------------------------------------


def _class(value: Node, about: Node) -> ClassLabel:
    name, confidence, feedback = (
        about.get(key) for key in ("class-name", "confidence", "worker-feedback")
    )
    return ClassLabel(
        value.integer(),
        name.text() if name else None,
        confidence.number() if confidence else None,
        tuple(entry["comment"].text() for entry in feedback.items()) if feedback else (),
    )


def _classes(value: Node, about: Node) -> ClassesLabel:
    names, confidences = about["class-map"], about.get("confidence-map")
    found = []
    for entry in value.items():
        number = entry.integer()
        if str(number) not in names:
            entry.fail(f"class {number} is not in the class-map", "a class of the class-map")
        sure = confidences.get(str(number)) if confidences else None
        found.append(ClassLabel(number, names[str(number)].text(), sure.number() if sure else None))
    return ClassesLabel(tuple(found))


def class_names(about: Node) -> dict[int, str]:
    """The class-map: only classes that occur are in it. 3D object detection writes `class_map`."""
    names = about.get("class-map") or about.get("class_map")
    if names is None:
        about.fail("has no class-map", '"class-map": {"0": "Car"}')
    found: dict[int, str] = {}
    for key, name in names.members():
        if not is_whole(key):
            names.fail("has a key that is no class number", '"class-map": {"0": "Car"}')
        found[int(key)] = name.text()
    return found


def _known(number: Node, names: dict[int, str]) -> int:
    found = number.integer()
    if found not in names:
        number.fail(f"class {found} is not in the class-map", "a class of the class-map")
    return found


def _boxes(value: Node, about: Node) -> BoxesLabel:
    names = class_names(about)
    sizes = value.get("image_size")
    size = sizes.items()[0] if sizes and sizes.items() else None
    return BoxesLabel(
        tuple(
            box(entry, _known(entry["class_id"], names)) for entry in value["annotations"].items()
        ),
        names,
        (size["width"].integer(), size["height"].integer()) if size else None,
    )


def box(entry: Node, number: int) -> Box:
    """A box in pixels; a negative size is no box."""
    raw = entry.value
    if isinstance(raw, dict):
        # Nearly every box is right, and there are millions: only a wrong one is looked at slowly.
        sides: list[Any] = [raw.get(key) for key in ("left", "top", "width", "height")]
        if all(type(side) in _NUMBERS and abs(side) <= LARGEST for side in sides):
            left, top, width, height = map(float, sides)
            if width >= 0 <= height:
                return Box(number, left, top, width, height)
    for key in ("width", "height"):
        if entry[key].number() < 0:
            entry[key].fail("is negative", "a size in pixels")
    left, top, width, height = (entry[key].number() for key in ("left", "top", "width", "height"))
    return Box(number, left, top, width, height)


def _colors(colors: Node) -> dict[int, tuple[str, str]]:
    found: dict[int, tuple[str, str]] = {}
    for key, entry in colors.members():
        if not is_whole(key):
            colors.fail("has a key that is no class number", '"0": {"class-name": "BACKGROUND"}')
        color = entry["hex-color"]
        if len(color.text()) != 7 or not color.text().startswith("#"):
            color.fail("is no colour", "#rrggbb")
        found[int(key)] = (entry["class-name"].text(), color.text())
    return found


def _spans(value: Node, about: Node) -> SpansLabel:
    given = value["annotations"]
    sure = about.get("entities")
    confidences = [entry["confidence"].number() for entry in sure.items()] if sure else []
    entities = given["entities"].items()
    if confidences and len(confidences) != len(entities):
        about.fail(
            f"has {len(confidences)} confidences for {len(entities)} entities", "one for each"
        )
    spans = []
    for index, entry in enumerate(entities):
        start, end = entry["startOffset"].integer(), entry["endOffset"].integer()
        if end < start:
            entry.fail("ends before it starts", "endOffset behind startOffset")
        confidence = confidences[index] if confidences else None
        spans.append(Span(start, end, entry["label"].text(), confidence))
    labels = given.get("labels")
    names = tuple(entry["label"].text() for entry in labels.items()) if labels else ()
    return SpansLabel(tuple(spans), names)


def _cuboids(value: Node, about: Node) -> CuboidsLabel:
    names = class_names(about)
    cuboids = tuple(
        cuboid(entry, _known(entry["class-id"], names)) for entry in value["annotations"].items()
    )
    return CuboidsLabel(cuboids, names)


def cuboid(entry: Node, number: int) -> Cuboid:
    """A cuboid in the frame of its point cloud."""
    numbers = [
        entry[key].number()
        for key in (
            *("center-x", "center-y", "center-z"),
            *("length", "width", "height"),
            *("roll", "pitch", "yaw"),
        )
    ]
    x, y, z, length, width, height, roll, pitch, yaw = numbers
    name = entry.get("object-name")
    attributes = entry.get("label-category-attributes")
    return Cuboid(
        number,
        name.text() if name else None,
        (x, y, z),
        (length, width, height),
        (roll, pitch, yaw),
        {key: member.value for key, member in attributes.members()} if attributes else {},
    )
