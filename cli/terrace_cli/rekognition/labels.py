"""One line of a manifest, checked and rewritten as Rekognition Custom Labels reads it.

What is rewritten, and why:
  * only `source-ref` and the one label stay: Rekognition would take every other label attribute
    of the line (an earlier level's, another lane's) for a label of this model too, and `terrace`
    is nothing it knows;
  * the label has the same attribute name in all lines, whichever level made it;
  * its metadata keep the documented keys only: `adjustment-status` and others are not among them;
  * several classes of an image become an attribute each, as AWS's guide has it ("Transforming
    multi-label SageMaker Ground Truth manifest files");
  * `class-map` holds the classes of this image, and every box has a `confidence` (1 where the
    job gave none): both are required, and the value is not used.
"""

from collections import Counter
from dataclasses import dataclass
from typing import Any

from terrace.domain import label_reading, manifest, s3uri
from terrace.domain.json_reading import UnreadableError
from terrace.domain.label_values import Box, BoxesLabel, ClassesLabel, ClassLabel
from terrace.domain.manifest import METADATA, Item
from terrace_cli.rekognition import choosing, rules
from terrace_cli.rekognition.rules import Finding

REQUIRED = ("creation-date", "human-annotated")
"""Keys of metadata that Rekognition demands and that nobody can make up."""
Size = tuple[int, int]


@dataclass(frozen=True)
class Entry:
    """A line that can be trained with, unless its image cannot.

    Attributes:
        number: of its line, from 1.
        source: S3 URI of the image.
        kind: boxes, class or classes.
        classes: by name, in their order: how many boxes it has of each (1 of an image's class).
        size: (width, height) that its boxes count in; None for classes.
        text: the line for Rekognition.
    """

    number: int
    source: str
    kind: str
    classes: dict[str, int]
    size: Size | None
    text: str


class _Broken(Exception):
    """A rule that a line does not hold."""

    def __init__(self, code: str, problem: str, fix: str) -> None:
        super().__init__(problem)
        self.code, self.problem, self.fix = code, problem, fix


def read(item: Item, wanted: str, place: str) -> Entry | Finding:
    """The entry of one line, or the first rule that it breaks.

    Args:
        item: the line.
        wanted: lane or label attribute.
        place: of the manifest, for messages.
    """
    try:
        return _read(item, wanted, place)
    except _Broken as broken:
        where = manifest.at_line(place, item.number)
        return Finding(broken.code, where, item.number, broken.problem, broken.fix)


def _read(item: Item, wanted: str, place: str) -> Entry:
    meant = choosing.lanes_of(item, wanted)
    if len(meant) > 1:
        names = ", ".join(str(lane.get("lane")) for lane in meant)
        raise _Broken(
            "lane", f"{wanted} may be the label of {names}", "--attribute with one of them"
        )
    refused = choosing.refused(item, wanted)
    if refused:
        raise _Broken("not-accepted", f"the batch's label {wanted} is {refused}", "nothing to do")
    source = item.data.get("source-ref")
    wrong = s3uri.problem(source)
    if wrong:
        raise _Broken("source-ref", f"source-ref {wrong}", '"source-ref": "s3://bucket/image.jpg"')
    attribute = choosing.attribute_of(item, wanted)
    about = manifest.metadata(item.data, attribute)
    if not manifest.is_labeled(item, attribute) or not about:
        why = manifest.failure_reason(item, attribute)
        raise _Broken(
            "no-label",
            f"there is no label {attribute}{f' ({why})' if why else ''}",
            f"{attribute} and {attribute}{METADATA}, as a labeling job writes them",
        )
    kind = choosing.KINDS.get(str(about.get("type")))
    if kind is None:
        raise _Broken(
            "label-kind",
            f"the label {attribute} is of the type {about.get('type')!r}",
            f"one of {', '.join(choosing.KINDS)}",
        )
    missing = [key for key in REQUIRED if not about.get(key)]
    if missing:
        raise _Broken(
            "label-metadata",
            f"{attribute}{METADATA} has no {' and no '.join(missing)}",
            "metadata as a labeling job writes them",
        )
    try:
        label = label_reading.read_label(item, attribute, place)
    except UnreadableError as error:
        found = error.problem
        said = found.path.removeprefix(manifest.at_line(place, item.number)).strip()
        raise _Broken("label-shape", f"{said}: {found.problem}", found.fix) from None
    value = label.value if label else None
    line: dict[str, Any] = {"source-ref": source}
    size = None
    if isinstance(value, BoxesLabel):
        size = value.image_size
        classes = _boxes(line, wanted, item.data[attribute], about, value)
    elif isinstance(value, ClassLabel):
        classes = _class(line, wanted, about, [value])
    elif isinstance(value, ClassesLabel):
        classes = _class(line, wanted, about, list(value.classes))
    else:
        raise _Broken("label-shape", f"{attribute} is no label", "boxes or classes")
    text = manifest.dump(line)
    if len(text) > rules.LINE_CHARACTERS_MAX:
        raise _Broken(
            "line-characters",
            f"the line has {len(text):,} characters",
            f"at most {rules.LINE_CHARACTERS_MAX:,}",
        )
    return Entry(item.number, str(source), kind, classes, size, text)


