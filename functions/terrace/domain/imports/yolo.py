"""YOLO detection, read: Ultralytics' layout (`data.yaml`) or Darknet's (`obj.names`).

The images must be there: a line's fractions are of their size. An image without a .txt is one
without labels, as trainers take it.
"""

from terrace.domain.exports.model import Folder, Item, Object
from terrace.domain.imports.boxes import (
    IMAGE_EXTENSIONS,
    Read,
    box,
    fail,
    finite,
    made,
    names,
    uri,
)


def read(folder: Folder, prefix: str | None = None) -> Read:
    """The data set of a folder."""
    listed = folder.names()
    there = set(listed)
    classes = _classes(folder, there)
    give = names()
    items = []
    for path in listed:
        if not path.lower().endswith(IMAGE_EXTENSIONS):
            continue
        labels = _labels(path)
        text = folder.text(labels) if labels in there else ""
        size = folder.size(path)
        if size is None:
            fail(path, "the image's size cannot be read", "a PNG, JPEG, GIF or BMP file")
        objects = tuple(
            _object(line, f"{labels} line {number}", classes, size)
            for number, line in enumerate(text.splitlines(), start=1)
            if line.strip()
        )
        items.append(Item(give.give(path), uri(prefix, path), size=size, objects=objects))
    if not items:
        fail("yolo", "there is no image", "the images beside their labels: fractions are of them")
    return made(classes, items, "class names")


def _classes(folder: Folder, there: set[str]) -> list[str]:
    if "data.yaml" in there:
        said = folder.yaml("data.yaml")
        named = said.get("names") if isinstance(said, dict) else None
        if isinstance(named, dict):
            numbers = sorted(named, key=lambda key: finite(key, "data.yaml names"))
            if [int(number) for number in numbers] != list(range(len(numbers))):
                fail("data.yaml", "names has gaps in its numbers", "0, 1, 2, ...")
            return [str(named[number]) for number in numbers]
        if isinstance(named, list):
            return [str(name) for name in named]
        fail("data.yaml", "has no names", "names: {0: car}")
    if "obj.names" not in there:
        fail("yolo", "there is neither data.yaml nor obj.names", "the file of the class names")
    return [line.strip() for line in folder.text("obj.names").splitlines() if line.strip()]


def _labels(path: str) -> str:
    """`images/train/a.jpg` has its labels in `labels/train/a.txt`; Darknet's are beside it."""
    stem = path[: path.rindex(".")] + ".txt"
    if stem.startswith("images/"):
        return f"labels/{stem.removeprefix('images/')}"
    before, found, after = stem.rpartition("/images/")
    return f"{before}/labels/{after}" if found else stem


def _object(line: str, where: str, classes: list[str], size: tuple[int, int]) -> Object:
    parts = line.split()
    if len(parts) != 5:
        fail(where, f"has {len(parts)} fields", "class x_center y_center width height")
    x, y, width, height = (finite(part, where) for part in parts[1:])
    if not parts[0].isdecimal() or int(parts[0]) >= len(classes):
        fail(where, f"class {parts[0][:20]!r} is none of {len(classes)}", "a class number from 0")
    if max(abs(x), abs(y), width, height) > 2:
        fail(where, "a number is no fraction of the image", "numbers from 0 to 1")
    across, down = size
    shape = box(
        (x - width / 2) * across, (y - height / 2) * down, width * across, height * down, where
    )
    return Object(classes[int(parts[0])], shape)
