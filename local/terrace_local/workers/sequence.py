"""Labels of a video sequence as people see them in the tool."""

from dataclasses import dataclass, field

from terrace_local.ground_truth.categories import Categories
from terrace_local.workers.crew import Person
from terrace_local.workers.shapes import Shape


@dataclass(frozen=True)
class Drawn:
    """One shape in one frame; detection labels have neither id nor name.

    Attributes:
        label: The class's name.
        attributes: Answers to the class's questions.
    """

    label: str
    shape: Shape
    object_id: str | None = None
    object_name: str | None = None
    attributes: dict[str, str] = field(default_factory=dict)


@dataclass
class SequenceLabels:
    """What is drawn in a sequence, by 0-based frame position."""

    frames: dict[int, list[Drawn]] = field(default_factory=dict)
    frame_attributes: dict[int, dict[str, str]] = field(default_factory=dict)

    def add(self, position: int, drawn: Drawn) -> None:
        """Puts a shape on a frame."""
        self.frames.setdefault(position, []).append(drawn)

    def labels_used(self) -> set[str]:
        """Names of the classes that occur."""
        return {drawn.label for shapes in self.frames.values() for drawn in shapes}

    def positions(self) -> list[int]:
        """Frames with a shape or an answer about the frame, in order."""
        answered = {p for p, answers in self.frame_attributes.items() if answers}
        drawn = {p for p, shapes in self.frames.items() if shapes}
        return sorted(answered | drawn)


@dataclass(frozen=True)
class Sequence:
    """What a task shows: the frames' file names in order, where they lie, how large they are."""

    frames: tuple[str, ...]
    prefix: str
    width: int
    height: int


@dataclass(frozen=True)
class Assignment:
    """One task in one person's hands.

    Attributes:
        tracking: Whether objects carry identities through the sequence.
        seed: Parts that fix every choice made in it (run seed, job, item).
    """

    sequence: Sequence
    categories: Categories
    person: Person
    tracking: bool
    seed: tuple[object, ...]
