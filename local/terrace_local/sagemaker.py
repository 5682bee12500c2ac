"""SageMaker's labeling jobs and work teams as one more service of MiniStack, with IAM in front."""

import asyncio
import json
from typing import Any, Protocol

from terrace_local.gateway.credentials import access_key_of

SERVICE = "sagemaker"
_PASS_ROLE = ("CreateLabelingJob",)


class LabelingService(Protocol):
    """What the wiring needs of `ground_truth.service.GroundTruthService`."""

    def handle(
        self, action: str, payload: dict[str, Any], region: str, account: str
    ) -> dict[str, Any]:
        """Answer one API call."""
        ...

    def control(self, method: str, path: str, body: bytes) -> tuple[int, dict[str, Any]]:
        """Answer one control request."""
        ...

    def start(self) -> None:
        """Begin work."""
        ...

    def stop(self) -> None:
        """End work."""
        ...

    def save_state(self) -> dict[str, Any]:
        """All that must survive a restart."""
        ...

    def load_state(self, state: dict[str, Any]) -> None:
        """Take back what `save_state` gave."""
        ...


def register(service: LabelingService) -> None:
    """Route `X-Amz-Target: SageMaker.*` to `service`."""
    from ministack import app
    from ministack.core import router

    router.SERVICE_PATTERNS[SERVICE] = {
        "target_prefixes": ["SageMaker"],
        "host_patterns": [r"api\.sagemaker\."],
    }
    app.SERVICE_REGISTRY[SERVICE] = {"module": SERVICE}
    app.SERVICE_HANDLERS[SERVICE] = _handler(service)


def resource_of(action: str, payload: dict[str, Any], region: str, account: str) -> str:
    """The ARN an IAM policy must name for a call; "*" for what has none (lists)."""
    prefix = f"arn:aws:sagemaker:{region}:{account}"
    if action in ("AddTags", "ListTags", "DeleteTags"):
        return str(payload.get("ResourceArn", "*"))
    if "LabelingJobName" in payload:
        return f"{prefix}:labeling-job/{str(payload['LabelingJobName']).lower()}"
    if "WorkteamName" in payload:
        return f"{prefix}:workteam/private-crowd/{payload['WorkteamName']}"
    if action == "ListLabelingJobsForWorkteam" and payload.get("WorkteamArn"):
        return str(payload["WorkteamArn"])
    return "*"


def _handler(service: LabelingService) -> Any:
    async def handle(
        method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]
    ) -> tuple[int, dict[str, str], bytes]:
        from ministack.core.responses import get_account_id, get_region

        action = headers.get("x-amz-target", ".").rsplit(".", 1)[-1]
        try:
            payload = json.loads(body or b"{}")
        except ValueError:
            return _error("SerializationException", "the body is not JSON", 400)
        region, account = get_region(), get_account_id()
        key = access_key_of([(k.encode(), v.encode("latin-1")) for k, v in headers.items()], b"")
        refused = _refusal(key, action, payload, region, account)
        if refused:
            return _error("AccessDeniedException", refused, 400)
        return await asyncio.to_thread(_answer, service, action, payload, region, account)

    return handle


def _answer(
    service: LabelingService, action: str, payload: dict[str, Any], region: str, account: str
) -> tuple[int, dict[str, str], bytes]:
    from terrace_local.ground_truth.errors import ServiceError

    try:
        result = service.handle(action, payload, region, account)
    except ServiceError as exc:
        return _error(exc.code, exc.message, exc.status)
    return 200, {"Content-Type": "application/x-amz-json-1.1"}, json.dumps(result).encode()


def _refusal(
    access_key: str, action: str, payload: dict[str, Any], region: str, account: str
) -> str:
    """Why the caller's role may not make this call; "" when it may."""
    checks: list[tuple[str, str, dict[str, Any]]] = [
        (f"sagemaker:{action}", resource_of(action, payload, region, account), {})
    ]
    if payload.get("Tags") and action.startswith("Create"):
        checks.append(("sagemaker:AddTags", resource_of(action, payload, region, account), {}))
    if action in _PASS_ROLE and payload.get("RoleArn"):
        checks.append(
            (
                "iam:PassRole",
                str(payload["RoleArn"]),
                {"iam:PassedToService": "sagemaker.amazonaws.com"},
            )
        )
    # Looked up at each call: the recorder of calls replaces it.
    from ministack.core import iam_evaluator

    for permission, resource, context in checks:
        denied = iam_evaluator.enforce(
            access_key, permission, SERVICE, region, resource_arn=resource, service_context=context
        )
        if denied is not None:
            who = getattr(denied, "principal_arn", None) or getattr(denied, "message", "unknown")
            return f"User: {who} is not authorized to perform: {permission} on resource: {resource}"
    return ""


def _error(code: str, message: str, status: int) -> tuple[int, dict[str, str], bytes]:
    headers = {"Content-Type": "application/x-amz-json-1.1", "x-amzn-errortype": code}
    return status, headers, json.dumps({"__type": code, "message": message}).encode()
