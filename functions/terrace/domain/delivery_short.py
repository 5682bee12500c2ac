"""Provenance that fits into a line which Ground Truth can be given again. Pure.

What is shortened is shortened step by step, what is needed least first. To the last but one, each
lane keeps the jobs that hold its classes, with level and label attribute: an export finds the
category file, and so the numbers of the classes, by them.
"""

from collections import Counter
from collections.abc import Callable, Sequence

from terrace.domain.manifest import Data, dump
from terrace.domain.modalities import MODALITIES

BY_STATUS = "lanesByStatus"
"""In the place of `lanes`, where there are too many of them even for their names."""


def fitting(about: Data, limit: int) -> str:
    """The provenance as JSON, in at most so many characters.

    Args:
        about: the whole of it, with `lanes`.
        limit: characters; enough for all but the lanes.
    """
    text = dump(about)
    lanes: Sequence[Data] = about["lanes"]
    for shorter in _STEPS:
        if len(text) <= limit:
            return text
        text = dump({**about, "lanes": [shorter(lane) for lane in lanes], "shortened": True})
    if len(text) <= limit:
        return text
    counts = Counter(lane["status"] for lane in lanes)
    rest = {key: value for key, value in about.items() if key != "lanes"}
    return dump({**rest, BY_STATUS: counts, "shortened": True})


def _without_gates(lane: Data) -> Data:
    history = [
        {key: value for key, value in entry.items() if key not in {"gate", "workers"}}
        for entry in lane["history"]
    ]
    return {**lane, "history": history}


def _without_reasons(lane: Data) -> Data:
    return {**_without_gates(lane), "reason": ""}


def _jobs_only(lane: Data) -> Data:
    kept = ("job", "modality", "level", "attribute")
    history = [{key: entry[key] for key in kept} for entry in lane["history"]]
    return {**_bare(lane), "history": history}


def _classes_only(lane: Data) -> Data:
    kept = ("job", "level", "attribute")
    history = [
        {key: entry[key] for key in kept}
        for entry in lane["history"]
        if not MODALITIES[entry["modality"]].verdict_labels
    ]
    return {**_bare(lane), "history": history}


def _bare(lane: Data) -> Data:
    return {key: lane[key] for key in ("lane", "attribute", "status")}


_STEPS: Sequence[Callable[[Data], Data]] = (
    _without_gates,
    _without_reasons,
    _jobs_only,
    _classes_only,
    _bare,
)
