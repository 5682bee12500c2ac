"""House rules of template.yaml, checked on its expanded form: each rule has a name."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import cfnlint.api
import cfnlint.config

from terrace_cli.checks.expand import Template
from terrace_cli.checks.finding import Finding

Resource = Mapping[str, Any]

REGIONS = ["us-east-1", "us-west-2", "eu-west-1", "ap-northeast-1"]
"""Regions of Ground Truth the template is linted for."""

KEPT = ("AWS::S3::Bucket", "AWS::DynamoDB::Table")

SOURCES = {"sagemaker.amazonaws.com": ("aws:SourceAccount",)}
"""Keys that a service's trust must name where not both. SageMaker's guide (cross-service confused
deputy prevention) says which of its features send a SourceArn; labeling is not among them."""


def lint(template: Template) -> list[Finding]:
    """What cfn-lint says of the expanded template."""
    text = json.dumps(template)
    config = cfnlint.config.ManualArgs(regions=REGIONS)
    return [
        Finding(match.rule.id, "/".join(str(part) for part in match.path or []), match.message)
        for match in cfnlint.api.lint(text, config=config)
    ]


def check_stack(template: Template, functions: Path) -> list[Finding]:
    """All findings of the house rules; none if the template keeps them.

    Args:
        template: The expanded template.
        functions: The folder that every function's code comes from.
    """
    resources: dict[str, Resource] = template["Resources"]
    found: list[Finding] = []
    roles: list[str] = []
    for name, resource in resources.items():
        kind = resource["Type"]
        if kind == "AWS::Lambda::Function":
            found += _function(name, resource["Properties"], resources, functions)
            roles.append(str(resource["Properties"].get("Role")))
        if kind in {"AWS::IAM::Role", "AWS::IAM::ManagedPolicy"}:
            found += _rights(name, resource["Properties"])
        if kind.endswith("Policy") and "Principal" in json.dumps(resource["Properties"]):
            found += _callers(name, resource["Properties"])
        if kind == "AWS::Lambda::Permission" and "SourceArn" not in resource["Properties"]:
            found.append(Finding("stack-source", name, "lets anybody's resource call the function"))
        if kind in KEPT and resource.get("DeletionPolicy") != "Retain":
            found.append(Finding("stack-retain", name, "would be deleted with the stack"))
        if kind == "AWS::SQS::Queue":
            found += _queue(name, resource["Properties"])
        found += _logs(name, kind, resource["Properties"], resources)
        if kind in {"AWS::SQS::Queue", "AWS::SNS::Topic", "AWS::S3::Bucket"} and not _tls_only(
            name, resources
        ):
            found.append(Finding("stack-tls", name, "may be used without TLS"))
        if kind == "AWS::S3::Bucket":
            found += _bucket(name, resource["Properties"], resources)
    for role in sorted({role for role in roles if roles.count(role) > 1}):
        found.append(Finding("stack-own-role", role, "is the role of several functions"))
    return found


def statements(properties: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Statements of a role's inline policies or of a managed policy; both arms of an Fn::If."""
    documents = [policy["PolicyDocument"] for policy in properties.get("Policies", [])]
    if "PolicyDocument" in properties:
        documents.append(properties["PolicyDocument"])
    for document in documents:
        for statement in document["Statement"]:
            for arm in statement.get("Fn::If", [None, statement])[1:]:
                if "Effect" in arm:
                    yield arm


def actions(statement: Mapping[str, Any]) -> list[str]:
    """A statement's actions, also where there is only one."""
    action = statement["Action"]
    return [action] if isinstance(action, str) else list(action)


def _function(
    name: str, properties: Mapping[str, Any], resources: Mapping[str, Resource], functions: Path
) -> Iterator[Finding]:
    folder = str(properties["Handler"]).split(".", 1)[0]
    if not (functions / folder / "app.py").is_file():
        yield Finding("stack-folder", name, f"functions/{folder}/app.py is not there")
    title = "".join(word.capitalize() for word in folder.split("_"))
    if name != f"{title}Function":
        yield Finding("stack-name", name, f"is {title}Function by its folder")
    for required in ("Timeout", "MemorySize", "Description"):
        if required not in properties:
            yield Finding("stack-timeout", name, f"has no {required}")
    group = properties.get("LoggingConfig", {}).get("LogGroup", {}).get("Ref")
    retention = resources.get(str(group), {}).get("Properties", {}).get("RetentionInDays")
    if retention is None:
        yield Finding("stack-log-group", name, "has no log group of its own with a retention")
    role = properties.get("Role", {}).get("Fn::GetAtt", [None])[0]
    if role != f"{title}Role" or not resources[role]["Properties"].get("Policies"):
        yield Finding("stack-own-role", name, f"needs {title}Role, with its own policy")


