"""The stack keeps its rules, and each rule would be noticed if it were broken."""

import copy
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from terrace.runtime import wiring
from terrace.steps import reconcile
from terrace_cli.checks import serverless_pack
from terrace_cli.checks.expand import expand, load_template
from terrace_cli.checks.machine import all_states
from terrace_cli.checks.stack import actions, check_stack, lint, statements
from terrace_cli.checks.waivers import read_waivers
from tests.world import events

ROOT = Path(__file__).resolve().parents[2]
FUNCTIONS = ROOT / "functions"
EVERY_FUNCTION = {"POWERTOOLS_SERVICE_NAME", "POWERTOOLS_METRICS_NAMESPACE", "LOG_LEVEL"}
"""Read by Powertools and by the logger, not by a function's settings."""


@pytest.fixture(scope="module")
def template() -> dict[str, Any]:
    return expand(ROOT / "template.yaml")


def test_the_expanded_template_is_lint_clean(template: dict[str, Any]) -> None:
    assert [str(finding) for finding in lint(template)] == []


def test_the_stack_keeps_every_house_rule_or_says_why_not(template: dict[str, Any]) -> None:
    waivers = read_waivers(ROOT / "docs" / "security-waivers.yaml")
    found = check_stack(template, FUNCTIONS) + serverless_pack.findings(template)
    assert [str(finding) for finding in waivers.split(found)[0]] == []


