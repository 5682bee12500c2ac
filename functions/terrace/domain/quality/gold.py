"""Gold items, scored: which labels are not the known ones, and who got how many of them right.

`check` is the gate's check `gold`; `score` is what reports and `terrace quality gold score` show.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from statistics import fmean
from typing import Any

from terrace.domain.label_values import ClassLabel, Label, LabeledItem
from terrace.domain.manifest import SOURCES
from terrace.domain.privacy import pseudonym
from terrace.domain.quality.catalog_workers import GOLD
from terrace.domain.quality.findings import Finding, Severity
from terrace.domain.quality.gold_judging import Documents, Judgement, enough, judge
from terrace.domain.quality.gold_masks import Masks
from terrace.domain.quality.gold_truth import Gold
from terrace.domain.quality.metrics import AT, Score, pooled, total
from terrace.domain.quality.things import Things
from terrace.domain.quality.things_answers import of_answer
from terrace.domain.worker_responses import WorkerAnswer

FEWEST = 3
"""Gold answers of a worker below which nothing is said of them: one slip is not a bad worker."""
Answers = Mapping[int, tuple[WorkerAnswer, ...]]


@dataclass(frozen=True)
class GoldItem:
    """One gold item of a job."""

    item: int
    """Its place, from 0."""
    name: str
    """File name of the data object; a text's line."""
    judgement: Judgement | None
    """None: it has no label."""
    needed: float
    """Score from which on it is right."""


@dataclass(frozen=True)
class GoldWorker:
    """One worker's gold answers."""

    worker: str
    """Pseudonym."""
    answers: int
    """That could be compared."""
    right: int
    score: float | None
    """Mean score of the answers, 0 to 1; None where none could be compared."""


@dataclass
class GoldReport:
    """What gold items say of a job. JSON-able by `to_dict`."""

    items: list[GoldItem] = field(default_factory=list)
    workers: list[GoldWorker] = field(default_factory=list)
    """The lowest score first; those of whom nothing is known last."""
    byClass: dict[str, Score] = field(default_factory=dict)
    notCompared: list[str] = field(default_factory=list)
    """Labels and answers that could not be compared, and why."""

    @property
    def scored(self) -> list[GoldItem]:
        """Items whose label was compared."""
        return [one for one in self.items if one.judgement and one.judgement.score is not None]

    @property
    def right(self) -> int:
        """Items whose label is the known one."""
        return sum(bool(one.judgement and one.judgement.right) for one in self.scored)

    @property
    def share(self) -> float | None:
        """Share of the scored items that are right; None where none was scored."""
        return self.right / len(self.scored) if self.scored else None

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "items": len(self.items),
            "scored": len(self.scored),
            "right": self.right,
            "share": self.share,
            "objects": total(self.byClass).to_dict(),
            "byClass": {name: score.to_dict() for name, score in sorted(self.byClass.items())},
            "workers": [
                {
                    "worker": one.worker,
                    "answers": one.answers,
                    "right": one.right,
                    "score": one.score,
                }
                for one in self.workers
            ],
            "wrong": [
                {"item": one.item, "name": one.name, "score": one.judgement.score}
                | {"says": one.judgement.says}
                for one in self.scored
                if one.judgement and not one.judgement.right
            ],
            "unlabeled": [one.item for one in self.items if one.judgement is None],
            "notCompared": self.notCompared,
        }


def score(
    items: Iterable[LabeledItem],
    gold: Gold,
    attribute: str,
    *,
    answers: Answers | None = None,
    least: float = AT,
    documents: Documents | None = None,
    masks: Masks | None = None,
) -> GoldReport:
    """Scores a job's labels, and each worker's answers, by the gold items among its items.

    Worked number: a worker answered 4 gold images, 3 with the right class: score 3 / 4 = 0.75.

    Args:
        items: the job's output, in order.
        gold: the known labels; `gold.problems` are the caller's to tell.
        attribute: of the labels that are scored.
        answers: by the item's place, what each worker answered before it was consolidated.
        least: likeness (for boxes: IoU) from which on an object is the known one.
        documents: gives the parsed SeqLabel.json for the URI of a label of frames.
        masks: gives the bytes behind the URI of a mask; without it masks are not compared.
    """
    report = GoldReport()
    by_worker: dict[str, list[Judgement]] = {}
    scores = []
    names: dict[int, str] = {}
    of_gold: list[tuple[int, LabeledItem, Label]] = []
    for place, item in enumerate(items):
        _note_name(names, item.labels.get(attribute))
        known = gold.truths.get(_source(item))
        if known is not None:
            of_gold.append((place, item, known.label))
    for place, item, unnamed in of_gold:
        label, truth = item.labels.get(attribute), _with_name(unnamed, names)
        judged_label = (
            judge(truth, label, least=least, documents=documents, masks=masks) if label else None
        )
        found = GoldItem(place, _name(item), judged_label, enough(truth))
        report.items.append(found)
        if found.judgement is not None:
            scores.append(found.judgement.byClass)
            if found.judgement.score is None:
                report.notCompared.append(f"{found.name}: {found.judgement.says}")
        for worker, given in _by_worker((answers or {}).get(place, ())).items():
            judged = by_worker.setdefault(worker, [])
            if given is None:
                report.notCompared.append(
                    f"{found.name}: the answer of {worker} is of a kind that is not compared"
                )
                continue
            judgement = judge(truth, given, least=least, documents=documents)
            if judgement.score is None:
                report.notCompared.append(f"{found.name}: the answer of {worker}: {judgement.says}")
            else:
                judged.append(judgement)
    report.byClass = pooled(scores)
    report.workers = sorted(
        (_worker(name, judged) for name, judged in by_worker.items()),
        key=lambda one: (one.score is None, one.score or 0.0, one.worker),
    )
    return report


