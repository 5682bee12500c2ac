"""What the fake API remembers and answers; `conftest.api` serves it."""

from dataclasses import dataclass, field
from typing import Any

DROP = "drop the connection"


@dataclass
class Seen:
    """One request as it arrived."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class FakeApi:
    """Answers in the order given; the last answer is repeated."""

    url: str
    answers: list[Any] = field(default_factory=list)
    seen: list[Seen] = field(default_factory=list)

    def will(self, *answers: Any) -> None:
        """Each is a (status, content) pair, a dict (status 200), bytes, or DROP."""
        self.answers = list(answers)

    def next(self) -> Any:
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
