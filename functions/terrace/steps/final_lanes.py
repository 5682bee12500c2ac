"""The lanes of a batch that has ended, read item by item: each with its latest label."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from msgspec import Struct

from terrace.domain import delivery, modalities
from terrace.domain.delivery import LanePart, Passed, Step
from terrace.domain.manifest import Data
from terrace.domain.records import JobRecord
from terrace.domain.status import JobStatus
from terrace.errors import ObjectChangedError, PermanentError
from terrace.ports import ObjectStore
from terrace.steps import lane


@dataclass(frozen=True)
class FinalLane:
    """A lane with its rows."""

    about: delivery.Lane
    path: tuple[JobRecord, ...]
    """The first job first."""
    delivered: JobRecord | None
    """The last job that left anything; None: no job did."""

    @property
    def first(self) -> JobRecord:
        return self.path[0]

    @property
    def start(self) -> str:
        """The manifest that its items came from."""
        return self.first.spec.inputConfig.inputManifestS3Uri or ""

    @property
    def labels(self) -> str:
        """Whose objects its labels hold: lanes of which this is the same fork from one label."""
        given = self.first.spec.inputConfig.auditLabelAttributeName
        return self.first.jobName if given is None else f"{given} of {self.start}"

    @property
    def frames(self) -> bool:
        """True if its labels are SeqLabel.json files."""
        return modalities.get(self.first.spec.jobModality).base_shape == "frames"


def delivered(job: JobRecord) -> bool:
    """Whether a job left items: an output, or nothing had to go to people.

    A carried file alone says only that the job was prepared.
    """
    skipped = job.status is JobStatus.SKIPPED and job.carriedS3Uri is not None
    return job.outputManifestS3Uri is not None or skipped


def path(job: JobRecord, by_name: dict[str, JobRecord]) -> Iterator[JobRecord]:
    """The job and those it goes back to, nearest first."""
    current: JobRecord | None = job
    while current is not None:
        yield current
        source = current.spec.inputConfig.chainFromJobName
        current = by_name.get(source) if source is not None else None


def failure(job: JobRecord) -> str:
    """How a job that left nothing ended."""
    return f"{job.jobName}: {job.failureReason or job.status.value}"


def lanes_of(jobs: Sequence[JobRecord]) -> list[FinalLane]:
    """Every lane, by the place of its last job in the request."""
    by_name = {job.jobName: job for job in jobs}
    sources = {job.spec.inputConfig.chainFromJobName for job in jobs}
    found = [
        _lane(tuple(reversed(list(path(last, by_name)))))
        for last in sorted(jobs, key=lambda job: job.index)
        if last.jobName not in sources
    ]
    # A row without its source is one of a batch whose rows were never all written.
    found = [one for one in found if one.start]
    written = delivery.names([(one.about.name, _makers(one)) for one in found])
    return [
        replace(one, about=replace(one.about, written=names))
        for one, names in zip(found, written, strict=True)
    ]


def _lane(rows: tuple[JobRecord, ...]) -> FinalLane:
    places = [place for place, job in enumerate(rows) if delivered(job)]
    last = places[-1] if places else None
    stopped_by = 0 if last is None else last + 1
    stopped = stopped_by < len(rows)
    about = delivery.Lane(
        steps=tuple(_step(job) for job in rows),
        stopped_by=stopped_by if stopped else None,
        failure=failure(rows[stopped_by]) if stopped else "",
    )
    return FinalLane(about, rows, None if last is None else rows[last])


def _before(found: FinalLane, why: str) -> FinalLane | None:
    """The lane as if the last job that left anything had left nothing; None: no other one did."""
    end = found.path.index(found.delivered) if found.delivered is not None else 0
    places = [place for place in range(end) if delivered(found.path[place])]
    if not places:
        return None
    steps = tuple(
        replace(step, gave=step.gave and place < end)
        for place, step in enumerate(found.about.steps)
    )
    about = replace(found.about, steps=steps, stopped_by=end, failure=why)
    return replace(found, about=about, delivered=found.path[places[-1]])


def _step(job: JobRecord) -> Step:
    modality = modalities.get(job.spec.jobModality)
    chained = job.auditedAttributeName is not None or lane.starts_labeled(job)
    chained = chained or job.spec.inputConfig.chainFromJobName is not None
    return Step(
        job=job.jobName,
        modality=modality.name,
        level=job.level,
        kind="verdict" if modality.verdict_labels else "review" if chained else "label",
        attribute=job.labelAttributeName,
        label=lane.label_attribute(job),
        audited=job.auditedAttributeName or job.spec.inputConfig.auditLabelAttributeName,
        gated=job.gate is not None or job.carriedS3Uri is not None,
        gave=job.outputManifestS3Uri is not None,
        started=job.status not in {JobStatus.DROPPED, JobStatus.SKIPPED},
    )


def _makers(found: FinalLane) -> list[tuple[str, str]]:
    """Label attributes of a lane, and who makes them."""
    makers: dict[str, str] = {}
    given = found.first.spec.inputConfig.auditLabelAttributeName
    if given is not None:
        makers[given] = found.start
    for job in found.path:
        if modalities.get(job.spec.jobModality).makes_base_labels:
            makers.setdefault(job.labelAttributeName, job.jobName)
    return list(makers.items())


class Placed(Struct, frozen=True):
    """An item of a lane, at its place in the start manifest."""

    index: int
    source: str
    data: Data
    part: LanePart


class LaneReader:
    """Reads a lane's items in order. What cannot be read is told; an older label stands for it."""

    def __init__(
        self, found: FinalLane, objects: ObjectStore, *, start_changed: bool = False
    ) -> None:
        self.lane = found
        self.problem: str | None = None
        self.whole = False
        """True once it was read to its end: it has had every item of its start manifest."""
        self._start_changed = start_changed
        self._objects = objects
        self._items = self._read()
        self.head = next(self._items, None)

    def take(self, index: int) -> Placed | None:
        """The item at this place, if the lane has it."""
        found = self.head
        if found is None or found.index != index:
            return None
        self.head = next(self._items, None)
        return found

    def missing(self) -> LanePart:
        """What the lane says of an item that it has not."""
        if self.problem is not None:
            why = self.problem
        elif self.lane.delivered is not None:
            why = f"not among the items that {self.lane.delivered.jobName} left"
        else:
            why = self.lane.about.failure
        return delivery.missing(self.lane.about, why)

    def _read(self) -> Iterator[Placed]:
        """Where a job's output breaks off, the items are read on as the job before it left them."""
        found: FinalLane | None = self.lane
        place = 0
        while found is not None:
            if found.delivered is None and self._start_changed and found.first.carriedS3Uri is None:
                # It left nothing of its own, and the lines there now are not what it was given.
                return
            try:
                for item in self._placed(found):
                    if item.index >= place:
                        place = item.index + 1
                        yield item
            except ObjectChangedError:
                raise
            except (PermanentError, ValueError) as error:
                job = found.delivered or found.first
                why = f"{job.jobName}: its labels could not be read: {error}"
                self.problem = self.problem or why
                found = _before(found, why)
            else:
                self.whole = True
                return

    def _placed(self, found: FinalLane) -> Iterator[Placed]:
        objects = self._objects
        items = (
            lane.before(found.first, objects)
            if found.delivered is None
            else lane.after(found.delivered, objects)
        )
        carried = [
            _Cursor(place, lane.carried_items(job, objects))
            for place, job in enumerate(found.path)
            if job.carriedS3Uri is not None
        ]
        for item in items:
            passed = {
                cursor.place: was
                for cursor in carried
                if (was := cursor.at(item.index)) is not None
            }
            data = item.item.data
            part = delivery.part(found.about, data, item.attribute, item.why, passed)
            yield Placed(item.index, item.item.source, data, part)


class _Cursor:
    """Walks what a job carried, beside the lane's items."""

    def __init__(self, place: int, items: Iterator[lane.LaneItem]) -> None:
        self.place = place
        self._items = items
        self._head = next(items, None)

    def at(self, index: int) -> Passed | None:
        while self._head is not None and self._head.index < index:
            self._head = next(self._items, None)
        found = self._head
        if found is None or found.index != index:
            return None
        return Passed(found.why, found.accepted)


def by_start(lanes: Sequence[FinalLane]) -> dict[str, list[FinalLane]]:
    """Lanes by the manifest that they start from, in the batch's order."""
    groups: dict[str, list[FinalLane]] = defaultdict(list)
    for found in lanes:
        groups[found.start].append(found)
    return dict(groups)
