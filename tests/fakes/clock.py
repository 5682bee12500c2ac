"""A clock that moves only when it is told to."""

from dataclasses import dataclass


@dataclass
class ManualClock:
    """Starts at an ordinary time; `advance` moves it."""

    at: float = 1_800_000_000.0
    tokens: int = 0

    def now(self) -> float:
        return self.at

    def advance(self, seconds: float) -> None:
        self.at += seconds

    def token(self) -> str:
        self.tokens += 1
        return f"{self.tokens:032x}"
