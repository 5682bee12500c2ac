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

NO_RESOURCE = frozenset(
    {
        "cloudwatch:PutMetricData",
        "logs:CreateLogDelivery",
        "logs:DeleteLogDelivery",
        "logs:DescribeLogGroups",
        "logs:DescribeResourcePolicies",
        "logs:GetLogDelivery",
        "logs:ListLogDeliveries",
        "logs:PutResourcePolicy",
        "logs:UpdateLogDelivery",
        "sagemaker:ListLabelingJobs",
        "xray:GetSamplingRules",
        "xray:GetSamplingTargets",
        "xray:PutTelemetryRecords",
        "xray:PutTraceSegments",
    }
)
"""Actions that know no resource (Service Authorization Reference): only these may have `*`."""

UNCONDITIONED = frozenset({"lambda.amazonaws.com", "apigateway.amazonaws.com"})
"""Services whose call to AssumeRole carries no documented source."""

KEPT = ("AWS::S3::Bucket", "AWS::DynamoDB::Table")


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
        if kind in KEPT and resource.get("DeletionPolicy") != "Retain":
            found.append(Finding("stack-retain", name, "would be deleted with the stack"))
        if kind == "AWS::SQS::Queue":
            found += _queue(name, resource["Properties"])
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
                yield Finding("stack-wildcard", sid, f"allows {action}")
            if statement["Resource"] == "*" and action not in NO_RESOURCE:
                yield Finding("stack-star", sid, f"allows {action} on every resource")
    for statement in properties.get("AssumeRolePolicyDocument", {}).get("Statement", []):
        service = statement["Principal"].get("Service")
        if service not in UNCONDITIONED and "aws:Source" not in str(statement.get("Condition")):
            yield Finding("stack-source", name, f"trusts {service} without a source condition")


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
    policies = [
        resource["Properties"]
        for resource in resources.values()
        if resource["Type"] == "AWS::S3::BucketPolicy"
        and resource["Properties"]["Bucket"] == {"Ref": name}
    ]
    if not any("aws:SecureTransport" in str(policy) for policy in policies):
        yield Finding("stack-tls", name, "may be read without TLS")
    for rule in properties.get("LifecycleConfiguration", {}).get("Rules", []):
        expires = {"ExpirationInDays", "NoncurrentVersionExpiration"} & rule.keys()
        if expires and not str(rule.get("Prefix", "")).startswith("batches-working/"):
            yield Finding("stack-lifecycle", name, f"rule {rule.get('Id')} would delete results")
