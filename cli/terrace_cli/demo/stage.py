"""What every demo stands on: its options, an AWS that is stopped again, clients, headings."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import click

from terrace_cli.demo.embedded import OwnAws, Wanted, running_here
from terrace_cli.errors import EXIT_INTERRUPTED, TerraceError
from terrace_cli.target import Target
from terrace_local.clip import PhotosMissing


@dataclass(frozen=True)
class Options:
    """What the user asked for."""

    keep: bool = False
    seed: int = 7
    speed: float = 0.3
    images: bool = False
    error_mix: str | None = None
    modality: str | None = None
    """One modality, or `all`: then its example batch runs, and not the clip's."""
    folder: Path = Path(".terrace")


class Stopped(BaseException):
    """A signal asked for the end; not an Exception, so that nothing on the way swallows it."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.exit_code = EXIT_INTERRUPTED if number == signal.SIGINT else 128 + number


def wait_ready(own: OwnAws) -> dict[str, Any]:
    """The contract of an AWS that is starting, once everything is ready."""
    click.echo("Starting an AWS on this machine, with the real template on it ...")
    return own.wait_ready()


def on_an_aws(
    options: Options,
    home: Path,
    course: Callable[[dict[str, Any], OwnAws | None], int],
    *,
    posted: Callable[[], list[str]],
    wait: Callable[[OwnAws], dict[str, Any]] = wait_ready,
) -> int:
    """Runs a demo on the AWS that runs here, or on one of its own that ends with it.

    Args:
        options: what the user asked for.
        home: where this run writes.
        course: the demo on the AWS of a contract (None: that runs here); returns the exit code.
        posted: the batches that it has created, and that may go on where the AWS does.
        wait: for an own AWS that is starting.
    """
    running = running_here(options.folder.absolute().parent)
    own: OwnAws | None = None
    done = False
    with signals_end_it():
        try:
            if running is None:
                own = OwnAws(wanted_aws(options, home))
                own.start()
                code = course(wait(own), own)
            else:
                tell_used(running, options.error_mix)
                code = course(running, None)
            done = code == 0
        except PhotosMissing as error:
            raise TerraceError(str(error)) from error
        except Stopped as stopped:
            tell_interrupted(posted(), used=own is None)
            code = stopped.exit_code
        finally:
            if own is not None:
                end_aws(own, options, done)
    return code


def request_file(home: Path) -> Path:
    """Where a demo of one batch writes the request that it posts."""
    return home / "request.json"


def posted_of(home: Path, batch_id: str) -> list[str]:
    """The one batch of a demo, if it has come to posting it."""
    return [batch_id] if request_file(home).exists() else []


def target_of(contract: dict[str, Any]) -> Target:
    """The API of a local AWS."""
    return Target(
        contract["apiUrl"].rstrip("/"),
        "the local run",
        sign=contract.get("auth", "iam") != "none",
        region=contract["region"],
        local=contract,
    )


def wanted_aws(options: Options, home: Path) -> Wanted:
    """What an own AWS for this run is started with."""
    # Without --keep nothing of the user's is touched: a folder of its own, thrown away after.
    # With --keep it is what `terrace local up` here would be, and goes on with its state.
    state_dir = options.folder.absolute() if options.keep else home / "aws"
    return Wanted(
        state_dir,
        options.seed,
        options.speed,
        fresh=not options.keep,
        stays=options.keep,
        error_mix=options.error_mix,
    )


def tell_used(contract: dict[str, Any], error_mix: str | None) -> None:
    """Says whose AWS it is; what its people get wrong was said when it was started."""
    click.echo(f"A local AWS runs here already ({contract['awsEndpoint']}): using it.")
    if error_mix is not None:
        click.echo(f"It keeps the error mix that it was started with, not {error_mix!r}.")


def tell_interrupted(batches: list[str], *, used: bool) -> None:
    """Says that it ended early and, of an AWS that goes on, which batches may go on with it."""
    click.echo("\nInterrupted.", err=True)
    if used:
        for batch_id in batches:
            click.echo(f"The AWS goes on. To end the batch: terrace stop {batch_id}", err=True)


def end_aws(own: OwnAws, options: Options, done: bool) -> None:
    """Stops what was started, or leaves it running where the user asked for that."""
    if options.keep and done:
        own.leave()
        return
    # A second Ctrl-C must not leave processes behind.
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        click.echo("Stopping what was started ...", err=True)
        own.stop()
    finally:
        signal.signal(signal.SIGINT, before)
    if options.keep:
        click.echo(f"Not kept, since it did not end well; logs: {own.log.parent}", err=True)
    elif done:
        own.forget_files()
    else:
        click.echo(f"Logs are in {own.log.parent}", err=True)


@contextmanager
def signals_end_it() -> Iterator[None]:
    """Turns Ctrl-C, SIGTERM and SIGHUP into `Stopped`, so that every `finally` runs."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(number: int, _frame: FrameType | None) -> None:
        raise Stopped(number)

    watched = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, stop) for number in watched}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def clients(contract: dict[str, Any], *services: str) -> tuple[Any, ...]:
    """Clients of these services of a local AWS."""
    import boto3
    from botocore.config import Config

    session = boto3.Session(
        aws_access_key_id="test",
        aws_secret_access_key="test",
        region_name=contract["region"],
    )
    config = Config(max_pool_connections=16, s3={"addressing_style": "path"}, proxies={})
    return tuple(
        session.client(name, endpoint_url=contract["awsEndpoint"], config=config)
        for name in services
    )


def relative(path: Path) -> str:
    """The path as seen from here, where it lies below."""
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def heading(text: str) -> None:
    """A line above a part of what is printed."""
    click.secho(f"\n{text}", bold=True)
