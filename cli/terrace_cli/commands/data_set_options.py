"""Options of the commands that write data sets, and what they say."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click


def data_set_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds --image-size, --val (`held_back`), --frame-rate, --copy-images, --copy (`copies`)."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


_OPTIONS = (
    click.option("--image-size", metavar="WxH", help="Of all images, where labels do not say it."),
    click.option(
        "--val",
        "held_back",
        type=click.FloatRange(0, 100, max_open=True),
        default=0,
        show_default=True,
        help="Percent of the items in a subset of their own, for validation.",
    ),
    click.option("--frame-rate", type=click.IntRange(min=1), default=30, show_default=True),
    click.option("--copy-images", is_flag=True, help="Put the images where the format wants them."),
    click.option(
        "--copy",
        "copies",
        multiple=True,
        metavar="S3FOLDER=DIR",
        help="A local copy, read instead of S3; may be repeated.",
    ),
)


def copy_of(text: str) -> tuple[str, Path]:
    """What `--copy S3FOLDER=DIR` says."""
    prefix, found, folder = text.partition("=")
    if not found or not prefix.startswith("s3://"):
        raise click.UsageError(f"--copy {text!r} is not S3FOLDER=DIR")
    return (prefix if prefix.endswith("/") else f"{prefix}/"), Path(folder)


def size_of(text: str | None) -> tuple[int, int] | None:
    """What `--image-size WxH` says."""
    if text is None:
        return None
    found = re.fullmatch(r"([1-9][0-9]{0,5})x([1-9][0-9]{0,5})", text)
    if not found:
        raise click.UsageError(f"--image-size {text!r} is not WIDTHxHEIGHT, such as 1920x1080")
    return int(found[1]), int(found[2])


def home_of(text: str | None) -> str | None:
    """What `--home s3://bucket/folder/` says."""
    from terrace.domain import s3uri

    if text is not None and (not text.endswith("/") or s3uri.problem(text)):
        raise click.UsageError(
            f"--home {text!r} is not s3://bucket/folder/, the S3 folder that OUT will be copied to"
        )
    return text
