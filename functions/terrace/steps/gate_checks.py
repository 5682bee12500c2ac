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
from terrace.steps.gate_time import GateTime
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
    time: GateTime

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
        OutOfTimeError: there is too much to look at.
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
    frames: dict[int, list[str]] = {}
    for _, seen in looked.time.spend(reading, "item"):
        for finding in seen.findings:
            found.add(UNREADABLE, finding)
        if of_tracks and seen.document is not None:
            for finding in _tracks(seen, of_tracks):
                if finding not in seen.findings:
                    _note(found, looked, finding)
        if (of_items or with_gold) and seen.labeled is not None:
            labeled.append(seen.labeled)
        places.append(seen.place)
        frames[seen.place] = seen.frames
    if of_items:
        for finding in item_checks.check(labeled, looked.audited, checks=of_items):
            _note(found, looked, replace(finding, item=places[finding.item]))
    if not with_gold:
        # The workers' answers are as large again.
        labeled.clear()
    if with_gold or looked.number(DISAGREEMENT) is not None:
        by_job, wrong = _answers(looked, set(places), objects)
        asking = looked.number(DISAGREEMENT if not with_gold else GOLD)
        for place, sentence in wrong:
            found.add(asking, _unreadable_answer(place, sentence))
        for job, given in by_job:
            for finding in _disagreement(looked, job, given):
                _note(found, looked, finding)
        if with_gold:
            given = {place: said for _, of_job in by_job for place, said in of_job.items()}
            for finding in _gold(looked, labeled, places, given, objects):
                _note(found, looked, finding)
    _own(found, looked, frames, functions)
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


def _answers(
    looked: Looked, places: set[int], objects: ObjectStore
) -> tuple[list[tuple[JobRecord, Answers]], list[tuple[int, str]]]:
    """What workers last answered, by the job that asked them and the place in the lane.

    A job with a gate, or one that was skipped, passes on labels that an earlier job's workers made:
    of those, that job has the answers.
    """
    found: list[tuple[JobRecord, Answers]] = []
    wrong: list[tuple[int, str]] = []
    wanted = set(places)
    job: JobRecord | None = looked.source
    while job is not None and wanted:
        own = looked.files.places(job) if job.carriedS3Uri is not None else None
        if job.wholesS3Uri is not None:
            # Of clips, nobody answered for the whole item.
            wanted -= set(own or ())
        elif job.attempts:
            only = None if job is looked.source else wanted
            given, bad = answers(job, own, objects, looked.time, only)
            given = {place: said for place, said in given.items() if place in wanted}
            found.append((job, given))
            wrong += bad
            wanted -= {*given, *(place for place, _ in bad)}
        job = looked.files.source(job)
    return found, wrong


def _disagreement(looked: Looked, job: JobRecord, given: Answers) -> list[Finding]:
    if looked.number(DISAGREEMENT) is None:
        return []
    threshold = looked.asked([DISAGREEMENT])[DISAGREEMENT]
    shape = modalities.get(job.spec.jobModality).output_shape
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
    """What the known labels say of the items, and of those who labeled them.

    Raises:
        ValueError: a line of the gold manifest is no gold item; it was one when the batch began.
    """
    uri = looked.job.spec.inputConfig.goldManifestS3Uri
    if uri is None:
        return
    # As it was read when the batch began; behind a skipped job, labels may bear an older name.
    known = gold_truth.read(
        texts(objects, uri),
        uri=uri,
        attribute=looked.source.labelAttributeName,
        older=(looked.source.spec.labelAttributeName or "", looked.audited),
    )
    if known.problems:
        wrong = known.problems[0]
        raise ValueError(f"{wrong.path}: {wrong.problem}; right is {wrong.fix}")
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


def _own(found: Found, looked: Looked, frames: dict[int, list[str]], functions: Functions) -> None:
    for number, wanted in enumerate(looked.gate.checks or []):
        if wanted.check != LAMBDA or wanted.functionArn is None:
            continue
        items = looked.files.items(looked.job, looked.source)
        for finding in gate_own.ask(
            functions,
            wanted.functionArn,
            (item for item in items if item.index in frames),
            job=looked.job,
            attribute=looked.audited,
            frames=frames,
            threshold=wanted.threshold,
            time=looked.time,
        ):
            found.add(number, finding)