def properties(template: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = template["Resources"][name]["Properties"]
    return found


def _allow(template: dict[str, Any], action: str, resource: Any) -> None:
    policy = properties(template, "NotifyRole")["Policies"][0]["PolicyDocument"]
    policy["Statement"].append(
        {"Sid": "More", "Effect": "Allow", "Action": action, "Resource": resource}
    )


BREAKS: dict[str, tuple[str, Callable[[dict[str, Any]], object]]] = {
    "a function without a log group": (
        "stack-log-group",
        lambda t: properties(t, "NotifyFunction").pop("LoggingConfig"),
    ),
    "logs that are kept for ever": (
        "stack-log-group",
        lambda t: properties(t, "NotifyLogGroup").pop("RetentionInDays"),
    ),
    "API logs that are kept for ever": (
        "stack-log-group",
        lambda t: properties(t, "ApiAccessLogGroup").pop("RetentionInDays"),
    ),
    "an API without an access log": (
        "stack-log-group",
        lambda t: properties(t, "BatchApiv1Stage").pop("AccessLogSetting"),
    ),
    "an API whose execution log nobody set an end to": (
        "stack-log-group",
        lambda t: properties(t, "BatchApiv1Stage")["MethodSettings"][0].update(LoggingLevel="INFO"),
    ),
    "a state machine without a log": (
        "stack-log-group",
        lambda t: properties(t, "BatchStateMachine").pop("LoggingConfiguration"),
    ),
    "a state machine that logs its data": (
        "stack-log-group",
        lambda t: properties(t, "BatchStateMachine")["LoggingConfiguration"].update(
            IncludeExecutionData=True
        ),
    ),
    "a function without a timeout": (
        "stack-timeout",
        lambda t: properties(t, "NotifyFunction").pop("Timeout"),
    ),
    "two functions with one role": (
        "stack-own-role",
        lambda t: properties(t, "NotifyFunction").update(
            Role={"Fn::GetAtt": ["ApiRole", "Arn"]},
        ),
    ),
    "a handler whose folder is not there": (
        "stack-folder",
        lambda t: properties(t, "NotifyFunction").update(Handler="tell.app.handler"),
    ),
    "a wildcard action": (
        "stack-wildcard",
        lambda t: _allow(t, "s3:*", {"Fn::GetAtt": ["BatchBucket", "Arn"]}),
    ),
    "an action on every resource": ("stack-star", lambda t: _allow(t, "s3:GetObject", "*")),
    "an action on one resource and every other": (
        "stack-star",
        lambda t: _allow(t, "s3:GetObject", [{"Fn::GetAtt": ["BatchBucket", "Arn"]}, "*"]),
    ),
    "a trust in any state machine of the account": (
        "stack-source",
        lambda t: properties(t, "BatchStateMachineRole")["AssumeRolePolicyDocument"]["Statement"][
            0
        ]["Condition"].pop("ArnLike"),
    ),
    "a trust without a source": (
        "stack-source",
        lambda t: properties(t, "LabelingJobRole")["AssumeRolePolicyDocument"]["Statement"][0].pop(
            "Condition"
        ),
    ),
    "a role that is handed to any service": (
        "stack-pass-role",
        lambda t: next(
            statement
            for statement in statements(properties(t, "StartJobRole"))
            if statement["Sid"] == "LabelAsJobRole"
        ).pop("Condition"),  # type: ignore[attr-defined]
    ),
    "a queue that any account's rule may fill": (
        "stack-source",
        lambda t: properties(t, "JobEventQueuePolicy")["PolicyDocument"]["Statement"][0][
            "Condition"
        ].pop("StringEquals"),
    ),
    "a function that anybody's API may call": (
        "stack-source",
        lambda t: next(
            resource["Properties"]
            for resource in t["Resources"].values()
            if resource["Type"] == "AWS::Lambda::Permission"
        ).pop("SourceArn"),
    ),
    "a topic that takes messages without TLS": (
        "stack-tls",
        lambda t: t["Resources"].pop("BatchTopicPolicy"),
    ),
    "a bucket that does not say who reads it": (
        "stack-access-log",
        lambda t: properties(t, "BatchBucket").pop("LoggingConfiguration"),
    ),
    "a queue without a dead-letter queue": (
        "stack-dlq",
        lambda t: properties(t, "JobEventQueue").pop("RedrivePolicy"),
    ),
    "a table that goes with the stack": (
        "stack-retain",
        lambda t: t["Resources"]["BatchTable"].pop("DeletionPolicy"),
    ),
    "a bucket that answers without TLS": (
        "stack-tls",
        lambda t: t["Resources"].pop("BatchBucketPolicy"),
    ),
    "a lifecycle that deletes results": (
        "stack-lifecycle",
        lambda t: properties(t, "BatchBucket")["LifecycleConfiguration"]["Rules"][0].update(
            Prefix="batches/"
        ),
    ),
    "a bucket that may be public": (
        "stack-bucket",
        lambda t: properties(t, "InputBucket").pop("PublicAccessBlockConfiguration"),
    ),
}


@pytest.mark.parametrize(("rule", "damage"), BREAKS.values(), ids=BREAKS.keys())
def test_a_broken_rule_is_found(
    template: dict[str, Any], rule: str, damage: Callable[[dict[str, Any]], object]
) -> None:
    # Given the template with one fault
    broken = copy.deepcopy(template)
    damage(broken)
    # When it is checked, then that rule is named, and no waiver covers it
    waivers = read_waivers(ROOT / "docs" / "security-waivers.yaml")
    stands, _ = waivers.split(check_stack(broken, FUNCTIONS))
    assert rule in {finding.rule for finding in stands}


def test_a_fault_inside_a_sam_function_is_found_by_lint(template: dict[str, Any]) -> None:
    # Given a runtime that Lambda no longer takes, which cfn-lint does not see before expansion
    broken = copy.deepcopy(template)
    properties(broken, "NotifyFunction")["Runtime"] = "python2.6"
    # When it is linted, then it is found
    assert lint(broken)


def functions() -> list[str]:
    resources = load_template(ROOT / "template.yaml")["Resources"]
    return sorted(
        name.removesuffix("Function")
        for name, resource in resources.items()
        if resource["Type"] == "AWS::Serverless::Function"
    )


@pytest.mark.parametrize("name", functions())
def test_a_functions_environment_is_what_its_settings_read(
    template: dict[str, Any], name: str
) -> None:
    # Given what the template sets and what the function's settings know
    given = set(properties(template, f"{name}Function")["Environment"]["Variables"])
    settings = getattr(wiring, name).__annotations__["settings"]
    known = {field.upper(): info for field, info in settings.model_fields.items()}
    needed = {field for field, info in known.items() if info.is_required()} - {"AWS_REGION"}
    # Then nothing that is needed is missing, and nothing is set that nobody reads
    assert needed <= given
    assert given - EVERY_FUNCTION <= known.keys()


@pytest.mark.parametrize("name", functions())
def test_a_function_asks_for_no_more_than_lambda_gives(template: dict[str, Any], name: str) -> None:
    found = properties(template, f"{name}Function")
    assert found["Timeout"] <= (29 if name == "Api" else 900)
    assert found["Runtime"] == "python3.13"


def test_a_queues_messages_stay_hidden_six_times_as_long_as_the_function_may_take(
    template: dict[str, Any],
) -> None:
    # AWS's advice for queues that Lambda reads; below it, a slow call is handled twice.
    timeout = properties(template, "OnJobEventFunction")["Timeout"]
    assert properties(template, "JobEventQueue")["VisibilityTimeout"] >= 6 * timeout
    assert properties(template, "JobEventQueue")["RedrivePolicy"]["maxReceiveCount"] == 5


def test_the_states_outlast_the_functions_they_call(template: dict[str, Any]) -> None:
    # Given the machine's tasks; a state that gives up first would leave its function running
    text = (ROOT / "statemachine" / "batch.asl.yaml").read_text(encoding="utf-8")
    for _, _, state in all_states(yaml.safe_load(text)):
        if state["Type"] == "Task":
            name = state["Parameters"]["FunctionName"][2:-1].removesuffix("FunctionArn")
            assert state["TimeoutSeconds"] > properties(template, f"{name}Function")["Timeout"]


def test_only_start_job_may_create_labeling_jobs_and_hand_over_their_role(
    template: dict[str, Any],
) -> None:
    able = {
        name
        for name, resource in template["Resources"].items()
        if resource["Type"] == "AWS::IAM::Role"
        for statement in statements(resource["Properties"])
        if {"sagemaker:CreateLabelingJob", "iam:PassRole"} & set(actions(statement))
    }
    assert able == {"StartJobRole"}


def test_the_labeling_role_lives_as_long_as_the_longest_task_of_a_worker(
    template: dict[str, Any],
) -> None:
    assert properties(template, "LabelingJobRole")["MaxSessionDuration"] == 43200


@pytest.mark.parametrize("kind", ["InputBuckets", "WorkteamArns", "TopicArns", "FunctionArns"])
def test_lists_of_what_a_request_may_name_are_optional_parameters(
    template: dict[str, Any], kind: str
) -> None:
    found = template["Parameters"][f"Allowed{kind}"]
    assert (found["Type"], found["Default"]) == ("CommaDelimitedList", "")


def test_ground_truth_may_call_the_two_functions_of_custom_jobs_and_those_that_are_listed(
    template: dict[str, Any],
) -> None:
    [calls] = [
        statement
        for statement in statements(properties(template, "LabelingJobRole"))
        if "lambda:InvokeFunction" in actions(statement)
    ]
    own = {"PreAnnotationFunction", "PostAnnotationFunction"}
    text = json.dumps(calls["Resource"])
    assert {name for name in template["Resources"] if f'"{name}"' in text} == own
    assert set(re.findall(r'"Ref": "(\w+)"', text)) == {"AllowedFunctionArns"}


def test_outputs_hold_all_that_a_client_needs(template: dict[str, Any]) -> None:
    assert {
        "ApiUrl",
        "TableName",
        "BatchBucket",
        "InputBucket",
        "TopicArn",
        "StateMachineArn",
        "ExecutionRoleArn",
        "FirstLevelWorkteamArn",
        "SecondLevelWorkteamArn",
        "ApiCallerPolicyArn",
        "JobEventQueueUrl",
        "JobEventDlqUrl",
    } <= template["Outputs"].keys()


def test_no_account_is_named_in_the_template_or_in_samconfig() -> None:
    # Account ids of the documentation would be harmless; there is no need even for them.
    for name in ("template.yaml", "samconfig.toml"):
        text = (ROOT / name).read_text(encoding="utf-8")
        assert not [word for word in text.replace(":", " ").split() if _is_account(word)]


def _is_account(word: str) -> bool:
    return len(word) == 12 and word.isdigit()


def test_the_api_wants_signed_requests(template: dict[str, Any]) -> None:
    body = json.dumps(properties(template, "BatchApi")["Body"]["paths"])
    assert body.count('"security": [{"AWS_IAM": []}]') == 5


def test_a_claim_is_open_for_longer_than_its_start_can_live(template: dict[str, Any]) -> None:
    # Given a start that was given up: it cannot call CreateLabelingJob after its claim was closed
    longest = properties(template, "StartJobFunction")["Timeout"]
    assert 3 * longest <= reconcile.CLAIM_GRACE


def test_a_failed_event_comes_back_as_aws_advises(template: dict[str, Any]) -> None:
    seconds = properties(template, "OnJobEventFunction")["Timeout"]
    assert properties(template, "JobEventQueue")["VisibilityTimeout"] == 6 * seconds
    assert 6 * seconds == events.VISIBILITY
