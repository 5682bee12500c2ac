"""A batch that shows what a gate saves: the same labels reviewed whole, and only where flagged.

What a review found is told from what it changed, so nothing needs to know how errors were made.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from terrace.domain.quality.catalog_tracks import TRACK_CHECKS

LABEL, FULL, GATED = "label", "full", "gated"
KINDS = ("missing", "extra", "shift", "resize", "identity", "class", "attribute")

LONGEST_GAP = 20
"""Frames: a longer gap in a track is taken for a thing that was out of sight."""

Place = tuple[int, str]
"""Sequence and file name of a frame."""
Error = tuple[int, str, str, str]
"""Sequence, frame, kind, and the object it is about."""


@dataclass(frozen=True)
class Box:
    """One labeled object of a frame."""

    left: float
    top: float
    width: float
    height: float
    label: str
    answers: tuple[tuple[str, str], ...]

    @property
    def place(self) -> tuple[float, float, float, float]:
        """Where it is drawn."""
        return (self.left, self.top, self.width, self.height)


Drawn = dict[Place, dict[str, Box]]
"""By frame, every object's box, by its id."""


def gated_request(
    batch_id: str, manifest: str, categories: str, *, budget: float, context: int
) -> dict[str, Any]:
    """The body of `POST /batch/create`: labels, and two reviews that chain from them.

    Args:
        batch_id: of the batch; the jobs are named after it.
        manifest: S3 URI of the sequences.
        categories: S3 URI of the label category file.
        budget: frames that the gated review may have, in percent of all.
        context: frames that it shows around each flagged one.
    """
    review = {"jobLevel": 2, "jobModality": "VideoObjectTrackingAdjustment"}
    source = {"chainFromJobName": f"{batch_id}-{LABEL}"}
    gate = {
        # A box around nothing is in one frame only: by itself no reason to look, here one.
        "checks": [
            {"check": check.name, "severity": "info"}
            | ({"threshold": LONGEST_GAP} if check.name == "missing-frame" else {})
            for check in TRACK_CHECKS
        ],
        "unit": "clip",
        "context": context,
        "budget": {"percent": budget},
    }
    return {
        "batchId": batch_id,
        "labelingJobs": [
            {
                "jobName": f"{batch_id}-{LABEL}",
                "jobLevel": 1,
                "jobModality": "VideoObjectTracking",
                "inputConfig": {"inputManifestS3Uri": manifest},
                "labelCategoryConfigS3Uri": categories,
            },
            {**review, "jobName": f"{batch_id}-{FULL}", "inputConfig": source},
            {**review, "jobName": f"{batch_id}-{GATED}", "inputConfig": {**source, "gate": gate}},
        ],
    }


def drawn_in(sequence: int, labels: dict[str, Any], class_map: dict[str, str]) -> Drawn:
    """The boxes of a SeqLabel.json of tracked boxes."""
    return {
        (sequence, row["frame"]): {
            one["object-id"]: Box(
                *(one[key] for key in ("left", "top", "width", "height")),
                class_map[str(one["class-id"])],
                tuple(sorted(one["label-category-attributes"].items())),
            )
            for one in row["annotations"]
        }
        for row in labels["tracking-annotations"]
    }


def changes(before: Drawn, after: Drawn) -> set[Error]:
    """Every object that a review changed, frame by frame, and what was wrong with it."""
    found: set[Error] = set()
    for sequence, frame in before.keys() | after.keys():
        old, new = before.get((sequence, frame), {}), after.get((sequence, frame), {})
        if old != new:
            found |= {(sequence, frame, kind, about) for kind, about in _of_frame(old, new)}
    return found


def _of_frame(old: dict[str, Box], new: dict[str, Box]) -> Iterator[tuple[str, str]]:
    for ident in sorted(old.keys() | new.keys()):
        was, now = old.get(ident), new.get(ident)
        if (now and _is_anothers(now, ident, old)) or (was and _is_anothers(was, ident, new)):
            yield "identity", ident
        elif was is None:
            yield "missing", ident
        elif now is None:
            yield "extra", ident
        else:
            if was.place != now.place:
                yield _of_place(was, now), ident
            if was.label != now.label:
                yield "class", ident
            elif was.answers != now.answers:
                yield "attribute", ident


def _is_anothers(box: Box, ident: str, boxes: dict[str, Box]) -> bool:
    """Another object has this very box, and this one another."""
    own = boxes.get(ident)
    if own is not None and own.place == box.place:
        return False
    return any(one.place == box.place for other, one in boxes.items() if other != ident)


def _of_place(was: Box, now: Box) -> str:
    """A box of another size was resized; one of about the same size was beside its place."""
    ratio = (was.width * was.height) / max(1.0, now.width * now.height)
    return "shift" if 0.85 <= ratio <= 1 / 0.85 else "resize"
