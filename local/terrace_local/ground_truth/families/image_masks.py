"""Semantic segmentation of images, and its adjustment: one class for each pixel."""

from collections.abc import Sequence
from typing import Any

from PIL import Image

from terrace_local.ground_truth.clock import creation_date, file_stamp
from terrace_local.ground_truth.families.audited import (
    audited_in_template,
    audited_metadata,
    check_old_labels,
    old_colors,
)
from terrace_local.ground_truth.families.base import ItemAnswer, ItemProblem, OutFile, Prepared
from terrace_local.ground_truth.families.image_boxes import (
    Picture,
    draw_anew,
    image_task,
    look_at,
)
from terrace_local.ground_truth.families.responses import response_file, worker_answer
from terrace_local.ground_truth.masks import (
    BACKGROUND,
    BACKGROUND_COLOR,
    Colors,
    MaskError,
    colors_of,
    from_png,
    likeness,
    paint,
    to_base64,
    to_png,
    vote,
)
from terrace_local.ground_truth.s3files import InputProblem
from terrace_local.ground_truth.votes import MOST_CONFIDENT
from terrace_local.workers.crew import Person
from terrace_local.workers.image_work import Boxes
from terrace_local.workers.mask_work import repair_mask
from terrace_local.workers.truth import ImageTruth

_ELEMENT = "crowd-semantic-segmentation"

Given = tuple[Image.Image, Colors]


class ImageMasks:
    """One line of the manifest is one image."""

    def prepare(self, prepared: Prepared, template: str | None) -> None:
        """An adjustment finds the masks under review in the template, and keeps their colours."""
        if prepared.task_type.mode == "adjust":
            prepared.audited = audited_in_template(template, prepared)
            check_old_labels(prepared)
            prepared.known_colors = old_colors(prepared)
        try:
            _colors(prepared)
        except MaskError as error:
            raise InputProblem(
                f"ClientError: The label category file is invalid: {error}."
            ) from error

    def effort_seconds(self, prepared: Prepared, index: int) -> float:
        """Twice the time of boxes; an adjustment takes its share of it."""
        pace = prepared.crew.mix.pace
        factor = pace.reviewFactor if prepared.task_type.mode != "label" else 1.0
        return 2 * pace.secondsPerImage * factor

    def answer(self, prepared: Prepared, index: int) -> ItemAnswer:
        """Everybody paints on their own; each pixel gets the class that most of them gave it."""
        given = given_mask(prepared, index) if prepared.audited is not None else None
        picture = look_at(prepared, index)
        page = prepared.show(index, prepared.lines[index].source)
        key = page.name_of(_ELEMENT, default=_ELEMENT) if page is not None else _ELEMENT
        colors = _colors(prepared)
        effort = self.effort_seconds(prepared, index)
        masks, entries = [], []
        any_changed = False
        people = prepared.people(index)
        for person in people:
            mask, changed = _paint(prepared, index, picture, given, person)
            content = {key: _content(mask, colors, changed if given is not None else None)}
            entries.append(worker_answer(prepared, person, content, effort, picture.known))
            masks.append(mask)
            any_changed = any_changed or changed
        moment = prepared.now()
        responses = response_file(prepared, index, file_stamp(moment), entries)
        # Masks are too big to stand in the consolidation request themselves.
        where = {"annotationData": {"s3Uri": f"{prepared.root}/{responses.path}"}}
        answers = [{"workerId": person.worker_id, **where} for person in people]
        folder = "annotations/consolidated-annotation/output"
        path = f"{folder}/{index}_{creation_date(moment)}.png"
        together = vote(masks, len(colors.names))
        metadata: dict[str, Any] = {"internal-color-map": _color_map(together, masks, colors)}
        if given is not None:
            metadata["adjustment-status"] = "adjusted" if any_changed else "unadjusted"
        files = [OutFile(path, to_png(together, colors), "image/png"), responses]
        value = f"{prepared.root}/{path}"
        return ItemAnswer(value, metadata, files, answers, picture.known)


