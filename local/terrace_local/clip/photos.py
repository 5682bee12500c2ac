"""Where the photographs come from: the data files of the scikit-image package.

The package is installed without its dependencies (`pip install --no-deps scikit-image==0.26.0`)
and is never imported: importing it would need numpy and scipy, and only its pictures are wanted.
"""

import importlib.util
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

INSTALL = "pip install --no-deps scikit-image==0.26.0"


class PhotosMissing(RuntimeError):
    """The package with the photographs is not installed; the message says how to get it."""


@dataclass(frozen=True)
class Cutout:
    """A part of a photograph that is moved about as one vehicle."""

    name: str
    file: str
    crop: tuple[int, int, int, int]
    """left, top, right, bottom in the photograph's pixels."""

    @property
    def aspect(self) -> float:
        """Width over height."""
        left, top, right, bottom = self.crop
        return (right - left) / (bottom - top)

    @property
    def label(self) -> str:
        """The class a worker can see without knowing the photograph: wide is Car, tall is Van."""
        return "Car" if self.aspect >= 1 else "Van"


CUTOUTS = (
    Cutout("motorcycle", "motorcycle_left.png", (45, 85, 675, 460)),
    Cutout("coffee", "coffee.png", (75, 30, 475, 340)),
    Cutout("shuttle", "astronaut.png", (345, 0, 475, 290)),
    Cutout("cat", "chelsea.png", (60, 40, 400, 280)),
    Cutout("rocket", "rocket.jpg", (245, 90, 415, 420)),
)
BACKGROUNDS = ("brick.png", "gravel.png", "grass.png")


def photo_folder() -> Path:
    """The folder of the photographs.

    Raises:
        PhotosMissing: the package is not installed, or another version without these files is.
    """
    # find_spec of a top-level package reads no code of it.
    spec = importlib.util.find_spec("skimage")
    if spec is None or not spec.submodule_search_locations:
        raise PhotosMissing(f"the demo's photographs are not installed: run `{INSTALL}`")
    folder = Path(next(iter(spec.submodule_search_locations))) / "data"
    wanted = {cutout.file for cutout in CUTOUTS} | set(BACKGROUNDS)
    missing = sorted(name for name in wanted if not (folder / name).is_file())
    if missing:
        raise PhotosMissing(f"{folder} lacks {', '.join(missing)}: run `{INSTALL}`")
    return folder


def open_cutout(folder: Path, cutout: Cutout) -> Image.Image:
    """The part of the photograph, in colour."""
    with Image.open(folder / cutout.file) as photo:
        return photo.convert("RGB").crop(cutout.crop)


def open_background(folder: Path, name: str, width: int, height: int) -> Image.Image:
    """The photograph scaled and cut so that it covers exactly width x height pixels."""
    with Image.open(folder / name) as photo:
        scale = max(width / photo.width, height / photo.height)
        size = (max(width, round(photo.width * scale)), max(height, round(photo.height * scale)))
        return photo.convert("RGB").resize(size).crop((0, 0, width, height))
