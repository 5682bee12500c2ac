"""Labels as Ground Truth writes them into a line of an output manifest, one class for each shape.

Pixels count from the top left corner; lengths of 3D are metres in the frame of the point cloud;
angles are radians (yaw right-handed; before 2022-09-02 it was pi - yaw); offsets of texts count
characters, the end is not part of the span.
"""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class ClassLabel:
    """A class; `feedback`: comments of a verification's workers."""

    number: int
    name: str | None
    confidence: float | None
    feedback: tuple[str, ...] = ()


@dataclass(frozen=True)
class ClassesLabel:
    """Any number of classes."""

    classes: tuple[ClassLabel, ...]


@dataclass(frozen=True)
class Box:
    """A box in an image or a video frame, in pixels; floats occur."""

    class_number: int
    left: float
    top: float
    width: float
    height: float


@dataclass(frozen=True)
class BoxesLabel:
    """The boxes of an image; none is a label too."""

    boxes: tuple[Box, ...]
    class_names: dict[int, str]
    image_size: tuple[int, int] | None
    """(width, height) in pixels."""


@dataclass(frozen=True)
class MaskLabel:
    """A mask in a file of its own: a PNG in these colours, or one class a point (zlib)."""

    uri: str
    colors: dict[int, tuple[str, str]]
    """By class: its name and its colour, `#rrggbb`."""


@dataclass(frozen=True)
class Span:
    """A stretch of a text, from `start` up to, not including, `end`."""

    start: int
    end: int
    label: str
    confidence: float | None


@dataclass(frozen=True)
class SpansLabel:
    """The named entities of a text."""

    spans: tuple[Span, ...]
    labels: tuple[str, ...]
    """All labels that workers could choose from."""


@dataclass(frozen=True)
class FramesLabel:
    """Labels of a sequence: in the SeqLabel.json at `uri` (`seqlabel.read`)."""

    uri: str
    class_names: dict[int, str]


@dataclass(frozen=True)
class Cuboid:
    """A box in space: centre, size, angles."""

    class_number: int
    name: str | None
    center: tuple[float, float, float]
    size: tuple[float, float, float]
    """(length, width, height)."""
    angles: tuple[float, float, float]
    """(roll, pitch, yaw)."""
    attributes: dict[str, Any]


@dataclass(frozen=True)
class CuboidsLabel:
    """The cuboids of one point cloud."""

    cuboids: tuple[Cuboid, ...]
    class_names: dict[int, str]


@dataclass(frozen=True)
class CustomLabel:
    """Whatever a Custom job's function returned."""

    content: Any


Value = (
    ClassLabel
    | ClassesLabel
    | BoxesLabel
    | MaskLabel
    | SpansLabel
    | FramesLabel
    | CuboidsLabel
    | CustomLabel
)


@dataclass(frozen=True)
class Label:
    """One label of a manifest line, with what is said about it."""

    attribute: str
    type: str
    """`groundtruth/...`, as written."""
    value: Value
    job_name: str | None
    created: str | None
    """ISO 8601 without a zone."""
    human: bool | None
    """False for a label that a model made; None where it is not said."""
    adjusted: bool | None
    """Whether a review has changed it; None for a label that is no adjustment's."""


@dataclass(frozen=True)
class LabeledItem:
    """One line of an output manifest."""

    number: int
    """Line number, from 1."""
    data: dict[str, Any]
    labels: dict[str, Label]
    failures: dict[str, str]
    """By attribute without a label: why, in Ground Truth's words."""
