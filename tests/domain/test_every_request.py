"""Whatever validation lets through becomes a request that Ground Truth takes, wherever it is."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from terrace.domain import defaults, labeling_request, modalities
from terrace.domain.label_reading import read
from terrace.domain.modalities import MODALITIES, REGION_ACCOUNTS
from terrace.domain.validation import check_request
from tests.data.shared_data import FOLDER, facts, sample_lines
from tests.domain.request_rules import broken_rules
from tests.domain.requests import ACCOUNT, LIMITS, TEAM
from tests.domain.test_labeling_request import check_against_model
from tests.domain.test_modalities import FACT_IDS

NAMES = st.from_regex(r"[a-zA-Z0-9](-?[a-zA-Z0-9]){0,29}", fullmatch=True)
WORDS = st.from_regex(r"[A-Za-z0-9]{1,14}( [A-Za-z0-9]{1,14})?", fullmatch=True)
TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), min_size=1)


def limits_of(region: str) -> Any:
    team = TEAM.replace("us-west-2", region)
    return replace(
        LIMITS,
        region=region,
        first_level_workteam_arn=f"{team}-first",
        second_level_workteam_arn=f"{team}-second",
    )


@st.composite
def jobs(draw: st.DrawFn, name: str) -> dict[str, Any]:
    """A job of a modality with any of its fields set, within or past their limits."""
    row = modalities.get(name)
    config: dict[str, Any] = {"inputManifestS3Uri": "s3://in-bucket/one.manifest"}
    if row.review:
        config["auditLabelAttributeName"] = "audited-one"
    optional: dict[str, st.SearchStrategy[Any]] = {
        "labelAttributeName": NAMES.map(lambda n: f"{n}-ref" if row.attribute_ref_suffix else n),
        "numberOfHumanWorkersPerDataObject": st.integers(0, 10),
        "maxConcurrentTaskCount": st.integers(1, 5_000),
        "taskTimeLimitInSeconds": st.sampled_from([30, 28_800, 28_801, 604_800, 2_592_000]),
        "taskAvailabilityLifetimeInSeconds": st.integers(60, 2_592_000),
        "taskTitle": TEXTS.map(lambda t: t[:128]),
        "taskDescription": TEXTS.map(lambda t: t[:255]),
        "taskKeywords": st.lists(WORDS, min_size=1, max_size=5),
        "stoppingConditions": st.fixed_dictionaries(
            {},
            optional={
                "maxHumanLabeledObjectCount": st.integers(1, 10**6),
                "maxPercentageOfInputDatasetLabeled": st.integers(1, 100),
            },
        ),
        "contentClassifiers": st.lists(
            st.sampled_from(["FreeOfPersonallyIdentifiableInformation", "FreeOfAdultContent"]),
            unique=True,
        ),
        "outputKmsKeyId": st.sampled_from(["alias/labels", "1234abcd-12ab-34cd-56ef-1234567890ab"]),
        "tags": st.dictionaries(WORDS, WORDS, max_size=5),
        "instructions": st.just({"shortInstruction": "Be quick.", "fullInstruction": "Be good."}),
    }
    if row.human_task_ui is None:
        optional["uiTemplateS3Uri"] = st.just("s3://in-bucket/own.liquid.html")
    return {
        "jobName": draw(NAMES.filter(lambda n: not n[-1].isdigit())),
        "jobLevel": 1,
        "jobModality": name,
        "inputConfig": config,
        "labelCategoryConfigS3Uri": "s3://in-bucket/categories.json",
        **draw(st.fixed_dictionaries({}, optional=optional)),
    }


@pytest.mark.parametrize("name", MODALITIES)
@settings(max_examples=5, deadline=None)
@given(data=st.data(), region=st.sampled_from(sorted(REGION_ACCOUNTS)))
def test_a_job_that_is_right_makes_a_request_that_breaks_no_rule(
    name: str, data: st.DataObject, region: str
) -> None:
    # Given a job of the modality that validation finds right
    limits = limits_of(region)
    request, _ = check_request({"batchId": "b", "labelingJobs": [data.draw(jobs(name))]}, limits)
    if request is None:
        return
    # When its request is built as StartJob does
    built = built_from(request, name, region, limits)
    # Then neither the API's model nor the fact sheet finds anything wrong with it
    check_against_model(built)
    fact = next(f for f in facts()["task_types"] if f["id"] == FACT_IDS[name])
    assert broken_rules(built, fact, facts(), region) == []


@pytest.mark.parametrize("region", sorted(REGION_ACCOUNTS))
@pytest.mark.parametrize("name", MODALITIES)
def test_the_plainest_job_makes_a_request_that_breaks_no_rule(name: str, region: str) -> None:
    config: dict[str, Any] = {"inputManifestS3Uri": "s3://in-bucket/one.manifest"}
    if modalities.get(name).review:
        config["auditLabelAttributeName"] = "audited-one"
    job = {
        "jobName": "one",
        "jobLevel": 1,
        "jobModality": name,
        "inputConfig": config,
        "labelCategoryConfigS3Uri": "s3://in-bucket/categories.json",
    }
    limits = limits_of(region)
    request, problems = check_request({"batchId": "b", "labelingJobs": [job]}, limits)
    assert problems == []
    built = built_from(request, name, region, limits)
    check_against_model(built)
    fact = next(f for f in facts()["task_types"] if f["id"] == FACT_IDS[name])
    assert broken_rules(built, fact, facts(), region) == []


def built_from(request: Any, name: str, region: str, limits: Any) -> dict[str, Any]:
    spec = defaults.fill(request, limits).labelingJobs[0]
    row = modalities.get(name)
    own = f"arn:aws:lambda:{region}:{ACCOUNT}:function:SageMaker"
    return labeling_request.build(
        spec,
        row,
        batch_id="b",
        nonce="n" * 32,
        attempt=1,
        attempt_name=spec.jobName,
        label_attribute_name=spec.labelAttributeName or "",
        region=region,
        role_arn=f"arn:aws:iam::{ACCOUNT}:role/labeling",
        manifest_uri="s3://in-bucket/one.manifest",
        category_uri="s3://batch-bucket/categories.json",
        output_path="s3://batch-bucket/outputs/one/a1/",
        ui_template_uri=None
        if row.human_task_ui
        else spec.uiTemplateS3Uri or "s3://batch-bucket/ui.html",
        pre_annotation_arn=f"{own}-pre",
        post_annotation_arn=f"{own}-post",
    )


def test_the_rules_can_be_broken() -> None:
    # Given a right request, and the same with one thing wrong at a time
    limits = limits_of("eu-west-1")
    job = {
        "jobName": "one",
        "jobLevel": 1,
        "jobModality": "VideoObjectTracking",
        "inputConfig": {"inputManifestS3Uri": "s3://in-bucket/one.manifest"},
        "labelCategoryConfigS3Uri": "s3://in-bucket/categories.json",
    }
    request, _ = check_request({"batchId": "b", "labelingJobs": [job]}, limits)
    fact = next(f for f in facts()["task_types"] if f["id"] == "video-object-tracking")
    wrong: list[tuple[str, Any]] = [
        ("LabelAttributeName", "one"),
        ("HumanTaskConfig.NumberOfHumanWorkersPerDataObject", 2),
        ("HumanTaskConfig.TaskTimeLimitInSeconds", 2_592_001),
        ("HumanTaskConfig.UiConfig", {"UiTemplateS3Uri": "s3://b/k"}),
        (
            "HumanTaskConfig.PreHumanTaskLambdaArn",
            "arn:aws:lambda:eu-west-1:432418664414:function:PRE-VideoObjectTracking",
        ),
        ("LabelingJobAlgorithmsConfig", {}),
    ]
    for path, value in wrong:
        built = built_from(request, "VideoObjectTracking", "eu-west-1", limits)
        *parts, last = path.split(".")
        holder = built
        for part in parts:
            holder = holder[part]
        holder[last] = value
        # Then the checker finds exactly that
        assert len(broken_rules(built, fact, facts(), "eu-west-1")) == 1, path


# --- what AWS's own examples imply ---------------------------------------------------------------

SUFFIX_CONFLICT = "verify-city-streets-ref"
"""The guide's verification of masks ends -ref; botocore 1.44.5 says that it must not."""


@pytest.mark.parametrize(
    "path",
    sorted(
        path.relative_to(FOLDER).as_posix()
        for pattern in ("**/*.manifest", "**/*manifest.jsonl")
        for path in FOLDER.glob(pattern)
        if "inputs" not in path.parts
    ),
)
def test_our_attributes_and_inputs_are_like_those_of_aws_own_jobs(path: str) -> None:
    # Given the labels of a manifest that a job of Ground Truth left, or its guide shows
    rows = {row.output_type: row for row in MODALITIES.values() if row.output_type}
    for item in read([json.dumps(json.loads(t)) for t in sample_lines(path) if t.strip()]):
        for label in item.labels.values():
            row = rows[label.type]
            # Then the job's attribute ends as ours would, and its input is named as ours is
            if label.attribute != SUFFIX_CONFLICT:
                assert label.attribute.endswith("-ref") == row.attribute_ref_suffix
            assert any(key in item.data for key in row.input_attributes)
