"""What the checks of whole items look at: one label of each item, its name, its neighbours."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from terrace.domain.label_reading import SHAPES
from terrace.domain.label_values import Label, LabeledItem, Value
from terrace.domain.quality.catalog import CHECKS
from terrace.domain.quality.check import Check
from terrace.domain.quality.findings import Finding

AROUND = 5
"""Items looked at before, and after, one whose neighbours are asked."""
NEIGHBOURS_MIN = 4
"""With fewer neighbours nothing is said: they are no majority of anything."""
QUOTED_MAX = 40


@dataclass(frozen=True)
class Subject:
    """One item of the manifest."""

    index: int
    """Its place in the given order, from 0."""
    item: LabeledItem
    label: Label | None

    @property
    def value(self) -> Value | None:
        """The label's value; None where there is none."""
        return self.label.value if self.label else None

    @property
    def verdict(self) -> bool:
        """True for a reviewer's verdict, which is no class of an item."""
        return self.label is not None and SHAPES.get(self.label.type) == "verdict"

    @property
    def source(self) -> str | None:
        """The S3 URI of the data object; None for a text in the line itself."""
        found = self.item.data.get("source-ref")
        return found if isinstance(found, str) else None

    @property
    def text(self) -> str | None:
        """The text in the line; None where the data object is a file."""
        found = self.item.data.get("source")
        return found if isinstance(found, str) and self.source is None else None

    @property
    def file(self) -> str | None:
        """The file name of the data object, which workers see."""
        return self.source.rsplit("/", 1)[-1] if self.source else None

    @property
    def folder(self) -> str:
        """Where the data object lies; "" for texts in the line."""
        return self.source.rpartition("/")[0] if self.source else ""

    @property
    def name(self) -> str:
        """How sentences name it: its file and line, or its line alone."""
        line = f"line {self.item.number}"
        return f"{self.file} ({line})" if self.file else line


@dataclass(frozen=True)
class Rules:
    """Which checks are asked for, and from where on they flag."""

    thresholds: Mapping[str, float | None]

    def __contains__(self, name: str) -> bool:
        return name in self.thresholds

    def threshold(self, name: str) -> float:
        """The threshold of a check that has one."""
        found = self.thresholds[name]
        assert found is not None, f"{name} has no threshold"
        return found

    def flags(self, name: str, value: float) -> bool:
        """True where the check is asked for and the value is at its threshold or past it."""
        if name not in self:
            return False
        limit = self.threshold(name)
        return value <= limit if CHECKS[name].less_is_worse else value >= limit

    def finding(
        self,
        name: str,
        subject: Subject,
        sentence: str,
        *,
        place: int | None = None,
        object_name: str | None = None,
        label: str | None = None,
        value: float | None = None,
    ) -> Finding:
        """A finding of a check about an item, or about the object at `place` in its list."""
        return Finding(
            check=name,
            severity=CHECKS[name].severity,
            sentence=sentence,
            item=subject.index,
            frame=subject.file,
            object=None if place is None else str(place),
            objectName=object_name,
            label=label,
            value=None if value is None else float(value),
            threshold=self.thresholds[name],
        )


def rules(asked: Mapping[str, float | None] | None, known: Iterable[Check]) -> Rules:
    """The checks of `known` that are asked for, each with its threshold.

    Args:
        asked: names and thresholds, None for a check's own; None: all checks. Checks of other
            kinds are left to their own modules.
        known: rows of the catalog that the caller makes.

    Raises:
        ValueError: a name that no check has.
    """
    if asked is None:
        return Rules({row.name: row.threshold for row in known})
    unknown = sorted(set(asked) - set(CHECKS))
    if unknown:
        raise ValueError(f"no such check: {', '.join(unknown)}; known are {', '.join(CHECKS)}")
    found: dict[str, float | None] = {}
    for row in known:
        if row.name in asked:
            given = asked[row.name]
            # A threshold of a check without a number would be compared with nothing.
            found[row.name] = row.threshold if given is None or row.threshold is None else given
    return Rules(found)


def neighbours(subjects: Iterable[Subject]) -> Iterator[tuple[Subject, list[Subject]]]:
    """Each item with up to five before and five after it, of the same folder, in manifest order.

    Worked number: of items 0..9 in one folder, item 1 has the neighbours 0, 2, 3, 4, 5, 6.
    """
    folders: dict[str, list[Subject]] = defaultdict(list)
    for subject in subjects:
        folders[subject.folder].append(subject)
    for group in folders.values():
        for at, subject in enumerate(group):
            yield subject, group[max(0, at - AROUND) : at] + group[at + 1 : at + 1 + AROUND]


def quoted(text: str) -> str:
    """A piece of a text in quotation marks, shortened, on one line."""
    flat = " ".join(text.split())
    return f'"{flat}"' if len(flat) <= QUOTED_MAX else f'"{flat[: QUOTED_MAX - 1]}…"'


def times(ratio: float) -> str:
    """A ratio in words. Worked numbers: 3.04 -> "3.0 times as", 0.05 -> "1/20 as"."""
    if ratio >= 1:
        return f"{ratio:,.1f} times as" if ratio < 10 else f"{ratio:,.0f} times as"
    return f"1/{1 / ratio:,.1f} as" if ratio > 0.1 else f"1/{1 / ratio:,.0f} as"
