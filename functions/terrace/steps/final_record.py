"""What a batch leaves behind of items without a label, or without the review that was asked for.

Two manifests under `batches/<batchId>/final/g<generation>/`, written before the batch ends:
`unlabeled-by-lane.manifest` has the items that nobody labeled, `unreviewed.manifest` those whose
label stands although a review of it gave no answer. Each line is the item as the lane last saw it,
so it can be posted again, plus `terrace-record` with the lane, the item's place in it, and why.
A lane is named by its last job; where lanes fork, an item without a label is told of once, in the
first of them. Where no job of a lane delivered, its items are read from what its first job was
given, if that is in the batch bucket; a user's manifest is not read: `problem` names it, and the
counts are null, because they are not known.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain

from terrace.domain import manifest, s3uri
from terrace.domain.records import FinalRecord, JobRecord
from terrace.domain.status import JobStatus
from terrace.errors import PermanentError
from terrace.ports import Clock, ObjectStore
from terrace.steps import lane
from terrace.steps.final_lanes import delivered, failure
from terrace.steps.final_lanes import path as path_of
from terrace.steps.whole_output import write_whole_outputs

RECORD = "terrace-record"
LINES_BETWEEN_LOOKS = 500
"""Lines after which the clock is read again."""
LANES_NAMED = 5
"""Of lanes that delivered nothing, those that the problem names; job rows name all."""


class _OutOfTimeError(Exception):
    """The record would take longer than the end of the batch may wait for it."""


@dataclass(frozen=True)
class _Lane:
    """A lane that may have gaps: its first and last job, the last that delivered, what stopped it.

    A job has delivered if it left an output, or if none of its items had to go to people.
    """

    first: JobRecord
    last: JobRecord
    delivered: JobRecord | None
    """None: no job of the lane did."""
    stopped_by: JobRecord | None
    """The first job of the lane after `delivered`: it gave no answer at all."""


@dataclass
class Recorder:
    """Writes the two manifests. `seconds`: how long it may take; the rest is left out, and said."""

    objects: ObjectStore
    clock: Clock
    batch_bucket: str
    seconds: float

    def write(self, batch_id: str, generation: int, jobs: list[JobRecord]) -> FinalRecord:
        """Writes what there is to tell, and says where. Repeating it writes the same again.

        Never in the way of the batch's end: what cannot be read is told in `problem`.
        """
        self._deadline = self.clock.now() + self.seconds
        lanes = list(_lanes(jobs))
        out_of_reach = {
            found.first.jobName: found.first
            for found in lanes
            if found.delivered is None and not self._readable(found.first)
        }
        lanes = [found for found in lanes if found.first.jobName not in out_of_reach]
        # None until it is known: what could not be read is not a zero.
        record = FinalRecord(
            unlabeledItems=None, unreviewedItems=None, problem=_told(list(out_of_reach.values()))
        )
        written, problems = write_whole_outputs(jobs, self.objects)
        record = record.model_copy(update={"wholeOutputs": written})
        for problem in problems:
            record = _with_problem(record, problem)
        to_review = any(lane.starts_labeled(job) for job in out_of_reach.values())
        for name, file, once, wanted in (
            ("unlabeled", "unlabeled-by-lane", True, _unlabeled),
            ("unreviewed", "unreviewed", False, _unreviewed),
        ):
            uri = s3uri.of(
                self.batch_bucket,
                "batches",
                batch_id,
                "final",
                f"g{generation}",
                f"{file}.manifest",
            )
            try:
                count = self._file(uri, lanes, wanted, once)
            except (PermanentError, ValueError) as error:
                return _with_problem(record, f"{name} items: {error}")
            except _OutOfTimeError:
                problem = f"{name} items: not written within {self.seconds:g} seconds"
                return _with_problem(record, problem)
            changes: dict[str, object] = {f"{name}ManifestS3Uri": uri} if count else {}
            if not out_of_reach or (name == "unreviewed" and not to_review):
                changes[f"{name}Items"] = count
            record = record.model_copy(update=changes)
        return record

    def _file(self, uri: str, lanes: list[_Lane], wanted: "_Wanted", once: bool) -> int:
        """Writes one file, if it has a line; the number of its lines."""
        lines = self._lines(lanes, wanted, once)
        first = next(lines, None)
        return 0 if first is None else self.objects.write_lines(uri, chain([first], lines))

    def _lines(self, lanes: list[_Lane], wanted: "_Wanted", once: bool) -> Iterator[str]:
        """One file's lines. `once`: lanes that fork tell of an item only in the first of them."""
        read = 0
        branches = Counter(found.first.jobName for found in lanes)
        told: dict[str, set[int]] = {}
        for found in lanes:
            seen = told.setdefault(found.first.jobName, set())
            accepted = self._accepted(found)
            for item in self._items(found):
                read += 1
                if read % LINES_BETWEEN_LOOKS == 0 and self.clock.now() >= self._deadline:
                    raise _OutOfTimeError
                reason = wanted(found, item)
                if reason is None or item.index in seen:
                    continue
                if item.attribute is not None and item.index in accepted:
                    continue
                if once and branches[found.first.jobName] > 1:
                    seen.add(item.index)
                about = {"lane": found.last.jobName, "item": item.index, "reason": reason}
                yield manifest.dump({**item.item.data, RECORD: about})

    def _items(self, found: _Lane) -> Iterator[lane.LaneItem]:
        if found.delivered is None:
            return lane.before(found.first, self.objects)
        return lane.after(found.delivered, self.objects)

    def _accepted(self, found: _Lane) -> set[int]:
        """Items that the job which gave no answer would not have given to people anyway."""
        job = found.stopped_by
        return set() if job is None else lane.accepted(job, self.objects)

    def _readable(self, first: JobRecord) -> bool:
        """Users' buckets are not open to the end of a batch; what a batch wrote is."""
        uri = lane.start_uri(first)
        return uri is not None and uri.startswith(s3uri.of(self.batch_bucket, "batches") + "/")


