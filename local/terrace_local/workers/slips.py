"""Slips of the hand: one or a few frames of a track gone wrong, the rest as it should be.

Nobody means them and whoever sees them repairs them, so they are what a second look is for. They
come on top of the errors that last (`video_labeling`), and of their own chance: a mix without slips
gives the very labels it gave before there were any.
"""

from dataclasses import dataclass, replace

from terrace_local.ground_truth.categories import Categories
from terrace_local.workers.mix import Slips
from terrace_local.workers.seeds import chance, object_id
from terrace_local.workers.sequence import Assignment, Drawn, SequenceLabels
from terrace_local.workers.shapes import Box

KINDS = ("missing", "shift", "resize", "identity", "wrongClass", "attribute")


def with_slips(drawn: SequenceLabels, slips: Slips, task: Assignment) -> SequenceLabels:
    """What was drawn, with slips: each begins by chance at a frame of an object's track.

    A frame of an object has at most one slip, and no slip begins right after another: it would be
    one longer error.
    """
    rates = {kind: getattr(slips, kind) * task.person.care for kind in KINDS}
    extra = slips.extra * task.person.care
    if not any(rates.values()) and not extra:
        return drawn
    result = SequenceLabels(
        {position: list(row) for position, row in drawn.frames.items()}, drawn.frame_attributes
    )
    for ident, positions in sorted(_tracks(drawn).items()):
        rng = chance(*task.seed, "slips", ident)
        free = min(positions) + 1
        # The first and last frame of a track: nobody can tell a slip from an end there.
        for position in sorted(positions)[1:-1]:
            dice, length = rng.random(), rng.randint(int(slips.frames[0]), int(slips.frames[1]))
            kind = _drawn_lot(dice, rates)
            if position < free or kind is None:
                continue
            run = [p for p in range(position, position + length) if p in positions]
            free = run[-1] + 3
            made = chance(*task.seed, "slip", ident, position)
            away = made.choice((-1, 1)) * made.uniform(*slips.shiftSize)
            slip = _Slip(kind, away, made.choice(slips.factors))
            for p in run:
                _make(slip, result.frames.get(p, []), ident, task.categories)
    for position in range(1, len(task.sequence.frames) - 1):
        rng = chance(*task.seed, "extra", position)
        if rng.random() < extra:
            _add_extra(result, position, task, rng.random(), rng.random())
    return result


def _tracks(drawn: SequenceLabels) -> dict[str, set[int]]:
    tracks: dict[str, set[int]] = {}
    for position, row in drawn.frames.items():
        for one in row:
            if one.object_id is not None:
                tracks.setdefault(one.object_id, set()).add(position)
    return tracks


def _drawn_lot(dice: float, rates: dict[str, float]) -> str | None:
    for kind, rate in rates.items():
        if dice < rate:
            return kind
        dice -= rate
    return None


@dataclass(frozen=True)
class _Slip:
    """What goes wrong in all frames of one slip."""

    kind: str
    away: float
    """How far the box is shifted, in object sizes."""
    factor: float


def _make(slip: _Slip, row: list[Drawn], ident: str, categories: Categories) -> None:
    """Lets an object of a frame go wrong."""
    slot = next((n for n, one in enumerate(row) if one.object_id == ident), None)
    if slot is None:
        return
    kind = slip.kind
    one = row[slot]
    if kind == "missing":
        del row[slot]
        return
    if kind == "identity":
        # The likest to be taken for it: one of the same class, if there is any.
        others = sorted(
            (two.label != one.label, n) for n, two in enumerate(row) if n != slot and two.object_id
        )
        other = others[0][1] if others else None
        if other is not None:
            two = row[other]
            row[slot] = replace(one, object_id=two.object_id, object_name=two.object_name)
            row[other] = replace(two, object_id=one.object_id, object_name=one.object_name)
        return
    if kind == "wrongClass":
        names = [name for name in categories.names if name != one.label]
        row[slot] = replace(one, label=names[0]) if names else one
    elif kind == "attribute":
        row[slot] = replace(one, attributes=_other_answers(one, categories))
    elif kind == "shift":
        row[slot] = replace(one, shape=one.shape.moved(slip.away * one.shape.size, 0).rounded())
    elif isinstance(one.shape, Box):
        row[slot] = replace(one, shape=one.shape.grown(slip.factor).rounded())


def _other_answers(one: Drawn, categories: Categories) -> dict[str, str]:
    """The object's answers, the first that has a choice answered otherwise."""
    answers = dict(one.attributes)
    index = categories.index_of(one.label)
    for attribute in categories.labels[index].attributes if index is not None else ():
        others = [c for c in attribute.choices if c != answers.get(attribute.name)]
        if attribute.name in answers and others:
            answers[attribute.name] = others[0]
            break
    return answers


def _add_extra(
    result: SequenceLabels, position: int, task: Assignment, across: float, down: float
) -> None:
    """A box around nothing, with an identity of its own."""
    width, height = task.sequence.width * 0.12, task.sequence.height * 0.14
    label = task.categories.names[0]
    rng = chance(*task.seed, "extra id", position)
    shape = Box(
        across * (task.sequence.width - width),
        down * (task.sequence.height - height),
        width,
        height,
    )
    taken = {one.object_name for row in result.frames.values() for one in row}
    number = 1
    while f"{label}:{number}" in taken:
        number += 1
    ident = object_id(rng) if task.tracking else None
    name = f"{label}:{number}" if task.tracking else None
    result.add(position, Drawn(label, shape.rounded(), ident, name))
