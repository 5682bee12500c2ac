"""Drawing a manifest's labels from beginning to end."""

import io
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from terrace.domain import manifest
from terrace.domain.exports import dataset
from terrace.domain.exports.dataset import Source, Wanted
from terrace.domain.exports.model import ExportError, Item
from terrace.domain.json_reading import UnreadableError
from terrace.domain.problems import Problem
from terrace_cli.convert.disk import Output
from terrace_cli.convert.documents import Documents
from terrace_cli.draw import card, paint
from terrace_cli.draw.look import Look, from_categories
from terrace_cli.draw.sheet import TILE, Sheet
from terrace_cli.errors import EXIT_WRONG, TerraceError
from terrace_cli.progress import Step

FILMS = (".mp4", ".ogg", ".webm", ".mov", ".avi", ".mkv")
PEEKED = 1_000
"""Lines in which label attributes are looked for, where the user names none."""


@dataclass(frozen=True)
class Order:
    """What is to be drawn, and how."""

    place: str
    attributes: Sequence[str]
    """Empty: the only one there is."""
    out: Path
    sheet: Path | None
    limit: int | None
    categories: Mapping[str, Any] | None
    """A label category file, parsed: classes in its order, its colours, its rig."""
    font: Path | None
    side: int


@dataclass
class Done:
    """What came of it."""

    drawn: int = 0
    whole: int = 0
    """Items with a label."""
    unlabeled: int = 0
    bare: list[str] = field(default_factory=list)
    """Items whose image could not be read, and why: their labels are on grey."""
    sheet_left_out: int = 0


def run(order: Order, documents: Documents, step: Step) -> Done:
    """Draws the items of a manifest.

    Raises:
        TerraceError: the manifest or a label file cannot be read, or a label cannot be drawn.
    """
    source = Source(order.place, documents.lines(order.place))
    try:
        attributes = order.attributes or [only_attribute(source)]
        points = _names(order.categories, "keypointClasses")
        named = _names(order.categories, "labels")
        # Points are no classes: a file of a skeleton names none.
        categories = {one: named for one in attributes if named and len(attributes) == 1}
        wanted = Wanted(attributes, categories, points, conflict="same")
        found = dataset.survey(
            [source], wanted, documents, lambda lines: step("reading", lines, None)
        )
        head, classes = dataset.head(found, wanted)
        look = from_categories(
            [order.categories] if order.categories else [],
            classes=head.classes,
            font=order.font,
            side=order.side,
        )
        items = dataset.items([source], wanted, found=found, classes=classes, documents=documents)
        done = _drawn(
            items, whole=found.items, order=order, look=look, documents=documents, step=step
        )
    except (ExportError, UnreadableError) as error:
        problem = error.problem
        raise TerraceError(
            f"{problem.path}: {problem.problem}", f"right would be: {problem.fix}", EXIT_WRONG
        ) from error
    done.unlabeled = found.unlabeled
    return done


def only_attribute(source: Source) -> str:
    """The label attribute of a manifest that has one.

    Raises:
        TerraceError: it has none, or several.
        UnreadableError: a line is not as it should be.
    """
    names: dict[str, None] = {}
    for item in itertools.islice(
        manifest.read(source.lines(), uri=source.uri, limits=False), PEEKED
    ):
        if isinstance(item, Problem):
            raise UnreadableError(item)
        for key in item.data:
            name = key.removesuffix(manifest.METADATA)
            if name != key and manifest.is_labeled(item, name) and name not in manifest.SOURCES:
                names[name] = None
    if len(names) != 1:
        said = f"the labels {', '.join(names)}" if names else "no label"
        raise TerraceError(
            f"{source.uri} has {said} in its first lines",
            "say which with --attribute NAME (more than one: again)",
            EXIT_WRONG,
        )
    return next(iter(names))


def _names(config: Mapping[str, Any] | None, key: str) -> list[str]:
    listed = config.get(key) if config else None
    rows = listed if isinstance(listed, list) else []
    return [row["label"] for row in rows if isinstance(row, dict) and "label" in row]


def _drawn(
    items: Iterator[Item],
    *,
    whole: int,
    order: Order,
    look: Look,
    documents: Documents,
    step: Step,
) -> Done:
    done = Done(whole=whole)
    sheet, small = Sheet(look), replace(look, side=TILE[0])
    goal = whole if order.limit is None else min(whole, order.limit)
    if order.sheet is not None and order.sheet.exists():
        raise TerraceError(f"{order.sheet} exists already", "name a new file", EXIT_WRONG)
    with Output(order.out) as output:
        for item in itertools.islice(items, order.limit):
            draw, end = _picture(item, documents, done)
            output.write(f"{item.stem}{end}", _encoded(draw(look), end))
            if order.sheet is not None:
                # Drawn anew: names made smaller with their picture could not be read.
                sheet.add(item.name, lambda draw=draw: draw(small))
            done.drawn += 1
            step("drawing", done.drawn, goal)
    if order.sheet is not None:
        end = ".png" if order.sheet.suffix.lower() == ".png" else ".jpg"
        try:
            order.sheet.parent.mkdir(parents=True, exist_ok=True)
            order.sheet.write_bytes(_encoded(sheet.made(), end))
        except OSError as error:
            raise TerraceError(
                f"cannot write {order.sheet}: {error.strerror}", exit_code=EXIT_WRONG
            ) from error
    done.sheet_left_out = sheet.left_out
    return done


def _picture(item: Item, documents: Documents, done: Done) -> tuple[Callable[[Look], Any], str]:
    """Draws an item in a given look, and the ending of its file: only photographs become JPEG."""
    end = ".jpg" if item.name.lower().endswith((".jpg", ".jpeg")) else ".png"
    if item.text is not None:
        return lambda look: paint.drawn(item, None, look), ".png"
    if item.uri.lower().endswith(FILMS):
        return lambda look: card.message("a film: only its class is shown", look, item), ".png"
    data: bytes | None = None
    try:
        data = documents.data(item.uri)
        paint.check(item, data)
    except TerraceError as error:
        done.bare.append(str(error))
    except paint.NotAnImageError as error:
        done.bare.append(f"{item.uri}: {error}")
        data = None
    return lambda look: paint.drawn(item, data, look), end


def _encoded(picture: Any, end: str) -> bytes:
    out = io.BytesIO()
    if end == ".jpg":
        picture.save(out, "JPEG", quality=90)
    else:
        picture.save(out, "PNG")
    return out.getvalue()
