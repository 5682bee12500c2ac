"""`terrace watch ID`: follows a batch until it ends."""

import click

from terrace_cli.client import Client
from terrace_cli.delivered import end_lines
from terrace_cli.errors import EXIT_FAILED, EXIT_INTERRUPTED
from terrace_cli.options import target_options
from terrace_cli.render import error_lines
from terrace_cli.target import Choice, find_target
from terrace_cli.views import BatchView
from terrace_cli.watching import follow


@click.command()
@click.argument("batch_id")
@click.option(
    "--every",
    type=click.FloatRange(min=0.1),
    help="Seconds between looks.  [default: 0.7 local, 5 deployed]",
)
@click.option("--plain", is_flag=True, help="Line by line, also on a terminal.")
@target_options
def watch(batch_id: str, every: float | None, plain: bool, choice: Choice) -> None:
    """Follow the batch BATCH_ID: levels, jobs, items done, what it waits for.

    Exit code 0 when it ends COMPLETE, 1 when it ends otherwise. Ctrl-C ends the watching, not
    the batch.
    """
    client = Client(find_target(choice))
    batch = watch_to_end(client, batch_id, every=every, live=False if plain else None)
    for line in end_lines(batch.raw.get("outputs") or {}):
        click.echo(line)
    raise SystemExit(0 if batch.status == "COMPLETE" else EXIT_FAILED)


def watch_to_end(
    client: Client, batch_id: str, *, every: float | None = None, live: bool | None = None
) -> BatchView:
    """Follows a batch until it ends, says what was wrong with it, and returns it.

    Raises:
        SystemExit: 130 at Ctrl-C; the batch goes on.
    """
    try:
        batch = follow(client, batch_id, every=every, live=live)
    except KeyboardInterrupt:
        again = " ".join(filter(None, ("terrace watch", client.target.flags, batch_id)))
        click.echo(f"\nThe batch goes on. Look again with: {again}", err=True)
        raise SystemExit(EXIT_INTERRUPTED) from None
    for line in error_lines(batch.errors):
        click.echo(line, err=True)
    return batch
