"""Ground Truth's own augmented manifest: what an adjustment job starts from.

`output.manifest` with boxes of images (`groundtruth/object-detection`), or, for videos, a sequence
file and a SeqLabel.json for each (`groundtruth/video-object-tracking`, or `-detection` without
tracks); `categories.json` is the label category file, in the order of the class ids. Labels of a
manifest keep its `human-annotated` and `job-name`; of others nobody of ours has drawn the boxes, so
that they are `no` and `imported`. The confidence is 0.
"""

from collections.abc import Iterable
from itertools import groupby
from typing import Any

from terrace.domain import manifest, s3uri
from terrace.domain.exports.holding import sized
from terrace.domain.exports.model import BoxShape, ExportError, Files, Head, Item, Object, Origin
from terrace.domain.exports.numbers import number
from terrace.domain.exports.text import dumps

Json = dict[str, Any]
ATTRIBUTE = "imported"
FRAMES_ATTRIBUTE = "imported-ref"


def image_path(item: Item) -> str:
    """Below the folder that images will be in."""
    return item.name


def write(items: Iterable[Item], head: Head, files: Files) -> None:
    """Writes the manifest and what it points to, which names itself by `head.home`."""
    labels = {
        "document-version": "2018-11-28",
        "labels": [{"label": name} for name in head.classes],
    }
    files.write("categories.json", dumps(labels) + "\n")
    files.append("output.manifest", "")
    for sequence, group in groupby(items, key=lambda item: item.sequence):
        if sequence is not None:
            _video(sequence, list(group), head, files)
            continue
        for item in group:
            files.append("output.manifest", f"{manifest.dump(_line(item, head))}\n")


def _metadata(head: Head, kind: str, used: Iterable[str], origin: Origin) -> Json:
    return {
        "class-map": {str(head.number(name)): name for name in sorted(used, key=head.number)},
        "type": f"groundtruth/{kind}",
        "human-annotated": "yes" if origin.human else "no",
        "creation-date": head.created,
        "job-name": origin.job or "labeling-job/imported",
    }


def _line(item: Item, head: Head) -> Json:
    width, height = sized(item)
    label = {
        "image_size": [{"width": width, "height": height, "depth": 3}],
        "annotations": [
            {"class_id": head.number(one.label, item.uri), **_box(one)} for one in item.objects
        ],
    }
    about = _metadata(head, "object-detection", {one.label for one in item.objects}, item.origin)
    return {
        "source-ref": _uri(item),
        ATTRIBUTE: label,
        f"{ATTRIBUTE}{manifest.METADATA}": {
            "objects": [{"confidence": 0} for _ in item.objects],
            **about,
        },
    }


def _video(sequence: str, frames: list[Item], head: Head, files: Files) -> None:
    tracking = any(one.track is not None for item in frames for one in item.objects)
    home = _home(head)
    folder = _uri(frames[0]).rpartition("/")[0] + "/"
    names = [_uri(item).removeprefix(folder) for item in frames]
    if any(name == item.uri for name, item in zip(names, frames, strict=True)):
        raise ExportError(
            folder,
            "FRAMES_APART",
            f"frames of {sequence} are in different folders",
            "all frames of a sequence below one S3 folder",
        )
    document = {
        "seq-no": 1,
        "prefix": folder,
        "number-of-frames": len(frames),
        "frames": [{"frame-no": i, "frame": name} for i, name in enumerate(names)],
    }
    files.write(f"{sequence}/sequence.json", dumps(document))
    key = "tracking-annotations" if tracking else "detection-annotations"
    numbers: dict[tuple[str, str], int] = {}
    entries = []
    for place, item in enumerate(frames):
        annotations = []
        for one in item.objects:
            found: Json = {**_box(one), "class-id": str(head.number(one.label, item.uri))}
            if tracking:
                found |= _named(one, numbers, item)
            annotations.append({**found, "label-category-attributes": dict(one.attributes)})
        entries.append(
            {
                "annotations": annotations,
                "frame-no": str(place),
                "frame": names[place],
                "frame-attributes": {},
            }
        )
    files.write(f"{sequence}/SeqLabel.json", dumps({key: entries}))
    used = {one.label for item in frames for one in item.objects}
    kind = f"video-object-{'tracking' if tracking else 'detection'}"
    line = {
        "source-ref": s3uri.join(home, sequence, "sequence.json"),
        FRAMES_ATTRIBUTE: s3uri.join(home, sequence, "SeqLabel.json"),
        f"{FRAMES_ATTRIBUTE}{manifest.METADATA}": _metadata(head, kind, used, frames[0].origin),
    }
    files.append("output.manifest", f"{manifest.dump(line)}\n")


def _named(one: Object, numbers: dict[tuple[str, str], int], item: Item) -> Json:
    if one.track is None:
        raise ExportError(
            item.uri or item.name,
            "TRACK_MISSING",
            "one object has a track, another has none",
            "tracks for all objects of a video, or for none",
        )
    of_class = sum(1 for _, label in numbers if label == one.label)
    place = numbers.setdefault((one.track, one.label), of_class + 1)
    return {"object-id": one.track, "object-name": one.name or f"{one.label}:{place}"}


def _box(one: Object) -> Json:
    box = one.shape
    assert isinstance(box, BoxShape)
    return {
        "height": number(box.height),
        "width": number(box.width),
        "top": number(box.top),
        "left": number(box.left),
    }


def _home(head: Head) -> str:
    if head.home is None:
        raise ExportError(
            "output",
            "HOME_MISSING",
            "the manifest of a video names its label file by S3 URI, and nothing says where it "
            "will be",
            "the S3 folder that the written files will be copied to: s3://bucket/folder/",
        )
    return head.home


def _uri(item: Item) -> str:
    wrong = s3uri.problem(item.uri)
    if wrong:
        raise ExportError(
            item.uri or item.name,
            "IMAGE_NOT_IN_S3",
            f"a manifest names its data objects by S3 URI, and this {wrong}",
            "the S3 folder of the images: s3://bucket/folder/",
        )
    return item.uri
