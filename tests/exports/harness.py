"""Data sets made for tests: a fixed one for each kind of item, random ones, and where they go."""

import hashlib
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from hypothesis import strategies as st
from PIL import Image

from terrace.domain.exports import formats
from terrace.domain.exports.holding import Tally
from terrace.domain.exports.model import (
    BoxShape,
    CuboidShape,
    Head,
    Item,
    Keypoint,
    KeypointsShape,
    Object,
    PolygonShape,
    PolylineShape,
    Raster,
    Size,
    Tag,
    TextSpan,
)

HEAD = Head(
    ("dog", "Katze-ü", "arm"),
    keypoints={"arm": ("hand", "elbow")},
    subsets=("train", "val"),
    name="sample",
    created="2026-11-21T18:00:00.000000",
    home="s3://made-bucket/out/",
)

IMAGES = (
    Item(
        "a/one.png",
        "s3://some-bucket/set/a/one.png",
        size=(640, 480),
        objects=(
            Object("dog", BoxShape(0, 10, 100, 50), attributes={"Color": "Green & <red>"}),
            Object("Katze-ü", BoxShape(600.5, 400.25, 60, 100)),
            Object("Katze-ü", PolygonShape(((10, 10), (50, 10), (50, 40.5))), name="Katze-ü:1"),
            Object("dog", PolylineShape(((1, 2), (3, 4), (5.5, 6)))),
            Object(
                "arm",
                KeypointsShape(
                    (Keypoint("elbow", 30, 40, 1), Keypoint("hand", 20, 25.5, 2)),
                ),
                name="skeleton-1",
            ),
        ),
        tags=(Tag("dog", 0.9),),
    ),
    Item("b/one.png", "s3://some-bucket/set/b/one.png", size=(8, 6)),
    Item(
        "masked.png",
        "s3://some-bucket/set/masked.png",
        size=(4, 3),
        raster=Raster((4, 3), ("Katze-ü", "dog"), bytes([0, 1, 1, 2, 0, 1, 0, 2, 0, 0, 0, 2])),
        subset="val",
        tags=(Tag("Katze-ü"), Tag("dog")),
    ),
)


def _frame(number: int, *objects: Object) -> Item:
    return Item(
        f"clip/{number + 1:06d}.jpg",
        f"s3://some-bucket/frames/clip/{number + 1:06d}.jpg",
        size=(1920, 1080),
        objects=objects,
        sequence="clip",
        frame=number,
    )


VIDEO = (
    _frame(0, Object("dog", BoxShape(0, 0, 10, 20), track="t-1", name="dog:1")),
    _frame(1),
    _frame(
        2,
        Object("Katze-ü", BoxShape(5.5, 6, 7, 8), track="t-2", name="Katze-ü:1"),
        Object("dog", BoxShape(2, 2, 10, 20), track="t-1", name="dog:1", attributes={"seen": 1}),
    ),
    _frame(3, Object("dog", BoxShape(3, 2, 10, 20), track="t-1", name="dog:1")),
    _frame(4),
)

CLOUDS = tuple(
    Item(
        f"drive/{number}.bin",
        f"s3://some-bucket/drive/{number}.bin",
        objects=(
            Object("dog", CuboidShape((10 + number, 1, 0), (4, 2, 1.5), (0, 0, 0)), track="c-1"),
            *(
                [Object("arm", CuboidShape((5, -2, 1), (1, 1, 2), (0.1, 0.2, 0.3)), track="c-2")]
                if number
                else []
            ),
        ),
        sequence="drive",
        frame=number,
    )
    for number in range(2)
)

TEXTS = (
    Item(
        "text-000001",
        "",
        text="Max Müller lives in Köln-Porz.",
        spans=(TextSpan(0, 10, "dog"), TextSpan(20, 24, "arm")),
    ),
    Item("text-000002", "", text='Nothing here: "x"'),
    Item("c.txt", "s3://some-bucket/c.txt", text="good", tags=(Tag("dog"),), subset="val"),
)

