"""`terrace quality`: labels looked at, and reviews of what was found prepared."""

import json
import re
from pathlib import Path
from typing import Any

import click

from terrace.domain.quality.findings import Severity
from terrace_cli.commands.directed_audit import directed_audit
from terrace_cli.commands.quality_gold import gold
from terrace_cli.errors import EXIT_FAILED
from terrace_cli.options import printable, s3_options
from terrace_cli.s3 import client_of
from terrace_cli.target import Choice

SHOWN = 40
WIDTH = 120
NAME = {severity.value: severity for severity in Severity}


class ImageSize(click.ParamType):
    """WIDTHxHEIGHT in pixels."""

    name = "WIDTHxHEIGHT"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, int]:
        """Two positive numbers."""
        found = re.fullmatch(r"([1-9][0-9]{0,5})[xX]([1-9][0-9]{0,5})", str(value))
        if found is None:
            self.fail(f"{value!r} is not WIDTHxHEIGHT, such as 1920x1080", param, ctx)
        return int(found[1]), int(found[2])


@click.group()
def quality() -> None:
    """How good labels are: checks, and reviews of what they find."""


@quality.command()
@click.argument("labels")
@click.option("--manifest", help="Of a SeqLabel.json: the manifest with its sequence file.")
@click.option("--attribute", help="Of a manifest: the label.  [default: the only one]")
@click.option("--frames", help="Folder or s3:// prefix of the pictures, for check appearance.")
@click.option(
    "--image-size",
    type=ImageSize(),
    help="WIDTHxHEIGHT of a sequence's frames, for check out-of-image.  [default: of --frames]",
)
@click.option(
    "--onnx",
    type=click.Path(path_type=Path),
    help="A model of your own that makes vectors of crops (needs onnxruntime).",
)
@click.option("--checks", help="Names, with commas between.  [default: all]")
@click.option(
    "--threshold",
    "thresholds",
    multiple=True,
    metavar="NAME=NUMBER",
    help="Another threshold for a check; may be given several times.",
)
@click.option("--save", help="Write the JSON to this path or s3:// URI.")
@click.option("--json", "as_json", is_flag=True, help="Print the JSON instead of tables.")
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    default=SHOWN,
    show_default=True,
    help="How many findings the table shows.",
)
@click.option(
    "--fail-on",
    type=click.Choice(list(NAME)),
    help="Exit code 1 where anything of this severity, or above, is found.",
)
@s3_options
def check(
    *,
    labels: str,
    manifest: str | None,
    attribute: str | None,
    frames: str | None,
    image_size: tuple[int, int] | None,
    onnx: Path | None,
    checks: str | None,
    thresholds: tuple[str, ...],
    save: str | None,
    as_json: bool,
    limit: int,
    fail_on: str | None,
    choice: Choice,
) -> None:
    """Look for suspicious labels in LABELS: a SeqLabel.json or an output manifest.

    LABELS is a path or an s3:// URI. Every finding says item, frame, object, check, value and
    threshold, and in a sentence what is odd (docs/quality.md lists the checks). Exit code 0 also
    where something is found, unless --fail-on says otherwise; 2: something given is wrong.
    """
    from rich.console import Console

    from terrace_cli.quality import asked as asked_checks
    from terrace_cli.quality import checking, tables
    from terrace_cli.quality.labels import load
    from terrace_cli.quality.places import Places

    if onnx is not None and frames is None:
        raise click.UsageError("--onnx looks at pictures: say where they are with --frames")
    asked = asked_checks.read(checks, thresholds, pictures=frames is not None)
    places = Places(lambda: client_of(choice))
    pictures = None
    if frames is not None:
        from terrace.domain.quality.looks import hog_and_color
        from terrace_cli.quality.pictures import Pictures

        embed = hog_and_color
        if onnx is not None:
            from terrace_cli.quality.onnx_model import load as load_model

            embed = load_model(onnx)
        pictures = Pictures(frames, places, embed)
    found = load(labels, places, manifest=manifest, attribute=attribute)
    result = checking.check(found, asked, pictures, image_size, named=checks is not None)
    text = printable(json.dumps(result.to_dict(), ensure_ascii=False, indent=1, allow_nan=False))
    if save is not None:
        places.write(save, text + "\n")
    if as_json:
        click.echo(text)
    else:
        console = Console()
        # A pipe has no width of its own, and 80 columns break every sentence.
        tables.show(result, limit, console if console.is_terminal else Console(width=WIDTH))
    for note in result.notes:
        click.echo(f"note: {printable(note)}", err=True)
    worst = result.worst
    if fail_on is not None and worst is not None and worst.rank >= NAME[fail_on].rank:
        raise SystemExit(EXIT_FAILED)


quality.add_command(directed_audit)
quality.add_command(gold)
