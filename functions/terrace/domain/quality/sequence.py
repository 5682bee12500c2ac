"""SeqLabel.json read for its quality: what can be read becomes tracks, what cannot a finding.

`domain.seqlabel` reads strictly, for those who rely on a file; this reader is for those who ask
whether a file can be relied on. It takes video tracking and detection in every shape, and 3D
tracking with or without cameras. Frames count by `frame-no`, wherever they stand in the file.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from terrace.domain.quality.findings import Finding, Severity
from terrace.domain.quality.linking import link
from terrace.domain.quality.shape_reading import DEGENERATE, UNREADABLE, read_shapes
from terrace.domain.quality.tracks import (
    ClassNames,
    Sensor,
    Track,
    attributes_of,
    class_of,
    name_of,
    names_by_id,
)

TRACKING, DETECTION = "tracking-annotations", "detection-annotations"
DUPLICATE_ID, DUPLICATE_FRAME = "duplicate-id", "duplicate-frame"
NOT_CHECKED = (UNREADABLE, DEGENERATE, DUPLICATE_ID, DUPLICATE_FRAME)
"""Findings that say which part of a file no check could look at."""
SHAPE_KEYS = ("annotations", "polylines", "polygons", "keypoints")
FRAME_MAX = 10**9
"""No sequence is that long: a larger frame number is a mistake."""
_SENSOR = re.compile(r"lidar|camera-\d+")
_NUMBER = re.compile(r"-?[0-9]{1,12}")

FrameNames = dict[int, str]
FrameAttributes = dict[Sensor, dict[int, dict[str, Any]]]


@dataclass
class Loaded:
    """A file, read."""

    item: int
    tracking: bool = True
    tracks: tuple[Track, ...] = ()
    """By sensor and first appearance. Labels of video detection, which have no ids, are linked
    by their place (`linking`)."""
    names: dict[Sensor, FrameNames] = field(default_factory=dict)
    """File name of every frame in the file, by number."""
    frame_attributes: FrameAttributes = field(default_factory=dict)
    classes: ClassNames = field(default_factory=dict)
    """Class names by class-id, as far as they are known."""
    findings: list[Finding] = field(default_factory=list)
    """What could not be read, or cannot be right as it stands."""

    def frame_name(self, number: int, sensor: Sensor = "") -> str | None:
        """File name of a frame, where the file says it."""
        return self.names.get(sensor, {}).get(number)

    @property
    def objects(self) -> int:
        """Readable labels: objects times frames."""
        return sum(len(track) for track in self.tracks)


def load(
    document: object, *, item: int = 0, class_names: Mapping[int, str] | None = None
) -> Loaded:
    """Reads a parsed SeqLabel.json; never raises for what is in it.

    Args:
        document: the file, parsed by any JSON reader (NaN and Infinity may be in it).
        item: the item's place in the lane; findings carry it.
        class_names: by class-id: the label's `class-map` in the manifest's line, or the labels of
            the category file by their position. A file alone has numbers, and the names of its
            objects.
    """
    loaded = Loaded(item, classes=names_by_id(class_names, ()))
    sensors = list(_sensors(document, loaded))
    tracks: list[Track] = []
    for sensor, frames in sensors:
        tracks += _Reader(loaded, sensor).read(frames)
    loaded.tracks = tuple(tracks)
    loaded.classes = names_by_id(class_names, (one for one in tracks if one.id))
    return loaded


def of_file(document: object, *, item: int = 0) -> list[Finding]:
    """Of `load`'s findings, those about the file itself: it has no frames to look at."""
    loaded = Loaded(item)
    list(_sensors(document, loaded))
    return loaded.findings


def _sensors(document: object, loaded: Loaded) -> Iterator[tuple[Sensor, list[Any]]]:
    if not isinstance(document, dict):
        _file(loaded, "The label file holds no JSON object: nothing in it can be checked.")
        return
    outer = [key for key in document if isinstance(key, str) and _SENSOR.fullmatch(key)]
    places = [(key, document[key]) for key in outer] or [("", document)]
    for sensor, held in places:
        key = next((k for k in (TRACKING, DETECTION) if isinstance(held, dict) and k in held), None)
        of = f" of {sensor}" if sensor else ""
        if key is None or not isinstance(held[key], list):
            _file(
                loaded,
                f"The label file{of} has no list {TRACKING} or {DETECTION}: nothing is checked.",
            )
            continue
        if key == DETECTION:
            loaded.tracking = False
        yield sensor, held[key]


def _file(loaded: Loaded, sentence: str) -> None:
    loaded.findings.append(Finding(UNREADABLE, Severity.error, sentence, loaded.item))


Row = tuple[int, dict[str, Any]]


