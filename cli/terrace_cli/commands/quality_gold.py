"""`terrace quality gold`: items with known labels, mixed in, scored, and taken out again."""

import json
import secrets

import click

from terrace_cli.options import printable, s3_options
from terrace_cli.target import Choice

WIDTH = 120


@click.group()
def gold() -> None:
    """Items whose right label is known: the only way to see a bias that all workers share."""


@gold.command()
@click.argument("manifest")
@click.argument("gold_manifest", metavar="GOLD")
@click.option(
    "--fraction",
    type=click.FloatRange(0, 100, min_open=True, max_open=True),
    default=5.0,
    show_default=True,
    help="Percent of the mixed manifest that is to be gold.",
)
@click.option("--seed", help="Chooses the items and their places.  [default: a new one each time]")
@click.option("--out", required=True, help="Write the mixed manifest to this path or s3:// URI.")
@click.option("--key", help="Write where the gold is to this path.  [default: OUT.gold.json]")
@click.option("--attribute", help="The right label, where gold lines have several labels.")
@s3_options
def mix(
    *,
    manifest: str,
    gold_manifest: str,
    fraction: float,
    seed: str | None,
    out: str,
    key: str | None,
    attribute: str | None,
    choice: Choice,
) -> None:
    """Put items of GOLD between the lines of MANIFEST, so that workers cannot tell them apart.

    Each line of GOLD is a line as Ground Truth writes them, with the right label and its metadata;
    the label does not go into the mixed manifest. Lines of MANIFEST keep their order and text; an
    item of GOLD that is in MANIFEST already is gold where it stands.
    """
    from terrace_cli.quality import gold_files

    files = gold_files.Files(choice)
    mixed = files.mix(
        manifest,
        gold_manifest,
        percent=fraction,
        seed=seed if seed is not None else secrets.token_hex(8),
        attribute=attribute,
        out=out,
        key=key or f"{out}.gold.json",
    )
    inserted = sum(place.inserted for place in mixed.key.gold)
    stands = len(mixed.key.gold) - inserted
    also = f", {stands} more stand in it already" if stands else ""
    click.echo(
        f"{out}: {len(mixed.lines)} lines, {inserted} gold items mixed in{also}. Where they are is "
        f"in {key or f'{out}.gold.json'}: keep it from workers."
    )
    for note in mixed.notes:
        click.echo(f"note: {printable(note)}", err=True)


@gold.command()
@click.argument("output")
@click.argument("gold_manifest", metavar="GOLD")
@click.option("--attribute", help="The label to score.  [default: the only one]")
@click.option("--gold-attribute", help="The right label, where gold lines have several labels.")
@click.option(
    "--responses",
    metavar="PREFIX",
    help="The labeling job's annotations/worker-response/ folder: scores each worker.",
)
@click.option(
    "--iou",
    type=click.FloatRange(0, 1, min_open=True),
    default=0.5,
    show_default=True,
    help="Overlap from which on an object is the known one.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the JSON instead of tables.")
@s3_options
def score(
    *,
    output: str,
    gold_manifest: str,
    attribute: str | None,
    gold_attribute: str | None,
    responses: str | None,
    iou: float,
    as_json: bool,
    choice: Choice,
) -> None:
    """Compare the labels of OUTPUT, an output manifest, with the known ones of GOLD.

    Items are told apart by their data object (source-ref or source). Workers are pseudonyms.
    """
    from rich.console import Console

    from terrace_cli.quality import gold_files, gold_tables

    files = gold_files.Files(choice)
    scored = files.score(
        output,
        gold_manifest,
        attribute=attribute,
        gold_attribute=gold_attribute,
        responses=responses,
        least=iou,
    )
    if as_json:
        told = scored.report.to_dict() | {"attribute": scored.attribute, "notes": scored.notes}
        click.echo(printable(json.dumps(told, ensure_ascii=False, indent=1, allow_nan=False)))
    else:
        console = Console()
        # A pipe has no width of its own, and 80 columns break every sentence.
        gold_tables.show(scored, console if console.is_terminal else Console(width=WIDTH))
    for note in scored.notes:
        click.echo(f"note: {printable(note)}", err=True)


@gold.command()
@click.argument("output")
@click.argument("key")
@click.option("--out", required=True, help="Write your own items to this path or s3:// URI.")
@click.option("--gold-out", help="Write the gold items there.")
@s3_options
def split(
    *,
    output: str,
    key: str,
    out: str,
    gold_out: str | None,
    choice: Choice,
) -> None:
    """Take the gold items that KEY names out of OUTPUT, a manifest made from the mixed one.

    KEY is what `terrace quality gold mix` wrote beside it. Gold items that were in the manifest
    anyway stay.
    """
    from terrace_cli.quality import gold_files

    files = gold_files.Files(choice)
    own, known = files.split(output, key, out=out, gold_out=gold_out)
    where = f"{gold_out} has" if gold_out else "left out:"
    click.echo(f"{out} has {own} items; {where} {known} gold items.")
