"""Pascal VOC: one XML file an image, boxes only, counted from 1 and with both ends inside.

VOC's first pixel is (1, 1), and `xmax` is the last column that belongs to the object. A box whose
left edge is at 0 and that is 10 wide covers columns 0 to 9 here, 1 to 10 there: `xmin` is left + 1
and `xmax` is left + width. Images without boxes have a file without `object`. Source: The VOC2012
development kit, 8.1 ("the top-left pixel in the image has coordinates (1, 1)").
"""

from collections.abc import Iterable

from terrace.domain.exports.holding import sized
from terrace.domain.exports.model import BoxShape, Files, Head, Item, Object
from terrace.domain.exports.numbers import plain
from terrace.domain.exports.text import meta, xml


def image_path(item: Item) -> str:
    """VOC's folder of images, whatever their kind."""
    return f"JPEGImages/{item.name}"


def write(items: Iterable[Item], head: Head, files: Files) -> None:
    """Writes `Annotations/`, `ImageSets/Main/<subset>.txt`, and the class names."""
    files.write("dataset_meta.json", meta(head))
    for subset in head.subsets:
        files.append(f"ImageSets/Main/{subset}.txt", "")
    for item in items:
        files.append(f"ImageSets/Main/{item.subset}.txt", f"{item.stem}\n")
        files.write(f"Annotations/{item.stem}.xml", document(item, head))


def document(item: Item, head: Head) -> str:
    """The file of one image."""
    width, height = sized(item)
    lines = [
        "<annotation>",
        "  <folder>JPEGImages</folder>",
        f"  <filename>{xml(item.name)}</filename>",
        f"  <source><database>{xml(head.name)}</database></source>",
        f"  <size><width>{width}</width><height>{height}</height><depth>3</depth></size>",
        "  <segmented>0</segmented>",
        *(_object(one, head) for one in item.objects),
        "</annotation>\n",
    ]
    return "\n".join(lines)


def _object(one: Object, head: Head) -> str:
    box = one.shape
    assert isinstance(box, BoxShape)
    head.number(one.label)
    corners = {
        "xmin": box.left + 1,
        "ymin": box.top + 1,
        "xmax": box.right,
        "ymax": box.bottom,
    }
    placed = "".join(f"<{key}>{plain(value)}</{key}>" for key, value in corners.items())
    return (
        f"  <object><name>{xml(one.label)}</name><pose>Unspecified</pose>"
        "<truncated>0</truncated><difficult>0</difficult>"
        f"<bndbox>{placed}</bndbox></object>"
    )
