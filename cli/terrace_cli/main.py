"""The `terrace` command."""

import importlib.metadata

import click

from terrace_cli.commands.convert import convert
from terrace_cli.commands.create import create
from terrace_cli.commands.delete import delete
from terrace_cli.commands.demo import demo
from terrace_cli.commands.draw import draw
from terrace_cli.commands.export import export
from terrace_cli.commands.local import local
from terrace_cli.commands.manifest import manifest
from terrace_cli.commands.quality import quality
from terrace_cli.commands.rekognition import rekognition
from terrace_cli.commands.report import report
from terrace_cli.commands.retry import retry
from terrace_cli.commands.show import show
from terrace_cli.commands.stop import stop
from terrace_cli.commands.ui import ui
from terrace_cli.commands.watch import watch
from terrace_cli.options import TerraceGroup


def _version(ctx: click.Context, _parameter: click.Parameter, wanted: bool) -> None:
    if wanted:
        # Looked up only when asked for: it reads the installed packages.
        click.echo(f"terrace {importlib.metadata.version('terrace')}")
        ctx.exit()


@click.group(cls=TerraceGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_version,
    help="Say the version and exit.",
)
def cli() -> None:
    """Terrace: multi-level data labeling, on AWS or on this machine.

    `terrace demo` shows everything in a minute. The other commands talk to the local run of this
    folder (.terrace/local.json), or to a deployed stack with --stack NAME or --api-url URL.
    """


for command in (
    demo,
    local,
    create,
    show,
    watch,
    stop,
    retry,
    delete,
    ui,
    quality,
    report,
    export,
    convert,
    manifest,
    draw,
    rekognition,
):
    cli.add_command(command)
