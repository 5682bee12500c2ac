"""From Ground Truth's labels to items: every modality's label in the neutral model."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, Protocol

from terrace.domain import manifest, s3uri, seqlabel, skeleton_answers
from terrace.domain.exports.classes import Classes, Seen
from terrace.domain.exports.model import (
    BACKGROUND,
    SKELETON,
    BoxShape,
    CuboidShape,
    ExportError,
    Item,
    Keypoint,
    KeypointsShape,
    Object,
    Origin,
    PolygonShape,
    PolylineShape,
    Raster,
    Shape,
    Tag,
    TextSpan,
)
from terrace.domain.frame_places import FramePlaces
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
    MaskLabel,
    SpansLabel,
)
from terrace.domain.seqlabel import Annotation, Frame, Points, SeqLabel
from terrace.domain.seqlabel_rows import number_of

TEXT_CLASSES = "groundtruth/text-classification"
"""Types of the labels that give texts a class, or several: they begin so."""
_VISIBILITY: dict[str, Literal[0, 1, 2]] = {"visible": 2, "occluded": 1, "absent": 0}


class Documents(Protocol):
    """Files that a manifest points to."""

    def json(self, uri: str) -> Any:
        """A parsed JSON file; ExportError where it cannot be read."""

    def text(self, uri: str) -> str:
        """A text that was labeled; ExportError where it cannot be read."""

    def mask(self, uri: str, colors: dict[int, tuple[str, str]], labels: tuple[str, ...]) -> Raster:
        """A mask of these colours; `labels`: its class names, in the order of their numbers."""


@dataclass(frozen=True)
class Part:
    """An item that is not named yet: what one attribute says of one data object or frame."""

    uri: str
    item: Item
    sequence: str | None = None
    """URI of the sequence file that it is a frame of."""
    frame: int = 0
    base: str = ""
    """Name of the frame in that file."""


def parts(
    item: manifest.Item, label: Label, classes: Classes | None, documents: Documents, where: str
) -> Iterator[Part]:
    """What a label says, image by image (frame by frame, in order).

    Args:
        item: the manifest line.
        label: one of its labels.
        classes: what classes are called in the data set; None while they are being collected.
        documents: the files it points to.
        where: URI and line, for errors.
    """
    value = label.value
    if isinstance(value, FramesLabel):
        yield from _frames(item, label, value, classes, documents)
        return
    uri = item.source if "source-ref" in item.data else ""
    text = None if uri else item.source
    of_text = isinstance(value, SpansLabel) or label.type.startswith(TEXT_CLASSES)
    if uri and of_text and classes is not None:
        text = documents.text(uri)

    def named(name: str) -> str:
        return classes.name(label.attribute, name) if classes else name

    made = Item("", uri, text=text)
    if isinstance(value, ClassLabel):
        made = replace(made, tags=(Tag(named(_name(value, where)), value.confidence),))
    elif isinstance(value, ClassesLabel):
        tags = tuple(Tag(named(_name(one, where)), one.confidence) for one in value.classes)
        made = replace(made, tags=tags)
    elif isinstance(value, BoxesLabel):
        names = {number: named(name) for number, name in value.class_names.items()}
        objects = tuple(Object(names[box.class_number], _box(box)) for box in value.boxes)
        made = Item("", uri, size=value.image_size, objects=objects)
    elif isinstance(value, SpansLabel):
        spans = tuple(TextSpan(one.start, one.end, named(one.label)) for one in value.spans)
        made = replace(made, spans=spans)
    elif isinstance(value, CuboidsLabel):
        objects = tuple(
            Object(
                named(value.class_names[cuboid.class_number]),
                _cuboid(cuboid),
                name=cuboid.name,
                attributes=cuboid.attributes,
            )
            for cuboid in value.cuboids
        )
        made = replace(made, objects=objects)
    elif isinstance(value, MaskLabel):
        if label.type.startswith("groundtruth/point_cloud"):
            _refuse(where, "labels the points of a cloud, one by one")
        listed = mask_classes(value)
        if classes is not None:
            raster = documents.mask(value.uri, value.colors, listed)
            raster = replace(raster, labels=tuple(named(name) for name in listed))
            made = replace(made, raster=raster, size=raster.size)
    else:
        made = replace(made, objects=_skeletons(value, named, where))
    yield Part(uri, replace(made, origin=_origin(item, label)))


def collect(
    item: manifest.Item, label: Label, seen: Seen, documents: Documents, where: str
) -> Iterator[Part]:
    """Notes the classes of a label; yields its parts without their pixels."""
    value = label.value
    if isinstance(value, BoxesLabel | FramesLabel | CuboidsLabel):
        for number, name in value.class_names.items():
            seen.add(label.attribute, name, number)
    elif isinstance(value, MaskLabel):
        for number, (name, _) in value.colors.items():
            if name != BACKGROUND:
                seen.add(label.attribute, name, number)
    elif isinstance(value, SpansLabel):
        for number, name in enumerate(value.labels or dict.fromkeys(s.label for s in value.spans)):
            seen.add(label.attribute, name, number)
    elif isinstance(value, ClassLabel | ClassesLabel):
        for one in value.classes if isinstance(value, ClassesLabel) else (value,):
            seen.add(label.attribute, _name(one, where), one.number)
    else:
        seen.add(label.attribute, SKELETON, 0)
    for part in parts(item, label, None, documents, where):
        for drawn in part.item.objects:
            if isinstance(drawn.shape, KeypointsShape):
                for point in drawn.shape.points:
                    seen.add_point(drawn.label, point.name)
        yield part


def mask_classes(value: MaskLabel) -> tuple[str, ...]:
    """Class names of a mask, in the order of Ground Truth's numbers, without background."""
    return tuple(name for _, (name, _) in sorted(value.colors.items()) if name != BACKGROUND)


