"""Cuboids as nuScenes' tables: categories, scenes, samples, instances, annotations.

`translation` is the centre in the frame of the point cloud (nuScenes': of the world, which is the
same where Ground Truth was given poses), `size` is width, length, height, `rotation` a quaternion
w, x, y, z. Tokens are hashes of what they name, so the same labels give the same files. The tables
of sensors, poses, logs and maps are not written: Ground Truth's output does not have them. Source:
nutonomy/nuscenes-devkit, docs/schema_nuscenes.md.
"""

import hashlib
import math
from collections.abc import Iterable
from itertools import groupby
from typing import Any

from terrace.domain.exports.model import CuboidShape, Files, Head, Item
from terrace.domain.exports.text import dumps

Json = dict[str, Any]
TABLES = ("scene", "sample", "instance", "sample_annotation")


def cloud_path(item: Item) -> str:
    """The folder of lidar sweeps."""
    return f"samples/LIDAR_TOP/{item.name}"


def token(*parts: object) -> str:
    """32 hexadecimal digits that stand for a thing."""
    text = dumps([str(part) for part in parts])
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


class _Table:
    """A list of rows in a file."""

    def __init__(self, name: str, files: Files) -> None:
        self._path, self._files, self._rows = f"v1.0-terrace/{name}.json", files, 0
        files.append(self._path, "[")

    def add(self, row: Json) -> None:
        self._files.append(self._path, f"{',' if self._rows else ''}\n{dumps(row)}")
        self._rows += 1

    def close(self) -> None:
        self._files.append(self._path, "]\n")


def write(items: Iterable[Item], head: Head, files: Files) -> None:
    """Writes `v1.0-terrace/*.json`; one sequence is in memory at a time."""
    categories = [
        {"token": token("category", name), "name": name, "description": "", "index": i + 1}
        for i, name in enumerate(head.classes)
    ]
    files.write("v1.0-terrace/category.json", dumps(categories) + "\n")
    tables = {name: _Table(name, files) for name in TABLES}
    for scene, frames in groupby(items, key=lambda item: item.sequence or item.name):
        _scene(scene, list(frames), head, tables)
    for table in tables.values():
        table.close()


def _scene(scene: str, frames: list[Item], head: Head, tables: dict[str, _Table]) -> None:
    samples = [token("sample", scene, item.frame) for item in frames]
    tables["scene"].add(
        {
            "token": token("scene", scene),
            "name": scene,
            "description": "",
            "log_token": "",
            "nbr_samples": len(frames),
            "first_sample_token": samples[0],
            "last_sample_token": samples[-1],
        }
    )
    tracks: dict[str, list[Json]] = {}
    for place, item in enumerate(frames):
        tables["sample"].add(
            {
                "token": samples[place],
                "timestamp": item.frame,
                "scene_token": token("scene", scene),
                "prev": samples[place - 1] if place else "",
                "next": samples[place + 1] if place + 1 < len(samples) else "",
                "filename": item.name,
            }
        )
        for number, one in enumerate(item.objects):
            head.number(one.label, item.uri)
            shape = one.shape
            assert isinstance(shape, CuboidShape)
            key = token("instance", scene, one.track or f"{item.frame} {number}", one.label)
            length, width, height = shape.size
            tracks.setdefault(key, []).append(
                {
                    "token": token("annotation", scene, item.frame, number),
                    "sample_token": samples[place],
                    "instance_token": key,
                    "visibility_token": "",
                    "attribute_tokens": [],
                    "translation": list(shape.center),
                    "size": [width, length, height],
                    "rotation": quaternion(*shape.angles),
                    "num_lidar_pts": 0,
                    "num_radar_pts": 0,
                    "category_name": one.label,
                    "attributes": dict(one.attributes),
                }
            )
    for key, rows in tracks.items():
        tables["instance"].add(
            {
                "token": key,
                "category_token": token("category", rows[0]["category_name"]),
                "nbr_annotations": len(rows),
                "first_annotation_token": rows[0]["token"],
                "last_annotation_token": rows[-1]["token"],
            }
        )
        for place, row in enumerate(rows):
            before = rows[place - 1]["token"] if place else ""
            after = rows[place + 1]["token"] if place + 1 < len(rows) else ""
            tables["sample_annotation"].add({**row, "prev": before, "next": after})


def quaternion(roll: float, pitch: float, yaw: float) -> list[float]:
    """(w, x, y, z) of turning by roll, then pitch, then yaw: yaw pi gives [0, 0, 0, 1]."""
    cr, sr = math.cos(roll / 2), math.sin(roll / 2)
    cp, sp = math.cos(pitch / 2), math.sin(pitch / 2)
    cy, sy = math.cos(yaw / 2), math.sin(yaw / 2)
    found = [
        cr * cp * cy + sr * sp * sy,
        sr * cp * cy - cr * sp * sy,
        cr * sp * cy + sr * cp * sy,
        cr * cp * sy - sr * sp * cy,
    ]
    return [round(part, 12) + 0.0 for part in found]
