"""What a batch leaves behind of items without a label, or without the review that was asked for.

Two manifests under `batches/<batchId>/final/g<generation>/`, written before the batch ends:
`unlabeled.manifest` has the items that nobody labeled, `unreviewed.manifest` those whose label
stands although a review of it gave no answer. Each line is the item as the lane last saw it, so it
can be posted again, plus `terrace-record` with the lane, the item's place in it, and the reason.
A lane is named by its last job. Where a lane delivered nothing at all, its items are in its input
as they were, and the job's own row says why.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain

from terrace.domain import manifest, s3uri
from terrace.domain.records import FinalRecord, JobRecord
from terrace.domain.status import JobStatus
from terrace.errors import PermanentError
from terrace.ports import Clock, ObjectStore
from terrace.steps import lane

RECORD = "terrace-record"
LINES_BETWEEN_LOOKS = 500
"""Lines after which the clock is read again."""


class _OutOfTimeError(Exception):
    """The record would take longer than the end of the batch may wait for it."""


@dataclass(frozen=True)
class _Lane:
    """A lane that may have gaps: its last job, the last that delivered, and what stopped it."""

    last: JobRecord
    delivered: JobRecord
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
        record = FinalRecord()
        for name, wanted in (("unlabeled", _unlabeled), ("unreviewed", _unreviewed)):
            uri = s3uri.of(
                self.batch_bucket,
                "batches",
                batch_id,
                "final",
                f"g{generation}",
                f"{name}.manifest",
            )
            try:
                count = self._file(uri, lanes, wanted)
            except (PermanentError, ValueError) as error:
                return record.model_copy(update={"problem": f"{name} items: {error}"})
            except _OutOfTimeError:
                return record.model_copy(
                    update={"problem": f"{name} items: not written within {self.seconds:g} seconds"}
                )
            if count:
                record = record.model_copy(
                    update={f"{name}ManifestS3Uri": uri, f"{name}Items": count}
                )
        return record

    def _file(self, uri: str, lanes: list[_Lane], wanted: "_Wanted") -> int:
        """Writes one file, if it has a line; the number of its lines."""
        lines = self._lines(lanes, wanted)
        first = next(lines, None)
        return 0 if first is None else self.objects.write_lines(uri, chain([first], lines))

    def _lines(self, lanes: list[_Lane], wanted: "_Wanted") -> Iterator[str]:
        read = 0
        for found in lanes:
            for item in lane.after(found.delivered, self.objects):
                read += 1
                if read % LINES_BETWEEN_LOOKS == 0 and self.clock.now() >= self._deadline:
                    raise _OutOfTimeError
                reason = wanted(found, item)
                if reason is not None:
                    about = {"lane": found.last.jobName, "item": item.index, "reason": reason}
                    yield manifest.dump({**item.item.data, RECORD: about})


_Wanted = Callable[[_Lane, lane.LaneItem], str | None]


def _unlabeled(found: _Lane, item: lane.LaneItem) -> str | None:
    """Why an item has no label at all."""
    return None if item.attribute is not None else item.why or "not labeled"


def _unreviewed(found: _Lane, item: lane.LaneItem) -> str | None:
    """Why the label of an item was not reviewed although its lane has a review for it."""
    if item.attribute is None:
        return None
    if found.stopped_by is not None:
        job = found.stopped_by
        return f"{job.jobName}: {job.failureReason or job.status.value}"
    return None if item.why in ("", lane.ACCEPTED) else item.why


def _lanes(jobs: list[JobRecord]) -> Iterator[_Lane]:
    """Each lane that may have gaps, in the order of the last jobs' places in the batch."""
    by_name = {job.jobName: job for job in jobs}
    sources = {job.spec.inputConfig.chainFromJobName for job in jobs}
    for last in sorted(jobs, key=lambda job: job.index):
        if last.jobName in sources:
            continue
        path = list(_path(last, by_name))
        stopped_by = None
        for job in path:
            if job.outputManifestS3Uri is not None or job.carriedS3Uri is not None:
                if stopped_by is not None or not all(map(_whole, path)):
                    yield _Lane(last, job, stopped_by)
                break
            stopped_by = job


def _path(job: JobRecord, by_name: dict[str, JobRecord]) -> Iterator[JobRecord]:
    """The job and those it goes back to, nearest first."""
    current: JobRecord | None = job
    while current is not None:
        yield current
        source = current.spec.inputConfig.chainFromJobName
        current = by_name.get(source) if source is not None else None


def _whole(job: JobRecord) -> bool:
    """True if a job was given its whole lane and every item of it came back labeled."""
    return (
        job.status is JobStatus.COMPLETE
        and job.carriedS3Uri is None
        and job.numItems is not None
        and job.numItemsLabeled == job.numItems
    )
