"""`terrace quality directed-audit`: a batch that reviews what the checks have found."""

import json
from datetime import UTC, datetime

import click

from terrace.domain import s3uri
from terrace_cli.errors import EXIT_WRONG, TerraceError
from terrace_cli.options import printable, s3_options
from terrace_cli.s3 import client_of
from terrace_cli.target import Choice

CONTEXT = 5


@click.command("directed-audit")
@click.argument("labels")
@click.option("--manifest", help="Of a SeqLabel.json: the manifest its sequence stands in.")
@click.option("--attribute", required=True, help="The label under review, by its name.")
@click.option("--category-file", required=True, help="The label category file of the labels.")
@click.option("--out", required=True, help="Folder or s3:// prefix for what is made.")
@click.option("--as", "as_uri", help="With a folder: the s3:// prefix it will be copied to.")
@click.option("--batch-id", help="Of the batch.  [default: made from the content]")
@click.option("--clips", is_flag=True, help="Show only the flagged frames, cut into clips.")
@click.option(
    "--context",
    type=click.IntRange(min=0),
    help=f"With --clips: frames before and after each.  [default: {CONTEXT}]",
)
@click.option("--checks", help="Names, with commas between.  [default: all]")
@click.option("--threshold", "thresholds", multiple=True, metavar="NAME=NUMBER")
@s3_options
def directed_audit(
    *,
    labels: str,
    manifest: str | None,
    attribute: str,
    category_file: str,
    out: str,
    as_uri: str | None,
    batch_id: str | None,
    clips: bool,
    context: int | None,
    checks: str | None,
    thresholds: tuple[str, ...],
    choice: Choice,
) -> None:
    """Prepare a review of what the checks find in LABELS (a SeqLabel.json or output manifest).

    Writes manifest, category file with directed instructions, findings and request to --out, and
    prints the request: `terrace quality directed-audit ... | terrace create -` starts it. Creates
    nothing by itself. Answers of clips come back as clips; a gate in a batch merges them too.
    """
    from terrace_cli.quality import asked as asked_checks
    from terrace_cli.quality import checking, directed
    from terrace_cli.quality.labels import is_manifest, line_of, load, parsed
    from terrace_cli.quality.places import Places, joined

    if context is not None and not clips:
        raise click.UsageError("--context is of --clips")
    folder = _folder(out, as_uri)
    asked = asked_checks.read(checks, thresholds, pictures=False)
    places = Places(lambda: client_of(choice))
    categories = parsed(places.text(category_file, "the category file"), category_file)
    if not isinstance(categories, dict):
        raise TerraceError(f"{category_file} holds no JSON object", exit_code=EXIT_WRONG)
    of_items = is_manifest(labels, places)
    found = load(labels, places, manifest=manifest, attribute=attribute if of_items else None)
    files: dict[str, str] = {}
    items = dict(enumerate(found.items))
    if not of_items:
        if manifest is None:
            raise TerraceError(
                f"{labels} is a SeqLabel.json, and what it labels is not in it",
                "name the manifest that its sequence file stands in: --manifest",
                EXIT_WRONG,
            )
        index, item = line_of(labels, manifest, places)
        uri = labels
        if not labels.startswith(s3uri.SCHEME):
            uri = joined(folder, "labels/SeqLabel.json")
            files["labels/SeqLabel.json"] = places.text(labels, "the labels")
        about = item.data.get(f"{attribute}-metadata")
        if not isinstance(about, dict):
            created = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")
            about = directed.metadata_of(found.sequences[0], created)
        items = {index: directed.with_label(item, attribute, uri, about)}
    result = checking.check(found, asked, None, named=checks is not None)
    wanted = directed.Wanted(
        attribute=attribute,
        folder=folder,
        categories=categories,
        batch_id=batch_id,
        context=(CONTEXT if context is None else context) if clips else None,
    )
    audit = directed.prepare(result, items, wanted)
    for name, text in {**files, **audit.files}.items():
        places.write(joined(out, name), printable(text))
    click.echo(printable(json.dumps(audit.request, ensure_ascii=False, indent=1)))
    for note in result.notes:
        click.echo(f"note: {printable(note)}", err=True)
    frames = "" if audit.frames is None else f", {audit.frames} frames"
    click.echo(f"wrote {joined(out, '')}: {audit.items} items{frames} to review", err=True)
    if as_uri is not None:
        click.echo(f"copy it: aws s3 cp --recursive {out} {folder}/", err=True)


def _folder(out: str, as_uri: str | None) -> str:
    """The S3 prefix that the files name one another by."""
    on_s3 = out.startswith(s3uri.SCHEME)
    if on_s3 and as_uri is not None:
        raise click.UsageError("--as is for a folder on this machine; --out is in S3 already")
    if not on_s3 and as_uri is None:
        raise click.UsageError(
            "Ground Truth reads from S3: --out s3://bucket/prefix, or a folder with --as s3://..."
        )
    folder = (as_uri or out).rstrip("/")
    if problem := s3uri.problem(f"{folder}/audit.manifest"):
        raise click.UsageError(f"{folder} {problem}")
    return folder
