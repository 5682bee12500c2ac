"""The hidden truth: what is really on the pictures, kept apart from the data that workers see.

A *video truth* is one JSON file per sequence::

    {"width": 480, "height": 270,
     "objects": [
       {"objectId": "car-1", "label": "Car", "kind": "box",
        "attributes": {"Color": "Red"},                        (optional)
        "frames": {"000001.jpg": {"left": 10, "top": 20, "width": 60, "height": 40}}},
       {"objectId": "lane-1", "label": "Lane", "kind": "polyline",
        "frames": {"000001.jpg": {"vertices": [{"x": 0, "y": 200}, {"x": 90, "y": 120}]}}}]}

The other kinds are ``polygon`` (vertices too) and ``keypoint`` (``{"x": 1, "y": 2}``).

An *image truth* is one JSON file per folder of images, ``images.truth.json``::

    {"cat.png": {"width": 451, "height": 300,
                 "objects": [{"label": "Cat", "left": 1, "top": 2, "width": 3, "height": 4}],
                "classes": ["Cat"],                              (optional)
                "skeletons": [[{"label": "nose", "x": 1, "y": 2, "visibility": "visible"}]]}}

Where they lie, for data in bucket B (`<dir>` may be empty):

* sequence file ``s3://B/<dir>/seq1.json`` -> ``.terrace-truth/<dir>/seq1.truth.json`` in B;
* the same, by the folder of its frames ``s3://B/<frames>/`` ->
  ``.terrace-truth/<frames>.truth.json`` in B, so that a clip cut out of a sequence, with a new
  sequence file elsewhere, still finds it (frames are matched by file name);
* image ``s3://B/<dir>/cat.png`` -> ``.terrace-truth/<dir>/images.truth.json`` in B.

With ``--truth FOLDER`` or ``--truth s3://bucket/prefix`` the files ``seq1.truth.json`` and
``images.truth.json`` are looked up there by name alone.
"""

import json
from dataclasses import dataclass, field
from posixpath import basename, dirname, join, splitext
from typing import Any

from terrace_local.workers.shapes import Box, Kind, Shape, shape_from_json, shape_to_json

TRUTH_PREFIX = ".terrace-truth/"
IMAGES_FILE = "images.truth.json"


class TruthError(ValueError):
    """A truth file exists but cannot be understood; the message says what is wrong in it."""


@dataclass(frozen=True)
class TruthObject:
    """One thing that is really there, with its shape in every frame where it can be seen."""

    object_id: str
    label: str
    kind: Kind
    frames: dict[str, Shape]
    attributes: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class VideoTruth:
    """All that is really in one sequence; frames are named by their file name."""

    objects: tuple[TruthObject, ...]
    width: int
    height: int

    def to_json(self) -> dict[str, Any]:
        """The file's content (see the module's docstring)."""
        objects = []
        for thing in self.objects:
            frames = {name: shape_to_json(shape) for name, shape in thing.frames.items()}
            row: dict[str, Any] = {
                "objectId": thing.object_id,
                "label": thing.label,
                "kind": thing.kind,
                "frames": frames,
            }
            if thing.attributes:
                row["attributes"] = dict(thing.attributes)
            objects.append(row)
        return {"width": self.width, "height": self.height, "objects": objects}

    @staticmethod
    def from_json(data: Any) -> "VideoTruth":
        """Reads a file's content.

        Raises:
            TruthError: when a field is missing or of the wrong type.
        """
        try:
            objects = tuple(
                TruthObject(
                    object_id=str(row["objectId"]),
                    label=str(row["label"]),
                    kind=row["kind"],
                    frames={
                        name: shape_from_json(s, closed=row["kind"] == "polygon")
                        for name, s in row["frames"].items()
                    },
                    attributes={k: str(v) for k, v in row.get("attributes", {}).items()},
                )
                for row in data["objects"]
            )
            return VideoTruth(objects, int(data["width"]), int(data["height"]))
        except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
            raise TruthError(f"not a video truth: {error!r}") from error


