"""`.terrace/local.json`: where everything is, written only when everything is ready."""

import contextlib
import json
import os
from pathlib import Path
from typing import Any

from terrace_local.config import LocalConfig
from terrace_local.deploy.stack import DeployFailed, Stack

_REQUIRED = {
    "tableName": "TableName",
    "batchBucket": "BatchBucket",
    "inputBucket": "InputBucket",
    "topicArn": "TopicArn",
    "stateMachineArn": "StateMachineArn",
    "firstLevelWorkteamArn": "FirstLevelWorkteamArn",
    "secondLevelWorkteamArn": "SecondLevelWorkteamArn",
    "executionRoleArn": "ExecutionRoleArn",
}
_OPTIONAL = {
    "apiCallerPolicyArn": "ApiCallerPolicyArn",
    "jobEventQueueUrl": "JobEventQueueUrl",
    "jobEventDlqUrl": "JobEventDlqUrl",
}


def contract(config: LocalConfig, stack: Stack) -> dict[str, Any]:
    """The public contract of a running local AWS.

    Raises:
        DeployFailed: The stack lacks an Output every client needs.
    """
    missing = [name for name in _REQUIRED.values() if name not in stack.outputs]
    if missing:
        raise DeployFailed(f"the template has no Output {', '.join(missing)}")
    found: dict[str, Any] = {
        "awsEndpoint": config.endpoint,
        "apiUrl": config.api_url,
        "region": config.region,
        "accountId": config.account,
    }
    found.update({key: stack.outputs[name] for key, name in _REQUIRED.items()})
    found.update(
        {key: stack.outputs[name] for key, name in _OPTIONAL.items() if name in stack.outputs}
    )
    found["queueUrls"] = sorted(stack.of_type("AWS::SQS::Queue").values())
    found["workers"] = config.workers
    found["auth"] = config.auth
    found["seed"] = config.seed
    found["logs"] = str(config.logs)
    found["pid"] = os.getpid()
    return found


def write(path: Path, content: dict[str, Any]) -> None:
    """Put the file in place in one step: a reader sees all of it or none."""
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_name(f".{path.name}.{os.getpid()}")
    scratch.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    os.replace(scratch, path)


def remove(path: Path) -> None:
    """Take the file away if it is this process's own."""
    with contextlib.suppress(FileNotFoundError, ValueError):
        if json.loads(path.read_text(encoding="utf-8")).get("pid") == os.getpid():
            path.unlink()
