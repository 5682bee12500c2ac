"""What a level changed: two labels of the same item compared, object by object.

Objects are told apart as a reviewer would: by their id where they keep one, else by where they
are. Two labels without a difference give no change; swapping them turns every addition into a
removal and changes nothing else.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from terrace.domain.label_values import Label
from terrace.domain.quality.change import SAME, Change, ChangeKind, Changes, Judged
from terrace.domain.quality.pairing import Pair, pair_up
from terrace.domain.quality.things import Place, Thing, Things
from terrace.domain.quality.things_reading import Names, of_document, of_label

_OPPOSITE: dict[ChangeKind, ChangeKind] = {"added": "removed", "removed": "added"}
Given = Label | Things | Mapping[str, Any] | None


def between(
    before: Given,
    after: Given,
    *,
    names: Names | None = None,
    documents: Callable[[str], Any] | None = None,
    digest: Callable[[str], str] | None = None,
) -> Changes:
    """What changed from one label of an item to the next.

    Worked number: boxes A (0, 0, 10, 10) and B (50, 0, 10, 10) before; A (0, 0, 10, 5) and
    C (90, 0, 10, 10) after: A moved with an overlap of 0.5, B removed, C added; 3 corrections.

    Args:
        before: a label of the manifest's line, a parsed SeqLabel.json, or None for no label.
        after: the same of the next level. A verification's label gives its verdict only.
        names: class names by number, for SeqLabel.json given as such.
        documents: gives the parsed SeqLabel.json for the URI of a label of frames.
        digest: gives a hash of the bytes behind a mask's URI; without it two URIs are two masks,
            unless the metadata says that nothing was adjusted.

    Raises:
        ValueError: two different label files, and no `documents` to read them with.
    """
    if isinstance(after, Label) and after.adjusted is False and isinstance(before, Label):
        digest = digest or (lambda _uri: "unadjusted")
    old, new = (_things(given, names, documents) for given in (before, after))
    if new is not None and new.shape == "verdict":
        count = old.count if old else 0
        return Changes(count, count, verdicts=_item_verdict(new))
    old = old or Things(new.shape if new else "custom")
    new = new or Things(old.shape)
    return replace(_compare(old, new, digest), verdicts=_verdicts(new))


def item_changed(before: Given, after: Given, *, tolerance: float = SAME, **reading: Any) -> bool:
    """True if the label before was wrong, as the level after saw it.

    Wrong: any correction (`Change.is_correction`), any Fail, or a label that could not be read and
    now can. Used for acceptance sampling: the share of looked-at items that were wrong.

    Args:
        before: as for `between`.
        after: as for `between`.
        tolerance: an object moved to an overlap of 1 - tolerance or more was right. 0: every move
            beyond rounding counts.
        reading: `names`, `documents`, `digest` of `between`.

    Raises:
        ValueError: as `between`.
    """
    found = between(before, after, **reading)
    return found.corrections(tolerance) > 0 or found.failed > 0 or found.mended


def _things(
    given: Given, names: Names | None, documents: Callable[[str], Any] | None
) -> Things | None:
    if given is None or isinstance(given, Things):
        return given
    if isinstance(given, Label):
        uri = getattr(given.value, "uri", None)
        frames = documents is not None and of_label(given).shape == "frames"
        return of_label(given, documents(str(uri)) if frames and documents else None)
    return of_document(given, names)


# --- comparing -----------------------------------------------------------------------------------


def _compare(old: Things, new: Things, digest: Callable[[str], str] | None) -> Changes:
    unreadable = tuple(dict.fromkeys((*old.unreadable, *new.unreadable)))
    if old.content is not None or new.content is not None:
        return replace(_whole(old, new, digest), unreadable=unreadable)
    # One direction only: ties between equal pairs then fall the same way for (a, b) and (b, a).
    turned = _order(new) < _order(old)
    first, second = (new, old) if turned else (old, new)
    found = pair_up(first, second)
    asked = _questions(first) & _questions(second)
    changes = [change for pair in found if (change := _change(pair, asked)) is not None]
    changes += _frames(first, second)
    if turned:
        changes = [_turn(change) for change in changes]
    changes.sort(key=lambda c: (c.sensor, c.frameNo or 0, c.frame or "", c.object or "", c.kinds))
    return Changes(
        old.count,
        new.count,
        tuple(changes),
        unreadable=unreadable,
        mended=bool(old.unreadable) and not new.unreadable,
    )


def _order(things: Things) -> list[Any]:
    return [
        (place.key, [thing.order for thing in place.things])
        for place in sorted(things.places, key=lambda place: place.key)
    ]


def _whole(old: Things, new: Things, digest: Callable[[str], str] | None) -> Changes:
    """Labels that are compared as a whole: masks, Custom labels, files known by URI only."""
    if old.content is None or new.content is None:
        missing = old.content is None and not old.places
        kind: ChangeKind = "added" if missing else "removed"
        return Changes(int(not missing), int(missing), (Change((kind,)),))
    same = old.content == new.content
    if not same and digest is not None and "mask" in (old.shape, new.shape):
        same = digest(old.content) == digest(new.content)
    elif not same and "frames" in (old.shape, new.shape):
        raise ValueError(
            "two label files can only be compared by their contents: give `documents`, or the "
            "parsed SeqLabel.json files"
        )
    return Changes(1, 1, () if same else (Change(("content",)),))


def _change(pair: Pair, asked: frozenset[str]) -> Change | None:
    """What happened to an object; None where nothing did."""
    one, other = pair.first, pair.second
    thing = one or other
    assert thing is not None
    place = pair.place
    base = Change(
        (),
        thing.label,
        frameNo=place.number,
        frame=place.frame,
        sensor=place.sensor,
        object=thing.id,
        objectName=thing.name,
    )
    if one is None or other is None:
        return replace(base, kinds=("added",) if one is None else ("removed",))
    kinds: list[ChangeKind] = []
    if pair.moved:
        kinds.append("moved")
    if one.label != other.label:
        kinds.append("relabeled")
    different = _different(one.attributes, other.attributes)
    if different.keys() & asked:
        kinds.append("attributes")
    elif different:
        kinds.append("answered")
    if pair.identity:
        kinds.append("identity")
    if not kinds:
        return None
    return replace(
        base,
        kinds=tuple(kinds),
        toLabel=other.label if other.label != one.label else None,
        toObject=other.id if other.id != one.id else None,
        overlap=pair.overlap,
        attributes=different,
    )


def _frames(first: Things, second: Things) -> list[Change]:
    """Frames whose own attributes differ."""
    others = {place.key: place for place in second.places}
    asked = frozenset(key for place in first.places for key in place.attributes) & frozenset(
        key for place in second.places for key in place.attributes
    )
    found = []
    for place in first.places:
        other = others.pop(place.key, None)
        found.append((place, place.attributes, other.attributes if other else {}))
    found += [(place, {}, place.attributes) for place in others.values()]
    changes = []
    for place, mine, theirs in found:
        different = _different(mine, theirs)
        if different:
            kind: ChangeKind = "attributes" if different.keys() & asked else "answered"
            changes.append(
                Change(
                    (kind,),
                    frameNo=place.number,
                    frame=place.frame,
                    sensor=place.sensor,
                    attributes=different,
                )
            )
    return changes


def _questions(things: Things) -> frozenset[str]:
    """Attributes that were answered for any object: a level may ask more than the one before."""
    return frozenset(
        key for place in things.places for thing in place.things for key in thing.attributes
    )


def _different(mine: Mapping[str, Any], theirs: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Answers that differ. Verdicts are no answers: they are in `Changes.verdicts`."""
    return {
        key: (mine.get(key), theirs.get(key))
        for key in sorted(mine.keys() | theirs.keys())
        if mine.get(key) != theirs.get(key)
        and passed(mine.get(key)) is None
        and passed(theirs.get(key)) is None
    }


