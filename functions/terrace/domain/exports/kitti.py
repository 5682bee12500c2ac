"""KITTI: object detection in images, and cuboids in camera coordinates.

A line has 15 fields: type, truncated, occluded, alpha, left, top, right, bottom, height, width,
length, x, y, z, rotation_y. Pixels count from 0, right is left + width. In images what is not known
is KITTI's "don't care": -1 for sizes, -1000 for places, -10 for angles. Source: KITTI object
development kit, readme.txt.

Cuboids: KITTI's are in the camera's frame (x right, y down, z ahead), whose place is the middle of
the lower face. Ground Truth's are in the frame of the point cloud (x ahead, y left, z up), so they
are turned by the fixed rotation in `calib/`, without any shift: x' = -y, y' = -z, z' = x, and
rotation_y = -yaw - pi/2. Roll and pitch are lost.
"""

import math
from collections.abc import Iterable

from terrace.domain.exports.model import BoxShape, CuboidShape, Files, Head, Item, Object
from terrace.domain.exports.numbers import plain
from terrace.domain.exports.text import meta, one_word

_FOLDERS = {"train": "training", "val": "validation"}
_NOT_IN_SPACE = "-1 -1 -1 -1000 -1000 -1000 -10"
CALIB = (
    "".join(f"P{number}: 1 0 0 0 0 1 0 0 0 0 1 0\n" for number in range(4))
    + "R0_rect: 1 0 0 0 1 0 0 0 1\nTr_velo_to_cam: 0 -1 0 0 0 0 -1 0 1 0 0 0\n"
    + "Tr_imu_to_velo: 1 0 0 0 0 1 0 0 0 0 1 0\n"
)


def image_path(item: Item) -> str:
    """The left colour camera's folder."""
    return f"{_FOLDERS[item.subset]}/image_2/{item.name}"


def cloud_path(item: Item) -> str:
    """The folder of point clouds."""
    return f"{_FOLDERS[item.subset]}/velodyne/{item.name}"


def write(items: Iterable[Item], head: Head, files: Files) -> None:
    """Writes `<subset>/label_2/`, a file for each image, an empty one for an empty image."""
    one_word(head.classes, "kitti")
    files.write("dataset_meta.json", meta(head))
    for item in items:
        lines = []
        for one in item.objects:
            head.number(one.label, item.uri)
            box = one.shape
            assert isinstance(box, BoxShape)
            edges = (box.left, box.top, box.right, box.bottom)
            placed = " ".join(plain(value) for value in edges)
            lines.append(f"{one.label} 0 0 -10 {placed} {_NOT_IN_SPACE}\n")
        files.write(f"{_FOLDERS[item.subset]}/label_2/{item.stem}.txt", "".join(lines))


def write_cuboids(items: Iterable[Item], head: Head, files: Files) -> None:
    """Writes `<subset>/label_2/` and the calibration that its numbers are in."""
    one_word(head.classes, "kitti-3d")
    files.write("dataset_meta.json", meta(head))
    for item in items:
        folder = _FOLDERS[item.subset]
        lines = [_cuboid(one, head) for one in item.objects]
        files.write(f"{folder}/label_2/{item.stem}.txt", "".join(lines))
        files.write(f"{folder}/calib/{item.stem}.txt", CALIB)


def _cuboid(one: Object, head: Head) -> str:
    """A car of 4 x 2 x 1.5 m at (10, 1, 0), yaw 0: `1.5 2 4 -1 0.75 10`, rotation -1.5707963268."""
    head.number(one.label)
    cuboid = one.shape
    assert isinstance(cuboid, CuboidShape)
    length, width, height = cuboid.size
    x, y, z = -cuboid.center[1], -(cuboid.center[2] - height / 2), cuboid.center[0]
    rotation = _turned(-cuboid.angles[2] - math.pi / 2)
    alpha = _turned(rotation - math.atan2(x, z))
    values = (height, width, length, x, y, z, rotation)
    placed = " ".join(plain(round(value, 10)) for value in values)
    return f"{one.label} 0 0 {plain(round(alpha, 10))} -1 -1 -1 -1 {placed}\n"


def _turned(angle: float) -> float:
    """An angle between -pi and pi."""
    return math.atan2(math.sin(angle), math.cos(angle))
