"""A gate's `where`: does it hold for an item, and for which of its objects and frames. Pure.

All conditions must hold for one same object. A class, a text's entities and a mask have no objects
of their own: there, the item is one. A verdict is a verification's class, or an audit's Pass or
Fail on an object or on its frame. Read tolerantly: what is broken in a label is for checks to say.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from terrace.domain import audited_labels
from terrace.domain.modalities import Shape
from terrace.domain.request import GateWhere

Verdict = Literal["pass", "fail"]
PASSES = frozenset(
    {"pass", "passed", "ok", "yes", "good", "correct", "right", "accept", "accepted"}
)
FAILS = frozenset({"fail", "failed", "no", "bad", "incorrect", "wrong", "reject", "rejected"})
"""Classes of a verification that say what they mean, in lower case."""
SHAPE_KEYS = ("annotations", "polylines", "polygons", "keypoints")
_FRAME_LISTS = ("tracking-annotations", "detection-annotations")


@dataclass(frozen=True)
class Match:
    """For what a gate's `where` holds."""

    holds: bool
    classes: tuple[str, ...] = ()
    """All classes of the item's label, whether or not `where` names them."""
    objects: frozenset[str] | None = None
    """`object-id`, or place in `annotations`; None: of no one object, so of all."""
    frames: tuple[int, ...] | None = None
    """Frame numbers, rising; None: not asked, or no frames."""

    def covers(self, item_object: str | None, frame: int | None) -> bool:
        """Whether a finding about this object and frame is about something that `where` names."""
        if not self.holds:
            return False
        if item_object is not None and self.objects is not None:
            return item_object in self.objects
        if frame is not None and self.frames is not None and self.objects is None:
            return frame in self.frames
        return True


@dataclass(frozen=True)
class _Object:
    """One labeled thing, as far as `where` looks at it."""

    id: str | None
    label: str | None
    attributes: Mapping[str, Any]
    frame: int | None = None
    frame_attributes: Mapping[str, Any] | None = None


def verdict_of(name: object) -> Verdict | None:
    """What a verification's class says; None where its name does not tell.

    Worked example: "Pass" passes, "Wrong" fails, "Hard to say" tells nothing.
    """
    word = str(name).strip().casefold()
    return "pass" if word in PASSES else "fail" if word in FAILS else None


def is_stale(verdict: Mapping[str, Any], label: Mapping[str, Any]) -> bool:
    """Whether a label was made after a verdict, which then speaks of one before it.

    Args:
        verdict: the verification's metadata.
        label: the latest label's metadata; `creation-date` has no zone, and sorts as a text.
    """
    said, made = verdict.get("creation-date"), label.get("creation-date")
    return isinstance(said, str) and isinstance(made, str) and said < made


def match(  # noqa: PLR0917
    where: GateWhere | None,
    shape: Shape,
    value: Any,
    about: Mapping[str, Any],
    document: Any = None,
    verdicts: Sequence[Verdict | None] = (),
) -> Match:
    """Whether, and for what, `where` holds.

    Args:
        where: None: it holds for everything.
        shape: how the label stands in its line.
        value: of the label attribute.
        about: its metadata.
        document: the parsed SeqLabel.json, where `shape` is frames.
        verdicts: of verifications of the item earlier in the lane, the latest last.
    """
    classes = _classes(shape, value, about)
    found = list(_objects(shape, value, about, document))
    if shape == "frames":
        classes = tuple(sorted({one.label for one in found if one.label is not None}))
    if where is None:
        return Match(True, classes)
    of_item = next((v for v in reversed(verdicts) if v is not None), None)
    if shape not in {"boxes", "cuboids", "frames"}:
        whole = _Object(None, None, {})
        right = where.label is None or bool(set(where.label) & set(classes))
        return Match(right and _holds(whole, where, of_item, labels=False), classes)
    good = [one for one in found if _holds(one, where, of_item, labels=True)]
    ids = frozenset(one.id for one in good if one.id is not None)
    frames = tuple(sorted({one.frame for one in good if one.frame is not None}))
    return Match(bool(good), classes, ids or None, frames if shape == "frames" else None)


