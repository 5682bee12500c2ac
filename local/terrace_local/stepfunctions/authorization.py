"""Which resource SendTask* is authorised on: the machine the token belongs to.

MiniStack finds no ARN in such a request and asks for a right on `*`, which a narrow role never has.
"""

import json
from typing import Any

from terrace_local.stepfunctions.tokens import machine_of


def install() -> None:
    """Teach MiniStack's search for the resource of a request about task tokens."""
    from ministack.core import iam_actions

    plain = iam_actions.extract_resource_arn

    def extract(service: str, method: str, path: str, headers: Any, body: bytes, *rest: Any) -> Any:
        if service == "states" and ".SendTask" in headers.get("x-amz-target", ""):
            machine = _machine(body)
            if machine:
                return machine
        return plain(service, method, path, headers, body, *rest)

    iam_actions.extract_resource_arn = extract


def _machine(body: bytes) -> str | None:
    try:
        request = json.loads(body)
    except ValueError:
        return None
    token = request.get("taskToken") if isinstance(request, dict) else None
    return machine_of(token) if isinstance(token, str) else None
