"""What a training came to: measures of all and of each class, and the result of each test image.

Two files in the output folder say so; DescribeProjectVersions names them: the summary
(`EvaluationResult.Summary`) and the snapshot of the test manifest (`TestingDataResult.Output`),
whose labels of the model carry `rekognition-custom-labels-evaluation-details`. Sources: the
guide, im-summary-file.html and im-evaluation-manifest-snapshot-api.html.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from terrace.domain import manifest
from terrace.domain.manifest import METADATA, Item

DETAILS = "rekognition-custom-labels-evaluation-details"
OUTCOMES = {
    "true-positive": "TP",
    "false-positive": "FP",
    "false-negative": "FN",
    "true-negative": "TN",
}


@dataclass(frozen=True)
class Measures:
    """Of one class, or of all (`label` is empty); None where the summary does not say."""

    label: str
    precision: float | None
    recall: float | None
    f1: float | None
    threshold: float | None = None
    images: int | None = None
    average_precision: float | None = None
    average_recall: float | None = None


@dataclass(frozen=True)
class Judged:
    """One prediction: class, confidence from 0 to 1, and TP, FP, FN or TN."""

    label: str
    confidence: float | None
    outcome: str


@dataclass(frozen=True)
class TestImage:
    """One test image and what the model made of it."""

    source: str
    predictions: tuple[Judged, ...]

    @property
    def wrong(self) -> int:
        """How many predictions are false."""
        return sum(one.outcome in ("FP", "FN") for one in self.predictions)


@dataclass
class Results:
    """All that is told of a training that is done.

    Attributes:
        overall: of all classes.
        labels: of each class, the worst F1 first.
        confusion: (true class, predicted class, share) where the summary has it.
        images: of the snapshot, the most errors first.
        notes: what could not be read.
    """

    overall: Measures | None = None
    labels: list[Measures] = field(default_factory=list)
    confusion: list[tuple[str, str, float]] = field(default_factory=list)
    images: list[TestImage] = field(default_factory=list)
    trained: int | None = None
    tested: int | None = None
    notes: list[str] = field(default_factory=list)


def read_summary(content: Any, into: Results) -> None:
    """The summary file. Its measures stand in `Metrics`, or (AWS's own example) beside it."""
    if not isinstance(content, dict):
        into.notes.append("the summary is no JSON object")
        return
    total = _object(content.get("AggregatedEvaluationResults"))
    metrics = {**total, **_object(total.get("Metrics"))}
    into.overall = _measures("", metrics, None)
    details = _object(content.get("EvaluationDetails"))
    into.trained = _count(details.get("NumberOfTrainingImages"))
    into.tested = _count(details.get("NumberOfTestingImages"))
    for row in _list(content.get("LabelEvaluationResults")):
        one = _object(row)
        into.labels.append(
            _measures(
                str(one.get("Label", "")),
                _object(one.get("Metrics")),
                _count(one.get("NumberOfTestingImages")),
            )
        )
    into.labels.sort(key=lambda one: (one.f1 if one.f1 is not None else -1.0, one.label))
    for row in _list(metrics.get("ConfusionMatrix")):
        one = _object(row)
        value = _number(one.get("Value"))
        if value is not None:
            into.confusion.append(
                (str(one.get("GroundTruthLabel")), str(one.get("PredictedLabel")), value)
            )


def read_snapshot(lines: Iterable[str], into: Results, place: str) -> None:
    """The test manifest's snapshot, line by line."""
    broken = 0
    for found in manifest.read(lines, uri=place, limits=False):
        if not isinstance(found, Item):
            broken += 1
            continue
        into.images.append(TestImage(found.source, tuple(_predictions(found))))
    if broken:
        into.notes.append(f"{broken} lines of {place} cannot be read")
    into.images.sort(key=lambda image: (-image.wrong, image.source))


def _predictions(item: Item) -> Iterator[Judged]:
    """Classes have their details in the metadata, boxes in those of each object."""
    for key, value in item.data.items():
        if not key.endswith(METADATA) or not isinstance(value, dict):
            continue
        if isinstance(value.get(DETAILS), dict):
            yield Judged(
                str(value.get("class-name", "")),
                _number(value.get("confidence")),
                _outcome(value[DETAILS]),
            )
            continue
        names = _object(value.get("class-map"))
        boxes = _list(_object(item.data.get(key.removesuffix(METADATA))).get("annotations"))
        for index, thing in enumerate(_list(value.get("objects"))):
            one = _object(thing)
            if not isinstance(one.get(DETAILS), dict):
                continue
            box = _object(boxes[index]) if index < len(boxes) else {}
            yield Judged(
                str(names.get(str(box.get("class_id")), "")),
                _number(one.get("confidence")),
                _outcome(one[DETAILS]),
            )


def _outcome(details: dict[str, Any]) -> str:
    for key, short in OUTCOMES.items():
        if details.get(f"is-{key}") is True:
            return short
    return ""


def _measures(label: str, given: dict[str, Any], images: int | None) -> Measures:
    return Measures(
        label,
        _number(given.get("Precision")),
        _number(given.get("Recall")),
        _number(given.get("F1Score")),
        _number(given.get("Threshold")),
        images,
        _number(given.get("AveragePrecision")),
        _number(given.get("AverageRecall")),
    )


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _number(value: Any) -> float | None:
    sound = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if sound else None


def _count(value: Any) -> int | None:
    number = _number(value)
    return int(number) if number is not None and number.is_integer() else None
