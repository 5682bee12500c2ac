"""`terrace rekognition`: a labeled manifest becomes a trained Custom Labels model."""

import json
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from terrace_cli.client import Client
from terrace_cli.commands.data_set_options import copy_of
from terrace_cli.errors import EXIT_WRONG, TerraceError
from terrace_cli.options import TerraceGroup, printable, target_options
from terrace_cli.progress import Progress
from terrace_cli.target import Choice, Target, find_target

if TYPE_CHECKING:
    from terrace_cli.convert.documents import Documents
    from terrace_cli.rekognition.prepare import Prepared
    from terrace_cli.rekognition.service import Service

MANIFESTS = (".manifest", ".jsonl", ".json")
"""Endings of a name that means a file, also where there is none."""
MOST = click.option(
    "--most",
    type=click.IntRange(min=0),
    default=20,
    show_default=True,
    help="Findings, and test images, that are printed.",
)
SAVE = click.option(
    "--save", type=click.Path(path_type=Path), help="Write everything to this JSON file."
)
AS_JSON = click.option("--json", "as_json", is_flag=True, help="For programs.")


@click.group(cls=TerraceGroup)
def rekognition() -> None:
    """Train an Amazon Rekognition Custom Labels model with labels of Terrace."""


@rekognition.command()
@click.argument("source", metavar="BATCH_ID|MANIFEST")
@click.option("--attribute", help="Lane or label attribute.  [default: the only one]")
@click.option("--project", help="Name in Rekognition.  [default: terrace-<batch or manifest>]")
@click.option("--test", "test_place", metavar="MANIFEST", help="Images to test with.")
@click.option(
    "--test-percent",
    type=click.FloatRange(1, 50),
    default=20,
    show_default=True,
    help="Share of each class to test with, always the same images.",
)
@click.option("--test-by-rekognition", is_flag=True, help="Rekognition chooses 20 % to test with.")
@click.option("--output", metavar="s3://…/", help="Folder for manifests and results.")
@click.option("--kms-key-id", help="Key for what Rekognition copies and writes.")
@click.option("--tag", "tags", multiple=True, metavar="KEY=VALUE", help="May be repeated.")
@click.option("--version-name", help="[default: made of the content, so that it is trained once]")
@click.option("--copy", "copies", multiple=True, metavar="S3FOLDER=DIR", help="A local copy.")
@click.option("--no-images", is_flag=True, help="Do not look at the images themselves.")
@click.option("--leave-out", is_flag=True, help="Train without the lines that break a rule.")
@click.option("--replace-datasets", is_flag=True, help="Delete the project's data sets first.")
@click.option("--start", is_flag=True, help="Train. Without it, nothing is sent.")
@click.option("--yes", is_flag=True, help="Do not ask before it costs money.")
@click.option("--no-wait", is_flag=True, help="Do not wait for the end of the training.")
@MOST
@SAVE
@AS_JSON
@target_options
def train(
    *,
    source: str,
    attribute: str | None,
    project: str | None,
    test_place: str | None,
    test_percent: float,
    test_by_rekognition: bool,
    output: str | None,
    kms_key_id: str | None,
    tags: tuple[str, ...],
    version_name: str | None,
    copies: tuple[str, ...],
    no_images: bool,
    leave_out: bool,
    replace_datasets: bool,
    start: bool,
    yes: bool,
    no_wait: bool,
    most: int,
    save: Path | None,
    as_json: bool,
    choice: Choice,
) -> None:
    """Check the labels of a batch (or of a manifest) against Rekognition's rules, and train.

    Without --start it is a dry run: what is wrong, counts by class, the requests that would be
    sent and the rights that they need. A second start of the same data finds the first one.
    """
    from terrace_cli.convert.documents import Documents
    from terrace_cli.rekognition import clients, plan, prepare, words
    from terrace_cli.rekognition.images import Images

    if test_by_rekognition and test_place:
        raise click.UsageError("--test and --test-by-rekognition exclude each other")
    place, target = _place(source, choice)
    made: list[Any] = []

    def s3() -> Any:
        if not made:
            made.append(clients.s3(choice, target))
        return made[0]

    copied = [copy_of(one) for one in copies]
    documents = Documents(s3, copied)
    order = prepare.Order(
        place=place,
        wanted=attribute,
        test=test_place,
        percent=None if test_by_rekognition else test_percent,
        project=project or plan.project_name(source),
        version=version_name,
        output=output,
        region=clients.region(choice, target),
        kms_key=kms_key_id,
        tags=_tags(tags),
    )
    with tempfile.TemporaryDirectory(prefix="terrace-rekognition-") as folder:
        with Progress() as step:
            prepared = prepare.prepare(
                order,
                documents.lines,
                None if no_images else Images(s3, copied),
                step,
                Path(folder),
            )
        told = prepare.as_json(prepared)
        if not as_json:
            click.echo(printable("\n".join(words.checked(prepared, most))))
        failed: TerraceError | None = None
        if start:
            told["training"] = None
            try:
                told["training"], failed = _started(
                    prepared,
                    s3(),
                    documents,
                    order.region,
                    choice.profile,
                    yes=yes,
                    wait=not no_wait,
                    leave_out=leave_out,
                    replace=replace_datasets,
                    most=None if as_json else most,
                    saved=save,
                    told=told,
                )
            except TerraceError as error:
                # What was found is told first, also to programs.
                failed = error
        _written(told, save)
        if as_json:
            click.echo(json.dumps(told, indent=2))
        elif not start:
            click.echo(printable("\n".join(words.unsent(prepared))))
            click.echo(f"\nNothing was sent. {words.COST}")
        if failed:
            raise failed
        if not start and prepared.of("stops"):
            raise click.exceptions.Exit(1)


