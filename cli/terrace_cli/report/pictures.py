"""The worst frames, drawn: the picture inside the page, the boxes over it with their names.

A picture that cannot be read is said to be missing; nothing is fetched when the page is opened.
"""

import base64
import io
from collections.abc import Iterator
from dataclasses import dataclass
from math import isfinite
from typing import Any

from terrace_cli.report.material import Material
from terrace_cli.report.svg import text

MOST = 8
"""Frames that are drawn."""
LARGEST = 1_500_000
"""Bytes of one picture; a larger one is made smaller where Pillow is there, else left out."""
WIDEST = 1_280
KINDS = ("annotations", "polylines", "polygons", "keypoints")
RANK = {"error": 0, "warning": 1}
TYPES = {b"\xff\xd8\xff": "image/jpeg", b"\x89PNG\r\n\x1a\n": "image/png"}
Json = dict[str, Any]


@dataclass(frozen=True)
class Spot:
    """A frame or picture with what was found there."""

    job: Json
    item: int
    frameNo: int | None
    findings: list[Json]


def worst(material: Material, most: int = MOST) -> list[Spot]:
    """The frames with the worst findings of the last job of each lane, worst first."""
    reviewed = {job.get("chainFromJobName") for job in material.jobs()}
    places: dict[tuple[str, int, int | None], list[Json]] = {}
    jobs: dict[str, Json] = {}
    for job in material.jobs():
        jobs[str(job["jobName"])] = job
        for finding in (job.get("findings") or {}).get("worst") or []:
            if finding.get("severity") in RANK:
                key = (str(job["jobName"]), int(finding["item"]), finding.get("frameNo"))
                places.setdefault(key, []).append(finding)
    order = sorted(
        places.items(),
        key=lambda pair: (
            pair[0][0] in reviewed,
            min(RANK[one["severity"]] for one in pair[1]),
            -len(pair[1]),
        ),
    )
    return [Spot(jobs[job], item, frame, rows) for (job, item, frame), rows in order[:most]]


def drawn(material: Material, spots: list[Spot]) -> Iterator[str]:
    """A figure for each."""
    for spot in spots:
        yield _figure(material, spot)


def _figure(material: Material, spot: Spot) -> str:
    found = _frame(material, spot) if spot.frameNo is not None else _item(material, spot)
    said = "".join(
        f'<li class="{text(one["severity"])}"><b>{text(one["severity"])}</b> '
        f"{text(one['sentence'])}</li>"
        for one in spot.findings
    )
    place = f"{spot.job['jobName']}, item {spot.item}"
    if spot.frameNo is not None:
        name = spot.findings[0].get("frame")
        place += f", {name} (frame {spot.frameNo})" if name else f", frame {spot.frameNo}"
    return (
        f'<figure class="spot">{_picture(found, place, spot)}<figcaption>{text(place)}'
        f"<ul>{said}</ul></figcaption></figure>"
    )


@dataclass(frozen=True)
class Shape:
    """One labeled object, in the picture's pixels."""

    key: str
    name: str
    kind: str
    """annotations (a box), polylines, polygons, keypoints: keys of a SeqLabel.json."""
    points: list[tuple[float, float]]
    """Corners of a box: left top, right bottom."""


@dataclass(frozen=True)
class _Found:
    picture: bytes | None
    shapes: list[Shape]


def _frame(material: Material, spot: Spot) -> _Found:
    files = [row for row in spot.job.get("series") or [] if row.get("item") == spot.item]
    if not files:
        return _Found(None, [])
    labels = material.json_of(str(files[0]["labelS3Uri"]))
    entry = _entry(labels, spot.frameNo)
    shapes = [
        found
        for kind in KINDS
        for row in entry.get(kind) or []
        if isinstance(row, dict) and (found := _shape(row, kind)) is not None
    ]
    uri = _picture_uri(material, files[0], str(entry.get("frame") or ""))
    return _Found(material.bytes_of(uri) if uri else None, shapes)


def _shape(row: Json, kind: str) -> Shape | None:
    """A labeled object; None where it has no place that can be drawn."""
    ident = str(row.get("object-id") or "")
    name = str(row.get("object-name") or ident)
    try:
        if kind == "annotations":
            left, top, wide, high = (float(row[k]) for k in ("left", "top", "width", "height"))
            points = [(left, top), (left + wide, top + high)]
        else:
            vertices = [row] if kind == "keypoints" else row["vertices"]
            points = [(float(one["x"]), float(one["y"])) for one in vertices]
    except (KeyError, TypeError, ValueError):
        return None
    if not points or not all(isfinite(value) for point in points for value in point):
        return None
    return Shape(ident, name, kind, points)


def _entry(labels: Any, frame_no: int | None) -> Json:
    if isinstance(labels, dict):
        for key in ("tracking-annotations", "detection-annotations"):
            for row in labels.get(key) or []:
                if isinstance(row, dict) and str(row.get("frame-no")) == str(frame_no):
                    return row
    return {}


def _picture_uri(material: Material, file: Json, frame: str) -> str | None:
    if not frame or not file.get("sequenceS3Uri"):
        return None
    sequence = material.json_of(str(file["sequenceS3Uri"]))
    prefix = sequence.get("prefix") if isinstance(sequence, dict) else None
    if not isinstance(prefix, str):
        return None
    return prefix.rstrip("/") + "/" + frame


