"""Follows a batch until it ends: live on a terminal, line by line everywhere else."""

import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import click

from terrace_cli.client import Client
from terrace_cli.errors import ApiError, Unreachable
from terrace_cli.render import batch_lines, batch_panel, job_line
from terrace_cli.views import BatchView, batch_view
from terrace_cli.words import batch_waits_for

LOCAL_POLL_SECONDS = 0.7
REMOTE_POLL_SECONDS = 5.0
SILENCE_SECONDS = 300.0
"""How long the API may not answer before the watch gives up (the batch goes on without it)."""
GATHER_SECONDS = 900.0
"""How long the report and the final files of an ended batch are waited for."""


@dataclass(frozen=True)
class Look:
    """One look at a batch; `note` says why it is an old one."""

    batch: BatchView
    note: str = ""


def poll_seconds(client: Client) -> float:
    """How often to look: a local run is quick and costs nothing."""
    return LOCAL_POLL_SECONDS if client.target.local is not None else REMOTE_POLL_SECONDS


def looks(
    client: Client,
    batch_id: str,
    every: float,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[Look]:
    """Looks at a batch again and again; the last one is of its end, with all its files written.

    Once it has been seen, an API that does not answer is waited for, since the batch does not
    need us.

    Raises:
        ApiError, Unreachable: at the first look, or after a long silence.
    """
    last: BatchView | None = None
    heard = clock()
    ended: float | None = None
    while True:
        note = ""
        try:
            last = batch_view(client.show(batch_id))
            heard = clock()
        except (ApiError, Unreachable) as error:
            passing = isinstance(error, Unreachable) or error.status == 429 or error.status >= 500
            if last is None or not passing or clock() - heard > SILENCE_SECONDS:
                raise
            note = f"the API does not answer ({error}); still trying"
        yield Look(last, note)
        if last.ended and not note:
            ended = clock() if ended is None else ended
            if not last.gathering or clock() - ended > GATHER_SECONDS:
                return
        sleep(every)


def follow(
    client: Client, batch_id: str, *, every: float | None = None, live: bool | None = None
) -> BatchView:
    """Shows a batch until it ends and returns it as it ended.

    Args:
        client: Of the Terrace it runs in.
        batch_id: The batch.
        every: Seconds between looks; None chooses by the target.
        live: Redraw in place; None does where stdout is a terminal.
    """
    stream = looks(client, batch_id, poll_seconds(client) if every is None else every)
    if live is None:
        live = sys.stdout.isatty()
    return _live(stream) if live else _plain(stream)


def _live(stream: Iterator[Look]) -> BatchView:
    from rich.console import Console
    from rich.live import Live

    console = Console()
    look = next(stream)
    panel = batch_panel(look.batch, look.note, console.width)
    with Live(panel, console=console, auto_refresh=False) as screen:
        for look in stream:
            screen.update(batch_panel(look.batch, look.note, console.width), refresh=True)
    return look.batch


def _plain(stream: Iterator[Look]) -> BatchView:
    """Prints everything once and then only what changes."""
    said: dict[str, str] = {}
    waits = note = ""
    batch: BatchView | None = None
    for look in stream:
        if batch is None:
            click.echo("\n".join(batch_lines(look.batch)))
            said = {job.name: job_line(look.batch, job) for job in look.batch.jobs}
            waits = batch_waits_for(look.batch)
        batch = look.batch
        for job in batch.jobs:
            line = job_line(batch, job)
            if said.get(job.name) != line:
                said[job.name] = line
                click.echo(f"{time.strftime('%H:%M:%S')} {line}")
        now = batch_waits_for(batch)
        if now and now != waits:
            click.echo(f"{time.strftime('%H:%M:%S')} now: {now}")
        waits = now
        if look.note and look.note != note:
            click.echo(f"{time.strftime('%H:%M:%S')} {look.note}")
        note = look.note
    if batch is None:
        raise AssertionError("a stream of looks has at least one")
    why = f": {batch.failure}" if batch.failure else ""
    click.echo(f"batch {batch.batch_id} has ended: {batch.status}{why}")
    if batch.gathering:
        click.echo("its report and final files are not all written yet: look again later")
    return batch
