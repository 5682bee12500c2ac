"""`terrace local sample`: files to follow the cookbook along with, where one has none."""

from pathlib import Path

import click

from terrace_cli.errors import EXIT_WRONG, NoTarget, TerraceError
from terrace_cli.s3 import client_of
from terrace_cli.target import Choice

KINDS = ("photographs", "scenes", "trucks", "film")


@click.command()
@click.argument("kind", type=click.Choice(KINDS))
@click.argument("out", metavar="DIR", type=click.Path(path_type=Path, file_okay=False))
@click.option(
    "--to",
    metavar="s3://…/",
    required=True,
    help="The S3 folder that they, or their frames, will be copied to.",
)
@click.option("--count", type=click.IntRange(1, 100), default=6, show_default=True)
@click.option("--seed", type=int, default=7, show_default=True)
@click.option(
    "--local",
    "local_file",
    type=click.Path(path_type=Path),
    help="The local.json of the local run.  [default: .terrace/local.json here or above]",
)
def sample(
    *, kind: str, out: Path, to: str, count: int, seed: int, local_file: Path | None
) -> None:
    """Write small pictures or films to DIR, to follow the cookbook along with.

    What is really on them is put into the bucket of --to, where only the simulated people of the
    local run look. The same seed gives the same files.
    """
    from terrace_local.clip import PhotosMissing
    from terrace_local.samples import follow
    from terrace_local.workers.truth import split_s3

    if not to.startswith("s3://") or not to.endswith("/") or not split_s3(to)[0]:
        raise TerraceError(
            f"--to {to} is no S3 folder", "s3://bucket/folder/, with the slash", EXIT_WRONG
        )
    if out.exists() and any(out.iterdir()):
        raise TerraceError(f"{out} has files in it already", "name a new folder", EXIT_WRONG)
    try:
        made = follow.KINDS[kind](to, seed, count)
    except PhotosMissing as error:
        raise TerraceError(str(error)) from error
    s3 = _s3(local_file)
    for key, body in made.truth.items():
        s3.put_object(Bucket=split_s3(to)[0], Key=key, Body=body)
    out.mkdir(parents=True, exist_ok=True)
    for name, body in made.files.items():
        (out / name).write_bytes(body)
    click.echo(f"{out}: {len(made.files)} files")


def _s3(local_file: Path | None) -> object:
    """S3 of the local run, and of no account: the truth has no place there."""
    from terrace_cli.target import find_contract

    found = local_file or find_contract(Path.cwd())
    if found is None:
        raise NoTarget("no local run here or above: start one with `terrace local up --detach`")
    return client_of(Choice(local=found))