def _kept(about: dict[str, Any], kind: str) -> dict[str, Any]:
    kept = {key: about[key] for key in REQUIRED}
    if about.get("job-name"):
        kept["job-name"] = about["job-name"]
    return {**kept, "type": kind}


def _named(name: str | None) -> str:
    if not name or not name.strip():
        raise _Broken("class-name", "a class has no name", '"class-name": "Car"')
    if len(name) > rules.NAME_CHARACTERS_MAX or "\n" in name:
        raise _Broken(
            "class-name",
            f"a class name has {len(name)} characters or a line break",
            f"one line of at most {rules.NAME_CHARACTERS_MAX} characters",
        )
    return name


def _class(
    line: dict[str, Any], name: str, about: dict[str, Any], classes: list[ClassLabel]
) -> dict[str, int]:
    """Each class of the image as an attribute of its own."""
    if not classes:
        raise _Broken("nothing-in-it", "no class is chosen", "nothing to do: it is left out")
    if len(classes) > rules.LABELS_PER_IMAGE_MAX:
        raise _Broken(
            "labels-per-image",
            f"the image has {len(classes)} classes",
            f"at most {rules.LABELS_PER_IMAGE_MAX}",
        )
    names = tuple(_named(one.name) for one in classes)
    single = about.get("type") == "groundtruth/image-classification"
    for index, (one, known) in enumerate(zip(classes, names, strict=True)):
        key = name if single else f"{name}{index}"
        line[key] = one.number
        line[f"{key}{METADATA}"] = {
            "class-name": known,
            "confidence": _sure(one.confidence),
            **_kept(about, "groundtruth/image-classification"),
        }
    return dict.fromkeys(names, 1)


def _boxes(
    line: dict[str, Any],
    name: str,
    given: dict[str, Any],
    about: dict[str, Any],
    value: BoxesLabel,
) -> dict[str, int]:
    if value.image_size is None or min(value.image_size) <= 0:
        raise _Broken(
            "label-shape",
            "the boxes have no image_size",
            '"image_size": [{"width": 640, "height": 480, "depth": 3}]',
        )
    if not value.boxes:
        raise _Broken("nothing-in-it", "the image has no boxes", "nothing to do: it is left out")
    if len(value.boxes) > rules.BOXES_MAX:
        raise _Broken(
            "boxes-per-image",
            f"the image has {len(value.boxes)} boxes",
            f"at most {rules.BOXES_MAX}: cut the image into parts, or leave it out",
        )
    for index, one in enumerate(value.boxes):
        _box(index, one, value.image_size)
    used = sorted({one.class_number for one in value.boxes})
    names = {number: _named(value.class_names[number]) for number in used}
    size = {"width": value.image_size[0], "height": value.image_size[1]}
    depth = given["image_size"][0].get("depth")
    line[name] = {
        "image_size": [{**size, "depth": depth if isinstance(depth, int) else 3}],
        "annotations": [{"class_id": one.class_number, **_whole(one)} for one in value.boxes],
    }
    sure = about.get("objects")
    line[f"{name}{METADATA}"] = {
        "objects": [
            {"confidence": _confidence(sure, index)} for index, _ in enumerate(value.boxes)
        ],
        "class-map": {str(number): text for number, text in names.items()},
        **_kept(about, "groundtruth/object-detection"),
    }
    return dict(Counter(names[one.class_number] for one in value.boxes))


def _box(index: int, one: Box, size: Size) -> None:
    """Worked case: 640 x 480; left 630, width 20 ends at 650 > 640: outside."""
    where = f"box {index} (left {one.left:g}, top {one.top:g}, {one.width:g} x {one.height:g})"
    right, bottom = one.left + one.width, one.top + one.height
    if one.left < 0 or one.top < 0 or right > size[0] or bottom > size[1]:
        raise _Broken(
            "box-outside",
            f"{where} leaves its image of {size[0]} x {size[1]}",
            "a box inside of its image",
        )
    factor = min(1.0, rules.RESIZED_SIDE / max(size))
    if one.width * factor <= 1 or one.height * factor <= 1:
        shown = f"{one.width * factor:.2f} x {one.height * factor:.2f}"
        raise _Broken(
            "box-small",
            f"{where} has {shown} pixels in training",
            "more than 1 x 1: a larger box, or none",
        )


def _whole(one: Box) -> dict[str, int | float]:
    """Whole pixels without a point, as AWS's own examples write them."""
    sides = {"left": one.left, "top": one.top, "width": one.width, "height": one.height}
    return {key: int(side) if side.is_integer() else side for key, side in sides.items()}


def _confidence(given: Any, index: int) -> float:
    try:
        return _sure(given[index]["confidence"])
    except (LookupError, TypeError):
        return 1


def _sure(given: Any) -> float:
    """A confidence that Rekognition takes: it wants one from 0 to 1, and does not use it."""
    if isinstance(given, bool) or not isinstance(given, int | float) or not 0 <= given <= 1:
        return 1
    return int(given) if given in (0, 1) else given
