"""Options that several commands share, and how errors become messages and exit codes."""

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from terrace_cli.errors import ApiError, TerraceError
from terrace_cli.render import error_lines
from terrace_cli.target import Choice


def target_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds --local, --api-url, --stack, --region, --profile; the command gets a `choice`."""

    @click.option(
        "--local",
        "local_file",
        type=click.Path(path_type=Path),
        help="The local.json of a local run.  [default: .terrace/local.json here or above]",
    )
    @click.option("--api-url", help="A deployed stack's output ApiUrl.")
    @click.option("--stack", help="Name of a deployed CloudFormation stack.")
    @click.option("--region", help="AWS Region of the stack or API.")
    @click.option("--profile", help="AWS profile with the credentials.")
    @functools.wraps(command)
    def wrapped(
        *args: Any,
        local_file: Path | None,
        api_url: str | None,
        stack: str | None,
        region: str | None,
        profile: str | None,
        **kwargs: Any,
    ) -> Any:
        choice = Choice(local_file, api_url, stack, region, profile)
        return command(*args, choice=choice, **kwargs)

    return wrapped


def s3_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds --local, --region, --profile to a command that needs S3 only; it gets a `choice`."""

    @click.option(
        "--local",
        "local_file",
        type=click.Path(path_type=Path),
        help="S3 is that of this local.json's run.  [default: .terrace/local.json here or above]",
    )
    @click.option("--region", help="AWS Region; S3 is AWS's, whatever runs here.")
    @click.option("--profile", help="AWS profile with the credentials; S3 is AWS's.")
    @functools.wraps(command)
    def wrapped(
        *args: Any, local_file: Path | None, region: str | None, profile: str | None, **kwargs: Any
    ) -> Any:
        choice = Choice(local=local_file, region=region, profile=profile)
        return command(*args, choice=choice, **kwargs)

    return wrapped


class TerraceGroup(click.Group):
    """A group whose commands may raise `TerraceError`: said on stderr, with its exit code."""

    def invoke(self, ctx: click.Context) -> Any:
        """Runs the command; nothing a user can mend ends in a traceback."""
        try:
            return super().invoke(ctx)
        except TerraceError as error:
            report(error)
            ctx.exit(error.exit_code)


def report(error: TerraceError) -> None:
    """Says what is wrong, every detail of it, and what helps."""
    click.secho(f"terrace: {printable(str(error))}", fg="red", err=True)
    if isinstance(error, ApiError):
        for line in error_lines(error.errors):
            click.echo(line, err=True)
    if error.hint:
        click.echo(f"  {printable(error.hint)}", err=True)


def printable(text: str) -> str:
    """The text, half characters (which JSON can escape, and UTF-8 cannot hold) replaced by `?`."""
    return text.encode("utf-8", "replace").decode()
