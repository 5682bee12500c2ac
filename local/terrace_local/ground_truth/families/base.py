"""What the life of a job needs from a family of task types."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from terrace_local.ground_truth.categories import Categories
from terrace_local.ground_truth.jobs import ItemResult
from terrace_local.ground_truth.manifest import Line
from terrace_local.ground_truth.s3files import S3Files
from terrace_local.ground_truth.task_types import TaskType
from terrace_local.workers.crew import Crew, Person
from terrace_local.workers.truth_source import TruthSource

if TYPE_CHECKING:
    from terrace_local.ground_truth.worker_page import Rendered, WorkerPage

# (function's ARN, event) -> what it returned.
Invoke = Callable[[str, Any], Any]


class ItemProblem(Exception):
    """One data object cannot be labeled; its line fails, the job goes on. The text is why."""


class NotForPeople(Exception):
    """The job's own function says that this object needs no human: its line stays as it was."""


@dataclass
class Prepared:
    """A job whose input was read and found good: all that answering its items needs.

    Attributes:
        seconds_per_second: How many simulated seconds pass in a real one.
        audited: The label attribute under review; None when labeling.
        classes: For verifications, the classes that labels under review have.
        known_colors: For reviews of masks, class -> hex colour in the labels under review.
        items: Per line index, what the family read of it in advance.
        iteration_of: Per line index, the number of the batch it is sent to people in.
        arn, request: The job's ARN, and CreateLabelingJob's request.
        page: The worker task template; None where AWS keeps the worker UI.
        invoke: Calls a Lambda function with the job's role.
        in_time: Per line index, the ids of the people who answer before the task expires;
            where it says nothing, everybody does.
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
    known_colors: dict[str, str] = field(default_factory=dict)
    items: dict[int, Any] = field(default_factory=dict)
    iteration_of: dict[int, int] = field(default_factory=dict)
    arn: str = ""
    request: dict[str, Any] = field(default_factory=dict)
    page: "WorkerPage | None" = None
    invoke: Invoke | None = None
    in_time: dict[int, frozenset[str]] = field(default_factory=dict)

    @staticmethod
    def now() -> float:
        """The time of day."""
        return time.time()

    def seed(self, index: int) -> tuple[object, ...]:
        """What fixes every choice made in an item: the run's seed, the job, the line."""
        return (self.crew.seed, self.job_name.lower(), index)

    def people(self, index: int) -> list[Person]:
        """The persons who answer an item; those who come too late are not among them."""
        chosen = self.crew.choose(self.job_name, index, self.people_per_item)
        in_time = self.in_time.get(index)
        return [p for p in chosen if in_time is None or p.worker_id in in_time]

    def show(self, index: int, task_object: str) -> "Rendered | None":
        """Renders a built-in type's task; None where AWS keeps the worker UI.

        Args:
            index: Line of the manifest.
            task_object: What the built-in pre-annotation function hands over of the data object:
                the S3 URI of a picture or video, or a text.

        Raises:
            ItemProblem: when the template cannot show it.
        """
        if self.page is None:
            return None
        given: dict[str, Any] = {"taskObject": task_object, "labels": self.categories.names}
        if self.task_type.mode != "label":
            given["manifestLine"] = self.lines[index].data
        return self.page.render(given)


@dataclass(frozen=True)
class OutFile:
    """A file that an answer leaves behind; ``path`` is relative to the job's output folder.

    ``content`` is written as JSON, and bytes as they are.
    """

    path: str
    content: Any
    content_type: str = "application/json"


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
            NotForPeople: when it is not to be labeled by people.
            InputProblem: when the job as a whole must fail.
        """


@runtime_checkable
class SetFamily(Protocol):
    """A family whose labels are put together for a whole set of objects at once."""

    def consolidate(
        self, prepared: Prepared, request_uri: str, answered: dict[int, ItemResult]
    ) -> dict[int, ItemResult]:
        """The results of a set after consolidation.

        Args:
            prepared: The job.
            request_uri: Where the answers were written (the payload of the post-annotation
                event).
            answered: Results with an answer, by line index.

        Raises:
            InputProblem: when the job as a whole must fail.
        """
