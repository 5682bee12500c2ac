"""What a request may ask of a gate: each rule by its path and code."""

from dataclasses import replace
from typing import Any

import pytest

from terrace.domain.modalities import MODALITIES
from terrace.domain.quality.catalog import CHECKS
from terrace.domain.validation_gates import kinds_of
from tests.domain.requests import ACCOUNT, LIMITS, REGION, batch, found, label_job

OWN = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:mine"
ALLOWED = replace(LIMITS, function_arns=frozenset({OWN}))
GATE = "$.labelingJobs[1].inputConfig.gate"
PROMISE = {"maxErrorRate": 0.05, "confidence": 0.95}


def boxes(gate: Any, more: dict[str, Any] | None = None, **review: Any) -> dict[str, Any]:
    """Images, and their review behind a gate; `more` goes into its inputConfig."""
    first = label_job(jobModality="BoundingBox", numberOfHumanWorkersPerDataObject=3)
    return _two(first, "BoundingBoxAdjustment", gate, more, review)


def video(gate: Any, more: dict[str, Any] | None = None, **review: Any) -> dict[str, Any]:
    return _two(label_job(), "VideoObjectTrackingAdjustment", gate, more, review)


def _two(
    first: dict[str, Any],
    modality: str,
    gate: Any,
    more: dict[str, Any] | None,
    review: dict[str, Any],
) -> dict[str, Any]:
    config = {"chainFromJobName": "car", "gate": gate, **(more or {})}
    second = {
        "jobName": "review",
        "jobLevel": 2,
        "jobModality": modality,
        "inputConfig": config,
        **review,
    }
    return batch(first, second)


@pytest.mark.parametrize(
    "request_",
    [
        boxes({"checks": ["duplicate-box"]}),
        boxes({"checks": [{"check": "duplicate-box", "threshold": "0.5", "severity": "info"}]}),
        boxes({"checks": ["duplicate-box", "box-outside"], "combine": "all"}),
        boxes({"checks": ["disagreement"]}),
        boxes({"checks": ["gold"]}, {"goldManifestS3Uri": "s3://in-bucket/gold.manifest"}),
        boxes({"checks": [{"check": "lambda", "functionArn": OWN}]}),
        boxes({"where": {"label": ["Car"]}}),
        boxes({"sample": {"percent": "12.5"}}),
        boxes({"sample": {"count": 5, "stratify": "label", "seed": "x"}}),
        boxes({"sample": {**PROMISE, "allowedErrors": 2}}),
        boxes({"budget": {"percent": 10}}),
        video({"checks": ["missing-frame"], "unit": "clip", "context": 0}),
        video({"where": {"attribute": {"moving": ["yes", "no"]}}, "unit": "clip"}),
        boxes(None),
    ],
)
def test_right_gates(request_: dict[str, Any]) -> None:
    assert found(request_, ALLOWED) == set()


@pytest.mark.parametrize(
    ("request_", "path", "code"),
    [
        (boxes({}), "", "GATE_EMPTY"),
        (boxes({"where": {}}), ".where", "GATE_EMPTY"),
        (boxes({"checks": []}), ".checks", "WRONG_LENGTH"),
        (boxes({"sample": {"count": 3}, "combine": "all"}), ".combine", "GATE_COMBINES_NOTHING"),
        (boxes({"checks": ["duplicate-bix"]}), ".checks[0].check", "UNKNOWN_CHECK"),
        (boxes({"checks": ["missing-frame"]}), ".checks[0].check", "CHECK_NOT_FOR_THIS_MODALITY"),
        (video({"checks": ["duplicate-box"]}), ".checks[0].check", "CHECK_NOT_FOR_THIS_MODALITY"),
        (video({"checks": ["appearance"]}), ".checks[0].check", "CHECK_NOT_IN_GATES"),
        (video({"checks": ["disagreement"]}), ".checks[0].check", "CHECK_NEEDS_WORKERS"),
        (boxes({"checks": ["box-size"] * 2}), ".checks[1].check", "GATE_CHECK_TWICE"),
        (
            boxes({"checks": [{"check": "duplicate-box", "threshold": 1.5}]}),
            ".checks[0].threshold",
            "OUT_OF_RANGE",
        ),
        (
            boxes({"checks": [{"check": "box-size", "threshold": -1}]}),
            ".checks[0].threshold",
            "OUT_OF_RANGE",
        ),
        (
            boxes({"checks": [{"check": "no-label", "threshold": 1}]}),
            ".checks[0].threshold",
            "CHECK_WITHOUT_THRESHOLD",
        ),
        (boxes({"checks": ["lambda"]}), ".checks[0].functionArn", "REQUIRED"),
        (
            boxes({"checks": [{"check": "box-size", "functionArn": OWN}]}),
            ".checks[0].functionArn",
            "ONLY_FOR_LAMBDA",
        ),
        (
            boxes({"checks": [{"check": "lambda", "functionArn": "mine"}]}),
            ".checks[0].functionArn",
            "FUNCTION_ARN_INVALID",
        ),
        (
            boxes({"checks": [{"check": "lambda", "functionArn": f"{OWN}-other"}]}),
            ".checks[0].functionArn",
            "FUNCTION_NOT_ALLOWED",
        ),
        (
            boxes({"checks": [{"check": "lambda", "functionArn": OWN.replace("west", "east")}]}),
            ".checks[0].functionArn",
            "WRONG_REGION",
        ),
        (boxes({"where": {"verdict": "fail"}}), ".where.verdict", "NO_VERDICT"),
        (boxes({"where": {"attribute": {"a": "b"}}}), ".where.attribute", "NOT_FOR_THIS_MODALITY"),
        (boxes({"sample": {}}), ".sample", "ONE_OF"),
        (boxes({"sample": {"stratify": "label"}}), ".sample", "ONE_OF"),
        (boxes({"sample": {"percent": 5, "count": 5}}), ".sample", "ONE_OF"),
        (boxes({"sample": {"maxErrorRate": 0.1}}), ".sample", "ONE_OF"),
        (boxes({"sample": {"confidence": 0.1}}), ".sample", "ONE_OF"),
        (boxes({"sample": {"count": 5, **PROMISE}}), ".sample", "ONE_OF"),
        (boxes({"sample": {"percent": 0}}), ".sample.percent", "OUT_OF_RANGE"),
        (boxes({"sample": {"percent": 101}}), ".sample.percent", "OUT_OF_RANGE"),
        (boxes({"sample": {**PROMISE, "maxErrorRate": 1}}), ".sample.maxErrorRate", "OUT_OF_RANGE"),
        (
            boxes({"sample": {"count": 5, "allowedErrors": 1}}),
            ".sample.allowedErrors",
            "ONLY_WITH_A_PROMISE",
        ),
        (
            boxes({"sample": {**PROMISE, "stratify": "label"}}),
            ".sample.stratify",
            "NOT_WITH_A_PROMISE",
        ),
        (
            boxes({"sample": PROMISE, "budget": {"count": 5}}),
            ".budget",
            "NOT_WITH_A_PROMISE",
        ),
        (video({"sample": PROMISE, "unit": "clip"}), ".unit", "NOT_WITH_A_PROMISE"),
        (boxes({"budget": {}}), ".budget", "ONE_OF"),
        (boxes({"budget": {"count": 1, "percent": 1}}), ".budget", "ONE_OF"),
        (boxes({"sample": {"count": 5}, "unit": "clip"}), ".unit", "NOT_FOR_THIS_MODALITY"),
        (boxes({"sample": {"count": 5}, "context": 5}), ".context", "ONLY_FOR_CLIPS"),
        (boxes({"sample": {"count": 5}, "unit": "frame"}), ".unit", "UNKNOWN_VALUE"),
        (boxes({"sampel": {"count": 5}}), ".sampel", "UNKNOWN_FIELD"),
        (boxes({"checks": [{"chek": "x"}]}), ".checks[0].chek", "UNKNOWN_FIELD"),
        (boxes({"checks": [7]}), ".checks[0]", "WRONG_TYPE"),
        (boxes([]), "", "WRONG_TYPE"),
    ],
)
def test_wrong_gates(request_: dict[str, Any], path: str, code: str) -> None:
    assert (f"{GATE}{path}", code) in found(request_, ALLOWED)


