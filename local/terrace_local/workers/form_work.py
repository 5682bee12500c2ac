"""People who fill in the form of a custom task: they answer what they find on the page.

A page is answered as a browser would hand it in: one entry per named element. What people can
fill in is listed in `FIELDS`; a page with nothing of it cannot be answered by anybody.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from terrace_local.ground_truth.categories import Categories, Label
from terrace_local.ground_truth.worker_page import Element, Rendered
from terrace_local.workers import class_work, skeleton_work, span_work
from terrace_local.workers.guess import guess_image
from terrace_local.workers.image_work import ImageTask, label_image
from terrace_local.workers.item_truth import ItemTruth
from terrace_local.workers.seeds import chance
from terrace_local.workers.shapes import shape_to_json
from terrace_local.workers.truth import ImageTruth


@dataclass(frozen=True)
class FormTask:
    """One custom task in one person's hands.

    Attributes:
        image: The picture's size, the person and the seed; sizes of a screen where the object
            is no picture.
        picture: What is really on the picture, if known.
        item: What is really in the object, if known.
        item_seed: The same for all people who do this item.
        seconds: How long the person works.
    """

    image: ImageTask
    picture: ImageTruth | None
    item: ItemTruth | None
    item_seed: tuple[object, ...]
    seconds: float


class CannotAnswer(ValueError):
    """The page has nothing that people could fill in, or what it has is broken."""


def fill_in(page: Rendered, task: FormTask) -> dict[str, Any]:
    """What a person hands in for a page: ``answerContent``.

    Raises:
        CannotAnswer: when there is nothing to fill in, or an element cannot work.
    """
    content: dict[str, Any] = {}
    for element in page.elements:
        field = FIELDS.get(element.tag)
        if field is None:
            continue
        try:
            content.update(field(element, task))
        except ValueError as error:
            raise CannotAnswer(f"<{element.tag}> cannot work: {error}") from error
    if not content:
        raise CannotAnswer("the page has no form element that a worker could fill in")
    return content


def _name(element: Element) -> str:
    return element.attributes.get("name") or element.tag


def _labels(element: Element, attribute: str) -> Categories:
    """The classes that an element offers.

    Raises:
        ValueError: when the attribute is no JSON list of labels.
    """
    rows = json.loads(element.attributes.get(attribute) or "null")
    if not isinstance(rows, list) or not rows:
        raise ValueError(f"{attribute} is no list of labels")
    names = [str(row.get("label")) if isinstance(row, dict) else str(row) for row in rows]
    return Categories(tuple(Label(name, (), True) for name in names), (), "BoundingBox", None)


def _right(task: FormTask, categories: Categories, multi: bool) -> tuple[str, ...]:
    known = task.item.labels if task.item is not None else ()
    if any(categories.index_of(label) is not None for label in known):
        return known
    return class_work.guess_classes(categories, multi, *task.item_seed)


def _one_class(element: Element, task: FormTask) -> dict[str, Any]:
    categories = _labels(element, "categories")
    image = task.image
    index = class_work.choose_class(
        _right(task, categories, False), categories, image.person, image.mix, *image.seed
    )
    return {_name(element): {"label": categories.names[index]}}


def _several_classes(element: Element, task: FormTask) -> dict[str, Any]:
    categories = _labels(element, "categories")
    image = task.image
    chosen = class_work.choose_classes(
        _right(task, categories, True), categories, image.person, image.mix, *image.seed
    )
    return {_name(element): {"labels": [categories.names[k] for k in chosen]}}


def _boxes(element: Element, task: FormTask) -> dict[str, Any]:
    categories, image = _labels(element, "labels"), task.image
    truth = task.picture or guess_image((image.width, image.height), categories, *task.item_seed)
    rows = [{"label": n, **shape_to_json(b)} for n, b in label_image(truth, categories, image)]
    size = {"height": image.height, "width": image.width}
    return {_name(element): {"boundingBoxes": rows, "inputImageProperties": size}}


def _entities(element: Element, task: FormTask) -> dict[str, Any]:
    categories, image = _labels(element, "labels"), task.image
    text = element.attributes.get("text", "")
    right = task.item.spans if task.item is not None else ()
    right = right or span_work.guess_spans(text, categories, *task.item_seed)
    spans = span_work.mark_spans(right, text, categories, image.person, image.mix, *image.seed)
    rows = [{"endOffset": s.end, "startOffset": s.start, "label": s.label} for s in spans]
    return {_name(element): {"entities": rows}}


def _skeletons(element: Element, task: FormTask) -> dict[str, Any]:
    rig = skeleton_work.read_rig(element.attributes)
    earlier = skeleton_work.read_skeletons(element.attributes)
    image, picture = task.image, task.picture
    targets = skeleton_work.true_skeletons(picture, rig) if picture is not None else None
    if earlier:
        skeletons, changed = skeleton_work.correct_skeletons(earlier, targets, rig, image)
    else:
        if targets is None:
            one = Categories((Label("object", (), True),), (), "BoundingBox", None)
            guess = guess_image((image.width, image.height), one, *task.item_seed)
            targets = skeleton_work.true_skeletons(guess, rig)
        skeletons, changed = skeleton_work.place_skeletons(targets, rig, image), True
    return {
        "annotations": json.dumps(skeletons, ensure_ascii=False, separators=(",", ":")),
        "noChangesNeeded": "false" if changed else "true",
        "totalTimeInSeconds": f"{task.seconds:.1f}",
    }


_PHRASES = ("nothing special", 'it says "yes"', "5 < 6 & so on", "déjà vu 🙂", "<b>bold</b>")


def _text(element: Element, task: FormTask) -> dict[str, Any]:
    """What was typed: texts that break pages and parsers which are not careful."""
    kind = element.attributes.get("type", "text")
    rng = chance(*task.image.seed, "text", _name(element))
    if kind == "hidden":
        return {_name(element): element.attributes.get("value", "")}
    if kind == "number":
        return {_name(element): str(rng.randint(0, 9))}
    if kind == "checkbox":
        return {_name(element): {"on": rng.random() < 0.5}}
    if kind not in ("text", "search"):
        return {}
    return {_name(element): rng.choice(_PHRASES)}


def _checkbox(element: Element, task: FormTask) -> dict[str, Any]:
    rng = chance(*task.image.seed, "check", _name(element))
    return {_name(element): {"on": rng.random() < 0.5}}


def _slider(element: Element, task: FormTask) -> dict[str, Any]:
    low = float(element.attributes.get("min") or 0)
    high = float(element.attributes.get("max") or 100)
    rng = chance(*task.image.seed, "slider", _name(element))
    return {_name(element): round(rng.uniform(low, high))}


FIELDS: dict[str, Callable[[Element, FormTask], dict[str, Any]]] = {
    "crowd-classifier": _one_class,
    "crowd-image-classifier": _one_class,
    "crowd-classifier-multi-select": _several_classes,
    "crowd-image-classifier-multi-select": _several_classes,
    "crowd-bounding-box": _boxes,
    "crowd-entity-annotation": _entities,
    "crowd-2d-skeleton": _skeletons,
    "crowd-input": _text,
    "crowd-text-area": _text,
    "crowd-checkbox": _checkbox,
    "crowd-slider": _slider,
    "input": _text,
    "textarea": _text,
}
