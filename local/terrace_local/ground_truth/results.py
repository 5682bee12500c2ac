"""Results that every kind of job can have, and how JSON is written."""

import json
from typing import Any

from terrace_local.ground_truth.jobs import ItemResult

EXPIRED = (
    "ClientError: Annotation tasks expired.  Probable Reasons are 1) "
    "TaskAvailabilityLifetimeInSeconds parameter is too small.  2) Reward is too low for workers "
    "to work on the task.  3) If you use a custom html template, your template may be broken.  "
    "4) Data (image/video/text) sent for annotation is broken or too big, preventing "
    "completion.  5) All workers declined the tasks."
)


def dumps(content: Any) -> bytes:
    """JSON as Ground Truth writes it: one line, no blanks."""
    return json.dumps(content, separators=(",", ":"), ensure_ascii=False).encode()


def failed_result(reason: str, moment: float) -> ItemResult:
    """The result of an item nobody could or would do."""
    metadata = {"retry-count": 1, "failure-reason": reason, "human-annotated": "true"}
    return ItemResult(False, None, metadata, [], moment)