# --- videos --------------------------------------------------------------------------------------


def _frames(
    item: manifest.Item,
    label: Label,
    value: FramesLabel,
    classes: Classes | None,
    documents: Documents,
) -> Iterator[Part]:
    read = seqlabel.read(documents.json(value.uri), value.uri)
    prefix, listed = _sequence(documents, item.source)
    names = [name for name, _ in listed]
    if "point_cloud" in label.type:
        places = FramePlaces(names, [number for _, number in listed])
    else:
        # Ground Truth shows and numbers the frames of a video by their names' bytes.
        names.sort(key=lambda name: name.encode("utf-8", "surrogatepass"))
        places = FramePlaces(names)
    frames = _placed(read.frames, places, value.uri, item.source)
    for number, name in enumerate(names):
        frame = frames.get(number)
        objects = _objects(frame, read, value, label.attribute, classes) if frame else ()
        made = Item(
            "",
            s3uri.join(prefix, name),
            objects=objects,
            attributes=frame.attributes if frame else {},
            origin=_origin(item, label),
        )
        yield Part(made.uri, made, item.source, number, name)


def _placed(
    frames: Sequence[Frame], places: FramePlaces, uri: str, sequence: str
) -> dict[int, Frame]:
    """The labeled frames by their place among those of the sequence file."""
    found: dict[int, Frame] = {}
    for frame in frames:
        place = places.find(frame.name, frame.number)
        if place is None:
            raise ExportError(
                uri,
                "FRAME_UNKNOWN",
                f"frame {frame.name[:200]!r} is not in the sequence file {sequence}",
                "the label file and the sequence file of the same job",
            )
        if place in found:
            raise ExportError(
                uri,
                "FRAME_TWICE",
                f"frames {found[place].name[:200]!r} and {frame.name[:200]!r} are the same one of "
                f"the sequence file {sequence}",
                "every frame once",
            )
        found[place] = frame
    return found


def _sequence(documents: Documents, uri: str) -> tuple[str, list[tuple[str, int | None]]]:
    """The folder of a sequence's frames, and their names and numbers in the order of its file."""
    document = documents.json(uri)
    frames = document.get("frames") if isinstance(document, dict) else None
    prefix = document.get("prefix") if isinstance(document, dict) else None
    if not isinstance(frames, list) or not isinstance(prefix, str):
        raise ExportError(
            uri,
            "SEQUENCE_UNREADABLE",
            "the file is no sequence file: it lacks prefix or frames",
            '{"seq-no": 1, "prefix": "s3://bucket/clip/", "frames": [{"frame": "000001.jpg"}]}',
        )
    rows = [one if isinstance(one, dict) else {"frame": ""} for one in frames]
    return prefix, [
        (str(row.get("frame")), number_of(row) if "frame-no" in row else place)
        for place, row in enumerate(rows)
    ]


