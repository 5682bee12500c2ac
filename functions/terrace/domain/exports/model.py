"""The neutral model: what every format is written from, and what every reader makes.

One `Item` for each image, video frame, text or point cloud, in a stream: nothing here holds a data
set. Pixels count from the top left corner of the image, 0 is the left edge of the first pixel, and
the right edge of a box is `left + width`. Each format's file states where its convention differs.
"""

import functools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from msgspec import Struct

from terrace.domain.problems import Problem

Kind = Literal["class", "box", "polygon", "polyline", "keypoints", "mask", "spans", "cuboid"]
"""What a label can be made of; a format says which of these it holds."""
Size = tuple[int, int]
"""(width, height) in pixels."""
Point = tuple[float, float]
BACKGROUND = "BACKGROUND"
"""Ground Truth's name for what no class covers: number 0 of a mask, and never a class."""
SKELETON = "skeleton"
"""The class of a skeleton: a Custom job's page asks for points, not for a class."""


class ExportError(ValueError):
    """What was asked for cannot be written or read; `problem` says what would be right."""

    def __init__(self, path: str, code: str, problem: str, fix: str) -> None:
        super().__init__(f"{path}: {problem} ({fix})")
        self.problem = Problem(path=path, code=code, problem=problem, fix=fix)


# Boxes and objects are made by the million: a struct takes a seventh of a frozen dataclass's time.
class BoxShape(Struct, frozen=True, gc=False):
    """A box, in pixels."""

    left: float
    top: float
    width: float
    height: float

    @property
    def right(self) -> float:
        """The right edge: 10 wide from 5 ends at 15."""
        return self.left + self.width

    @property
    def bottom(self) -> float:
        """The lower edge."""
        return self.top + self.height


@dataclass(frozen=True)
class PolygonShape:
    """A closed line of three or more points (fewer where somebody drew so)."""

    points: tuple[Point, ...]


@dataclass(frozen=True)
class PolylineShape:
    """An open line."""

    points: tuple[Point, ...]


@dataclass(frozen=True)
class Keypoint:
    """One named point; `visibility` is COCO's: 0 not there, 1 hidden, 2 seen."""

    name: str
    x: float
    y: float
    visibility: Literal[0, 1, 2] = 2


@dataclass(frozen=True)
class KeypointsShape:
    """The points of one object, and its box where somebody gave one."""

    points: tuple[Keypoint, ...]
    box: BoxShape | None = None


@dataclass(frozen=True)
class CuboidShape:
    """A box in space: metres in the frame of the point cloud, angles in radians."""

    center: tuple[float, float, float]
    size: tuple[float, float, float]
    """(length along x, width along y, height along z) before it is turned."""
    angles: tuple[float, float, float]
    """(roll, pitch, yaw), right-handed."""


Shape = BoxShape | PolygonShape | PolylineShape | KeypointsShape | CuboidShape
_KINDS: dict[type, Kind] = {
    BoxShape: "box",
    PolygonShape: "polygon",
    PolylineShape: "polyline",
    KeypointsShape: "keypoints",
    CuboidShape: "cuboid",
}


class Object(Struct, frozen=True):
    """One labeled object."""

    label: str
    """Name of its class."""
    shape: Shape
    track: str | None = None
    """The same in every frame of a tracked object."""
    name: str | None = None
    """What workers saw: `Vehicle:1`."""
    attributes: Mapping[str, Any] = {}

    @property
    def kind(self) -> Kind:
        """Which sort of shape it is."""
        return _KINDS[type(self.shape)]


@dataclass(frozen=True)
class Tag:
    """A class of a whole item."""

    label: str
    confidence: float | None = None


@dataclass(frozen=True)
class TextSpan:
    """A stretch of a text, from `start` up to, not including, `end`."""

    start: int
    end: int
    label: str


@dataclass(frozen=True)
class Raster:
    """A mask: one byte for each pixel, row by row; 0 is background, n is `labels[n - 1]`."""

    size: Size
    labels: tuple[str, ...]
    pixels: bytes

    def __post_init__(self) -> None:
        """A mask of another length than its size says cannot be read."""
        if len(self.pixels) != self.size[0] * self.size[1]:
            raise ValueError(f"a mask of {self.size} has {len(self.pixels)} pixels")


@dataclass(frozen=True)
class Origin:
    """Who made the labels of an item, as a manifest says it."""

    human: bool | None = None
    """`human-annotated`; None where nobody says."""
    job: str | None = None
    """`job-name`; None where nobody says, or several jobs made them."""


