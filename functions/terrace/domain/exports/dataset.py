"""A data set from manifests: a first pass that learns what is in it, a second that yields it.

Both passes stream; between them only names of classes are kept. Several manifests (a second round
of new images) become one data set, several attributes of one line (boxes and lanes) one item.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

from terrace.domain import label_reading, manifest
from terrace.domain.exports import bounds, quick_boxes
from terrace.domain.exports.classes import Classes, Conflict, Seen, decide
from terrace.domain.exports.from_labels import Documents, Part, collect, merged, parts
from terrace.domain.exports.model import ExportError, Head, Item, Kind, Size
from terrace.domain.exports.names import Names, common_folder
from terrace.domain.json_reading import Node, UnreadableError
from terrace.domain.label_values import MaskLabel
from terrace.domain.manifest import METADATA
from terrace.domain.problems import Problem


@dataclass(frozen=True)
class Source:
    """One manifest; `lines` begins it anew each time it is called."""

    uri: str
    lines: Callable[[], Iterable[str]]


@dataclass
class Survey:
    """What a first pass found."""

    seen: Seen = field(default_factory=Seen)
    folder: str | None = None
    """What the URIs of all data objects share."""
    lines: int = 0
    items: int = 0
    """Images, frames, texts, clouds with a label."""
    unlabeled: int = 0
    """Lines that have none of the attributes: left out."""
    kinds: Counter[Kind] = field(default_factory=Counter)
    others: Counter[str] = field(default_factory=Counter)
    """Other label attributes, for who has misspelled one."""


@dataclass(frozen=True)
class Wanted:
    """What the user asked for.

    Attributes:
        attributes: label attributes to take, in the order in which their classes are numbered.
        categories: by attribute, the class names of its label category file.
        keypoints: names of the points of a skeleton, in the order of its category file.
        conflict: what two attributes' classes of one name are.
        held_back: percent of the items (videos: of the sequences) in the subset `val`; which, is
            decided by a hash of their URI, so that an item stays where it is when others are added.
    """

    attributes: Sequence[str]
    categories: Mapping[str, Sequence[str]] = field(default_factory=dict)
    keypoints: Sequence[str] = ()
    conflict: Conflict = "error"
    held_back: float = 0


def survey(
    sources: Sequence[Source],
    wanted: Wanted,
    documents: Documents,
    step: Callable[[int], None] = lambda _: None,
) -> Survey:
    """The first pass.

    Args:
        sources: the manifests.
        wanted: what was asked for.
        documents: the files that manifests point to.
        step: told the number of lines so far.

    Raises:
        UnreadableError, ExportError: a line or file is not as Ground Truth writes it; no line has
            one of the attributes.
    """
    found = Survey()
    having: set[str] = set()
    quick = quick_boxes.surveyor(wanted.attributes, found.seen)
    lines = items = boxes = 0
    folder = None
    for lines, (uri, number, read) in enumerate(each_line(sources, quick), start=1):
        step(lines)
        if isinstance(read, manifest.Item):
            _look(
                found,
                having,
                read,
                attributes=wanted.attributes,
                documents=documents,
                where=manifest.at_line(uri, number),
            )
            continue
        source, drawn, names = read
        having.update(names)
        if folder is None or not source.startswith(folder):
            folder = common_folder(folder, source)
        items += 1
        boxes += drawn
    found.lines = lines
    found.items += items
    if folder is not None:
        found.folder = common_folder(found.folder, folder)
    found.kinds["box"] += boxes
    found.kinds = +found.kinds
    missing = [name for name in wanted.attributes if name not in having]
    if missing:
        others = ", ".join(found.others) or "none"
        raise ExportError(
            sources[0].uri if sources else "manifest",
            "ATTRIBUTE_ABSENT",
            f"no line has a label under {missing[0]!r}",
            f"a label attribute of the manifest; it has: {others}",
        )
    return found


def _look(
    found: Survey,
    having: set[str],
    item: manifest.Item,
    *,
    attributes: Sequence[str],
    documents: Documents,
    where: str,
) -> None:
    """Notes what is in a line that is not one of plain boxes."""
    names = [name for name in attributes if manifest.is_labeled(item, name)]
    if not names:
        found.unlabeled += 1
        if len(found.others) < 100:
            found.others.update(_attributes(item))
        return
    having.update(names)
    # Before any file is asked for under such a name.
    texts = [("the data object", item.source)]
    texts += [(f"the label {n}", item.data[n]) for n in names if isinstance(item.data[n], str)]
    bounds.check_texts(texts, where)
    if "source-ref" in item.data:
        found.folder = common_folder(found.folder, item.source)
    found.items += max(_note(found, item, name, documents, where) for name in names)


def _note(found: Survey, item: manifest.Item, name: str, documents: Documents, where: str) -> int:
    """Notes what is in a label; how many items it has."""
    about = Node(item.data, where)[f"{name}{METADATA}"]
    value = item.data[name]
    if label_reading.shape_of(about) == "boxes" and isinstance(value, dict):
        # The second pass reads them; here only what they are called matters.
        for number, called in label_reading.class_names(about).items():
            found.seen.add(name, called, number)
        boxes = value.get("annotations")
        found.kinds["box"] += len(boxes) if isinstance(boxes, list) else 0
        return 1
    label = label_reading.read_label(item, name, where.rpartition(" line ")[0])
    assert label is not None
    if isinstance(label.value, MaskLabel):
        found.kinds["mask"] += 1
    number = 0
    for part in collect(item, label, found.seen, documents, where):
        number += 1
        found.kinds.update(one.kind for one in part.item.objects)
        found.kinds["class"] += len(part.item.tags)
        found.kinds["spans"] += len(part.item.spans)
    return number


def head(
    found: Survey,
    wanted: Wanted,
    *,
    name: str = "dataset",
    created: str = "1970-01-01T00:00:00",
    frame_rate: int = 30,
    home: str | None = None,
) -> tuple[Head, Classes]:
    """What is said of the whole data set, and what its classes are called."""
    classes = decide(wanted.attributes, found.seen, wanted.categories, wanted.conflict)
    points: dict[str, tuple[str, ...]] = {}
    for attribute in wanted.attributes:
        for label in found.seen.classes.get(attribute, {}):
            seen = found.seen.points.get(label)
            if seen:
                known = [*wanted.keypoints, *(p for p in seen if p not in wanted.keypoints)]
                listed = known if set(wanted.keypoints) & set(seen) else seen
                points[classes.name(attribute, label)] = tuple(listed)
    return (
        Head(
            classes.names,
            points,
            subsets=("train", "val") if wanted.held_back else ("train",),
            name=name,
            created=created,
            frame_rate=frame_rate,
            home=home,
        ),
        classes,
    )


def items(
    sources: Sequence[Source],
    wanted: Wanted,
    *,
    found: Survey,
    classes: Classes,
    documents: Documents,
    size_of: Callable[[Item], Size | None] = lambda _: None,
) -> Iterator[Item]:
    """The second pass: every item, named, in the order of the manifests.

    Args:
        sources: the manifests, as in the first pass.
        wanted: what was asked for.
        found: by the first pass.
        classes: what classes are called.
        documents: the files that manifests point to.
        size_of: asked for the size of an image whose label does not say it.
    """
    names = Names(found.folder or "")
    quick = quick_boxes.reader(wanted.attributes, classes)
    subset = "train"
    for place, number, read in each_line(sources, quick):
        if isinstance(read, manifest.Item):
            yield from _slowly(
                read,
                place,
                wanted=wanted,
                names=names,
                classes=classes,
                documents=documents,
                size_of=size_of,
            )
            continue
        uri, size, objects = read
        name = names.give(uri, (place, number))
        if wanted.held_back:
            subset = _subset(uri, wanted.held_back)
        made = Item(name, uri, size, objects, subset=subset)
        if size is None or 0 in size:
            size = size_of(made)
            made = made if size is None else replace(made, size=size)
        yield made


def _slowly(
    item: manifest.Item,
    place: str,
    *,
    wanted: Wanted,
    names: Names,
    classes: Classes,
    documents: Documents,
    size_of: Callable[[Item], Size | None],
) -> Iterator[Item]:
    """The items of a line that is not one of plain boxes; none where it has no label."""
    where = manifest.at_line(place, item.number)
    found = [label_reading.read_label(item, name, place) for name in wanted.attributes]
    labels = [label for label in found if label is not None]
    if not labels:
        return
    by_attribute = [
        list(_sound(parts(item, one, classes, documents, where), where)) for one in labels
    ]
    if len({len(one) for one in by_attribute}) > 1:
        raise ExportError(
            where, "ATTRIBUTES_DIFFER", "one label is of a video, another is not", "alike ones"
        )
    uri = item.source if "source-ref" in item.data else ""
    own = (place, item.number) if uri else None
    is_video = by_attribute[0] and by_attribute[0][0].sequence is not None
    sequence = Item(names.give(uri, own), uri).stem if is_video else None
    subset = _subset(uri or item.text, wanted.held_back)
    for same in zip(*by_attribute, strict=True):
        first = same[0]
        made = replace(
            merged([part.item for part in same]),
            name=names.give(first.uri or f"text-{item.number:06d}", own)
            if sequence is None
            else names.below(sequence, first.base),
            sequence=sequence,
            frame=first.frame,
            subset=subset,
        )
        if made.size is None or 0 in made.size:
            size = size_of(made)
            made = made if size is None else replace(made, size=size)
        yield made


def _sound(read: Iterable[Part], where: str) -> Iterator[Part]:
    for part in read:
        bounds.check(part.item, where)
        yield part


def _subset(key: str, held_back: float) -> str:
    digest = hashlib.blake2b(key.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return "val" if int.from_bytes(digest) % 10_000 < held_back * 100 else "train"


Quick = TypeVar("Quick")


def each_line(
    sources: Sequence[Source], quick: Callable[[str], Quick | None]
) -> Iterator[tuple[str, int, Quick | manifest.Item]]:
    """URI, number and content of every line: what `quick` makes of it, or the item on it."""
    for source in sources:
        blank = 0
        for number, text in enumerate(source.lines(), start=1):
            found: Quick | manifest.Item | Problem | None = quick(text)
            if found is None:
                found = manifest.parse_line(number, text, uri=source.uri, limits=False)
            if found is None:
                blank = blank or number
                continue
            if blank:
                raise UnreadableError(manifest.blank_line(source.uri, blank))
            if isinstance(found, Problem):
                raise UnreadableError(found)
            yield source.uri, number, found


def _attributes(item: manifest.Item) -> list[str]:
    return [key.removesuffix(METADATA) for key in item.data if key.endswith(METADATA)]
