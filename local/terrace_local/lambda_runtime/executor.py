"""Takes MiniStack's place at the point where an invocation becomes a process.

Everything before it (API, IAM, event sources, asynchronous retries, concurrency) and after it
(answers, metrics, CloudWatch logs) stays MiniStack's.
"""

import json
import logging
import shutil
import threading
import time
from pathlib import Path
from typing import Any

from terrace_local.lambda_runtime.code import CodeCache
from terrace_local.lambda_runtime.environment import FunctionSpec
from terrace_local.lambda_runtime.nursery import Nursery, NurseryClosed
from terrace_local.lambda_runtime.pool import Pool, PoolExhausted

_RESERVED = {"AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}
logger = logging.getLogger(__name__)


class LambdaExecutor:
    """Runs functions for MiniStack."""

    def __init__(self, endpoint: str, region: str, logs: Path, scratch: Path) -> None:
        self._endpoint = endpoint
        self._region = region
        self._logs = logs
        # What a killed run left behind.
        shutil.rmtree(scratch, ignore_errors=True)
        for stream in logs.glob(".*.stream"):
            stream.unlink(missing_ok=True)
        self._code = CodeCache(scratch / "code")
        self.nursery = Nursery(logs / "zygote.log")
        self.pool = Pool(self.nursery, logs)
        self._log_lock = threading.Lock()

    def install(self) -> None:
        """Make MiniStack use this executor for every function."""
        from ministack.services import lambda_svc

        lambda_svc._execute_function_dispatch = self.execute

    def close(self) -> None:
        """End every function process."""
        self.pool.close()
        self.nursery.close()

    def execute(
        self,
        func: dict[str, Any],
        config: dict[str, Any],
        event: Any,
        request_id: str,
        started: float,
    ) -> dict[str, Any]:
        """One invocation, in the shape MiniStack's dispatcher returns."""
        from ministack.services import lambda_svc

        archive = func.get("code_zip")
        if not archive:
            return _error("Runtime.InvalidEntrypoint", "the function has no code")
        spec = self._spec(config, archive)
        try:
            outcome = self.pool.invoke(
                spec,
                json.dumps(event, separators=(",", ":")).encode(),
                request_id,
                lambda_svc._xray_trace_id_for_invocation(config),
            )
        except (PoolExhausted, NurseryClosed) as exc:
            throttle: dict[str, Any] = lambda_svc._throttle_response(
                "ConcurrentInvocationLimitExceeded", str(exc)
            )
            return throttle
        duration = time.time() - started
        failed = outcome.error is not None
        self._write_log(spec.name, request_id, outcome.log, duration, outcome.error)
        lambda_svc._emit_lambda_logs(
            func, request_id, outcome.log, failed, int(duration * 1000), log_source=None
        )
        if failed:
            return {"body": outcome.error, "error": True, "log": outcome.log}
        return {"body": _decode(outcome.payload), "log": outcome.log}

    def _spec(self, config: dict[str, Any], archive: bytes) -> FunctionSpec:
        from ministack.core.lambda_runtime import execution_credentials

        name = config.get("FunctionName", "unknown")
        version = config.get("Version", "$LATEST")
        timeout = float(config.get("Timeout", 3))
        memory = int(config.get("MemorySize", 128))
        code = str(self._code.folder(archive))
        own = (config.get("Environment") or {}).get("Variables") or {}
        variables = {
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "LANG": "en_US.UTF-8",
            "TZ": ":UTC",
            **{key: str(value) for key, value in own.items() if key not in _RESERVED},
            **execution_credentials(config),
            "AWS_REGION": self._region,
            "AWS_DEFAULT_REGION": self._region,
            "AWS_ENDPOINT_URL": self._endpoint,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_EXECUTION_ENV": f"AWS_Lambda_{config.get('Runtime', 'python3.13')}",
            "AWS_LAMBDA_FUNCTION_NAME": name,
            "AWS_LAMBDA_FUNCTION_VERSION": version,
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(memory),
            "AWS_LAMBDA_LOG_GROUP_NAME": _log_group(config, name),
            "AWS_LAMBDA_LOG_STREAM_NAME": time.strftime("%Y/%m/%d/[$LATEST]local"),
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "LAMBDA_TASK_ROOT": code,
            "_HANDLER": config.get("Handler", ""),
        }
        return FunctionSpec(
            name=name,
            arn=config.get("FunctionArn", ""),
            handler=config.get("Handler", ""),
            timeout=timeout,
            memory=memory,
            version=version,
            code=code,
            variables=tuple(sorted(variables.items())),
        )

    def _write_log(
        self, name: str, request_id: str, text: str, duration: float, error: dict[str, Any] | None
    ) -> None:
        outcome = f" {error.get('errorType')}: {error.get('errorMessage')}" if error else ""
        report = f"REPORT RequestId: {request_id} Duration: {duration * 1000:.0f} ms{outcome}\n"
        # The runtime client separates the lines of a traceback by carriage returns.
        text = text.replace("\r", "\n")
        if text and not text.endswith("\n"):
            text += "\n"
        with self._log_lock, (self._logs / f"{name}.log").open("a", encoding="utf-8") as stream:
            stream.write(text + report)


def _log_group(config: dict[str, Any], name: str) -> str:
    logging_config = config.get("LoggingConfig") or {}
    return str(logging_config.get("LogGroup") or f"/aws/lambda/{name}")


def _error(kind: str, message: str) -> dict[str, Any]:
    return {"body": {"errorType": kind, "errorMessage": message}, "error": True, "log": ""}


def _decode(payload: bytes | None) -> Any:
    if not payload:
        return None
    try:
        return json.loads(payload)
    except ValueError:
        return payload.decode("utf-8", "replace")
