"""`terrace ui preview`: what workers will see, before anything is created."""

from pathlib import Path
from typing import BinaryIO

import click

from terrace_cli.errors import EXIT_WRONG, TerraceError
from terrace_cli.options import s3_options
from terrace_cli.s3 import client_of
from terrace_cli.target import Choice


@click.group()
def ui() -> None:
    """Worker pages."""


@ui.command()
@click.argument("file", type=click.File("rb"), metavar="REQUEST")
@click.option("--job", "name", help="Name of the job; needed where the request has several.")
@click.option(
    "--item",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="Which item of the manifest, counted from 1.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The page to write.  [default: preview-JOB-ITEM.html]",
)
@click.option("--manifest", help="Items: a file or S3 URI.  [default: the job's input manifest]")
@click.option("--categories", help="Label category file: a file or S3 URI.  [default: the job's]")
@click.option("--template", help="Worker page: a file or S3 URI.  [default: the job's]")
@click.option("--attribute", help="The label under review.  [default: that of the chain]")
@s3_options
def preview(
    *,
    file: BinaryIO,
    name: str | None,
    item: int,
    out: Path | None,
    manifest: str | None,
    categories: str | None,
    template: str | None,
    attribute: str | None,
    choice: Choice,
) -> None:
    """Show the page that workers get for one item of a job of REQUEST (- is stdin).

    Reads the manifest, the category file and the item with your own AWS credentials (or from the
    local run of this folder) and writes one HTML page. Creates nothing. Pictures are put into the
    page; videos and large pictures are linked, for an hour, by whoever has the page.
    """
    from terrace_cli.preview.files import Files
    from terrace_cli.preview.job import Overrides, find
    from terrace_cli.preview.page import render

    files = Files(lambda: client_of(choice))
    job = find(file.read(), name, Overrides(manifest, categories, template, attribute), files)
    text = render(job, item, files)
    path = out or Path(f"preview-{job.spec.jobName}-{item}.html")
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise TerraceError(
            f"cannot write {path}: {error.strerror}", exit_code=EXIT_WRONG
        ) from error
    click.echo(path)
    if job.spec.preHumanTaskLambdaArn:
        click.echo(
            "note: the job's own pre-annotation function was not asked; the page was given what "
            "Terrace's own gives",
            err=True,
        )
    if files.linked:
        click.echo("note: the page has links that work for an hour, for whoever has it", err=True)
