"""Output manifests: every line, every label on it, and the files that labels name."""

import json
import re
from typing import Any

from terrace_cli.gt_shapes.report import At, Fetch, Report
from terrace_cli.gt_shapes.values import CHECKS, Label

_SUFFIX = "-metadata"
_DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}")
LINE_CHARS = 100_000
CUSTOM = "groundtruth/custom"


def check_manifest(
    body: bytes,
    uri: str,
    *,
    fetch: Fetch | None = None,
    strict: bool = False,
    attribute: str | None = None,
    source: bytes | None = None,
) -> Report:
    """Checks an output manifest.

    Args:
        body: The manifest.
        uri: What problems call it.
        fetch: Reads the annotation files that labels name; None: they are not looked at.
        strict: Also the habits of real output; see the package.
        attribute: The label attribute of the job that wrote it: each line is labeled, failed with
            a reason, or counted as unlabeled.
        source: The job's input manifest: nothing of it may be lost, changed or reordered.
    """
    report = Report()
    place = At(report, uri, strict)
    rows = _lines(body, place)
    for number, row in rows:
        at = At(report, f"{uri} line {number}", strict)
        _check_line(row, at, fetch)
        if attribute is not None:
            _count(row, attribute, at)
    if source is not None:
        _check_kept(
            _lines(source, At(report, "the input manifest", strict)), rows, attribute, place
        )
    return report


def _lines(body: bytes, at: At) -> list[tuple[int, dict[str, Any]]]:
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        at.bad(f"is not UTF-8: {error}")
        return []
    if at.strict:
        at.need(text.endswith("\n"), "must end with a line break: the last line may be cut off")
    found = []
    for number, raw in enumerate(text.split("\n"), start=1):
        if not raw.strip():
            continue
        spot = At(at.report, f"{at.where} line {number}", at.strict)
        spot.need(len(raw) <= LINE_CHARS, f"is longer than {LINE_CHARS} characters")
        try:
            row = json.loads(raw)
        except ValueError as error:
            spot.bad(f"is not JSON: {error}")
            continue
        if spot.of(row, "object"):
            found.append((number, row))
    at.need(bool(found), "has no lines")
    return found


def _check_line(row: dict[str, Any], at: At, fetch: Fetch | None) -> None:
    at.need(
        isinstance(row.get("source-ref", row.get("source")), str), "has no source or source-ref"
    )
    for key, metadata in row.items():
        if not key.endswith(_SUFFIX) or not isinstance(metadata, dict) or key.startswith("source"):
            continue
        attribute, meta = key.removesuffix(_SUFFIX), at.inside(key)
        if "failure-reason" in metadata:
            _check_failure(row, attribute, metadata, meta)
        elif "type" in metadata or "human-annotated" in metadata:
            _check_label(row, attribute, metadata, at, fetch)
        # Anything else belongs to the customer (`annotator-metadata`).


def _check_failure(row: dict[str, Any], attribute: str, metadata: dict[str, Any], at: At) -> None:
    at.report.failed += 1
    at.need(attribute not in row, f"says failed, but {attribute} is there")
    if at.keys(metadata, "failure-reason retry-count human-annotated"):
        at.inside("retry-count").of(metadata["retry-count"], "integer")
        reason = metadata["failure-reason"]
        at.inside("failure-reason").need(isinstance(reason, str) and reason != "", "must say why")
        at.inside("human-annotated").need(metadata["human-annotated"] == "true", "must be 'true'")


def _check_label(
    row: dict[str, Any], attribute: str, metadata: dict[str, Any], at: At, fetch: Fetch | None
) -> None:
    meta = at.inside(attribute + _SUFFIX)
    if not meta.need(attribute in row, f"is there without {attribute}"):
        return
    kind = str(metadata.get("type"))
    if not meta.inside("type").need(kind in CHECKS, f"unknown type {kind!r}"):
        return
    at.report.labels[kind] += 1
    _check_common(metadata, kind, meta)
    CHECKS[kind](Label(row, row[attribute], metadata, at.inside(attribute), meta, fetch))


def _check_common(metadata: dict[str, Any], kind: str, at: At) -> None:
    human = metadata.get("human-annotated")
    at.inside("human-annotated").need(human in ("yes", "no"), f"must be yes or no, not {human!r}")
    date = metadata.get("creation-date")
    at.inside("creation-date").need(
        isinstance(date, str) and _DATE.fullmatch(date) is not None,
        f"must be like 2022-09-12T09:51:00.148118, not {date!r}",
    )
    name = metadata.get("job-name")
    spot = at.inside("job-name")
    if spot.of(name, "string") and at.strict:
        assert isinstance(name, str)
        spot.need(name == name.lower(), "must be in lower case")
        prefixed = name.startswith("labeling-job/")
        # The only 3D line that looks real has a bare name; the others are with the prefix.
        if not kind.startswith("groundtruth/point_cloud"):
            wanted = kind != CUSTOM
            spot.need(prefixed == wanted, "prefix labeling-job/ must be " +
                      ("there" if wanted else "absent"))  # fmt: skip
    if "adjustment-status" in metadata:
        status = metadata["adjustment-status"]
        fine = status in ("adjusted", "unadjusted")
        if at.inside("adjustment-status").need(fine, "must be adjusted or unadjusted"):
            at.report.statuses[status] += 1


def _count(row: dict[str, Any], attribute: str, at: At) -> None:
    metadata = row.get(attribute + _SUFFIX)
    if attribute in row:
        at.need(isinstance(metadata, dict), f"has {attribute} without its metadata")
    elif not isinstance(metadata, dict):
        at.report.unlabeled += 1


def _check_kept(
    before: list[tuple[int, dict[str, Any]]],
    after: list[tuple[int, dict[str, Any]]],
    attribute: str | None,
    at: At,
) -> None:
    """Every line of the input is there, in its order, with all it held."""
    if not at.need(
        len(before) == len(after), f"has {len(after)} lines, the input manifest {len(before)}"
    ):
        return
    own = (attribute, f"{attribute}{_SUFFIX}")
    for (_, old), (number, new) in zip(before, after, strict=True):
        spot = At(at.report, f"{at.where} line {number}", at.strict)
        for key, value in old.items():
            if key not in own:
                spot.inside(key).need(new.get(key) == value, "is not what the input line holds")
        foreign = [key for key in new if key not in old and key not in own]
        spot.need(not foreign, f"has {', '.join(foreign)}, which the job did not make")
