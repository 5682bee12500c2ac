"""People who label and review cuboids: the same people, and slips, as with video frames."""

from collections.abc import Mapping
from dataclasses import replace

from terrace_local.ground_truth.categories import Categories
from terrace_local.workers.cloud_truth import CloudTruth
from terrace_local.workers.crew import Person
from terrace_local.workers.cuboids import Cuboid
from terrace_local.workers.mix import Labeling
from terrace_local.workers.seeds import chance
from terrace_local.workers.sequence import Assignment, Sequence, SequenceLabels
from terrace_local.workers.shapes import Shape
from terrace_local.workers.truth import TruthObject, VideoTruth
from terrace_local.workers.video_labeling import label_sequence

METRES_PER_PIXEL = 0.02
"""What a person's bias of some pixels comes to in a point cloud."""


def in_metres(person: Person) -> Person:
    """The same person at work in a point cloud."""
    bias = (person.bias[0] * METRES_PER_PIXEL, person.bias[1] * METRES_PER_PIXEL)
    return replace(person, bias=bias)


def cuboid_truth(truth: CloudTruth) -> VideoTruth:
    """The cuboids that are really there, frame by frame."""
    objects = [
        TruthObject(t.object_id, t.label, "box", dict[str, Shape](t.frames), dict(t.attributes))
        for t in truth.things
    ]
    return VideoTruth(tuple(objects), 0, 0)


def camera_truth(truth: CloudTruth, camera: str, size: tuple[int, int]) -> VideoTruth:
    """The boxes that are really on a camera's images."""
    objects = [
        TruthObject(t.object_id, t.label, "box", dict[str, Shape](t.cameras[camera]),
                    dict(t.attributes))
        for t in truth.things if camera in t.cameras
    ]  # fmt: skip
    return VideoTruth(tuple(objects), *size)


def guess_clouds(frames: tuple[str, ...], categories: Categories, *seed: object) -> VideoTruth:
    """What people answer when no truth is known: one to three cuboids that glide along."""
    rng = chance(*seed, "guess")
    objects = []
    for number in range(rng.randint(1, 3)):
        start = Cuboid(
            rng.uniform(-20, 20), rng.uniform(-20, 20), 1.0, 4.2, 1.9, 1.6, yaw=rng.uniform(-3, 3)
        )
        step = rng.uniform(-0.5, 0.5)
        track: dict[str, Shape] = {
            name: start.moved(step * place, 0) for place, name in enumerate(frames)
        }
        objects.append(TruthObject(f"guess-{number}", rng.choice(categories.names), "box", track))
    return VideoTruth(tuple(objects), 0, 0)


def label_cameras(
    truths: Mapping[str, VideoTruth], task: Assignment, lidar: SequenceLabels, errors: Labeling
) -> dict[str, SequenceLabels]:
    """Boxes on each camera's images; an object has the name and identity that it has in the cloud.

    Args:
        truths: Camera -> what is really on its images, and their size.
        task: The task, with the person as they draw in pixels.
        lidar: What the person drew in the cloud.
        errors: How often they go wrong.
    """
    names = {d.object_id: d.object_name for row in lidar.frames.values() for d in row}
    found = {}
    for camera, truth in truths.items():
        frames = Sequence(task.sequence.frames, "", truth.width, truth.height)
        own = replace(task, sequence=frames)
        labels = label_sequence(truth, own, replace(errors, identitySwap=0.0))
        labels.frame_attributes = {}
        for position, row in labels.frames.items():
            labels.frames[position] = [
                replace(drawn, object_name=names.get(drawn.object_id, drawn.object_name))
                for drawn in row
            ]
        found[camera] = labels
    return found
