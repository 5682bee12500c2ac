"""The judge: reads data sets with Datumaro and pycocotools and says what it found, as JSON lines.

Runs in an environment of its own (`make judge-tools`), and knows nothing of Terrace. A line in:
`{"reader": "datumaro", "format": "coco_instances", "path": "...", "options": {}}`. A line out:
`{"classes": [...], "items": [{"id", "subset", "annotations": [{"kind", "label", ...}]}]}`, or
`{"error": "..."}`.
"""

import contextlib
import json
import logging
import sys
import warnings

logging.disable(logging.CRITICAL)
warnings.simplefilter("ignore")


def datumaro(ask):
    import datumaro as dm

    read = dm.Dataset.import_from(ask["path"], format=ask["format"], **ask.get("options", {}))
    categories = read.categories().get(dm.AnnotationType.label)
    names = [one.name for one in categories] if categories else []
    items = []
    for item in read:
        annotations = [_annotation(one, names) for one in item.annotations]
        items.append({"id": item.id, "subset": item.subset, "annotations": annotations})
    return {"classes": names, "items": items}


def _annotation(one, names):
    found = {"kind": one.type.name, "attributes": {k: _plain(v) for k, v in one.attributes.items()}}
    if getattr(one, "label", None) is not None:
        found["label"] = names[one.label]
    if one.type.name == "bbox":
        found["box"] = [float(part) for part in (one.x, one.y, one.w, one.h)]
    elif one.type.name in ("polygon", "polyline", "points"):
        found["points"] = [float(part) for part in one.points]
        if one.type.name == "points":
            found["visibility"] = [part.value for part in one.visibility]
    elif one.type.name == "mask":
        image = one.image
        found["pixels"] = int(image.sum())
        found["size"] = [int(image.shape[1]), int(image.shape[0])]
        found["rows"] = [int(part) for part in image.sum(axis=1)]
        found["columns"] = [int(part) for part in image.sum(axis=0)]
    return found


def _plain(value):
    return value if isinstance(value, str | int | float | bool | type(None)) else str(value)


def pyarrow(ask):
    from pyarrow import parquet

    read = parquet.read_table(ask["path"])
    types = {field.name: str(field.type) for field in read.schema}
    return {"classes": [], "items": [], "types": types, "rows": read.to_pylist()}


def pycocotools(ask):
    from pycocotools.coco import COCO

    coco = COCO(ask["path"])
    names = {one["id"]: one["name"] for one in coco.loadCats(coco.getCatIds())}
    items = []
    for image in coco.loadImgs(coco.getImgIds()):
        found = []
        for one in coco.loadAnns(coco.getAnnIds(imgIds=image["id"])):
            row = {"label": names[one["category_id"]], "box": one["bbox"], "area": one["area"]}
            if one["segmentation"]:
                mask = coco.annToMask(one)
                row["pixels"] = int(mask.sum())
                row["rows"] = [int(part) for part in mask.sum(axis=1)]
                row["columns"] = [int(part) for part in mask.sum(axis=0)]
            if "keypoints" in one:
                row["keypoints"] = one["keypoints"]
            found.append(row)
        items.append({"id": image["file_name"], "annotations": found})
    return {"classes": [names[key] for key in sorted(names)], "items": items}


def _chain(error):
    """An error and what caused it: Datumaro's own says little."""
    found = []
    while error is not None:
        found.append(f"{type(error).__name__}: {error}"[:500])
        error = error.__cause__ or error.__context__
    return " <- ".join(found)


READERS = {"datumaro": datumaro, "pyarrow": pyarrow, "pycocotools": pycocotools}


def main():
    out = sys.stdout
    for line in sys.stdin:
        ask = json.loads(line)
        # Libraries print; only answers may stand on the pipe.
        with contextlib.redirect_stdout(sys.stderr):
            try:
                answer = READERS[ask["reader"]](ask)
            except Exception as error:  # noqa: BLE001 - the answer says it
                answer = {"error": _chain(error)}
        print(json.dumps(answer), file=out, flush=True)


if __name__ == "__main__":
    main()
