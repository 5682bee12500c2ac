"""`terrace watch` waits for what an ended batch still writes, and not for ever."""

from typing import Any

from terrace_cli.watching import GATHER_SECONDS, looks
from terrace_cli.words import batch_waits_for
from tests.cli.shows import answer


class Answers:
    """A client whose batch is as told, one answer after the other; the last one stays."""

    def __init__(self, *batches: dict[str, Any]) -> None:
        self._batches = list(batches)
        self.asked = 0

    def show(self, _batch_id: str) -> dict[str, Any]:
        self.asked += 1
        return self._batches.pop(0) if len(self._batches) > 1 else self._batches[0]


def seen(client: Any, seconds: float = 1.0) -> list[Any]:
    now = 0.0

    def sleep(_: float) -> None:
        nonlocal now
        now += seconds

    return list(looks(client, "b1", 0.5, sleep, lambda: now))


def test_an_ended_batch_is_watched_until_its_message_went_out() -> None:
    client = Answers(
        answer("COMPLETE", toldAt=None),
        answer("COMPLETE", toldAt=None),
        answer("COMPLETE", toldAt="2026-11-21"),
    )
    found = seen(client)
    assert client.asked == 3
    assert [look.batch.gathering for look in found] == [True, True, False]
    assert batch_waits_for(found[0].batch) == "its report and final files are being written"
    assert batch_waits_for(found[-1].batch) == ""


def test_a_batch_whose_files_never_come_is_not_watched_for_ever() -> None:
    client = Answers(answer("COMPLETE", toldAt=None))
    found = seen(client, GATHER_SECONDS / 2)
    assert client.asked == 4
    assert found[-1].batch.gathering


def test_an_older_stack_that_does_not_say_it_is_not_waited_for() -> None:
    client = Answers(answer("COMPLETE"))
    assert len(seen(client)) == 1
