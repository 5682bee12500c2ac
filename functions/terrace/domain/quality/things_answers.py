"""Reads one worker's answer as things, to be compared with a label or with truth."""

from collections.abc import Callable, Mapping
from typing import Any

from terrace.domain.modality import Shape
from terrace.domain.quality.things import Place, Thing, Things, one_place
from terrace.domain.quality.things_reading import numbers_of, whole
from terrace.domain.worker_responses import WorkerAnswer

Json = Any


def of_answer(answer: WorkerAnswer) -> Things | None:
    """What one worker answered (fact sheet, 4.5); None where it is not compared: masks, own pages.

    A video's answer is one frame: its place carries the frame's name.
    """
    content = answer.content
    if not isinstance(content, Mapping):
        return None
    if isinstance(content.get("label"), str):
        return one_place("class", [Thing("class", content["label"])])
    if isinstance(content.get("labels"), list):
        names = [name for name in content["labels"] if isinstance(name, str)]
        return one_place("classes", [Thing("class", name) for name in names])
    if isinstance(content.get("entities"), list):
        return _answered("spans", content["entities"], _span)
    if isinstance(content.get("boundingBoxes"), list):
        found = _answered("boxes", content["boundingBoxes"], _drawn_box)
        frame = content.get("frame")
        if not isinstance(frame, str):
            return found
        attributes = content.get("frameAttributes")
        place = Place(
            found.places[0].things,
            frame,
            whole(content.get("frameNumber")),
            attributes=attributes if isinstance(attributes, Mapping) else {},
        )
        return Things("frames", (place,), unreadable=found.unreadable)
    return None


def _answered(
    shape: Shape, entries: list[Json], read: Callable[[Mapping[str, Json]], Thing | str]
) -> Things:
    things: list[Thing] = []
    unreadable: list[str] = []
    for index, entry in enumerate(entries):
        thing: Thing | str = read(entry) if isinstance(entry, Mapping) else "is no object"
        if isinstance(thing, str):
            unreadable.append(f"[{index}]: {thing}")
        else:
            things.append(thing)
    return one_place(shape, things, unreadable)


def _drawn_box(entry: Mapping[str, Json]) -> Thing | str:
    numbers = numbers_of(entry, "box")
    if isinstance(numbers, str):
        return numbers
    identity, name = entry.get("objectId"), entry.get("objectName")
    attributes = entry.get("labelCategoryAttributes")
    return Thing(
        "box",
        str(entry.get("label") or ""),
        numbers,
        str(identity) if identity is not None else None,
        str(name) if name is not None else None,
        attributes if isinstance(attributes, Mapping) else {},
    )


def _span(entry: Mapping[str, Json]) -> Thing | str:
    start, end = whole(entry.get("startOffset")), whole(entry.get("endOffset"))
    if start is None or end is None or end < start:
        return "has no startOffset before an endOffset"
    return Thing("span", str(entry.get("label") or ""), (start, end))