_Wanted = Callable[[_Lane, lane.LaneItem], str | None]


def _unlabeled(found: _Lane, item: lane.LaneItem) -> str | None:
    """Why an item has no label at all."""
    if item.attribute is not None:
        return None
    if found.delivered is None and not item.why:
        return failure(found.first)
    return item.why or "not labeled"


def _unreviewed(found: _Lane, item: lane.LaneItem) -> str | None:
    """Why the label of an item was not reviewed although its lane has a review for it."""
    if item.attribute is None:
        return None
    if found.stopped_by is not None:
        return failure(found.stopped_by)
    return None if not item.why or item.accepted else item.why


def _told(jobs: list[JobRecord]) -> str | None:
    """Lanes of which no job delivered, and whose items are in files that may not be read here."""
    parts = []
    for job in jobs[:LANES_NAMED]:
        items = "items" if job.numItems is None else f"{job.numItems} items"
        done = "reviewed" if lane.starts_labeled(job) else "labeled"
        parts.append(
            f"none of the {items} in {job.spec.inputConfig.inputManifestS3Uri} was {done} "
            f"({failure(job)})"
        )
    if len(jobs) > LANES_NAMED:
        parts.append(f"nor those of {len(jobs) - LANES_NAMED} more jobs")
    return "; ".join(parts) or None


def _with_problem(record: FinalRecord, problem: str) -> FinalRecord:
    told = problem if record.problem is None else f"{problem}; {record.problem}"
    return record.model_copy(update={"problem": told})


def _lanes(jobs: list[JobRecord]) -> Iterator[_Lane]:
    """Each lane that may have gaps, in the order of the last jobs' places in the batch."""
    by_name = {job.jobName: job for job in jobs}
    sources = {job.spec.inputConfig.chainFromJobName for job in jobs}
    for last in sorted(jobs, key=lambda job: job.index):
        if last.jobName in sources:
            continue
        path = list(path_of(last, by_name))
        stopped_by = None
        for job in path:
            if delivered(job):
                if stopped_by is not None or not all(map(_whole, path)):
                    yield _Lane(path[-1], last, job, stopped_by)
                break
            stopped_by = job
        else:
            yield _Lane(path[-1], last, None, stopped_by)


def _whole(job: JobRecord) -> bool:
    """True if a job was given its whole lane and every item of it came back labeled."""
    return (
        job.status is JobStatus.COMPLETE
        and job.carriedS3Uri is None
        and job.numItems is not None
        and job.numItemsLabeled == job.numItems
    )
