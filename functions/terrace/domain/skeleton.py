"""Are the keypoints of a label category file ones that the skeleton page can show?

Keys and shapes are those of AWS's `crowd-2d-skeleton` component: `keypointClasses`
[{id, label, color, x, y}], `skeletonRig` [[label, label, colour?]], `skeletonBoundingBox`
{left, top, right, bottom}; Terrace also takes width and height. docs/skeleton.md has examples.
"""

import json
import math
import re
from typing import Any

from terrace.domain.problems import Problem

CLASSES = "keypointClasses"
RIG = "skeletonRig"
BOX = "skeletonBoundingBox"
LABEL_MAX = 128
RIG_JSON_MAX = 30_000
"""Characters. They stand in the worker page, escaped and beside its script: the page may have
128,000 (Ground Truth's limit of a template)."""

_COLOUR = re.compile(
    r"#(?:[0-9a-f]{3,4}|[0-9a-f]{6}|[0-9a-f]{8})|[a-z]{3,20}|(?:rgb|hsl)a?\([0-9., %/a-z]{3,40}\)",
    re.IGNORECASE,
)
_CLASS_EXAMPLE = '{"id": "nose", "label": "nose", "color": "#4cc9ff", "x": 62, "y": 11}'
_RIG_EXAMPLE = (
    '["left_knee", "left_ankle"] or, with a colour, ["left_knee", "left_ankle", "#35c4ff"]'
)
_BOX_EXAMPLE = '{"left": 0, "top": 0, "right": 124, "bottom": 387}'


def check(config: dict[str, Any], path: str) -> list[Problem]:
    """Everything in a category file that would break the skeleton page.

    Args:
        config: the file, parsed. Keys other than the three are not looked at.
        path: how problems name the file: its S3 URI.

    Returns:
        One problem for each finding; empty where the page can be made.
    """
    checker = _Checker(config, path)
    checker.classes()
    checker.rig()
    checker.box()
    checker.size()
    return checker.found


