"""The lines of a job's output with their labels: what is broken is told, and not fatal."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from terrace.domain import manifest
from terrace.domain.json_reading import UnreadableError
from terrace.domain.label_reading import read_item
from terrace.domain.label_values import LabeledItem
from terrace.domain.manifest import Item
from terrace.domain.quality.findings import Finding, Severity
from terrace.ports import ObjectStore
from terrace.steps.job_output import texts

UNREADABLE = "unreadable"


@dataclass
class Items:
    """Reads an output manifest, as often as it is asked for: lines are never kept."""

    objects: ObjectStore
    uri: str
    count: int = 0
    """Of the last reading."""
    broken: dict[int, Finding] = field(default_factory=dict)
    """By place, what could not be read."""

    def __iter__(self) -> Iterator[LabeledItem]:
        """One for every line that is not blank, in order; a broken one has no labels."""
        self.count = 0
        for number, text in enumerate(texts(self.objects, self.uri), start=1):
            if not text.strip():
                continue
            place = self.count
            self.count += 1
            yield self._read(number, place, text)

    def _read(self, number: int, place: int, text: str) -> LabeledItem:
        item = manifest.parse_line(number, text, limits=False)
        if not isinstance(item, Item):
            why = item.problem if item is not None else "it is blank"
            self._note(place, why)
            return LabeledItem(number, {}, {}, {"": why})
        try:
            return read_item(item)
        except UnreadableError as error:
            self._note(place, str(error))
            return LabeledItem(number, item.data, {}, {"": str(error)})

    def _note(self, place: int, why: str) -> None:
        sentence = f"The label of this item cannot be read: {why.rstrip('.')}."
        self.broken[place] = Finding(UNREADABLE, Severity.error, sentence, place)
