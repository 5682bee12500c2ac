"""`terrace show`: one batch, or all of them."""

import json
import sys
from typing import Any

import click

from terrace_cli.client import Client
from terrace_cli.delivered import delivered_lines
from terrace_cli.options import target_options
from terrace_cli.render import STYLES, batch_lines, batch_panel, error_lines
from terrace_cli.target import Choice, find_target
from terrace_cli.views import BATCH_ENDED, BatchView, batch_view

PAGE = 100


@click.command()
@click.argument("batch_id", required=False)
@click.option("--json", "as_json", is_flag=True, help="The API's own answer.")
@click.option(
    "--status",
    type=click.Choice(["IN_PROGRESS", *sorted(BATCH_ENDED)], case_sensitive=False),
    help="Only batches with this status (without BATCH_ID).",
)
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    default=50,
    show_default=True,
    help="At most so many batches (without BATCH_ID).",
)
@target_options
def show(
    batch_id: str | None, as_json: bool, status: str | None, limit: int, choice: Choice
) -> None:
    """Show the batch BATCH_ID with all of its jobs, or list the batches."""
    if batch_id and status:
        raise click.UsageError("--status is for the list; leave BATCH_ID out, or --status.")
    client = Client(find_target(choice))
    if batch_id:
        answer = client.show(batch_id)
        if as_json:
            click.echo(json.dumps(answer, indent=2))
        else:
            _one(batch_view(answer))
        return
    listing = _list(client, status, limit)
    if as_json:
        click.echo(json.dumps(listing, indent=2))
    else:
        _many(listing["batches"], bool(listing.get("nextToken")), limit)


def _one(batch: BatchView) -> None:
    if sys.stdout.isatty():
        from rich.console import Console

        console = Console()
        console.print(batch_panel(batch, width=console.width))
    else:
        click.echo("\n".join(batch_lines(batch)))
    for title, rows in (("errors", batch.errors), ("warnings", batch.warnings)):
        if rows:
            click.echo(f"{title}:")
            click.echo("\n".join(error_lines(rows)))
    if batch.raw.get("deletedAt"):
        click.echo(f"its data was deleted at {batch.raw['deletedAt']}: no file of it is left")
        return
    outputs = [job for job in batch.jobs if job.output]
    if outputs:
        click.echo("outputs:")
    for job in outputs:
        click.echo(f"  {job.name} [{job.attribute}]\n    {job.output}")
    delivered = delivered_lines(batch.raw.get("outputs") or {})
    if delivered:
        click.echo("delivered:")
        click.echo("\n".join(f"  {line}" for line in delivered))


def _list(client: Client, status: str | None, limit: int) -> dict[str, Any]:
    """Pages through the list until `limit` batches are there; keys as in the API's answer."""
    wanted = status.upper() if status else None
    merged: dict[str, Any] = {"batches": []}
    token: str | None = None
    while True:
        room = limit - len(merged["batches"])
        page = client.list_batches(wanted, min(room, PAGE), token)
        for key, value in page.items():
            if isinstance(value, list):
                merged.setdefault(key, []).extend(value)
        token = page.get("nextToken")
        merged["nextToken"] = token
        if not token or len(merged["batches"]) >= limit:
            return merged


def _many(batches: list[dict[str, Any]], more: bool, limit: int) -> None:
    if not batches:
        click.echo("no batches")
        return
    width = max(len(str(row.get("batchId", ""))) for row in batches)
    for row in batches:
        status = str(row.get("status", ""))
        colour = STYLES.get(status, "").replace("bold ", "")
        shown = click.style(f"{status:<20}", fg=colour if colour not in ("", "dim") else None)
        click.echo(f"{row.get('batchId', ''):<{width}}  {shown}  {row.get('createdAt', '')}")
    if more:
        click.echo(f"there are more than these {len(batches)}: --limit {limit * 2}", err=True)
