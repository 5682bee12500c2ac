"""`terrace demo --modality NAMES|all`: the example batches of some modalities, or of every one.

Of each batch's first job one item fails in the first attempt: nobody takes it in time, as happens
with people. Terrace labels it in a second attempt, so the batch can end COMPLETE; the failed line
stays in the first attempt's output. The people of this demo make and find many errors (error mix
`examples`), so that a review changes something.
"""

import json
import secrets
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.request import ProxyHandler, Request, build_opener

import click

from terrace_cli.client import Client
from terrace_cli.demo.embedded import OwnAws
from terrace_cli.demo.examples import (
    NAMES,
    example_request,
    first_jobs,
    reviews_of,
    sample_base,
)
from terrace_cli.demo.outcome import Outcome, look_at
from terrace_cli.demo.stage import (
    Options,
    clients,
    heading,
    on_an_aws,
    target_of,
)
from terrace_cli.errors import EXIT_FAILED, EXIT_WRONG, ApiError, TerraceError
from terrace_cli.views import BatchView, batch_view
from terrace_local.samples import make_sample, variants

ERROR_MIX = "examples"
LONGEST_SECONDS = 900.0
LOOK_SECONDS = 1.0
LABELED_AT_FIRST = 0.67
"""Share of the items that the first attempt labels: two of three."""


def chosen(names: str) -> list[str]:
    """The base modalities that are asked for: `all`, or names of them or of their reviews.

    Args:
        names: Separated by commas.

    Raises:
        TerraceError: there is none of that name.
    """
    if names.lower() == "all":
        return list(NAMES)
    bases = {}
    for base in NAMES:
        for known in (base, *(row.name for row in reviews_of(base))):
            bases[known.lower()] = base
    found = []
    for name in names.split(","):
        base = bases.get(name.strip().lower())
        if base is None:
            known = ", ".join(NAMES)
            raise TerraceError(
                f"there is no modality {name.strip()}", f"there are {known}, and all", EXIT_WRONG
            )
        found.append(base)
    return list(dict.fromkeys(found))


def run_modalities(options: Options) -> int:
    """Runs the example batches; the exit code is 0 only if every one is all it should be."""
    names = chosen(options.modality or "all")
    # Short: Terrace allows 60 characters for a job's name, and modalities have long ones.
    run_id = f"ex-{secrets.token_hex(3)}"
    home = options.folder.absolute() / "demo" / run_id
    running: list[_Running] = []

    def course(contract: dict[str, Any], own: OwnAws | None) -> int:
        return _Show(
            options, run_id, names, contract, home, own_people=own is not None, running=running
        ).run()

    def posted() -> list[str]:
        return [one.batch_id for one in running if not one.over]

    return on_an_aws(options, home, course, posted=posted)


@dataclass
class _Running:
    modality: str
    batch_id: str
    began: float
    said: str = ""
    ended: BatchView | None = None
    seconds: float = 0.0
    refusal: list[str] = field(default_factory=list)

    @property
    def over(self) -> bool:
        return self.ended is not None or bool(self.refusal)


