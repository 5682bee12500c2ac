"""What the life of a job needs from a family of task types."""

import time
from dataclasses import dataclass, field
from typing import Any, Protocol

from terrace_local.ground_truth.categories import Categories
from terrace_local.ground_truth.manifest import Line
from terrace_local.ground_truth.s3files import S3Files
from terrace_local.ground_truth.task_types import TaskType
from terrace_local.workers.crew import Crew
from terrace_local.workers.truth_source import TruthSource


class ItemProblem(Exception):
    """One data object cannot be labeled; its line fails, the job goes on. The text is why."""


@dataclass
class Prepared:
    """A job whose input was read and found good: all that answering its items needs.

    Attributes:
        seconds_per_second: How many simulated seconds pass in a real one.
        audited: The label attribute under review; None when labeling.
        classes: For verifications, the classes that labels under review have.
        items: Per line index, what the family read of it in advance.
        iteration_of: Per line index, the number of the batch it is sent to people in.
    """

    job_name: str
    root: str
    attribute: str
    task_type: TaskType
    categories: Categories
    people_per_item: int
    lines: list[Line]
    todo: list[int]
    files: S3Files
    crew: Crew
    truths: TruthSource
    seconds_per_second: float
    audited: str | None = None
    classes: list[str] = field(default_factory=list)
    items: dict[int, Any] = field(default_factory=dict)
    iteration_of: dict[int, int] = field(default_factory=dict)

    @staticmethod
    def now() -> float:
        """The time of day."""
        return time.time()

    def seed(self, index: int) -> tuple[object, ...]:
        """What fixes every choice made in an item: the run's seed, the job, the line."""
        return (self.crew.seed, self.job_name.lower(), index)


@dataclass(frozen=True)
class OutFile:
    """A file that an answer leaves behind; ``path`` is relative to the job's output folder."""

    path: str
    content: Any


@dataclass
class ItemAnswer:
    """What people made of one data object, put together.

    Attributes:
        value: The label as the manifest holds it.
        metadata: Its own part of the metadata; the common keys are added later.
        files: What to write before the answer counts.
        answers: ``{workerId, content | s3Uri}`` per worker.
        truth: What the workers knew: ``hidden truth`` or ``none (seeded guess)``.
    """

    value: Any
    metadata: dict[str, Any]
    files: list[OutFile]
    answers: list[dict[str, Any]]
    truth: str


class Family(Protocol):
    """The work of one group of task types."""

    def prepare(self, prepared: Prepared, template: str | None) -> None:
        """Reads and checks what all items of the job need.

        Raises:
            InputProblem: when the job as a whole must fail.
        """

    def effort_seconds(self, prepared: Prepared, index: int) -> float:
        """How long an average person works on the item, in simulated seconds."""

    def answer(self, prepared: Prepared, index: int) -> ItemAnswer:
        """Lets the simulated people do the item.

        Raises:
            ItemProblem: when this object cannot be labeled.
        """
