"""The course of a demo, from an empty machine to labels on disk, and back to an empty machine."""

import json
import os
import tempfile
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import click

from terrace_cli.client import Client
from terrace_cli.delivered import delivered_lines
from terrace_cli.demo.embedded import OwnAws
from terrace_cli.demo.messages import TopicListener, end_lines, is_end
from terrace_cli.demo.request import (
    LANES,
    VEHICLES,
    Material,
    demo_request,
    image_job,
    image_review,
    new_batch_id,
)
from terrace_cli.demo.results import LevelScore, copy_finals, score_lane
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
from terrace_cli.errors import EXIT_FAILED, TerraceError
from terrace_cli.report.page import page_of
from terrace_cli.views import BatchView, batch_view
from terrace_cli.watching import follow
from terrace_local.clip import Clip, make_clip, make_images, upload_clip
from terrace_local.clip import upload_images as upload_image_set

MESSAGE_SECONDS = 30.0
SEQUENCES, FRAMES = 3, 60


def run_demo(options: Options) -> int:
    """Runs the demo; returns the exit code: 0 only if the batch ended COMPLETE."""
    began = time.monotonic()
    batch_id = new_batch_id()
    home = options.folder.absolute() / "demo" / batch_id

    def wait(own: OwnAws) -> dict[str, Any]:
        _say(began, "starting an AWS on this machine, with the real template deployed to it")
        contract = own.wait_ready()
        _say(began, f"ready: AWS {contract['awsEndpoint']}, API {contract['apiUrl']}")
        return contract

    def course(contract: dict[str, Any], own: OwnAws | None) -> int:
        with tempfile.TemporaryDirectory(prefix="terrace-demo-") as scratch:
            return _Course(options, batch_id, home, Path(scratch), contract, own, began).run()

    posted = partial(posted_of, home, batch_id)
    return on_an_aws(options, home, course, posted=posted, wait=wait)