UNKNOWN = Origin()


@dataclass(frozen=True, init=False)
class Item:
    """One image, frame, text or point cloud with its labels; without any it is an item too."""

    name: str
    """Path inside the data set, safe and unique: `clip-1/000001.jpg`."""
    uri: str
    """Where the data object is; empty for a text that stands in the manifest."""
    size: Size | None = None
    objects: tuple[Object, ...] = ()
    tags: tuple[Tag, ...] = ()
    spans: tuple[TextSpan, ...] = ()
    raster: Raster | None = None
    text: str | None = None
    sequence: str | None = None
    """Name of the video it is a frame of."""
    frame: int = 0
    """Position in that video, from 0."""
    subset: str = "train"
    attributes: Mapping[str, Any] = field(default_factory=dict)
    origin: Origin = UNKNOWN

    def __init__(  # noqa: PLR0917 - as a dataclass has it
        self,
        name: str,
        uri: str,
        size: Size | None = None,
        objects: tuple[Object, ...] = (),
        tags: tuple[Tag, ...] = (),
        spans: tuple[TextSpan, ...] = (),
        raster: Raster | None = None,
        text: str | None = None,
        sequence: str | None = None,
        frame: int = 0,
        subset: str = "train",
        attributes: Mapping[str, Any] | None = None,
        origin: Origin = UNKNOWN,
    ) -> None:
        own = self.__dict__
        own["name"] = name
        own["uri"] = uri
        own["size"] = size
        own["objects"] = objects
        own["tags"] = tags
        own["spans"] = spans
        own["raster"] = raster
        own["text"] = text
        own["sequence"] = sequence
        own["frame"] = frame
        own["subset"] = subset
        own["attributes"] = {} if attributes is None else attributes
        own["origin"] = origin

    @property
    def stem(self) -> str:
        """The name without its extension, which label files of many formats take."""
        folder, slash, base = self.name.rpartition("/")
        dot = base.rfind(".")
        return f"{folder}{slash}{base[:dot] if dot > 0 else base}"


@dataclass(frozen=True)
class Head:
    """What is said of the whole data set, known before its first item."""

    classes: tuple[str, ...]
    """Names, in the order of the category file; their positions are the class ids."""
    keypoints: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By class: the names of its points, in the order of the category file."""
    subsets: tuple[str, ...] = ("train",)
    name: str = "dataset"
    created: str = "1970-01-01T00:00:00"
    """ISO 8601; given, so that the same labels give the same bytes."""
    frame_rate: int = 30
    """Frames a second of videos, for formats that must name it: Ground Truth does not know."""
    home: str | None = None
    """S3 folder that the written files will be in: for formats that must name themselves."""

    def number(self, label: str, path: str = "$") -> int:
        """The class id, from 0; ExportError for a class that the category file lacks."""
        found = self.numbers.get(label)
        if found is None:
            raise ExportError(
                path,
                "CLASS_UNKNOWN",
                f"the class {label[:100]!r} is not among the {len(self.classes)} classes",
                "a category file that names all classes",
            )
        return found

    @functools.cached_property
    def numbers(self) -> dict[str, int]:
        """Class ids by name, from 0."""
        return {name: index for index, name in enumerate(self.classes)}


class Spool(Protocol):
    """A text that grows aside and is read once, from its beginning."""

    def write(self, text: str) -> None: ...

    def read(self) -> Iterator[str]:
        """Pieces of the text, as long as suits the keeper."""


class Files(Protocol):
    """Where a format is written. Paths are relative, with `/`; each file is one format's own."""

    def write(self, path: str, content: str | bytes) -> None:
        """A whole small file; one that is there already is an error."""

    def append(self, path: str, text: str) -> None:
        """More of a file that grows; the first call makes it."""

    def spool(self) -> Spool:
        """A text that is kept aside until a file can take it."""


class Folder(Protocol):
    """What a reader reads: a data set that somebody else wrote."""

    def names(self) -> Sequence[str]:
        """Relative paths of all files, with `/`, sorted."""

    def text(self, path: str) -> str:
        """A file of UTF-8; ExportError where it cannot be read."""

    def yaml(self, path: str) -> Any:
        """A parsed YAML file."""

    def size(self, path: str) -> Size | None:
        """Pixels of an image file; None where it is no image that can be read."""
