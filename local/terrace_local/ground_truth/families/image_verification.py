"""Verification of boxes and masks on images: people choose a verdict and may say why."""

from typing import Any

from terrace_local.ground_truth.clock import file_stamp
from terrace_local.ground_truth.families.audited import (
    audited_in_template,
    check_other_attribute,
    old_classes,
    old_colors,
)
from terrace_local.ground_truth.families.base import ItemAnswer, Prepared
from terrace_local.ground_truth.families.classification import labeled, single_votes
from terrace_local.ground_truth.families.image_boxes import (
    Picture,
    given_boxes,
    image_task,
    look_at,
)
from terrace_local.ground_truth.families.image_masks import given_mask, true_boxes
from terrace_local.ground_truth.families.responses import response_file, worker_answer
from terrace_local.ground_truth.jobs import ItemResult
from terrace_local.ground_truth.votes import choose_classes, confidence
from terrace_local.workers.crew import Person
from terrace_local.workers.image_work import (
    first_fault,
    give_verdict,
    guess_fault,
    verify_image,
)
from terrace_local.workers.mask_work import find_mask_faults

_ELEMENTS = ("crowd-image-classifier", "crowd-classifier")


class ImageVerification:
    """One line of the manifest is one labeled image; the job's labels are the verdicts."""

    def prepare(self, prepared: Prepared, template: str | None) -> None:
        """Finds the attribute under review in the worker template."""
        prepared.audited = audited_in_template(template, prepared)
        check_other_attribute(prepared)
        prepared.classes = old_classes(prepared)
        prepared.known_colors = old_colors(prepared)

    def effort_seconds(self, prepared: Prepared, index: int) -> float:
        """A review's share of the time that labeling takes."""
        pace = prepared.crew.mix.pace
        return pace.secondsPerImage * pace.reviewFactor

    def answer(self, prepared: Prepared, index: int) -> ItemAnswer:
        """Everybody gives a verdict of their own."""
        of_masks = prepared.task_type.audited_type == "groundtruth/semantic-segmentation"
        given = given_mask(prepared, index) if of_masks else given_boxes(prepared, index)
        picture = look_at(prepared, index)
        page = prepared.show(index, prepared.lines[index].source)
        key = page.name_of(*_ELEMENTS, default=_ELEMENTS[0]) if page is not None else _ELEMENTS[0]
        names = prepared.categories.names
        effort = self.effort_seconds(prepared, index)
        comments, entries, answers = [], [], []
        for person in prepared.people(index):
            judge = _judge_mask if of_masks else _judge_boxes
            verdict, comment = judge(prepared, index, picture, given, person)
            content: dict[str, Any] = {key: {"label": names[verdict]}}
            if comment is not None:
                content[key]["workerComment"] = comment
                comments.append({"comment": comment})
            entries.append(worker_answer(prepared, person, content, effort, picture.known))
            answers.append({"workerId": person.worker_id, "content": content})
        files = [response_file(prepared, index, file_stamp(prepared.now()), entries)]
        alone = {index: ItemResult(True, answers=answers)}
        result = self.consolidate(prepared, "", alone)[index]
        feedback = {"worker-feedback": comments} if comments else {}
        metadata = {**result.metadata, **feedback}
        return ItemAnswer(result.value, metadata, files, answers, picture.known)

    def consolidate(
        self, prepared: Prepared, request_uri: str, answered: dict[int, ItemResult]
    ) -> dict[int, ItemResult]:
        """Weighs everybody's verdicts by how well they agree with the others in the set."""
        names = prepared.categories.names
        after = {}
        found = choose_classes(single_votes(answered, names), len(names))
        for index, (winner, probability) in found.items():
            people = len(answered[index].answers)
            metadata = {
                "class-name": names[winner],
                "confidence": confidence(probability, people),
            }
            after[index] = labeled(answered[index], winner, metadata)
        return after


def _judge_boxes(
    prepared: Prepared, index: int, picture: Picture, given: Any, person: Person
) -> tuple[int, str | None]:
    task = image_task(prepared, index, picture, person)
    verdicts = prepared.categories.names
    return verify_image(given, picture.truth, verdicts, task, prepared.classes)


def _judge_mask(
    prepared: Prepared, index: int, picture: Picture, given: Any, person: Person
) -> tuple[int, str | None]:
    task = image_task(prepared, index, picture, person)
    mask, colors = given
    if picture.truth is None:
        kind = guess_fault(task)
    else:
        truth = true_boxes(picture.truth, colors.names)
        kind = first_fault(find_mask_faults(mask, truth, colors, task), task)
    return give_verdict(kind, prepared.categories.names, task)
