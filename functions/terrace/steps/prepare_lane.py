"""The lane's items before a job: which of them it can be given, and the files they are written to.

Items that are given to people go into the job's manifest, with their latest label under one
attribute; the others are carried, each with the reason and whether its label stands.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from terrace.domain import s3uri
from terrace.domain.records import JobRecord
from terrace.ports import BatchStore, ObjectStore
from terrace.steps import lane
from terrace.steps.job_output import texts


@dataclass
class Survey:
    """What a first look at a lane found."""

    total: int = 0
    labeled: list[int] = field(default_factory=list)
    """Items that can be reviewed: they carry a label, and their lines can be read."""
    attributes: set[str] = field(default_factory=set)
    too_long_renamed: set[int] = field(default_factory=set)
    """Of `labeled`, those whose lines would be too long with the label under another name."""

    def reviewable(self, *, renamed: bool) -> list[int]:
        """The items to choose from."""
        if not renamed:
            return self.labeled
        return [index for index in self.labeled if index not in self.too_long_renamed]


@dataclass(frozen=True)
class Parting:
    """A lane's items, parted."""

    chosen: Collection[int]
    """Places of the items that go to people."""
    why: Mapping[int, str] = field(default_factory=dict)
    """Why each of the others that could have gone does not; else: not in the sample."""
    unlooked: Collection[int] = ()
    """Of the others, those whose labels stand only if the job's lot is accepted."""
    broken: Collection[int] = ()
    """Of the others, those whose labels do not stand."""


@dataclass(frozen=True)
class LaneFiles:
    """Reads and writes them."""

    store: BatchStore
    objects: ObjectStore
    batch_bucket: str

    def source(self, job: JobRecord) -> JobRecord | None:
        """The job that this one chains from."""
        name = job.spec.inputConfig.chainFromJobName
        if name is None or job.sourceLevel is None:
            return None
        source = self.store.get_job(job.batchId, job.sourceLevel, name)
        if source is None:
            raise ValueError(f"{job.jobName} chains from {name}, which has no row")
        return source

    def items(self, job: JobRecord, source: JobRecord | None) -> Iterator[lane.LaneItem]:
        """Every item of the lane with its latest label."""
        spec = job.spec.inputConfig
        if source is not None:
            return lane.after(source, self.objects)
        if spec.inputManifestS3Uri is None or spec.auditLabelAttributeName is None:
            raise ValueError(f"{job.jobName} has neither a source nor a manifest to review")
        return lane.of_manifest(spec.inputManifestS3Uri, spec.auditLabelAttributeName, self.objects)

    def survey(self, job: JobRecord, source: JobRecord | None, audited: str) -> Survey:
        """Counts the lane's items, and finds those that can be given to people."""
        survey = Survey()
        for item in self.items(job, source):
            survey.total += 1
            # A label that Ground Truth wrote may be longer than what it reads.
            if item.attribute is None or lane.too_long(item.item.text):
                continue
            survey.labeled.append(item.index)
            survey.attributes.add(item.attribute)
            if lane.too_long(lane.with_attribute(item, audited)):
                survey.too_long_renamed.add(item.index)
        return survey

    def folder(self, job: JobRecord, kind: str = "", end: str = "") -> str:
        """Of this attempt in this run: what an earlier run wrote is still read."""
        name = f"a{job.attempt}-g{job.generation}{end}"
        parts = [part for part in (kind, name) if part]
        return s3uri.of(self.batch_bucket, "batches", job.batchId, "inputs", job.jobName, *parts)

    def places(self, job: JobRecord) -> list[int]:
        """For each of the job's own items, its place in the lane."""
        if job.carriedS3Uri is None:
            return list(range(job.numItems or 0))
        found: list[int] = self.objects.get_json(lane.selected_uri(job.carriedS3Uri))
        return found

    def carry(
        self,
        job: JobRecord,
        source: JobRecord | None,
        audited: str,
        parting: Parting,
        carried: str,
    ) -> None:
        """Writes the carried items, and beside them the places of the others."""
        self.objects.write_lines(
            carried,
            (
                _carried(job, item, audited, parting)
                for item in self.items(job, source)
                if item.index not in parting.chosen
            ),
        )
        self.objects.put_json(lane.selected_uri(carried), sorted(parting.chosen))

    def give(
        self,
        job: JobRecord,
        source: JobRecord | None,
        audited: str,
        chosen: Collection[int],
        given: str,
    ) -> None:
        """Writes the manifest of the items that go to people, if any does."""
        if chosen:
            self.objects.write_lines(
                given,
                (
                    lane.with_attribute(item, audited)
                    for item in self.items(job, source)
                    if item.index in chosen
                ),
            )

    def rest(self, job: JobRecord, given: str, todo: list[int], folder: str) -> dict[str, Any]:
        """Writes the manifest of these of the job's own items."""
        input_uri, lines_uri = (s3uri.join(folder, n) for n in ("input.manifest", "lines.json"))
        chosen = set(todo)
        own = (text for text in texts(self.objects, given) if text.strip())
        self.objects.write_lines(
            input_uri, (line for index, line in enumerate(own) if index in chosen)
        )
        self.objects.put_json(lines_uri, todo)
        return {"inputManifestS3Uri": input_uri, "linesS3Uri": lines_uri}


def _carried(job: JobRecord, item: lane.LaneItem, audited: str, parting: Parting) -> str:
    if item.attribute is not None:
        reason = lane.too_long(lane.with_attribute(item, audited))
        if reason is not None:
            return lane.carry_line(item, f"not given to {job.jobName}: {reason}")
    if item.why and not item.accepted:
        # What an earlier review owes is not settled by a gate that does not ask again; if the lot
        # is rejected, it is asked all the same.
        return lane.carry_line(item, item.why, lot=item.index in parting.unlooked)
    return lane.carry_line(
        item,
        parting.why.get(item.index, lane.ACCEPTED),
        accepted=item.index not in parting.broken,
        lot=item.index in parting.unlooked,
    )
