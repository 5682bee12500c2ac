"""`terrace stop ID`: starts nothing new, and stops what runs or lets it finish."""

import click

from terrace_cli.client import Client
from terrace_cli.commands.watch import watch_to_end
from terrace_cli.errors import EXIT_FAILED
from terrace_cli.options import target_options
from terrace_cli.target import Choice, find_target
from terrace_cli.views import BATCH_ENDED


@click.command()
@click.argument("batch_id")
@click.option("--drain", is_flag=True, help="Let the labeling jobs that run finish.")
@click.option("--wait", is_flag=True, help="Follow the batch until it has ended.")
@target_options
def stop(batch_id: str, drain: bool, wait: bool, choice: Choice) -> None:
    """Stop the batch BATCH_ID: nothing new starts, and what people have labeled is kept.

    Safe at any moment, and repeatable; `terrace retry` goes on with it later. Exit code 0 when
    that is accepted; with --wait, 1 when the batch ends otherwise than STOPPED or COMPLETE.
    """
    client = Client(find_target(choice))
    answer = client.stop(batch_id, drain=drain)
    click.echo(answer.get("message", ""))
    if not wait or answer.get("status") in BATCH_ENDED:
        return
    batch = watch_to_end(client, batch_id)
    raise SystemExit(0 if batch.status in {"STOPPED", "COMPLETE"} else EXIT_FAILED)
