"""What a worker sent from the skeleton page, and the record that is made of it.

The page's form has the fields `annotations` (a JSON list of skeletons), `noChangesNeeded` and
`totalTimeInSeconds`. A skeleton is `{id, keypoints: [{id, label, x, y, visibility}]}`: pixels of
the original image, and no `x`, `y` where `visibility` is `absent`.
"""

import math
from typing import Any, NamedTuple

from terrace.domain import json_values, s3uri

Json = Any

FIELDS = frozenset({"annotations", "noChangesNeeded"})
"""What tells an answer of the skeleton page from that of another form."""
VISIBILITIES = ("visible", "occluded", "absent")
PIXELS_MAX = 1_000_000
"""No image of Ground Truth's 100 megapixels is as wide; also keeps out infinity."""
UNKNOWN = object()
"""In the place of an earlier label: what the worker was shown cannot be said."""
_YES, _NO = (True, "true", "on"), (False, "false", "", None)


class SkeletonAnswer(NamedTuple):
    """One worker's answer, read."""

    skeletons: list[dict[str, Json]]
    no_changes_needed: bool
    seconds: float | None


def is_one(content: dict[str, Json]) -> bool:
    """True for the fields of a skeleton page's form, whatever is in them."""
    return content.keys() >= FIELDS


def read(content: dict[str, Json]) -> SkeletonAnswer:
    """The answer, checked.

    Raises:
        ValueError: names the place that is wrong, and quotes nothing.
    """
    listed = content["annotations"]
    if isinstance(listed, str):
        listed = json_values.parse(listed or "[]", "annotations")
    _check(listed)
    return SkeletonAnswer(
        listed, _flag(content["noChangesNeeded"]), _seconds(content.get("totalTimeInSeconds"))
    )


def record(
    answer: SkeletonAnswer,
    *,
    dataset_object_id: str,
    source: str | None,
    worker: str,
    original: Json,
) -> dict[str, Json]:
    """The label of one image.

    Args:
        answer: of one worker.
        dataset_object_id: position of the image in the job's manifest, as a string.
        source: S3 URI of the image.
        worker: pseudonym.
        original: the label that the worker was shown: such a record, a list of skeletons, None
            where there was none, or UNKNOWN: then the record does not say what was changed.
    """
    shown = None if original is UNKNOWN else earlier(original)
    return {
        "dataset_object_id": dataset_object_id,
        "data_object_s3_uri": source,
        "image_file_name": s3uri.basename(source) if source else None,
        "image_s3_location": source,
        "original_annotations": shown,
        "updated_annotations": answer.skeletons,
        "worker_id": worker,
        "no_changes_needed": answer.no_changes_needed,
        "was_modified": None
        if shown is None
        else _comparable(shown) != _comparable(answer.skeletons),
        "total_time_in_seconds": answer.seconds,
    }


def earlier(label: Json) -> list[dict[str, Json]] | None:
    """The skeletons of an earlier label, as the page shows them.

    The page takes a record, a list of skeletons, the text of one, and AWS's own shape
    (`annotations` for `keypoints`, no visibility). Empty where there is no earlier label; None
    where it is none of these: what the worker saw is not known then.
    """
    if isinstance(label, str):
        try:
            label = json_values.parse(label or "[]", "label")
        except ValueError:
            return None
    if isinstance(label, dict):
        label = label.get("updated_annotations")
    if label is None:
        return []
    try:
        _check(label)
    except ValueError:
        return _shown(label)
    found: list[dict[str, Json]] = label
    return found


def _shown(listed: Json) -> list[dict[str, Json]] | None:
    """What the page makes of skeletons that are not in its own shape."""
    if not isinstance(listed, list):
        return None
    skeletons = []
    for number, one in enumerate(listed, start=1):
        points = (one.get("keypoints") or one.get("annotations")) if isinstance(one, dict) else None
        if not isinstance(points, list):
            return None
        shown = [point for point in points if isinstance(point, dict) and _is_shown(point)]
        skeletons.append(
            {
                "id": str(one.get("id", f"skeleton-{number}")),
                "keypoints": [{**point, "visibility": _visibility(point)} for point in shown],
            }
        )
    return skeletons


def _is_shown(point: dict[str, Json]) -> bool:
    placed = _is_number(point.get("x")) and _is_number(point.get("y"))
    return isinstance(point.get("label"), str) and (placed or point.get("visibility") == "absent")


def _visibility(point: dict[str, Json]) -> str:
    found = point.get("visibility")
    return found if isinstance(found, str) and found in VISIBILITIES else "visible"


def _check(skeletons: Json) -> None:
    if not isinstance(skeletons, list):
        raise ValueError("annotations is no list of skeletons")
    for number, skeleton in enumerate(skeletons):
        where = f"annotations[{number}]"
        points = skeleton.get("keypoints") if isinstance(skeleton, dict) else None
        if not isinstance(points, list):
            raise ValueError(f"{where} has no list of keypoints")
        for index, point in enumerate(points):
            _check_point(point, f"{where}.keypoints[{index}]")


def _check_point(point: Json, where: str) -> None:
    if not isinstance(point, dict) or not isinstance(point.get("label"), str):
        raise ValueError(f"{where} has no label")
    visibility = point.get("visibility", "visible")
    if visibility not in VISIBILITIES:
        raise ValueError(f"{where}.visibility is none of {', '.join(VISIBILITIES)}")
    if visibility == "absent":
        return
    for axis in ("x", "y"):
        if not _is_number(point.get(axis)):
            raise ValueError(f"{where}.{axis} is no number of pixels")


def _is_number(value: Json) -> bool:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and abs(value) < PIXELS_MAX


def _flag(value: Json) -> bool:
    """A check box, in any of the ways that forms send one."""
    if isinstance(value, dict):
        value = value.get("on")
    if isinstance(value, str):
        value = value.strip().lower()
    if value in _YES:
        return True
    if value in _NO:
        return False
    raise ValueError("noChangesNeeded is neither true nor false")


def _seconds(value: Json) -> float | None:
    """How long the page was worked on; None where it does not say."""
    try:
        seconds = float(value)
    except (TypeError, ValueError):
        return None
    return round(seconds, 3) if math.isfinite(seconds) and seconds >= 0 else None


def _hundredths(pixels: float) -> str:
    """As the page rounds: halves up, as JavaScript's Math.round does."""
    return str(math.floor(pixels * 100 + 0.5))


def _comparable(skeletons: list[dict[str, Json]]) -> list[list[tuple[str, ...]]]:
    """Skeletons as what a person sees of them: their points, whatever their order and ids."""
    return sorted(
        sorted(
            (
                str(point.get("label")),
                str(point.get("visibility", "visible")),
                *(
                    _hundredths(point[axis])
                    for axis in ("x", "y")
                    if point.get("visibility") != "absent"
                ),
            )
            for point in skeleton["keypoints"]
        )
        for skeleton in skeletons
    )