def _rights(name: str, properties: Mapping[str, Any]) -> Iterator[Finding]:
    for statement in statements(properties):
        sid = f"{name}.{statement.get('Sid')}"
        for action in actions(statement):
            if "*" in action:
                yield Finding("stack-wildcard", f"{sid}/{action}", "names no one action")
            if '"*"' in json.dumps(statement["Resource"]):
                yield Finding("stack-star", f"{sid}/{action}", "is allowed on every resource")
            if action == "iam:PassRole" and "iam:PassedToService" not in str(
                statement.get("Condition")
            ):
                yield Finding("stack-pass-role", sid, "hands the role to any service")
    for statement in properties.get("AssumeRolePolicyDocument", {}).get("Statement", []):
        service = statement["Principal"].get("Service")
        needed = SOURCES.get(str(service), ("aws:SourceArn", "aws:SourceAccount"))
        missing = [key for key in needed if key not in str(statement.get("Condition"))]
        if missing:
            yield Finding(
                "stack-source", f"{name}/{service}", f"is trusted without {' and '.join(missing)}"
            )


def _logs(
    name: str, kind: str, properties: Mapping[str, Any], resources: Mapping[str, Resource]
) -> Iterator[Finding]:
    """Every log has an end, and there is none but the template's own."""
    if kind == "AWS::Logs::LogGroup" and "RetentionInDays" not in properties:
        yield Finding("stack-log-group", name, "is kept for ever")
    if kind == "AWS::ApiGateway::Stage":
        where = properties.get("AccessLogSetting", {}).get("DestinationArn")
        if not _is_log_group(where, resources):
            yield Finding("stack-log-group", name, "has no access log in a group of the template")
        for setting in properties.get("MethodSettings", []):
            # API Gateway makes the group of its execution log itself, and keeps it for ever.
            if setting.get("LoggingLevel", "OFF") != "OFF":
                yield Finding("stack-log-group", name, "logs into a group that never expires")
    if kind == "AWS::StepFunctions::StateMachine":
        logging = properties.get("LoggingConfiguration", {})
        groups = [
            destination.get("CloudWatchLogsLogGroup", {}).get("LogGroupArn")
            for destination in logging.get("Destinations", [])
        ]
        if not groups or not all(_is_log_group(group, resources) for group in groups):
            yield Finding("stack-log-group", name, "has no log in a group of the template")
        if logging.get("IncludeExecutionData"):
            yield Finding("stack-log-group", name, "logs what its states are given")


def _is_log_group(arn: Any, resources: Mapping[str, Resource]) -> bool:
    found = json.dumps(arn)
    return any(
        resource["Type"] == "AWS::Logs::LogGroup" and f'"{name}"' in found.replace(".Arn", "")
        for name, resource in resources.items()
    )


def _callers(name: str, properties: Mapping[str, Any]) -> Iterator[Finding]:
    """Confused deputies: a service may use a resource only on behalf of what is ours."""
    for statement in properties["PolicyDocument"]["Statement"]:
        principal = statement.get("Principal")
        if statement["Effect"] != "Allow":
            continue
        condition = str(statement.get("Condition"))
        service = principal.get("Service") if isinstance(principal, dict) else principal
        for needed in ("aws:SourceArn", "aws:SourceAccount"):
            if needed not in condition:
                yield Finding("stack-source", f"{name}/{service}", f"is not held to {needed}")


def _tls_only(name: str, resources: Mapping[str, Resource]) -> bool:
    """Whether a resource policy denies every call to it that comes without TLS."""
    for resource in resources.values():
        document = resource.get("Properties", {}).get("PolicyDocument", {})
        for statement in document.get("Statement", []):
            if (
                statement.get("Effect") == "Deny"
                and "aws:SecureTransport" in json.dumps(statement.get("Condition", {}))
                and f'"{name}"' in json.dumps(statement["Resource"])
            ):
                return True
    return False


def _queue(name: str, properties: Mapping[str, Any]) -> Iterator[Finding]:
    if not name.endswith("Dlq") and "RedrivePolicy" not in properties:
        yield Finding("stack-dlq", name, "has no dead-letter queue")
    if properties.get("SqsManagedSseEnabled") is not True and "KmsMasterKeyId" not in properties:
        yield Finding("stack-encryption", name, "is not encrypted")


def _bucket(
    name: str, properties: Mapping[str, Any], resources: Mapping[str, Resource]
) -> Iterator[Finding]:
    for required in (
        "BucketEncryption",
        "PublicAccessBlockConfiguration",
        "VersioningConfiguration",
    ):
        if required not in properties:
            yield Finding("stack-bucket", name, f"has no {required}")
    if "LoggingConfiguration" not in properties and not _holds_logs(name, resources):
        yield Finding("stack-access-log", name, "does not log who reads it")
    if _holds_logs(name, resources):
        return
    for rule in properties.get("LifecycleConfiguration", {}).get("Rules", []):
        expires = {"ExpirationInDays", "NoncurrentVersionExpiration"} & rule.keys()
        if expires and not str(rule.get("Prefix", "")).startswith("batches-working/"):
            yield Finding("stack-lifecycle", name, f"rule {rule.get('Id')} would delete results")


def _holds_logs(name: str, resources: Mapping[str, Resource]) -> bool:
    """Whether it is where other buckets' access logs go: logs expire, and log no one."""
    return any(
        resource["Properties"].get("LoggingConfiguration", {}).get("DestinationBucketName")
        == {"Ref": name}
        for resource in resources.values()
        if resource["Type"] == "AWS::S3::Bucket"
    )
