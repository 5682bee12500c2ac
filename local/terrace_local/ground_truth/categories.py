"""The label category configuration file: what workers may say, and what they may change."""

from dataclasses import dataclass
from typing import Any

from terrace_local.ground_truth.s3files import InputProblem
from terrace_local.ground_truth.task_types import TaskType

ATTRIBUTES = 10
ANNOTATION_TYPES = ("BoundingBox", "Polyline", "Polygon", "Keypoint")


@dataclass(frozen=True)
class Attribute:
    """One question about a label or a frame."""

    name: str
    is_number: bool
    choices: tuple[str, ...]
    minimum: float | None
    maximum: float | None
    required: bool
    editable: bool


@dataclass(frozen=True)
class Label:
    """One class, with its questions; ``editable`` False: reviewers may not touch its shapes."""

    name: str
    attributes: tuple[Attribute, ...]
    editable: bool
    short_name: str | None = None


@dataclass(frozen=True)
class Categories:
    """A category file as the worker UI understands it; the order fixes the class indexes."""

    labels: tuple[Label, ...]
    frame_attributes: tuple[Attribute, ...]
    annotation_type: str
    audited_attribute: str | None

    @property
    def names(self) -> list[str]:
        """The labels' names, by class index."""
        return [label.name for label in self.labels]

    @property
    def nothing_editable(self) -> bool:
        """Whether this makes an adjustment job a verification."""
        return not any(label.editable for label in self.labels)

    def index_of(self, name: str) -> int | None:
        """Class index of a label; spelling counts first, then spelling whatever the case."""
        names = self.names
        if name in names:
            return names.index(name)
        lower = [n.lower() for n in names]
        return lower.index(name.lower()) if name.lower() in lower else None


def parse_categories(data: Any, task_type: TaskType) -> Categories:
    """Reads a category file for a task type.

    Raises:
        InputProblem: when Ground Truth could not show tasks with it; the text names the rule.
    """
    if isinstance(data, dict) and task_type.family == "custom":
        # What a custom template does with the file is its own affair; labels are optional.
        data = {"labels": data.get("labels", [])}
    if not isinstance(data, dict) or not isinstance(data.get("labels"), list):
        raise _problem("it must be a JSON object with a list `labels`")
    shared = _attributes(data.get("categoryGlobalAttributes", []), "categoryGlobalAttributes")
    labels = tuple(_label(row, shared) for row in data["labels"])
    _check_labels(labels, task_type)
    annotation_type = data.get("annotationType", "BoundingBox")
    audited = data.get("auditLabelAttributeName")
    if task_type.by_frames:
        _check_frames(annotation_type, audited, task_type)
    if task_type.family == "text-span":
        _check_instructions(data.get("instructions"))
    return Categories(
        labels=labels,
        frame_attributes=_attributes(data.get("frameAttributes", []), "frameAttributes"),
        annotation_type=annotation_type,
        audited_attribute=audited if task_type.by_frames else None,
    )


def _problem(text: str) -> InputProblem:
    return InputProblem(f"ClientError: The label category configuration file is invalid: {text}.")


def _label(row: Any, shared: tuple[Attribute, ...]) -> Label:
    if not isinstance(row, dict) or not isinstance(row.get("label"), str) or not row["label"]:
        raise _problem("each entry of `labels` needs a `label`")
    own = _attributes(row.get("categoryAttributes", row.get("attributes", [])), row["label"])
    short = row.get("shortDisplayName")
    if short is not None and not isinstance(short, str):
        raise _problem(f"shortDisplayName of {row['label']} must be a string")
    return Label(row["label"], (*own, *shared), row.get("editsAllowed", "any") != "none", short)


def _attributes(rows: Any, where: str) -> tuple[Attribute, ...]:
    if not isinstance(rows, list) or len(rows) > ATTRIBUTES:
        raise _problem(f"attributes of {where} must be a list of at most {ATTRIBUTES}")
    found = []
    for row in rows:
        if not isinstance(row, dict) or not isinstance(row.get("name"), str):
            raise _problem(f"each attribute of {where} needs a `name`")
        if row.get("type") not in ("string", "number"):
            raise _problem(f"attribute {row['name']} needs type string or number")
        found.append(
            Attribute(
                name=row["name"],
                is_number=row["type"] == "number",
                choices=tuple(str(choice) for choice in row.get("enum", [])),
                minimum=row.get("minimum"),
                maximum=row.get("maximum"),
                required=bool(row.get("isRequired", False)),
                editable=row.get("editsAllowed", "any") != "none",
            )
        )
    return tuple(found)


def _check_labels(labels: tuple[Label, ...], task_type: TaskType) -> None:
    names = [label.name for label in labels]
    if not names and task_type.needs_categories:
        raise _problem("`labels` is empty")
    if len(set(names)) != len(names):
        raise _problem("the same label is listed twice")
    least, most, chars = task_type.min_labels, task_type.max_labels, task_type.label_chars
    if names and len(names) < least:
        raise _problem(f"{len(names)} label, {task_type.name} needs at least {least}")
    if most is not None and len(names) > most:
        raise _problem(f"{len(names)} labels, at most {most} are possible")
    for label in labels:
        if len(label.name) > chars:
            raise _problem(f"label {label.name} is longer than {chars} characters")
        attribute_names = [attribute.name for attribute in label.attributes]
        if len(set(attribute_names)) != len(attribute_names):
            raise _problem(f"label {label.name} has two attributes of the same name")
        if len(attribute_names) > ATTRIBUTES:
            raise _problem(f"label {label.name} has more than {ATTRIBUTES} attributes")


def _check_instructions(instructions: Any) -> None:
    """Named entities have no template, so their instructions stand here."""
    names = ("shortInstruction", "fullInstruction")
    given = instructions if isinstance(instructions, dict) else {}
    missing = [name for name in names if not isinstance(given.get(name), str)]
    if missing:
        raise _problem(f"named entity recognition needs `instructions` with {', '.join(missing)}")


def _check_frames(annotation_type: Any, audited: Any, task_type: TaskType) -> None:
    if annotation_type not in ANNOTATION_TYPES:
        raise _problem(f"annotationType {annotation_type!r} does not exist")
    if task_type.mode == "label" and audited is not None:
        raise _problem("auditLabelAttributeName is for adjustment and verification jobs only")
    if task_type.mode == "adjust" and not (isinstance(audited, str) and audited):
        raise _problem("auditLabelAttributeName is required for adjustment and verification jobs")
