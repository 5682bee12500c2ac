"""POST /batch/retry: what did not deliver runs again, and what depends on it.

One conditional write opens the batch as a new generation; TransformBatch of that generation opens
the rows. Finished human work is never redone: attempts get only items without a label.
"""

from dataclasses import dataclass

from terrace.domain.problems import Problem
from terrace.domain.records import BatchRecord, JobRecord, Retry
from terrace.domain.request import RetryRequest
from terrace.domain.retry import NAME_MAX, Reopened, reopen, without_source
from terrace.domain.status import BatchStatus
from terrace.domain.views import BatchAnswer
from terrace.ports import BatchStore, Clock, Workflow
from terrace.steps.api_errors import BatchStateError, read_small, unknown_batch
from terrace.steps.generations import ensure_running

RETRYABLE = frozenset({BatchStatus.FAILED, BatchStatus.STOPPED, BatchStatus.COMPLETE_WITH_ERRORS})


@dataclass(frozen=True)
class RetryBatch:
    """The step with its ports."""

    store: BatchStore
    workflow: Workflow
    clock: Clock

    def run(self, body: str | bytes) -> BatchAnswer:
        """Opens an ended batch again.

        Raises:
            InvalidRequestError: with every problem of the body.
            UnknownBatchError: there is no such batch.
            BatchStateError: the batch has not ended, or there is nothing to retry.
        """
        request = read_small(body, RetryRequest)
        found = self.store.load(request.batchId)
        if found is None:
            raise unknown_batch(request.batchId)
        batch, jobs = found
        last = batch.retry
        if not batch.ended and last is not None and last.jobNames == request.jobNames:
            # The same retry again: its answer was lost, or its start, which is made good here.
            ensure_running(batch, store=self.store, workflow=self.workflow, clock=self.clock)
            return _answer(batch)
        opened = self._check(batch, jobs, request)
        retry = Retry(
            generation=batch.generation + 1, at=self.clock.now(), jobNames=request.jobNames
        )
        levels = {reopened.job.level for reopened in opened}
        told = [level for level in batch.levelsAnnounced if level not in levels]
        reopened = self.store.reopen_batch(
            batch.model_copy(update={"levelsAnnounced": told}), retry
        )
        if reopened is None:
            raise _state(batch.batchId, "somebody else has just retried it", "look at it again")
        self.store.add_event(
            batch.batchId,
            "RETRY_REQUESTED",
            {"generation": retry.generation, "jobNames": request.jobNames or []},
            retry.at,
        )
        ensure_running(reopened, store=self.store, workflow=self.workflow, clock=self.clock)
        return _answer(reopened)

    def _check(
        self, batch: BatchRecord, jobs: list[JobRecord], request: RetryRequest
    ) -> list[Reopened]:
        """What runs again; BatchStateError where nothing does, or something cannot."""
        if batch.status not in RETRYABLE:
            fix = {
                BatchStatus.IN_PROGRESS: "wait for its end, or stop it first",
                BatchStatus.VALIDATION_FAIL: "mend it and POST it to /batch/create again",
            }.get(batch.status, "nothing is left to be done")
            raise _state(batch.batchId, f"it is {batch.status}", fix)
        if batch.transformedAt is None:
            if request.jobNames is not None:
                raise _state(batch.batchId, "it ended before it was accepted", "leave jobNames out")
            return []
        names = {job.jobName for job in jobs}
        unknown = [name for name in request.jobNames or [] if name not in names]
        if unknown:
            raise _state(
                batch.batchId, f"it has no job {', '.join(unknown)}", "name jobs of the batch"
            )
        opened = reopen(jobs, request.jobNames, batch.generation + 1)
        # Without names, there may be nothing to open: it was stopped, or broke, after its last job
        # had delivered. Then it ends at once, as what it is.
        if not opened and request.jobNames is not None:
            raise _state(
                batch.batchId,
                "all jobs named have delivered every label",
                "name jobs that are FAILED, STOPPED, INCOMPLETE or DROPPED",
            )
        self._check_jobs(batch.batchId, jobs, opened)
        return opened

    def _check_jobs(self, batch_id: str, jobs: list[JobRecord], opened: list[Reopened]) -> None:
        for name, source in without_source(jobs, opened):
            raise _state(
                batch_id, f"{name} needs {source}, which did not deliver", f"name {source} as well"
            )
        long = [found.job.jobName for found in opened if not found.name_fits]
        if long:
            raise _state(
                batch_id,
                f"no further attempt can be named for {', '.join(long)}: Ground Truth allows "
                f"{NAME_MAX} characters",
                "put the items that are left into a new batch",
            )
        unsure = [found.job.jobName for found in opened if found.unsure]
        if unsure:
            raise _state(
                batch_id,
                f"the last labeling job of {', '.join(unsure)} may still come to be, and has to "
                "be stopped then",
                "send the same request again in half an hour",
            )


def _answer(batch: BatchRecord) -> BatchAnswer:
    return BatchAnswer(
        batchId=batch.batchId,
        status=batch.status,
        message=f"Batch {batch.batchId} runs again, as generation {batch.generation}.",
    )


def _state(batch_id: str, problem: str, fix: str) -> BatchStateError:
    return BatchStateError(
        f"Batch {batch_id} cannot be retried.",
        [Problem(path="$.batchId", code="NOT_RETRYABLE", problem=problem, fix=fix)],
    )