@dataclass
class _Show:
    """All batches of one run."""

    options: Options
    run_id: str
    names: list[str]
    contract: dict[str, Any]
    home: Path
    own_people: bool
    """Whether the simulated people are this demo's, and so make errors for sure."""
    running: list[_Running]
    """Filled as they are posted."""

    def run(self) -> int:
        """All steps in order; returns the exit code."""
        s3, sagemaker = clients(self.contract, "s3", "sagemaker")
        client = Client(target_of(self.contract))
        for name in self.names:
            self._begin(client, s3, name)
        self._follow(client)
        outcomes = [self._outcome(s3, sagemaker, one) for one in self.running]
        _print(outcomes)
        return 0 if all(outcome.good for outcome in outcomes) else EXIT_FAILED

    def _begin(self, client: Client, s3: Any, modality: str) -> None:
        batch_id = f"{self.run_id}-{modality}"
        samples = f"s3://{self.contract['inputBucket']}/demo/{self.run_id}/"
        files = 0
        for variant in variants(modality):
            base = sample_base(samples, modality, variant)
            sample = make_sample(modality, base, variant=variant, seed=self.options.seed)
            files += sample.upload(s3)
        for job in first_jobs(modality, batch_id):
            self._let_one_fail(job)
        request = example_request(modality, batch_id, samples)
        self.home.mkdir(parents=True, exist_ok=True)
        (self.home / f"{modality}.request.json").write_text(
            json.dumps(request, indent=2) + "\n", encoding="utf-8"
        )
        one = _Running(modality, batch_id, time.monotonic())
        self.running.append(one)
        try:
            client.create(json.dumps(request).encode())
        except ApiError as error:
            one.refusal = [f"{row.path}: {row.problem}" for row in error.errors] or [str(error)]
            click.echo(f"{modality:<30} refused", err=True)
            return
        jobs = len(request["labelingJobs"])
        click.echo(f"{modality:<30} posted: {jobs} jobs, {files} files of sample data")

    def _let_one_fail(self, job: str) -> None:
        """The first attempt of a job labels all items but one, whose line fails."""
        rule = {"match": job, "status": "Completed", "labeled": LABELED_AT_FIRST, "times": 1}
        url = f"{self.contract['awsEndpoint']}/_terrace/outcomes"
        headers = {"Content-Type": "application/json"}
        request = Request(url, json.dumps(rule).encode(), headers, method="POST")
        # A proxy of the environment cannot reach this machine's loopback.
        with build_opener(ProxyHandler({})).open(request, timeout=10) as answer:
            answer.read()

    def _follow(self, client: Client) -> None:
        deadline = time.monotonic() + LONGEST_SECONDS
        while time.monotonic() < deadline:
            for one in self.running:
                if one.over:
                    continue
                batch = batch_view(client.show(one.batch_id))
                said = _progress(batch)
                if said != one.said:
                    click.echo(f"{one.modality:<30} {said}")
                    one.said = said
                if batch.ended:
                    one.ended, one.seconds = batch, time.monotonic() - one.began
            if all(one.over for one in self.running):
                return
            time.sleep(LOOK_SECONDS)

    def _outcome(self, s3: Any, sagemaker: Any, one: _Running) -> Outcome:
        if one.refusal:
            return Outcome(one.modality, "refused", missing=one.refusal)
        if one.ended is None:
            return Outcome(one.modality, f"not over after {LONGEST_SECONDS:.0f} s")
        bucket = self.contract["batchBucket"]
        outcome = look_at(
            s3,
            sagemaker,
            one.ended,
            modality=one.modality,
            bucket=bucket,
            seconds=one.seconds,
        )
        outcome.missing += [
            f"{job.name} is {job.status}: {job.failure}"
            for job in one.ended.jobs
            if job.status != "COMPLETE"
        ]
        outcome.missing += [f"{row.path}: {row.problem}" for row in one.ended.errors]
        if one.ended.failure:
            outcome.missing.append(one.ended.failure)
        if not outcome.report.failed:
            outcome.missing.append("no item failed")
        if self.own_people and len(one.ended.levels) > 1 and not outcome.changed:
            outcome.missing.append("no review changed anything")
        return outcome


def _progress(batch: BatchView) -> str:
    jobs = ", ".join(
        f"{batch.short(job.name)} {job.status}" + (f" (attempt {job.attempt})"
                                                     if job.attempt > 1 else "")
        for job in batch.jobs
        if job.status not in ("PENDING", "STARTING")
    )  # fmt: skip
    return f"{batch.status}: {jobs}" if not batch.ended else batch.status


def _print(outcomes: list[Outcome]) -> None:
    heading("What came of it (every file of every labeling job was read by an independent check)")
    head = ("modality", "batch", "jobs", "failed", "changed", "labels", "files", "shapes", "s")
    widths = (31, 22, 5, 7, 8, 7, 6, 12, 4)
    click.echo("  " + "".join(f"{cell:<{w}}" for cell, w in zip(head, widths, strict=True)))
    for row in outcomes:
        problems = len(row.report.problems)
        reviewed = any(review.base == row.modality for review in reviews_of(row.modality))
        cells = (
            row.modality,
            row.status,
            row.jobs,
            row.report.failed,
            row.changed if reviewed or row.modality == "Custom" else "-",
            sum(row.report.labels.values()),
            row.report.files,
            "all right" if not problems else f"{problems} wrong",
            f"{row.seconds:.0f}",
        )
        line = "".join(f"{cell!s:<{w}}" for cell, w in zip(cells, widths, strict=True))
        click.secho(f"  {line}", fg=None if row.good else "red")
    for row in outcomes:
        for text in (*row.missing, *row.report.problems[:10]):
            click.echo(f"  {row.modality}: {text}", err=True)
    good = sum(row.good for row in outcomes)
    click.echo(f"\n  {good} of {len(outcomes)} are COMPLETE with every file as it should be.")
