"""What a job leaves in S3, laid out exactly as Ground Truth does."""

from typing import Any

from terrace_local.ground_truth.clock import creation_date, file_stamp
from terrace_local.ground_truth.families import FAMILIES
from terrace_local.ground_truth.families.base import ItemAnswer, Prepared, SetFamily
from terrace_local.ground_truth.jobs import ItemResult, Job
from terrace_local.ground_truth.manifest import Line
from terrace_local.ground_truth.results import dumps

MANIFEST = "manifests/output/output.manifest"


def labeled_result(job: Job, answer: ItemAnswer, moment: float) -> ItemResult:
    """The result of an answered item, with the metadata that every type has."""
    is_custom = job.task_type.family == "custom"
    metadata = {
        **answer.metadata,
        "type": job.task_type.output_type,
        # Real custom jobs write the bare name.
        "job-name": job.name.lower() if is_custom else f"labeling-job/{job.name.lower()}",
        "human-annotated": "yes",
        "creation-date": creation_date(moment),
    }
    return ItemResult(True, answer.value, metadata, answer.answers, moment)


def manifest_line(line: Line, attribute: str, result: ItemResult | None) -> str:
    """The line as the output manifest has it; as it was when nothing happened to it."""
    if result is None or result.left:
        return line.text
    data = {k: v for k, v in line.data.items() if k not in (attribute, f"{attribute}-metadata")}
    if result.labeled:
        data[attribute] = result.value
    data[f"{attribute}-metadata"] = result.metadata
    return dumps(data).decode()


def output_manifest(lines: list[Line], attribute: str, results: dict[int, ItemResult]) -> bytes:
    """The augmented manifest: every input line, in the input's order."""
    rows = (manifest_line(line, attribute, results.get(i)) for i, line in enumerate(lines))
    return ("\n".join(rows) + "\n").encode()


def write_iterations(
    job: Job, prepared: Prepared, results: dict[int, ItemResult]
) -> dict[int, ItemResult]:
    """Consolidates the answers, one set of objects after the other, and files each step.

    Per set: the consolidation request, the response to it, and the intermediate manifest.
    Returns the results as they are after it.

    Raises:
        InputProblem: when the job as a whole must fail.
        botocore.exceptions.ClientError, BotoCoreError: when S3 does not work.
    """
    family = FAMILIES[job.task_type.family]
    by_iteration: dict[int, list[int]] = {}
    for index in sorted(results):
        by_iteration.setdefault(prepared.iteration_of[index], []).append(index)
    after = dict(results)
    for number, indexes in sorted(by_iteration.items()):
        answered = {index: after[index] for index in indexes if after[index].labeled}
        if answered:
            stamp = file_stamp(max(result.answered_at for result in answered.values()))
            folder = f"{job.root}/annotations/consolidated-annotation"
            request_uri = f"{folder}/consolidation-request/iteration-{number}/{stamp}.json"
            request = [_request_row(i, prepared, result) for i, result in answered.items()]
            prepared.files.write(request_uri, dumps(request))
            if isinstance(family, SetFamily):
                after.update(family.consolidate(prepared, request_uri, answered))
            response = [
                _response_row(i, job.attribute, after[i]) for i in answered if after[i].labeled
            ]
            response_uri = f"{folder}/consolidation-response/iteration-{number}/{stamp}.json"
            prepared.files.write(response_uri, dumps(response))
        rows = [manifest_line(prepared.lines[i], job.attribute, after[i]) for i in indexes]
        body = ("\n".join(rows) + "\n").encode()
        prepared.files.write(f"{job.root}/annotations/intermediate/{number}/annotations.json", body)
    return after


def _request_row(index: int, prepared: Prepared, result: ItemResult) -> dict[str, Any]:
    annotations = []
    for answer in result.answers:
        if "content" in answer:
            # The content is a JSON string inside the JSON, as real requests have it.
            data = {"content": dumps(answer["content"]).decode()}
            annotations.append({"workerId": answer["workerId"], "annotationData": data})
        else:
            annotations.append(answer)
    line = prepared.lines[index]
    source = {"s3Uri" if line.by_reference else "content": line.source}
    return {"datasetObjectId": str(index), "dataObject": source, "annotations": annotations}


def _response_row(index: int, attribute: str, result: ItemResult) -> dict[str, Any]:
    content = {attribute: result.value, f"{attribute}-metadata": result.metadata}
    return {"datasetObjectId": str(index), "consolidatedAnnotation": {"content": content}}
