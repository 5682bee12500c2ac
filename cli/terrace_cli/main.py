"""The `terrace` command."""

import click


@click.group()
def cli() -> None:
    """Terrace: multi-level data labeling."""
