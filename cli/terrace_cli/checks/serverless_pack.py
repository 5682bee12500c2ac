"""The rules of cdk-nag's serverless pack, as checks of a CloudFormation template.

cdk-nag reads CDK constructs only; its pack (src/packs/serverless.ts, June 2026) is the clearest
list of what the Serverless Lens asks of a template. Written anew here, on the resolved template
with every condition on; where cdk-nag asks for less than we do, ours is asked.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from terrace_cli.checks.expand import Template
from terrace_cli.checks.finding import Finding
from terrace_cli.checks.resolve import Resolver
from terrace_cli.checks.rights import everything, rights

LATEST_RUNTIMES = {"python3.13", "python3.14"}
"""Runtimes that cdk-nag's rule would accept: the newest, and the one before while it rolls out."""
DEFAULT_RATE = 10_000

Properties = dict[str, Any]
Look = Callable[[Properties, "Stack"], str | dict[str, str] | None]
"""What is wrong with a resource: a sentence, or one for each part of it; None or {}: nothing."""


@dataclass(frozen=True)
class Rule:
    """One rule: which resources it is about, and what is wrong with one, or None."""

    name: str
    asks: str
    kind: str
    look: Look


@dataclass(frozen=True)
class Score:
    """How a rule did."""

    rule: Rule
    looked_at: int
    findings: list[Finding]


@dataclass(frozen=True)
class Stack:
    """The resolved template by resource type."""

    resolver: Resolver

    def of(self, kind: str) -> Iterator[tuple[str, Properties]]:
        """(logical id, resolved properties) of every resource of a type."""
        for name, resource in self.resolver.template["Resources"].items():
            if resource["Type"] == kind:
                yield name, self.resolver.resource(name)


def score(template: Template) -> list[Score]:
    """Every rule with what it found; rules without a resource to look at are in it too."""
    stack = Stack(everything(template))
    scores = []
    for rule in RULES:
        found, count = [], 0
        for name, properties in stack.of(rule.kind):
            count += 1
            problem = rule.look({**properties, "@name": name}, stack)
            parts = problem if isinstance(problem, dict) else {"": problem} if problem else {}
            found += [
                Finding(f"nag-{rule.name}", f"{name}{part}", text) for part, text in parts.items()
            ]
        scores.append(Score(rule, count, found))
    return scores


def findings(template: Template) -> list[Finding]:
    """Everything the pack finds."""
    return [finding for each in score(template) for finding in each.findings]


def _invoked_asynchronously(stack: Stack) -> set[str]:
    """Functions that rules (EventBridge) call: the only asynchronous callers in this stack."""
    targets = {
        target["Arn"]
        for _, rule in stack.of("AWS::Events::Rule")
        for target in rule.get("Targets", [])
    }
    return {
        name
        for name, _ in stack.of("AWS::Lambda::Function")
        if stack.resolver.value({"Fn::GetAtt": [name, "Arn"]}) in targets
    }


def _failure_destination(name: str, stack: Stack) -> bool:
    function = stack.resolver.value({"Ref": name})
    return any(
        config["FunctionName"] in {function, name}
        and config.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination")
        for _, config in stack.of("AWS::Lambda::EventInvokeConfig")
    )


def _tracing(properties: Properties, _: Stack) -> str | None:
    mode = properties.get("TracingConfig", {}).get("Mode")
    return None if mode == "Active" else f"TracingConfig is {mode}"


def _mapping_destination(properties: Properties, stack: Stack) -> str | None:
    if properties.get("DestinationConfig", {}).get("OnFailure"):
        return None
    # Of an SQS source, the failure destination is the queue's own dead-letter queue.
    for name, queue in stack.of("AWS::SQS::Queue"):
        arn = stack.resolver.value({"Fn::GetAtt": [name, "Arn"]})
        if arn == properties["EventSourceArn"] and "RedrivePolicy" in queue:
            return None
    return "records that fail for good go nowhere"


def _runtime(properties: Properties, _: Stack) -> str | None:
    runtime = properties.get("Runtime")
    return None if runtime in LATEST_RUNTIMES else f"Runtime is {runtime}"


def _async_destination(properties: Properties, stack: Stack) -> str | None:
    name = properties["@name"]
    if name in _invoked_asynchronously(stack) and not _failure_destination(name, stack):
        return "is called asynchronously and has no failure destination"
    return None


def _given(key: str) -> Look:
    return lambda properties, _: None if key in properties else f"has no {key}"


