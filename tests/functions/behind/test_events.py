"""Every file under events/ is what AWS, or the machine, really sends to its function."""

import hashlib
import json
from typing import Any

import pytest
from pydantic import BaseModel

from terrace.steps.deliver_batch import DeliverBatchInput
from terrace.steps.fail_batch import FailBatchInput
from terrace.steps.finalize_batch import FinalizeBatchInput
from terrace.steps.notify import NotifyInput
from terrace.steps.park_wave import ParkWaveInput
from terrace.steps.plan_wave import PlanWaveInput
from terrace.steps.post_annotation import PostAnnotationInput
from terrace.steps.pre_annotation import PreAnnotationInput
from terrace.steps.prepare_input import PrepareInputInput
from terrace.steps.start_job import StartJobInput
from terrace.steps.transform_batch import TransformBatchInput
from terrace.steps.write_report import WriteReportInput
from tests.functions.behind.conftest import EVENTS, event
from tests.stack_template import machine

MODELS: dict[str, type[BaseModel]] = {
    "transform_batch": TransformBatchInput,
    "plan_wave": PlanWaveInput,
    "prepare_input": PrepareInputInput,
    "start_job": StartJobInput,
    "park_wave": ParkWaveInput,
    "finalize_batch": FinalizeBatchInput,
    "write_report": WriteReportInput,
    "deliver_batch": DeliverBatchInput,
    "notify": NotifyInput,
    "fail_batch": FailBatchInput,
}
OF_GROUND_TRUTH: dict[str, type[BaseModel]] = {
    "pre_annotation": PreAnnotationInput,
    "post_annotation": PostAnnotationInput,
}
NAMES = sorted(path.stem for path in EVENTS.glob("*.json"))
OF_THE_MACHINE = [name for name in NAMES if name.split(".")[0] in MODELS]
OF_SQS = [name for name in NAMES if name.startswith("on_job_event.")]
OF_EVENTBRIDGE = [name for name in NAMES if name.startswith("reconcile.")]
ENVELOPE = {
    "version",
    "id",
    "detail-type",
    "source",
    "account",
    "time",
    "region",
    "resources",
    "detail",
}


def payloads(states: dict[str, Any]) -> dict[str, list[set[str]]]:
    """The keys that the machine passes, by function."""
    found: dict[str, list[set[str]]] = {}
    for state in states.values():
        for inner in [state.get("ItemProcessor")] if "ItemProcessor" in state else []:
            for function, keys in payloads(inner["States"]).items():
                found.setdefault(function, []).extend(keys)
        parameters = state.get("Parameters", {})
        if "Payload" in parameters:
            name = parameters["FunctionName"].strip("${}").removesuffix("FunctionArn")
            snake = "".join(f"_{c.lower()}" if c.isupper() else c for c in name).strip("_")
            keys = {key.removesuffix(".$") for key in parameters["Payload"]}
            found.setdefault(snake, []).append(keys)
    return found


def test_every_file_is_named_after_a_function() -> None:
    functions = {*MODELS, *OF_GROUND_TRUTH, "on_job_event", "reconcile", "api"}
    assert {name.split(".")[0] for name in NAMES} <= functions
    assert functions - {"api"} <= {name.split(".")[0] for name in NAMES}


@pytest.mark.parametrize("name", OF_THE_MACHINE)
def test_an_event_of_the_machine_is_the_input_of_its_step_and_nothing_else(name: str) -> None:
    model = MODELS[name.split(".", maxsplit=1)[0]].model_validate(event(name), strict=True)
    assert model.model_dump(mode="json", exclude_unset=True) == event(name)


@pytest.mark.parametrize("name", OF_THE_MACHINE)
def test_an_event_of_the_machine_has_the_keys_that_the_machine_passes(name: str) -> None:
    passed = payloads(machine()["States"])[name.split(".", maxsplit=1)[0]]
    assert set(event(name)) in passed


def test_the_machine_passes_nothing_that_no_event_shows() -> None:
    for function, alternatives in payloads(machine()["States"]).items():
        shown = [set(event(name)) for name in OF_THE_MACHINE if name.startswith(f"{function}.")]
        assert all(keys in shown for keys in alternatives), function


@pytest.mark.parametrize("name", OF_SQS)
def test_an_event_of_sqs_has_the_fields_and_checksum_that_sqs_sends(name: str) -> None:
    for record in event(name)["Records"]:
        assert set(record) == {
            "messageId",
            "receiptHandle",
            "body",
            "attributes",
            "messageAttributes",
            "md5OfBody",
            "eventSource",
            "eventSourceARN",
            "awsRegion",
        }
        assert record["md5OfBody"] == hashlib.md5(record["body"].encode()).hexdigest()
        assert record["eventSource"] == "aws:sqs"


def test_the_body_of_a_job_event_is_a_whole_event_of_eventbridge() -> None:
    bodies = [
        json.loads(record["body"])
        for name in ("on_job_event.completed", "on_job_event.twice_and_foreign")
        for record in event(name)["Records"]
    ]
    for body in bodies:
        assert set(body) == ENVELOPE
        assert set(body["detail"]) == {"LabelingJobStatus"}
        [arn] = body["resources"]
        assert arn.startswith("arn:aws:sagemaker:us-east-1:111122223333:labeling-job/")


@pytest.mark.parametrize("name", OF_EVENTBRIDGE)
def test_an_event_of_eventbridge_has_its_whole_envelope(name: str) -> None:
    assert set(event(name)) == ENVELOPE


DOCUMENTED = {
    "pre_annotation": {"version", "labelingJobArn", "dataObject"},
    "post_annotation": {
        "version",
        "labelingJobArn",
        "labelCategories",
        "labelAttributeName",
        "roleArn",
        "payload",
        "outputConfig",
        "kmsKeyId",
    },
}
"""Fields of Ground Truth's events: the guide's, and those that only real ones were seen with."""


@pytest.mark.parametrize("name", [n for n in NAMES if n.split(".")[0] in OF_GROUND_TRUTH])
def test_an_event_of_ground_truth_has_documented_fields_and_is_understood(name: str) -> None:
    function = name.split(".", maxsplit=1)[0]
    assert set(event(name)) <= DOCUMENTED[function]
    read = OF_GROUND_TRUTH[function].model_validate(event(name)).model_dump()
    assert read.items() <= event(name).items()
