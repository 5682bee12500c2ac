"""Starts a training that was prepared, follows one, and tells its results."""

import dataclasses
import time
from collections.abc import Callable, Iterator
from typing import Any

from terrace_cli.errors import EXIT_INTERRUPTED, TerraceError
from terrace_cli.rekognition import results, service
from terrace_cli.rekognition.plan import Plan
from terrace_cli.rekognition.results import Results
from terrace_cli.rekognition.service import Service


def start(
    plan: Plan,
    rekognition: Service,
    upload: Callable[[], None],
    *,
    agreed: Callable[[], bool],
    replace: bool,
    leave_out: bool,
) -> tuple[str, dict[str, Any]] | None:
    """Starts the training, or finds it started; the project's ARN and the version, or None.

    Args:
        plan: what is trained.
        rekognition: the service.
        upload: writes both manifests to S3.
        agreed: asks whether it may cost money; not asked where nothing more is begun.
        replace: whether data sets of another content may go.
        leave_out: whether entries that Rekognition finds errors in are trained without.

    Raises:
        TerraceError: Rekognition cannot, or an earlier training of this name has failed, or was
            of other data.
    """
    known = rekognition.project(plan.project)
    if known is not None:
        found = rekognition.version(known["ProjectArn"], plan.version)
        if found is not None:
            rekognition.same_content(plan, found)
            rekognition.say(f"training {plan.version} is there: found, not started")
            if found.get("Status") == service.FAILED:
                raise TerraceError(
                    f"the training {plan.version} has failed already: "
                    f"{found.get('StatusMessage') or 'no reason is given'}",
                    "to train the same data once more, give it another --version-name",
                )
            return known["ProjectArn"], found
    if not agreed():
        return None
    upload()
    project = rekognition.ensure_project(plan)
    arns = rekognition.ensure_datasets(plan, project, replace=replace)
    for kind, number, entries in rekognition.errors(arns):
        if not leave_out:
            first = f", such as {entries[0][:500]}" if entries else ""
            raise TerraceError(
                f"Rekognition finds errors in {number} images of the {kind} data set{first}",
                "nothing was trained or billed; mend them, or train without them: --leave-out",
            )
    return project["ProjectArn"], rekognition.begin(plan, project["ProjectArn"])


class Interrupted(TerraceError):
    """Nobody waits any more; the training goes on."""

    def __init__(self, arn: str) -> None:
        super().__init__(
            "the training goes on",
            f"look at it with: terrace rekognition status {arn} --wait",
            EXIT_INTERRUPTED,
        )


def follow(
    rekognition: Service,
    project_arn: str,
    version: dict[str, Any],
    look: Callable[[str, float], None],
    clock: Callable[[], float] = time.monotonic,
) -> dict[str, Any]:
    """Waits for the end of a training; `look` is told the status and the seconds waited.

    Raises:
        Interrupted: by Ctrl-C.
        TerraceError: Rekognition does not answer; it says how to go on.
    """
    arn = str(version.get("ProjectVersionArn", ""))
    name = service.parts(arn)[2]
    began = clock()
    try:
        return rekognition.wait(project_arn, name, lambda status: look(status, clock() - began))
    except KeyboardInterrupt:
        raise Interrupted(arn) from None
    except TerraceError as error:
        raise TerraceError(
            f"{error} (the training goes on)",
            f"look at it with: terrace rekognition status {arn} --wait",
        ) from error


def read_results(
    version: dict[str, Any],
    json_of: Callable[[str], Any],
    lines_of: Callable[[str], Callable[[], Iterator[str]]],
) -> Results:
    """The results of a training that is done.

    What cannot be read is in `notes`: the model is trained all the same.

    Args:
        version: as DescribeProjectVersions tells it.
        json_of: reads a JSON file.
        lines_of: makes a reader of a file's lines.
    """
    made = Results()
    evaluation = version.get("EvaluationResult") or {}
    summary = _uri((evaluation.get("Summary") or {}).get("S3Object"))
    if summary is None:
        made.notes.append("Rekognition names no summary file")
    else:
        try:
            results.read_summary(json_of(summary), made)
        except TerraceError as error:
            made.notes.append(str(error))
    if made.overall is None and evaluation.get("F1Score") is not None:
        made.overall = results.Measures("", None, None, float(evaluation["F1Score"]))
    output = (version.get("TestingDataResult") or {}).get("Output") or {}
    for asset in output.get("Assets") or []:
        snapshot = _uri((asset.get("GroundTruthManifest") or {}).get("S3Object"))
        if snapshot is None:
            continue
        try:
            results.read_snapshot(lines_of(snapshot)(), made, snapshot)
        except TerraceError as error:
            made.notes.append(str(error))
    if not made.images:
        made.notes.append("no result of a test image is known")
    return made


def failure(version: dict[str, Any]) -> TerraceError:
    """Why a training failed, and where Rekognition says more."""
    summary = _uri((version.get("ManifestSummary") or {}).get("S3Object"))
    return TerraceError(
        f"{version.get('ProjectVersionArn', '')}: {version.get('Status')}: "
        f"{version.get('StatusMessage') or 'no reason is given'}",
        f"every error is in {summary}" if summary else "",
    )


def as_json(version: dict[str, Any], found: Results | None) -> dict[str, Any]:
    """A version and its results, for programs."""
    ended = version.get("TrainingEndTimestamp")
    return {
        "projectVersionArn": version.get("ProjectVersionArn"),
        "status": version.get("Status"),
        "statusMessage": version.get("StatusMessage"),
        "billableTrainingSeconds": version.get("BillableTrainingTimeInSeconds"),
        "trainingEnd": ended.isoformat() if ended is not None else None,
        "results": dataclasses.asdict(found) if found else None,
    }


def _uri(given: Any) -> str | None:
    if not isinstance(given, dict) or not given.get("Bucket") or not given.get("Name"):
        return None
    return f"s3://{given['Bucket']}/{given['Name']}"
