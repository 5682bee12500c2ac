"""Labels of video detection, which have no ids, linked into tracks by their place.

A label goes on the track whose last label overlaps it most (boxes: IoU of at least 0.5; outlines by
the boxes around them), of the same class, from the frame before or the one before that. So a label
that is missing in one frame is still found between two others.
"""

import numpy as np

from terrace.domain.quality.boxes import iou
from terrace.domain.quality.shape_reading import Kind, Row, Shapes
from terrace.domain.quality.tracks import ClassNames, Track, attributes_of, class_of

LEAST_IOU = 0.5
MOST_FRAMES = 2
"""Frames from one label of a linked track to the next."""


def link(
    kind: Kind, shapes: Shapes, rows: list[Row], sensor: str, names: ClassNames
) -> list[Track]:
    """Tracks of labels without ids; keypoints and cuboids stay single labels.

    Args:
        kind: of the shapes.
        shapes: what could be read of the rows.
        rows: frame number and label, by ascending frame number.
        sensor: they are of.
        names: of the classes.
    """
    chains: list[list[int]] = []
    open_chains: list[int] = []
    by_frame: dict[int, list[int]] = {}
    for at, place in enumerate(shapes.places):
        by_frame.setdefault(rows[place][0], []).append(at)
    for number in sorted(by_frame):
        here = by_frame[number]
        open_chains = [
            chain
            for chain in open_chains
            if number - rows[shapes.places[chains[chain][-1]]][0] <= MOST_FRAMES
        ]
        taken: dict[int, int] = {}
        if kind not in ("keypoint", "cuboid") and open_chains:
            taken = _pairs(
                shapes, rows, [(chain, chains[chain][-1]) for chain in open_chains], here
            )
        for at in here:
            if at in taken:
                chains[taken[at]].append(at)
            else:
                chains.append([at])
                open_chains.append(len(chains) - 1)
    return [
        _track(kind, shapes, rows, chain, index=index, sensor=sensor, names=names)
        for index, chain in enumerate(chains)
    ]


def _pairs(
    shapes: Shapes, rows: list[Row], ends: list[tuple[int, int]], here: list[int]
) -> dict[int, int]:
    """Which chain each label goes on: greatest overlap first."""
    last = shapes.coordinates[[at for _, at in ends]]
    now = shapes.coordinates[here]
    overlap = iou(last[:, None, :], now[None, :, :])
    found: dict[int, int] = {}
    used: set[int] = set()
    for flat in np.argsort(-overlap, axis=None, kind="stable"):
        row, column = divmod(int(flat), len(here))
        if overlap[row, column] < LEAST_IOU:
            break
        chain, end = ends[row]
        before, after = rows[shapes.places[end]][1], rows[shapes.places[here[column]]][1]
        same = class_of(before, {}) == class_of(after, {})
        if same and chain not in used and here[column] not in found:
            used.add(chain)
            found[here[column]] = chain
    return found


def _track(
    kind: Kind,
    shapes: Shapes,
    rows: list[Row],
    chain: list[int],
    *,
    index: int,
    sensor: str,
    names: ClassNames,
) -> Track:
    ones = [rows[shapes.places[at]][1] for at in chain]
    label = class_of(ones[0], names)
    return Track(
        "",
        f"{label}, object {index + 1}",
        label,
        kind,
        sensor,
        np.array([rows[shapes.places[at]][0] for at in chain], dtype=np.int64),
        shapes.coordinates[chain],
        tuple(shapes.points[at] for at in chain) if shapes.points else (),
        tuple(str(one.get("class-id")) for one in ones),
        tuple(attributes_of(one) for one in ones),
    )