@dataclass(frozen=True)
class ImageTruth:
    """All boxes that are really on one image; size is None when the file does not say it.

    Attributes:
        objects: Label and box of each thing, from back to front: later ones cover earlier ones.
        classes: Every class that applies to the image as a whole, the main one first.
        skeletons: The keypoints of each thing that has some: label, x and y in pixels, visibility.
    """

    objects: tuple[tuple[str, Box], ...]
    width: int | None = None
    height: int | None = None
    classes: tuple[str, ...] = ()
    skeletons: tuple[tuple[dict[str, Any], ...], ...] = ()

    def to_json(self) -> dict[str, Any]:
        """This image's part of the file's content (see the module's docstring)."""
        data: dict[str, Any] = {
            "objects": [{"label": label, **shape_to_json(box)} for label, box in self.objects]
        }
        if self.width is not None and self.height is not None:
            data.update(width=self.width, height=self.height)
        if self.classes:
            data["classes"] = list(self.classes)
        if self.skeletons:
            data["skeletons"] = [[dict(point) for point in row] for row in self.skeletons]
        return data

    @staticmethod
    def from_json(data: Any) -> "ImageTruth":
        """Reads one image's part of a file.

        Raises:
            TruthError: when a field is missing or of the wrong type.
        """
        try:
            objects = []
            for row in data["objects"]:
                shape = shape_from_json(row)
                if not isinstance(shape, Box):
                    raise TruthError("an image truth holds boxes only")
                objects.append((str(row["label"]), shape))
            size = (data["width"], data["height"]) if "width" in data else (None, None)
            classes = tuple(str(name) for name in data.get("classes", []))
            skeletons = tuple(tuple(dict(p) for p in row) for row in data.get("skeletons", []))
            return ImageTruth(tuple(objects), *size, classes, skeletons)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise TruthError(f"not an image truth: {error!r}") from error


def split_s3(uri: str) -> tuple[str, str]:
    """Bucket and key of ``s3://bucket/key``.

    Raises:
        ValueError: when it is no S3 URI.
    """
    if not uri.startswith("s3://"):
        raise ValueError(f"not an S3 URI: {uri}")
    bucket, _, key = uri[5:].partition("/")
    return bucket, key


def video_truth_key(source_ref: str) -> str:
    """Key of the truth file of a sequence file, in the sequence file's own bucket."""
    _, key = split_s3(source_ref)
    return join(TRUTH_PREFIX + dirname(key), f"{splitext(basename(key))[0]}.truth.json")


def frames_truth_key(frames_prefix: str) -> str:
    """Key of the same truth by the folder of the frames, in the frames' own bucket."""
    _, key = split_s3(frames_prefix)
    return f"{TRUTH_PREFIX}{key.rstrip('/')}.truth.json"


def images_truth_key(source_ref: str) -> str:
    """Key of the truth file of all images in an image's folder, in the image's own bucket."""
    _, key = split_s3(source_ref)
    return join(TRUTH_PREFIX + dirname(key), IMAGES_FILE)


def write_video_truth(s3: Any, source_ref: str, frames_prefix: str, truth: VideoTruth) -> list[str]:
    """Hides the truth of one sequence beside its data; returns the S3 URIs written.

    Args:
        s3: A boto3 S3 client.
        source_ref: S3 URI of the sequence file, as the manifest names it.
        frames_prefix: The sequence file's ``prefix``.
        truth: What is really on the frames.
    """
    body = json.dumps(truth.to_json(), separators=(",", ":")).encode()
    places = [
        (split_s3(source_ref)[0], video_truth_key(source_ref)),
        (split_s3(frames_prefix)[0], frames_truth_key(frames_prefix)),
    ]
    for bucket, key in places:
        s3.put_object(Bucket=bucket, Key=key, Body=body, ContentType="application/json")
    return [f"s3://{bucket}/{key}" for bucket, key in places]


def write_image_truth(s3: Any, images_prefix: str, truths: dict[str, ImageTruth]) -> str:
    """Hides the truth of a folder of images; returns the S3 URI written.

    Args:
        s3: A boto3 S3 client.
        images_prefix: ``s3://bucket/<dir>/``, the folder that holds the images.
        truths: File name of each image -> what is really on it.
    """
    bucket = split_s3(images_prefix)[0]
    key = images_truth_key(images_prefix.rstrip("/") + "/any")
    content = {name: truth.to_json() for name, truth in truths.items()}
    s3.put_object(
        Bucket=bucket, Key=key, Body=json.dumps(content).encode(), ContentType="application/json"
    )
    return f"s3://{bucket}/{key}"
