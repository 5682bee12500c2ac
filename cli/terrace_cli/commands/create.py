"""`terrace create FILE`: posts a batch and waits until people can start."""

import time
from typing import BinaryIO

import click

from terrace_cli.client import Client
from terrace_cli.errors import EXIT_FAILED, EXIT_INTERRUPTED, EXIT_WRONG, TerraceError
from terrace_cli.options import target_options
from terrace_cli.render import error_lines
from terrace_cli.target import Choice, find_target
from terrace_cli.views import BatchView
from terrace_cli.watching import looks, poll_seconds
from terrace_cli.words import batch_waits_for


@click.command()
@click.argument("file", type=click.File("rb"))
@click.option(
    "--wait/--no-wait",
    default=True,
    show_default=True,
    help="Wait until the first labeling job exists, or validation has failed.",
)
@click.option(
    "--timeout",
    type=click.FloatRange(min=0),
    default=900.0,
    show_default=True,
    help="How many seconds to wait at most; the batch goes on after that.",
)
@target_options
def create(file: BinaryIO, wait: bool, timeout: float, choice: Choice) -> None:
    """Create a batch from the JSON request in FILE (- is stdin).

    Prints the batch's id on stdout, everything else on stderr. Exit code 2: the request was
    refused, or validation failed; every problem is listed with what would be right.
    """
    body = file.read()
    if not body.strip():
        raise TerraceError(
            "the request is empty", "it is the body of POST /batch/create", EXIT_WRONG
        )
    client = Client(find_target(choice))
    answer = client.create(body)
    batch_id = str(answer.get("batchId", ""))
    click.echo(batch_id)
    if not wait:
        return
    again = " ".join(filter(None, ("terrace watch", client.target.flags, batch_id)))
    try:
        batch = _until_started(client, batch_id, timeout)
    except KeyboardInterrupt:
        click.echo(f"\nThe batch goes on. Look again with: {again}", err=True)
        raise SystemExit(EXIT_INTERRUPTED) from None
    raise SystemExit(_closing_words(batch, again))


def _until_started(client: Client, batch_id: str, timeout: float) -> BatchView:
    """The batch once a labeling job of it exists or it has ended; as it is, after the time."""
    deadline = time.monotonic() + timeout
    said = ""
    for look in looks(client, batch_id, poll_seconds(client)):
        batch = look.batch
        if batch.created_any or batch.ended or time.monotonic() > deadline:
            return batch
        now = look.note or batch_waits_for(batch)
        if now != said:
            click.echo(f"{now} ...", err=True)
        said = now
    raise AssertionError("a stream of looks ends with the end of its batch")


def _closing_words(batch: BatchView, again: str) -> int:
    for line in error_lines(batch.warnings):
        click.echo(f"warning:{line}", err=True)
    if batch.status == "VALIDATION_FAIL":
        click.secho("the batch is not valid; no labeling job was created:", fg="red", err=True)
        for line in error_lines(batch.errors) or [f"  {batch.failure}"]:
            click.echo(line, err=True)
        if batch.raw.get("errorsS3Uri"):
            click.echo(f"  all of them: {batch.raw['errorsS3Uri']}", err=True)
        return EXIT_WRONG
    if batch.ended:
        why = f": {batch.failure}" if batch.failure else ""
        click.echo(f"the batch has ended already: {batch.status}{why}", err=True)
        return 0 if batch.status == "COMPLETE" else EXIT_FAILED
    if not batch.created_any:
        click.echo(f"no labeling job yet; the batch goes on. Look with: {again}", err=True)
        return EXIT_FAILED
    begun = [job.name for job in batch.jobs if job.status not in ("PENDING", "STARTING")]
    names = ", ".join(begun[:5]) + (" ..." if len(begun) > 5 else "")
    click.echo(f"labeling has begun: {names}\nFollow it with: {again}", err=True)
    return 0
