"""`terrace manifest from-frames` and `from-video`: sequence files of frames."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from terrace_cli.commands.manifest_options import Places, places_options, report_made
from terrace_cli.progress import Progress, Step

if TYPE_CHECKING:
    from terrace_cli.manifest.frames import Folder
    from terrace_cli.manifest.sequences import Plan

MODALITY = "VideoObjectTracking"
MODALITIES = click.Choice([MODALITY, "VideoObjectDetection"])


@click.command("from-frames")
@click.argument("place", metavar="s3://…|DIR")
@click.option("--to", metavar="s3://…", help="The S3 folder that DIR (or OUT) will be copied to.")
@click.option(
    "--out",
    metavar="DIR",
    help="A new folder that gets the frames, too.  [default: DIR or the S3 folder itself]",
)
@click.option("--renumber", is_flag=True, help="Call the frames 000001.jpg, ... in OUT.")
@click.option("--as-named", is_flag=True, help="The order of the names' bytes is the right one.")
@click.option("--modality", type=MODALITIES, default=MODALITY, show_default=True)
@click.option("--replace", is_flag=True, help="Write over files that are there.")
@places_options
def from_frames(
    *,
    place: str,
    to: str | None,
    out: str | None,
    renumber: bool,
    as_named: bool,
    modality: str,
    replace: bool,
    s3: Places,
) -> None:
    """Write a sequence file for each folder of frames, and the manifest that names them.

    They are put beside the frames: sequences/… and input.manifest. At most 2,000 frames go into a
    sequence and 10 sequences into a manifest: what is longer is cut.
    """
    from terrace_cli.errors import EXIT_WRONG, TerraceError
    from terrace_cli.manifest import frames, listing
    from terrace_cli.manifest.sequences import plan
    from terrace_cli.manifest.writing import Writer

    base = s3.base(place, to)
    if renumber and out is None:
        raise click.UsageError("--renumber copies the frames: say where with --out DIR")
    if renumber and as_named:
        raise click.UsageError("--renumber and --as-named exclude each other")
    if out is not None and (place.startswith("s3://") or out.startswith("s3://")):
        raise click.UsageError("--out is for frames of this machine, and is a folder of it")
    row = s3.modality(modality)
    found, others = frames.folders(listing.files(place, s3.client))
    if not found:
        raise TerraceError(
            f"{place} has no frames in it, only {others} other files",
            f"frames end with {', '.join(listing.ENDS['image'])}",
            EXIT_WRONG,
        )
    notes = [f"{others} files that are no frames are left out"] if others else []
    with Progress() as step:
        odd = frames.check(found, place, row, step)
        notes += [f"the frames of {name} have different sizes" for name in odd]
        if out is not None:
            made = _copied(
                found,
                place,
                Path(out),
                base=base,
                renumber=renumber,
                step=step,
                modality=modality,
                s3=s3,
            )
        else:
            made = plan(frames.clips(found, place, as_named=as_named), base, row)
            home = base if place.startswith("s3://") else f"{place.rstrip('/')}/"
            files = {f"{home}{path}": data for path, data in made.files.items()}
            Writer(s3.client, replace=replace).put(files)
    if as_named:
        made.warnings = [one for one in made.warnings if one.code != "SEQUENCE_ORDER_CHANGES"]
    where = out or place
    if not where.startswith("s3://"):
        notes.append(f"next: terrace manifest upload {where} {base}")
    _say(where, made, sum(len(one.frames) for one in found), modality, notes)


def _copied(
    found: "list[Folder]",
    place: str,
    out: Path,
    *,
    base: str,
    renumber: bool,
    step: Step,
    modality: str,
    s3: Places,
) -> "Plan":
    from terrace_cli.convert.disk import Output
    from terrace_cli.manifest import frames
    from terrace_cli.manifest.sequences import plan

    with Output(out) as output:
        clips = frames.copied(found, place, output, renumber=renumber, step=step)
        made = plan(clips, base, s3.modality(modality))
        for path, data in made.files.items():
            output.write(path, data)
    return made


@click.command("from-video")
@click.argument("videos", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE…")
@click.option(
    "--fps",
    type=click.FloatRange(0, 1000, min_open=True),
    help="Frames for each second; never one twice.  [default: all]",
)
@click.option("--out", type=click.Path(path_type=Path), required=True, help="A new folder.")
@click.option(
    "--to", metavar="s3://…", required=True, help="The S3 folder that OUT will be copied to."
)
@click.option("--png", is_flag=True, help="PNG frames: nothing lost, and many times as large.")
@click.option("--modality", type=MODALITIES, default=MODALITY, show_default=True)
@places_options
def from_video(
    *,
    videos: tuple[Path, ...],
    fps: float | None,
    out: Path,
    to: str,
    png: bool,
    modality: str,
    s3: Places,
) -> None:
    """Take the frames out of videos, and write their sequence files and manifest.

    OUT has frames/, sequences/ and input.manifest; it appears when all is written. Of each slot of
    1/fps seconds, counted from the first frame, the first frame is taken. At most 2,000 frames go
    into a sequence and 10 sequences into a manifest: what is longer is cut.
    """
    from terrace.domain.exports.names import Names
    from terrace_cli.convert.disk import Output
    from terrace_cli.manifest import video
    from terrace_cli.manifest.frames import FRAMES
    from terrace_cli.manifest.listing import folder_uri
    from terrace_cli.manifest.sequences import Clip, plan

    row, base, end = s3.modality(modality), folder_uri(to), "png" if png else "jpg"
    names, clips = Names(""), []
    with Progress() as step, Output(out) as output:
        for path in videos:
            name = names.give(path.stem)
            frames: list[str] = []

            def take(
                number: int, data: bytes, name: str = name, frames: list[str] = frames
            ) -> None:
                frames.append(f"{number:07d}.{end}")
                output.write(f"{FRAMES}/{name}/{frames[-1]}", data)
                step(f"reading {name}", number, None)

            video.extract(path, fps, end, take)
            clips.append(Clip(name, f"{FRAMES}/{name}", frames))
        made = plan(clips, base, row)
        for file, data in made.files.items():
            output.write(file, data)
    notes = [f"next: terrace manifest upload {out} {base}"]
    _say(str(out), made, sum(len(one.frames) for one in clips), modality, notes)


def _say(where: str, made: "Plan", frames: int, modality: str, notes: list[str]) -> None:
    sequences = sum(made.manifests.values())
    click.echo(f"{where}: {frames:,} frames in {sequences} sequences, checked for {modality}")
    for name, parts in made.cut.items():
        click.echo(f"  {name} is longer than a sequence may be: cut into {parts}")
    for name, count in made.manifests.items():
        click.echo(f"  {name}: {count} sequences")
    if len(made.manifests) > 1:
        click.echo("  a job takes one manifest of at most 10 sequences: give each a job")
    report_made(made.warnings, notes)
