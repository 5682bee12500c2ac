"""`terrace local up|down|status`: an AWS on this machine, with the real stack deployed to it."""

import os
import signal
import threading
import time
from pathlib import Path

import click

from terrace_cli.commands.local_sample import sample
from terrace_cli.target import find_contract

DEFAULT_STATE_DIR = Path(".terrace")

state_dir_option = click.option(
    "--state-dir",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder of the run's files.  [default: .terrace]",
)


@click.group()
def local() -> None:
    """Run the whole of Terrace on this machine, with no AWS account."""


@local.command()
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=4566,
    show_default=True,
    help="Port of the AWS endpoint; 0 takes a free one.",
)
@click.option(
    "--api-port",
    type=click.IntRange(0, 65535),
    default=3000,
    show_default=True,
    help="Port of the REST API; 0 takes a free one.",
)
@click.option(
    "--workers",
    type=click.Choice(["auto", "manual"]),
    default="auto",
    show_default=True,
    help="Simulated people answer, or jobs wait to be finished.",
)
@click.option(
    "--seed",
    type=int,
    default=7,
    show_default=True,
    help="Of the simulated workers and of random faults.",
)
@click.option(
    "--speed",
    type=click.FloatRange(min=0, min_open=True),
    default=1.0,
    show_default=True,
    help="Pace of the simulated workers; 2 is twice as fast.",
)
@click.option(
    "--reconcile-seconds",
    type=click.IntRange(min=1),
    help="Run the reconciler so often.  [default: the template's schedule]",
)
@click.option(
    "--auth",
    type=click.Choice(["none", "iam"]),
    default="none",
    show_default=True,
    help="iam: the API wants signed requests, as in AWS.",
)
@click.option("--truth", help="Folder or S3 URI of the data's hidden truth.")
@click.option("--error-mix", help="Workers' error mix: default, clean, slips, sloppy, or a file.")
@click.option(
    "--parameter",
    "parameters",
    multiple=True,
    metavar="KEY=VALUE",
    help="A parameter of the template; may be given again.",
)
@click.option(
    "--region", default="us-east-1", show_default=True, help="The Region everything is in."
)
@click.option("--detach", is_flag=True, help="Return once it is ready; it goes on behind.")
@click.option("--fresh", is_flag=True, help="Forget what an earlier run left.")
@click.option("--with-parent", is_flag=True, hidden=True)
@state_dir_option
def up(
    *,
    port: int,
    api_port: int,
    workers: str,
    seed: int,
    speed: float,
    reconcile_seconds: int | None,
    auth: str,
    truth: str | None,
    error_mix: str | None,
    parameters: tuple[str, ...],
    region: str,
    detach: bool,
    fresh: bool,
    with_parent: bool,
    state_dir: Path | None,
) -> None:
    """Start the embedded AWS and deploy the stack to it; Ctrl-C stops it.

    Where everything is stands in .terrace/local.json as soon as all of it is ready.
    """
    from terrace_local import cli_commands

    if with_parent:
        threading.Thread(target=_end_with_parent, args=(os.getppid(),), daemon=True).start()
    code = cli_commands.up(
        port=port,
        api_port=api_port,
        workers=workers,
        seed=seed,
        speed=speed,
        reconcile_seconds=reconcile_seconds,
        auth=auth,
        # Relative to where the command is typed, not to where a detached process lives.
        truth=os.path.abspath(truth) if truth and os.path.exists(truth) else truth,
        error_mix=os.path.abspath(error_mix)
        if error_mix and os.path.isfile(error_mix)
        else error_mix,
        parameters=key_values(parameters),
        state_dir=state_dir or DEFAULT_STATE_DIR,
        detach=detach,
        fresh=fresh,
        region=region,
        say=click.echo,
    )
    raise SystemExit(code)


local.add_command(sample)


@local.command()
@state_dir_option
def down(state_dir: Path | None) -> None:
    """Stop the embedded AWS of this folder (or of the nearest one above that has one)."""
    from terrace_local import cli_commands

    raise SystemExit(cli_commands.down(state_dir or _nearest(), say=click.echo))


@local.command()
@state_dir_option
def status(state_dir: Path | None) -> None:
    """Say what runs here; exit code 1 when nothing does."""
    from terrace_local import cli_commands

    raise SystemExit(cli_commands.status(state_dir or _nearest(), say=click.echo))


def key_values(pairs: tuple[str, ...]) -> dict[str, str]:
    """`("A=1", "B=x=y")` as `{"A": "1", "B": "x=y"}`.

    Raises:
        click.BadParameter: one has no `=`, or no name before it.
    """
    found: dict[str, str] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals or not key:
            raise click.BadParameter(f"{pair!r} is not KEY=VALUE", param_hint="--parameter")
        found[key] = value
    return found


def _end_with_parent(parent: int) -> None:
    """Stops this process in order once the one that started it has gone.

    A demo that is killed outright cannot stop what it started.
    """
    while os.getppid() == parent:
        time.sleep(0.5)
    os.kill(os.getpid(), signal.SIGTERM)


def _nearest() -> Path:
    contract = find_contract(Path.cwd())
    return contract.parent if contract else DEFAULT_STATE_DIR
