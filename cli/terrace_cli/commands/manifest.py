"""`terrace manifest`: what labeling jobs start from, made and checked."""

from pathlib import Path
from typing import Any

import click

from terrace_cli.commands.manifest_frames import from_frames, from_video
from terrace_cli.commands.manifest_options import Places, places_options, report_made
from terrace_cli.options import TerraceGroup
from terrace_cli.progress import Progress


@click.group(cls=TerraceGroup)
def manifest() -> None:
    """Make manifests, sequence files and category files, and upload what they name."""


manifest.add_command(from_frames)
manifest.add_command(from_video)


@manifest.command("from-prefix")
@click.argument("place", required=False, metavar="[s3://…|DIR]")
@click.option(
    "--text", type=click.Path(path_type=Path), help="A text file: each line becomes an item."
)
@click.option("--to", metavar="s3://…", help="The S3 folder that DIR is, or will be, copied to.")
@click.option("--kind", type=click.Choice(["image", "text", "cloud", "video"]))
@click.option("--modality", help="Whose rules must hold.  [default: the usual one of the kind]")
@click.option("--cloud-format", help="Of point clouds, such as binary/xyzirgb.")
@click.option(
    "--out", default="input.manifest", show_default=True, help="A file or S3 URI for the manifest."
)
@click.option("--replace", is_flag=True, help="Write over a manifest that is there.")
@places_options
def from_prefix(
    *,
    place: str | None,
    text: Path | None,
    to: str | None,
    kind: Any,
    modality: str | None,
    cloud_format: str | None,
    out: str,
    replace: bool,
    s3: Places,
) -> None:
    """Write a manifest of the images, texts, point clouds or videos in a folder.

    Files are told by their endings and sorted as people count (frame2 before frame10). With more
    files than one job may have, several manifests are written. Those of DIR are opened, too.
    """
    from terrace_cli.manifest import listing, objects
    from terrace_cli.manifest.writing import Writer

    if (place is None) == (text is None):
        raise click.UsageError("give a folder, or --text FILE")
    notes: list[str] = []
    if text is not None:
        raw = s3.read(text)
        row = s3.modality(modality or listing.MODALITIES["text"])
        made, blank = objects.of_text(str(text), raw, row)
        what = "texts"
        if blank:
            notes.append(f"{blank} blank lines are left out")
    else:
        assert place is not None
        base = s3.base(place, to)
        found = listing.files(place, s3.client)
        chosen_kind, chosen = listing.of_kind(found, kind, place)
        row = s3.modality(modality or listing.MODALITIES[chosen_kind])
        what = listing.PLURAL[chosen_kind]
        with Progress() as step:
            made = objects.of_files(
                chosen,
                chosen_kind,
                base=base,
                place=place,
                modality=row,
                cloud_format=cloud_format,
                step=step,
            )
        if len(found) > len(chosen):
            notes.append(f"{len(found) - len(chosen)} files of other kinds are left out")
        if chosen_kind == "cloud":
            notes.append("unix-timestamp is each file's last change")
        if not place.startswith("s3://"):
            notes.append(f"next: terrace manifest upload {place} {base}")
    named = [(name, body.encode(), count) for name, body, count in made.named(out)]
    Writer(s3.client, replace=replace).put({name: body for name, body, _ in named})
    for name, _, count in named:
        click.echo(f"{name}: {count:,} {what}, checked for {row.name}")
    report_made(made.warnings, notes)


@manifest.command("label-categories")
@click.argument("labels", nargs=-1, required=True, metavar="NAME...")
@click.option("--modality", required=True, help="Of the jobs that will use it.")
@click.option("--out", default="label-categories.json", show_default=True, help="File or S3 URI.")
@click.option("--color", "colors", multiple=True, metavar="NAME=#rrggbb", help="For `draw`.")
@click.option(
    "--attribute",
    "attributes",
    multiple=True,
    metavar="[NAME.]ATTRIBUTE=…",
    help="Asked of every label (of one): =one,two  =0..10  =number  =text, then ': question'.",
)
@click.option(
    "--frame-attribute",
    "frame_attributes",
    multiple=True,
    metavar="ATTRIBUTE=…",
    help="Asked of every frame.",
)
@click.option(
    "--annotation-type", type=click.Choice(["BoundingBox", "Polyline", "Polygon", "Keypoint"])
)
@click.option("--short-instruction")
@click.option("--full-instruction")
@click.option("--replace", is_flag=True, help="Write over a file that is there.")
@places_options
def label_categories(
    *,
    labels: tuple[str, ...],
    modality: str,
    out: str,
    colors: tuple[str, ...],
    attributes: tuple[str, ...],
    frame_attributes: tuple[str, ...],
    annotation_type: str | None,
    short_instruction: str | None,
    full_instruction: str | None,
    replace: bool,
    s3: Places,
) -> None:
    """Write a label category file that Terrace accepts for a modality.

    The order of the NAMEs is that of the class ids.
    """
    from terrace_cli.manifest.categories import Wanted, build
    from terrace_cli.manifest.writing import Writer

    row = s3.modality(modality)
    wanted = Wanted(
        labels,
        colors,
        attributes,
        frame_attributes,
        annotation_type,
        short_instruction,
        full_instruction,
    )
    data, warnings = build(wanted, row, out)
    Writer(s3.client, replace=replace).put({out: data})
    click.echo(f"{out}: {len(labels)} labels, checked for {row.name}")
    report_made(warnings, [])


@manifest.command()
@click.argument("path", type=click.Path(path_type=Path))
@click.argument("to", metavar="s3://…")
@click.option("--replace", is_flag=True, help="Write over objects that have another content.")
@places_options
def upload(*, path: Path, to: str, replace: bool, s3: Places) -> None:
    """Copy the file or folder PATH to S3, and go on where it stopped when run again.

    What is there already with the same size and hash is passed by. Where another object is in the
    way, nothing is uploaded. Names that begin with a dot are left out.
    """
    from terrace_cli.errors import EXIT_WRONG, TerraceError
    from terrace_cli.manifest.upload import run, tasks

    if not path.exists():
        raise TerraceError(f"{path} does not exist", exit_code=EXIT_WRONG)
    if not to.startswith("s3://"):
        raise click.UsageError(f"{to!r} is no S3 folder: s3://bucket/folder/")
    made = tasks(path, to)
    with Progress() as step:
        done = run(made, s3.client(), step, replace=replace)
    there = f", {done.there:,} were there already" if done.there else ""
    click.echo(f"{to}: {done.sent:,} files uploaded ({done.bytes / 1e6:,.1f} MB){there}")
