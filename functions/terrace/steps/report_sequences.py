"""Sequences of frames in a job's output: findings and series, one sequence at a time in memory."""

from typing import Any

from terrace.domain import s3uri
from terrace.domain.label_values import FramesLabel
from terrace.domain.quality import sequence, track_checks
from terrace.domain.quality import series as series_of
from terrace.domain.quality.catalog_tracks import TRACK_CHECKS
from terrace.domain.quality.findings import Finding, Severity
from terrace.domain.quality.report import SeriesFile
from terrace.domain.records import JobRecord
from terrace.errors import AccessDeniedError, NotFoundError
from terrace.ports import ObjectStore
from terrace.steps import class_names
from terrace.steps.report_items import UNREADABLE, Items

THRESHOLDS = {row.name: row.threshold for row in TRACK_CHECKS if row.threshold is not None}


def of_sequences(
    items: Items, job: JobRecord, objects: ObjectStore, folder: str
) -> tuple[list[Finding], int, list[SeriesFile]]:
    """Findings in the label files that the items' labels name, and a file of series for each.

    Between them, how many sequences were checked.
    """
    attribute = job.labelAttributeName
    of_lane = class_names.of_lane(job, lambda _: None, objects)
    findings: list[Finding] = []
    files: list[SeriesFile] = []
    for place, item in enumerate(items):
        label = item.labels.get(attribute)
        if label is None or not isinstance(label.value, FramesLabel):
            continue
        try:
            document = objects.get_json(label.value.uri, lenient=True)
        except (NotFoundError, AccessDeniedError, ValueError) as error:
            said = f"The label file {label.value.uri} cannot be read: {str(error).rstrip('.')}."
            findings.append(Finding(UNREADABLE, Severity.error, said, place))
            continue
        source = item.data.get("source-ref")
        frames = _frames(_json(objects, source)) if isinstance(source, str) else None
        names = class_names.of_label(item, attribute, of_lane)
        loaded = sequence.load(document, item=place, class_names=names)
        found = track_checks.check(loaded, frames=frames)
        findings += found
        many = series_of.series(loaded, found, frames=frames)
        uri = s3uri.join(folder, f"series-{place}.json")
        frame_names = _named(loaded, frames)
        objects.put_json(
            uri,
            {
                "item": place,
                "frames": [
                    {"frameNo": number, "frame": frame_names[number]}
                    for number in sorted(frame_names)
                ],
                "thresholds": THRESHOLDS,
                "objects": [one.to_dict() for one in many],
            },
        )
        sequence_uri = source if isinstance(source, str) else None
        files.append(
            SeriesFile(
                item=place,
                name=(sequence_uri or label.value.uri).rsplit("/", 1)[-1],
                frames=len(frame_names),
                objects=[one.objectName for one in many],
                flaggedFrames=series_of.flagged_union(many),
                seriesS3Uri=uri,
                labelS3Uri=label.value.uri,
                sequenceS3Uri=sequence_uri,
            )
        )
    return [*items.broken.values(), *findings], len(files), files


def _named(loaded: sequence.Loaded, frames: list[str] | None) -> dict[int, str | None]:
    """File name by frame number: of the whole sequence where it is known, and of labeled frames."""
    found: dict[int, str | None] = dict(enumerate(frames or []))
    for names in loaded.names.values():
        found.update(names)
    for track in loaded.tracks:
        for number in track.frames:
            found.setdefault(int(number), None)
    return found


def _json(objects: ObjectStore, uri: str) -> Any:
    """A JSON file; None where it cannot be read."""
    try:
        return objects.get_json(uri, lenient=True)
    except (NotFoundError, AccessDeniedError, ValueError):
        return None


def _frames(document: Any) -> list[str] | None:
    """File names of a sequence's frames, in order; None where that is not known."""
    rows = document.get("frames") if isinstance(document, dict) else None
    if not isinstance(rows, list):
        return None
    return [str(row.get("frame", "")) if isinstance(row, dict) else "" for row in rows]
