"""A data set from manifests: a first pass that learns what is in it, a second that yields it.

Both passes stream; between them only names of classes are kept. Several manifests (a second round
of new images) become one data set, several attributes of one line (boxes and lanes) one item.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from terrace.domain import label_reading, manifest
from terrace.domain.exports.classes import Classes, Conflict, Seen, decide
from terrace.domain.exports.from_labels import Documents, Part, collect, merged, parts
from terrace.domain.exports.model import ExportError, Head, Item, Kind, Size
from terrace.domain.exports.names import Names, common_folder
from terrace.domain.json_reading import Node, UnreadableError
from terrace.domain.label_values import Label, MaskLabel
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
    having: Counter[str] = Counter()
    for where, item in _items(sources):
        found.lines += 1
        step(found.lines)
        names = [name for name in wanted.attributes if manifest.is_labeled(item, name)]
        if not names:
            found.unlabeled += 1
            if len(found.others) < 100:
                found.others.update(_attributes(item))
            continue
        having.update(names)
        if "source-ref" in item.data:
            found.folder = common_folder(found.folder, item.source)
        found.items += max(_note(found, item, name, documents, where) for name in names)
    found.kinds = +found.kinds
    missing = [name for name in wanted.attributes if not having[name]]
    if missing:
        others = ", ".join(found.others) or "none"
        raise ExportError(
            sources[0].uri if sources else "manifest",
            "ATTRIBUTE_ABSENT",
            f"no line has a label under {missing[0]!r}",
            f"a label attribute of the manifest; it has: {others}",
        )
    return found


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
    for where, item, labels in _labeled(sources, wanted.attributes):
        if not labels:
            continue
        by_attribute = [list(parts(item, one, classes, documents, where)) for one in labels]
        if len({len(one) for one in by_attribute}) > 1:
            raise ExportError(
                where, "ATTRIBUTES_DIFFER", "one label is of a video, another is not", "alike ones"
            )
        uri = item.source if "source-ref" in item.data else ""
        if uri:
            names.once(uri, where)
        is_video = by_attribute[0] and by_attribute[0][0].sequence is not None
        sequence = Item(names.give(uri), uri).stem if is_video else None
        subset = _subset(uri or item.text, wanted.held_back)
        for same in zip(*by_attribute, strict=True):
            made = _named(same, names, sequence, subset, item.number)
            if made.size is None or 0 in made.size:
                size = size_of(made)
                made = made if size is None else replace(made, size=size)
            yield made


def _named(
    same: Sequence[Part], names: Names, sequence: str | None, subset: str, number: int
) -> Item:
    made = merged([part.item for part in same])
    first = same[0]
    if sequence is not None:
        name = names.below(sequence, first.base)
    else:
        name = names.give(first.uri or f"text-{number:06d}")
    return replace(made, name=name, sequence=sequence, frame=first.frame, subset=subset)


def _subset(key: str, held_back: float) -> str:
    digest = hashlib.blake2b(key.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return "val" if int.from_bytes(digest) % 10_000 < held_back * 100 else "train"


def _labeled(
    sources: Sequence[Source], attributes: Sequence[str]
) -> Iterator[tuple[str, manifest.Item, list[Label]]]:
    """Every line with those labels of it that were asked for."""
    for where, item in _items(sources):
        uri = where.rpartition(" line ")[0]
        found = [label_reading.read_label(item, name, uri) for name in attributes]
        yield where, item, [label for label in found if label is not None]


def _items(sources: Sequence[Source]) -> Iterator[tuple[str, manifest.Item]]:
    for source in sources:
        for item in manifest.read(source.lines(), uri=source.uri, limits=False):
            if isinstance(item, Problem):
                raise UnreadableError(item)
            yield manifest.at_line(source.uri, item.number), item


def _attributes(item: manifest.Item) -> list[str]:
    return [key.removesuffix(METADATA) for key in item.data if key.endswith(METADATA)]
