"""When the local AWS saves its state: the last save of a stop is the last."""

import asyncio
from typing import Any

from terrace_local.server import LocalAws


class Keeper:
    """Notes what would be written."""

    def __init__(self) -> None:
        self.written: list[bool] = []

    def copy(self) -> dict[str, Any]:
        return {}

    def write(self, _state: dict[str, Any], graceful: bool) -> None:
        self.written.append(graceful)


def test_a_periodic_save_that_comes_due_during_the_stop_does_not_undo_the_last() -> None:
    # Not made whole: that would turn this process into an AWS
    aws = object.__new__(LocalAws)
    aws._saving, aws._saved_for_good = asyncio.Lock(), False
    aws.keeper = keeper = Keeper()  # type: ignore[assignment]

    async def stopping() -> None:
        await aws._save()
        await aws._save(graceful=True)
        await aws._save()

    asyncio.run(stopping())
    assert keeper.written == [False, True]
