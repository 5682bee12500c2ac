"""What a check found."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """One broken rule: which, where, and what is wrong."""

    rule: str
    where: str
    problem: str

    def __str__(self) -> str:
        return f"{self.rule}  {self.where}: {self.problem}"
