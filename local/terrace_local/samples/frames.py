"""Short frame sequences, for each of the four shapes that video frames can be labeled with."""

import json
from typing import Any, Literal

from terrace_local.clip.photos import photo_folder
from terrace_local.clip.render import render_scene
from terrace_local.clip.scene import Scene, plan_scene
from terrace_local.samples.sample import LABELS, MANIFEST, Sample, as_json, manifest
from terrace_local.workers.shapes import Box, Point, Polygon, Shape
from terrace_local.workers.truth import (
    TruthObject,
    VideoTruth,
    frames_truth_key,
    split_s3,
    video_truth_key,
)

AnnotationType = Literal["BoundingBox", "Polyline", "Polygon", "Keypoint"]
WIDTH, HEIGHT, FRAMES = 320, 180, 8

_TASKS = {
    "BoundingBox": "Draw a box around every picture that moves.",
    "Polyline": "Draw a line along every painted lane.",
    "Polygon": "Draw the outline of every picture that moves.",
    "Keypoint": "Set a point on the middle of every picture that moves.",
}


def sequences(base: str, seed: int, items: int, shape: AnnotationType = "BoundingBox") -> Sample:
    """Sequences of 8 frames with their labels' truth in one kind of shape."""
    photos = photo_folder()
    files: dict[str, bytes] = {LABELS: as_json(_categories(shape))}
    truth: dict[str, bytes] = {}
    lines = []
    for number in range(1, items + 1):
        scene = plan_scene(number, seed, WIDTH, HEIGHT, FRAMES)
        prefix = f"{base}frames/{scene.name}/"
        source = f"{base}{scene.name}.json"
        for name, body in render_scene(scene, photos):
            files[f"frames/{scene.name}/{name}"] = body
        files[f"{scene.name}.json"] = as_json(
            {
                "version": "2020-07-01",
                "seq-no": number,
                "prefix": prefix,
                "number-of-frames": FRAMES,
                "frames": [
                    {"frame-no": index + 1, "frame": name}
                    for index, name in enumerate(scene.frame_names())
                ],
            }
        )
        body = json.dumps(all_truth(scene).to_json()).encode()
        truth[video_truth_key(source)] = body
        truth[frames_truth_key(prefix)] = body
        assert split_s3(source)[0] == split_s3(prefix)[0]
        lines.append({"source-ref": source})
    files[MANIFEST] = manifest(lines)
    return Sample(base, files, truth)


def all_truth(scene: Scene) -> VideoTruth:
    """The scene's own truth, and its vehicles as outlines and as points."""
    truth = scene.truth()
    more: list[TruthObject] = []
    for thing in truth.objects:
        boxes = {name: box for name, box in thing.frames.items() if isinstance(box, Box)}
        if not boxes:
            continue
        outlines: dict[str, Shape] = {name: _outline(box) for name, box in boxes.items()}
        points: dict[str, Shape] = {
            name: Point(box.left + box.width / 2, box.top + box.height / 2)
            for name, box in boxes.items()
        }
        more.append(TruthObject(f"{thing.object_id}-outline", thing.label, "polygon", outlines, {}))
        more.append(TruthObject(f"{thing.object_id}-point", thing.label, "keypoint", points, {}))
    return VideoTruth((*truth.objects, *more), truth.width, truth.height)


def _outline(box: Box) -> Polygon:
    right, bottom = box.left + box.width, box.top + box.height
    return Polygon(((box.left, box.top), (right, box.top), (right, bottom), (box.left, bottom)))


def _categories(shape: AnnotationType) -> dict[str, Any]:
    moving = {"name": "Moving", "type": "string", "enum": ["Stationary", "Dynamic"]}
    things = [{"label": "Car", "attributes": [moving]}, {"label": "Van", "attributes": [moving]}]
    return {
        "document-version": "2020-08-15",
        "frameAttributes": [
            {"name": "Count", "description": "How many do you see?", "type": "number"}
        ],
        "labels": [{"label": "Lane"}] if shape == "Polyline" else things,
        "instructions": {
            "shortInstruction": _TASKS[shape],
            "fullInstruction": f"{_TASKS[shape]} A picture wider than high is a Car, one that is "
            "higher than wide is a Van. Bright lines painted on the ground are lanes.",
        },
        "annotationType": shape,
    }
