"""What a gate and a report cost at the service's limits: processor time and peak memory.

Usage: .venv/bin/python -m bench.gate_limits [sequences] [images] [report]
           [--scale 1.0] [--latency-ms 0]

* `sequences`: a gate of clips with all track checks on 10 sequences x 2,000 frames x 20 objects
  (what one labeling job may have), by the real step PrepareInput.
* `images`: a gate of disagreement and all item checks on 100,000 images with 5 boxes each, of which
  three workers answered: as many files of worker responses as images.
* `report`: what the step WriteReport makes of the same images.

The real steps and adapters run over in-memory AWS (files lie on disk, so that they are not counted
as the step's memory), each case in a process of its own. `--latency-ms` is what every GetObject
waits as it would for S3; processor time is not moved by it, `wall` is. Prints one line of JSON a
case. A Lambda function has 3,008 MB and 900 s; exit code 1 where a case is above that.
"""

import argparse
import io
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from terrace.adapters.dynamodb_store import DynamoBatchStore
from terrace.adapters.s3_objects import S3ObjectStore
from terrace.domain.quality.catalog_tracks import TRACK_CHECKS
from terrace.domain.quality.item_checks import OF_ITEMS
from terrace.domain.records import AttemptRecord, BatchRecord, JobRecord
from terrace.domain.status import JobStatus
from terrace.runtime.worker_pages import template
from terrace.steps.prepare_input import Prepare, PrepareInputInput
from terrace.steps.report_labels import LabelExaminer
from tests.fakes.aws import FastDynamo, FastS3, client_error
from tests.fakes.clock import ManualClock
from tests.fakes.functions import FakeFunctions

MEMORY_MB, SECONDS = 3_008, 900
SEQUENCES, FRAMES, OBJECTS = 10, 2_000, 20
IMAGES, BOXES, WORKERS = 100_000, 5, 3
BUCKET = "batches"
OUT = f"s3://{BUCKET}/batches/b/outputs/car/car"
OUTPUT = f"{OUT}/manifests/output/output.manifest"
CATEGORIES = f"s3://{BUCKET}/categories.json"


class DiskS3(FastS3):
    """A FastS3 whose first objects lie in one file on disk; `latency` seconds a GetObject."""

    def __init__(self, pack: Path, latency: float) -> None:
        super().__init__({})
        self.latency = latency
        self.reads = 0
        self._file = os.open(pack, os.O_RDONLY)
        index = json.loads(pack.with_suffix(".index").read_text())
        self._places: dict[str, tuple[int, int]] = {key: (at, size) for key, at, size in index}
        self._lock = threading.Lock()

    def _find(self, call: dict[str, Any], what: str, code: str) -> bytes:
        place = self._places.get(call["Key"])
        if place is None:
            return super()._find(call, what, code)
        return os.pread(self._file, place[1], place[0])

    def head_object(self, **call: Any) -> dict[str, Any]:
        place = self._places.get(call["Key"])
        if place is None:
            return super().head_object(**call)
        return {"ContentLength": place[1], "ETag": '"same"'}

    def get_object(self, **call: Any) -> dict[str, Any]:
        if self.latency:
            time.sleep(self.latency)
        with self._lock:
            self.reads += 1
        place = self._places.get(call["Key"])
        if place is None:
            return super().get_object(**call)
        start = int(call.get("Range", "bytes=0-").removeprefix("bytes=").rstrip("-"))
        body = os.pread(self._file, place[1] - start, place[0] + start)
        return {"ContentLength": place[1], "Body": io.BytesIO(body)}

    def list_objects_v2(self, **call: Any) -> dict[str, Any]:
        keys = sorted(key for key in self._places if key.startswith(call["Prefix"]))
        return {"Contents": [{"Key": key} for key in keys], "IsTruncated": False}

    def create_multipart_upload(self, **call: Any) -> dict[str, Any]:
        return {"UploadId": call["Key"]}

    def upload_part(self, **call: Any) -> dict[str, Any]:
        return {"ETag": str(call["PartNumber"])}

    def complete_multipart_upload(self, **call: Any) -> dict[str, Any]:
        # What was written is not read again, and must not count as the step's memory.
        return {}

    def abort_multipart_upload(self, **call: Any) -> dict[str, Any]:
        raise client_error("InternalError", "AbortMultipartUpload")


