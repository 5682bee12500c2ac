"""Open Images: CSV files of boxes and image labels.

Edges are fractions of the image, 0 to 1, and cut off at it. `ImageID` is the image's name without
its extension. What people were not asked (occluded, truncated, ...) is -1. All images are in
`image_ids_and_rotation.csv`, with or without labels. `LabelName` is the class's own name: Ground
Truth has no Freebase ids. Source: storage.googleapis.com/openimages, "Data formats" (V6).
"""

from collections.abc import Iterable

from terrace.domain.exports.holding import sized
from terrace.domain.exports.model import BoxShape, Files, Head, Item
from terrace.domain.exports.numbers import fraction
from terrace.domain.exports.text import row

_SUBSETS = {"train": "train", "val": "validation"}
_FOLDER = "annotations"
_FLAGS = ("IsOccluded", "IsTruncated", "IsGroupOf", "IsDepiction", "IsInside")
BOX_COLUMNS = (
    *("ImageID", "Source", "LabelName", "Confidence"),
    *("XMin", "XMax", "YMin", "YMax"),
    *_FLAGS,
)
TAG_COLUMNS = ("ImageID", "Source", "LabelName", "Confidence")


def image_path(item: Item) -> str:
    """One folder a subset."""
    return f"images/{_SUBSETS[item.subset]}/{item.name}"


def write(items: Iterable[Item], head: Head, files: Files) -> None:
    """Writes the five kinds of file; images one by one."""
    listed = f"{_FOLDER}/image_ids_and_rotation.csv"
    names = "".join(row((name, name)) for name in head.classes)
    files.write(f"{_FOLDER}/class-descriptions-boxable.csv", names)
    files.append(listed, row(("ImageID", "Subset", "OriginalURL")))
    for subset in head.subsets:
        name = _SUBSETS[subset]
        files.append(f"{_FOLDER}/{name}-annotations-bbox.csv", row(BOX_COLUMNS))
        files.append(f"{_FOLDER}/{name}-annotations-human-imagelabels.csv", row(TAG_COLUMNS))
    for item in items:
        name = _SUBSETS[item.subset]
        files.append(listed, row((item.stem, name, item.uri)))
        for one in item.objects:
            head.number(one.label, item.uri)
            box = one.shape
            assert isinstance(box, BoxShape)
            width, height = sized(item)
            edges = (
                box.left / width,
                box.right / width,
                box.top / height,
                box.bottom / height,
            )
            placed = (fraction(edge) for edge in edges)
            unknown = (-1 for _ in _FLAGS)
            values = (item.stem, "xclick", one.label, 1, *placed, *unknown)
            files.append(f"{_FOLDER}/{name}-annotations-bbox.csv", row(values))
        for tag in item.tags:
            values = (item.stem, "verification", tag.label, 1)
            files.append(f"{_FOLDER}/{name}-annotations-human-imagelabels.csv", row(values))
