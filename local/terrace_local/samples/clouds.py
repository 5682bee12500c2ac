"""Point clouds: single frames, and sequences with and without camera images."""

import json
import struct
from typing import Any

from terrace_local.samples.cloud_scene import Points, plan_street
from terrace_local.samples.sample import LABELS, MANIFEST, Sample, as_json, manifest
from terrace_local.workers.truth import video_truth_key

FRAMES = 5


def detection(base: str, seed: int, items: int) -> Sample:
    """Single frames in which things get a cuboid each."""
    return _frames(base, seed, items, _cuboid_categories())


def segmentation(base: str, seed: int, items: int) -> Sample:
    """Single frames in which points get a class each."""
    labels = {
        "documentVersion": "2020-03-01",
        "labels": [{"label": "Road"}, {"label": "Car"}, {"label": "Pedestrian"}],
        "instructions": {
            "shortInstruction": "Paint every point of a road, a car or a pedestrian.",
            "fullInstruction": "Points on the ground are Road. What is left is background.",
        },
    }
    return _frames(base, seed, items, labels)


def tracking(base: str, seed: int, items: int, cameras: bool = False) -> Sample:
    """Sequences in which things get a cuboid and an identity.

    Args:
        base: Where the sample will live.
        seed: Chooses the streets.
        items: Sequences.
        cameras: With an image per frame, on which the same things get boxes (3D-2D).
    """
    files: dict[str, bytes] = {LABELS: as_json(_cuboid_categories())}
    truth: dict[str, bytes] = {}
    lines = []
    for number in range(1, items + 1):
        street = plan_street(number, seed, FRAMES)
        prefix = f"{base}{street.name}/"
        rows = []
        for index in range(FRAMES):
            name = street.frame_name(index, "txt")
            files[f"{street.name}/{name}"] = as_text(street.points(index))
            row: dict[str, Any] = {
                "frame-no": index,
                "frame": name,
                "unix-timestamp": street.time(index),
                "format": "text/xyzi",
                "ego-vehicle-pose": street.pose(index),
            }
            if cameras:
                picture = f"images/{street.frame_name(index, 'jpg')}"
                files[f"{street.name}/{picture}"] = street.picture(index)
                row["images"] = [street.camera(index, picture)]
            rows.append(row)
        source = f"{base}{street.name}.json"
        files[f"{street.name}.json"] = as_json(
            {"seq-no": number, "prefix": prefix, "number-of-frames": FRAMES, "frames": rows}
        )
        known = street.truth(range(FRAMES), "txt", cameras)
        truth[video_truth_key(source)] = json.dumps(known.to_json()).encode()
        lines.append({"source-ref": source})
    files[MANIFEST] = manifest(lines)
    return Sample(base, files, truth)


def as_text(points: Points) -> bytes:
    """Format ``text/xyzi``: a line per point."""
    return "".join(f"{x} {y} {z} {i}\n" for x, y, z, i in points).encode()


def as_binary(points: Points) -> bytes:
    """Format ``binary/xyzi``: four little-endian 4-byte floats per point."""
    return b"".join(struct.pack("<4f", *point) for point in points)


def _frames(base: str, seed: int, items: int, labels: dict[str, Any]) -> Sample:
    files: dict[str, bytes] = {LABELS: as_json(labels)}
    truth: dict[str, bytes] = {}
    lines = []
    for number in range(1, items + 1):
        street = plan_street(number, seed, 1)
        # Both formats that AWS names first; the ending alone decides where `format` is left out.
        ending = "bin" if number % 2 else "txt"
        name = street.frame_name(0, ending)
        points = street.points(0)
        files[f"clouds/{name}"] = as_binary(points) if ending == "bin" else as_text(points)
        picture = f"images/{street.frame_name(0, 'jpg')}"
        files[f"clouds/{picture}"] = street.picture(0)
        source = f"{base}clouds/{name}"
        metadata = {
            "format": "binary/xyzi" if ending == "bin" else "text/xyzi",
            "unix-timestamp": street.time(0),
            "ego-vehicle-pose": street.pose(0),
            "prefix": f"{base}clouds/",
            "images": [street.camera(0, picture)],
        }
        known = street.truth(range(1), ending, cameras=False)
        truth[video_truth_key(source)] = json.dumps(known.to_json()).encode()
        lines.append({"source-ref": source, "source-ref-metadata": metadata})
    files[MANIFEST] = manifest(lines)
    return Sample(base, files, truth)


def _cuboid_categories() -> dict[str, Any]:
    kind = {"name": "Type", "type": "string", "enum": ["Sedan", "Truck"], "description": "Which?"}
    count = {"name": "Count", "description": "How many do you see?", "type": "number"}
    return {
        "documentVersion": "2020-03-01",
        "frameAttributes": [count],
        "labels": [
            {"label": "Car", "categoryAttributes": [kind]},
            {"label": "Pedestrian", "categoryAttributes": []},
        ],
        "instructions": {
            "shortInstruction": "Draw a tight cuboid around every car and pedestrian.",
            "fullInstruction": "A cuboid holds all points of its thing, and as few others as "
            "possible. Keep one object per thing through all frames.",
        },
    }
