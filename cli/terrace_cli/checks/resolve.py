"""Resolves CloudFormation's intrinsics to plain values: policies as IAM will read them.

Enough of CloudFormation for our own template; what it does not know is an error, never a guess.
Names that only a deployment knows are made up the way CloudFormation makes them, or taken from a
real stack (`physical`).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from terrace_cli.checks.expand import Template

ACCOUNT = "111122223333"
"""The account of AWS's documentation."""
REGION = "us-east-1"
NO_VALUE = object()
"""What `AWS::NoValue` leaves behind; keys and items that hold it are dropped."""
_REFERENCE = re.compile(r"\$\{([^!}][^}]*)\}")

_ARNS = {
    "AWS::S3::Bucket": ("BucketName", "arn:aws:s3:::{name}"),
    "AWS::DynamoDB::Table": ("TableName", "arn:aws:dynamodb:{region}:{account}:table/{name}"),
    "AWS::SNS::Topic": ("TopicName", "arn:aws:sns:{region}:{account}:{name}"),
    "AWS::SQS::Queue": ("QueueName", "arn:aws:sqs:{region}:{account}:{name}"),
    "AWS::Lambda::Function": (
        "FunctionName",
        "arn:aws:lambda:{region}:{account}:function:{name}",
    ),
    "AWS::Logs::LogGroup": (
        "LogGroupName",
        "arn:aws:logs:{region}:{account}:log-group:{name}:*",
    ),
    "AWS::IAM::Role": ("RoleName", "arn:aws:iam::{account}:role/{name}"),
    "AWS::IAM::ManagedPolicy": ("ManagedPolicyName", "arn:aws:iam::{account}:policy/{name}"),
    "AWS::Events::Rule": ("Name", "arn:aws:events:{region}:{account}:rule/{name}"),
    "AWS::StepFunctions::StateMachine": (
        "StateMachineName",
        "arn:aws:states:{region}:{account}:stateMachine:{name}",
    ),
}
_REF_IS_ARN = {"AWS::SNS::Topic", "AWS::IAM::ManagedPolicy", "AWS::StepFunctions::StateMachine"}


class CannotResolve(ValueError):
    """The template uses something this resolver does not know."""


@dataclass
class Resolver:
    """One template under one set of parameters.

    Attributes:
        template: The expanded template.
        parameters: Values that differ from the defaults; lists as comma-joined text.
        physical: Physical ids of a real stack by logical id; names are made up without it.
    """

    template: Template
    parameters: Mapping[str, str] = field(default_factory=dict)
    physical: Mapping[str, str] = field(default_factory=dict)
    account: str = ACCOUNT
    region: str = REGION

    def resource(self, name: str) -> dict[str, Any]:
        """A resource's properties with every intrinsic replaced."""
        found: dict[str, Any] = self.value(self.template["Resources"][name].get("Properties", {}))
        return found

    def exists(self, name: str) -> bool:
        """Whether the resource is made under these parameters."""
        condition = self.template["Resources"][name].get("Condition")
        return condition is None or self.condition(condition)

    def condition(self, name: str) -> bool:
        """A condition's truth."""
        return bool(self._test(self.template["Conditions"][name]))

    def value(self, node: Any) -> Any:
        """Any part of the template, resolved."""
        if isinstance(node, list):
            items = (self.value(item) for item in node)
            return [item for item in items if item is not NO_VALUE]
        if not isinstance(node, dict):
            return node
        if len(node) == 1:
            (key,) = node
            if key == "Ref" or key.startswith("Fn::"):
                return self._intrinsic(key, node[key])
        resolved = {key: self.value(value) for key, value in node.items()}
        return {key: value for key, value in resolved.items() if value is not NO_VALUE}

    def _intrinsic(self, key: str, argument: Any) -> Any:
        if key == "Ref":
            return self._ref(argument)
        if key == "Fn::GetAtt":
            parts = argument if isinstance(argument, list) else argument.split(".", 1)
            return self._attribute(*parts)
        if key == "Fn::Sub":
            return self._sub(argument)
        if key == "Fn::If":
            name, yes, no = argument
            return self.value(yes if self.condition(name) else no)
        if key == "Fn::Join":
            return argument[0].join(str(part) for part in self.value(argument[1]))
        if key == "Fn::Split":
            return str(self.value(argument[1])).split(argument[0])
        if key == "Fn::Select":
            return self.value(argument[1])[int(argument[0])]
        if key == "Fn::FindInMap":
            table, first, second = (self.value(part) for part in argument)
            return self.template["Mappings"][table][first][second]
        if key in {"Fn::Equals", "Fn::Not", "Fn::And", "Fn::Or"}:
            return self._test({key: argument})
        raise CannotResolve(key)

    def _test(self, node: Any) -> bool:
        ((key, argument),) = node.items()
        if key == "Condition":
            return self.condition(argument)
        if key == "Fn::Equals":
            first, second = (self.value(part) for part in argument)
            return bool(first == second)
        if key == "Fn::Not":
            return not self._test(argument[0])
        if key in {"Fn::And", "Fn::Or"}:
            found = [self._test(part) for part in argument]
            return all(found) if key == "Fn::And" else any(found)
        raise CannotResolve(key)

    def _ref(self, name: str) -> Any:
        pseudo = {
            "AWS::AccountId": self.account,
            "AWS::Region": self.region,
            "AWS::Partition": "aws",
            "AWS::URLSuffix": "amazonaws.com",
            "AWS::StackName": "terrace",
            "AWS::StackId": self.physical.get(
                "AWS::StackId",
                f"arn:aws:cloudformation:{self.region}:{self.account}:stack/terrace/1",
            ),
            "AWS::NoValue": NO_VALUE,
        }
        if name in pseudo:
            return pseudo[name]
        parameters = self.template["Parameters"]
        if name in parameters:
            given = str(self.parameters.get(name, parameters[name].get("Default", "")))
            # Fn::Split keeps one empty part, and so does an empty list parameter.
            return given.split(",") if "List" in parameters[name]["Type"] else given
        if self.template["Resources"][name]["Type"] in _REF_IS_ARN:
            return self._attribute(name, "Arn")
        return self._name(name)

    def _attribute(self, name: str, attribute: str) -> str:
        kind = self.template["Resources"][name]["Type"]
        if attribute != "Arn":
            return self._name(name)
        if kind not in _ARNS:
            raise CannotResolve(f"the ARN of a {kind}")
        given = self._name(name)
        if given.startswith("arn:"):
            return given
        return _ARNS[kind][1].format(name=given, region=self.region, account=self.account)

    def _name(self, name: str) -> str:
        if name in self.physical:
            # A queue's physical id is its address.
            return (
                self.physical[name].rsplit("/", 1)[-1]
                if self._is(name, "Queue")
                else (self.physical[name])
            )
        resource = self.template["Resources"][name]
        key = _ARNS.get(resource["Type"], ("", ""))[0]
        given = resource.get("Properties", {}).get(key)
        return str(self.value(given)) if given is not None else f"terrace-{name}-1A2B3C4D5E6F"

    def _is(self, name: str, kind: str) -> bool:
        return str(self.template["Resources"][name]["Type"]).endswith(f"::{kind}")

    def _sub(self, argument: Any) -> str:
        text, extra = (argument, {}) if isinstance(argument, str) else argument
        values = {key: self.value(value) for key, value in extra.items()}

        def replace(match: re.Match[str]) -> str:
            name = match.group(1)
            if name in values:
                return str(values[name])
            if "." in name and "::" not in name:
                return self._attribute(*name.split(".", 1))
            return str(self._ref(name))

        return _REFERENCE.sub(replace, text)
