"""Checks of whole items of a manifest: images, classes, texts, single point clouds.

What a label is compared with is in the manifest itself: the items around it, the other objects of
its class, its own image or text. Sequences are looked at frame by frame, by `track_checks`.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from terrace.domain import manifest
from terrace.domain.json_reading import UnreadableError
from terrace.domain.label_reading import read_item
from terrace.domain.label_values import (
    BoxesLabel,
    CuboidsLabel,
    LabeledItem,
    SpansLabel,
)
from terrace.domain.problems import Problem
from terrace.domain.quality import (
    box_checks,
    class_checks,
    cuboid_checks,
    mask_checks,
    span_checks,
)
from terrace.domain.quality.catalog_images import IMAGE_CHECKS
from terrace.domain.quality.findings import Finding, worst_first
from terrace.domain.quality.subjects import NEIGHBOURS_MIN, Rules, Subject, neighbours, rules

OF_ITEMS = tuple(row for row in IMAGE_CHECKS if "track" not in row.kinds)
"""The rows of the catalog that are made here."""

_KINDS: tuple[Callable[[Sequence[Subject], Rules], Iterator[Finding]], ...] = (
    box_checks.check,
    class_checks.check,
    cuboid_checks.check,
    mask_checks.check,
    span_checks.check,
)


def check(
    items: Iterable[LabeledItem],
    attribute: str,
    *,
    checks: Mapping[str, float | None] | None = None,
) -> list[Finding]:
    """Every suspicion about one label attribute of a manifest, worst first.

    Args:
        items: lines of a manifest in its order; `Finding.item` is the place in it, from 0.
        attribute: the label to look at.
        checks: names and thresholds (None: the check's own); None: all checks. Names of other
            modules' checks are left to them.

    Raises:
        ValueError: a name that no check has.
    """
    asked = rules(checks, OF_ITEMS)
    subjects = [
        Subject(index, item, item.labels.get(attribute)) for index, item in enumerate(items)
    ]
    found = [*_unlabeled(subjects, attribute, asked), *_empty(subjects, asked)]
    for of_kind in _KINDS:
        found += of_kind(subjects, asked)
    return sorted(found, key=worst_first)


def read(lines: Iterable[str], uri: str = "") -> Iterator[LabeledItem]:
    """The items of an output manifest, one for each line, whatever is wrong with some of them.

    A line that cannot be read is an item without labels; `failures[""]` says why, and `check`
    makes a finding of it. Blank lines at the end are none.
    """
    for found in manifest.read(lines, uri=uri, limits=False):
        if isinstance(found, Problem):
            number = int(found.path.rsplit(" ", 1)[-1])
            yield LabeledItem(number, {}, {}, {"": f"{found.problem} ({found.fix})"})
            continue
        try:
            yield read_item(found, uri)
        except UnreadableError as error:
            yield LabeledItem(found.number, found.data, {}, {"": str(error)})


def _unlabeled(subjects: Sequence[Subject], attribute: str, rules: Rules) -> Iterator[Finding]:
    if "no-label" not in rules:
        return
    for subject in subjects:
        if subject.label is None:
            failures = subject.item.failures
            why = failures.get(attribute) or failures.get("") or "it is not in the line"
            sentence = f"No label {attribute} of {subject.name} can be read: {why}"
            yield rules.finding("no-label", subject, f"{sentence.rstrip('.')}.")


def _objects(subject: Subject) -> int | None:
    """How many objects are labeled; None where a label is not made of objects."""
    value = subject.value
    if isinstance(value, BoxesLabel):
        return len(value.boxes)
    if isinstance(value, CuboidsLabel):
        return len(value.cuboids)
    return len(value.spans) if isinstance(value, SpansLabel) else None


def _empty(subjects: Sequence[Subject], rules: Rules) -> Iterator[Finding]:
    """Worked number: 10 neighbours, 9 with boxes, none on the item itself: 0.9, threshold 0.8."""
    if "empty-item" not in rules:
        return
    counted = {one.index: number for one in subjects if (number := _objects(one)) is not None}
    for subject, around in neighbours(one for one in subjects if one.index in counted):
        if counted[subject.index] or len(around) < NEIGHBOURS_MIN:
            continue
        full = sum(counted[one.index] > 0 for one in around)
        value = full / len(around)
        if rules.flags("empty-item", value):
            sentence = (
                f"Nothing is labeled in {subject.name}; {full} of the {len(around)} items around "
                "it have objects."
            )
            yield rules.finding("empty-item", subject, sentence, value=value)