def check(
    items: Iterable[LabeledItem],
    gold: Gold,
    attribute: str,
    *,
    answers: Answers | None = None,
    threshold: float | None = None,
    fewest: int = FEWEST,
    least: float = AT,
    documents: Documents | None = None,
    masks: Masks | None = None,
) -> list[Finding]:
    """The check `gold`: gold items with a wrong label, and everything of workers who fail them.

    A gold item whose label is not the known one is an error. Of a worker with at least `fewest`
    gold answers and a score below the threshold, every item is flagged (warning), gold or not. A
    gold item that could not be compared is told (info).

    Worked number: a worker with 1 of 4 gold answers right scores 0.25, below 0.7: each of their
    items gets a warning with value 0.25 and threshold 0.7.

    Args:
        items: the job's output, in order; a finding's item is the place in it.
        gold: as for `score`.
        attribute: as for `score`.
        answers: as for `score`; without them only items are judged.
        threshold: of workers' scores; None: the catalog's.
        fewest: gold answers a worker must have to be judged at all.
        least: as for `score`.
        documents: as for `score`.
        masks: as for `score`.
    """
    known = list(items)
    limit = GOLD.threshold if threshold is None else threshold
    report = score(
        known, gold, attribute, answers=answers, least=least, documents=documents, masks=masks
    )
    found = [
        Finding(
            check=GOLD.name,
            severity=Severity.error,
            sentence=f"Gold item {one.name}: {one.judgement.says}.",
            item=one.item,
            value=one.judgement.score,
            threshold=one.needed,
        )
        for one in report.scored
        if one.judgement and not one.judgement.right
    ]
    found += [
        Finding(
            check=GOLD.name,
            severity=Severity.info,
            sentence=f"Gold item {one.name} was not compared: {one.judgement.says}.",
            item=one.item,
        )
        for one in report.items
        if one.judgement and one.judgement.score is None
    ]
    failing = {
        one.worker: one
        for one in report.workers
        if one.score is not None
        and limit is not None
        and one.answers >= fewest
        and one.score < limit
    }
    for place in sorted(answers or {}):
        workers = {pseudonym(answer.worker_id) for answer in (answers or {})[place]}
        for name in sorted(workers & failing.keys()):
            worker = failing[name]
            found.append(
                Finding(
                    check=GOLD.name,
                    severity=Severity.warning,
                    sentence=(
                        f"{name} labeled it and got {worker.right} of {worker.answers} gold items "
                        f"right (score {worker.score:.2f}, below {limit:g})."
                    ),
                    item=place,
                    value=worker.score,
                    threshold=limit,
                )
            )
    return found


def _note_name(names: dict[int, str], label: Label | None) -> None:
    if label is not None and isinstance(label.value, ClassLabel) and label.value.name is not None:
        names.setdefault(label.value.number, label.value.name)


def _with_name(truth: Label, names: Mapping[int, str]) -> Label:
    """Workers answer names, and hand-made gold often has numbers only: the job's labels have both.

    Worked number: gold class 3 without a name; a label of the job is class 3, "Owl": it is "Owl".
    """
    value = truth.value
    if not isinstance(value, ClassLabel) or value.name is not None or value.number not in names:
        return truth
    return replace(truth, value=replace(value, name=names[value.number]))


def _source(item: LabeledItem) -> str:
    return next((str(item.data[key]) for key in SOURCES if key in item.data), "")


def _name(item: LabeledItem) -> str:
    """What people call an item: a text is not repeated, since findings are kept for long."""
    uri = item.data.get("source-ref")
    return uri.rsplit("/", 1)[-1] if isinstance(uri, str) else f"line {item.number}"


def _by_worker(answers: tuple[WorkerAnswer, ...]) -> dict[str, Things | None]:
    """Each worker's answer to one item; a video's answers are one a frame, and count together."""
    found: dict[str, Things | None] = {}
    for answer in sorted(answers, key=lambda one: one.submitted):
        name, given = pseudonym(answer.worker_id), of_answer(answer)
        earlier = found.get(name)
        if given and earlier and given.shape == earlier.shape == "frames":
            frames = {place.key: place for place in (*earlier.places, *given.places)}
            given = replace(
                given,
                places=tuple(frames.values()),
                unreadable=(*earlier.unreadable, *given.unreadable),
            )
        found[name] = given
    return found


def _worker(name: str, judged: list[Judgement]) -> GoldWorker:
    scores = [one.score for one in judged if one.score is not None]
    return GoldWorker(
        name,
        len(scores),
        sum(bool(one.right) for one in judged),
        fmean(scores) if scores else None,
    )