def _colors(prepared: Prepared) -> Colors:
    return colors_of(prepared.categories.names, prepared.known_colors)


def _paint(
    prepared: Prepared,
    index: int,
    picture: Picture,
    given: Given | None,
    person: Person,
) -> tuple[Image.Image, bool]:
    """A person's mask, and whether it differs from the one under review."""
    colors = _colors(prepared)
    if given is None:
        drawn = draw_anew(prepared, index, picture, person)
        return paint((picture.width, picture.height), drawn, colors), False
    old, old_ones = given
    mask = _recoded(old, old_ones, colors)
    if picture.truth is None:
        return mask, False
    truth = true_boxes(picture.truth, colors.names)
    return repair_mask(mask, truth, colors, image_task(prepared, index, picture, person))


def _recoded(mask: Image.Image, old: Colors, new: Colors) -> Image.Image:
    """The same mask with the class indexes of another category file."""
    table = [0] + [new.index_of(name) for name in old.names]
    return mask.point(table + [0] * (256 - len(table)))


def _content(mask: Image.Image, colors: Colors, modified: bool | None) -> dict[str, Any]:
    """What the tool hands in; ``initialValueModified`` only where there was an initial value."""
    content: dict[str, Any] = {
        "inputImageProperties": {"height": mask.height, "width": mask.width},
        "labelMappings": {
            name: {"color": color} for name, color in zip(colors.names, colors.hexes, strict=True)
        },
        "labeledImage": {"pngImageData": to_base64(to_png(mask, colors))},
    }
    if modified is not None:
        content["initialValueModified"] = modified
    return content


def _color_map(
    together: Image.Image, masks: list[Image.Image], colors: Colors
) -> dict[str, dict[str, Any]]:
    names = (BACKGROUND, *colors.names)
    hexes = (BACKGROUND_COLOR, *colors.hexes)
    return {
        str(k): {
            "class-name": name,
            "hex-color": color,
            "confidence": _confidence(together, masks, k),
        }
        for k, (name, color) in enumerate(zip(names, hexes, strict=True))
    }


def _confidence(together: Image.Image, masks: list[Image.Image], index: int) -> float:
    """0 for one person, as in real jobs; else how well everybody agrees with the result."""
    if len(masks) == 1:
        return 0
    agreement = sum(likeness(together, mask, index) for mask in masks) / len(masks)
    return round(MOST_CONFIDENT * agreement, 2)


def true_boxes(truth: ImageTruth, names: Sequence[str]) -> Boxes:
    """What is really there of these classes, under the names that the job has for them."""
    spelled = {name.lower(): name for name in names}
    return [
        (spelled[label.lower()], box) for label, box in truth.objects if label.lower() in spelled
    ]


def given_mask(prepared: Prepared, index: int) -> Given:
    """The mask under review on one line, with the colours of its classes.

    Raises:
        ItemProblem: when there is none to review or it cannot be shown.
    """
    metadata = audited_metadata(prepared, index)
    uri = prepared.lines[index].data[prepared.audited or ""]
    try:
        entries = [
            metadata["internal-color-map"][k]
            for k in sorted(metadata["internal-color-map"], key=int)
        ]
        rows = [
            (str(entry["class-name"]), str(entry["hex-color"]))
            for entry in entries
            if entry["class-name"] != BACKGROUND
        ]
        colors = Colors(tuple(name for name, _ in rows), tuple(color for _, color in rows))
        body = prepared.files.read(str(uri), "the mask under review")
        return from_png(body, colors), colors
    except InputProblem as error:
        raise ItemProblem(str(error)) from error
    except (KeyError, TypeError, ValueError) as error:
        raise ItemProblem(
            f"ClientError: The label attribute {prepared.audited} cannot be shown: {error}."
        ) from error
