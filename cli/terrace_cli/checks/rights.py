"""Every right that the template gives, one by one: role, statement, action, resource."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from terrace_cli.checks.expand import Template
from terrace_cli.checks.resolve import Resolver

EVERYTHING_ON = {
    "KmsKeyArn": "arn:aws:kms:us-east-1:111122223333:key/11112222-3333-4444-5555-666677778888",
    "CognitoUserPoolId": "us-east-1_Example12",
    "CognitoUserPoolClientId": "client",
    "AllowedInputBuckets": "another-bucket",
    "AllowedTopicArns": "arn:aws:sns:us-east-1:111122223333:another-topic",
    "AllowedWorkteamArns": (
        "arn:aws:sagemaker:us-east-1:111122223333:workteam/private-crowd/another-team"
    ),
    "AllowedFunctionArns": "arn:aws:lambda:us-east-1:111122223333:function:another-function",
    "NotificationEmail": "operator@example.com",
    "HostSkeletonUi": "yes",
}
"""Parameters under which every condition of the template holds."""


@dataclass(frozen=True, order=True)
class Right:
    """One action on one resource pattern.

    Attributes:
        holder: Logical id of the role, or of a policy that no role of the template has.
        sid: The statement's name.
        resource: The pattern as IAM reads it.
    """

    holder: str
    sid: str
    action: str
    resource: str

    @property
    def where(self) -> str:
        """How a waiver names it."""
        return f"{self.holder}.{self.sid}/{self.action}"


def documents(resolver: Resolver) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """(holder, policy name, document) of every policy, resolved.

    A managed policy stands under every role that has it; under its own name where none has.
    """
    resources = resolver.template["Resources"]
    managed = {
        name: resolver.resource(name)["PolicyDocument"]
        for name, resource in resources.items()
        if resource["Type"] == "AWS::IAM::ManagedPolicy" and resolver.exists(name)
    }
    arns = {resolver.value({"Ref": name}): name for name in managed}
    attached: set[str] = set()
    for role, resource in resources.items():
        if resource["Type"] != "AWS::IAM::Role" or not resolver.exists(role):
            continue
        properties = resolver.resource(role)
        for policy in properties.get("Policies", []):
            yield role, policy["PolicyName"], policy["PolicyDocument"]
        for arn in properties.get("ManagedPolicyArns", []):
            if arn in arns:
                attached.add(arns[arn])
                yield role, arns[arn], managed[arns[arn]]
    for name in sorted(managed.keys() - attached):
        yield name, name, managed[name]


def rights(resolver: Resolver, *, keep_order: bool = False) -> list[Right]:
    """All rights under the resolver's parameters: sorted, or as the template has them."""
    found = [
        Right(holder, statement["Sid"], action, resource)
        for holder, _, document in documents(resolver)
        for statement in document["Statement"]
        for action in many(statement["Action"])
        for resource in many(statement["Resource"])
    ]
    return found if keep_order else sorted(set(found))


def everything(template: Template) -> Resolver:
    """The template with every condition on."""
    return Resolver(template, EVERYTHING_ON)


def many(value: str | list[str]) -> list[str]:
    """IAM's "one or a list" as a list."""
    return [value] if isinstance(value, str) else list(value)
