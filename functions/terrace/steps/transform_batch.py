"""TransformBatch: everything that can be found wrong, is found before a labeling job exists.

Where the batch has a transformation, that comes first: it makes the manifests that are checked.
It is called again until every manifest is counted. What it has seen so far is kept in S3, so that
a call that dies costs at most its own work. Job rows are written only when all is right.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Literal

from pydantic import BaseModel, Field

from terrace.domain import s3uri, transformed
from terrace.domain.input_checks import SEQUENCES_READ, ManifestRule, ManifestTally
from terrace.domain.places import Places
from terrace.domain.problems import Problem
from terrace.domain.records import BatchRecord, JobRecord, Mark
from terrace.domain.request import BatchRequest
from terrace.domain.retry import reopen
from terrace.errors import NotFoundError
from terrace.ports import BatchStore, Clock, LabelingEngine, Notifier, ObjectStore
from terrace.steps.transform_checks import Checker, Findings, Place
from terrace.steps.transformation import Outcome, Transformation

PROBLEMS_IN_ROW = 50
"""The rest is in S3: the row stays small, and no user mends more at once."""


ROW_BYTES = 150_000
ENOUGH = 1_000
"""Problems after which nothing more is looked for: the batch is refused anyway."""


class TransformBatchInput(BaseModel):
    """The batch to check."""

    batchId: str
    generation: int


class TransformBatchOutput(BaseModel):
    """`again`: not done yet; `finalize`: found wrong; `end`: the generation is stale.

    `wait`: a function of the user's is not done; to be called again in so many seconds.
    """

    next: Literal["again", "wait", "plan", "finalize", "end"]
    seconds: int = 0


class Progress(BaseModel):
    """What earlier calls have seen."""

    done: list[str] = Field(default_factory=list)
    problems: list[Problem] = Field(default_factory=list)
    warnings: list[Problem] = Field(default_factory=list)
    tallies: dict[str, ManifestTally] = Field(default_factory=dict)
    offset: int = 0
    line: int = 1
    etag: str | None = None
    inputs: str = Field(default="", description="digest of what the transformation made")


Check = tuple[str, Callable[[], Findings]]


@dataclass
class Transform:
    """The step with its ports; `filled` turns the request as sent into the one that is run."""

    store: BatchStore
    objects: ObjectStore
    engine: LabelingEngine
    notifier: Notifier
    clock: Clock
    filled: Callable[[object], BatchRequest]
    region: str
    role_arn: str
    allowed_buckets: frozenset[str]
    batch_bucket: str
    seconds: float
    transformation: Transformation
    places: Places = field(default_factory=Places)

    def run(self, step: TransformBatchInput) -> TransformBatchOutput:
        """Goes on with the checks until they are done or the time budget is used up."""
        batch = self.store.get_batch(step.batchId)
        if batch is None or batch.generation != step.generation:
            return TransformBatchOutput(next="end")
        if batch.ended:
            return TransformBatchOutput(next="finalize")
        if batch.mark is not None:
            if batch.mark.kind == "invalid":
                # Whoever set the mark may have died before it gave the names back.
                self._give_names_back(self._checker(batch, self._request(batch)))
            return TransformBatchOutput(next="finalize")
        if batch.transformedAt is not None:
            self._reopen(batch)
            return TransformBatchOutput(next="plan")
        deadline = self.clock.now() + self.seconds
        request = self._request(batch)
        checker = self._checker(batch, request)
        if batch.stop is not None:
            # Stopped before it was accepted: nothing runs, and its names are free again.
            self._give_names_back(checker)
            return TransformBatchOutput(next="finalize")
        outcome = self._transformed(batch, request)
        if outcome.wait:
            return TransformBatchOutput(next="wait", seconds=outcome.wait)
        place = self._progress_uri(batch)
        progress = self._progress(place)
        if outcome.problems:
            progress = Progress(problems=list(outcome.problems))
        elif outcome.request is not None:
            request = outcome.request
            checker = self._checker(batch, request, outcome.places)
            if progress.inputs != outcome.digest:
                # Two calls at a time may both have asked: what is kept is what is checked.
                progress = Progress(inputs=outcome.digest)
        if not outcome.problems and not self._work(checker, progress, deadline):
            self.objects.put_json(place, progress.model_dump(mode="json"))
            return TransformBatchOutput(next="again")
        if progress.problems:
            if not self._refuse(batch, checker, progress):
                return TransformBatchOutput(next="plan")
            return TransformBatchOutput(next="finalize")
        self._accept(batch, request, progress)
        if batch.retry is not None:
            self.store.retry_done(batch.batchId, batch.retry, self.clock.now())
        self.objects.delete(place)
        return TransformBatchOutput(next="plan")

    def _reopen(self, batch: BatchRecord) -> None:
        """Does what a retry asked for: rows of jobs that run again become PENDING. Repeatable."""
        # The execution that was to do it may have died: a later generation does it as well.
        retry = batch.retry
        if retry is None or retry.doneAt is not None:
            return
        found = self.store.load(batch.batchId)
        for reopened in reopen(found[1] if found else [], retry.jobNames, retry.generation):
            self.store.reopen_job(reopened.job, retry.generation, reopened.changes)
        self.store.retry_done(batch.batchId, retry, self.clock.now())
        self.store.add_event(batch.batchId, "BATCH_REOPENED", {}, self.clock.now())

    def _transformed(self, batch: BatchRecord, request: BatchRequest) -> Outcome:
        """What the user's own function makes of the request; nothing where there is none."""
        raw = self.objects.get_json(batch.requestS3Uri)
        if request.transformation is None:
            # At create there may have been a function of the stack that is there no more.
            missing = transformed.left_open(raw, request, self.transformation.limits)
            return Outcome(problems=tuple(missing))
        found = self.transformation.run(batch, request.transformation, raw)
        if found.request is None:
            return found
        return replace(found, request=self.filled(found.request))

    def _request(self, batch: BatchRecord) -> BatchRequest:
        return self.filled(self.objects.get_json(batch.requestS3Uri))

    def _checker(
        self, batch: BatchRecord, request: BatchRequest, places: Places | None = None
    ) -> Checker:
        return Checker(
            store=self.store,
            objects=self.objects,
            engine=self.engine,
            notifier=self.notifier,
            request=request,
            uid=batch.uid,
            region=self.region,
            role_arn=self.role_arn,
            allowed_buckets=self.allowed_buckets,
            batch_bucket=self.batch_bucket,
            places=places or self.places,
        )

    def _progress_uri(self, batch: BatchRecord) -> str:
        return s3uri.of(
            self.batch_bucket,
            "batches-working",
            batch.batchId,
            # A batch stopped while it was checked, and retried, is checked from the start.
            f"transform-{batch.uid[:16]}-{batch.run}.json",
        )

    def _progress(self, uri: str) -> Progress:
        try:
            return Progress.model_validate(self.objects.get_json(uri))
        except NotFoundError:
            return Progress()

    # --- the checks, in order --------------------------------------------------------------
    def _work(self, checker: Checker, progress: Progress, deadline: float) -> bool:
        """Runs the checks not yet done; False when time is up. At least one is always done."""
        done = set(progress.done)
        worked = False
        for key, check in self._checks(checker, progress, lambda: self.clock.now() < deadline):
            if key in done:
                continue
            if len(progress.problems) >= ENOUGH:
                return True
            if worked and self.clock.now() >= deadline:
                return False
            try:
                found = check()
            except _OutOfTimeError:
                return False
            worked = True
            progress.problems += found.problems
            progress.warnings += found.warnings
            progress.done.append(key)
            done.add(key)
        return True

    def _checks(
        self, checker: Checker, progress: Progress, more_time: Callable[[], bool]
    ) -> Iterator[Check]:
        """Each check with the key under which it is remembered."""
        jobs = checker.request.labelingJobs
        for index, spec in enumerate(jobs):
            yield f"name {spec.jobName}", partial(checker.name, index)
        for arn in sorted({spec.workteamArn for spec in jobs if spec.workteamArn}):
            yield f"team {arn}", partial(checker.workteam, arn)
        yield "topic", checker.topic
        yield "sessions", checker.sessions
        for index, spec in enumerate(jobs):
            yield f"category {spec.jobName}", partial(checker.category, index)
            yield f"page {spec.jobName}", partial(checker.page, index)
            if spec.inputConfig.gate is not None or spec.inputConfig.goldManifestS3Uri is not None:
                yield f"gate {spec.jobName}", partial(checker.gate, index)
        for index, spec in enumerate(jobs):
            rule = checker.rule(spec)
            if rule is not None:
                path = f"$.labelingJobs[{index}].inputConfig.inputManifestS3Uri"
                key = f"manifest {spec.jobName}"
                yield key, partial(self._manifest, checker, progress, rule, key, path, more_time)
                yield from self._data(checker, rule, progress.tallies.get(key), path)
                tally = progress.tallies.get(key)
                if tally is not None and tally.auditedClasses:
                    names = tally.auditedClasses
                    yield f"classes {spec.jobName}", partial(checker.audited_classes, index, names)

    def _data(
        self, checker: Checker, rule: ManifestRule, tally: ManifestTally | None, path: str
    ) -> Iterator[Check]:
        """Checks of what a counted manifest points to."""
        if tally is None:
            return
        family = rule.modality.family
        for bucket in dict.fromkeys([s3uri.parse(rule.uri).bucket, *tally.buckets]):
            key = f"bucket {bucket} {family}"
            yield key, partial(checker.bucket, bucket, rule.modality, path)
        for uri in dict.fromkeys(tally.sequences[:SEQUENCES_READ]):
            yield f"sequence {uri} {family}", partial(checker.sequence, uri, rule.modality)
        for uri in tally.firstObjects:
            yield f"object {uri}", partial(checker.data_object, uri, path, rule.modality)

    def _manifest(  # noqa: PLR0917
        self,
        checker: Checker,
        progress: Progress,
        rule: ManifestRule,
        key: str,
        path: str,
        more_time: Callable[[], bool],
    ) -> Findings:
        tally = progress.tallies.setdefault(key, ManifestTally())
        place = Place(progress.offset, progress.line, progress.etag)
        found, ended = checker.manifest_lines(rule, tally, place, more_time)
        if not ended:
            progress.offset, progress.line, progress.etag = place.offset, place.line, place.etag
            raise _OutOfTimeError
        progress.offset, progress.line, progress.etag = 0, 1, None
        at = [p.model_copy(update={"path": f"{path} ({p.path})"}) for p in found.problems]
        return Findings(tuple(at), found.warnings)

    # --- the verdict -------------------------------------------------------------------------
    def _refuse(self, batch: BatchRecord, checker: Checker, progress: Progress) -> bool:
        """Marks the batch invalid and gives back the names it reserved.

        False if a call beside this one has accepted the batch: what this one found wrong may be
        the labeling jobs of that.
        """
        now = self.clock.now()
        every = s3uri.of(
            self.batch_bucket, "batches", batch.batchId, "reports", "validation-problems.json"
        )
        self.objects.put_json(every, [p.model_dump(mode="json") for p in progress.problems])
        mark = Mark(
            kind="invalid",
            at=now,
            errorType="ValidationFailed",
            reason=f"{len(progress.problems)} problem(s) found before any job was created",
            problems=_for_row(progress.problems),
            problemsS3Uri=every,
        )
        self.store.set_mark(batch.batchId, mark, batch.generation)
        standing = self.store.get_batch(batch.batchId)
        # A newer generation checks for itself, and needs the names.
        if standing is None or standing.generation != batch.generation:
            return True
        refused = standing.mark is not None and standing.mark.kind == "invalid"
        if standing.transformedAt is not None and not refused:
            return False
        self._give_names_back(checker)
        return True

    def _give_names_back(self, checker: Checker) -> None:
        for spec in checker.request.labelingJobs:
            self.store.free(checker.claim(spec))

    def _accept(self, batch: BatchRecord, request: BatchRequest, progress: Progress) -> None:
        found = self.store.load(batch.batchId)
        for row in found[1] if found else []:
            # Left by an earlier posting of the batch, which was refused: no job was made of it.
            if row.generation < batch.generation:
                self.store.remove_job(row)
        levels = {spec.jobName: spec.jobLevel for spec in request.labelingJobs}
        for index, spec in enumerate(request.labelingJobs):
            source = spec.inputConfig.chainFromJobName
            tally = progress.tallies.get(f"manifest {spec.jobName}")
            review = spec.inputConfig.auditLabelAttributeName is not None
            self.store.put_job(
                JobRecord(
                    batchId=batch.batchId,
                    jobName=spec.jobName,
                    level=spec.jobLevel,
                    index=index,
                    spec=spec,
                    sourceLevel=levels[source] if source else None,
                    generation=batch.generation,
                    labelAttributeName=spec.labelAttributeName or spec.jobName,
                    labelCategoryS3Uri=spec.labelCategoryConfigS3Uri,
                    jobInputS3Uri=spec.inputConfig.inputManifestS3Uri,
                    numItems=tally.items if tally and not review else None,
                    startETag=tally.etag if tally else None,
                    startLines=tally.lines if tally else None,
                )
            )
        now = self.clock.now()
        self.store.finish_transform(batch.batchId, batch.generation, now, progress.warnings[:20])
        self.store.add_event(
            batch.batchId,
            "BATCH_ACCEPTED",
            {"jobs": len(request.labelingJobs), "warnings": len(progress.warnings)},
            now,
        )


def _for_row(problems: list[Problem]) -> list[Problem]:
    """The first ones, as many as fit: DynamoDB refuses a row of more than 400 KB."""
    kept, size = [], 0
    for problem in problems[:PROBLEMS_IN_ROW]:
        size += len(problem.model_dump_json().encode())
        if size > ROW_BYTES:
            break
        kept.append(problem)
    return kept


class _OutOfTimeError(Exception):
    """The time budget ended in the middle of a manifest."""
