"""Notify: the end message, at least once, with a de-duplication id."""

from dataclasses import dataclass

from pydantic import BaseModel

from terrace.domain import messages, s3uri
from terrace.ports import BatchStore, Clock, Notifier, ObjectStore
from terrace.steps.aftermath import untold
from terrace.steps.tell import tell


class NotifyInput(BaseModel):
    """The batch that has ended."""

    batchId: str
    generation: int


@dataclass(frozen=True)
class Notify:
    """The step with its ports."""

    store: BatchStore
    objects: ObjectStore
    notifier: Notifier
    clock: Clock
    batch_bucket: str

    def run(self, batch_id: str, generation: int, *, at_last: bool = False) -> bool:
        """Publishes the end of the batch; the batch is open until that has worked.

        `at_last`: see `tell`.
        """
        found = self.store.load(batch_id)
        if found is None or not found[0].ended or found[0].generation != generation:
            return False
        batch, jobs = found
        if batch.messageSentAt is not None:
            return False
        request = self.objects.get_json(batch.requestS3Uri)
        info_uri = s3uri.of(
            self.batch_bucket, "batches", batch_id, "reports", f"batch-info-g{generation}.json"
        )
        message = messages.batch_end(batch, jobs, request, info_uri)
        if message.info is not None:
            self.objects.put_json(info_uri, message.info)
        undeliverable = tell(batch, message, self.notifier, at_last=at_last)
        now = self.clock.now()
        # A batch retried meanwhile has another end, and that must be told as well.
        self.store.message_sent(batch_id, now, generation)
        if not any(job.claimOpen for job in jobs) and not untold(batch, jobs):
            self.store.close_batch(batch_id)
        sent = {"status": message.attributes.get("status", "")}
        if undeliverable is not None:
            sent["undeliverableTo"] = undeliverable
        self.store.add_event(batch_id, "MESSAGE_SENT", sent, now)
        return True
