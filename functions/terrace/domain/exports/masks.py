"""Masks as indexed PNG files in Pascal VOC's layout: a pixel's value is class id + 1, 0 background.

`SegmentationClass/<image>.png` with VOC's palette, `ImageSets/Segmentation/<subset>.txt`, and
`labelmap.txt` with the colour of each class. An image without a mask gets one of background.
Classes are numbered alike in all files, whatever numbers Ground Truth gave them in each.
"""

from collections.abc import Iterable

from terrace.domain.exports import png
from terrace.domain.exports.holding import sized
from terrace.domain.exports.model import ExportError, Files, Head, Item, Raster
from terrace.domain.exports.text import each_on_a_line


def image_path(item: Item) -> str:
    """VOC's folder of images."""
    return f"JPEGImages/{item.name}"


def write(items: Iterable[Item], head: Head, files: Files) -> None:
    """Writes the masks, the lists of images, and the colours."""
    colors = png.palette(len(head.classes) + 1)
    each_on_a_line(head, "masks")
    lines = ["# label:color_rgb:parts:actions\n"]
    for name, color in zip(("background", *head.classes), colors, strict=True):
        if ":" in name or name.startswith("#"):
            raise ExportError(
                f"class {name!r}",
                "CLASS_NAME_UNFIT",
                "labelmap.txt separates its fields by colons and comments with #",
                "a name without a colon, and without # in front",
            )
        lines.append(f"{name}:{','.join(map(str, color))}::\n")
    files.write("labelmap.txt", "".join(lines))
    for subset in head.subsets:
        files.append(f"ImageSets/Segmentation/{subset}.txt", "")
    for item in items:
        files.write(
            f"SegmentationClass/{item.stem}.png", png.indexed(renumbered(item, head), colors)
        )
        files.append(f"ImageSets/Segmentation/{item.subset}.txt", f"{item.stem}\n")


def renumbered(item: Item, head: Head) -> Raster:
    """The mask with the data set's class ids + 1; of background only where the item has none."""
    if len(head.classes) > 255:
        raise ExportError(
            "classes",
            "CLASSES_TOO_MANY",
            f"a pixel of one byte cannot tell {len(head.classes)} classes apart",
            "at most 255 classes",
        )
    if item.raster is None:
        size = sized(item)
        return Raster(size, head.classes, bytes(size[0] * size[1]))
    table = bytearray(range(256))
    for number, label in enumerate(item.raster.labels, start=1):
        table[number] = head.number(label, item.uri) + 1
    return Raster(item.raster.size, head.classes, item.raster.pixels.translate(bytes(table)))
