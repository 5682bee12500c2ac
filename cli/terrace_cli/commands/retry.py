"""`terrace retry ID`: runs again what did not deliver."""

import click

from terrace_cli.client import Client
from terrace_cli.commands.watch import watch_to_end
from terrace_cli.errors import EXIT_FAILED
from terrace_cli.options import target_options
from terrace_cli.target import Choice, find_target


@click.command()
@click.argument("batch_id")
@click.option(
    "--job",
    "jobs",
    multiple=True,
    metavar="NAME",
    help="Only this job, and what depends on it; repeatable.  [default: all that did not deliver]",
)
@click.option("--watch", "watching", is_flag=True, help="Follow the batch until it ends.")
@target_options
def retry(batch_id: str, jobs: tuple[str, ...], watching: bool, choice: Choice) -> None:
    """Run the ended batch BATCH_ID again where it did not deliver, only for items without a label.

    Finished human work is never redone. Exit code 0 when it was accepted; with --watch, as
    `terrace watch`.
    """
    client = Client(find_target(choice))
    answer = client.retry(batch_id, jobs)
    click.echo(answer.get("message", ""))
    if not watching:
        return
    batch = watch_to_end(client, batch_id)
    raise SystemExit(0 if batch.status == "COMPLETE" else EXIT_FAILED)
