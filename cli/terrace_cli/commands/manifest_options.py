"""What the commands of `terrace manifest` share: where S3 is, and how they say what they made."""

import functools
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from terrace_cli.errors import EXIT_WRONG, TerraceError
from terrace_cli.options import s3_options
from terrace_cli.target import Choice

if TYPE_CHECKING:
    from terrace.domain.modalities import Modality
    from terrace.domain.problems import Problem

SHOWN_MAX = 5


class Places:
    """S3 as the user chose it, and words for places."""

    def __init__(self, choice: Choice) -> None:
        self._choice = choice
        self.client = functools.cache(self._client)

    def _client(self) -> Any:
        from terrace_cli.s3 import client_of

        return client_of(self._choice)

    def modality(self, name: str) -> "Modality":
        """A modality by its name; TerraceError with those that exist."""
        from terrace.domain import modalities

        try:
            return modalities.get(name)
        except ValueError as error:
            raise TerraceError(str(error), exit_code=EXIT_WRONG) from None

    def base(self, place: str, to: str | None) -> str:
        """The S3 folder of a place: its own, or the one that it will be copied to."""
        from terrace_cli.manifest.listing import folder_uri

        if place.startswith("s3://"):
            if to is not None:
                raise click.UsageError("--to is for folders of this machine")
            return folder_uri(place)
        if to is None:
            raise click.UsageError(
                f"manifests name objects of S3: say with --to s3://bucket/folder/ where {place} "
                "will be copied to (terrace manifest upload does it)"
            )
        return folder_uri(to)

    def read(self, path: Path) -> bytes:
        """A whole file of this machine."""
        try:
            return path.read_bytes()
        except OSError as error:
            raise TerraceError(
                f"cannot read {path}: {error.strerror}", exit_code=EXIT_WRONG
            ) from error


def places_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds the options that say where S3 is; the command gets `s3`, which makes its client."""

    @s3_options
    @functools.wraps(command)
    def wrapped(*args: Any, choice: Choice, **kwargs: Any) -> Any:
        return command(*args, s3=Places(choice), **kwargs)

    return wrapped


def report_made(warnings: "list[Problem]", notes: Iterable[str]) -> None:
    """Says what the user should know of what was made."""
    for note in notes:
        click.echo(f"  {note}")
    for one in warnings[:SHOWN_MAX]:
        click.echo(f"  warning: {one.path}: {one.problem} ({one.fix})")
    if len(warnings) > SHOWN_MAX:
        click.echo(f"  and {len(warnings) - SHOWN_MAX} more warnings")
