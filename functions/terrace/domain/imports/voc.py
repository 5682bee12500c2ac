"""Pascal VOC, read: boxes of `Annotations/*.xml`, counted from 1 with both ends inside.

`xmin` 1 is left 0; `xmax` is the last column, so the width is xmax - xmin + 1. Classes are those of
`dataset_meta.json` where there is one (Datumaro's and Terrace's exports have it), else all names in
the order of the alphabet: VOC has no list.
"""

from xml.etree import ElementTree

from terrace.domain.exports.model import BoxShape, Folder, Item, Object
from terrace.domain.imports.boxes import Read, box, fail, finite, made, names, uri
from terrace.domain.json_reading import Node

META = "dataset_meta.json"


def read(folder: Folder, prefix: str | None = None) -> Read:
    """The data set of a folder."""
    listed = folder.names()
    documents = [name for name in listed if name.endswith(".xml")]
    if not documents:
        fail("voc", "there is no XML file", "Annotations/*.xml")
    give = names()
    items = []
    for path in documents:
        item = parse(folder.text(path), path)
        image = f"JPEGImages/{item.name}"
        there = image if image in listed else item.name
        size = item.size or folder.size(there)
        place = there if prefix is None else uri(prefix, item.name)
        items.append(Item(give.give(item.name), place, size=size, objects=item.objects))
    classes = sorted({one.label for item in items for one in item.objects})
    if META in listed:
        named = Node.parse(folder.text(META), META)["label_map"].members()
        known = [name.text() for _, name in sorted(named, key=lambda pair: int(pair[0]))]
        classes = [*known, *(name for name in classes if name not in known)]
    return made(classes, items, "class names")


def parse(text: str, where: str) -> Item:
    """One file; its name is the image's, as the file says it."""
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        fail(where, "the file declares entities", "a VOC file, which has none")
    try:
        root = ElementTree.fromstring(text)
    except ElementTree.ParseError as error:
        fail(where, f"is not XML: {error}", "a VOC file")
    if root.tag != "annotation":
        fail(where, f"begins with <{root.tag[:50]}>", "<annotation>")
    name = root.findtext("filename") or ""
    if not name.strip():
        fail(where, "has no filename", "<filename>000001.jpg</filename>")
    width, height = (root.findtext(f"size/{key}") or "0" for key in ("width", "height"))
    size = (int(finite(width, where)), int(finite(height, where)))
    objects = tuple(_object(one, where) for one in root.iterfind("object"))
    return Item(name, "", size=size if all(size) else None, objects=objects)


def _object(one: ElementTree.Element, where: str) -> Object:
    name = one.findtext("name")
    if not name:
        fail(where, "an object has no name", "<name>car</name>")
    return Object(name, _box(one, where))


def _box(one: ElementTree.Element, where: str) -> BoxShape:
    xmin, ymin, xmax, ymax = (
        finite(one.findtext(f"bndbox/{key}"), f"{where} bndbox/{key}")
        for key in ("xmin", "ymin", "xmax", "ymax")
    )
    left, top = xmin - 1, ymin - 1
    return box(left, top, xmax - left, ymax - top, where)
