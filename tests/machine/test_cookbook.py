"""The pages of docs/cookbook: their commands are run in order, as a reader types them."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from PIL import Image

from tests.machine.world import World, open_world

ROOT = Path(__file__).resolve().parents[2]
PAGES = ROOT / "docs" / "cookbook"
PATIENCE = 600.0
"""Seconds for a whole page: ten where nothing else runs, 124 where fifteen others did."""
BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.M | re.S)


class Kitchen:
    """One local run for all pages; a new one where a page is tried again, for names are spent."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._world: World | None = None
        self._cooked: set[str] = set()
        self._number = 0

    def folder(self, page: str) -> tuple[Path, World]:
        """An empty folder from which the commands find the local run."""
        if self._world is None or page in self._cooked:
            self.close()
            self._cooked.clear()
            self._number += 1
            place = self._home / f"run-{self._number}"
            self._world = open_world(place / ".terrace", fresh=True, workers="auto", speed=20.0)
        self._cooked.add(page)
        folder = self._home / f"run-{self._number}" / page
        folder.mkdir()
        return folder, self._world

    def close(self) -> None:
        if self._world is not None:
            self._world.close()
            self._world = None


@pytest.fixture(scope="module")
def kitchen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kitchen]:
    made = Kitchen(tmp_path_factory.mktemp("cookbook"))
    yield made
    made.close()


def commands(page: str) -> str:
    """All blocks of a page as one script."""
    return "".join(BLOCK.findall((PAGES / f"{page}.md").read_text(encoding="utf-8")))