def _turn(change: Change) -> Change:
    """The same change seen from the other side."""
    return replace(
        change,
        kinds=tuple(_OPPOSITE.get(kind, kind) for kind in change.kinds),
        label=change.toLabel or change.label,
        toLabel=change.label if change.toLabel else None,
        object=change.toObject or change.object,
        toObject=change.object if change.toObject else None,
        attributes={key: (b, a) for key, (a, b) in change.attributes.items()},
    )


# --- verdicts ------------------------------------------------------------------------------------


def passed(value: Any) -> bool | None:
    """True for Pass, False for Fail, however written; None for what is no verdict."""
    word = value.strip().lower() if isinstance(value, str) else ""
    return {"pass": True, "fail": False}.get(word)


def _item_verdict(things: Things) -> tuple[Judged, ...]:
    found = []
    for thing in (thing for place in things.places for thing in place.things):
        said = passed(thing.label)
        if said is not None:
            found.append(Judged(said))
    return tuple(found)


def _verdicts(things: Things) -> tuple[Judged, ...]:
    found: list[Judged] = []
    for place in things.places:
        found += _judged(place, None, place.attributes)
        for thing in place.things:
            found += _judged(place, thing, thing.attributes)
    return tuple(found)


def _judged(place: Place, thing: Thing | None, attributes: Mapping[str, Any]) -> list[Judged]:
    return [
        Judged(
            said,
            name,
            thing.label if thing else None,
            place.number,
            place.frame,
            thing.id if thing else None,
            thing.name if thing else None,
        )
        for name, value in attributes.items()
        if (said := passed(value)) is not None
    ]