def _started(
    prepared: "Prepared",
    s3: Any,
    documents: "Documents",
    region: str | None,
    profile: str | None,
    *,
    yes: bool,
    wait: bool,
    leave_out: bool,
    replace: bool,
    most: int | None,
    saved: Path | None,
    told: dict[str, Any],
) -> tuple[dict[str, Any], TerraceError | None]:
    """Starts the training, waits for it, and tells what came of it."""
    from terrace_cli.rekognition import clients, prepare, service, training, words

    _written(told, saved)
    prepare.refuse(prepared, leave_out=leave_out)
    if clients.is_local(s3):
        raise TerraceError(
            "the images are in the S3 of a local run, which Rekognition cannot read",
            "train with images in S3 of AWS: --region, or a deployed stack with --stack",
            EXIT_WRONG,
        )
    client = clients.rekognition(region, profile)
    asked = service.Service(client, lambda text: click.echo(text, err=True))

    def agreed() -> bool:
        click.echo(words.COST, err=True)
        return yes or click.confirm("Start this training?", err=True)

    begun = training.start(
        prepared.plan,
        asked,
        lambda: service.upload(s3, prepared.plan, prepared.buckets, client.meta.region_name),
        agreed=agreed,
        replace=replace,
        leave_out=leave_out,
    )
    if begun is None:
        raise TerraceError("not started: nobody agreed", "nothing was sent")
    project_arn, version = begun
    click.echo(f"terrace rekognition status {version['ProjectVersionArn']}", err=True)
    return _followed(asked, project_arn, version, documents, wait=wait, most=most)


@rekognition.command()
@click.argument("arn")
@click.option("--wait", is_flag=True, help="Wait for the end of the training.")
@MOST
@SAVE
@AS_JSON
@target_options
def status(
    *, arn: str, wait: bool, most: int, save: Path | None, as_json: bool, choice: Choice
) -> None:
    """Say how far the training of the model version ARN is, or what came of it."""
    from terrace_cli.convert.documents import Documents
    from terrace_cli.rekognition import clients, service

    region = choice.region or service.parts(arn)[0]
    on_aws = Choice(region=region, profile=choice.profile)
    documents = Documents(lambda: clients.s3(on_aws, None))
    asked = service.Service(
        clients.rekognition(region, choice.profile), lambda text: click.echo(text, err=True)
    )
    project_arn, name = asked.of_arn(arn)
    version = asked.version(project_arn, name)
    if version is None:
        raise TerraceError(f"there is no version {name}", "was it deleted?")
    told, failed = _followed(
        asked, project_arn, version, documents, wait=wait, most=None if as_json else most
    )
    _written(told, save)
    if as_json:
        click.echo(json.dumps(told, indent=2))
    if failed:
        raise failed


def _followed(
    asked: "Service",
    project_arn: str,
    version: dict[str, Any],
    documents: "Documents",
    *,
    wait: bool,
    most: int | None,
) -> tuple[dict[str, Any], TerraceError | None]:
    """The version, waited for where that is wanted, and why it failed, if it did.

    `most` None: nothing is printed.
    """
    from terrace_cli.rekognition import service, training, words

    if version.get("Status") == service.TRAINING and wait:
        try:
            version = training.follow(asked, project_arn, version, _look())
        finally:
            if sys.stderr.isatty():
                click.echo(err=True)
    if version.get("Status") == service.TRAINING:
        if most is not None:
            click.echo(f"{version['ProjectVersionArn']}: {service.TRAINING}")
        return training.as_json(version, None), None
    if version.get("Status") in service.NO_RESULTS:
        return training.as_json(version, None), training.failure(version)
    found = training.read_results(version, documents.json, documents.lines)
    if most is not None:
        click.echo(printable("\n".join(words.results(version, found, most))))
    return training.as_json(version, found), None


def _look() -> Any:
    """Tells the status: again and again on a terminal, once elsewhere."""
    said: set[str] = set()

    def look(status: str, seconds: float) -> None:
        if sys.stderr.isatty():
            click.echo(f"\r{status}, {seconds / 60:.0f} minutes ", nl=False, err=True)
        elif status not in said:
            said.add(status)
            click.echo(f"{status}: waiting (Ctrl-C leaves it running)", err=True)

    return look


def _place(source: str, choice: Choice) -> tuple[str, Target | None]:
    """The manifest that is meant, and where the batch is, if it is one."""
    named = any((choice.api_url, choice.stack))
    path = source.startswith("s3://") or "/" in source or source.endswith(MANIFESTS)
    if path or Path(source).is_file():
        return source, find_target(choice) if named else None
    target = find_target(choice)
    outputs = Client(target).show(source).get("outputs") or {}
    uri = outputs.get("finalManifestS3Uri")
    if not uri:
        raise TerraceError(
            f"the batch {source} has no final manifest",
            "it is written when a batch has ended with an accepted item; `terrace show` says more",
            EXIT_WRONG,
        )
    return str(uri), target


def _tags(given: tuple[str, ...]) -> dict[str, str]:
    made = {}
    for text in given:
        key, equals, value = text.partition("=")
        if not equals or not key:
            raise click.UsageError(f"--tag {text!r} is not KEY=VALUE")
        made[key] = value
    return made


def _written(told: dict[str, Any], path: Path | None) -> None:
    if path is None:
        return
    try:
        path.write_text(f"{json.dumps(told, indent=2)}\n", encoding="utf-8")
    except OSError as error:
        raise TerraceError(
            f"cannot write {path}: {error.strerror}", exit_code=EXIT_WRONG
        ) from error