def _item(material: Material, spot: Spot) -> _Found:
    uri = spot.job.get("outputManifestS3Uri")
    raw = material.bytes_of(str(uri)) if uri else None
    if raw is None:
        return _Found(None, [])
    line = _line(raw, spot.item)
    label = line.get(str(spot.job["labelAttributeName"]))
    metadata = line.get(f"{spot.job['labelAttributeName']}-metadata")
    classes = metadata.get("class-map", {}) if isinstance(metadata, dict) else {}
    rows = label.get("annotations") if isinstance(label, dict) else None
    shapes = []
    for place, row in enumerate(rows if isinstance(rows, list) else []):
        found = _shape(row, "annotations") if isinstance(row, dict) else None
        if found is not None:
            name = classes.get(str(row.get("class_id")), row.get("class_id"))
            shapes.append(Shape(str(place), str(name), found.kind, found.points))
    source = line.get("source-ref")
    picture = material.bytes_of(source) if isinstance(source, str) else None
    return _Found(picture, shapes)


def _line(raw: bytes, item: int) -> Json:
    import json

    # Not splitlines of a text: JSON may hold U+2028 and other such ends of lines as they are.
    lines = [one for one in raw.split(b"\n") if one.strip()]
    try:
        found = json.loads(lines[item].decode("utf-8", "replace"))
    except (IndexError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _picture(found: _Found, place: str, spot: Spot) -> str:
    embedded = _embedded(found.picture) if found.picture is not None else None
    if embedded is None and not found.shapes:
        return '<p class="none">The picture and its labels could not be read.</p>'
    if embedded is None:
        width = max(max(x for x, _ in one.points) for one in found.shapes) * 1.1
        height = max(max(y for _, y in one.points) for one in found.shapes) * 1.1
        width, height = max(width, 1.0), max(height, 1.0)
        image = f'<rect class="blank" width="{width:.0f}" height="{height:.0f}"/>'
        note = '<p class="none">The picture could not be read: only its labels are drawn.</p>'
    else:
        uri, width, height = embedded
        image = f'<image href="{uri}" width="{width:.0f}" height="{height:.0f}"/>'
        note = ""
    wrong = {str(one.get("object")) for one in spot.findings if one.get("object") is not None}
    named = {str(one.get("objectName")) for one in spot.findings if one.get("objectName")}
    line = max(width, height) / 320
    parts = []
    for one in found.shapes:
        style = "wrong" if one.key in wrong or one.name in named else "right"
        x, y = one.points[0]
        parts.append(
            f'<g class="{style}" stroke-width="{line:.1f}">{_outline(one, line)}'
            f'<text x="{x:.1f}" y="{max(y - line, line * 7):.1f}" '
            f'style="font-size:{line * 7:.1f}px">{text(one.name)}</text>'
            f"<title>{text(one.name)}</title></g>"
        )
    return (
        f'<svg class="frame" viewBox="0 0 {width:.0f} {height:.0f}" role="img" '
        f'aria-label="{text(place)}, {len(found.shapes)} labels">{image}{"".join(parts)}'
        f"</svg>{note}"
    )


def _outline(shape: Shape, line: float) -> str:
    x, y = shape.points[0]
    if shape.kind == "annotations":
        right, bottom = shape.points[1]
        return (
            f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(right - x, 0):.1f}" '
            f'height="{max(bottom - y, 0):.1f}"/>'
        )
    if shape.kind == "keypoints":
        return f'<circle class="point" cx="{x:.1f}" cy="{y:.1f}" r="{2 * line:.1f}"/>'
    tag = "polygon" if shape.kind == "polygons" else "polyline"
    points = " ".join(f"{a:.1f},{b:.1f}" for a, b in shape.points)
    return f'<{tag} class="outline" points="{points}"/>'


def _embedded(raw: bytes) -> tuple[str, float, float] | None:
    """A picture as a data URI, with its own width and height in pixels; None: not one we draw."""
    kind = next((name for magic, name in TYPES.items() if raw.startswith(magic)), None)
    size = _size(raw, kind)
    if kind is None or size is None:
        return None
    if len(raw) > LARGEST:
        smaller = _smaller(raw)
        if smaller is None:
            return None
        raw, kind = smaller, "image/jpeg"
    return f"data:{kind};base64,{base64.b64encode(raw).decode()}", *size


def _size(raw: bytes, kind: str | None) -> tuple[float, float] | None:
    """Pixels, from the file's own header."""
    if kind == "image/png" and len(raw) >= 24:
        return float(int.from_bytes(raw[16:20])), float(int.from_bytes(raw[20:24]))
    if kind != "image/jpeg":
        return None
    place = 2
    while place + 9 < len(raw):
        if raw[place] != 0xFF:
            return None
        marker = raw[place + 1]
        if marker in {0xC0, 0xC1, 0xC2, 0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB}:
            high = int.from_bytes(raw[place + 5 : place + 7])
            return float(int.from_bytes(raw[place + 7 : place + 9])), float(high)
        if 0xD0 <= marker <= 0xD9 or marker in {0x01, 0xFF}:
            place += 1 if marker == 0xFF else 2
            continue
        place += 2 + int.from_bytes(raw[place + 2 : place + 4])
    return None


def _smaller(raw: bytes) -> bytes | None:
    try:
        from PIL import Image, UnidentifiedImageError
    except ImportError:
        return None
    try:
        with Image.open(io.BytesIO(raw)) as picture:
            small = picture.convert("RGB")
            small.thumbnail((WIDEST, WIDEST))
            out = io.BytesIO()
            small.save(out, "JPEG", quality=80)
    except (UnidentifiedImageError, OSError, ValueError, Image.DecompressionBombError):
        return None
    return out.getvalue()
