"""`terrace draw`: labels on their images, to look at."""

from pathlib import Path
from typing import Any

import click

from terrace_cli.errors import EXIT_WRONG, TerraceError
from terrace_cli.options import target_options
from terrace_cli.progress import Progress
from terrace_cli.target import Choice, find_target

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
    choice: Choice,
) -> None:
    """Draw the labels of a manifest (a file or S3 URI), or of a batch's outputs.

    Boxes, polygons, lines, keypoints, masks, classes, named entities; cuboids from above. Each
    class has one colour: that of the category file, or one by its id. OUT appears when all is
    drawn.
    """
    from terrace_cli.commands.convert import copy_of
    from terrace_cli.convert.documents import Documents
    from terrace_cli.draw.run import Order, run

    batch = not place.startswith("s3://") and not Path(place).exists()
    if batch:
        place = _outputs(place, choice)
    documents = Documents(_s3(choice, batch), [copy_of(one) for one in copies])
    config: Any = documents.json(categories) if categories is not None else None
    if config is not None and not isinstance(config, dict):
        raise TerraceError(
            f"{categories} is no label category file", '{"labels": [...]}', EXIT_WRONG
        )
    order = Order(place, attributes, out, sheet, limit, config, font, side)
    with Progress() as step:
        done = run(order, documents, step)
    of = f" of {done.whole:,}" if done.drawn < done.whole else ""
    click.echo(f"{out}: {done.drawn:,}{of} items drawn")
    if sheet is not None:
        click.echo(f"{sheet}: contact sheet of {done.drawn - done.sheet_left_out:,}")
    if done.unlabeled:
        click.echo(f"  {done.unlabeled:,} lines have no such label and are left out")
    for why in done.bare[:SHOWN_MAX]:
        click.echo(f"  on grey, without its image: {why}")
    if len(done.bare) > SHOWN_MAX:
        click.echo(f"  and {len(done.bare) - SHOWN_MAX:,} more on grey")


def _outputs(batch_id: str, choice: Choice) -> str:
    """The manifest of a batch's accepted labels."""
    from terrace_cli.client import Client
    from terrace_cli.errors import ApiError, NoTarget

    try:
        shown = Client(find_target(choice)).show(batch_id)
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
    uri = (shown.get("outputs") or {}).get("finalManifestS3Uri")
    if not uri:
        raise TerraceError(
            f"the batch {batch_id} ({shown.get('status')}) has no outputs yet",
            "of a job that has ended: terrace show, then its outputManifestS3Uri",
        )
    return str(uri)


def _s3(choice: Choice, batch: bool) -> Any:
    """Makes the client of the S3 that the labels are in."""
    from terrace_cli.s3 import client_of
    from terrace_cli.storage import storage_of

    if batch and not choice.api_url:
        return lambda: storage_of(choice).s3
    return lambda: client_of(choice)
