"""The end of a batch of a million images: final manifests and exports, beside plain parsing.

    python -m bench.million_lines                  # 1,000,000 lines; some 15 minutes, 8 GB of disk
    python -m bench.million_lines --lines 20000
    python -m bench.million_lines --only merge deliver-csv gated-csv

Two lanes start from one manifest: `car` draws boxes; `sign` draws others, which `sign-audit`
reviews. What their jobs left is made up on disk, and read and written by the real S3 adapter
through a client that keeps objects as files. Every step runs in a process of its own, which says
its processor time and the most memory it held; beside it stands what `json.loads` alone takes for
the same lines, read one by one. YOLO writes a file for each image, so it gets fewer lines.

`coco`, `csv` and `yolo` are `terrace convert`, which is told the label attributes. `deliver-*` is
what `exports[]` runs, from finding the lanes to the upload; `terrace export` reads in the same way.
`gated-*` is that with a gate before the review: three lines of four went past it, so their label
stands under another attribute than that of the fourth.

It exits 1 where a step holds 200 MB or more, or takes more than twice the time of parsing.
"""

import argparse
import json
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from io import FileIO
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from terrace.adapters.s3_objects import S3ObjectStore
from terrace.domain.exports.dataset import Wanted
from terrace.domain.exports.formats import FORMATS
from terrace.domain.records import JobRecord
from terrace.domain.request import ExportWanted
from terrace.domain.status import JobStatus
from terrace.steps.deliver_exports import FinalManifests, write_export
from terrace.steps.final_manifest import FinalManifest
from terrace_cli.convert import run
from terrace_cli.convert.documents import Documents

BUCKET = "bench-bucket"
START = "in/start.manifest"
OUTPUTS = {"car": "out/car.manifest", "sign-audit": "out/sign-audit.manifest"}
FINAL = "batches/b/final/g1/output.manifest"
PEAK_MB = 200
RATIO = 2.0
YOLO_LINES = 20_000
GATED = "batches/gated/final/g1/output.manifest"
GATED_LINES = 200_000


# --- what the jobs left ----------------------------------------------------------------------


def make(home: Path, lines: int) -> None:
    """The start manifest and what both lanes' last jobs left."""
    draw = random.Random(1)
    for name in (START, *OUTPUTS.values()):
        _path(home, name).parent.mkdir(parents=True, exist_ok=True)
    with (
        _path(home, START).open("w") as start,
        _path(home, OUTPUTS["car"]).open("w") as car,
        _path(home, OUTPUTS["sign-audit"]).open("w") as sign,
    ):
        for number in range(lines):
            given = {
                "source-ref": f"s3://{BUCKET}/frames/part-{number // 1000:04d}/{number:07d}.jpg",
                "shift": "night" if number % 2 else "day",
            }
            start.write(_text(given))
            car.write(_text(given | _boxes("car", draw, ["car", "van", "bus"])))
            signs = _boxes("sign", draw, ["stop", "yield"])
            audit = _boxes("sign-audit", draw, ["stop", "yield"], reviewed=True)
            if number % 3:
                audit["sign-audit"] = signs["sign"]
                audit["sign-audit-metadata"]["adjustment-status"] = "unadjusted"
                audit["sign-audit-metadata"]["class-map"] = signs["sign-metadata"]["class-map"]
            sign.write(_text(given | signs | audit))


def _text(data: dict[str, Any]) -> str:
    return json.dumps(data, separators=(",", ":")) + "\n"


def _boxes(
    name: str, draw: random.Random, classes: list[str], *, reviewed: bool = False
) -> dict[str, Any]:
    boxes = [
        {
            "class_id": draw.randrange(len(classes)),
            "left": draw.randrange(1700),
            "top": draw.randrange(900),
            "width": draw.randrange(5, 200),
            "height": draw.randrange(5, 150),
        }
        for _ in range(draw.randrange(1, 5))
    ]
    numbers = sorted({box["class_id"] for box in boxes})
    about: dict[str, Any] = {
        "objects": [{"confidence": round(draw.random(), 2)} for _ in boxes],
        "class-map": {str(number): classes[number] for number in numbers},
        "type": "groundtruth/object-detection",
        "human-annotated": "yes",
        "creation-date": f"2026-11-20T10:{draw.randrange(60):02d}:12.{draw.randrange(10**6):06d}",
        "job-name": f"labeling-job/{name}",
    }
    if reviewed:
        about["adjustment-status"] = "adjusted"
    size = {"width": 1920, "height": 1080, "depth": 3}
    return {name: {"image_size": [size], "annotations": boxes}, f"{name}-metadata": about}


# --- objects as files ------------------------------------------------------------------------


def _path(home: Path, key: str) -> Path:
    return home / "objects" / key


