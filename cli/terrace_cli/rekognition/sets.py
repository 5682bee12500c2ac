"""The training set and the test set: what goes where, and whether both are good enough."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from terrace_cli.rekognition import rules
from terrace_cli.rekognition.check import Checked, Row
from terrace_cli.rekognition.rules import Finding


@dataclass(frozen=True)
class DataSet:
    """Lines for one of Rekognition's data sets.

    Attributes:
        kind: TRAIN or TEST.
        path: its manifest.
        sha256: of the manifest, hexadecimal.
        images: how many.
        labels: images of each class.
        objects: boxes of each class; of classes of images the same as `labels`.
    """

    kind: str
    path: Path
    sha256: str
    bytes: int
    images: int
    labels: Counter[str]
    objects: Counter[str]


def chosen_for_test(rows: list[Row], percent: float) -> set[int]:
    """The rows to test with: a share of every class, the same ones whenever it is asked.

    Rows are grouped by their rarest class, and ordered in each group by the hash of their image's
    URI: when a later batch adds images, nearly all stay on their side. Every group of two or more
    gives one row at least and keeps one at least. Worked case: 20 % of groups with 10, 2 and 1
    rows: 2, 1 and 0.
    """
    common = Counter(name for row in rows for name in row.classes)
    groups: dict[str, list[int]] = defaultdict(list)
    for index, row in enumerate(rows):
        groups[min(row.classes, key=lambda name: (common[name], name))].append(index)
    taken: set[int] = set()
    tested: Counter[str] = Counter()
    for name in sorted(groups):
        group = sorted(groups[name], key=lambda index: _hash(rows[index].source))
        quota = min(max(1, round(len(group) * percent / 100)), len(group) - 1)
        for index in group:
            if quota <= 0:
                break
            classes = rows[index].classes
            if any(tested[one] >= rules.TEST_IMAGES_PER_LABEL_MAX for one in classes):
                continue
            if any(common[one] - tested[one] <= 1 for one in classes):
                # The last image of a class is to train with.
                continue
            tested.update(dict.fromkeys(classes, 1))
            taken.add(index)
            quota -= 1
    return taken


def _hash(source: str) -> str:
    return hashlib.sha256(source.encode()).hexdigest()


def write(kind: str, checked: Checked, only: Collection[int] | None, path: Path) -> DataSet:
    """Writes the rows named by `only` (None: all of them) as a manifest of their own."""
    digest, size, count = hashlib.sha256(), 0, 0
    labels: Counter[str] = Counter()
    objects: Counter[str] = Counter()
    with checked.path.open("rb") as lines, path.open("wb") as file:
        for index, (row, line) in enumerate(zip(checked.rows, lines, strict=True)):
            if only is not None and index not in only:
                continue
            file.write(line)
            digest.update(line)
            size += len(line)
            count += 1
            labels.update(dict.fromkeys(row.classes, 1))
            objects.update(row.classes)
    return DataSet(kind, path, digest.hexdigest(), size, count, labels, objects)


def judge(
    train: DataSet, test: DataSet | None, most: tuple[int, int], *, boxes: bool, place: str
) -> Iterator[Finding]:
    """What is wrong with the two sets.

    Args:
        train: to train with.
        test: to test with; None: Rekognition will split.
        most: images that each may have.
        boxes: whether it is a model of boxes.
        place: of the manifest, for messages.
    """
    least = 1 if boxes else 2
    for one, limit in zip((train, test), most, strict=True):
        if one is None:
            continue
        name = "training" if one.kind == "TRAIN" else "test"
        if one.images == 0:
            yield Finding(
                "empty", place, 0, f"the {name} set has no image", "two images of a class or more"
            )
            continue
        if len(one.labels) < least:
            yield Finding(
                "labels-few",
                place,
                0,
                f"the {name} set has {len(one.labels)} class ({', '.join(one.labels)})",
                f"{least} or more",
            )
        elif one is train and len(one.labels) == 1:
            yield Finding(
                "labels-one",
                place,
                0,
                f"there is one class of boxes, {next(iter(one.labels))}",
                "AWS's guide takes one in its quotas, and asks for two in its rules for manifests",
            )
        if len(one.labels) > rules.LABELS_MAX:
            yield Finding(
                "labels-many",
                place,
                0,
                f"the {name} set has {len(one.labels)} classes",
                f"at most {rules.LABELS_MAX}",
            )
        if one.images > limit:
            yield Finding(
                "lines-many",
                place,
                0,
                f"the {name} set has {one.images:,} images",
                f"at most {limit:,} in this Region",
            )
        if one.bytes > rules.MANIFEST_BYTES_MAX:
            yield Finding(
                "manifest-bytes",
                place,
                0,
                f"the {name} set's manifest has {one.bytes:,} bytes",
                "at most 1 GB: fewer images",
            )
    if train.images and train.images < rules.IMAGES_WISE:
        yield Finding(
            "images-few",
            place,
            0,
            f"there are {train.images} images to train with",
            f"AWS advises {rules.IMAGES_WISE} or more",
        )
    if test is not None and test.images:
        yield from _between(train, test, place)


def _between(train: DataSet, test: DataSet, place: str) -> Iterator[Finding]:
    for name, number in sorted(test.labels.items()):
        if number > rules.TEST_IMAGES_PER_LABEL_MAX:
            yield Finding(
                "test-images-per-label",
                place,
                0,
                f"the test set has {number} images of {name}",
                f"at most {rules.TEST_IMAGES_PER_LABEL_MAX}",
            )
    both = train.labels.keys() & test.labels.keys()
    if len(both) < rules.OVERLAP_MIN * len(train.labels):
        yield Finding(
            "label-overlap",
            place,
            0,
            f"{len(both)} of {len(train.labels)} classes of the training set are in the test set",
            "half of them or more",
        )
    untrained = sorted(test.labels.keys() - both)
    if untrained:
        yield Finding(
            "class-untrained",
            place,
            0,
            f"{len(untrained)} classes are tested and not trained: {', '.join(untrained[:10])}",
            "images of each class in the training set",
        )
    untested = sorted(train.labels.keys() - both)
    if untested:
        yield Finding(
            "class-untested",
            place,
            0,
            f"{len(untested)} classes are trained and not tested: {', '.join(untested[:10])}",
            "two images or more of each class",
        )


def shared(train: Checked, test: Checked) -> list[Finding]:
    """Images that two manifests have in common."""
    known = {row.source for row in train.rows}
    both = [row.source for row in test.rows if row.source in known]
    if not both:
        return []
    return [
        Finding(
            "test-overlap",
            test.place,
            0,
            f"{len(both)} of {len(test.rows)} images are trained with, too, such as {both[0]}",
            "test images that the model has not seen",
        )
    ]
