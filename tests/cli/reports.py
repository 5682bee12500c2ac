"""A report with something of everything, hostile names included, and the files it points to."""

import io
import json
import math
from itertools import pairwise
from typing import Any

from terrace.domain.quality.report import BatchReport
from terrace_cli.report.material import Fetch

HOSTILE = '<script>window.pwned=1</script><img src=x onerror="window.pwned=2">'
QUOTED = 'a" onmouseover="window.pwned=3" x=\''
BUCKET = "s3://bucket/batches/b1"
Json = dict[str, Any]


def timing(seconds: float | None = 90.0) -> Json:
    if seconds is None:
        why = "it was never started"
        return {"unknown": dict.fromkeys(("startedAt", "endedAt", "seconds", "waitedSeconds"), why)}
    return {
        "startedAt": "2026-11-20T10:00:00.000Z",
        "endedAt": "2026-11-20T10:01:30.000Z",
        "seconds": seconds,
        "waitedSeconds": 4.0,
    }


def finding(sentence: str, frame: int, **more: Any) -> Json:
    return {
        "check": "size-change",
        "severity": "warning",
        "sentence": sentence,
        "item": 0,
        "frameNo": frame,
        "frame": f"{frame:06d}.jpg",
        "object": "1",
        "objectName": "Vehicle:1",
        "label": "Vehicle",
        "value": 0.4,
        "threshold": 0.2,
        **more,
    }


def tally(**more: Any) -> Json:
    names = ("items", "itemsCorrected", "added", "removed", "moved", "nudged", "relabeled",
             "attributes", "identity", "content", "corrections", "failVerdicts")  # fmt: skip
    return {**dict.fromkeys(names, 0), "correctionsPerItem": None, **more}


def job(name: str, level: int, **more: Any) -> Json:
    empty = ("gate", "findings", "series", "agreement", "workers", "changes", "gold", "cost")
    values: Json = {
        "jobName": name,
        "jobLevel": level,
        "jobModality": "VideoObjectTracking",
        "status": "COMPLETE",
        "labelAttributeName": "label-ref",
        "timing": timing(),
        "attempts": 1,
        "endedAttempts": [],
        "deferrals": 0,
        "brokenStarts": 0,
        "numItems": 2,
        "numItemsLabeled": 2,
        "numItemsFailed": 0,
        **more,
    }
    values["unknown"] = {name: "there is none here" for name in empty if values.get(name) is None}
    return values


def gate() -> Json:
    return {
        "unit": "clip",
        "items": 8,
        "flagged": 3,
        "selected": 2,
        "frames": 600,
        "selectedFrames": 90,
        "findings": 7,
        "byCheck": {"size-change": 5, "missing-frame": 2},
        "decisionsS3Uri": f"{BUCKET}/decisions.jsonl",
        "findingsS3Uri": f"{BUCKET}/findings.jsonl",
        "lot": {"size": 5, "looked": 3, "allowed": 0, "maxErrorRate": 0.1, "confidence": 0.9,
                "wrong": 1, "accepted": False},
    }  # fmt: skip


def report(**more: Any) -> Json:
    """As the API gives it."""
    worst = [
        finding("Vehicle:1 in frame 000020.jpg (frame 20) is 40 % smaller than around it.", 20),
        finding(f"{HOSTILE} is missing.", 33, severity="error", objectName=HOSTILE, object="2"),
    ]
    found = {
        "total": 2,
        "items": 2,
        "itemsFlagged": 1,
        "bySeverity": {"info": 0, "warning": 1, "error": 1},
        "byCheck": [{"check": "size-change", "says": "Its size jumps.", "warning": 1, "error": 1}],
        "worst": worst,
        "findingsS3Uri": f"{BUCKET}/findings.jsonl",
    }
    series = [
        {
            "item": 0,
            "name": "clip-a",
            "frames": 60,
            "objects": ["Vehicle:1", HOSTILE],
            "flaggedFrames": [20, 33],
            "seriesS3Uri": f"{BUCKET}/series.json",
            "labelS3Uri": f"{BUCKET}/SeqLabel.json",
            "sequenceS3Uri": f"{BUCKET}/sequence.json",
        }
    ]
    changes = {
        **tally(items=2, itemsCorrected=1, added=2, moved=3, corrections=5, correctionsPerItem=2.5),
        "against": "b1-car",
        "tolerance": 0.9,
        "byClass": {QUOTED: tally(items=1, moved=3, corrections=3, correctionsPerItem=3.0)},
        "byWorker": {},
    }
    agreement = {
        "shape": "boxes",
        "measures": {
            "percent": {"value": 0.82, "units": 40, "why": None},
            "alpha": {"value": None, "units": 0, "why": "all said the same class"},
        },
        "why": None,
    }
    workers = [{"worker": "w-1a2b", "answers": 40, "accuracy": 0.93, "skill": 0.9},
               {"worker": HOSTILE, "answers": 3, "accuracy": None, "skill": 0.5}]  # fmt: skip
    first = job("b1-car", 1, findings=found, series=series, agreement=agreement, workers=workers)
    second = job("b1-review", 2, chainFromJobName="b1-car", gate=gate(), changes=changes)
    third = job("b1-late", 2, status="FAILED", failureReason=HOSTILE, timing=timing(None))
    levels = [
        {
            "level": number,
            "status": "COMPLETE",
            "timing": timing(),
            "numJobs": len(jobs),
            "numJobsDelivered": 1,
            "numItems": 2,
            "numItemsLabeled": 2,
            "findings": {"info": 0, "warning": 1, "error": 1},
            "corrections": 5,
            "jobs": jobs,
        }
        for number, jobs in ((1, [first]), (2, [second, third]))
    ]
    values = {
        "batchId": "b1",
        "status": "COMPLETE_WITH_ERRORS",
        "complete": True,
        "generation": 1,
        "writtenAt": "2026-11-20T10:05:00.000Z",
        "timing": timing(3_700.0),
        "numJobs": 3,
        "jobsByStatus": {"COMPLETE": 2, "FAILED": 1},
        "numItemsWorked": 4,
        "unlabeledItems": 0,
        "levels": levels,
        "unknown": {"unreviewedItems": HOSTILE, "feeUsd": "no price is documented"},
        **more,
    }
    return BatchReport.model_validate(values).model_dump(mode="json")


