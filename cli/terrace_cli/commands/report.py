"""`terrace report`: what a batch's levels did, as a table, as JSON, or as a page."""

import json
from pathlib import Path

import click

from terrace_cli.client import Client
from terrace_cli.errors import EXIT_WRONG, TerraceError
from terrace_cli.options import target_options
from terrace_cli.target import Choice, find_target


@click.command()
@click.argument("batch_id")
@click.option("--json", "as_json", is_flag=True, help="The report itself.")
@click.option(
    "--html",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write one page that needs nothing else, with plots and the worst frames.",
)
@click.option("--open", "open_", is_flag=True, help="Open the page in a browser.")
@target_options
def report(*, batch_id: str, as_json: bool, html: Path | None, open_: bool, choice: Choice) -> None:
    """Report on the batch BATCH_ID: time, items, gates, findings, agreement, changes.

    Of a batch in progress, what is known so far. The page's plots and pictures are read from S3
    with your own credentials; where they cannot be read, the page says so.
    """
    from terrace_cli.report.lines import lines
    from terrace_cli.report.material import Material, s3_files, whole
    from terrace_cli.report.page import render
    from terrace_cli.report.words import shortened
    from terrace_cli.storage import storage_of

    fetch = s3_files(lambda: storage_of(choice).s3)
    found = whole(Client(find_target(choice)).report(batch_id), fetch)
    if open_ and html is None:
        html = Path(f"report-{batch_id}.html")
    if html is not None:
        page = render(Material(shortened(found), fetch))
        try:
            html.write_text(page, encoding="utf-8")
        except OSError as error:
            raise TerraceError(
                f"cannot write {html}: {error.strerror}", exit_code=EXIT_WRONG
            ) from error
    if as_json:
        click.echo(json.dumps(found, indent=2))
    else:
        click.echo("\n".join(lines(shortened(found))))
        if html is not None:
            click.echo(f"\nthe page: {html}")
    if open_ and html is not None:
        click.launch(html.resolve().as_uri())
