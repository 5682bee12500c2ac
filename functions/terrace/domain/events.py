"""What the events that wake Terrace up are about. They carry no more than a name."""

import re
from typing import Any

from terrace.domain import json_text
from terrace.errors import UnreadableEventError

_LABELING_JOB = re.compile(
    r"arn:aws[a-z-]*:sagemaker:[a-z0-9-]+:[0-9]{12}:labeling-job/([a-zA-Z0-9](?:-*[a-zA-Z0-9]){0,62})"
)
_EXECUTION_NAME_MAX = 80


def labeling_job(body: str) -> str:
    """The name of the labeling job that a message of the job event queue is about.

    Args:
        body: an EventBridge event, "SageMaker Ground Truth Labeling Job State Change".

    Raises:
        UnreadableEventError: it is no such event. It goes to the dead letter queue.
    """
    try:
        event = json_text.loads(body)
    except json_text.JsonError as error:
        raise UnreadableEventError(f"the message is no JSON: {error}") from None
    arns = event.get("resources") if isinstance(event, dict) else None
    first = arns[0] if isinstance(arns, list) and arns else None
    found = _LABELING_JOB.fullmatch(first) if isinstance(first, str) else None
    if found is None:
        raise UnreadableEventError("the message names no labeling job as resources[0]")
    return found[1]


def ended_execution(event: Any) -> str | None:
    """The name of the execution whose end an event tells; None for the schedule's events.

    Raises:
        UnreadableEventError: it has details, and a name that no execution can have.
    """
    detail = event.get("detail") if isinstance(event, dict) else None
    if not detail:
        return None
    name = detail.get("name") if isinstance(detail, dict) else None
    if not isinstance(name, str) or not 0 < len(name) <= _EXECUTION_NAME_MAX:
        raise UnreadableEventError("the event has details, and names no execution")
    return name
