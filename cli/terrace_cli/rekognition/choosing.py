"""Which label of a line is trained with.

A line of a batch's final manifest says by itself, in `terrace`, which attribute holds each lane's
label: that of the latest level that touched this item. Other manifests have the attribute that
the user names, or the only one there is.
"""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from terrace.domain import manifest
from terrace.domain.manifest import METADATA, Item
from terrace_cli.errors import EXIT_WRONG, TerraceError

PROVENANCE = "terrace"
KINDS = {
    "groundtruth/object-detection": "boxes",
    "groundtruth/image-classification": "class",
    "groundtruth/image-classification-multilabel": "classes",
}
"""Ground Truth's `type` of what Rekognition trains with, and what we call it."""
VERDICT = "groundtruth/label-verification"


def lanes(item: Item) -> list[dict[str, Any]]:
    """What the batch says of each lane of this item; empty in manifests of other origin."""
    told = item.data.get(PROVENANCE)
    found = told.get("lanes") if isinstance(told, dict) else None
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def lanes_of(item: Item, wanted: str) -> list[dict[str, Any]]:
    """The lanes that a name means: it is a lane's own, or that of the attribute with its label in
    this line, or of a job or attribute of any of its levels; the nearest meaning counts.

    More than one is possible: lanes may begin with the same job.
    """
    own, held, passed = [], [], []
    for lane in lanes(item):
        history = lane.get("history")
        steps = (
            [one for one in history if isinstance(one, dict)] if isinstance(history, list) else []
        )
        if lane.get("lane") == wanted:
            own.append(lane)
        elif lane.get("attribute") == wanted:
            held.append(lane)
        elif any(wanted in (one.get("job"), one.get("attribute")) for one in steps):
            passed.append(lane)
    return own or held or passed


def lane_of(item: Item, wanted: str) -> dict[str, Any] | None:
    """The lane that a name means; None where it means none, or several."""
    found = lanes_of(item, wanted)
    return found[0] if len(found) == 1 else None


def attribute_of(item: Item, wanted: str) -> str:
    """The attribute that holds the wanted label in this line."""
    lane = lane_of(item, wanted)
    named = lane.get("attribute") if lane else None
    return named if isinstance(named, str) else wanted


def refused(item: Item, wanted: str) -> str | None:
    """Why a batch did not accept this item's label; None where it did, or nobody says."""
    lane = lane_of(item, wanted)
    if lane is None or lane.get("status") in (None, "accepted"):
        return None
    return f"{lane['status']}: {lane.get('reason') or 'no reason is given'}"


def only(items: Iterable[Item], place: str) -> str:
    """The only label that can be trained with: a lane's name, or an attribute.

    Raises:
        TerraceError: There is none, or more than one; the message names them all.
    """
    counts: Counter[str] = Counter()
    others: Counter[str] = Counter()
    for item in items:
        for name, attribute in _named(item):
            kind = manifest.metadata(item.data, attribute).get("type")
            if not isinstance(kind, str):
                continue
            if kind in KINDS:
                counts[name] += 1
            elif kind != VERDICT:
                others[f"{name} ({kind})"] += 1
    if len(counts) == 1:
        return next(iter(counts))
    if counts:
        told = ", ".join(f"{name} ({number} lines)" for name, number in counts.most_common(10))
        raise TerraceError(
            f"{place} has more than one label that can be trained with: {told}",
            "say which with --attribute NAME",
            EXIT_WRONG,
        )
    found = f"it has {', '.join(name for name, _ in others.most_common(10))}" if others else ""
    raise TerraceError(
        f"{place} has no label that Rekognition can train with",
        f"{found + '; ' if found else ''}bounding boxes, single-label or multi-label classes of "
        "images are needed",
        EXIT_WRONG,
    )


def among(items: Iterable[Item], wanted: str, place: str) -> None:
    """Looks whether any line can mean a label of this name; reads on only while none does.

    Raises:
        TerraceError: None can, and there are other labels; the message names them.
    """
    counts: Counter[str] = Counter()
    for item in items:
        if lanes_of(item, wanted) or {wanted, f"{wanted}{METADATA}"} & item.data.keys():
            return
        for name, attribute in _named(item):
            kind = manifest.metadata(item.data, attribute).get("type")
            if isinstance(kind, str) and kind != VERDICT:
                counts[name] += 1
    if not counts:
        # Lines that cannot be read, or have no labels at all: the check says it of each.
        return
    told = ", ".join(f"{name} ({number} lines)" for name, number in counts.most_common(10))
    raise TerraceError(
        f"no line of {place} has a label {wanted!r}",
        f"--attribute with one of its labels: {told}",
        EXIT_WRONG,
    )


def _named(item: Item) -> list[tuple[str, str]]:
    """The labels of a line: a name for each, and its attribute."""
    known = lanes(item)
    if not known:
        keys = [key.removesuffix(METADATA) for key in item.data if key.endswith(METADATA)]
        return [(key, key) for key in keys]
    return [
        (str(lane.get("lane")), str(lane["attribute"])) for lane in known if lane.get("attribute")
    ]