def cook(kitchen: Kitchen, page: str) -> Path:
    """Runs a page; every command must succeed."""
    folder, world = kitchen.folder(page)
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
    done = subprocess.run(
        ["bash", "-euxo", "pipefail", "-c", commands(page)],
        cwd=folder,
        env={**os.environ, "PATH": path, "BUCKET": world.bucket, "TERRACE": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    return folder


def is_picture(path: Path) -> bool:
    """Whether it can be read to its end, and shows more than one colour."""
    with Image.open(path) as picture:
        return len(set(picture.convert("L").resize((64, 64)).tobytes())) > 1


def fields(path: Path) -> list[list[str]]:
    """The fields of a file that separates them by blanks."""
    return [line.split() for line in path.read_text(encoding="utf-8").splitlines()]


def document(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def video(folder: Path) -> None:
    page = (folder / "drive.html").read_text(encoding="utf-8")
    for lane in ("vehicle", "lane"):
        sheet = f"drawn/drive-{lane}-adjust.jpg"
        assert f'<a href="{sheet}">contact sheet</a>' in page
        assert is_picture(folder / sheet)
        assert len(list((folder / f"drawn/drive-{lane}-adjust").rglob("*.jpg"))) == 20
    for film in ("drive-1", "drive-2"):
        frames = [line.split(",")[0] for (line,) in fields(folder / f"mot/{film}/gt/gt.txt")]
        assert set(frames) == {str(number) for number in range(1, 11)}
        assert is_picture(folder / f"mot/{film}/img1/000010.jpg")
        cvat = ElementTree.parse(folder / f"cvat/{film}.xml").getroot()
        assert {track.get("label") for track in cvat.iter("track")} == {"Car", "Van", "Lane"}


def yolo(folder: Path) -> None:
    assert is_picture(folder / "drawn.jpg")
    labels = sorted((folder / "dataset" / "labels").rglob("*.txt"))
    images = sorted((folder / "dataset" / "images").rglob("*.jpg"))
    assert [path.stem for path in labels] == [path.stem for path in images]
    lines = [line for path in labels for line in fields(path)]
    assert {line[0] for line in lines} == {"0", "1"}
    assert all(len(line) == 5 and 0 <= float(part) <= 1 for line in lines for part in line[1:])
    head, *rows = (folder / "tables/csv/labels.csv").read_text(encoding="utf-8").splitlines()
    assert head.startswith(
        "img_file,category,box_left,box_top,box_height,box_width,img_width,img_height"
    )
    assert len(rows) == len(lines)
    assert (folder / "tables/parquet/labels.parquet").read_bytes()[-4:] == b"PAR1"
    both = document(folder / "both/annotations/instances_train.json")
    assert [one["name"] for one in both["categories"]] == ["Car", "Van"]
    # Then both rounds are there: photographs of six names, from two folders.
    assert len(both["images"]) == 12
    assert len({image["file_name"] for image in both["images"]}) == 12
    assert len(both["annotations"]) >= len(lines)


def claims(folder: Path) -> None:
    assert is_picture(folder / "drawn.jpg")
    named = [line for (line,) in fields(folder / "dataset/synsets.txt")]
    assert named == ["cat", "coffee", "motorcycle", "rocket", "shuttle"]
    assert len(list((folder / "dataset/images").glob("*/*.jpg"))) == 10
    checked = document(folder / "check.json")
    assert (checked["lines"], checked["usable"], checked["kind"]) == (10, 10, "classes")
    assert not [one for one in checked["findings"] if one["severity"] == "stops"]


def skeleton(folder: Path) -> None:
    assert is_picture(folder / "drawn.jpg")
    assert "crowd-2d-skeleton" in (folder / "page.html").read_text(encoding="utf-8")
    coco = document(folder / "coco/annotations/person_keypoints_train.json")
    (truck,) = coco["categories"]
    assert truck["name"] == "truck"
    assert truck["keypoints"][:2] == ["box top rear", "box top front"]
    assert len(coco["images"]) == 6
    assert {len(one["keypoints"]) for one in coco["annotations"]} == {3 * 8}
    poses = sorted((folder / "yolo-pose/labels").rglob("*.txt"))
    assert len(poses) == 6
    assert {len(line) for path in poses for line in fields(path)} == {5 + 3 * 8}


def segmentation(folder: Path) -> None:
    assert is_picture(folder / "drawn.jpg")
    drawn = sorted((folder / "voc/SegmentationClass").glob("*.png"))
    assert len(drawn) == 4
    for path in drawn:
        with Image.open(path) as mask:
            assert mask.mode == "P"
            assert {0} < set(mask.tobytes()) <= {0, 1, 2}
    coco = document(folder / "coco/annotations/instances_train.json")
    assert {one["image_id"] for one in coco["annotations"]} == {
        image["id"] for image in coco["images"]
    }


CHECKS: dict[str, Callable[[Path], None]] = {
    "video-tracking": video,
    "yolo": yolo,
    "claims-classification": claims,
    "skeleton-pose": skeleton,
    "segmentation": segmentation,
}


@pytest.mark.local_aws
@pytest.mark.parametrize("page", CHECKS)
def test_a_page_of_the_cookbook_does_what_it_says(kitchen: Kitchen, page: str) -> None:
    CHECKS[page](cook(kitchen, page))


@pytest.mark.local_aws
def test_the_bucket_that_readers_are_told_is_the_local_runs(kitchen: Kitchen) -> None:
    _, world = kitchen.folder("readme")
    assert f" BUCKET={world.bucket}\n" in commands("README")


def test_every_page_is_run_and_listed() -> None:
    pages = {path.stem for path in PAGES.glob("*.md")} - {"README"}
    assert pages == set(CHECKS)
    listed = re.findall(r"\]\(([a-z-]+)\.md\)", (PAGES / "README.md").read_text(encoding="utf-8"))
    assert sorted(listed) == sorted(pages)


@pytest.mark.parametrize("page", CHECKS)
def test_every_fenced_command_is_one_that_is_run(page: str) -> None:
    text = (PAGES / f"{page}.md").read_text(encoding="utf-8")
    fenced = re.findall(r"^```(\w*)$", text, re.M)
    assert set(fenced) == {"sh", ""}
    assert len(BLOCK.findall(text)) == fenced.count("sh")
