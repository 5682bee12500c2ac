"""MOT Challenge: a folder a video, with `gt/gt.txt`, `gt/labels.txt`, and `seqinfo.ini`.

A line is `frame, id, left, top, width, height, 1, class, visibility`; frames, ids, classes and
pixels all count from 1, so the left edge 0 is written as 1. Tracks are numbered by appearance; an
object of a detection job has no track and is -1. Frames are `img1/000001.jpg`: Ground Truth's own
names are in images.csv. Visibility is not known and is 1. Frames without labels have no line; their
number is in seqinfo.ini. Source: Milan et al., "MOT16" (arXiv:1603.00831), 3.3: "All frame numbers,
target IDs and bounding boxes are 1-based".
"""

from collections.abc import Iterable
from itertools import groupby

from terrace.domain.exports.holding import sized
from terrace.domain.exports.model import BoxShape, ExportError, Files, Head, Item
from terrace.domain.exports.numbers import plain
from terrace.domain.exports.text import each_on_a_line


def image_path(item: Item) -> str:
    """The frame's name by its number."""
    return f"{sequence_of(item)}/img1/{item.frame + 1:06d}{item.name[len(item.stem) :]}"


def sequence_of(item: Item) -> str:
    """The name of a frame's video; ExportError for a still image."""
    if item.sequence is None:
        raise ExportError(
            item.uri or item.name,
            "ITEM_NOT_OF_A_VIDEO",
            "it is no frame of a video",
            "a video's label, or a format of images",
        )
    return item.sequence


def write(items: Iterable[Item], head: Head, files: Files) -> None:
    """Writes the folder of each sequence; its frames must stand together, in order."""
    for sequence, frames in groupby(items, key=sequence_of):
        _sequence(sequence, frames, head, files)


def _sequence(sequence: str, frames: Iterable[Item], head: Head, files: Files) -> None:
    path = f"{sequence}/gt/gt.txt"
    files.write(f"{sequence}/gt/labels.txt", each_on_a_line(head, "mot"))
    files.append(path, "")
    tracks: dict[str, int] = {}
    last: Item | None = None
    for item in frames:
        last = item
        for one in item.objects:
            box = one.shape
            assert isinstance(box, BoxShape)
            track = -1 if one.track is None else tracks.setdefault(one.track, len(tracks) + 1)
            values = (box.left + 1, box.top + 1, box.width, box.height)
            placed = ",".join(plain(value) for value in values)
            number = head.number(one.label, item.uri) + 1
            files.append(path, f"{item.frame + 1},{track},{placed},1,{number},1\n")
    assert last is not None
    width, height = sized(last)
    files.write(
        f"{sequence}/seqinfo.ini",
        f"[Sequence]\nname={sequence.rsplit('/', 1)[-1]}\nimDir=img1\n"
        f"frameRate={head.frame_rate}\nseqLength={last.frame + 1}\n"
        f"imWidth={width}\nimHeight={height}\nimExt={last.name[len(last.stem) :] or '.jpg'}\n",
    )
