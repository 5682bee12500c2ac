"""The clip as files: frames, sequence files, manifest, category files and the hidden truth."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from terrace_local.clip.categories import lane_categories, vehicle_categories
from terrace_local.clip.photos import photo_folder
from terrace_local.clip.render import render_scene
from terrace_local.clip.scene import plan_scene
from terrace_local.workers.truth import VideoTruth

SEQUENCE_VERSION = "2020-07-01"
MANIFEST = "clip.manifest"
VEHICLE_CATEGORIES = "vehicle_label_category.json"
LANE_CATEGORIES = "lane_label_category.json"


@dataclass(frozen=True)
class Clip:
    """A clip on disk, laid out as it will be in the bucket.

    Attributes:
        folder: Holds the manifest, the category files, `seq<n>.json` and `frames/seq<n>/`.
        base: `s3://bucket/prefix/` that the files name one another by.
        truths: Sequence name -> what is really on its frames.
    """

    folder: Path
    base: str
    truths: dict[str, VideoTruth]

    @property
    def manifest_uri(self) -> str:
        """The manifest: one line per sequence."""
        return self.base + MANIFEST

    @property
    def vehicle_categories_uri(self) -> str:
        """Category file of the box jobs."""
        return self.base + VEHICLE_CATEGORIES

    @property
    def lane_categories_uri(self) -> str:
        """Category file of the polyline jobs."""
        return self.base + LANE_CATEGORIES

    def sequence_uri(self, name: str) -> str:
        """The sequence file, as the manifest's `source-ref` names it."""
        return f"{self.base}{name}.json"

    def frames_uri(self, name: str) -> str:
        """The folder of a sequence's frames, with its closing slash."""
        return f"{self.base}frames/{name}/"

    def files(self) -> list[Path]:
        """Every file workers may see, in a fixed order; the truth is not among them."""
        return sorted(path for path in self.folder.rglob("*") if path.is_file())


def make_clip(
    folder: Path,
    base: str,
    *,
    seed: int = 0,
    sequences: int = 2,
    frames: int = 60,
    width: int = 480,
    height: int = 270,
) -> Clip:
    """Renders the clip into an empty or new folder; the same seed gives the same bytes.

    Args:
        folder: Where to write.
        base: `s3://bucket/prefix/` the clip will live under.
        seed: Chooses vehicles, paths and lanes.
        sequences: Number of sequences; Ground Truth takes at most 10 in a manifest.
        frames: Frames of each.
        width: Of a frame, in pixels.
        height: Of a frame, in pixels.

    Raises:
        PhotosMissing: the photographs are not installed.
        ValueError: `base` is no S3 folder.
    """
    if not base.startswith("s3://") or not base.endswith("/"):
        raise ValueError(f"base must be s3://bucket/prefix/, not {base!r}")
    photos = photo_folder()
    truths: dict[str, VideoTruth] = {}
    clip = Clip(folder, base, truths)
    for number in range(1, sequences + 1):
        scene = plan_scene(number, seed, width, height, frames)
        place = folder / "frames" / scene.name
        place.mkdir(parents=True, exist_ok=True)
        for name, body in render_scene(scene, photos):
            (place / name).write_bytes(body)
        _write_json(
            folder / f"{scene.name}.json",
            {
                "version": SEQUENCE_VERSION,
                "seq-no": number,
                "prefix": clip.frames_uri(scene.name),
                "number-of-frames": scene.frames,
                "frames": [
                    {"frame-no": index + 1, "frame": name}
                    for index, name in enumerate(scene.frame_names())
                ],
            },
        )
        truths[scene.name] = scene.truth()
    lines = [json.dumps({"source-ref": clip.sequence_uri(name)}) for name in truths]
    (folder / MANIFEST).write_text("\n".join(lines) + "\n", encoding="utf-8")
    _write_json(folder / VEHICLE_CATEGORIES, vehicle_categories())
    _write_json(folder / LANE_CATEGORIES, lane_categories())
    return clip


def _write_json(path: Path, content: Any) -> None:
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