class _Checker:
    def __init__(self, config: dict[str, Any], path: str) -> None:
        self.config = config
        self.path = path
        self.labels: dict[str, int] = {}
        self.spots: dict[str, tuple[float, float]] = {}
        self.found: list[Problem] = []

    def add(self, where: str, code: str, problem: str, fix: str) -> None:
        self.found.append(Problem(path=f"{self.path} {where}", code=code, problem=problem, fix=fix))

    # --- keypointClasses -------------------------------------------------------------------
    def classes(self) -> None:
        listed = self.config.get(CLASSES)
        if not isinstance(listed, list) or not listed:
            self.add(
                CLASSES,
                "SKELETON_CLASSES_MISSING",
                f"{CLASSES} is {_shown(listed)}",
                f"a list of at least one keypoint: [{_CLASS_EXAMPLE}]",
            )
            return
        ids: dict[str, int] = {}
        for index, entry in enumerate(listed):
            where = f"{CLASSES}[{index}]"
            if not isinstance(entry, dict):
                self.add(
                    where,
                    "SKELETON_CLASS_INVALID",
                    f"the keypoint is {_shown(entry)}",
                    f"an object: {_CLASS_EXAMPLE}",
                )
                continue
            self._label(entry, index, where)
            self._id(entry, index, where, ids)
            self._colour(entry.get("color"), where, optional=True)
            self._spot(entry, where)
        if self.spots and len(self.spots) < len(listed) and not self.found:
            without = next(label for label in self.labels if label not in self.spots)
            self.add(
                CLASSES,
                "SKELETON_SHAPE_INCOMPLETE",
                f"{len(self.spots)} of {len(listed)} keypoints have x and y, "
                f"and {_shown(without)} has not",
                "give x and y to all of them (a whole skeleton is placed at once) or to none",
            )

    def _label(self, entry: dict[str, Any], index: int, where: str) -> None:
        label = entry.get("label")
        if not isinstance(label, str) or not label.strip():
            self.add(
                where,
                "SKELETON_LABEL_EMPTY",
                f"label is {_shown(label)}",
                "a name that is not blank",
            )
            return
        if len(label) > LABEL_MAX:
            self.add(
                where,
                "SKELETON_LABEL_TOO_LONG",
                f"the label {_shown(label)} has {len(label)} characters",
                f"at most {LABEL_MAX}",
            )
        if label in self.labels:
            self.add(
                where,
                "SKELETON_LABEL_TWICE",
                f"{_shown(label)} is {CLASSES}[{self.labels[label]}] already",
                "name every keypoint once: lines and answers go by the label",
            )
        self.labels.setdefault(label, index)

    def _id(self, entry: dict[str, Any], index: int, where: str, ids: dict[str, int]) -> None:
        given = entry.get("id")
        if given is None:
            return
        if isinstance(given, bool) or not isinstance(given, str | int) or given == "":
            self.add(
                where, "SKELETON_ID_INVALID", f"id is {_shown(given)}", "a text, or leave it out"
            )
            return
        if str(given) in ids:
            self.add(
                where,
                "SKELETON_ID_TWICE",
                f"the id {_shown(given)} is that of {CLASSES}[{ids[str(given)]}] already",
                "give each keypoint an id of its own, or none",
            )
        ids.setdefault(str(given), index)

    def _colour(self, given: object, where: str, *, optional: bool) -> None:
        if given is None and optional:
            return
        if not isinstance(given, str) or not _COLOUR.fullmatch(given.strip()):
            self.add(
                where,
                "SKELETON_COLOUR_INVALID",
                f"the colour is {_shown(given)}",
                'a colour of CSS: "#4cc9ff", "yellow" or "rgb(76, 201, 255)"',
            )

    def _spot(self, entry: dict[str, Any], where: str) -> None:
        x, y = entry.get("x"), entry.get("y")
        if x is None and y is None:
            return
        if not (_is_number(x) and _is_number(y)):
            self.add(
                where,
                "SKELETON_SPOT_INVALID",
                f"x is {_shown(x)} and y {_shown(y)}",
                "two numbers, in the frame of skeletonBoundingBox; or neither",
            )
        elif isinstance(entry.get("label"), str):
            self.spots[entry["label"]] = (float(x or 0), float(y or 0))

    # --- skeletonRig -----------------------------------------------------------------------
    def rig(self) -> None:
        listed = self.config.get(RIG)
        if listed is None:
            return
        if not isinstance(listed, list):
            self.add(RIG, "SKELETON_RIG_INVALID", f"{RIG} is {_shown(listed)}", "a list of pairs")
            return
        seen: dict[frozenset[str], int] = {}
        for index, line in enumerate(listed):
            where = f"{RIG}[{index}]"
            if not isinstance(line, list) or len(line) not in (2, 3):
                self.add(
                    where, "SKELETON_LINE_INVALID", f"the line is {_shown(line)}", _RIG_EXAMPLE
                )
                continue
            ends = line[:2]
            unknown = [end for end in ends if not isinstance(end, str) or end not in self.labels]
            for end in unknown:
                self.add(
                    where,
                    "SKELETON_LINE_UNKNOWN_LABEL",
                    f"{_shown(end)} is no label of {CLASSES}",
                    self._known(),
                )
            if len(line) == 3:
                self._colour(line[2], where, optional=False)
            if unknown:
                continue
            pair = frozenset(ends)
            if len(pair) == 1:
                self.add(
                    where,
                    "SKELETON_LINE_TO_ITSELF",
                    f"the line goes from {_shown(ends[0])} to itself",
                    "name two keypoints",
                )
            elif pair in seen:
                self.add(
                    where,
                    "SKELETON_LINE_TWICE",
                    f"{RIG}[{seen[pair]}] joins the same two keypoints",
                    "leave one of them out",
                )
            seen.setdefault(pair, index)

    def _known(self) -> str:
        names = list(self.labels)
        more = f" and {len(names) - 8} more" if len(names) > 8 else ""
        return f"known are {', '.join(names[:8])}{more}" if names else f"name {CLASSES} first"

    # --- skeletonBoundingBox ---------------------------------------------------------------
    def box(self) -> None:
        given = self.config.get(BOX)
        if given is None:
            return
        edges = _edges(given) if isinstance(given, dict) else None
        if edges is None:
            self.add(BOX, "SKELETON_BOX_INVALID", f"{BOX} is {_shown(given)}", _BOX_EXAMPLE)
            return
        left, top, right, bottom = edges
        for label, (x, y) in self.spots.items():
            if not (left <= x <= right and top <= y <= bottom):
                self.add(
                    BOX,
                    "SKELETON_BOX_TOO_SMALL",
                    f"{_shown(label)} at {x:g}, {y:g} is outside of it",
                    "a box around the x and y of every keypoint, or none (then it is the tightest)",
                )

    def size(self) -> None:
        length = len(json.dumps([self.config.get(key) for key in (CLASSES, RIG, BOX)], default=str))
        if length > RIG_JSON_MAX:
            self.add(
                CLASSES,
                "SKELETON_TOO_LARGE",
                f"{CLASSES}, {RIG} and {BOX} have {length} characters as JSON",
                f"at most {RIG_JSON_MAX}: they stand in the worker page",
            )


def _edges(box: dict[str, Any]) -> tuple[float, float, float, float] | None:
    """left, top, right, bottom; None where they are missing or enclose nothing."""
    left, top, right, bottom, width, height = (
        float(box[key]) if _is_number(box.get(key)) else None
        for key in ("left", "top", "right", "bottom", "width", "height")
    )
    if left is None or top is None:
        return None
    if right is None and width is not None:
        right = left + width
    if bottom is None and height is not None:
        bottom = top + height
    if right is None or bottom is None or right < left or bottom < top:
        return None
    if right == left and bottom == top:
        return None
    return left, top, right, bottom


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _shown(value: object) -> str:
    """A value as problems quote it: never more than a line of it."""
    text = "missing" if value is None else repr(value)
    return text if len(text) <= 100 else f"{text[:97]}..."
