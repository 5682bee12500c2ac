"""How good tracks are where the true ones are known: HOTA, IDF1 and MOTA.

HOTA: J. Luiten et al., "HOTA: A Higher Order Metric for Evaluating Multi-Object Tracking", IJCV 129
(2021), 548-578. IDF1: E. Ristani et al., "Performance Measures and a Data Set for Multi-Target,
Multi-Camera Tracking", ECCV workshops 2016. MOTA: K. Bernardin and R. Stiefelhagen, "Evaluating
Multiple Object Tracking Performance: The CLEAR MOT Metrics", EURASIP JIVP 2008. Where these leave a
choice (ties, matches kept from the frame before), it is made as TrackEval makes it, the reference
implementation of HOTA's authors; tests compare with it.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from terrace.domain.quality.assignment import assign
from terrace.domain.quality.likeness import likeness
from terrace.domain.quality.things import Place, Things

FloatArray = NDArray[np.float64]
ALPHAS = tuple(round(0.05 * step, 2) for step in range(1, 20))
"""Thresholds of likeness over which HOTA is the mean: 0.05, 0.10, ... 0.95."""
AT = 0.5
"""Likeness from which on IDF1 and MOTA take two boxes for the same."""
_EPS = float(np.finfo(np.float64).eps)


@dataclass(frozen=True)
class FrameMatch:
    """One frame: whose boxes are where, in truth and as labeled."""

    truth: tuple[int, ...]
    """Number of each true object, from 0, the same in all frames; each at most once a frame."""
    labels: tuple[int, ...]
    alike: FloatArray
    """Likeness of each true box with each labeled one, 0 to 1, of shape (truth, labels)."""


@dataclass(frozen=True)
class TrackScores:
    """Scores between 0 and 1, 1 the best; MOTA can be below 0. None: nothing to divide by."""

    hota: float | None
    """Mean over ALPHAS of the root of (detA x assA)."""
    detA: float | None
    """Share of the boxes, true or labeled, that are right."""
    assA: float | None
    """Of the right boxes: how much of their two tracks is the same."""
    locA: float | None
    """Mean likeness of the right boxes, over the ALPHAS at which any is."""
    idf1: float | None
    idPrecision: float | None
    idRecall: float | None
    mota: float | None
    switches: int
    """How often a true object is continued under another id."""
    missed: int
    """True boxes without a labeled one (at AT, as MOTA counts)."""
    tooMany: int
    """Labeled boxes without a true one."""
    truth: int
    """True boxes."""
    labels: int
    """Labeled boxes."""

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)


def tracks(truth: Things, labels: Things) -> TrackScores:
    """Scores of a labeled sequence against the true one; classes must agree for boxes to match.

    Frames are told apart by sensor and file name, objects by id and class; an object without an
    id is a track of its own in each frame.

    Worked number: one object in 4 frames, labeled exactly, but under a second id in the last 2:
    detA 1; each right box shares 2 of 4 frames with its track: assA 0.5; hota sqrt(0.5) = 0.7071;
    idf1 2 x 2 / (4 + 4) = 0.5; one switch: mota 1 - 1 / 4 = 0.75.
    """
    return score(frames(truth, labels))


def frames(truth: Things, labels: Things) -> list[FrameMatch]:
    """The frames of two sequences, their objects numbered, in the order of frame numbers."""
    true_places, label_places = (
        {place.key: place for place in things.places} for things in (truth, labels)
    )
    numbers: tuple[dict[Any, int], dict[Any, int]] = ({}, {})
    keys = sorted(
        true_places.keys() | label_places.keys(),
        key=lambda key: (key[0], _time(true_places.get(key) or label_places[key]), key[1]),
    )
    found = []
    for key in keys:
        places = true_places.get(key), label_places.get(key)
        first, second = (place.things if place else () for place in places)
        same = np.array([[a.label == b.label for b in second] for a in first], dtype=np.float64)
        alike = likeness(first, second) * same.reshape(len(first), len(second))
        ids = []
        for place, known in zip(places, numbers, strict=True):
            seen: set[int] = set()
            row = []
            for at, thing in enumerate(place.things if place else ()):
                name = (thing.label, thing.id) if thing.id else (key, at)
                number = known.setdefault(name, len(known))
                if number in seen:
                    # The same id twice in a frame: the second is an object of its own.
                    number = known.setdefault((key, at), len(known))
                seen.add(number)
                row.append(number)
            ids.append(tuple(row))
        found.append(FrameMatch(ids[0], ids[1], alike))
    return found


def _time(place: Place) -> int:
    return place.number if place.number is not None else 0


def score(matches: Sequence[FrameMatch]) -> TrackScores:
    """Scores of frames whose likeness is known; see `tracks` for the worked number."""
    true_count, label_count = (
        sum(len(ids) for ids in side)
        for side in ([frame.truth for frame in matches], [frame.labels for frame in matches])
    )
    hota = _hota(matches, true_count, label_count)
    identity = _identity(matches, true_count, label_count)
    matched, switches = _clear(matches)
    missed, too_many = true_count - matched, label_count - matched
    return TrackScores(
        *hota,
        *identity,
        mota=(matched - too_many - switches) / true_count if true_count else None,
        switches=switches,
        missed=missed,
        tooMany=too_many,
        truth=true_count,
        labels=label_count,
    )


def _sizes(matches: Sequence[FrameMatch]) -> tuple[NDArray[np.int_], NDArray[np.int_]]:
    """Frames in which each object is, of truth and of the labels."""
    sides = ([frame.truth for frame in matches], [frame.labels for frame in matches])
    found = [np.array([one for ids in side for one in ids], dtype=np.int_) for side in sides]
    return np.bincount(found[0]), np.bincount(found[1])


def _hota(
    matches: Sequence[FrameMatch], true_count: int, label_count: int
) -> tuple[float | None, float | None, float | None, float | None]:
    """(HOTA, DetA, AssA, LocA), each the mean over ALPHAS."""
    if not true_count and not label_count:
        return None, None, None, None
    if not true_count or not label_count:
        return 0.0, 0.0, None, None
    true_size, label_size = _sizes(matches)
    together = np.zeros((len(true_size), len(label_size)))
    for frame in matches:
        either = frame.alike.sum(axis=0)[None, :] + frame.alike.sum(axis=1)[:, None] - frame.alike
        share = np.divide(
            frame.alike, either, out=np.zeros_like(frame.alike), where=either > 0 + _EPS
        )
        together[np.ix_(frame.truth, frame.labels)] += share
    sizes = true_size[:, None] + label_size[None, :]
    aligned = together / (sizes - together)
    count = len(ALPHAS)
    right, near = np.zeros(count), np.zeros(count)
    pairs = np.zeros((count, *together.shape))
    for frame in matches:
        if not frame.truth or not frame.labels:
            continue
        weight = aligned[np.ix_(frame.truth, frame.labels)] * frame.alike
        for row, column in assign(-weight):
            value = float(frame.alike[row, column])
            for at, alpha in enumerate(ALPHAS):
                if value >= alpha - _EPS:
                    right[at] += 1
                    near[at] += value
                    pairs[at, frame.truth[row], frame.labels[column]] += 1
    det = right / (true_count + label_count - right)
    shared = pairs / np.maximum(1, sizes[None] - pairs)
    ass = (pairs * shared).sum(axis=(1, 2)) / np.maximum(1, right)
    # TrackEval says 1 at an alpha at which nothing is right; here there is no answer.
    loc = near[right > 0] / right[right > 0]
    hota = np.sqrt(det * ass)
    return (
        float(hota.mean()),
        float(det.mean()),
        float(ass.mean()),
        float(loc.mean()) if loc.size else None,
    )


def _identity(
    matches: Sequence[FrameMatch], true_count: int, label_count: int
) -> tuple[float | None, float | None, float | None]:
    """(IDF1, ID precision, ID recall): tracks paired once for the whole sequence."""
    right = 0
    if true_count and label_count:
        true_size, label_size = _sizes(matches)
        together = np.zeros((len(true_size), len(label_size)))
        for frame in matches:
            together[np.ix_(frame.truth, frame.labels)] += frame.alike >= AT
        right = int(sum(together[pair] for pair in assign(-together)))
    both = true_count + label_count
    return (
        2 * right / both if both else None,
        right / label_count if label_count else None,
        right / true_count if true_count else None,
    )


def _clear(matches: Sequence[FrameMatch]) -> tuple[int, int]:
    """(right boxes, switches): a pair of the frame before is kept as long as it is alike enough."""
    matched = switches = 0
    last: dict[int, int] = {}
    before: dict[int, int] = {}
    for frame in matches:
        if not frame.truth:
            # As TrackEval: frames without truth do not end what was matched before.
            continue
        if not frame.labels:
            continue
        kept = np.array(
            [[before.get(one) == other for other in frame.labels] for one in frame.truth]
        )
        weight = np.where(frame.alike < AT - _EPS, 0.0, kept * 1000.0 + frame.alike)
        now = {}
        for row, column in assign(-weight):
            if weight[row, column] > _EPS:
                one, other = frame.truth[row], frame.labels[column]
                now[one] = other
                switches += one in last and last[one] != other
        matched += len(now)
        last |= now
        before = now
    return matched, switches
