"""Which object of one label is which of another: by id, by place, and over a whole sequence.

In a frame, in this order: the same id nearly where it was; nearly the same place and the same
class (ids may have been given anew); the same id elsewhere; then whatever overlaps most. Over the
sequence, tracks belong together where most of their frames do; a pair of a frame that says
otherwise is a change of identity.
"""

from collections import Counter
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from terrace.domain.quality.likeness import likeness, match, unmoved
from terrace.domain.quality.things import Place, Thing, Things

NEARLY = 0.9
"""More alike than this, of the same class: the same object, whatever its id."""
LEAST = 0.1
"""Less alike than this, and without an id: two different objects. A box may have been far too
large or small, which is a correction of it and no removal."""
OTHER_CLASS = 0.5
"""From here on an object of another class at the same place is the same, relabeled (the usual
threshold of a detection, PASCAL VOC 2010)."""


@dataclass(frozen=True)
class Pair:
    """An object in a frame of both labels, or in one of them."""

    place: Place
    first: Thing | None
    second: Thing | None
    overlap: float | None = None
    identity: bool = False
    """True if it belongs to another track here than its track does elsewhere."""

    @property
    def moved(self) -> bool:
        """True if both are there and not at the same place."""
        one, other = self.first, self.second
        return one is not None and other is not None and not unmoved(one, other)


def pair_up(first: Things, second: Things) -> list[Pair]:
    """Every object of either label, once."""
    others = {place.key: place for place in second.places}
    pairs: list[Pair] = []
    for place in first.places:
        other = others.pop(place.key, None)
        pairs += _in_place(place, other.things if other else ())
    for place in others.values():
        pairs += [Pair(place, None, thing) for thing in place.things]
    return _identities(pairs)


def _in_place(place: Place, second: tuple[Thing, ...]) -> list[Pair]:
    first = place.things
    if not first or not second:
        alone = [Pair(place, thing, None) for thing in first]
        return alone + [Pair(place, None, thing) for thing in second]
    # One class an item: whatever it is, the other is its correction.
    if len(first) == len(second) == 1 and first[0].kind == second[0].kind == "class":
        return [Pair(place, first[0], second[0], 1.0)]
    pairs, first, second = _untouched(place, second)
    if not first or not second:
        return pairs + _in_place(replace(place, things=first), second)
    alike = likeness(first, second)
    same_id = _equal([one.id for one in first], [one.id for one in second]) & _given(first)
    same_label = _equal([one.label for one in first], [one.label for one in second])
    same_kind = _equal([one.kind for one in first], [one.kind for one in second])
    known = np.array([[bool(a.id and b.id) for b in second] for a in first])
    least = np.where(same_label & ~known, LEAST, OTHER_CLASS)
    classes = np.array([[a.kind == "class" for _ in second] for a in first])
    steps = [
        same_id & (alike > NEARLY) & same_kind,
        same_label & (alike > NEARLY),
        same_id & same_kind,
        (alike >= least) & (same_label | ~classes),
    ]
    rows, columns = set(range(len(first))), set(range(len(second)))
    for allowed in steps:
        free = np.zeros_like(allowed)
        free[np.ix_(sorted(rows), sorted(columns))] = True
        # Of equal overlaps the same class wins, then the same id; no weight is 0.
        weight = alike + same_label * 0.5 + same_id * 0.25 + 1e-6
        for row, column in match(weight, allowed & free):
            rows.discard(row)
            columns.discard(column)
            pairs.append(Pair(place, first[row], second[column], float(alike[row, column])))
    pairs += [Pair(place, first[row], None) for row in sorted(rows)]
    return pairs + [Pair(place, None, second[column]) for column in sorted(columns)]


def _untouched(
    place: Place, second: tuple[Thing, ...]
) -> tuple[list[Pair], tuple[Thing, ...], tuple[Thing, ...]]:
    """Pairs of the same class, id and place to the last digit, and what is left of both.

    Most of a reviewed sequence is untouched, and needs no matrices. Keypoints stay: how alike they
    are depends on all of the frame.
    """
    waiting: dict[object, list[Thing]] = {}
    for thing in second:
        waiting.setdefault((thing.kind, thing.label, thing.numbers, thing.id), []).append(thing)
    pairs, first = [], []
    for thing in place.things:
        same = waiting.get((thing.kind, thing.label, thing.numbers, thing.id))
        if same and thing.kind != "keypoints":
            pairs.append(Pair(place, thing, same.pop(0), 1.0))
        else:
            first.append(thing)
    left = {id(thing) for things in waiting.values() for thing in things}
    return pairs, tuple(first), tuple(thing for thing in second if id(thing) in left)


def _equal(first: list[str | None], second: list[str | None]) -> NDArray[np.bool_]:
    return np.array([[a == b for b in second] for a in first])


def _given(first: tuple[Thing, ...]) -> NDArray[np.bool_]:
    """Column of those that have an id."""
    return np.array([[one.id is not None] for one in first])


def _identities(pairs: list[Pair]) -> list[Pair]:
    """Marks the pairs whose two tracks are not each other's."""
    frames: Counter[tuple[str, str]] = Counter()
    for pair in pairs:
        one, other = pair.first, pair.second
        if one is not None and other is not None and one.id and other.id:
            frames[one.id, other.id] += 1
    if not frames:
        return pairs
    mine = sorted({one for one, _ in frames})
    theirs = sorted({other for _, other in frames})
    weight = np.zeros((len(mine), len(theirs)))
    rows, columns = ({name: at for at, name in enumerate(names)} for names in (mine, theirs))
    for (my_id, their_id), count in frames.items():
        # Half a frame more for a kept id: of two halves of a track, the one that kept it is it.
        weight[rows[my_id], columns[their_id]] = count + (0.5 if my_id == their_id else 0.0)
    partner = {mine[row]: theirs[column] for row, column in match(weight, weight > 0)}

    def elsewhere(pair: Pair) -> bool:
        one, other = pair.first, pair.second
        if one is None or other is None or not (one.id and other.id):
            return False
        return partner.get(one.id) != other.id

    return [replace(pair, identity=True) if elsewhere(pair) else pair for pair in pairs]