def _dead_letters(properties: Properties, stack: Stack) -> str | None:
    if "DeadLetterConfig" in properties or _failure_destination(properties["@name"], stack):
        return None
    return "has neither a dead-letter queue nor a failure destination"


def _wildcards(properties: Properties, stack: Stack) -> dict[str, str]:
    name = properties["@name"]
    return {
        f".{right.sid}/{right.action}": f"is allowed on {right.resource}"
        for right in rights(stack.resolver)
        if right.holder == name and ("*" in right.action or right.resource == "*")
    }


def _access_log(properties: Properties, _: Stack) -> str | None:
    setting = properties.get("AccessLogSetting", {})
    return None if setting.get("DestinationArn") else "has no access log"


def _json_log(properties: Properties, _: Stack) -> str | None:
    try:
        parsed = json.loads(properties.get("AccessLogSetting", {}).get("Format", ""))
    except ValueError:
        parsed = None
    return None if isinstance(parsed, dict) else "the access log's format is not JSON"


def _throttled(properties: Properties, _: Stack) -> str | None:
    for setting in properties.get("MethodSettings", []):
        rate = setting.get("ThrottlingRateLimit")
        everywhere = setting.get("ResourcePath") == "/*" and setting.get("HttpMethod") == "*"
        if everywhere and rate and rate < DEFAULT_RATE and "ThrottlingBurstLimit" in setting:
            return None
    return "is throttled by the account's default only"


def _stage_tracing(properties: Properties, _: Stack) -> str | None:
    return None if properties.get("TracingEnabled") is True else "TracingEnabled is not set"


def _target_dead_letters(properties: Properties, _: Stack) -> str | None:
    without = [t["Id"] for t in properties.get("Targets", []) if "DeadLetterConfig" not in t]
    return f"no dead-letter queue for {', '.join(without)}" if without else None


def _machine_tracing(properties: Properties, _: Stack) -> str | None:
    enabled = properties.get("TracingConfiguration", {}).get("Enabled")
    return None if enabled is True else "TracingConfiguration is not enabled"


_FUNCTION = "AWS::Lambda::Function"
_STAGE = "AWS::ApiGateway::Stage"

RULES = (
    Rule("LambdaTracing", "active tracing", _FUNCTION, _tracing),
    Rule(
        "LambdaEventSourceMappingDestination",
        "a destination for records that fail",
        "AWS::Lambda::EventSourceMapping",
        _mapping_destination,
    ),
    Rule("LambdaLatestVersion", "the latest runtime", _FUNCTION, _runtime),
    Rule(
        "LambdaAsyncFailureDestination",
        "a failure destination where called asynchronously",
        _FUNCTION,
        _async_destination,
    ),
    Rule("LambdaDefaultMemorySize", "an explicit memory size", _FUNCTION, _given("MemorySize")),
    Rule("LambdaDefaultTimeout", "an explicit timeout", _FUNCTION, _given("Timeout")),
    Rule("LambdaDLQ", "a dead-letter queue or failure destination", _FUNCTION, _dead_letters),
    Rule("IAMNoWildcardPermissions", "no wildcard permission", "AWS::IAM::Role", _wildcards),
    Rule(
        "CloudWatchLogGroupRetentionPeriod",
        "an explicit retention",
        "AWS::Logs::LogGroup",
        _given("RetentionInDays"),
    ),
    Rule("APIGWAccessLogging", "an access log", _STAGE, _access_log),
    Rule("APIGWXrayEnabled", "tracing", _STAGE, _stage_tracing),
    Rule("APIGWStructuredLogging", "an access log in JSON", _STAGE, _json_log),
    Rule("APIGWDefaultThrottling", "throttling of its own", _STAGE, _throttled),
    Rule(
        "EventBusDLQ", "a dead-letter queue per target", "AWS::Events::Rule", _target_dead_letters
    ),
    Rule(
        "SNSRedrivePolicy",
        "a redrive policy per subscription",
        "AWS::SNS::Subscription",
        _given("RedrivePolicy"),
    ),
    Rule("SQSRedrivePolicy", "a redrive policy", "AWS::SQS::Queue", _given("RedrivePolicy")),
    Rule(
        "StepFunctionStateMachineXray",
        "tracing",
        "AWS::StepFunctions::StateMachine",
        _machine_tracing,
    ),
    Rule("AppSyncTracing", "tracing", "AWS::AppSync::GraphQLApi", _given("XrayEnabled")),
)
"""17 rules, and AppSync's, which has nothing to look at here."""
