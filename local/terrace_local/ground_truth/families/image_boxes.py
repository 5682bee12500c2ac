"""Bounding boxes on images, and their adjustment: one or several people per image."""

from dataclasses import dataclass, replace
from typing import Any

from terrace_local.ground_truth.clock import file_stamp
from terrace_local.ground_truth.families.audited import (
    audited_in_template,
    audited_metadata,
    check_old_labels,
)
from terrace_local.ground_truth.families.base import ItemAnswer, ItemProblem, Prepared
from terrace_local.ground_truth.families.responses import (
    picture_size,
    response_file,
    worker_answer,
)
from terrace_local.ground_truth.s3files import InputProblem
from terrace_local.ground_truth.votes import MOST_CONFIDENT
from terrace_local.workers.crew import Person
from terrace_local.workers.guess import DEFAULT_SIZE, GUESSED, KNOWN, guess_image
from terrace_local.workers.image_work import Boxes, ImageTask, adjust_image, label_image
from terrace_local.workers.mix import ErrorMix, Labeling
from terrace_local.workers.shapes import Box, iou, shape_from_json, shape_to_json
from terrace_local.workers.truth import ImageTruth

_ELEMENT, _NAME = "crowd-bounding-box", "boundingBox"
# Boxes of two people that overlap this much are of the same object.
SAME_OBJECT = 0.5


@dataclass(frozen=True)
class Picture:
    """What is known of an image before anybody draws on it."""

    width: int
    height: int
    depth: int
    truth: ImageTruth | None

    @property
    def known(self) -> str:
        """Whether people draw from a truth or guess."""
        return GUESSED if self.truth is None else KNOWN


class ImageBoxes:
    """One line of the manifest is one image."""

    def prepare(self, prepared: Prepared, template: str | None) -> None:
        """An adjustment finds the attribute under review in the worker template."""
        if prepared.task_type.mode == "adjust":
            prepared.audited = audited_in_template(template, prepared)
            check_old_labels(prepared)

    def effort_seconds(self, prepared: Prepared, index: int) -> float:
        """The same for every image; an adjustment takes its share of labeling."""
        pace = prepared.crew.mix.pace
        factor = pace.reviewFactor if prepared.task_type.mode != "label" else 1.0
        return pace.secondsPerImage * factor

    def answer(self, prepared: Prepared, index: int) -> ItemAnswer:
        """Everybody draws on their own; their boxes are matched by overlap and averaged."""
        given = given_boxes(prepared, index) if prepared.audited is not None else []
        picture = look_at(prepared, index)
        page = prepared.show(index, prepared.lines[index].source)
        key = page.name_of(_ELEMENT, default=_NAME) if page is not None else _NAME
        drawn: list[tuple[Person, Boxes]] = []
        changed = False
        for person in prepared.people(index):
            boxes, touched = self._draw(prepared, index, picture, given, person)
            drawn.append((person, boxes))
            changed = changed or touched
        answer = self._filed(prepared, index, picture, drawn, key)
        if prepared.audited is not None:
            answer.metadata["adjustment-status"] = "adjusted" if changed else "unadjusted"
        return answer

    @staticmethod
    def _draw(
        prepared: Prepared, index: int, picture: Picture, given: Boxes, person: Person
    ) -> tuple[Boxes, bool]:
        categories = prepared.categories
        if prepared.audited is None:
            return draw_anew(prepared, index, picture, person), False
        return adjust_image(
            given, picture.truth, categories, image_task(prepared, index, picture, person)
        )

    @staticmethod
    def _metadata(prepared: Prepared, groups: list["Group"], people: int) -> dict[str, Any]:
        names = prepared.categories.names
        used = {group.label for group in groups}
        return {
            "objects": [{"confidence": group.confidence(people)} for group in groups],
            "class-map": {str(i): name for i, name in enumerate(names) if name in used},
        }

    def _filed(
        self,
        prepared: Prepared,
        index: int,
        picture: Picture,
        drawn: list[tuple[Person, Boxes]],
        key: str,
    ) -> ItemAnswer:
        names = prepared.categories.names
        effort = self.effort_seconds(prepared, index)
        groups = consolidate([boxes for _, boxes in drawn])
        entries, answers = [], []
        for person, boxes in drawn:
            content = {
                key: {
                    "boundingBoxes": [{"label": n, **shape_to_json(b)} for n, b in boxes],
                    "inputImageProperties": {"height": picture.height, "width": picture.width},
                }
            }
            entries.append(worker_answer(prepared, person, content, effort, picture.known))
            answers.append({"workerId": person.worker_id, "content": content})
        value = {
            "image_size": [
                {"width": picture.width, "height": picture.height, "depth": picture.depth}
            ],
            "annotations": [
                {"class_id": names.index(group.label), **shape_to_json(group.box)}
                for group in groups
            ],
        }
        stamp = file_stamp(prepared.now())
        files = [response_file(prepared, index, stamp, entries)]
        metadata = self._metadata(prepared, groups, len(drawn))
        return ItemAnswer(value, metadata, files, answers, picture.known)


