"""Sequence files: one per manifest line, naming the video frames or point clouds of a task."""

import re
from dataclasses import dataclass, field
from typing import Any

from terrace.domain import point_clouds, s3uri
from terrace.domain.modalities import Modality
from terrace.domain.problems import Problem

_EXAMPLE = (
    '{"seq-no": 1, "prefix": "s3://bucket/clip/", "number-of-frames": 1, '
    '"frames": [{"frame-no": 1, "frame": "000001.jpg"}]}'
)
_NUMBER = re.compile(r"[0-9]{1,18}")
SHOWN_MAX = 5
"""Problems quoted of one file's frames: a wrong writer makes the same mistake 2,000 times."""


@dataclass
class Sequence:
    """What a sequence file says, and what is wrong with it."""

    frames: list[str] = field(default_factory=list)
    """File names, in the order of the file."""
    prefix: str | None = None
    bucket: str | None = None
    """The bucket of the frames, which may not be the file's own: it must be allowed too."""
    frame_prefixes: dict[str, str] = field(default_factory=dict)
    """Folders that frames of their own name (3D: of the camera images); where each is first."""
    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)


def check(raw: object, modality: Modality, uri: str) -> Sequence:
    """Reads a parsed sequence file and finds everything that would fail its item.

    `frame-no` may count from 0 or 1, as a number or a text: all of it is seen in files that work.

    Args:
        raw: the file, parsed.
        modality: of the job; it says how many frames a sequence may have.
        uri: of the file; problems name it.
    """
    found = Sequence()
    if not isinstance(raw, dict):
        _add(found, uri, "SEQUENCE_NO_OBJECT", "the file holds no JSON object", _EXAMPLE)
        return found
    if not _whole(raw.get("seq-no")):
        _add(
            found,
            f"{uri} seq-no",
            "SEQUENCE_NUMBER_INVALID",
            f"seq-no is {_short(raw.get('seq-no'))}",
            "a whole number",
        )
    found.prefix, found.bucket = _prefix(found, raw.get("prefix"), f"{uri} prefix")
    frames = raw.get("frames")
    if not isinstance(frames, list) or not frames:
        _add(
            found,
            f"{uri} frames",
            "SEQUENCE_WITHOUT_FRAMES",
            "frames is no list, or an empty one",
            'a list: [{"frame-no": 1, "frame": "000001.jpg"}]',
        )
        return found
    most = modality.max_frames_per_sequence
    if most is not None and len(frames) > most:
        _add(
            found,
            f"{uri} frames",
            "SEQUENCE_TOO_LONG",
            f"the sequence has {len(frames)} frames",
            f"at most {most}: cut it into several",
        )
        # A file of millions of frames must not cost more than one that is right.
        frames = frames[:most]
        return _read(found, frames, modality, uri)
    if not _whole(raw.get("number-of-frames")) or raw["number-of-frames"] != len(frames):
        _add(
            found,
            f"{uri} number-of-frames",
            "SEQUENCE_COUNT_WRONG",
            f"number-of-frames is {_short(raw.get('number-of-frames'))}, and frames has "
            f"{len(frames)} entries",
            f"{len(frames)}",
        )
    return _read(found, frames, modality, uri)


def _read(found: Sequence, frames: list[Any], modality: Modality, uri: str) -> Sequence:
    if modality.family == "3d":
        _clouds(found, frames, modality, uri)
    else:
        _frames(found, frames, uri)
    return found


def _prefix(found: Sequence, prefix: object, path: str) -> tuple[str | None, str | None]:
    """A prefix and its bucket, or twice None with a problem noted."""
    wrong = s3uri.problem(prefix, key_needed=False)
    if wrong is None and not str(prefix).endswith("/"):
        wrong = "does not end with /"
    if wrong or not isinstance(prefix, str):
        _add(
            found,
            path,
            "SEQUENCE_PREFIX_INVALID",
            f"prefix {_short(prefix)} {wrong}",
            "the S3 folder of the frames: s3://bucket/clip/",
        )
        return None, None
    return prefix, s3uri.parse(prefix, key_needed=False).bucket


