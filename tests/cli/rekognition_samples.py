"""Lines as Ground Truth and a batch's final manifest have them, for the tests of `rekognition`."""

import io
import json
from pathlib import Path
from typing import Any

from PIL import Image

BUCKET = "images-bucket"
ABOUT = {
    "human-annotated": "yes",
    "creation-date": "2026-11-21T10:00:00.000000",
    "job-name": "labeling-job/boxes-1",
}


def source(name: str, bucket: str = BUCKET) -> str:
    return f"s3://{bucket}/set/{name}"


def boxes(
    name: str,
    *rows: tuple[int, float, float, float, float],
    size: tuple[int, int] = (640, 480),
    attribute: str = "vehicle",
    classes: dict[str, str] | None = None,
    **more: Any,
) -> dict[str, Any]:
    """A line with boxes: (class, left, top, width, height)."""
    return {
        "source-ref": source(name),
        attribute: {
            "image_size": [{"width": size[0], "height": size[1], "depth": 3}],
            "annotations": [
                dict(zip(("class_id", "left", "top", "width", "height"), row, strict=True))
                for row in rows
            ],
        },
        f"{attribute}-metadata": {
            "objects": [{"confidence": 0.5} for _ in rows],
            "class-map": classes or {"0": "Car", "1": "Bus"},
            "type": "groundtruth/object-detection",
            **ABOUT,
            **more,
        },
    }


def classed(name: str, label: str, number: int = 0, attribute: str = "claim") -> dict[str, Any]:
    return {
        "source-ref": source(name),
        attribute: number,
        f"{attribute}-metadata": {
            "class-name": label,
            "confidence": 0.9,
            "type": "groundtruth/image-classification",
            **ABOUT,
        },
    }


def many(name: str, labels: dict[int, str], attribute: str = "tags") -> dict[str, Any]:
    return {
        "source-ref": source(name),
        attribute: list(labels),
        f"{attribute}-metadata": {
            "class-map": {str(number): label for number, label in labels.items()},
            "confidence-map": {str(number): 0.7 for number in labels},
            "type": "groundtruth/image-classification-multilabel",
            **ABOUT,
        },
    }


def good(count: int = 10) -> list[dict[str, Any]]:
    """Boxes of two classes, in images of 640 x 480."""
    return [boxes(f"{number}.jpg", (number % 2, 10.0, 20.0, 30.5, 40.0)) for number in range(count)]


def put(path: Path, *lines: dict[str, Any] | str) -> Path:
    path.write_text(
        "".join(f"{one if isinstance(one, str) else json.dumps(one)}\n" for one in lines),
        encoding="utf-8",
    )
    return path


def picture(size: tuple[int, int] = (640, 480), kind: str = "JPEG") -> bytes:
    made = io.BytesIO()
    Image.new("RGB", size, "gray").save(made, kind)
    return made.getvalue()


def pictures(folder: Path, *names: str, **how: Any) -> Path:
    data = picture(**how)
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).write_bytes(data)
    return folder
