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
@click.option(
    "--draw",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Draw the labels there, with a contact sheet a lane, which the page links.",
)
@click.option("--open", "open_", is_flag=True, help="Open the page in a browser.")
@target_options
def report(
    *,
    batch_id: str,
    as_json: bool,
    html: Path | None,
    draw: Path | None,
    open_: bool,
    choice: Choice,
) -> None:
    """Report on the batch BATCH_ID: time, items, gates, findings, agreement, changes.

    Of a batch in progress, what is known so far. The page's plots and pictures are read from S3
    with your own credentials; where they cannot be read, the page says so.
    """
    from terrace_cli.report.lines import lines
    from terrace_cli.report.material import Material, s3_files, whole
    from terrace_cli.report.page import render
    from terrace_cli.report.words import shortened
    from terrace_cli.storage import storage_of

    if open_ and html is None:
        html = Path(f"report-{batch_id}.html")
    if draw is not None and html is None:
        raise click.UsageError("--draw is for a page: say which with --html FILE")
    if draw is not None and draw.exists() and any(draw.iterdir()):
        raise TerraceError(f"{draw} has files in it already", "name a new folder", EXIT_WRONG)
    fetch = s3_files(lambda: storage_of(choice).s3)
    found = whole(Client(find_target(choice)).report(batch_id), fetch)
    if html is not None:
        pictures = _drawn(batch_id, draw, html, choice) if draw is not None else ""
        page = render(Material(shortened(found), fetch), pictures)
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


def _drawn(batch_id: str, out: Path, page: Path, choice: Choice) -> str:
    """Draws the batch; what the page says of it."""
    from terrace_cli.convert.documents import Documents
    from terrace_cli.draw.sheets import drawn
    from terrace_cli.progress import Progress
    from terrace_cli.report.sheets import links
    from terrace_cli.storage import storage_of

    shown = Client(find_target(choice)).show(batch_id)
    with Progress() as step:
        return links(drawn(shown, out, Documents(lambda: storage_of(choice).s3), step), page)