class Pack:
    """Writes objects into one file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = path.open("wb")
        self._index: list[tuple[str, int, int]] = []

    def add(self, uri: str, text: str) -> None:
        data = text.encode()
        self._index.append((uri.removeprefix(f"s3://{BUCKET}/"), self._file.tell(), len(data)))
        self._file.write(data)

    def close(self) -> None:
        self._file.close()
        self._path.with_suffix(".index").write_text(json.dumps(self._index))


# --- what lies in S3 -----------------------------------------------------------------------------


def make_sequences(pack: Pack, scale: float) -> int:
    """Sequences whose objects move evenly, tremble, and have an error in 1 % of their labels."""
    frames = max(10, int(FRAMES * scale))
    lines = []
    for number in range(SEQUENCES):
        rng = random.Random(number)
        names = [f"{frame:06d}.jpg" for frame in range(frames)]
        listed = [{"frame-no": at, "frame": name} for at, name in enumerate(names)]
        prefix = f"s3://{BUCKET}/seq{number}/"
        sequence = {"seq-no": number, "prefix": prefix, "number-of-frames": frames}
        source = f"s3://{BUCKET}/seq{number}.json"
        pack.add(source, json.dumps({**sequence, "frames": listed}))
        label = f"{OUT}/annotations/consolidated-annotation/output/{number}/SeqLabel.json"
        pack.add(label, json.dumps({"tracking-annotations": list(_frames(rng, names))}))
        about = {"class-map": {"0": "Vehicle"}, "type": "groundtruth/video-object-tracking"}
        lines.append({"source-ref": source, "car-ref": label, "car-ref-metadata": about})
    pack.add(OUTPUT, "".join(json.dumps(line) + "\n" for line in lines))
    return SEQUENCES


def _frames(rng: random.Random, names: list[str]) -> Iterator[dict[str, Any]]:
    tracks = []
    for number in range(OBJECTS):
        start = [rng.uniform(100, 1500), rng.uniform(100, 900), rng.uniform(40, 200)]
        tracks.append((f"object-{number}-{rng.getrandbits(64):x}", start, rng.gauss(0, 0.3)))
    for at, name in enumerate(names):
        labels = []
        for number, (ident, (left, top, width), speed) in enumerate(tracks):
            if rng.random() < 0.005:
                continue
            wide = width * (0.7 if rng.random() < 0.005 else 1)
            labels.append(
                {
                    "height": round(width * 0.7 + rng.gauss(0, 0.7)),
                    "width": round(wide + rng.gauss(0, 0.7)),
                    "top": round(top + rng.gauss(0, 0.7)),
                    "left": round(left + speed * at + rng.gauss(0, 0.7)),
                    "class-id": "0",
                    "label-category-attributes": {"Color": "Green"},
                    "object-id": ident,
                    "object-name": f"Vehicle:{number + 1}",
                }
            )
        yield {"annotations": labels, "frame-no": str(at), "frame": name, "frame-attributes": {}}


def make_images(pack: Pack, scale: float) -> int:
    """Images whose workers agree on nine of ten boxes."""
    count = max(10, int(IMAGES * scale))
    rng = random.Random(1)
    lines = []
    for number in range(count):
        boxes = [_box(rng) for _ in range(BOXES)]
        label = {
            "image_size": [{"width": 1920, "height": 1080, "depth": 3}],
            "annotations": [{"class_id": number % 3, **box} for number, box in enumerate(boxes)],
        }
        about = {
            "objects": [{"confidence": 0.9}] * BOXES,
            "class-map": {"0": "Car", "1": "Van", "2": "Bus"},
            "type": "groundtruth/object-detection",
            "human-annotated": "yes",
            "creation-date": "2026-11-20T10:00:00.000000",
            "job-name": "labeling-job/car",
        }
        image = f"s3://{BUCKET}/images/{number:06d}.jpg"
        lines.append(json.dumps({"source-ref": image, "car": label, "car-metadata": about}))
        answers = [_answer(rng, (number + one) % 40, boxes) for one in range(WORKERS)]
        folder = f"{OUT}/annotations/worker-response/iteration-1/{number}"
        pack.add(f"{folder}/2026-11-20_10:00:00.json", json.dumps({"answers": answers}))
    pack.add(OUTPUT, "".join(line + "\n" for line in lines))
    return count


def _box(rng: random.Random) -> dict[str, int]:
    return {
        "left": rng.randrange(1500),
        "top": rng.randrange(900),
        "width": rng.randrange(60, 200),
        "height": rng.randrange(40, 150),
    }


def _answer(rng: random.Random, worker: int, boxes: list[dict[str, int]]) -> dict[str, Any]:
    drawn = [
        {"label": ("Car", "Van", "Bus")[number % 3], **box}
        | {"left": box["left"] + rng.randrange(-3, 4), "width": box["width"] + rng.randrange(-3, 4)}
        for number, box in enumerate(boxes)
        if rng.random() < 0.8
    ]
    size = {"width": 1920, "height": 1080}
    return {
        "acceptanceTime": "2026-11-20T09:59:00Z",
        "submissionTime": "2026-11-20T10:00:00Z",
        "timeSpentInSeconds": 31.5,
        "workerId": f"private.us-east-1.{worker:016x}",
        "workerMetadata": {"identityData": {"identityProviderType": "Cognito", "sub": "x" * 36}},
        "answerContent": {"boundingBox": {"boundingBoxes": drawn, "inputImageProperties": size}},
    }


# --- the steps -----------------------------------------------------------------------------------


def store_with(kind: str, items: int) -> tuple[DynamoBatchStore, BatchRecord, JobRecord]:
    """A batch whose first job has ended and whose second has a gate; returns the first, too."""
    store = DynamoBatchStore(FastDynamo(), "table")
    batch = store.create_batch(
        BatchRecord(
            batchId="b",
            uid="uid",
            status="IN_PROGRESS",
            pacing="level",
            onJobFailure="fail",
            requestS3Uri=f"s3://{BUCKET}/batches/b/request.json",
            requestDigest="digest",
            createdAt=1.0,
            updatedAt=1.0,
            movedAt=1.0,
        )
    )
    if kind == "sequences":
        modality, attribute = "VideoObjectTracking", "car-ref"
        names = [row.name for row in TRACK_CHECKS]
        gate = {"checks": names, "unit": "clip", "context": 3, "budget": {"percent": 25}}
    else:
        modality, attribute = "BoundingBox", "car"
        gate = {"checks": ["disagreement", *(row.name for row in OF_ITEMS)]}
    ended = {"inputManifestS3Uri": OUTPUT, "outputManifestS3Uri": OUTPUT, "numItems": items}
    attempt = AttemptRecord(
        attempt=1, name="car", status="Completed", numItemsLabeled=items, **ended
    )
    first = JobRecord(
        batchId="b",
        jobName="car",
        level=1,
        index=0,
        spec={
            "jobName": "car",
            "jobLevel": 1,
            "jobModality": modality,
            "inputConfig": {"inputManifestS3Uri": OUTPUT},
            "labelCategoryConfigS3Uri": CATEGORIES,
            "numberOfHumanWorkersPerDataObject": 1 if kind == "sequences" else WORKERS,
        },
        status=JobStatus.COMPLETE,
        labelAttributeName=attribute,
        labelCategoryS3Uri=CATEGORIES,
        numItemsLabeled=items,
        attempts=[attempt],
        **ended,
    )
    second = JobRecord(
        batchId="b",
        jobName="fix",
        level=2,
        index=1,
        spec={
            "jobName": "fix",
            "jobLevel": 2,
            "jobModality": f"{modality}Adjustment",
            "inputConfig": {"chainFromJobName": "car", "gate": gate},
        },
        sourceLevel=1,
        labelAttributeName="fix-ref" if kind == "sequences" else "fix",
    )
    store.put_job(first)
    store.put_job(second)
    return store, batch, first


def run_case(kind: str, pack: Path, items: int, latency: float) -> dict[str, Any]:
    """One case, in this process; what it cost, and what came out."""
    s3 = DiskS3(pack, latency)
    objects = S3ObjectStore(s3)
    store, batch, first = store_with(kind, items)
    before = resource.getrusage(resource.RUSAGE_SELF)
    cpu, wall = time.process_time(), time.perf_counter()
    told: dict[str, Any]
    if kind == "report":
        looked = LabelExaminer(objects)(batch, first, None, f"s3://{BUCKET}/reports/car")
        agreement = looked.fields["agreement"]
        told = {"compared": agreement["compared"], "workers": len(looked.fields["workers"])}
    else:
        prepare = Prepare(store, objects, ManualClock(), BUCKET, template, FakeFunctions())
        step = PrepareInputInput(batchId="b", generation=1, level=2, jobName="fix")
        prepare.run(step)
        job = store.get_job("b", 2, "fix")
        assert job is not None
        assert job.gate is not None
        told = job.gate.model_dump(
            include={"items", "flagged", "selected", "frames", "selectedFrames", "findings"}
        )
    after = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "case": kind,
        "cpuSeconds": round(time.process_time() - cpu, 1),
        "wallSeconds": round(time.perf_counter() - wall, 1),
        "peakMB": round(after.ru_maxrss / 1024),
        "beforeMB": round(before.ru_maxrss / 1024),
        "reads": s3.reads,
        "latencyMs": latency * 1000,
        **told,
    }


def measure(kind: str, scale: float, latency: float) -> dict[str, Any]:
    """One case in a process of its own: the peak of memory is its own."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "objects"
        pack = Pack(path)
        pack.add(CATEGORIES, json.dumps({"labels": [{"label": "Vehicle"}]}))
        items = (make_sequences if kind == "sequences" else make_images)(pack, scale)
        pack.close()
        command = [sys.executable, "-m", "bench.gate_limits", "--child"]
        given = [kind, str(path), str(items), str(latency)]
        done = subprocess.run([*command, *given], check=True, stdout=subprocess.PIPE, text=True)
        found: dict[str, Any] = json.loads(done.stdout)
        return found


def main() -> int:
    if sys.argv[1:2] == ["--child"]:
        kind, path, items, latency = sys.argv[2:]
        print(json.dumps(run_case(kind, Path(path), int(items), float(latency))))
        return 0
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("cases", nargs="*", choices=["sequences", "images", "report", []])
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--latency-ms", type=float, default=0.0)
    args = parser.parse_args()
    above = False
    for kind in args.cases or ["sequences", "images", "report"]:
        found = measure(kind, args.scale, args.latency_ms / 1000)
        print(json.dumps(found), flush=True)
        above |= found["peakMB"] > MEMORY_MB or found["wallSeconds"] > SECONDS
    return int(above)


if __name__ == "__main__":
    raise SystemExit(main())
