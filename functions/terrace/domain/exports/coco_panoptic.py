"""COCO panoptic: a PNG of segment ids for each image, and one JSON file a subset.

A segment id is class id + 1 (a mask of Ground Truth has one region a class), written as
`R + 256 G + 65536 B`; 0 is no segment. Source: cocodataset.org, "Data format", 4. Panoptic.
"""

from collections.abc import Iterable
from typing import Any

from terrace.domain.exports import png, runs
from terrace.domain.exports.holding import sized
from terrace.domain.exports.masks import renumbered
from terrace.domain.exports.model import Files, Head, Item, Spool
from terrace.domain.exports.numbers import number
from terrace.domain.exports.text import dumps


def write(items: Iterable[Item], head: Head, files: Files) -> None:
    """Writes `annotations/panoptic_<subset>.json` and the PNG files beside it."""
    categories = [
        {"id": i + 1, "name": name, "supercategory": "", "isthing": 0}
        for i, name in enumerate(head.classes)
    ]
    opening = dumps({"info": {"description": head.name}, "licenses": [], "categories": categories})
    spools: dict[str, Spool] = {}
    counted = dict.fromkeys(head.subsets, 0)
    for subset in head.subsets:
        files.append(f"annotations/panoptic_{subset}.json", f'{opening[:-1]}, "images": [')
        spools[subset] = files.spool()
    for item in items:
        comma = "," if counted[item.subset] else ""
        counted[item.subset] += 1
        width, height = sized(item)
        image = {
            "id": counted[item.subset],
            "file_name": item.name,
            "width": width,
            "height": height,
        }
        path = f"annotations/panoptic_{item.subset}.json"
        files.append(path, f"{comma}\n{dumps(image)}")
        said = _annotation(item, head, counted[item.subset], files)
        spools[item.subset].write(f"{comma}\n{dumps(said)}")
    for subset in head.subsets:
        path = f"annotations/panoptic_{subset}.json"
        files.append(path, '], "annotations": [')
        for text in spools[subset].read():
            files.append(path, text)
        files.append(path, "]}\n")


def _annotation(item: Item, head: Head, image_id: int, files: Files) -> dict[str, Any]:
    raster = renumbered(item, head)
    zeros = bytes(len(raster.pixels))
    files.write(
        f"annotations/panoptic_{item.subset}/{item.stem}.png",
        png.rgb(raster.size, raster.pixels, zeros, zeros),
    )
    by_column = runs.columns(raster)
    segments = []
    for value in runs.numbers(raster):
        box = runs.box(raster, by_column, value)
        segments.append(
            {
                "id": value,
                "category_id": value,
                "area": runs.area(by_column, value),
                "bbox": [number(part) for part in (box.left, box.top, box.width, box.height)],
                "iscrowd": 0,
            }
        )
    return {"image_id": image_id, "file_name": f"{item.stem}.png", "segments_info": segments}
