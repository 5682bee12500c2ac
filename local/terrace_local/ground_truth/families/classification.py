"""Classes of images, texts and video clips: one class or several, by one person or several."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from terrace_local.ground_truth.clock import file_stamp
from terrace_local.ground_truth.families.base import ItemAnswer, Prepared
from terrace_local.ground_truth.families.objects import task_object, truth_of
from terrace_local.ground_truth.families.responses import response_file, worker_answer
from terrace_local.ground_truth.jobs import ItemResult
from terrace_local.ground_truth.votes import Votes, choose_classes, confidence
from terrace_local.workers import class_work
from terrace_local.workers.guess import GUESSED, KNOWN

# Elements of the templates, the one of the type first.
_ELEMENTS = {
    ("image", False): ("crowd-image-classifier", "crowd-classifier"),
    ("image", True): ("crowd-image-classifier-multi-select", "crowd-classifier-multi-select"),
    ("text", False): ("crowd-classifier",),
    ("text", True): ("crowd-classifier-multi-select",),
    ("video-clip", False): ("crowd-classifier",),
}
# A class of a multi-label object needs at least this probability.
_ENOUGH = 0.5


class Classification:
    """One line of the manifest is one image, text or video clip."""

    def prepare(self, prepared: Prepared, template: str | None) -> None:
        """Nothing more to read: every object stands for itself."""

    def effort_seconds(self, prepared: Prepared, index: int) -> float:
        """Choosing takes its share of the time that drawing takes."""
        pace = prepared.crew.mix.pace
        return pace.secondsPerImage * pace.reviewFactor

    def answer(self, prepared: Prepared, index: int) -> ItemAnswer:
        """Everybody chooses on their own."""
        task_type, categories = prepared.task_type, prepared.categories
        page = prepared.show(index, task_object(prepared, index))
        elements = _ELEMENTS[task_type.data, task_type.multi]
        key = page.name_of(*elements, default=elements[0]) if page is not None else elements[0]
        truth = truth_of(prepared, index)
        known = KNOWN if truth is not None and truth.labels else GUESSED
        right = truth.labels if truth is not None else ()
        if not right:
            right = class_work.guess_classes(categories, task_type.multi, *prepared.seed(index))
        effort = self.effort_seconds(prepared, index)
        entries, answers = [], []
        for person in prepared.people(index):
            given = (right, categories, person, prepared.crew.mix)
            seed = (*prepared.seed(index), person.worker_id)
            content: dict[str, Any]
            if task_type.multi:
                chosen = class_work.choose_classes(*given, *seed)
                content = {key: {"labels": [categories.names[k] for k in chosen]}}
            else:
                content = {key: {"label": categories.names[class_work.choose_class(*given, *seed)]}}
            entries.append(worker_answer(prepared, person, content, effort, known))
            answers.append({"workerId": person.worker_id, "content": content})
        files = [response_file(prepared, index, file_stamp(prepared.now()), entries)]
        alone = {index: ItemResult(True, answers=answers)}
        result = self.consolidate(prepared, "", alone)[index]
        return ItemAnswer(result.value, result.metadata, files, answers, known)

    def consolidate(
        self, prepared: Prepared, request_uri: str, answered: dict[int, ItemResult]
    ) -> dict[int, ItemResult]:
        """Weighs everybody's answers by how well they agree with the others in the set."""
        names = prepared.categories.names
        if prepared.task_type.multi:
            return _several(answered, names)
        after = {}
        for index, (winner, probability) in choose_classes(
            single_votes(answered, names), len(names)
        ).items():
            people = len(answered[index].answers)
            metadata = {
                "confidence": confidence(probability, people),
                "class-name": names[winner],
            }
            after[index] = labeled(answered[index], winner, metadata)
        return after


def single_votes(answered: dict[int, ItemResult], names: list[str]) -> Votes:
    """Who chose which class, from answers of elements that let people choose one."""
    votes: Votes = {}
    for index, result in answered.items():
        contents = [(row["workerId"], first_value(row["content"])) for row in result.answers]
        votes[index] = [(worker, names.index(said["label"])) for worker, said in contents]
    return votes


def first_value(content: dict[str, Any]) -> Any:
    """What the first element of a task's form gave; templates may name it as they like."""
    return next(iter(content.values()))


def labeled(result: ItemResult, value: Any, metadata: dict[str, Any]) -> ItemResult:
    """The result with another label; what its metadata has in common with all others stays."""
    return replace(result, value=value, metadata={**result.metadata, **metadata})


def _several(answered: dict[int, ItemResult], names: list[str]) -> dict[int, ItemResult]:
    """Decides each class by itself: was it right to choose it?"""
    said = {
        index: [(row["workerId"], first_value(row["content"])["labels"]) for row in result.answers]
        for index, result in answered.items()
    }
    scores: dict[int, dict[int, float]] = {index: {} for index in answered}
    for k, name in enumerate(names):
        votes: Votes = {
            index: [(worker, int(name in labels)) for worker, labels in rows]
            for index, rows in said.items()
        }
        for index, (winner, probability) in choose_classes(votes, 2).items():
            share = probability if winner == 1 else 1 - probability
            if share >= _ENOUGH:
                scores[index][k] = confidence(share, len(said[index]))
    after = {}
    for index, row in scores.items():
        ranked = sorted(row, key=lambda k: (-row[k], k))
        metadata = _multi_metadata(ranked, row, names)
        after[index] = labeled(answered[index], ranked, metadata)
    return after


def _multi_metadata(
    ranked: Iterable[int], scores: dict[int, float], names: list[str]
) -> dict[str, Any]:
    return {
        "class-map": {str(k): names[k] for k in ranked},
        "confidence-map": {str(k): scores[k] for k in ranked},
    }