SAMPLES: dict[str, tuple[Item, ...]] = {
    "mot": VIDEO,
    "cvat-video": VIDEO,
    "kitti-3d": CLOUDS,
    "nuscenes": CLOUDS,
    "conll": TEXTS,
    "jsonl": TEXTS,
    "ground-truth-video": VIDEO,
    "label-studio-text": TEXTS,
}
"""What a format's golden file is made from, where it is not the images."""


@dataclass
class Memory:
    """Files that are kept in memory; what a format may not do is an error here too."""

    files: dict[str, bytes] = field(default_factory=dict)
    _grown: set[str] = field(default_factory=set)

    def write(self, path: str, content: str | bytes) -> None:
        assert path not in self.files, f"{path} is written twice"
        assert not path.startswith("/"), path
        assert ".." not in path.split("/"), path
        self.files[path] = content.encode() if isinstance(content, str) else content

    def append(self, path: str, text: str) -> None:
        assert path in self._grown or path not in self.files, f"{path} is written twice"
        self._grown.add(path)
        self.files[path] = self.files.get(path, b"") + text.encode()

    def spool(self) -> "Aside":
        return Aside()

    def text(self, path: str) -> str:
        return self.files[path].decode()

    def save(self, folder: Path) -> Path:
        for path, data in self.files.items():
            place = folder / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(data)
        return folder

    def listing(self) -> str:
        """All files as one text, to be compared and read by people."""
        parts = []
        for path in sorted(self.files):
            data = self.files[path]
            shown = _pixels(data) if path.endswith(".png") else data.decode()
            parts.append(f"=== {path}\n{shown}")
        return "".join(parts)


def _pixels(data: bytes) -> str:
    """A picture as its pixels: how they are packed is zlib's affair."""
    with Image.open(io.BytesIO(data)) as picture:
        pixels = picture.tobytes()
        colors = picture.getpalette()
        shown = pixels.hex() if len(pixels) < 100 else hashlib.sha256(pixels).hexdigest()
        return f"{picture.mode} {picture.size} palette {colors and colors[:12]}\n{shown}\n"


class Aside:
    """A spool."""

    def __init__(self) -> None:
        self._parts: list[str] = []

    def write(self, text: str) -> None:
        self._parts.append(text)

    def read(self) -> Iterator[str]:
        yield from self._parts


def written(name: str, items: Iterable[Item], head: Head = HEAD) -> tuple[Memory, Tally]:
    """A data set in a format, in memory."""
    memory = Memory()
    tally = formats.export(formats.FORMATS[name], iter(items), head, memory)
    return memory, tally


def with_images(name: str, items: Iterable[Item], folder: Path) -> None:
    """Images of the right size where the format looks for them."""
    for item in items:
        assert item.size is not None
        place = folder / formats.FORMATS[name].image_path(item)
        place.parent.mkdir(parents=True, exist_ok=True)
        picture = Image.new("1", item.size)
        picture.save(place, "JPEG" if item.name.endswith(".jpg") else "PNG")


Box = tuple[str, float, float, float, float]


def boxes_of_items(items: Iterable[Item], name: Callable[[Item], str]) -> dict[str, list[Box]]:
    """Boxes by item, in an order of their own."""
    found: dict[str, list[Box]] = {}
    for item in items:
        rows = found.setdefault(name(item), [])
        for one in item.objects:
            if isinstance(one.shape, BoxShape):
                shape = one.shape
                rows.append((one.label, shape.left, shape.top, shape.width, shape.height))
    return found


# --- random data sets ----------------------------------------------------------------------------

WORD = st.text("abcXYZ019-_éß日本", min_size=1, max_size=8)
LABEL = st.text("abc XYZ\"'<>&;,:#/\\%é日🚗", min_size=1, max_size=10).filter(
    lambda text: bool(text.strip())
)
"""Names that somebody may give a class: quotes, brackets, blanks, any script."""
STRIPPED = LABEL.map(str.strip).filter(bool)
PLAIN = st.text("abcXYZ-_é日🚗", min_size=1, max_size=10)


