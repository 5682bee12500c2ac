"""PrepareInput: what a job is given: its manifest, category file and worker page.

An input that can be used as it stands is used as it stands (as in 2021). Otherwise the lane's
items are written with their latest label under one attribute; items that are not given to people
are carried, with the reason. Repeating the step writes the same bytes again.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import BaseModel

from terrace.domain import categories, modalities, outputs, s3uri, skeleton_page, worker_ui
from terrace.domain.plan import nothing_new, to_stop
from terrace.domain.records import AttemptRecord, JobRecord
from terrace.domain.settle import expected_labels
from terrace.domain.status import JobStatus
from terrace.ports import BatchStore, Clock, ObjectStore
from terrace.steps import lane
from terrace.steps.job_output import labeled_by, lines_of, merged_output, texts
from terrace.steps.late_output import look_again
from terrace.steps.start_job import ui_template_uri


class PrepareInputInput(BaseModel):
    """One job of a wave."""

    batchId: str
    generation: int
    level: int
    jobName: str


class PrepareInputOutput(BaseModel):
    """`skip`: there is nothing to start (any more)."""

    next: Literal["start", "skip"]


@dataclass
class _Survey:
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
class ScriptHost:
    """Where workers' browsers load the skeleton page's script from."""

    bucket: str
    domain: str
    """Of the CloudFront distribution in front of the bucket."""


@dataclass(frozen=True)
class Prepare:
    """The step with its ports; `template` reads a file of worker_ui/."""

    store: BatchStore
    objects: ObjectStore
    clock: Clock
    batch_bucket: str
    template: Callable[[str], str]
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
        return PrepareInputOutput(next="start" if saved else "skip")

    # --- a new attempt: the items that still lack a label ----------------------------------
    def _retry(self, job: JobRecord, made: list[AttemptRecord]) -> dict[str, Any] | None:
        labeled = sum(attempt.numItemsLabeled for attempt in made)
        if job.numItems is not None and labeled >= expected_labels(job, job.numItems):
            changes = {"numItems": job.numItems, "attempts": job.attempts}
            self._nothing_left(job, changes, labeled)
            return None
        if job.givenManifestS3Uri is not None:
            done = labeled_by(job, self.objects)
            todo = [index for index in range(job.numItems or 0) if index not in done]
            return self._rest(job, job.givenManifestS3Uri, todo)
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

        The job's own items become those it was given before and the new ones, in the lane's
        order; what earlier attempts were given is translated to that.
        """
        source = self._source(job)
        audited = job.auditedAttributeName
        if audited is None:
            raise ValueError(f"{job.jobName} was given items, but its row names no attribute")
        before = self._places(job)
        done = {before[own] for own in labeled_by(job, self.objects)}
        survey = self._survey(job, source, audited)
        rate = job.spec.inputConfig.downSamplingRate
        labeled = survey.reviewable(renamed=True)
        places = sorted(lane.sample(labeled, rate, job.jobName, frozenset(before)))
        folder = self._folder(job)
        given = s3uri.join(folder, "given.manifest")
        carried = lane.carried_uri(self.batch_bucket, job.batchId, job.jobName)
        carried = s3uri.join(folder, s3uri.basename(carried))
        self._write_lane(job, source, audited, set(places), given, carried)
        if not places:
            self._skip(job, carried, audited)
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
        changes = {
            "jobInputS3Uri": job.jobInputS3Uri or given,
            "givenManifestS3Uri": given,
            "carriedS3Uri": carried,
            "auditedAttributeName": audited,
            "attempts": attempts,
            "numItems": len(places),
            "relane": False,
        }
        if not todo or len(done) >= expected_labels(job, len(places)):
            self._nothing_left(job, changes, len(done))
            return None
        category_uri, category_file = self._categories(job, source, audited)
        # One that had nothing for people before has no worker page yet.
        self._worker_page(job, audited, category_file)
        return {
            **changes,
            **self._rest(job, given, todo),
            "labelCategoryS3Uri": category_uri,
        }

    def _folder(self, job: JobRecord) -> str:
        """Of this attempt in this run: what an earlier run wrote is still read."""
        name = f"a{job.attempt}-g{job.generation}"
        return s3uri.of(self.batch_bucket, "batches", job.batchId, "inputs", job.jobName, name)

    def _rest(self, job: JobRecord, given: str, todo: list[int]) -> dict[str, Any]:
        """Gives people these of the job's own items."""
        folder = self._folder(job)
        input_uri, lines_uri = (s3uri.join(folder, n) for n in ("input.manifest", "lines.json"))
        chosen = set(todo)
        own = (text for text in texts(self.objects, given) if text.strip())
        self.objects.write_lines(
            input_uri, (line for index, line in enumerate(own) if index in chosen)
        )
        self.objects.put_json(lines_uri, todo)
        return {"inputManifestS3Uri": input_uri, "linesS3Uri": lines_uri}

    def _places(self, job: JobRecord) -> list[int]:
        """For each of the job's own items, its place in the lane."""
        if job.carriedS3Uri is None:
            return list(range(job.numItems or 0))
        found: list[int] = self.objects.get_json(lane.selected_uri(job.carriedS3Uri))
        return found

    def _nothing_left(self, job: JobRecord, changes: dict[str, Any], labeled: int) -> None:
        """Everything it is given has its label already: the job is done without people."""
        now = self.clock.now()
        updated = job.model_copy(update=changes)
        end = {
            **changes,
            "outputManifestS3Uri": merged_output(
                updated, updated.attempts, self.objects, self.batch_bucket
            ),
            "numItemsLabeled": labeled,
            "endedAt": now,
        }
        if self.store.end_attempt(job, JobStatus.COMPLETE, end):
            self.store.add_event(job.batchId, "JOB_ENDED", {"jobName": job.jobName}, now)

    # --- the first attempt -----------------------------------------------------------------
    def _first(self, job: JobRecord) -> dict[str, Any] | None:
        source = self._source(job)
        changes = self._manifest(job, source)
        if changes is None:
            return None
        audited = changes.get("auditedAttributeName")
        changes["labelCategoryS3Uri"], category_file = self._categories(job, source, audited)
        self._worker_page(job, audited, category_file)
        return changes

    def _source(self, job: JobRecord) -> JobRecord | None:
        name = job.spec.inputConfig.chainFromJobName
        if name is None or job.sourceLevel is None:
            return None
        source = self.store.get_job(job.batchId, job.sourceLevel, name)
        if source is None:
            raise ValueError(f"{job.jobName} chains from {name}, which has no row")
        return source

    def _manifest(self, job: JobRecord, source: JobRecord | None) -> dict[str, Any] | None:
        spec = job.spec.inputConfig
        given = spec.inputManifestS3Uri
        if source is None and given is not None and spec.auditLabelAttributeName is None:
            return {
                "inputManifestS3Uri": given,
                "jobInputS3Uri": given,
                "numItems": job.numItems or sum(1 for t in texts(self.objects, given) if t.strip()),
            }
        return self._select(job, source)

    def _lane(self, job: JobRecord, source: JobRecord | None) -> Iterator[lane.LaneItem]:
        spec = job.spec.inputConfig
        if source is not None:
            return lane.after(source, self.objects)
        if spec.inputManifestS3Uri is None or spec.auditLabelAttributeName is None:
            raise ValueError(f"{job.jobName} has neither a source nor a manifest to review")
        return lane.of_manifest(spec.inputManifestS3Uri, spec.auditLabelAttributeName, self.objects)

    def _survey(self, job: JobRecord, source: JobRecord | None, audited: str) -> _Survey:
        survey = _Survey()
        for item in self._lane(job, source):
            survey.total += 1
            # A label that Ground Truth wrote may be longer than what it reads.
            if item.attribute is None or lane.too_long(item.item.text):
                continue
            survey.labeled.append(item.index)
            survey.attributes.add(item.attribute)
            if lane.too_long(lane.with_attribute(item, audited)):
                survey.too_long_renamed.add(item.index)
        return survey

    def _select(self, job: JobRecord, source: JobRecord | None) -> dict[str, Any] | None:
        if source is not None:
            audited = lane.label_attribute(source)
        else:
            audited = job.spec.inputConfig.auditLabelAttributeName or ""
        survey = self._survey(job, source, audited)
        renamed = len(survey.attributes) > 1
        if len(survey.attributes) == 1:
            audited = next(iter(survey.attributes))
        chosen = lane.sample(
            survey.reviewable(renamed=renamed), job.spec.inputConfig.downSamplingRate, job.jobName
        )
        as_it_stands = (
            source.outputManifestS3Uri
            if source is not None and source.carriedS3Uri is None
            else job.spec.inputConfig.inputManifestS3Uri
        )
        if as_it_stands and len(chosen) == survey.total and len(survey.attributes) == 1:
            return {
                "inputManifestS3Uri": as_it_stands,
                "jobInputS3Uri": as_it_stands,
                "auditedAttributeName": audited,
                "numItems": survey.total,
            }
        return self._write(job, source, audited, chosen)

    def _write(
        self, job: JobRecord, source: JobRecord | None, audited: str, chosen: set[int]
    ) -> dict[str, Any] | None:
        """Writes what is given to people, and what is carried; ends the job if nothing is."""
        carried = lane.carried_uri(self.batch_bucket, job.batchId, job.jobName)
        uri = s3uri.of(
            self.batch_bucket,
            "batches",
            job.batchId,
            "inputs",
            job.jobName,
            f"a{job.attempt}/input.manifest",
        )
        self._write_lane(job, source, audited, chosen, uri, carried)
        if not chosen:
            self._skip(job, carried, audited)
            return None
        return {
            "inputManifestS3Uri": uri,
            "jobInputS3Uri": uri,
            "carriedS3Uri": carried,
            "auditedAttributeName": audited,
            "numItems": len(chosen),
        }

    def _write_lane(  # noqa: PLR0917
        self,
        job: JobRecord,
        source: JobRecord | None,
        audited: str,
        chosen: set[int],
        given: str,
        carried: str,
    ) -> None:
        """Parts a lane's items: those given to people, and those carried with the reason."""
        self.objects.write_lines(
            carried,
            (
                lane.carry_line(item, _why_carried(job, item, audited))
                for item in self._lane(job, source)
                if item.index not in chosen
            ),
        )
        self.objects.put_json(lane.selected_uri(carried), sorted(chosen))
        if chosen:
            self.objects.write_lines(
                given,
                (
                    lane.with_attribute(item, audited)
                    for item in self._lane(job, source)
                    if item.index in chosen
                ),
            )

    def _skip(self, job: JobRecord, carried: str, audited: str) -> None:
        now = self.clock.now()
        changes = {
            "carriedS3Uri": carried,
            "auditedAttributeName": audited,
            "numItems": 0,
            "numItemsLabeled": 0,
            "endedAt": now,
        }
        if self.store.end_attempt(job, JobStatus.SKIPPED, changes):
            self.store.add_event(job.batchId, "JOB_SKIPPED", {"jobName": job.jobName}, now)

    # --- category file and worker page -----------------------------------------------------
    def _categories(
        self, job: JobRecord, source: JobRecord | None, audited: str | None
    ) -> tuple[str | None, categories.Config | None]:
        """The category file that the job is created with: where it is, and what it says."""
        modality = modalities.get(job.spec.jobModality)
        own_uri = job.spec.labelCategoryConfigS3Uri
        own = self.objects.get_json(own_uri) if own_uri else None
        inherited_uri = None if own_uri else self._inherited_categories(job, source)
        inherited = self.objects.get_json(inherited_uri) if inherited_uri else None
        if own is None and inherited is None and modality.categories_optional:
            return None, None
        made = categories.for_job(
            modality,
            own=own,
            inherited=inherited,
            audited_attribute=audited,
            instructions=job.spec.instructions,
        )
        for uri, config in ((own_uri, own), (inherited_uri, inherited)):
            if uri and made == config:
                return uri, made
        uri = s3uri.of(
            self.batch_bucket, "batches", job.batchId, "categories", f"{job.jobName}.json"
        )
        self.objects.put_json(uri, made)
        return uri, made

    def _inherited_categories(self, job: JobRecord, source: JobRecord | None) -> str | None:
        """The file of the nearest earlier job of the lane whose labels are classes."""
        while source is not None:
            found = source.labelCategoryS3Uri or source.spec.labelCategoryConfigS3Uri
            # A job that was skipped has none of its own.
            if found and not modalities.get(source.spec.jobModality).verdict_labels:
                return found
            source = self._source(source)
        return None

    def _worker_page(
        self, job: JobRecord, audited: str | None, category_file: categories.Config | None
    ) -> None:
        """Uploads the worker UI template of a job whose task has no UI of AWS's own."""
        modality = modalities.get(job.spec.jobModality)
        if modality.human_task_ui is not None or job.spec.uiTemplateS3Uri is not None:
            return
        name = modality.ui_template
        if name is None and categories.is_skeleton(category_file):
            name = modalities.SKELETON_TEMPLATE
        if name is None:
            raise ValueError(f"{job.jobName}: a {modality.name} job, and no worker page is named")
        source = self.template(name)
        if name == modalities.SKELETON_TEMPLATE:
            source = self._skeleton_page(source, category_file or {}, audited)
        text = worker_ui.render_source(
            source,
            instructions=job.spec.instructions,
            audited_attribute=audited,
        )
        uri = ui_template_uri(self.batch_bucket, job.batchId, job.jobName)
        self.objects.put_text(uri, text, "text/html")

    def _skeleton_page(
        self, source: str, category_file: categories.Config, audited: str | None
    ) -> str:
        """The skeleton template with its rig and script; hosts the script where there is a host."""
        script = self.template(skeleton_page.SCRIPT)
        address = None
        if self.script_host is not None:
            key = skeleton_page.script_key(script)
            # With every job: nobody has to publish anything, and the same text is the same key.
            self.objects.put_text(
                s3uri.of(self.script_host.bucket, key), script, "text/javascript; charset=utf-8"
            )
            address = f"https://{self.script_host.domain}/{key}"
        return skeleton_page.fill(
            source,
            category_file=category_file,
            reviews=audited is not None,
            script=script,
            address=address,
        )


def _why_carried(job: JobRecord, item: lane.LaneItem, audited: str) -> str:
    if item.attribute is not None:
        reason = lane.too_long(lane.with_attribute(item, audited))
        if reason is not None:
            return f"not given to {job.jobName}: {reason}"
    return item.why or lane.ACCEPTED
