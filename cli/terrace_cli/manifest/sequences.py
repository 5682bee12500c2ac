"""Sequence files of frames, cut to what Ground Truth takes, and the manifests that name them."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from terrace.domain import s3uri, sequences
from terrace.domain.modalities import Modality
from terrace.domain.problems import Problem
from terrace_cli.errors import EXIT_WRONG, TerraceError
from terrace_cli.manifest.lines import make, refuse

FOLDER = "sequences"
MANIFEST = "input.manifest"


@dataclass(frozen=True)
class Clip:
    """Frames that belong together."""

    name: str
    """Of the video or folder; a path below the folder, with `/`."""
    folder: str
    """The frames' folder below the data set's, without `/` at its end; may be empty."""
    frames: Sequence[str]
    """File names, in the order of time."""


@dataclass
class Plan:
    """Files to be written, by their path below the data set's folder."""

    files: dict[str, bytes] = field(default_factory=dict)
    manifests: dict[str, int] = field(default_factory=dict)
    """Names of the manifests among them, with how many sequences each has."""
    cut: dict[str, int] = field(default_factory=dict)
    """Clips that were too long, and in how many sequences they are."""
    warnings: list[Problem] = field(default_factory=list)


def plan(clips: Sequence[Clip], base: str, modality: Modality, *, manifest: str = MANIFEST) -> Plan:
    """Sequence files and manifests for clips.

    Args:
        clips: at least one, each with at least one frame.
        base: the S3 folder that everything is in or will be copied to, ending with `/`.
        modality: of the jobs; it says how many frames and sequences there may be.
        manifest: name of the manifest.

    Raises:
        TerraceError: Terrace would refuse a sequence file or the manifest.
    """
    made = Plan()
    most = modality.max_frames_per_sequence or len(max((c.frames for c in clips), key=len))
    uris: list[str] = []
    for clip in clips:
        pieces = [clip.frames[at : at + most] for at in range(0, len(clip.frames), most)]
        if len(pieces) > 1:
            made.cut[clip.name] = len(pieces)
        for number, frames in enumerate(pieces, start=1):
            part = f"{clip.name}.part-{number}" if len(pieces) > 1 else clip.name
            path = _free(f"{FOLDER}/{part}.json", made.files)
            prefix = f"{base}{clip.folder}/" if clip.folder else base
            document = _document(len(uris) + 1, prefix, frames)
            uri = f"{base}{path}"
            _check(document, modality, uri, made)
            made.files[path] = _bytes(document)
            uris.append(uri)
    lines = ((base, number, {"source-ref": uri}) for number, uri in enumerate(uris, start=1))
    manifests = make(lines, modality, {s3uri.parse(base, key_needed=False).bucket})
    made.warnings += manifests.warnings
    for name, text, count in manifests.named(manifest):
        made.files[name] = text.encode()
        made.manifests[name] = count
    return made


def _document(number: int, prefix: str, frames: Sequence[str]) -> dict[str, Any]:
    return {
        "seq-no": number,
        "prefix": prefix,
        "number-of-frames": len(frames),
        "frames": [{"frame-no": at, "frame": name} for at, name in enumerate(frames, start=1)],
    }


def _check(document: dict[str, Any], modality: Modality, uri: str, made: Plan) -> None:
    found = sequences.check(document, modality, uri)
    refuse(found.problems)
    made.warnings += found.warnings


def in_order(frames: Sequence[str], folder: str) -> None:
    """Refuses frames that workers would see in another order.

    Raises:
        TerraceError: numbers without leading zeros: 1, 10, 2.
    """
    shown = sorted(frames, key=lambda name: name.encode("utf-8", "surrogateescape"))
    wrong = next((pair for pair in zip(frames, shown, strict=True) if pair[0] != pair[1]), None)
    if wrong is not None:
        raise TerraceError(
            f"{folder}: workers would see {wrong[1]!r} before {wrong[0]!r}: Ground Truth sorts "
            "frames by the bytes of their names",
            "number the names with leading zeros (of a folder on this machine, --renumber --out "
            "DIR copies the frames so), or say --as-named if their order is meant so",
            EXIT_WRONG,
        )


def _bytes(document: dict[str, Any]) -> bytes:
    try:
        return json.dumps(document, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return json.dumps(document).encode()


def _free(path: str, taken: dict[str, bytes]) -> str:
    """The path, or the first of `x_2.json`, `x_3.json`, ... that is not taken."""
    stem, number, tried = path.removesuffix(".json"), 1, path
    while tried in taken:
        number += 1
        tried = f"{stem}_{number}.json"
    return tried
