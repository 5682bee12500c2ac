"""Runs a gate's checks over the lane's items: the catalog's own, and the user's function."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from terrace.domain import modalities
from terrace.domain.gates import UNREADABLE
from terrace.domain.label_values import LabeledItem
from terrace.domain.quality import disagreement, item_checks
from terrace.domain.quality.catalog import CHECKS, LAMBDA
from terrace.domain.quality.findings import Finding
from terrace.domain.records import JobRecord
from terrace.domain.request import Gate
from terrace.ports import Functions, ObjectStore
from terrace.steps import gate_own
from terrace.steps.gate_answers import answers
from terrace.steps.gate_reading import UNREADABLE_CHECK, Seen
from terrace.steps.lane import LaneItem
from terrace.steps.prepare_lane import LaneFiles

DISAGREEMENT = "disagreement"


@dataclass(frozen=True)
class Looked:
    """What a gate looks at."""

    job: JobRecord
    source: JobRecord
    gate: Gate
    audited: str
    files: LaneFiles

    def asked(self, names: Iterable[str]) -> dict[str, float | None]:
        """Of these checks, those that the gate names, with their thresholds."""
        known = set(names)
        return {
            wanted.check: wanted.threshold
            for wanted in self.gate.checks or []
            if wanted.check in known
        }

    def number(self, name: str) -> int | None:
        """The place of a check in the gate's list."""
        for number, wanted in enumerate(self.gate.checks or []):
            if wanted.check == name:
                return number
        return None


@dataclass
class Found:
    """What the checks found."""

    all: list[Finding] = field(default_factory=list)
    by_item: dict[int, list[tuple[int, Finding]]] = field(default_factory=dict)
    """By place: number of the gate's check, and what it found."""

    def add(self, number: int | None, finding: Finding) -> None:
        """`number` None: of no check that the gate asked for; it is on record, and selects not."""
        self.all.append(finding)
        if number is not None:
            self.by_item.setdefault(finding.item, []).append((number, finding))


def run_checks(
    looked: Looked,
    reading: Iterator[tuple[LaneItem, Seen]],
    objects: ObjectStore,
    functions: Functions,
) -> Found:
    """Reads every item once, and asks every check that the gate names.

    Raises:
        OwnFunctionError: a function of the user's failed, or answered what means nothing.
    """
    found = Found()
    of_items = looked.asked(row.name for row in item_checks.OF_ITEMS)
    labeled: list[LabeledItem] = []
    places: list[int] = []
    for _, seen in reading:
        for finding in seen.findings:
            found.add(UNREADABLE, finding)
        if of_items:
            labeled.append(seen.labeled)
        places.append(seen.place)
    if of_items:
        for finding in item_checks.check(labeled, looked.audited, checks=of_items):
            _note(found, looked, replace(finding, item=places[finding.item]))
    if looked.number(DISAGREEMENT) is not None:
        for finding in _disagreement(looked, set(places), objects):
            _note(found, looked, finding)
    _own(found, looked, set(places), functions)
    return found


def _note(found: Found, looked: Looked, finding: Finding) -> None:
    number = looked.number(finding.check)
    found.add(UNREADABLE if finding.check == UNREADABLE_CHECK else number, finding)


def _disagreement(looked: Looked, places: set[int], objects: ObjectStore) -> Iterator[Finding]:
    """Of the workers of the job before, on the items that could be sent."""
    source = looked.source
    own = looked.files.places(source) if source.carriedS3Uri is not None else None
    given, wrong = answers(source, own, objects)
    threshold = looked.asked([DISAGREEMENT])[DISAGREEMENT]
    shape = modalities.get(source.spec.jobModality).output_shape
    for finding in disagreement.check(given, shape, threshold=threshold):
        if finding.item in places:
            yield finding
    for sentence in wrong:
        # Of the lane as a whole: nothing is accepted because an answer could not be read.
        yield Finding(
            check=DISAGREEMENT,
            severity=CHECKS[DISAGREEMENT].severity,
            sentence=f"A worker's answers could not be read: {sentence}.",
            item=-1,
        )


def _own(found: Found, looked: Looked, places: set[int], functions: Functions) -> None:
    for number, wanted in enumerate(looked.gate.checks or []):
        if wanted.check != LAMBDA or wanted.functionArn is None:
            continue
        items = looked.files.items(looked.job, looked.source)
        for finding in gate_own.ask(
            functions,
            wanted.functionArn,
            (item for item in items if item.index in places),
            job=looked.job,
            attribute=looked.audited,
            threshold=wanted.threshold,
        ):
            found.add(number, finding)