def _clouds(found: Sequence, frames: list[Any], modality: Modality, uri: str) -> None:
    """Point clouds are told apart, and ordered, by their time stamps."""
    wrong: list[tuple[str, str, str, str]] = []
    last: float | None = None
    for index, frame in enumerate(frames):
        where = f"frames[{index}]"
        name = frame.get("frame") if isinstance(frame, dict) else None
        if not isinstance(name, str) or not name.strip():
            wrong.append(
                (
                    where,
                    "SEQUENCE_FRAME_UNNAMED",
                    f"{_short(frame)} names no frame",
                    '"frame": "000001.bin"',
                )
            )
            continue
        unusable = s3uri.problem(f"{found.prefix or 's3://bucket/'}{name}")
        if unusable:
            wrong.append(
                (where, "SEQUENCE_FRAME_NAME_INVALID", f"frame {_short(name)} {unusable}", "a key")
            )
            continue
        found.frames.append(name)
        for part, problem, fix in point_clouds.check_frame(
            frame, name, modality.max_images_per_frame
        ):
            wrong.append((f"{where}.{part}", "POINT_CLOUD_FRAME_INVALID", problem, fix))
        if "prefix" in frame:
            path = f"{uri} {where}.prefix"
            prefix, _ = _prefix(found, frame["prefix"], path)
            if prefix is not None:
                found.frame_prefixes.setdefault(prefix, path)
        at = frame.get("unix-timestamp")
        if not point_clouds.is_number(at):
            continue
        if last is not None and at <= last:
            wrong.append(
                (
                    f"{where}.unix-timestamp",
                    "SEQUENCE_TIME_NOT_RISING",
                    f"is {at}, and the frame before it has {last}",
                    "time stamps that rise from frame to frame",
                )
            )
        last = at
    for where, code, problem, fix in wrong[:SHOWN_MAX]:
        _add(found, f"{uri} {where}", code, problem, fix)
    if len(wrong) > SHOWN_MAX:
        _add(
            found,
            f"{uri} frames",
            "SEQUENCE_MORE_PROBLEMS",
            f"{len(wrong) - SHOWN_MAX} more things are wrong",
            "see the first ones",
        )


def _frames(found: Sequence, frames: list[Any], uri: str) -> None:
    """Names must be there and differ: workers and label files know a frame by its name."""
    prefix = found.prefix or "s3://bucket/"
    names: dict[str, int] = {}
    numbers: dict[int, int] = {}
    wrong: list[tuple[int, str, str]] = []
    for index, frame in enumerate(frames):
        name = frame.get("frame") if isinstance(frame, dict) else None
        if not isinstance(name, str) or not name.strip():
            wrong.append((index, "SEQUENCE_FRAME_UNNAMED", f"{_short(frame)} names no frame"))
            continue
        unusable = s3uri.problem(f"{prefix}{name}")
        if unusable:
            wrong.append(
                (index, "SEQUENCE_FRAME_UNUSABLE", f"prefix and frame {_short(name)}: {unusable}")
            )
        if name in names:
            wrong.append(
                (index, "SEQUENCE_FRAME_TWICE", f"{_short(name)} is frames[{names[name]}] already")
            )
        names.setdefault(name, index)
        number = _number(frame.get("frame-no"))
        if number is None:
            wrong.append(
                (
                    index,
                    "SEQUENCE_FRAME_NUMBER_INVALID",
                    f"frame-no is {_short(frame.get('frame-no'))}",
                )
            )
        elif number in numbers:
            wrong.append(
                (
                    index,
                    "SEQUENCE_FRAME_NUMBER_TWICE",
                    f"frame-no {number} is frames[{numbers[number]}] already",
                )
            )
        else:
            numbers[number] = index
    for index, code, problem in wrong[:SHOWN_MAX]:
        _add(found, f"{uri} frames[{index}]", code, problem, _EXAMPLE)
    if len(wrong) > SHOWN_MAX:
        _add(
            found,
            f"{uri} frames",
            "SEQUENCE_MORE_PROBLEMS",
            f"{len(wrong) - SHOWN_MAX} more frames are wrong",
            "see the first ones",
        )
    found.frames = list(names)
    _order(found, uri)


def _order(found: Sequence, uri: str) -> None:
    """Workers see frames in the order of their names' bytes, whatever the file's order is."""
    shown = sorted(found.frames, key=lambda name: name.encode("utf-8", "surrogatepass"))
    pairs = zip(found.frames, shown, strict=True)
    first = next((pair for pair in pairs if pair[0] != pair[1]), None)
    if first is not None:
        found.warnings.append(
            Problem(
                path=f"{uri} frames",
                code="SEQUENCE_ORDER_CHANGES",
                problem=(
                    f"workers will see {_short(first[1])} where the file has {_short(first[0])}: "
                    "Ground Truth sorts frames by name"
                ),
                fix="number names with leading zeros, so that both orders are the same",
            )
        )


def _whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _number(value: object) -> int | None:
    if isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 100 else f"{text[:97]}..."


def _add(found: Sequence, path: str, code: str, problem: str, fix: str) -> None:
    found.problems.append(Problem(path=path, code=code, problem=problem, fix=fix))