@st.composite
def boxes(draw: st.DrawFn, size: Size) -> BoxShape:
    """A box inside an image, with or without fractions of a pixel."""
    step = draw(st.sampled_from([1, 0.5, 0.01]))
    left, right = sorted(draw(st.integers(0, int(size[0] / step))) * step for _ in range(2))
    top, bottom = sorted(draw(st.integers(0, int(size[1] / step))) * step for _ in range(2))
    width, height = max(right - left, 0), max(bottom - top, 0)
    return BoxShape(left, top, min(width, size[0] - left), min(height, size[1] - top))


@st.composite
def data_sets(
    draw: st.DrawFn, labels: st.SearchStrategy[str] = LABEL, *, flat: bool = False
) -> tuple[Head, tuple[Item, ...]]:
    """Images with boxes: any class names, empty images, names alike in two folders."""
    classes = tuple(draw(st.lists(labels, min_size=1, max_size=4, unique=True)))
    paths = WORD if flat else st.lists(WORD, min_size=1, max_size=2).map("/".join)
    stems = draw(st.lists(paths, min_size=1, max_size=4, unique_by=str.casefold))
    size = (draw(st.integers(1, 1500)), draw(st.integers(1, 900)))
    items = []
    for stem in stems:
        objects = [
            Object(draw(st.sampled_from(classes)), draw(boxes(size)))
            for _ in range(draw(st.integers(0, 3)))
        ]
        items.append(
            Item(f"{stem}.png", f"s3://some-bucket/{stem}.png", size=size, objects=tuple(objects))
        )
    return Head(classes), tuple(items)


@st.composite
def polygon_sets(draw: st.DrawFn) -> tuple[Head, tuple[Item, ...]]:
    """Images with polygons of three and more points."""
    head, items = draw(data_sets())
    point = st.tuples(st.integers(0, 900).map(float), st.integers(0, 900).map(float))
    made = []
    for item in items:
        shapes = draw(st.lists(st.lists(point, min_size=3, max_size=6), max_size=2))
        objects = tuple(Object(head.classes[0], PolygonShape(tuple(points))) for points in shapes)
        made.append(replace(item, objects=objects, size=(900, 900)))
    return head, tuple(made)


@st.composite
def rasters(draw: st.DrawFn, classes: Sequence[str]) -> Raster:
    """Small masks with any of the classes."""
    size = (draw(st.integers(1, 12)), draw(st.integers(1, 9)))
    values = st.integers(0, len(classes))
    count = size[0] * size[1]
    pixels = bytes(draw(st.lists(values, min_size=count, max_size=count)))
    return Raster(size, tuple(classes), pixels)


@st.composite
def mask_sets(
    draw: st.DrawFn, labels: st.SearchStrategy[str] = LABEL, *, flat: bool = False
) -> tuple[Head, tuple[Item, ...]]:
    """Images with masks; in each file the classes may be numbered otherwise."""
    head, items = draw(data_sets(labels, flat=flat))
    made = []
    for item in items:
        order = draw(st.permutations(head.classes))
        raster = draw(st.none() | rasters(order))
        size = raster.size if raster else (3, 2)
        made.append(replace(item, objects=(), raster=raster, size=size))
    return head, tuple(made)


@st.composite
def videos(draw: st.DrawFn) -> tuple[Head, tuple[Item, ...]]:
    """One or two videos with tracks; frames without labels among them."""
    classes = tuple(draw(st.lists(STRIPPED, min_size=1, max_size=3, unique=True)))
    size = (draw(st.integers(2, 1500)), draw(st.integers(2, 900)))
    items = []
    for number in range(draw(st.integers(1, 2))):
        of_track = {f"t{i}": draw(st.sampled_from(classes)) for i in range(3)}
        for frame in range(draw(st.integers(1, 6))):
            tracks = draw(st.lists(st.sampled_from(sorted(of_track)), unique=True, max_size=3))
            objects = tuple(
                Object(of_track[track], draw(boxes(size)), track=track) for track in tracks
            )
            name = f"clip-{number}/{frame + 1:06d}.png"
            items.append(
                Item(
                    name,
                    f"s3://some-bucket/{name}",
                    size=size,
                    objects=objects,
                    sequence=f"clip-{number}",
                    frame=frame,
                )
            )
    return Head(classes), tuple(items)