def series_file() -> Json:
    """Two objects over 60 frames; the first shrinks in frame 20, the second has a gap."""
    frames = list(range(60))
    objects = []
    for number, name in enumerate(("Vehicle:1", HOSTILE), start=1):
        kept = [frame for frame in frames if not (number == 2 and frame == 33)]
        size = [4_000 + 30 * f - (1_600 if number == 1 and f == 20 else 0) for f in kept]
        objects.append(
            {
                "object": str(number),
                "objectName": name,
                "label": QUOTED if number == 2 else "Vehicle",
                "kind": "box",
                "sensor": "",
                "frameNos": kept,
                "coordinates": {
                    "left": [100.0 + 4 * f + 3 * math.sin(f) for f in kept],
                    "top": [80.0 + number * 60 + f for f in kept],
                    "width": [120.0] * len(kept),
                    "height": [70.0] * len(kept),
                },
                "sizes": size,
                "sizeChanges": [None, *[(b - a) / a for a, b in pairwise(size)]],
                "rollingIou": [None, *[0.55 if f == 20 else 0.9 for f in kept[1:]]],
                "residuals": {
                    "position": [0.3 if f == 20 else 0.02 for f in kept],
                    "size": [0.01] * len(kept),
                },
                "flaggedFrames": [20] if number == 1 else [33],
            }
        )
    named = [{"frameNo": frame, "frame": f"{frame:06d}.jpg"} for frame in frames]
    limits = {"position": 0.08, "size": 0.08, "size-step": 0.35, "rolling-iou": 0.5}
    return {"item": 0, "frames": named, "thresholds": limits, "objects": objects}


def picture() -> bytes:
    from PIL import Image, ImageDraw

    image = Image.new("RGB", (640, 360), (70, 95, 120))
    ImageDraw.Draw(image).rectangle((0, 220, 640, 360), fill=(60, 60, 60))
    out = io.BytesIO()
    image.save(out, "JPEG")
    return out.getvalue()


def labels() -> Json:
    def box(number: int, name: str, left: int) -> Json:
        return {"class-id": "0", "object-id": str(number), "object-name": name, "left": left,
                "top": 180, "width": 120, "height": 70}  # fmt: skip

    return {
        "tracking-annotations": [
            {"frame-no": str(frame), "frame": f"{frame:06d}.jpg",
             "annotations": [box(1, "Vehicle:1", 60 + frame), box(2, HOSTILE, 320)]}
            for frame in (20, 33)
        ]
    }  # fmt: skip


def files(**instead: bytes | None) -> Fetch:
    """Fetches what the report points to; None takes a file away."""
    held: dict[str, bytes | None] = {
        "series.json": json.dumps(series_file()).encode(),
        "SeqLabel.json": json.dumps(labels()).encode(),
        "sequence.json": json.dumps({"prefix": f"{BUCKET}/frames/"}).encode(),
        "000020.jpg": picture(),
        "000033.jpg": picture(),
        **{name.replace("__", "."): raw for name, raw in instead.items()},
    }

    def fetch(uri: str) -> bytes:
        raw = held.get(uri.rsplit("/", 1)[-1])
        if raw is None:
            raise LookupError(f"{uri} cannot be read (AccessDenied)")
        return raw

    return fetch
