"""PrepareInput: what a job is given: its manifest, category file and worker page.

An input that can be used as it stands is used as it stands (as in 2021). Otherwise the lane's
items are written with their latest label under one attribute; items that are not given to people
are carried, with the reason. Repeating the step writes the same bytes again.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal

from pydantic import BaseModel

from terrace.domain import outputs, s3uri
from terrace.domain.plan import nothing_new, to_stop
from terrace.domain.records import AttemptRecord, GateResult, JobRecord
from terrace.domain.request import GateUnit
from terrace.domain.settle import expected_labels
from terrace.domain.status import JobStatus
from terrace.ports import BatchStore, Clock, Functions, ObjectStore
from terrace.steps import lane
from terrace.steps.clip_relane import ClipRelane
from terrace.steps.gate import Gated, Gates
from terrace.steps.gate_lot import Lots, incomplete_reason
from terrace.steps.job_output import labeled_by, lines_of, merged_output, texts
from terrace.steps.late_output import look_again
from terrace.steps.prepare_categories import Pages, ScriptHost
from terrace.steps.prepare_lane import LaneFiles, Parting

__all__ = ["Prepare", "PrepareInputInput", "PrepareInputOutput", "ScriptHost"]


class PrepareInputInput(BaseModel):
    """One job of a wave."""

    batchId: str
    generation: int
    level: int
    jobName: str


class PrepareInputOutput(BaseModel):
    """`skip`: there is nothing to start (any more)."""

    next: Literal["start", "skip"]


@dataclass(frozen=True)
class Prepare:
    """The step with its ports; `template` reads a file of worker_ui/."""

    store: BatchStore
    objects: ObjectStore
    clock: Clock
    batch_bucket: str
    template: Callable[[str], str]
    functions: Functions
    script_host: ScriptHost | None = None

    def run(self, step: PrepareInputInput) -> PrepareInputOutput:
        """Prepares the current attempt's input, once."""
        batch = self.store.get_batch(step.batchId)
        job = self.store.get_job(step.batchId, step.level, step.jobName)
        if batch is None or job is None or batch.generation != step.generation:
            return PrepareInputOutput(next="skip")
        if to_stop(batch, [job]):
            return PrepareInputOutput(next="start")
        if job.status not in {JobStatus.PENDING, JobStatus.STARTING}:
            return PrepareInputOutput(next="skip")
        if job.inputManifestS3Uri is not None or job.status is JobStatus.STARTING:
            return PrepareInputOutput(next="start")
        if nothing_new(batch, [job]):
            return PrepareInputOutput(next="skip")
        # Labels that came after their attempt was written off: nobody is asked for them again.
        job = look_again(job, self.objects, self.batch_bucket)
        if job.relane:
            changes = self._relane(job)
        else:
            made = [attempt for attempt in job.attempts if attempt.made]
            changes = self._retry(job, made) if made else self._first(job)
        if changes is None:
            return PrepareInputOutput(next="skip")
        saved = self.store.save_input(job.model_copy(update=changes))
        if saved:
            self._tell_gate(job, changes.get("gate"))
        return PrepareInputOutput(next="start" if saved else "skip")

    @property
    def _lane(self) -> LaneFiles:
        return LaneFiles(self.store, self.objects, self.batch_bucket)

    @property
    def _pages(self) -> Pages:
        return Pages(
            self.objects, self.batch_bucket, self.template, self._lane.source, self.script_host
        )

    @property
    def _gates(self) -> Gates:
        return Gates(self.objects, self.functions, self._lane, self.clock)

    # --- a new attempt: the items that still lack a label ----------------------------------
    def _retry(
        self, job: JobRecord, made: list[AttemptRecord], more: dict[str, Any] | None = None
    ) -> dict[str, Any] | None:
        """`more`: what else is written on the row, if the job ends here."""
        labeled = sum(attempt.numItemsLabeled for attempt in made)
        all_there = job.numItems is not None and labeled >= expected_labels(job, job.numItems)
        changes = {"numItems": job.numItems, "attempts": job.attempts, **(more or {})}
        if job.lot_open and (all_there or job.judgeLot):
            return self._judge(job, changes, labeled)
        if all_there:
            self._nothing_left(job, changes, labeled)
            return None
        if job.givenManifestS3Uri is not None:
            done = labeled_by(job, self.objects)
            todo = [index for index in range(job.numItems or 0) if index not in done]
            return self._lane.rest(job, job.givenManifestS3Uri, todo, self._lane.folder(job))
        readable = [attempt for attempt in made if attempt.outputManifestS3Uri is not None]
        # Attempts after the last output were given what that one lacks, all of them.
        last = (readable or made)[-1]
        if last.outputManifestS3Uri is None:
            return {
                "inputManifestS3Uri": last.inputManifestS3Uri,
                "linesS3Uri": last.linesS3Uri,
            }
        base = s3uri.of(
            self.batch_bucket, "batches", job.batchId, "inputs", job.jobName, f"a{job.attempt}"
        )
        lines_uri, input_uri = s3uri.join(base, "lines.json"), s3uri.join(base, "input.manifest")
        indexes: list[int] = []

        def missing() -> Iterator[str]:
            for index, line in outputs.still_missing(
                texts(self.objects, last.outputManifestS3Uri or ""), job.labelAttributeName
            ):
                indexes.append(index)
                yield line

        self.objects.write_lines(input_uri, missing())
        self.objects.put_json(lines_uri, outputs.compose(lines_of(last, self.objects), indexes))
        return {"inputManifestS3Uri": input_uri, "linesS3Uri": lines_uri}

    # --- a retried job whose source was retried too: its lane may have more items now --------
    def _relane(self, job: JobRecord) -> dict[str, Any] | None:
        """Gives people the lane's items that this job has not labeled, old and new.

        What was chosen before stays chosen; new items go through the gate.
        """
        source = self._lane.source(job)
        audited = _audited(job)
        gate = job.spec.inputConfig.gate
        if gate is not None and gate.unit is GateUnit.clip:
            made = [attempt for attempt in job.attempts if attempt.made]
            if made and job.wholesS3Uri is not None:
                return self._relane_clips(job, source, audited)
            # No clip of it has gone to people: it is chosen anew.
            first = self._first(job)
            return None if first is None else {**first, "relane": False}
        before = frozenset(self._lane.places(job))
        labeled = self._lane.survey(job, source, audited).reviewable(renamed=True)
        folder = self._lane.folder(job)
        parting, gated = self._part(job, source, labeled, audited, before)
        lot = job.gate.lot if job.gate is not None else None
        if gated is not None and lot is not None and lot.accepted is False:
            # Its sample was found wrong: whatever else the lane has is looked at.
            late = set(parting.unlooked)
            parting = Parting(set(parting.chosen) | late, parting.why)
            judged = job.model_copy(update={"gate": gated.result})
            result = Lots(self.objects, self.batch_bucket).reject(judged, lot, late, folder)
            gated = replace(gated, result=result)
        return self._widen(job, source, parting, folder, gated)

    def _relane_clips(
        self, job: JobRecord, source: JobRecord | None, audited: str
    ) -> dict[str, Any] | None:
        """Clips stay what they are; items that have a label only now may get some, too."""
        if source is None:
            raise ValueError(f"{job.jobName} has a gate, and chains from no job")
        more = ClipRelane(self.objects, self._lane, self._gates).widen(job, source, audited)
        own = more.changes["numItems"]
        if not more.todo or own - len(more.todo) >= expected_labels(job, own):
            self._nothing_left(job, more.changes, own - len(more.todo))
            return None
        gated = more.gated
        category_uri = job.labelCategoryS3Uri
        if gated is not None and gated.directs(job):
            category_uri, _ = self._pages.categories(job, source, audited, gated.direct)
        given = more.changes["givenManifestS3Uri"]
        rest = self._lane.rest(job, given, more.todo, self._lane.folder(job))
        return {**more.changes, **rest, "labelCategoryS3Uri": category_uri}

    def _widen(
        self,
        job: JobRecord,
        source: JobRecord | None,
        parting: Parting,
        folder: str,
        gated: Gated | None,
    ) -> dict[str, Any] | None:
        """Gives the job these of the lane's items, less those that it has labeled already.

        The job's own items become those, in the lane's order; what earlier attempts were given is
        translated to that.
        """
        audited = _audited(job)
        before = self._lane.places(job)
        done = {before[own] for own in labeled_by(job, self.objects)}
        places = sorted(parting.chosen)
        given = s3uri.join(folder, "given.manifest")
        carried = s3uri.join(folder, "carried.manifest")
        self._lane.carry(job, source, audited, parting, carried)
        self._lane.give(job, source, audited, parting.chosen, given)
        gate = gated.result if gated is not None else job.gate
        if not places:
            self._skip(job, carried, audited, gate)
            return None
        own = {place: index for index, place in enumerate(places)}
        attempts = []
        for attempt in job.attempts:
            old = lines_of(attempt, self.objects)
            lines = outputs.compose(before, range(len(before)) if old is None else old)
            uri = s3uri.join(folder, f"lines-of-attempt-{attempt.attempt}.json")
            self.objects.put_json(uri, [own[place] for place in lines])
            attempts.append(attempt.model_copy(update={"linesS3Uri": uri}))
        todo = [index for index, place in enumerate(places) if place not in done]
        changes: dict[str, Any] = {
            "jobInputS3Uri": job.jobInputS3Uri or given,
            "givenManifestS3Uri": given,
            "carriedS3Uri": carried,
            "auditedAttributeName": audited,
            "attempts": attempts,
            "numItems": len(places),
            "relane": False,
            "judgeLot": False,
            "gate": gate,
        }
        updated = job.model_copy(update=changes)
        if not todo or len(done) >= expected_labels(job, len(places)):
            if updated.lot_open:
                return self._judge(updated, changes, len(done))
            self._nothing_left(job, changes, len(done))
            return None
        direct = None
        if gated is not None:
            told = gated.of({places[index] for index in todo})
            direct = told.direct if told.directs(job) else None
        category_uri, category_file = self._pages.categories(job, source, audited, direct)
        # One that had nothing for people before has no worker page yet.
        self._pages.worker_page(job, audited, category_file)
        return {
            **changes,
            **self._lane.rest(job, given, todo, folder),
            "labelCategoryS3Uri": category_uri,
        }

    # --- a sample that is back: what it says of the items that nobody looked at --------------
    def _judge(
        self, job: JobRecord, changes: dict[str, Any], labeled: int
    ) -> dict[str, Any] | None:
        """Accepts the lot, and the job is done; or sends all of it to people."""
        source = self._lane.source(job)
        lots = Lots(self.objects, self.batch_bucket)
        judged = lots.judge(job)
        now = self.clock.now()
        told = {"jobName": job.jobName, **judged.model_dump(exclude_none=True)}
        if judged.accepted:
            gate = job.gate.model_copy(update={"lot": judged}) if job.gate else None
            end = {**changes, "gate": gate, "judgeLot": False}
            if self._nothing_left(job, end, labeled):
                self.store.add_event(job.batchId, "LOT_ACCEPTED", told, now)
            return None
        waiting = set(lane.waiting(job.carriedS3Uri or "", self.objects))
        places = {*self._lane.places(job), *waiting}
        folder = self._lane.folder(job, end="-lot")
        rejected = lots.reject(job, judged, waiting, folder)
        reasons = lane.carried_reasons(job.carriedS3Uri or "", self.objects)
        wider = job.model_copy(update={"gate": rejected, "judgeLot": False})
        found = self._widen(wider, source, Parting(places, reasons), folder, None)
        if found is not None:
            self.store.add_event(job.batchId, "LOT_REJECTED", told, now)
        return found

    def _nothing_left(self, job: JobRecord, changes: dict[str, Any], labeled: int) -> bool:
        """Everything it is given has its label already: the job is done without people."""
        now = self.clock.now()
        updated = job.model_copy(update=changes)
        end: dict[str, Any] = {
            **changes,
            "outputManifestS3Uri": merged_output(
                updated, updated.attempts, self.objects, self.batch_bucket
            ),
            "numItemsLabeled": labeled,
            "endedAt": now,
        }
        items = updated.numItems or 0
        status = JobStatus.COMPLETE
        if labeled < expected_labels(job, items):
            status = JobStatus.INCOMPLETE
            end["failureReason"] = incomplete_reason(updated, labeled, items)
        ended = self.store.end_attempt(job, status, end)
        if ended:
            self.store.add_event(job.batchId, "JOB_ENDED", {"jobName": job.jobName}, now)
        return ended

    # --- the first attempt -----------------------------------------------------------------
    def _first(self, job: JobRecord) -> dict[str, Any] | None:
        source = self._lane.source(job)
        spec = job.spec.inputConfig
        given = spec.inputManifestS3Uri
        if source is None and given is not None and spec.auditLabelAttributeName is None:
            changes: dict[str, Any] = {
                "inputManifestS3Uri": given,
                "jobInputS3Uri": given,
                "numItems": job.numItems or sum(1 for t in texts(self.objects, given) if t.strip()),
            }
            gated = None
        else:
            selected, gated = self._select(job, source)
            if selected is None:
                return None
            changes = selected
        audited = changes.get("auditedAttributeName")
        direct = gated.direct if gated is not None and gated.directs(job) else None
        changes["labelCategoryS3Uri"], category_file = self._pages.categories(
            job, source, audited, direct
        )
        self._pages.worker_page(job, audited, category_file)
        return changes

    def _select(
        self, job: JobRecord, source: JobRecord | None
    ) -> tuple[dict[str, Any] | None, Gated | None]:
        if source is not None:
            audited = lane.label_attribute(source)
        else:
            audited = job.spec.inputConfig.auditLabelAttributeName or ""
        survey = self._lane.survey(job, source, audited)
        renamed = len(survey.attributes) > 1
        if len(survey.attributes) == 1:
            audited = next(iter(survey.attributes))
        labeled = survey.reviewable(renamed=renamed)
        parting, gated = self._part(job, source, labeled, audited, frozenset())
        if gated is not None:
            return self._write_gated(job, source, audited, gated), gated
        as_it_stands = (
            source.outputManifestS3Uri
            if source is not None and source.carriedS3Uri is None
            else job.spec.inputConfig.inputManifestS3Uri
        )
        whole = len(parting.chosen) == survey.total and len(survey.attributes) == 1
        if as_it_stands and whole:
            return {
                "inputManifestS3Uri": as_it_stands,
                "jobInputS3Uri": as_it_stands,
                "auditedAttributeName": audited,
                "numItems": survey.total,
            }, None
        carried = lane.carried_uri(self.batch_bucket, job.batchId, job.jobName)
        folder = s3uri.of(
            self.batch_bucket, "batches", job.batchId, "inputs", job.jobName, f"a{job.attempt}"
        )
        return self._write(job, source, audited, parting, carried, folder), None

    def _part(
        self,
        job: JobRecord,
        source: JobRecord | None,
        labeled: list[int],
        audited: str,
        before: frozenset[int],
    ) -> tuple[Parting, Gated | None]:
        """Which of the items that could be given are: by the job's gate, or its sampling rate."""
        if job.spec.inputConfig.gate is not None and source is not None:
            gated = self._gates.run(job, source, labeled, audited, before)
            return gated.parting, gated
        rate = job.spec.inputConfig.downSamplingRate
        return Parting(lane.sample(labeled, rate, job.jobName, before)), None

    def _write_gated(
        self, job: JobRecord, source: JobRecord | None, audited: str, gated: Gated
    ) -> dict[str, Any] | None:
        """As the gate chose. The files are in a folder of this very choice."""
        carried = s3uri.join(gated.folder, "carried.manifest")
        if gated.clips is None:
            changes = self._write(
                job, source, audited, gated.parting, carried, gated.folder, gated.result
            )
            if changes is None:
                return None
        else:
            self._lane.carry(job, source, audited, gated.parting, carried)
            if not gated.parting.chosen:
                self._skip(job, carried, audited, gated.result)
                return None
            changes = {
                **gated.write_clips(self._lane.items(job, source), audited, self.objects),
                "carriedS3Uri": carried,
                "auditedAttributeName": audited,
            }
        return {**changes, "gate": gated.result}

    def _write(  # noqa: PLR0917
        self,
        job: JobRecord,
        source: JobRecord | None,
        audited: str,
        parting: Parting,
        carried: str,
        folder: str,
        gate: GateResult | None = None,
    ) -> dict[str, Any] | None:
        """Writes what is given to people, and what is carried; ends the job if nothing is."""
        uri = s3uri.join(folder, "input.manifest")
        self._lane.carry(job, source, audited, parting, carried)
        self._lane.give(job, source, audited, parting.chosen, uri)
        if not parting.chosen:
            self._skip(job, carried, audited, gate)
            return None
        return {
            "inputManifestS3Uri": uri,
            "jobInputS3Uri": uri,
            "carriedS3Uri": carried,
            "auditedAttributeName": audited,
            "numItems": len(parting.chosen),
        }

    def _skip(
        self, job: JobRecord, carried: str, audited: str, gate: GateResult | None = None
    ) -> None:
        now = self.clock.now()
        changes = {
            "carriedS3Uri": carried,
            "auditedAttributeName": audited,
            "numItems": 0,
            "numItemsLabeled": 0,
            "endedAt": now,
        }
        if gate is not None:
            changes["gate"] = gate
        if self.store.end_attempt(job, JobStatus.SKIPPED, changes):
            self._tell_gate(job, gate)
            self.store.add_event(job.batchId, "JOB_SKIPPED", {"jobName": job.jobName}, now)

    def _tell_gate(self, job: JobRecord, gate: GateResult | None) -> None:
        # What became of a lot has an event of its own.
        judged = gate is not None and gate.lot is not None and gate.lot.accepted is not None
        if gate is None or gate == job.gate or judged:
            return
        told = gate.model_dump(mode="json", exclude_none=True)
        self.store.add_event(
            job.batchId, "GATE_CHOSE", {"jobName": job.jobName, **told}, self.clock.now()
        )


def _audited(job: JobRecord) -> str:
    if job.auditedAttributeName is None:
        raise ValueError(f"{job.jobName} was given items, but its row names no attribute")
    return job.auditedAttributeName
