"""`terrace demo --gate`: what a gate sends to people, and what they find of all there is to find.

People label the clip and slip now and then (error mix `slips`). Their labels are reviewed twice:
by a job that sees every frame, for comparison, and by one behind a gate that cuts clips out of at
most a quarter of the frames.
"""

import json
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from terrace_cli.client import Client
from terrace_cli.demo.embedded import OwnAws
from terrace_cli.demo.gated_batch import (
    FULL,
    GATED,
    KINDS,
    LABEL,
    Drawn,
    changes,
    drawn_in,
    gated_request,
)
from terrace_cli.demo.request import new_batch_id
from terrace_cli.demo.results import read_manifest, read_s3
from terrace_cli.demo.stage import (
    Options,
    clients,
    heading,
    on_an_aws,
    posted_of,
    relative,
    request_file,
    target_of,
)
from terrace_cli.errors import EXIT_FAILED
from terrace_cli.views import BatchView, JobView, batch_view
from terrace_cli.watching import follow
from terrace_local.clip import make_clip, upload_clip

ERROR_MIX = "slips"
SEQUENCES, FRAMES = 3, 60
BUDGET, CONTEXT = 25.0, 2
SHOWN = 12
"""Frames whose findings are printed; all are in the file."""


def run_gated(options: Options) -> int:
    """Runs the demo; the exit code is 0 only if the batch ended COMPLETE, within its budget."""
    batch_id = new_batch_id()
    home = options.folder.absolute() / "demo" / batch_id

    def course(contract: dict[str, Any], _own: OwnAws | None) -> int:
        with tempfile.TemporaryDirectory(prefix="terrace-demo-") as scratch:
            return _Course(options, batch_id, home, Path(scratch), contract).run()

    return on_an_aws(options, home, course, posted=lambda: posted_of(home, batch_id))


@dataclass(frozen=True)
class _Course:
    """The steps of one run."""

    options: Options
    batch_id: str
    home: Path
    scratch: Path
    contract: dict[str, Any]

    def run(self) -> int:
        """All steps in order; returns the exit code."""
        began = time.monotonic()
        (s3,) = clients(self.contract, "s3")
        base = f"s3://{self.contract['inputBucket']}/demo/{self.batch_id}/clip/"
        clip = make_clip(
            self.scratch / "clip", base, seed=self.options.seed, sequences=SEQUENCES, frames=FRAMES
        )
        upload_clip(s3, clip)
        request = gated_request(
            self.batch_id,
            clip.manifest_uri,
            clip.vehicle_categories_uri,
            budget=BUDGET,
            context=CONTEXT,
        )
        self.home.mkdir(parents=True, exist_ok=True)
        file = request_file(self.home)
        file.write_text(json.dumps(request, indent=2) + "\n", encoding="utf-8")
        client = Client(target_of(self.contract))
        click.echo(f"{client.create(json.dumps(request).encode()).get('message')}")
        click.echo(f"  (the request: {relative(file)})\n")
        follow(client, self.batch_id)
        batch = batch_view(client.show(self.batch_id))
        within = self._report(batch, s3) if batch.status == "COMPLETE" else False
        heading(f"{batch.status} after {time.monotonic() - began:.0f} s")
        return 0 if within else EXIT_FAILED

    def _report(self, batch: BatchView, s3: Any) -> bool:
        """Prints what the gate did and what people found; whether it kept to the budget."""
        jobs = {job.name.removeprefix(f"{self.batch_id}-"): job for job in batch.jobs}
        gate = raw_job(batch, jobs[GATED].name).get("gate") or {}
        total = SEQUENCES * FRAMES
        shown = int(gate.get("selectedFrames") or 0)
        heading("What the gate flagged")
        _print_findings(s3, gate)
        heading("What went to people")
        click.echo(
            f"  {jobs[GATED].items or 0} clips with {shown} of {total} frames "
            f"({shown / total:.0%}, budget {BUDGET:.0f} %): "
            f"{total - shown} frames need not be paid for"
        )
        before = self._labels(s3, jobs[LABEL])
        full = changes(before, self._labels(s3, jobs[FULL]))
        found = full & changes(before, self._labels(s3, jobs[GATED], whole=True))
        heading("What people found: errors that they repaired, one object in one frame each")
        click.echo(f"  {'':<11}{'of a full review':>17}{'of the clips':>14}")
        every, some = (Counter(error[2] for error in errors) for errors in (full, found))
        for kind in KINDS:
            if every[kind]:
                click.echo(f"  {kind:<11}{every[kind]:>17}{some[kind]:>14}")
        share = f" ({len(found) / len(full):.0%})" if full else ""
        click.echo(f"  {'all':<11}{len(full):>17}{len(found):>14}{share}")
        return shown <= total * BUDGET / 100

    def _labels(self, s3: Any, job: JobView, *, whole: bool = False) -> Drawn:
        """The labels after a job; those of a review of clips are in the manifest of whole items."""
        uri = job.output or ""
        if whole:
            bucket = self.contract["batchBucket"]
            folder = f"s3://{bucket}/batches/{self.batch_id}/outputs/{job.name}"
            uri = f"{folder}/whole/output.manifest"
        found: Drawn = {}
        for number, line in enumerate(read_manifest(s3, uri)):
            attribute = job.attribute if job.attribute in line else f"{self.batch_id}-{LABEL}-ref"
            labels = json.loads(read_s3(s3, line[attribute]))
            class_map = line[f"{attribute}-metadata"]["class-map"]
            found.update(drawn_in(number, labels, class_map))
        return found


def raw_job(batch: BatchView, name: str) -> dict[str, Any]:
    """A job as `GET /batch/show` gives it."""
    for value in batch.raw.values():
        rows = value.get("jobLevels") if isinstance(value, dict) else None
        for row in rows or []:
            if row.get("labelingJobName") == name:
                return dict(row)
    return {}


def _print_findings(s3: Any, gate: dict[str, Any]) -> None:
    counts = ", ".join(f"{name} {count}" for name, count in sorted(gate.get("byCheck", {}).items()))
    click.echo(f"  {gate.get('findings', 0)} findings: {counts or 'none'}")
    uri = gate.get("findingsS3Uri")
    rows = read_manifest(s3, uri) if uri else []
    # What several checks say of one frame is told once, the worst of it.
    frames = {(row["item"], row["frameNo"]): row for row in reversed(rows)}
    for (item, _), row in list(reversed(frames.items()))[:SHOWN]:
        click.echo(f"    sequence {item + 1}: {row['sentence']}")
    click.echo(f"    all of them, worst first: {uri}")