class DiskS3:
    """As much of an S3 client as the adapter uses; a multipart upload appears when it is whole."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._uploads: dict[str, Path] = {}

    def head_object(self, *, Bucket: str, Key: str) -> dict[str, Any]:
        path = _path(self._home, Key)
        if not path.exists():
            raise ClientError({"Error": {"Code": "404", "Message": "none"}}, "HeadObject")
        return {"ContentLength": path.stat().st_size, "ETag": f'"{path.stat().st_mtime_ns}"'}

    def get_object(
        self, *, Bucket: str, Key: str, Range: str = "bytes=0-", IfMatch: str = ""
    ) -> dict[str, Any]:
        head = self.head_object(Bucket=Bucket, Key=Key)
        body = FileIO(_path(self._home, Key))
        body.seek(int(Range.removeprefix("bytes=").removesuffix("-")))
        return {**head, "Body": body}

    def put_object(self, *, Bucket: str, Key: str, Body: bytes, **_: Any) -> dict[str, Any]:
        path = _path(self._home, Key)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(Body)
        return {}

    def create_multipart_upload(self, *, Bucket: str, Key: str, **_: Any) -> dict[str, Any]:
        upload = f"upload-{len(self._uploads)}"
        self._uploads[upload] = self._home / upload
        self._uploads[upload].write_bytes(b"")
        return {"UploadId": upload}

    def upload_part(self, *, UploadId: str, Body: bytes, **_: Any) -> dict[str, Any]:
        with self._uploads[UploadId].open("ab") as file:
            file.write(Body)
        return {"ETag": '"part"'}

    def complete_multipart_upload(
        self, *, Bucket: str, Key: str, UploadId: str, **_: Any
    ) -> dict[str, Any]:
        path = _path(self._home, Key)
        path.parent.mkdir(parents=True, exist_ok=True)
        self._uploads.pop(UploadId).replace(path)
        return {}

    def list_objects_v2(self, *, Bucket: str, Prefix: str, **_: Any) -> dict[str, Any]:
        root = self._home / "objects"
        keys = sorted(str(one.relative_to(root)) for one in root.rglob("*") if one.is_file())
        return {"Contents": [{"Key": key} for key in keys if key.startswith(Prefix)]}


# --- steps, each in a process of its own -----------------------------------------------------


def parse(*paths: Path) -> dict[str, Any]:
    """Reads every line and parses it: what all else is held against."""
    count = 0
    for path in paths:
        with path.open(encoding="utf-8") as file:
            for line in file:
                json.loads(line)
                count += 1
    return {"lines": count}


def merge(home: Path) -> dict[str, Any]:
    """The three final manifests."""
    jobs = []
    for index, (name, modality, source) in enumerate(
        [
            ("car", "BoundingBox", None),
            ("sign", "BoundingBox", None),
            ("sign-audit", "BoundingBoxAdjustment", "sign"),
        ]
    ):
        start = {"inputManifestS3Uri": f"s3://{BUCKET}/{START}"}
        output = f"s3://{BUCKET}/{OUTPUTS.get(name, OUTPUTS['sign-audit'])}"
        level = 2 if source else 1
        spec = {
            "jobName": name,
            "jobLevel": level,
            "jobModality": modality,
            "inputConfig": {"chainFromJobName": source} if source else start,
            "labelCategoryConfigS3Uri": f"s3://{BUCKET}/in/{name}.json",
        }
        jobs.append(
            JobRecord(
                batchId="b",
                jobName=name,
                level=level,
                index=index,
                spec=spec,
                sourceLevel=1 if source else None,
                status=JobStatus.COMPLETE,
                labelAttributeName=name,
                auditedAttributeName=source,
                outputManifestS3Uri=output,
            )
        )
    objects = S3ObjectStore(DiskS3(home))
    found = None
    while found is None:
        found = FinalManifest(objects, BUCKET, "b", 1, jobs, lambda: False).run()
    return {"lines": found.items, "accepted": found.accepted, "problem": found.problem}


def export(name: str, home: Path) -> dict[str, Any]:
    """One format, by the code of `terrace convert`."""
    place = _path(home, FINAL)
    if name == "yolo":
        place = home / "first.manifest"
    wanted = Wanted(("car", "sign-audit"))
    order = run.Order(FORMATS[name], home / f"out-{name}", wanted, "2026-11-21")
    documents = Documents(lambda: None)
    done = run.from_manifests([str(place)], order, documents, lambda *_: None)
    return {"lines": done.tally.items, "boxes": done.tally.written["box"]}


def deliver(name: str, home: Path, manifest: str = FINAL) -> dict[str, Any]:
    """One format, by the step of DeliverBatch: three passes over the manifest, and an upload."""
    finals = FinalManifests("b", 1.0, f"s3://{BUCKET}/{manifest}", None, None)
    folder = f"s3://{BUCKET}/batches/b/final/g1/exports/{name}/"
    found = write_export(
        ExportWanted(format=name),
        finals,
        objects=S3ObjectStore(DiskS3(home)),
        folder=folder,
        categories={},
        out_of_time=lambda: False,
    )
    return {"lines": found.items, "boxes": found.labels, "problem": found.problem}


def steps(home: Path) -> dict[str, Callable[[], dict[str, Any]]]:
    """Everything that is measured, by its name."""
    given = [_path(home, name) for name in (START, *OUTPUTS.values())]
    first = home / "first.manifest"
    return {
        "parse-inputs": lambda: parse(*given),
        "merge": lambda: merge(home),
        "parse-final": lambda: parse(_path(home, FINAL)),
        "coco": lambda: export("coco", home),
        "csv": lambda: export("csv", home),
        "deliver-coco": lambda: deliver("coco", home),
        "deliver-csv": lambda: deliver("csv", home),
        "parse-gated": lambda: parse(_path(home, GATED)),
        "gated-coco": lambda: deliver("coco", home, GATED),
        "gated-csv": lambda: deliver("csv", home, GATED),
        "parse-first": lambda: parse(first),
        "yolo": lambda: export("yolo", home),
    }


AGAINST = {
    "merge": "parse-inputs",
    "coco": "parse-final",
    "csv": "parse-final",
    "deliver-coco": "parse-final",
    "deliver-csv": "parse-final",
    "gated-coco": "parse-gated",
    "gated-csv": "parse-gated",
    "yolo": "parse-first",
}


def child(name: str, home: Path) -> None:
    """Runs a step and prints what it cost."""
    began = time.process_time()
    told = steps(home)[name]()
    used = time.process_time() - began
    usage = resource.getrusage(resource.RUSAGE_SELF)
    own = {"seconds": used, "system": usage.ru_stime, "peakMB": usage.ru_maxrss / 1024}
    print(json.dumps({**told, **own}))


def measure(name: str, home: Path) -> dict[str, Any]:
    """Runs a step in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.million_lines", "--child", name, "--home", str(home)],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def first_lines(home: Path, count: int) -> None:
    """As many lines of the final manifest as YOLO gets."""
    with _path(home, FINAL).open() as source, (home / "first.manifest").open("w") as made:
        for _, line in zip(range(count), source, strict=False):
            made.write(line)


