"""`terrace draw`: labels on their images, to look at."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from terrace_cli.errors import EXIT_WRONG, TerraceError
from terrace_cli.options import printable, target_options
from terrace_cli.progress import Progress
from terrace_cli.target import Choice, find_target

if TYPE_CHECKING:
    from terrace_cli.convert.documents import Documents
    from terrace_cli.draw.run import Done, Order

SHOWN_MAX = 3


@click.command()
@click.argument("place", metavar="MANIFEST|BATCH_ID")
@click.option(
    "--attribute",
    "attributes",
    multiple=True,
    help="Label attribute; may be repeated.  [default: the only one]",
)
@click.option(
    "--out", type=click.Path(path_type=Path), required=True, help="A new or empty folder."
)
@click.option("--limit", type=click.IntRange(min=1), help="Draw only so many, the first ones.")
@click.option(
    "--contact-sheet",
    "sheet",
    type=click.Path(path_type=Path, dir_okay=False),
    help="All of them small on one picture (.png or .jpg), at most 200.",
)
@click.option(
    "--categories", metavar="FILE", help="Label category file: order, colours and rig are its."
)
@click.option(
    "--copy",
    "copies",
    multiple=True,
    metavar="S3FOLDER=DIR",
    help="A local copy, read instead of S3; may be repeated.",
)
@click.option(
    "--side",
    type=click.IntRange(200, 10_000),
    default=1600,
    show_default=True,
    help="Longest side of a picture, pixels; larger images are made smaller.",
)
@click.option(
    "--font",
    type=click.Path(path_type=Path, dir_okay=False),
    help="A TTF or OTF file, where class names need other letters.",
)
@click.option(
    "--job",
    "jobs",
    multiple=True,
    help="Of a batch: this job's output; may be repeated.  [default: the last of each lane]",
)
@target_options
def draw(
    *,
    place: str,
    attributes: tuple[str, ...],
    out: Path,
    limit: int | None,
    sheet: Path | None,
    categories: str | None,
    copies: tuple[str, ...],
    side: int,
    font: Path | None,
    jobs: tuple[str, ...],
    choice: Choice,
) -> None:
    """Draw the labels of a manifest (a file or S3 URI), or of a batch's outputs.

    Boxes, polygons, lines, keypoints, masks, classes, named entities; cuboids from above. Each
    class has one colour: that of the category file, or one by its id. OUT appears when all is
    drawn. Of a batch, the outputs of the last job of each lane are drawn, with its category file;
    of several jobs, each gets a folder in OUT, and one without any label is left out.
    """
    from terrace_cli.commands.data_set_options import copy_of
    from terrace_cli.convert.documents import Documents
    from terrace_cli.convert.run import code_of
    from terrace_cli.draw.batch import Part, parts
    from terrace_cli.draw.run import Order, run

    batch = not place.startswith("s3://") and not Path(place).exists()
    if jobs and not batch:
        raise click.UsageError("--job is for batches")
    chosen = parts(_shown(place, choice), jobs) if batch else [Part("", place, (), None)]
    documents = Documents(_s3(choice, batch), [copy_of(one) for one in copies])
    many = len(chosen) > 1
    bare = 0
    for part in chosen:
        config = _config(documents, categories or part.categories)
        order = Order(
            part.place,
            attributes or part.attributes,
            out / part.job if many else out,
            sheet.with_stem(f"{sheet.stem}-{part.job}") if sheet is not None and many else sheet,
            limit,
            config,
            font,
            side,
        )
        try:
            with Progress() as step:
                done = run(order, documents, step)
        except TerraceError as error:
            bare += 1
            if bare == len(chosen) or code_of(error) != "ATTRIBUTE_ABSENT":
                raise
            click.echo(printable(f"{part.job}: not drawn, it has no label: {error}"), err=True)
            continue
        _say(order, done)


def _config(documents: "Documents", place: str | None) -> Any:
    if place is None:
        return None
    config = documents.json(place)
    if not isinstance(config, dict):
        raise TerraceError(f"{place} is no label category file", '{"labels": [...]}', EXIT_WRONG)
    return config


def _say(order: "Order", done: "Done") -> None:
    of = f" of {done.whole:,}" if done.drawn < done.whole else ""
    click.echo(f"{order.out}: {done.drawn:,}{of} items drawn")
    if order.sheet is not None:
        click.echo(f"{order.sheet}: contact sheet of {done.drawn - done.sheet_left_out:,}")
    if done.unlabeled:
        click.echo(f"  {done.unlabeled:,} lines have no such label and are left out")
    for why in done.bare[:SHOWN_MAX]:
        click.echo(f"  on grey, without its image: {why}")
    if len(done.bare) > SHOWN_MAX:
        click.echo(f"  and {len(done.bare) - SHOWN_MAX:,} more on grey")


def _shown(batch_id: str, choice: Choice) -> dict[str, Any]:
    """What the API says of a batch."""
    from terrace_cli.client import Client
    from terrace_cli.errors import ApiError, NoTarget

    try:
        return Client(find_target(choice)).show(batch_id)
    except NoTarget as error:
        raise TerraceError(
            f"{batch_id} is no file, and there is no Terrace to ask for a batch of this name: "
            f"{error}",
            error.hint,
            EXIT_WRONG,
        ) from error
    except ApiError as error:
        if error.status == 404:
            raise TerraceError(
                f"{batch_id} is no file, and no batch either", exit_code=EXIT_WRONG
            ) from error
        raise


def _s3(choice: Choice, batch: bool) -> Any:
    """Makes the client of the S3 that the labels are in."""
    from terrace_cli.s3 import client_of
    from terrace_cli.storage import storage_of

    if batch and not choice.api_url:
        return lambda: storage_of(choice).s3
    return lambda: client_of(choice)
