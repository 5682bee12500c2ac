"""Runs a gate's checks over the lane's items: the catalog's own, and the user's function."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from terrace.domain import modalities
from terrace.domain.gates import PARTLY_UNREADABLE, UNREADABLE
from terrace.domain.label_values import LabeledItem
from terrace.domain.quality import (
    disagreement,
    gold,
    gold_truth,
    item_checks,
    sequence,
    track_checks,
)
from terrace.domain.quality.catalog import LAMBDA
from terrace.domain.quality.catalog_tracks import TRACK_CHECKS
from terrace.domain.quality.findings import Finding, Severity
from terrace.domain.records import JobRecord
from terrace.domain.request import Gate
from terrace.domain.worker_responses import WorkerAnswer
from terrace.ports import Functions, ObjectStore
from terrace.steps import gate_own, mask_files
from terrace.steps.gate_answers import answers
from terrace.steps.gate_reading import UNREADABLE_CHECK, Seen
from terrace.steps.job_output import texts
from terrace.steps.lane import LaneItem
from terrace.steps.prepare_lane import LaneFiles

DISAGREEMENT, GOLD = "disagreement", "gold"


Answers = dict[int, tuple[WorkerAnswer, ...]]


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
    of_tracks = looked.asked(row.name for row in TRACK_CHECKS)
    if of_tracks:
        # What cannot be read cannot be vouched for, whatever else is asked.
        of_tracks |= {name: None for name in sequence.NOT_CHECKED if name not in of_tracks}
    with_gold = looked.number(GOLD) is not None
    labeled: list[LabeledItem] = []
    places: list[int] = []
    for _, seen in reading:
        for finding in seen.findings:
            found.add(UNREADABLE, finding)
        if of_tracks and seen.document is not None:
            for finding in _tracks(seen, of_tracks):
                _note(found, looked, finding)
        if of_items or with_gold:
            labeled.append(seen.labeled)
        places.append(seen.place)
    if of_items:
        for finding in item_checks.check(labeled, looked.audited, checks=of_items):
            _note(found, looked, replace(finding, item=places[finding.item]))
    if with_gold or looked.number(DISAGREEMENT) is not None:
        given, wrong = _answers(looked, objects)
        asking = looked.number(DISAGREEMENT if not with_gold else GOLD)
        for place, sentence in wrong:
            found.add(asking, _unreadable_answer(place, sentence))
        known = set(places)
        given = {place: said for place, said in given.items() if place in known}
        for finding in _disagreement(looked, given):
            _note(found, looked, finding)
        if with_gold:
            for finding in _gold(looked, labeled, places, given, objects):
                _note(found, looked, finding)
    _own(found, looked, set(places), functions)
    return found


def _note(found: Found, looked: Looked, finding: Finding) -> None:
    number = looked.number(finding.check)
    if number is None and finding.check in sequence.NOT_CHECKED:
        whole = finding.frameNo is None and finding.object is None
        number = UNREADABLE if whole else PARTLY_UNREADABLE
    found.add(number, finding)


def _tracks(seen: Seen, asked: dict[str, float | None]) -> list[Finding]:
    loaded = sequence.load(seen.document, item=seen.place, class_names=seen.class_names)
    return track_checks.check(loaded, checks=asked, frames=seen.frames or None)


def _answers(looked: Looked, objects: ObjectStore) -> tuple[Answers, list[tuple[int, str]]]:
    """What the workers of the job before answered, by place in the lane."""
    source = looked.source
    own = looked.files.places(source) if source.carriedS3Uri is not None else None
    return answers(source, own, objects)


def _disagreement(looked: Looked, given: Answers) -> list[Finding]:
    if looked.number(DISAGREEMENT) is None:
        return []
    threshold = looked.asked([DISAGREEMENT])[DISAGREEMENT]
    shape = modalities.get(looked.source.spec.jobModality).output_shape
    return disagreement.check(given, shape, threshold=threshold)


def _unreadable_answer(place: int, sentence: str) -> Finding:
    return Finding(
        check=UNREADABLE_CHECK,
        severity=Severity.warning,
        sentence=f"A worker's answers could not be read: {sentence.rstrip('.')}.",
        item=place,
    )


def _gold(
    looked: Looked,
    labeled: list[LabeledItem],
    places: list[int],
    given: Answers,
    objects: ObjectStore,
) -> Iterator[Finding]:
    """What the known labels say of the items, and of those who labeled them."""
    uri = looked.job.spec.inputConfig.goldManifestS3Uri
    if uri is None:
        return
    known = gold_truth.read(texts(objects, uri), uri=uri, attribute=looked.audited)
    order = {place: number for number, place in enumerate(places)}
    found = gold.check(
        labeled,
        known,
        looked.audited,
        answers={order[place]: said for place, said in given.items()},
        threshold=looked.asked([GOLD])[GOLD],
        documents=objects.get_json,
        masks=mask_files.reader(objects),
    )
    for finding in found:
        yield replace(finding, item=places[finding.item])


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
