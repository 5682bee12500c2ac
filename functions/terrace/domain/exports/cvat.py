"""CVAT's XML 1.1: all images in one file, or one file of tracks for each video.

A box is `xtl ytl xbr ybr` in pixels from 0, the right edge outside: left + width. Points of an
object are one `points` element in the order of the category file: their names and which of them are
hidden are lost, absent ones are left out. In a video an object that is not in the next frame is
`outside` there, so that CVAT draws nothing in between. Source: docs.cvat.ai, "CVAT for image" and
"CVAT for video", version 1.1.
"""

from collections.abc import Iterable, Iterator
from itertools import groupby

from terrace.domain.exports.holding import sized
from terrace.domain.exports.model import (
    BoxShape,
    ExportError,
    Files,
    Head,
    Item,
    KeypointsShape,
    Object,
    Point,
    PolygonShape,
    PolylineShape,
)
from terrace.domain.exports.mot import sequence_of
from terrace.domain.exports.numbers import plain
from terrace.domain.exports.text import attribute, xml

_OPEN = '<?xml version="1.0" encoding="utf-8"?>\n<annotations>\n  <version>1.1</version>\n'


def image_path(item: Item) -> str:
    """Beside the XML file."""
    return f"images/{item.name}"


def write(items: Iterable[Item], head: Head, files: Files) -> None:
    """Writes `<subset>.xml`, image by image."""
    for subset in head.subsets:
        files.append(f"{subset}.xml", f"{_OPEN}{_meta(head, '')}")
    counted = dict.fromkeys(head.subsets, 0)
    for item in items:
        files.append(f"{item.subset}.xml", _image(item, counted[item.subset], head))
        counted[item.subset] += 1
    for subset in head.subsets:
        files.append(f"{subset}.xml", "</annotations>\n")


def write_video(items: Iterable[Item], head: Head, files: Files) -> None:
    """Writes `<sequence>.xml`; one sequence is in memory at a time."""
    for sequence, frames in groupby(items, key=sequence_of):
        listed = list(frames)
        width, height = sized(listed[0])
        size = f"<original_size><width>{width}</width><height>{height}</height></original_size>"
        more = f"<size>{len(listed)}</size><mode>interpolation</mode>"
        parts = [_OPEN, _meta(head, more, size)]
        for number, (label, seen) in enumerate(_tracks(listed)):
            parts.append(_track(number, label, seen, len(listed), head))
        files.write(f"{sequence}.xml", "".join([*parts, "</annotations>\n"]))


def _meta(head: Head, more: str, size: str = "") -> str:
    labels = "".join(
        f"<label><name>{xml(name)}</name><attributes></attributes></label>" for name in head.classes
    )
    return (
        f"  <meta><task><name>{xml(head.name)}</name>{more}<labels>{labels}</labels>"
        f"{size}</task></meta>\n"
    )


def _image(item: Item, number: int, head: Head) -> str:
    width, height = sized(item)
    lines = [
        f'  <image id="{number}" name={attribute(item.name)} width="{width}" height="{height}">\n'
    ]
    for one in item.objects:
        head.number(one.label, item.uri)
        element, placed = _placed(one, head)
        lines.append(
            f'    <{element} label={attribute(one.label)} occluded="0" {placed} z_order="0">'
            f"{_attributes(one)}</{element}>\n"
        )
    lines += [f"    <tag label={attribute(tag.label)}></tag>\n" for tag in item.tags]
    return "".join([*lines, "  </image>\n"])


def _attributes(one: Object) -> str:
    return "".join(
        f"<attribute name={attribute(key)}>{xml(value)}</attribute>"
        for key, value in one.attributes.items()
    )


def _placed(one: Object, head: Head) -> tuple[str, str]:
    """The element of a shape, and its coordinates."""
    shape = one.shape
    if isinstance(shape, BoxShape):
        edges = {"xtl": shape.left, "ytl": shape.top, "xbr": shape.right, "ybr": shape.bottom}
        return "box", " ".join(f'{key}="{plain(value)}"' for key, value in edges.items())
    if isinstance(shape, PolygonShape):
        return "polygon", _points(shape.points)
    if isinstance(shape, PolylineShape):
        return "polyline", _points(shape.points)
    assert isinstance(shape, KeypointsShape)
    order = {name: place for place, name in enumerate(head.keypoints.get(one.label, ()))}
    points = sorted(shape.points, key=lambda point: order.get(point.name, len(order)))
    return "points", _points([(p.x, p.y) for p in points if p.visibility])


def _points(points: Iterable[Point]) -> str:
    return f'points="{";".join(f"{plain(x)},{plain(y)}" for x, y in points)}"'


Seen = list[tuple[int, Object]]


def _tracks(frames: list[Item]) -> Iterator[tuple[str, Seen]]:
    """Objects by track, in order of appearance; an untracked object is a track of its own."""
    tracks: dict[tuple[str, str] | int, Seen] = {}
    for index, item in enumerate(frames):
        for one in item.objects:
            key = len(tracks) if one.track is None else (one.track, one.label)
            tracks.setdefault(key, []).append((index, one))
    for seen in tracks.values():
        yield seen[0][1].label, seen


def _track(number: int, label: str, seen: Seen, length: int, head: Head) -> str:
    head.number(label)
    lines = [f'  <track id="{number}" label={attribute(label)} source="manual">\n']
    for place, (frame, one) in enumerate(seen):
        element, placed = _placed(one, head)
        if place and seen[place - 1][0] == frame:
            raise ExportError(
                f"frame {frame}",
                "TRACK_TWICE",
                f"the object {(one.name or one.track or '')[:100]!r} is in the frame twice",
                "an object once a frame",
            )
        lines.append(_shape(element, frame, placed, "0", _attributes(one)))
        following = seen[place + 1][0] if place + 1 < len(seen) else length
        if frame + 1 < following:
            lines.append(_shape(element, frame + 1, placed, "1", ""))
    return "".join([*lines, "  </track>\n"])


def _shape(element: str, frame: int, placed: str, outside: str, inner: str) -> str:
    return (
        f'    <{element} frame="{frame}" keyframe="1" outside="{outside}" occluded="0" '
        f'{placed} z_order="0">{inner}</{element}>\n'
    )