@dataclass(frozen=True)
class _Course:
    """The steps between a starting AWS and its end."""

    options: Options
    batch_id: str
    home: Path
    """Where request and results of this run are written."""
    scratch: Path
    contract: dict[str, Any]
    """Of the AWS that it runs on."""
    own: OwnAws | None
    """That AWS, where this run has started it."""
    began: float

    def run(self) -> int:
        """All steps in order; returns the exit code."""
        contract = self.contract
        s3, sns, sqs = clients(contract, "s3", "sns", "sqs")
        clip = self._clip(s3, contract["inputBucket"])
        listener = TopicListener(sns, sqs, contract["topicArn"], self.batch_id)
        try:
            return self._batch(Client(target_of(contract)), s3, listener, clip, contract)
        finally:
            if self.own is None or self.options.keep:
                listener.close()

    def _clip(self, s3: Any, bucket: str) -> Clip:
        base = f"s3://{bucket}/demo/{self.batch_id}/clip/"
        clip = make_clip(
            self.scratch / "clip", base, seed=self.options.seed, sequences=SEQUENCES, frames=FRAMES
        )
        count = upload_clip(s3, clip)
        self._say(
            f"made a clip of {SEQUENCES} sequences of {FRAMES} frames from real photographs and "
            f"uploaded it ({count} files)\n         to {base}"
        )
        return clip

    def _batch(
        self, client: Client, s3: Any, listener: TopicListener, clip: Clip, contract: dict[str, Any]
    ) -> int:
        request = demo_request(
            self.batch_id,
            {
                VEHICLES: Material(clip.manifest_uri, clip.vehicle_categories_uri),
                LANES: Material(clip.manifest_uri, clip.lane_categories_uri),
            },
        )
        if self.options.images:
            base = f"s3://{contract['inputBucket']}/demo/{self.batch_id}/images/"
            images = make_images(self.scratch / "images", base, seed=self.options.seed)
            upload_image_set(s3, images)
            material = Material(images.manifest_uri, images.categories_uri)
            request["labelingJobs"] += [
                image_job(self.batch_id, material),
                image_review(self.batch_id),
            ]
        self.home.mkdir(parents=True, exist_ok=True)
        file = request_file(self.home)
        file.write_text(json.dumps(request, indent=2) + "\n", encoding="utf-8")
        answer = client.create(json.dumps(request).encode())
        self._say(f"POST /batch/create: {answer.get('message')}")
        click.echo(f"  (the request: {relative(file)})\n")
        follow(client, self.batch_id)
        click.echo()
        messages = listener.until_end(MESSAGE_SECONDS)
        # Read again after its message: outputs are complete by then.
        batch = batch_view(client.show(self.batch_id))
        self._report(batch, messages, s3, clip, contract)
        self._report_page(client, s3)
        self._last_words(batch, contract)
        ended_well = batch.status == "COMPLETE" and any(is_end(row) for row in messages)
        return 0 if ended_well else EXIT_FAILED

    def _report(
        self,
        batch: BatchView,
        messages: list[dict[str, Any]],
        s3: Any,
        clip: Clip,
        contract: dict[str, Any],
    ) -> None:
        heading(f"Messages on the topic ({contract['topicArn']})")
        for message in messages:
            if not is_end(message):
                click.echo(f"  {message.get('message')}")
        ends = [message for message in messages if is_end(message)]
        for message in ends:
            click.echo("  the end message:")
            click.echo("\n".join(f"    {line}" for line in end_lines(message)))
        if not ends:
            click.echo(f"  no end message within {MESSAGE_SECONDS:.0f} s", err=True)
        scores = [
            row for lane in (VEHICLES, LANES) for row in score_lane(s3, batch, lane, clip.truths)
        ]
        if scores:
            heading("The labels against the hidden truth (an object in 60 frames is 60 labels)")
            click.echo("\n".join(score_lines(scores)))
        self._outputs(batch, s3)

    def _report_page(self, client: Client, s3: Any) -> None:
        """One line that says where the report is; the page stays when the demo's AWS is gone."""
        page = self.home / "report.html"
        try:
            page.write_text(page_of(client, self.batch_id, s3), encoding="utf-8")
        except TerraceError as error:
            click.echo(f"  no report: {error}", err=True)
            return
        click.echo(f"  The report, with plots and the worst frames: {relative(page)}")

    def _outputs(self, batch: BatchView, s3: Any) -> None:
        outputs = {batch.short(job.name): job.output for job in batch.jobs if job.output}
        heading("Outputs: one manifest a job; its lines hold the S3 URIs of the label files")
        base = os.path.commonpath(outputs.values()).replace(":/", "://", 1) if outputs else ""
        if len(outputs) > 1:
            click.echo(f"  {base}/")
        for name, uri in outputs.items():
            shown = uri.removeprefix(base).lstrip("/") or uri
            click.echo(f"    {name:<15} {shown.replace(self.batch_id, '<batch>')}")
        heading("Delivered: each item in exactly one manifest, with the label of every lane")
        for line in delivered_lines(batch.raw.get("outputs") or {}):
            click.echo(f"  {line}")
        place = self.home / "final"
        written = copy_finals(s3, batch, place)
        click.echo(f"  Manifests and labels of the last level ({len(written)} files) are now in")
        click.echo(f"    {relative(place)}/")

    def _last_words(self, batch: BatchView, contract: dict[str, Any]) -> None:
        took = time.monotonic() - self.began
        heading(f"{batch.status} after {took:.0f} s")
        if self.own is not None and not self.options.keep:
            click.echo("  To explore such a batch afterwards: terrace demo --keep")
            return
        click.echo(
            f"  It still runs. API {contract['apiUrl']}, AWS {contract['awsEndpoint']}\n"
            f"    terrace show {batch.batch_id}\n"
            f"    curl '{contract['apiUrl']}/batch/show?batchId={batch.batch_id}'\n"
            f"    aws --endpoint-url {contract['awsEndpoint']} s3 ls --recursive "
            f"s3://{contract['batchBucket']}/batches/{batch.batch_id}/\n"
            "    terrace local down"
        )

    def _say(self, text: str) -> None:
        _say(self.began, text)


def _say(began: float, text: str) -> None:
    click.echo(f"[{time.monotonic() - began:4.1f} s] {text}")


def score_lines(rows: list[LevelScore]) -> list[str]:
    """The scores as a small table, and what the audits found."""
    head = ("lane", "level", "labels", "of", "missing", "extra", "class", "drawn badly", "errors")
    widths = (8, 10, 7, 6, 8, 6, 6, 12, 7)
    lines = ["  " + "".join(f"{cell:<{width}}" for cell, width in zip(head, widths, strict=True))]
    names = {1: "1 label", 2: "2 audit", 3: "3 adjust"}
    for row in rows:
        score = row.score
        cells = (
            row.lane,
            names.get(row.level, str(row.level)),
            score.labels,
            score.truth,
            score.missing,
            score.extra,
            score.wrong_class,
            score.badly_drawn,
            score.errors,
        )
        lines.append(
            "  " + "".join(f"{cell!s:<{width}}" for cell, width in zip(cells, widths, strict=True))
        )
    for row in rows:
        if row.level == 2 and (row.score.judged_fail or row.score.wrong_labels):
            lines.append(
                f"  the {row.lane} audit said Fail {row.score.judged_fail} times and found "
                f"{row.score.found} of {row.score.wrong_labels} wrong labels"
            )
    return lines
