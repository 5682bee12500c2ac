"""A conversion from beginning to end: survey, write, put in place."""

import csv
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from terrace.domain.exports import bounds, dataset, formats
from terrace.domain.exports.dataset import Source, Wanted
from terrace.domain.exports.formats import Format
from terrace.domain.exports.holding import Tally
from terrace.domain.exports.model import ExportError, Head, Item, Size
from terrace.domain.imports.readers import READERS
from terrace.domain.json_reading import UnreadableError
from terrace_cli.convert.disk import Input, Output
from terrace_cli.convert.documents import Documents, Sizes
from terrace_cli.errors import EXIT_WRONG, TerraceError

OPTIONS = {
    "ATTRIBUTES_DIFFER": "--attribute",
    "CLASS_CONFLICT": "--on-conflict prefix (or same)",
    "HOME_MISSING": "--home s3://bucket/folder/",
    "IMAGE_SIZE_UNKNOWN": "--image-size WIDTHxHEIGHT",
    "LANES_MIXED": "--attribute",
    "MASKS_TWO": "--attribute",
}
"""The option that helps, by the code of what was wrong."""
UNFIT = frozenset(
    {
        "CLASSES_TOO_MANY",
        "CLASS_NAME_UNFIT",
        "ENTITIES_OVERLAP",
        "FORMAT_UNFIT",
        "IMAGE_NAME_UNFIT",
        "ITEM_NOT_OF_A_VIDEO",
        "KEYPOINTS_DIFFER",
        "KEYPOINTS_SINGLE",
        "LABEL_NOT_EXPORTABLE",
        "TRACK_MISSING",
    }
)
"""Codes of labels that a format has no place for, whatever the options."""
Step = Callable[[str, int, int | None], None]
"""Told what goes on, how far it is, and how far it goes where that is known."""


@dataclass(frozen=True)
class Order:
    """What the user wants written."""

    chosen: Format
    out: Path
    wanted: Wanted
    created: str
    name: str = "dataset"
    size: Size | None = None
    frame_rate: int = 30
    home: str | None = None
    copy_images: bool = False


@dataclass(frozen=True)
class Done:
    """What came of it."""

    tally: Tally
    unlabeled: int
    classes: tuple[str, ...]


def from_manifests(places: Sequence[str], order: Order, documents: Documents, step: Step) -> Done:
    """Ground Truth's manifests into a format.

    Raises:
        TerraceError: something cannot be read, is not as it should be, or does not fit.
    """
    sources = [Source(place, documents.lines(place)) for place in places]
    return from_sources(sources, order, documents, step)


def from_sources(sources: Sequence[Source], order: Order, documents: Documents, step: Step) -> Done:
    """The same for manifests that are made on the way.

    Raises:
        TerraceError: something cannot be read, is not as it should be, or does not fit.
    """
    with words():
        found = dataset.survey(
            sources, order.wanted, documents, lambda lines: step("reading", lines, None)
        )
        formats.check(order.chosen, found.kinds, sources[0].uri)
        head, classes = dataset.head(
            found,
            order.wanted,
            name=order.name,
            created=order.created,
            frame_rate=order.frame_rate,
            home=order.home,
        )
        sizes = Sizes(order.size, documents, needed=order.chosen.holds.size)
        items = dataset.items(
            sources,
            order.wanted,
            found=found,
            classes=classes,
            documents=documents,
            size_of=sizes,
        )
        tally = _write(items, head, order, documents, step, whole=found.items)
    return Done(tally, found.unlabeled, head.classes)


def from_folder(
    kind: str,
    place: Path,
    order: Order,
    documents: Documents,
    step: Step,
    *,
    prefix: str | None,
) -> Done:
    """A data set in another format into a format (or into a manifest)."""
    with words():
        read = READERS[kind](Input(place), prefix)
        head = Head(
            read.classes,
            read.keypoints,
            name=order.name,
            created=order.created,
            frame_rate=order.frame_rate,
            home=order.home,
        )
        kinds = {one.kind for item in read.items for one in item.objects}
        formats.check(order.chosen, kinds, str(place))
        sizes = Sizes(order.size, documents, needed=order.chosen.holds.size)
        root = place if place.is_dir() else place.parent
        items = (_placed(item, None if prefix else root, sizes) for item in read.items)
        tally = _write(items, head, order, documents, step, whole=len(read.items))
    return Done(tally, 0, head.classes)


def _placed(item: Item, root: Path | None, sizes: Sizes) -> Item:
    """An item that says where its image is (below `root`, if it is on this disk), and its size."""
    if root is not None:
        item = replace(item, uri=str(root / item.uri))
    bounds.check(item, item.uri or item.name)
    return item if item.size else replace(item, size=sizes(item))


def _write(
    items: Iterable[Item],
    head: Head,
    order: Order,
    documents: Documents,
    step: Step,
    *,
    whole: int,
) -> Tally:
    with Output(order.out) as output:
        counted = _counted(items, step, whole)
        tally = formats.export(order.chosen, counted, head, output)
        if order.copy_images:
            rows = csv.DictReader(output.lines(formats.IMAGES))
            for number, row in enumerate(rows, start=1):
                output.write(row["file"], documents.data(row["source"]))
                step("copying images", number, whole)
    return tally


def _counted(items: Iterable[Item], step: Step, whole: int) -> Iterator[Item]:
    for number, item in enumerate(items, start=1):
        yield item
        step("writing", number, whole)


class words:
    """What the domain says no to, in words of the command line."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, ExportError | UnreadableError):
            problem = error.problem
            option = OPTIONS.get(problem.code, "")
            raise TerraceError(
                f"{problem.path}: {problem.problem}",
                f"right would be: {problem.fix}" + (f"; the option is {option}" if option else ""),
                EXIT_WRONG,
            ) from error


def code_of(error: TerraceError) -> str:
    """The code of what the domain said no to; empty where it is about something else."""
    said = error.__cause__
    return said.problem.code if isinstance(said, ExportError | UnreadableError) else ""