def gated_lines(home: Path, count: int) -> None:
    """Lines of the final manifest, three of four as a gate before the review leaves them."""
    _path(home, GATED).parent.mkdir(parents=True, exist_ok=True)
    with _path(home, FINAL).open() as source, _path(home, GATED).open("w") as made:
        for number, line in zip(range(count), source, strict=False):
            data = json.loads(line)
            if number % 4:
                data["sign"] = data.pop("sign-audit")
                data["sign-metadata"] = data.pop("sign-audit-metadata")
                data["terrace"] = data.pop("terrace")
                lane = data["terrace"]["lanes"][1]
                lane["attribute"] = "sign"
                lane["history"][1] |= {
                    "what": "accepted without a look",
                    "gate": "accepted by the gate",
                    "changed": None,
                    "at": None,
                }
            made.write(_text(data))


def chosen_steps(only: list[str]) -> list[str]:
    """These steps, and those that they need, in order."""
    if not only:
        return list(steps(Path()))
    needed = {"merge", "parse-inputs", *only, *(AGAINST[one] for one in only if one in AGAINST)}
    return [name for name in steps(Path()) if name in needed]


def main() -> int:
    """Makes the batch, measures all steps, prints a table."""
    options = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    options.add_argument("--lines", type=int, default=1_000_000)
    options.add_argument("--home", type=Path, help="where files go, and stay")
    options.add_argument("--only", nargs="+", choices=AGAINST, default=[], help="which steps")
    options.add_argument("--child", help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.child:
        child(chosen.child, chosen.home)
        return 0
    home = chosen.home or Path(tempfile.mkdtemp(prefix="million-lines-"))
    failed = False
    try:
        make(home, chosen.lines)
        results: dict[str, dict[str, Any]] = {}
        print("| step | lines | us a line | of parsing | peak MB |\n|---|---|---|---|---|")
        for name in chosen_steps(chosen.only):
            if name == "parse-gated":
                gated_lines(home, min(chosen.lines, GATED_LINES))
            if name == "parse-first":
                first_lines(home, min(chosen.lines, YOLO_LINES))
            found = results[name] = measure(name, home)
            lines = chosen.lines if name == "parse-inputs" else found["lines"]
            ratio = ""
            if name in AGAINST:
                times = found["seconds"] / results[AGAINST[name]]["seconds"]
                ratio = f"{times:.2f}"
                # YOLO's files are made by the system, one by one: its ratio is told, not judged.
                failed |= name != "yolo" and times > RATIO
            failed |= found["peakMB"] >= PEAK_MB
            cost = found["seconds"] / max(lines, 1) * 1e6
            print(
                f"| {name} | {lines} | {cost:.1f} | {ratio} | {found['peakMB']:.0f} |", flush=True
            )
            if found.get("problem") or (name == "merge" and found["accepted"] != chosen.lines):
                print(f"not as it should be: {found}", file=sys.stderr)
                failed = True
    finally:
        if chosen.home is None:
            shutil.rmtree(home, ignore_errors=True)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
