"""Classification: ImageNet's lists (`train.txt`, `synsets.txt`) and its folder for each class.

A line is `path id [id ...]`, ids by the order of synsets.txt. images.csv puts each image into the
folder of its (first) class, as torchvision's ImageFolder and Keras want it. An image without a
class is in no class's folder and its line has no id.
"""

from collections.abc import Iterable

from terrace.domain.exports.model import ExportError, Files, Head, Item
from terrace.domain.exports.names import safe
from terrace.domain.exports.text import each_on_a_line


def image_path(item: Item) -> str:
    """In the folder of its first class."""
    return f"images/{_listed(item)}"


def _listed(item: Item) -> str:
    return f"{_folder(item.tags[0].label)}/{item.name}" if item.tags else item.name


def _folder(label: str) -> str:
    """A class as one folder: a slash in its name makes no second one."""
    return safe(label.replace("/", "%2F")).replace("%252F", "%2F")


def write(items: Iterable[Item], head: Head, files: Files) -> None:
    """Writes the lists; a path with blanks is quoted as Datumaro reads it."""
    files.write("synsets.txt", each_on_a_line(head, "imagenet"))
    for subset in head.subsets:
        files.append(f"{subset}.txt", "")
    for item in items:
        path = _listed(item)
        ids = [str(head.number(tag.label, item.uri)) for tag in item.tags]
        stem, extension = path[: len(path) - len(item.name) + len(item.stem)], ""
        extension = path[len(stem) :]
        if any(one.isspace() for one in extension):
            raise ExportError(
                item.uri,
                "IMAGE_NAME_UNFIT",
                "the list of images separates by blanks, and the extension has one",
                "an extension without blanks",
            )
        named = f'"{stem}"{extension}' if any(one.isspace() for one in stem) else path
        files.append(f"{item.subset}.txt", f"{' '.join([named, *ids])}\n")
