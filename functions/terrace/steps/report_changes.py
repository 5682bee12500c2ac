"""What a review changed: each label that it was given, against the one that it gave back."""

from collections.abc import Iterable, Iterator
from dataclasses import asdict

from terrace.domain.label_values import LabeledItem
from terrace.domain.quality import changes
from terrace.domain.quality.change_summary import Reviewed, summarize
from terrace.domain.quality.change_summary import Tally as Counted
from terrace.domain.quality.report import Changes, Tally
from terrace.errors import AccessDeniedError, NotFoundError
from terrace.ports import ObjectStore
from terrace.steps import mask_files

TOLD = 20
"""Items that could not be compared, of which the report names the reason."""


class Comparison:
    """Compares the labels of a job's output lines."""

    def __init__(
        self, objects: ObjectStore, before: str, after: str, workers: dict[int, str]
    ) -> None:
        self.objects = objects
        self.before, self.after = before, after
        self.workers = workers
        """By place, the pseudonym of the one person who made the label."""
        self.unreadable: list[str] = []
        self._digest = mask_files.digester(objects)

    def run(self, items: Iterable[LabeledItem], against: str) -> Changes:
        """All lines that both labels are in."""
        found = summarize(self._reviewed(items))
        return Changes(
            **_tally(found.all).model_dump(),
            against=against,
            tolerance=found.tolerance,
            byClass={name: _tally(one) for name, one in sorted(found.byClass.items())},
            byWorker={name: _tally(one) for name, one in sorted(found.byWorker.items())},
            unreadable=self.unreadable[:TOLD],
        )

    def _reviewed(self, items: Iterable[LabeledItem]) -> Iterator[Reviewed]:
        for place, item in enumerate(items):
            old, new = item.labels.get(self.before), item.labels.get(self.after)
            if old is None or new is None:
                if "" in item.failures:
                    self.unreadable.append(f"item {place}: {item.failures['']}")
                continue
            try:
                seen = changes.between(
                    old, new, documents=self.objects.get_json, digest=self._digest
                )
            except (NotFoundError, AccessDeniedError, ValueError) as error:
                self.unreadable.append(f"item {place}: {error}")
                continue
            self.unreadable += [f"item {place}: {why}" for why in seen.unreadable]
            yield Reviewed(place, seen, self.workers.get(place))


def _tally(found: Counted) -> Tally:
    return Tally.model_validate({**asdict(found), "correctionsPerItem": found.correctionsPerItem})
