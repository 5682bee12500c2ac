"""Single images with known boxes, for image BoundingBox jobs: stills of the same photographs."""

import json
from dataclasses import dataclass
from pathlib import Path

from terrace_local.clip.categories import image_categories, image_verdicts
from terrace_local.clip.photos import photo_folder
from terrace_local.clip.render import render_scene
from terrace_local.clip.scene import plan_scene
from terrace_local.workers.shapes import Box
from terrace_local.workers.truth import ImageTruth

MANIFEST = "images.manifest"
CATEGORIES = "image_label_category.json"
VERDICTS = "image_verdict_category.json"
STILL = 10
"""Which frame of a scene is taken: vehicles have come apart from the edges by then."""


@dataclass(frozen=True)
class ImageSet:
    """Images on disk, laid out as they will be in the bucket.

    Attributes:
        folder: Holds the manifest, the category files and `images/`.
        base: `s3://bucket/prefix/` that the files name one another by.
        truths: Image file name -> the boxes that are really on it.
    """

    folder: Path
    base: str
    truths: dict[str, ImageTruth]

    @property
    def manifest_uri(self) -> str:
        """The manifest: one line per image."""
        return self.base + MANIFEST

    @property
    def categories_uri(self) -> str:
        """Category file of the labeling job."""
        return self.base + CATEGORIES

    @property
    def verdicts_uri(self) -> str:
        """Category file of a verification job."""
        return self.base + VERDICTS

    @property
    def images_uri(self) -> str:
        """The folder of the images, with its closing slash."""
        return self.base + "images/"

    def files(self) -> list[Path]:
        """Every file workers may see, in a fixed order."""
        return sorted(path for path in self.folder.rglob("*") if path.is_file())


def make_images(
    folder: Path, base: str, *, seed: int = 0, count: int = 6, width: int = 480, height: int = 270
) -> ImageSet:
    """Renders `count` images into an empty or new folder; the same seed gives the same bytes.

    Raises:
        PhotosMissing: the photographs are not installed.
        ValueError: `base` is no S3 folder.
    """
    if not base.startswith("s3://") or not base.endswith("/"):
        raise ValueError(f"base must be s3://bucket/prefix/, not {base!r}")
    photos = photo_folder()
    place = folder / "images"
    place.mkdir(parents=True, exist_ok=True)
    truths: dict[str, ImageTruth] = {}
    images = ImageSet(folder, base, truths)
    for number in range(1, count + 1):
        scene = plan_scene(number, seed + 1000, width, height, STILL + 2)
        frames = list(render_scene(scene, photos))
        frame_name, body = frames[number % len(frames)]
        name = f"{number:04d}.jpg"
        (place / name).write_bytes(body)
        boxes = []
        for thing in scene.truth().objects:
            shape = thing.frames.get(frame_name)
            if isinstance(shape, Box):
                boxes.append((thing.label, shape))
        truths[name] = ImageTruth(tuple(boxes), width, height)
    lines = [json.dumps({"source-ref": images.images_uri + name}) for name in truths]
    (folder / MANIFEST).write_text("\n".join(lines) + "\n", encoding="utf-8")
    for name, content in ((CATEGORIES, image_categories()), (VERDICTS, image_verdicts())):
        (folder / name).write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    return images
