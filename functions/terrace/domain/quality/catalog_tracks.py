"""The catalog's checks of frames of a sequence. Free of numpy.

`SIZES` means object sizes: a way of 0.1 is a tenth of the object's width (along x) and height.
"""

from terrace.domain.quality.check import Check, Kind
from terrace.domain.quality.findings import Severity

SIZES = "object sizes"
_TRACK: frozenset[Kind] = frozenset({"track"})

TRACK_CHECKS: tuple[Check, ...] = (
    Check(
        name="missing-frame",
        kinds=_TRACK,
        unit="frames",
        threshold=10.0,
        severity=Severity.error,
        says="An object is labeled before and after this frame but not in it; its value is the "
        "length of the gap. Longer gaps than the threshold are a re-appearance.",
        less_is_worse=True,
    ),
    Check(
        name="reappearance",
        kinds=_TRACK,
        unit="frames",
        threshold=10.0,
        severity=Severity.info,
        says="An object is back after more frames than the threshold: is it still the same one?",
    ),
    Check(
        name="single-frame",
        kinds=_TRACK,
        unit="frames",
        severity=Severity.info,
        says="An object is labeled in one frame only.",
    ),
    Check(
        name="position",
        kinds=_TRACK,
        unit=SIZES,
        threshold=0.08,
        says="A label lies beside the place that the frames before and after it say.",
    ),
    Check(
        name="size",
        kinds=_TRACK,
        unit="fraction",
        threshold=0.08,
        says="A label is larger or smaller than the frames before and after it say.",
    ),
    Check(
        name="shape",
        kinds=_TRACK,
        unit="fraction of the diagonal",
        threshold=0.1,
        says="A line or polygon is bent differently than in the frames before and after it.",
    ),
    Check(
        name="rotation",
        kinds=_TRACK,
        unit="radians",
        threshold=0.15,
        says="A cuboid is turned differently than in the frames before and after it.",
    ),
    Check(
        name="rolling-iou",
        kinds=_TRACK,
        unit="IoU",
        threshold=0.5,
        less_is_worse=True,
        says="A label hardly overlaps the place that the frames around it say.",
    ),
    Check(
        name="size-step",
        kinds=_TRACK,
        unit="fraction",
        threshold=0.35,
        says="From this frame on an object is much larger or smaller than until then.",
    ),
    Check(
        name="jump",
        kinds=_TRACK,
        unit=SIZES,
        threshold=0.25,
        says="From this frame on an object is somewhere else than its motion led to.",
    ),
    Check(
        name="identity",
        kinds=_TRACK,
        unit=SIZES,
        threshold=0.3,
        severity=Severity.error,
        less_is_worse=True,
        says="Two objects have swapped their ids, or one goes on where another ended; its value is "
        "how far the label lies from the other object's place.",
    ),
    Check(
        name="label-flip",
        kinds=_TRACK,
        unit="frames",
        says="An object changes its class: for a few frames, or from this frame on.",
    ),
    Check(
        name="attribute-flip",
        kinds=_TRACK,
        unit="frames",
        threshold=3.0,
        less_is_worse=True,
        says="An attribute has another value in a few frames than before and after them. "
        "Verdicts (Pass, Fail) are no such attributes.",
    ),
    Check(
        name="duplicate-track",
        kinds=_TRACK,
        unit="IoU",
        threshold=0.8,
        says="Two tracks lie on one another in most of their common frames.",
    ),
    Check(
        name="out-of-image",
        kinds=_TRACK,
        unit="fraction",
        threshold=0.5,
        severity=Severity.error,
        says="At least this share of a label lies outside its image.",
    ),
    Check(
        name="degenerate",
        kinds=_TRACK,
        unit="px",
        severity=Severity.error,
        says="A label has no extent: its size is zero or negative, or it has too few points.",
    ),
    Check(
        name="self-crossing",
        kinds=_TRACK,
        unit="frames",
        severity=Severity.info,
        says="A polygon crosses itself.",
    ),
    Check(
        name="duplicate-id",
        kinds=_TRACK,
        unit="labels",
        severity=Severity.error,
        says="An object has two labels in one frame.",
    ),
    Check(
        name="duplicate-frame",
        kinds=_TRACK,
        unit="frames",
        severity=Severity.error,
        says="A frame is in the label file twice.",
    ),
    Check(
        name="unreadable",
        kinds=_TRACK,
        unit="labels",
        severity=Severity.error,
        says="A label, a frame or the file cannot be read, so it is not checked.",
    ),
)
