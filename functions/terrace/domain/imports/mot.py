"""MOT Challenge, read: `gt/gt.txt` (or `det/det.txt`) of each sequence, counted from 1.

Lines that say "do not consider" (confidence 0 in gt.txt) are left out. Without `gt/labels.txt` the
classes are MOT Challenge's twelve. Frames without labels are known by `seqinfo.ini`, or by the
images.
"""

import re

from terrace.domain.exports.model import Folder, Item, Object, Size
from terrace.domain.imports.boxes import (
    IMAGE_EXTENSIONS,
    Read,
    box,
    fail,
    finite,
    made,
    names,
    uri,
)

CLASSES = (
    *("pedestrian", "person on vehicle", "car", "bicycle", "motorbike", "non motorized vehicle"),
    *("static person", "distractor", "occluder", "occluder on the ground", "occluder full"),
    "reflection",
)
"""MOT16, table 1: class 1 is the first."""
_FILE = re.compile(r"(?:(?P<sequence>.+)/)?(?:gt/gt|det/det)\.txt")


def read(folder: Folder, prefix: str | None = None) -> Read:
    """The data set of a folder with a folder a sequence (or of one sequence)."""
    there = set(folder.names())
    found = [match for match in map(_FILE.fullmatch, sorted(there)) if match]
    with_gt = {m["sequence"] for m in found if m[0].endswith("gt.txt")}
    found = [m for m in found if m[0].endswith("gt.txt") or m["sequence"] not in with_gt]
    if not found:
        fail("mot", "there is no gt/gt.txt", "<sequence>/gt/gt.txt")
    classes: list[str] = []
    items: list[Item] = []
    give = names()
    for match in found:
        sequence = match["sequence"] or ""
        own = _classes(folder, sequence, there)
        classes += [name for name in own if name not in classes]
        for item in _sequence(folder, match[0], sequence, there, own):
            path = item.name
            named = f"{item.sequence}/{path.rsplit('/', 1)[-1]}"
            items.append(
                Item(
                    give.give(named),
                    uri(prefix, path),
                    size=item.size,
                    objects=item.objects,
                    sequence=item.sequence,
                    frame=item.frame,
                )
            )
    return made(classes, items, "class names")


def _classes(folder: Folder, sequence: str, there: set[str]) -> list[str]:
    path = _below(sequence, "gt/labels.txt")
    if path not in there:
        return list(CLASSES)
    return [line.strip() for line in folder.text(path).splitlines() if line.strip()]


def _below(sequence: str, path: str) -> str:
    return f"{sequence}/{path}" if sequence else path


def _sequence(
    folder: Folder, path: str, sequence: str, there: set[str], classes: list[str]
) -> list[Item]:
    by_frame: dict[int, list[Object]] = {}
    for number, line in enumerate(folder.text(path).splitlines(), start=1):
        if not line.strip():
            continue
        frame, one = _line(line.split(","), f"{path} line {number}", classes, "/det" in f"/{path}")
        found = by_frame.setdefault(frame, [])
        if one is not None:
            found.append(one)
    info = _info(folder, sequence, there)
    images_in = _below(sequence, info.get("imdir", "img1"))
    images = sorted(
        name
        for name in there
        if name.startswith(f"{images_in}/") and name.lower().endswith(IMAGE_EXTENSIONS)
    )
    length = int(info.get("seqlength", 0)) or len(images)
    length = max([length, *by_frame])
    extension = info.get("imext", images[0][images[0].rindex(".") :] if images else ".jpg")
    size: Size | None = None
    if "imwidth" in info and "imheight" in info:
        size = (int(info["imwidth"]), int(info["imheight"]))
    elif images:
        size = folder.size(images[0])
    return [
        Item(
            f"{images_in}/{frame:06d}{extension}",
            "",
            size=size,
            objects=tuple(by_frame.get(frame, ())),
            sequence=sequence or "sequence",
            frame=frame - 1,
        )
        for frame in range(1, length + 1)
    ]


def _line(
    parts: list[str], where: str, classes: list[str], detected: bool
) -> tuple[int, Object | None]:
    if len(parts) < 6:
        fail(where, f"has {len(parts)} fields", "frame, id, left, top, width, height, 1, class")
    frame, track, left, top, width, height = (finite(part, where) for part in parts[:6])
    if frame < 1 or frame != int(frame):
        fail(where, f"the frame is {parts[0][:20]!r}", "a frame number from 1")
    if not detected and len(parts) > 6 and finite(parts[6], where) == 0:
        return int(frame), None
    number = 1 if detected or len(parts) < 8 else int(finite(parts[7], where))
    if number == -1:
        number = 1
    if not 1 <= number <= len(classes):
        fail(where, f"class {number} is none of {len(classes)}", "a class number from 1")
    shape = box(left - 1, top - 1, width, height, where)
    name = None if track < 1 else f"track-{int(track)}"
    return int(frame), Object(classes[number - 1], shape, track=name)


def _info(folder: Folder, sequence: str, there: set[str]) -> dict[str, str]:
    path = _below(sequence, "seqinfo.ini")
    if path not in there:
        return {}
    pairs = (line.partition("=") for line in folder.text(path).splitlines())
    info = {key.strip().lower(): value.strip() for key, found, value in pairs if found}
    for key in ("seqlength", "imwidth", "imheight"):
        if not info.get(key, "1").isdecimal():
            fail(path, f"{key} is {info[key][:20]!r}", "a whole number")
    return info