def _holds(one: _Object, where: GateWhere, of_item: Verdict | None, *, labels: bool) -> bool:
    if labels and where.label is not None and one.label not in where.label:
        return False
    own = {**(one.frame_attributes or {}), **one.attributes}
    for name, wanted in (where.attribute or {}).items():
        allowed = [wanted] if isinstance(wanted, str) else wanted
        if not set(allowed) & set(_texts(own.get(name))):
            return False
    if where.verdict is None:
        return True
    said = {
        text.casefold()
        for held in (one.attributes, one.frame_attributes or {})
        for value in held.values()
        for text in _texts(value)
    } & {"pass", "fail"}
    verdict = "fail" if "fail" in said else "pass" if "pass" in said else of_item
    return verdict == where.verdict


def _texts(value: Any) -> list[str]:
    """An attribute's value or values, as texts."""
    values = value if isinstance(value, list) else [] if value is None else [value]
    return [
        str(one).lower() if isinstance(one, bool) else str(one)
        for one in values
        if isinstance(one, str | int | float)
    ]


def _classes(shape: Shape, value: Any, about: Mapping[str, Any]) -> tuple[str, ...]:
    if shape in {"class", "verdict"}:
        name = about.get("class-name")
        return (name,) if isinstance(name, str) else ()
    if shape == "spans":
        inside = value.get("annotations") if isinstance(value, dict) else None
        entities = inside.get("entities") if isinstance(inside, dict) else None
        labels = {
            one.get("label")
            for one in (entities if isinstance(entities, list) else [])
            if isinstance(one, dict)
        }
        return tuple(sorted(name for name in labels if isinstance(name, str)))
    return tuple(sorted(audited_labels.class_names(dict(about))))


def _objects(
    shape: Shape, value: Any, about: Mapping[str, Any], document: Any
) -> Iterator[_Object]:
    names = about.get("class-map") or about.get("class_map")
    classes = names if isinstance(names, dict) else {}
    if shape == "frames":
        yield from _in_frames(document, classes)
        return
    found = value.get("annotations") if isinstance(value, dict) else None
    if shape not in {"boxes", "cuboids"} or not isinstance(found, list):
        return
    for place, one in enumerate(found):
        if isinstance(one, dict):
            number = one.get("class_id", one.get("class-id"))
            yield _Object(str(place), classes.get(str(number)), _attributes(one))


def _in_frames(document: Any, classes: Mapping[str, Any]) -> Iterator[_Object]:
    """Objects of a SeqLabel.json; those of all sensors of a 3D one."""
    if not isinstance(document, dict):
        return
    held = [document, *(inner for inner in document.values() if isinstance(inner, dict))]
    for part in held:
        for key in _FRAME_LISTS:
            frames = part.get(key)
            for frame in frames if isinstance(frames, list) else ():
                if isinstance(frame, dict):
                    yield from _in_frame(frame, classes)


def _in_frame(frame: Mapping[str, Any], classes: Mapping[str, Any]) -> Iterator[_Object]:
    number = _number(frame.get("frame-no", frame.get("frame-number")))
    if number is None:
        return
    held = frame.get("frame-attributes")
    about = held if isinstance(held, dict) else {}
    shapes = [
        one
        for key in SHAPE_KEYS
        for one in (frame[key] if isinstance(frame.get(key), list) else ())
        if isinstance(one, dict)
    ]
    if not shapes and about:
        # A frame without objects may still be one that a reviewer called bad.
        yield _Object(None, None, {}, number, about)
    for one in shapes:
        name = one.get("object-name")
        label = classes.get(str(one.get("class-id")))
        if label is None and isinstance(name, str):
            label = name.rpartition(":")[0] or name
        identity = one.get("object-id")
        yield _Object(
            identity if isinstance(identity, str) else None,
            label if isinstance(label, str) else None,
            _attributes(one),
            number,
            about,
        )


def _attributes(one: Mapping[str, Any]) -> Mapping[str, Any]:
    held = one.get("label-category-attributes")
    return held if isinstance(held, dict) else {}


def _number(value: Any) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, str) and value.strip().isascii() and value.strip().isdigit():
        return int(value.strip()[:12])
    return None
