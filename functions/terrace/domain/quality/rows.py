"""Tracks as one table of numbers, so that all objects and frames of a sequence are checked at once.

A run is the part of a track without a long gap. All runs stand below one another in arrays of
shape (n, c): n labels of the whole sequence, c channels (a box: centre x, centre y, width, height).
Neighbours are found by index inside a run, and weighted by their true distance in frames.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Rows:
    """Runs below one another."""

    values: Floats
    """(n, c): what is measured, in its own unit."""
    scale: Floats
    """(n, c): what a deviation is divided by: the object's size there."""
    frames: Ints
    """(n,): frame numbers."""
    track: Ints
    """(n,): place of the row's track in the list it was made from."""
    place: Ints
    """(n,): place of the row in its track."""
    first: Ints
    """(n,): index of the first row of the run."""
    last: Ints
    """(n,): index of the last row of the run."""

    def __len__(self) -> int:
        return len(self.frames)

    def without(self, gone: Bools) -> "tuple[Rows, Ints]":
        """These rows less some, and where each kept row stood before."""
        kept = np.flatnonzero(~gone)
        runs = self.first[kept]
        edges = np.flatnonzero(np.diff(runs)) + 1
        starts = np.concatenate(([0], edges)).astype(np.int64)
        ends = np.concatenate((edges, [len(kept)])).astype(np.int64)
        lengths = ends - starts
        return (
            Rows(
                self.values[kept],
                self.scale[kept],
                self.frames[kept],
                self.track[kept],
                self.place[kept],
                np.repeat(starts, lengths),
                np.repeat(ends - 1, lengths),
            ),
            kept,
        )


def stack(
    values: Sequence[Floats], scales: Sequence[Floats], frames: Sequence[Ints], longest_gap: int
) -> Rows:
    """The tracks' tables as one, cut into runs where more than `longest_gap` frames are missing.

    Worked number: frames 0, 1, 3, 20 with a longest gap of 10 are two runs: 0, 1, 3 and 20.
    """
    lengths = [len(one) for one in frames]
    at = np.concatenate(list(frames))
    track = np.repeat(np.arange(len(frames)), lengths)
    place = np.concatenate([np.arange(length) for length in lengths])
    cut = (np.diff(at) > longest_gap + 1) | (np.diff(track) != 0)
    starts = np.concatenate(([0], np.flatnonzero(cut) + 1))
    ends = np.concatenate((starts[1:], [len(at)]))
    return Rows(
        np.concatenate(list(values)),
        np.concatenate(list(scales)),
        at,
        track,
        place,
        np.repeat(starts, ends - starts),
        np.repeat(ends - 1, ends - starts),
    )
