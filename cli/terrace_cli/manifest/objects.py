"""Manifests of data objects (images, texts, point clouds, videos), one a line."""

import io
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from terrace.domain import input_checks, point_clouds, s3uri
from terrace.domain.modalities import Modality
from terrace.domain.problems import Problem
from terrace_cli.convert import pictures
from terrace_cli.errors import EXIT_WRONG, TerraceError
from terrace_cli.manifest.lines import Made, make, refuse
from terrace_cli.manifest.listing import Found, Kind

Step = Callable[[str, int, int | None], None]


def of_files(
    found: Sequence[Found],
    kind: Kind,
    *,
    base: str,
    place: str,
    modality: Modality,
    cloud_format: str | None,
    step: Step,
) -> Made:
    """Manifests that name files by `source-ref`.

    Args:
        found: the files, in the order of the lines.
        kind: of them.
        base: S3 folder that they are in, or will be, ending with `/`.
        place: where they are now; images of a folder on this machine are opened.
        modality: whose rules are to hold.
        cloud_format: `format` of point clouds, such as `binary/xyzi`; None leaves it out.
        step: told how far it is.

    Raises:
        TerraceError: a file is empty, too large or no image; or Terrace would refuse the manifest.
    """
    refuse(list(_unusable(found, kind, place=place, modality=modality, step=step)))

    def lines() -> Iterator[tuple[str, int, dict[str, Any]]]:
        for number, one in enumerate(found, start=1):
            data: dict[str, Any] = {"source-ref": f"{base}{one.name}"}
            if kind == "cloud":
                # A single cloud has no neighbours in time: any stamp tells it, and the file's own
                # time is the nearest to the truth that is known here.
                about: dict[str, Any] = {"unix-timestamp": round(one.changed, 3)}
                if cloud_format is not None:
                    about["format"] = cloud_format
                data[point_clouds.METADATA] = about
            yield place, number, data

    return make(lines(), modality, {s3uri.parse(base, key_needed=False).bucket})


def _unusable(
    found: Sequence[Found], kind: Kind, *, place: str, modality: Modality, step: Step
) -> Iterator[Problem]:
    """Files that would show workers nothing."""
    here = not place.startswith(s3uri.SCHEME)
    for number, one in enumerate(found, start=1):
        path = f"{place.rstrip('/')}/{one.name}"
        if one.size == 0:
            yield Problem(path=path, code="FILE_EMPTY", problem="the file is empty", fix="its data")
        elif kind == "image":
            large = input_checks.size_problem(path, one.size, modality, path)
            if large:
                yield large
            elif here and not _opens(Path(path)):
                yield Problem(
                    path=path,
                    code="IMAGE_UNREADABLE",
                    problem="it is no image that can be read",
                    fix="a whole JPEG or PNG file, or leave it out",
                )
        step("checking", number, len(found))


def _opens(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return pictures.size(file) is not None
    except OSError:
        return False


def of_text(place: str, raw: bytes, modality: Modality) -> tuple[Made, int]:
    """Manifests of the lines of a text file, each a text of its own (`source`).

    Args:
        place: of the file, for errors.
        raw: its content; UTF-8.
        modality: whose rules are to hold.

    Returns:
        The manifests, and how many blank lines were passed by.

    Raises:
        TerraceError: it is not UTF-8, has no text, or a text is longer than Ground Truth takes.
    """
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise TerraceError(
            f"{place} line {line} is not UTF-8 (byte {error.start} of the file)",
            "save the file as UTF-8",
            EXIT_WRONG,
        ) from None
    # Only \n ends a line: U+2028 and form feeds stand inside of texts.
    rows = [row.removesuffix("\r").removesuffix("\n") for row in io.StringIO(text, newline="\n")]
    rows = [row.removesuffix("\r") for row in rows]
    texts = [(number, row) for number, row in enumerate(rows, start=1) if row.strip()]
    if not texts:
        raise TerraceError(f"{place} has no text in it", "one text on each line", EXIT_WRONG)
    if "source" not in modality.input_attributes:
        raise TerraceError(
            f"{modality.name} takes no texts from the manifest",
            "TextMultiClass, TextMultiClassMultiLabel, NamedEntityRecognition or Custom",
            EXIT_WRONG,
        )
    made = make(((place, number, {"source": row}) for number, row in texts), modality, ())
    return made, len(rows) - len(texts)
