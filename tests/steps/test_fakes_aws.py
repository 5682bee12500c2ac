"""The fast fakes of DynamoDB and S3 say what moto says, for whatever our adapters ask."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from terrace.adapters.dynamodb_store import DynamoBatchStore
from terrace.adapters.s3_objects import S3ObjectStore
from terrace.domain.records import Park
from terrace.domain.status import BatchStatus, JobStatus
from terrace.errors import NotFoundError
from tests.contract.rows import AT, a_batch, a_claim, a_job, a_mark
from tests.fakes.aws import FastDynamo, FastS3
from tests.fakes.house import BUCKET, TABLE, VIDEO_CORS, a_house

Worlds = list[tuple[DynamoBatchStore, S3ObjectStore]]


@pytest.fixture
def worlds() -> Iterator[Worlds]:
    with a_house() as house:
        fast = DynamoBatchStore(FastDynamo(), TABLE), S3ObjectStore(FastS3(VIDEO_CORS))
        yield [(house.store, house.objects), fast]


def park(wave: int, retry: int, token: str) -> Park:
    return Park(generation=1, wave=wave, retry=retry, token=token, at=AT)


JOB = a_job()
CALLS: list[Callable[[DynamoBatchStore], Any]] = [
    lambda s: s.create_batch(a_batch()),
    lambda s: s.create_batch(a_batch(uid="other")),
    lambda s: s.reserve(a_claim()),
    lambda s: s.reserve(a_claim(batch_id="other")),
    lambda s: s.put_job(JOB),
    lambda s: s.put_job(a_job("road", 2)),
    lambda s: s.claim(JOB, "n", AT),
    lambda s: s.claim(a_job("road", 2, generation=0), "n", AT),
    lambda s: s.back_to_pending(JOB, AT + 60, AT),
    lambda s: s.claim(JOB, "n", AT + 1),
    lambda s: s.job_created(JOB, "arn", AT),
    lambda s: s.job_created(JOB, "arn", AT),
    lambda s: s.set_execution("b", 1, "arn", AT),
    lambda s: s.advance_wave("b", 1, 1, 17, AT),
    lambda s: s.advance_wave("b", 1, 3, 17, AT),
    lambda s: s.park("b", park(1, 1, "t1")),
    lambda s: s.park("b", park(1, 0, "t0")),
    lambda s: s.note_nudge("b", park(1, 1, "t1"), AT + 9),
    lambda s: s.note_nudge("b", park(1, 1, "t1"), AT + 10),
    lambda s: s.level_announced("b", 2),
    lambda s: s.level_announced("b", 2),
    lambda s: s.list_batches(BatchStatus.IN_PROGRESS, 5, None).batches,
    lambda s: s.end_attempt(JOB, JobStatus.FAILED, {"endedAt": AT}, a_mark()),
    lambda s: s.end_attempt(JOB, JobStatus.COMPLETE, {"endedAt": AT}),
    lambda s: s.set_mark("b", a_mark("stop")),
    lambda s: s.claim(a_job("road", 2), "n", AT),
    lambda s: s.remove_job(a_job("road", 2)),
    lambda s: s.next_generation(a_batch(), AT),
    lambda s: s.next_generation(a_batch(), AT),
    lambda s: s.end_batch("b", 2, BatchStatus.FAILED, AT),
    lambda s: list(s.open_batches(AT - 1)),
    lambda s: s.close_batch("b"),
    lambda s: s.message_sent("b", AT),
    lambda s: s.close_batch("b"),
    lambda s: list(s.open_batches(None)),
    lambda s: s.free(a_claim()),
    lambda s: s.set_cursor(AT),
    lambda s: s.cursor(),
]


def test_every_call_in_turn_has_the_same_answer_and_leaves_the_same_rows(worlds: Worlds) -> None:
    for number, call in enumerate(CALLS):
        answers = [call(store) for store, _ in worlds]
        assert answers[0] == answers[1], number
        rows = [(store.load("b"), store.get_claim("car")) for store, _ in worlds]
        assert rows[0] == rows[1], number


def test_objects_are_written_read_and_missed_alike(worlds: Worlds) -> None:
    uri = f"s3://{BUCKET}/batches/b/x.manifest"
    for _, objects in worlds:
        with pytest.raises(NotFoundError):
            objects.head(uri)
        assert objects.write_lines(uri, iter(["one", "two", "drei: ä"])) == 3
    found = [list(objects.read_lines(uri, start=4, first_number=2)) for _, objects in worlds]
    assert found[0] == found[1]
    assert [line.text for line in found[0]] == ["two", "drei: ä"]
    assert len({objects.head(uri).size for _, objects in worlds}) == 1
    for _, objects in worlds:
        objects.delete(uri)
        assert not objects.exists(uri)
