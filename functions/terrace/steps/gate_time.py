"""The time that a gate has: what did not fit in it does not fit in a second try either."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from terrace.errors import OutOfTimeError
from terrace.ports import Clock

T = TypeVar("T")
GATE_SECONDS = 720.0
"""Of the 900 s that PrepareInput's function has: the rest is for its files, and a slow sequence."""


@dataclass(frozen=True)
class GateTime:
    """When a gate has to be done."""

    clock: Clock
    ends: float
    seconds: float = GATE_SECONDS

    @classmethod
    def begins(cls, clock: Clock, seconds: float = GATE_SECONDS) -> "GateTime":
        return cls(clock, clock.now() + seconds, seconds)

    def spend(self, things: Iterable[T], what: str) -> Iterator[T]:
        """These things, one after the other, for as long as there is time.

        Raises:
            OutOfTimeError: says what there is too much of, and what to do.
        """
        for number, thing in enumerate(things):
            if self.clock.now() > self.ends:
                raise OutOfTimeError(
                    f"the gate has {self.seconds:.0f} s, and was not done: it was at {what} "
                    f"{number + 1}. Give it fewer items (several batches), or fewer checks"
                )
            yield thing
