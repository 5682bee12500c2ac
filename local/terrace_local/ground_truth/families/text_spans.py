"""Named entity recognition: people mark stretches of a text and say what they name."""

from collections import Counter
from dataclasses import dataclass
from statistics import median
from typing import Any

from terrace_local.ground_truth.clock import file_stamp
from terrace_local.ground_truth.families.base import ItemAnswer, Prepared
from terrace_local.ground_truth.families.objects import line_text, truth_of
from terrace_local.ground_truth.families.responses import response_file, worker_answer
from terrace_local.ground_truth.votes import MOST_CONFIDENT
from terrace_local.workers.guess import GUESSED, KNOWN
from terrace_local.workers.item_truth import Span
from terrace_local.workers.seeds import chance
from terrace_local.workers.span_work import guess_spans, mark_spans

# Marks of two people that share this much of their characters are of the same name.
SAME_NAME = 0.5


class TextSpans:
    """One line of the manifest is one text; offsets count Unicode characters."""

    def prepare(self, prepared: Prepared, template: str | None) -> None:
        """Nothing more to read: AWS keeps the worker UI."""

    def effort_seconds(self, prepared: Prepared, index: int) -> float:
        """The same as drawing on an image."""
        return prepared.crew.mix.pace.secondsPerImage

    def answer(self, prepared: Prepared, index: int) -> ItemAnswer:
        """Everybody marks on their own; marks of the same name are put together."""
        categories, text = prepared.categories, line_text(prepared, index)
        truth = truth_of(prepared, index)
        known = KNOWN if truth is not None else GUESSED
        if truth is not None:
            right = truth.spans
        else:
            right = guess_spans(text, categories, *prepared.seed(index))
        effort = self.effort_seconds(prepared, index)
        marked, entries, answers = [], [], []
        for person in prepared.people(index):
            seed = (*prepared.seed(index), person.worker_id)
            spans = mark_spans(right, text, categories, person, prepared.crew.mix, *seed)
            marked.append(spans)
            content = {"crowd-entity-annotation": {"entities": [_entity(span) for span in spans]}}
            entries.append(worker_answer(prepared, person, content, effort, known))
            answers.append({"workerId": person.worker_id, "content": content})
        groups = consolidate_spans(marked, *prepared.seed(index))
        value = {
            "annotations": {
                "entities": [_entity(group.span) for group in groups],
                "labels": _label_rows(prepared),
            }
        }
        metadata = {"entities": [{"confidence": group.confidence} for group in groups]}
        files = [response_file(prepared, index, file_stamp(prepared.now()), entries)]
        return ItemAnswer(value, metadata, files, answers, known)


def _label_rows(prepared: Prepared) -> list[dict[str, str]]:
    rows = []
    for label in prepared.categories.labels:
        short = {"shortDisplayName": label.short_name} if label.short_name is not None else {}
        rows.append({"label": label.name, **short})
    return rows


def _entity(span: Span) -> dict[str, Any]:
    return {"endOffset": span.end, "startOffset": span.start, "label": span.label}


@dataclass(frozen=True)
class NamedSpan:
    """A name as all people together see it."""

    span: Span
    confidence: float


def consolidate_spans(answers: list[list[Span]], *seed: object) -> list[NamedSpan]:
    """Clusters marks by how many characters they share, as the guide describes.

    A boundary is the most frequent one, else the median; the label is the one given most often,
    ties at random. With one person every mark is kept; with more, at least half of them must
    have made it.

    Args:
        answers: The marks of each person.
        seed: Decides ties.
    """
    clusters: list[dict[int, Span]] = []
    for who, spans in enumerate(answers):
        for span in spans:
            near = [
                (max(_jaccard(span, other) for other in cluster.values()), -order)
                for order, cluster in enumerate(clusters)
                if who not in cluster
            ]
            score, order = max(near, default=(0.0, 0))
            if score >= SAME_NAME:
                clusters[-order][who] = span
            else:
                clusters.append({who: span})
    people = len(answers)
    found = []
    for number, cluster in enumerate(clusters):
        if 2 * len(cluster) < people:
            continue
        marks = list(cluster.values())
        start = _boundary([mark.start for mark in marks])
        end = _boundary([mark.end for mark in marks])
        if start >= end:
            start, end = marks[0].start, marks[0].end
        label, times = _most([mark.label for mark in marks], *seed, "tie", number)
        share = MOST_CONFIDENT * times / people
        found.append(NamedSpan(Span(start, end, label), 0 if people == 1 else round(share, 2)))
    return sorted(found, key=lambda row: (row.span.start, row.span.end, row.span.label))


def _jaccard(a: Span, b: Span) -> float:
    common = min(a.end, b.end) - max(a.start, b.start)
    return max(0, common) / (max(a.end, b.end) - min(a.start, b.start))


def _boundary(places: list[int]) -> int:
    (most, times), *others = Counter(places).most_common()
    is_clear = not others or others[0][1] < times
    return most if is_clear else int(median(places))


def _most(labels: list[str], *seed: object) -> tuple[str, int]:
    counts = Counter(labels)
    times = max(counts.values())
    best = sorted(label for label, count in counts.items() if count == times)
    return chance(*seed).choice(best), times
