"""Creates or updates the stack and verifies that every resource really came to be."""

import json
import time
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from terrace_local.deploy.clients import Clients
from terrace_local.deploy.template import Template

ARTEFACTS = "terrace-local-artefacts"
_DONE = ("CREATE_COMPLETE", "UPDATE_COMPLETE")
_WAIT_SECONDS = 90.0


class DeployFailed(RuntimeError):
    """The stack is not what the template says; the message lists what is missing."""


@dataclass(frozen=True)
class Stack:
    """A deployed stack."""

    name: str
    outputs: dict[str, str]
    physical: dict[str, str]
    types: dict[str, str]
    notes: list[str] = field(default_factory=list)

    def of_type(self, kind: str) -> dict[str, str]:
        """Logical id -> physical id of every resource of a type."""
        return {name: self.physical[name] for name, type_ in self.types.items() if type_ == kind}


def deploy(clients: Clients, name: str, template: Template, parameters: dict[str, str]) -> Stack:
    """Create the stack, or update it when it is there.

    Raises:
        DeployFailed: CloudFormation failed, or did not create a resource of the template.
    """
    body = json.dumps(template)
    key = f"templates/{name}.json"
    clients.s3.put_object(Bucket=ARTEFACTS, Key=key, Body=body.encode())
    request = {
        "StackName": name,
        # By address: a template in the request may have 51,200 bytes only.
        "TemplateURL": f"https://s3.amazonaws.com/{ARTEFACTS}/{key}",
        "Parameters": [
            {"ParameterKey": k, "ParameterValue": v} for k, v in sorted(parameters.items())
        ],
        "Capabilities": ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"],
    }
    if _exists(clients, name):
        try:
            clients.cloudformation.update_stack(**request)
        except ClientError as exc:
            if "No updates" not in exc.response["Error"]["Message"]:
                raise
    else:
        clients.cloudformation.create_stack(**request)
    description = _wait(clients, name)
    return _verified(clients, name, template, description)


def existing(clients: Clients, name: str, template: Template) -> Stack:
    """The stack that is up already.

    Raises:
        DeployFailed: It is not there, or lacks a resource of the template.
    """
    return _verified(clients, name, template, _wait(clients, name))


def _exists(clients: Clients, name: str) -> bool:
    try:
        clients.cloudformation.describe_stacks(StackName=name)
    except ClientError as exc:
        if "does not exist" in exc.response["Error"]["Message"]:
            return False
        raise
    return True


def _wait(clients: Clients, name: str) -> dict[str, Any]:
    deadline = time.monotonic() + _WAIT_SECONDS
    while True:
        description = clients.cloudformation.describe_stacks(StackName=name)["Stacks"][0]
        status = description["StackStatus"]
        if status in _DONE:
            return dict(description)
        if not status.endswith("_IN_PROGRESS") or time.monotonic() > deadline:
            raise DeployFailed(f"{status}: {_reasons(clients, name)}")
        time.sleep(0.05)


def _reasons(clients: Clients, name: str) -> str:
    events = clients.cloudformation.describe_stack_events(StackName=name)["StackEvents"]
    reasons = [
        f"{event['LogicalResourceId']} ({event['ResourceType']}): "
        f"{event.get('ResourceStatusReason', 'no reason given')}"
        for event in reversed(events)
        if event["ResourceStatus"].endswith("_FAILED")
    ]
    return "; ".join(reasons) or "no failed resource was reported"


def _verified(
    clients: Clients, name: str, template: Template, description: dict[str, Any]
) -> Stack:
    pages = clients.cloudformation.get_paginator("list_stack_resources").paginate(StackName=name)
    made = {
        resource["LogicalResourceId"]: resource
        for page in pages
        for resource in page["StackResourceSummaries"]
    }
    missing = [
        f"{logical} ({resource['Type']})"
        for logical, resource in template["Resources"].items()
        if "Condition" not in resource
        and not (
            logical in made
            and made[logical]["ResourceStatus"] in _DONE
            and made[logical].get("PhysicalResourceId")
        )
    ]
    if missing:
        raise DeployFailed(f"the stack is up, but lacks {', '.join(missing)}")
    return Stack(
        name=name,
        outputs={
            output["OutputKey"]: output["OutputValue"] for output in description.get("Outputs", [])
        },
        physical={
            logical: resource["PhysicalResourceId"]
            for logical, resource in made.items()
            if resource.get("PhysicalResourceId")
        },
        types={logical: resource["ResourceType"] for logical, resource in made.items()},
    )