@dataclass
class Group:
    """Boxes of several people around one object, put together."""

    label: str
    members: list[Box]

    @property
    def box(self) -> Box:
        """The mean box."""
        n = len(self.members)
        if n == 1:
            return self.members[0]
        return Box(
            sum(b.left for b in self.members) / n,
            sum(b.top for b in self.members) / n,
            sum(b.width for b in self.members) / n,
            sum(b.height for b in self.members) / n,
        )

    def confidence(self, people: int) -> float:
        """0 for one person, as in real jobs; else the share of people times their agreement."""
        if people == 1:
            return 0
        mean = self.box
        agreement = sum(iou(mean, b) for b in self.members) / len(self.members)
        return round(MOST_CONFIDENT * agreement * len(self.members) / people, 2)


def consolidate(answers: list[Boxes]) -> list[Group]:
    """Matches boxes of several people by overlap and label, and keeps what most of them drew.

    With one person every box is kept; with more, a box needs at least half of the people.
    """
    groups: list[tuple[Group, set[int]]] = []
    for who, boxes in enumerate(answers):
        for label, box in boxes:
            near = [
                (iou(group.box, box), order)
                for order, (group, people) in enumerate(groups)
                if group.label == label and who not in people
            ]
            score, order = max(near, default=(0.0, -1))
            if score >= SAME_OBJECT:
                groups[order][0].members.append(box)
                groups[order][1].add(who)
            else:
                groups.append((Group(label, [box]), {who}))
    return [group for group, people in groups if 2 * len(people) >= len(answers)]


def look_at(prepared: Prepared, index: int) -> Picture:
    """Reads an image's size and what is really on it.

    Raises:
        ItemProblem: when the image cannot be shown to anybody.
    """
    uri = prepared.lines[index].source
    truth = prepared.truths.image(uri)
    try:
        size = picture_size(prepared.files, uri)
    except InputProblem as error:
        raise ItemProblem(str(error)) from error
    if size is None and truth is not None and truth.width and truth.height:
        size = (truth.width, truth.height, 3)
    width, height, depth = size or (*DEFAULT_SIZE, 3)
    return Picture(width, height, depth, truth)


def image_task(prepared: Prepared, index: int, picture: Picture, person: Person) -> ImageTask:
    """The image in a person's hands."""
    seed = (*prepared.seed(index), person.worker_id)
    return ImageTask(picture.width, picture.height, person, prepared.crew.mix, seed)


def draw_anew(prepared: Prepared, index: int, picture: Picture, person: Person) -> Boxes:
    """What a person draws on an image without labels; without a truth, the same guess for all."""
    task = image_task(prepared, index, picture, person)
    if picture.truth is not None:
        return label_image(picture.truth, prepared.categories, task)
    size = (picture.width, picture.height)
    guess = guess_image(size, prepared.categories, *prepared.seed(index))
    return label_image(guess, prepared.categories, replace(task, mix=_calm(task.mix)))


def given_boxes(prepared: Prepared, index: int) -> Boxes:
    """The boxes under review on one line.

    Raises:
        ItemProblem: when there are none to review or they cannot be understood.
    """
    metadata = audited_metadata(prepared, index)
    value = prepared.lines[index].data[prepared.audited or ""]
    try:
        class_map = metadata["class-map"]
        boxes = []
        for row in value["annotations"]:
            shape = shape_from_json(row)
            if isinstance(shape, Box):
                boxes.append((str(class_map[str(row["class_id"])]), shape))
    except (KeyError, TypeError, ValueError) as error:
        raise ItemProblem(
            f"ClientError: The label attribute {prepared.audited} cannot be shown: {error!r}."
        ) from error
    return boxes


def _calm(mix: ErrorMix) -> ErrorMix:
    """The same people without errors: errors in a guess would mean nothing."""
    calm = Labeling(
        missedObject=0, missedRun=0, drift=0, looseBox=0, wrongClass=0, identitySwap=0, jitter=0.01
    )
    return replace(mix, label=calm)
