"""What a format can hold of a label, and what is left out of it: counted, never lost unsaid."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from msgspec import structs

from terrace.domain.exports.geometry import box_of, clipped, clipped_points, lies_inside
from terrace.domain.exports.model import (
    BoxShape,
    ExportError,
    Item,
    Kind,
    Object,
    PolygonShape,
    Raster,
    Size,
)


@dataclass
class Tally:
    """What was written, and what could not be."""

    items: int = 0
    empty: int = 0
    """Items without any label."""
    written: Counter[Kind] = field(default_factory=Counter)
    left_out: Counter[Kind] = field(default_factory=Counter)
    """Labels of a kind that the format has no place for."""
    boxed: Counter[Kind] = field(default_factory=Counter)
    """Labels of which the format keeps the box around them only."""
    clipped: int = 0
    """Shapes cut at the edge of their image, which the format demands."""
    outside: int = 0
    """Shapes left out because they are outside of their image altogether."""


@dataclass(frozen=True)
class Holds:
    """What a format holds.

    Attributes:
        kinds: as they are.
        boxed: kinds of which it takes the box around them.
        inside: whether what sticks out of the image is cut off.
        size: whether it must know the size of an image.
    """

    kinds: frozenset[Kind]
    boxed: frozenset[Kind] = frozenset()
    inside: bool = False
    size: bool = False

    @property
    def any_of(self) -> frozenset[Kind]:
        """Every kind of which something is written."""
        return self.kinds | self.boxed


def fit(items: Iterable[Item], holds: Holds, tally: Tally) -> Iterator[Item]:
    """The items as a format can hold them, counted on the way."""
    for item in items:
        objects = item.objects
        alike = {one.shape.__class__ for one in objects}
        raster = item.raster
        if raster is not None:
            _count(tally, holds, "mask", _classes(raster))
            raster = raster if "mask" in holds.kinds else None
        if item.tags:
            _count(tally, holds, "class", len(item.tags))
        if item.spans:
            _count(tally, holds, "spans", len(item.spans))
        tally.items += 1
        made = item
        if len(alike) == 1 and objects[0].kind in holds.kinds and not holds.inside:
            tally.written[objects[0].kind] += len(objects)
        elif objects:
            fitted = [_fit(one, item, holds, tally) for one in objects]
            if fitted != list(objects):
                made = replace(made, objects=tuple(one for one in fitted if one is not None))
        if raster is not item.raster:
            made = replace(made, raster=None)
        if item.tags and "class" not in holds.kinds:
            made = replace(made, tags=())
        if item.spans and "spans" not in holds.kinds:
            made = replace(made, spans=())
        tally.empty += not (made.objects or made.raster or made.tags or made.spans)
        yield made


def _classes(raster: Raster) -> int:
    return len(set(raster.pixels) - {0})


def _count(tally: Tally, holds: Holds, kind: Kind, number: int) -> None:
    if number:
        (tally.written if kind in holds.kinds else tally.left_out)[kind] += number


def _fit(one: Object, item: Item, holds: Holds, tally: Tally) -> Object | None:
    kind = one.kind
    if kind not in holds.any_of:
        tally.left_out[kind] += 1
        return None
    if kind not in holds.kinds:
        box = box_of(one.shape)
        if box is None:
            tally.left_out[kind] += 1
            return None
        tally.boxed[kind] += 1
        one = structs.replace(one, shape=box)
    if holds.inside and item.size is not None:
        kept = _inside(one, item.size, tally)
        if kept is None:
            tally.outside += 1
            return None
        one = kept
    tally.written[one.kind] += 1
    return one


def _inside(one: Object, size: Size, tally: Tally) -> Object | None:
    """An object less what sticks out of the image. Keypoints stay as they are."""
    if isinstance(one.shape, BoxShape):
        if lies_inside(one.shape, size):
            return one
        box = clipped(one.shape, size)
        if box is None:
            return None
        tally.clipped += box != one.shape
        return structs.replace(one, shape=box)
    if isinstance(one.shape, PolygonShape):
        around = box_of(one.shape)
        if around is None or clipped(around, size) is None:
            return None
        points = clipped_points(one.shape.points, size)
        tally.clipped += points != one.shape.points
        return structs.replace(one, shape=PolygonShape(points))
    return one


def sized(item: Item) -> Size:
    """The size of an item's image, which the format needs; ExportError where nobody knows it."""
    if item.size is None or 0 in item.size:
        raise ExportError(
            item.uri or item.name,
            "IMAGE_SIZE_UNKNOWN",
            "the label does not say how large the image is, and the format needs it",
            "give the size of all images, or have the images read",
        )
    return item.size