def _objects(
    frame: Frame, read: SeqLabel, value: FramesLabel, attribute: str, classes: Classes | None
) -> tuple[Object, ...]:
    found = []
    for one in frame.annotations:
        number = one.shape.class_number
        if number not in value.class_names:
            raise ExportError(
                f"{value.uri} frame {frame.name}",
                "CLASS_UNKNOWN",
                f"class {number} is not in the class-map of the manifest",
                "the manifest and the SeqLabel.json of the same job",
            )
        label = value.class_names[number]
        name = classes.name(attribute, label) if classes else label
        found.append(
            Object(
                name,
                _shape(one, label),
                track=one.object_id if read.tracking else None,
                name=one.object_name,
                attributes=one.attributes,
            )
        )
    return tuple(found)


def _shape(one: Annotation, label: str) -> Shape:
    shape = one.shape
    if isinstance(shape, Box):
        return _box(shape)
    if isinstance(shape, Cuboid):
        return _cuboid(shape)
    assert isinstance(shape, Points)
    if shape.kind == "polygons":
        return PolygonShape(shape.points)
    if shape.kind == "polylines":
        return PolylineShape(shape.points)
    # A keypoint of a video is an object of one point, named as its class is.
    return KeypointsShape(tuple(Keypoint(label, x, y) for x, y in shape.points))


# --- shapes --------------------------------------------------------------------------------------


def _box(box: Box) -> BoxShape:
    return BoxShape(box.left, box.top, box.width, box.height)


def _cuboid(one: Cuboid) -> CuboidShape:
    return CuboidShape(one.center, one.size, one.angles)


def _name(one: ClassLabel, where: str) -> str:
    if one.name is None:
        raise ExportError(
            where,
            "CLASS_WITHOUT_NAME",
            f"class {one.number} has no class-name in its metadata",
            '"class-name": "dog" beside "type"',
        )
    return one.name


def _skeletons(value: CustomLabel, named: Any, where: str) -> tuple[Object, ...]:
    listed = skeleton_answers.earlier(value.content)
    if listed is None or (isinstance(value.content, dict) and not _is_skeleton(value.content)):
        _refuse(where, "is a Custom job's label that is no skeleton")
    objects = []
    for one in listed or []:
        points = tuple(
            Keypoint(
                str(point["label"]),
                0.0 if visible == 0 else float(point["x"]),
                0.0 if visible == 0 else float(point["y"]),
                visible,
            )
            for point in one["keypoints"]
            for visible in (_VISIBILITY[str(point.get("visibility", "visible"))],)
        )
        objects.append(Object(named(SKELETON), KeypointsShape(points), name=one.get("id")))
    return tuple(objects)


def _is_skeleton(content: dict[str, Any]) -> bool:
    return "updated_annotations" in content


def _refuse(where: str, what: str) -> None:
    raise ExportError(
        where,
        "LABEL_NOT_EXPORTABLE",
        f"the label {what}: no format here holds it",
        "boxes, polygons, polylines, keypoints, masks of images, cuboids, classes or named "
        "entities; its own file is where the manifest says",
    )


def _origin(item: manifest.Item, label: Label) -> Origin:
    job = manifest.metadata(item.data, label.attribute).get("job-name")
    return Origin(label.human, job if isinstance(job, str) else None)


def joined(origins: Sequence[Origin]) -> Origin:
    """Of labels that become one: a person's if any of them is, a job's if all are."""
    said = {one.human for one in origins}
    jobs = {one.job for one in origins}
    human = True if True in said else next(iter(said)) if len(said) == 1 else None
    return Origin(human, next(iter(jobs)) if len(jobs) == 1 else None)


def merged(found: Sequence[Item]) -> Item:
    """One item from what several attributes say of the same data object."""
    first = found[0]
    if len(found) == 1:
        return first
    raster = [one.raster for one in found if one.raster is not None]
    if len(raster) > 1:
        raise ExportError(
            first.uri, "MASKS_TWO", "two attributes have a mask of it", "one mask a data set"
        )
    sizes = {one.size for one in found if one.size is not None}
    if len(sizes) > 1:
        raise ExportError(
            first.uri,
            "IMAGE_SIZES_DIFFER",
            f"its labels give it different sizes: {sorted(sizes)}",
            "labels of one and the same image",
        )
    return replace(
        first,
        size=next(iter(sizes), None),
        objects=tuple(one for item in found for one in item.objects),
        tags=tuple(one for item in found for one in item.tags),
        spans=tuple(one for item in found for one in item.spans),
        raster=raster[0] if raster else None,
        attributes={key: value for item in found for key, value in item.attributes.items()},
        origin=joined([item.origin for item in found]),
    )