@pytest.mark.parametrize(
    ("request_", "path", "code"),
    [
        (
            boxes({"checks": ["gold"]}),
            "inputConfig.goldManifestS3Uri",
            "REQUIRED",
        ),
        (
            boxes({"checks": ["gold"]}, {"goldManifestS3Uri": "s3://other/gold.manifest"}),
            "inputConfig.goldManifestS3Uri",
            "BUCKET_NOT_ALLOWED",
        ),
        (
            boxes({"sample": {"count": 1}}, {"downSamplingRate": 50}),
            "inputConfig.gate",
            "GATE_AND_SAMPLING",
        ),
        (boxes({"sample": PROMISE}, maxAttempts=9), "maxAttempts", "NOT_WITH_A_PROMISE"),
        (
            boxes({"sample": PROMISE}, stoppingConditions={"maxHumanLabeledObjectCount": 5}),
            "stoppingConditions",
            "NOT_WITH_A_PROMISE",
        ),
    ],
)
def test_what_else_a_gate_needs_of_its_job(request_: dict[str, Any], path: str, code: str) -> None:
    assert found(request_, ALLOWED) == {(f"$.labelingJobs[1].{path}", code)}


def test_a_promise_needs_somebody_who_says_whether_a_label_was_wrong() -> None:
    wrong = _two(
        label_job(),
        "VideoObjectTracking",
        {"sample": PROMISE},
        None,
        {"labelCategoryConfigS3Uri": "s3://in-bucket/car.json"},
    )
    assert found(wrong) == {(f"{GATE}.sample.maxErrorRate", "ONLY_FOR_REVIEWS")}


def test_a_verdict_may_be_any_earlier_jobs_of_the_lane() -> None:
    gate = {"where": {"verdict": "fail"}}
    request = boxes(gate)
    verify = {
        "jobName": "verify",
        "jobLevel": 2,
        "jobModality": "BoundingBoxVerification",
        "inputConfig": {"chainFromJobName": "car"},
    }
    review = {**request["labelingJobs"][1], "jobLevel": 3}
    review["inputConfig"] = {"chainFromJobName": "verify", "gate": gate}
    assert found(batch(request["labelingJobs"][0], verify, review)) == set()


def test_a_gate_on_a_job_with_a_manifest_is_out_of_place() -> None:
    job = label_job(inputConfig={"inputManifestS3Uri": "s3://in-bucket/x", "gate": {"sample": {}}})
    assert found(batch(job)) == {("$.labelingJobs[0].inputConfig.gate", "ONLY_WHEN_CHAINED")}


@pytest.mark.parametrize("name", [name for name, row in MODALITIES.items() if row.review])
def test_every_review_has_checks_that_a_gate_before_it_can_ask(name: str) -> None:
    fitting = [row.name for row in CHECKS.values() if row.kinds & kinds_of(MODALITIES[name])]
    assert {"lambda", "gold"} < set(fitting)