class _Reader:
    """Reads the frames of one sensor."""

    def __init__(self, loaded: Loaded, sensor: Sensor) -> None:
        self.loaded, self.sensor = loaded, sensor
        self.names = loaded.names.setdefault(sensor, {})
        self.attributes = loaded.frame_attributes.setdefault(sensor, {})

    def read(self, frames: Sequence[object]) -> list[Track]:
        rows: dict[tuple[str, str], list[Row]] = {}
        loose: dict[str, list[Row]] = {}
        ordered = sorted(self._frames(frames), key=lambda pair: pair[0])
        for number, frame in ordered:
            self._labels(number, frame, rows, loose)
        found: list[Track] = []
        for (key, ident), labels in rows.items():
            found += self._tracks(key, ident, self._once(labels))
        if loose:
            for key, labels in loose.items():
                for kind, shapes in read_shapes(key, labels, self._bad).items():
                    found += link(kind, shapes, labels, self.sensor, self.loaded.classes)
        return found

    def _frames(self, frames: Sequence[object]) -> Iterator[tuple[int, dict[str, Any]]]:
        seen: set[int] = set()
        for place, frame in enumerate(frames):
            if not isinstance(frame, dict):
                self._note(UNREADABLE, f"Entry {place} of the label file is no frame.")
                continue
            name = frame.get("frame", frame.get("frame-name"))
            number = _whole(frame.get("frame-no", frame.get("frame-number")))
            if number is None:
                shown = f" ({name})" if isinstance(name, str) else ""
                self._note(
                    UNREADABLE,
                    f"Entry {place} of the label file{shown} has no frame number that can be read: "
                    "its labels are not checked.",
                    name=name if isinstance(name, str) else None,
                )
                continue
            if number in seen:
                self._note(
                    DUPLICATE_FRAME,
                    f"F{_frame(name, number)[1:]} is in the label file twice: only the first "
                    "is checked.",
                    number,
                    name if isinstance(name, str) else None,
                )
                continue
            seen.add(number)
            if isinstance(name, str):
                self.names[number] = name
            about = frame.get("frame-attributes")
            if isinstance(about, dict) and about:
                self.attributes[number] = about
            yield number, frame

    def _labels(
        self,
        number: int,
        frame: dict[str, Any],
        rows: dict[tuple[str, str], list[Row]],
        loose: dict[str, list[Row]],
    ) -> None:
        for key in SHAPE_KEYS:
            labels = frame.get(key)
            if labels is None:
                continue
            if not isinstance(labels, list):
                self._bad_frame(number, f"{key} is no list")
                continue
            for one in labels:
                if not isinstance(one, dict):
                    self._bad_frame(number, f"an entry of {key} is no object")
                    continue
                ident = one.get("object-id")
                if type(ident) is str:
                    held = rows.get((key, ident))
                    if held is None:
                        rows[key, ident] = [(number, one)]
                    else:
                        held.append((number, one))
                elif ident is not None or self.loaded.tracking:
                    self._bad_frame(number, f"an entry of {key} has no object-id")
                else:
                    loose.setdefault(key, []).append((number, one))

    def _once(self, labels: list[Row]) -> list[Row]:
        """An object has one place in a frame: of several, the first counts."""
        if len({number for number, _ in labels}) == len(labels):
            return labels
        kept: dict[int, dict[str, Any]] = {}
        for number, one in labels:
            if number in kept:
                self._bad(
                    number,
                    one,
                    "has a second label in the same frame",
                    DUPLICATE_ID,
                )
            kept.setdefault(number, one)
        return list(kept.items())

    def _tracks(self, key: str, ident: str, labels: list[Row]) -> Iterator[Track]:
        for kind, shapes in read_shapes(key, labels, self._bad).items():
            ones = [labels[place][1] for place in shapes.places]
            last = ones[-1]
            yield Track(
                ident,
                name_of(last),
                class_of(last, self.loaded.classes),
                kind,
                self.sensor,
                np.array([labels[place][0] for place in shapes.places], dtype=np.int64),
                shapes.coordinates,
                shapes.points,
                tuple([str(one.get("class-id")) for one in ones]),
                tuple([attributes_of(one) for one in ones]),
            )

    def _bad(self, number: int, one: dict[str, Any], reason: str, check: str) -> None:
        """A label that cannot be used."""
        label = class_of(one, self.loaded.classes)
        ident = one.get("object-id")
        named = name_of(one) if ident is not None else f"A label of {label}"
        text = f"{named} in {self._shown(number)} {reason}: it is not checked."
        self.loaded.findings.append(
            Finding(
                check,
                Severity.error,
                text,
                self.loaded.item,
                number,
                self.names.get(number),
                ident if isinstance(ident, str) else None,
                name_of(one),
                label,
            )
        )

    def _bad_frame(self, number: int, reason: str) -> None:
        self._note(
            UNREADABLE,
            f"In {self._shown(number)} {reason}: it is not checked.",
            number,
            self.names.get(number),
        )

    def _shown(self, number: int) -> str:
        return _frame(self.names.get(number), number)

    def _note(
        self, check: str, sentence: str, number: int | None = None, name: str | None = None
    ) -> None:
        self.loaded.findings.append(
            Finding(check, Severity.error, sentence, self.loaded.item, number, name)
        )


def _frame(name: object, number: int) -> str:
    """Both names of a frame."""
    return f"frame {name} (frame {number})" if isinstance(name, str) else f"frame {number}"


def _whole(value: object) -> int | None:
    """`frame-no` as Ground Truth writes it: a number, or a text of digits."""
    if isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
        value = int(value)
    if isinstance(value, float) and value.is_integer() and abs(value) < FRAME_MAX:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < FRAME_MAX:
        return None
    return value
