"""Pictures and films to follow the cookbook along with: files for a folder, and their hidden truth.

They are what a user has at the start: no manifest, no sequence file, no category file. The truth
is for the simulated people, and belongs to the S3 folder that the files will be copied to.
"""

import io
from collections.abc import Callable
from dataclasses import dataclass, replace

from PIL import Image

from terrace_local.clip.photos import photo_folder
from terrace_local.clip.render import render_scene
from terrace_local.clip.scene import plan_scene
from terrace_local.samples import frames, images
from terrace_local.samples.sample import Sample, as_json
from terrace_local.samples.webm import webm
from terrace_local.workers.truth import VideoTruth, frames_truth_key, images_truth_key

FILM = "drive"
FILM_FRAMES, FILM_RATE = 10, 5
WIDTH, HEIGHT = 320, 180


@dataclass(frozen=True)
class Follow:
    """What a page of the cookbook begins with.

    Attributes:
        files: File name -> content.
        truth: Key in the bucket that the files will be copied to -> content.
    """

    files: dict[str, bytes]
    truth: dict[str, bytes]


def photographs(to: str, seed: int, count: int) -> Follow:
    """One photograph per image."""
    return _pictures(images.classes(to, seed, count), to)


def scenes(to: str, seed: int, count: int) -> Follow:
    """Several photographs per image."""
    return _pictures(images.boxes(to, seed, count), to)


def trucks(to: str, seed: int, count: int) -> Follow:
    """Drawn box trucks, for docs/skeleton/rigs/box-truck.json."""
    return _pictures(images.skeletons(to, seed, count), to)


def film(to: str, seed: int, count: int) -> Follow:
    """Two seconds of film each, five frames a second: photographs drive over painted lanes."""
    files: dict[str, bytes] = {}
    truth: dict[str, bytes] = {}
    photos = photo_folder()
    for number in range(1, count + 1):
        scene = plan_scene(number, seed, WIDTH, HEIGHT, FILM_FRAMES)
        name = f"{FILM}-{number}"
        pictures = [Image.open(io.BytesIO(body)) for _, body in render_scene(scene, photos)]
        files[f"{name}.webm"] = webm(pictures, FILM_RATE)
        key = frames_truth_key(f"{to}frames/{name}/")
        truth[key] = as_json(_as_extracted(frames.all_truth(scene)).to_json())
    return Follow(files, truth)


KINDS: dict[str, Callable[[str, int, int], Follow]] = {
    "photographs": photographs,
    "scenes": scenes,
    "trucks": trucks,
    "film": film,
}
"""What there is to follow along with."""


def _as_extracted(truth: VideoTruth) -> VideoTruth:
    """The same by the names that `terrace manifest from-video` gives frames: of seven digits."""
    return replace(
        truth,
        objects=tuple(
            replace(thing, frames={f"0{name}": shape for name, shape in thing.frames.items()})
            for thing in truth.objects
        ),
    )


def _pictures(sample: Sample, to: str) -> Follow:
    files = {
        path.removeprefix("images/"): body
        for path, body in sample.files.items()
        if path.startswith("images/")
    }
    (truth,) = sample.truth.values()
    return Follow(files, {images_truth_key(f"{to}any"): truth})
