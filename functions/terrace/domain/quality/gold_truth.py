"""Gold items, read: data objects whose right label is known, from a manifest of their own.

A line of it is a line as Ground Truth writes them: the data object (`source-ref` or `source`), the
right label under any one attribute, and that attribute's `-metadata` with its type.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from terrace.domain import label_reading, manifest
from terrace.domain.json_reading import UnreadableError
from terrace.domain.label_values import Label
from terrace.domain.manifest import Item
from terrace.domain.problems import Problem

_EXAMPLE = (
    'the right label and its metadata: {"source-ref": "s3://bucket/1.jpg", "kind": 0, '
    '"kind-metadata": {"type": "groundtruth/image-classification", "class-name": "Owl"}}'
)


@dataclass(frozen=True)
class Truth:
    """One gold item."""

    item: Item
    """Its line in the gold manifest."""
    label: Label
    """The right one."""


@dataclass
class Gold:
    """All gold items, by data object."""

    truths: dict[str, Truth] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    """Lines that are no gold items, and why; nobody is scored by them."""


def read(
    lines: Iterable[str],
    *,
    uri: str = "",
    attribute: str | None = None,
    older: Sequence[str] = (),
) -> Gold:
    """The gold items of a manifest.

    Args:
        lines: of the manifest.
        uri: of the manifest; problems name it.
        attribute: that holds the right label where a line has several. A line that has only one
            label, under whatever name, needs none.
        older: attributes that hold it, in this order, in lines without that one.
    """
    gold = Gold()
    for found in manifest.read(lines, uri=uri, limits=False):
        if isinstance(found, Problem):
            gold.problems.append(found)
            continue
        where = manifest.at_line(uri, found.number).strip()
        try:
            labels = label_reading.read_item(found, uri).labels
        except UnreadableError as error:
            gold.problems.append(error.problem)
            continue
        named = (labels[name] for name in (attribute or "", *older) if labels.get(name))
        label = next(named, next(iter(labels.values())) if len(labels) == 1 else None)
        if label is None:
            names = ", ".join(labels) or "none"
            gold.problems.append(
                Problem(
                    path=where,
                    code="GOLD_LABEL_UNCLEAR" if labels else "GOLD_LABEL_MISSING",
                    problem=f"which label is the right one is not said; its labels are {names}"
                    if labels
                    else "the line has no label",
                    fix=f"one of them, or the attribute {attribute or 'named'}"
                    if labels
                    else _EXAMPLE,
                )
            )
        elif found.source in gold.truths:
            gold.problems.append(
                Problem(
                    path=where,
                    code="GOLD_TWICE",
                    problem=f"line {gold.truths[found.source].item.number} is about the same "
                    "data object",
                    fix="every gold item once: the first line counts",
                )
            )
        else:
            gold.truths[found.source] = Truth(found, label)
    return gold
