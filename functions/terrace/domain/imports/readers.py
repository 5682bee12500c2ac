"""The formats that can be read, by name."""

from collections.abc import Callable

from terrace.domain.exports.model import Folder
from terrace.domain.imports import coco, mot, voc, yolo
from terrace.domain.imports.boxes import Read

READERS: dict[str, Callable[[Folder, str | None], Read]] = {
    "coco": coco.read,
    "yolo": yolo.read,
    "voc": voc.read,
    "mot": mot.read,
}
