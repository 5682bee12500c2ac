"""The public door of the local Ground Truth: what the embedded AWS wires to `SageMaker.*`."""

from collections.abc import Callable
from typing import Any

from terrace_local.ground_truth.config import GroundTruthConfig
from terrace_local.ground_truth.errors import ServiceError, validation_error

__all__ = ["GroundTruthConfig", "GroundTruthService", "ServiceError"]

Action = Callable[[dict[str, Any], str, str], dict[str, Any]]


class GroundTruthService:
    """Labeling jobs and work teams that behave as Ground Truth's, with simulated people.

    Every method is thread-safe. `handle` never touches S3, so it may run on a server's event
    loop; `control` may wait for S3 (up to a minute): call it in a thread.

    Args:
        config: Workers' mode, seed, pace, truth and error mix.
        s3_client: A boto3 S3 client of the same embedded AWS.
        emit_event: Takes a whole EventBridge event (version, id, detail-type, source, account,
            time, region, resources, detail) and puts it on the default bus.
    """

    def __init__(
        self,
        config: GroundTruthConfig,
        s3_client: Any,
        emit_event: Callable[[dict[str, Any]], None],
    ) -> None:
        self._config = config
        self._s3 = s3_client
        self._emit_event = emit_event
        self._actions: dict[str, Action] = {}

    def handle(
        self, action: str, payload: dict[str, Any], region: str, account: str
    ) -> dict[str, Any]:
        """Answers one API call as SageMaker would (times as epoch numbers).

        Raises:
            ServiceError: with AWS's code, message and HTTP status.
        """
        operation = self._actions.get(action)
        if operation is None:
            raise validation_error(f"{action} is not an operation of the local Ground Truth.")
        return operation(payload, region, account)

    def control(self, method: str, path: str, body: bytes) -> tuple[int, dict[str, Any]]:
        """Answers `/_terrace/jobs…`, `/_terrace/workers`, `/_terrace/outcomes`: (status, JSON)."""
        return 404, {"error": f"nothing at {method} {path}"}

    def start(self) -> None:
        """Starts the threads that do the jobs' work; jobs loaded before go on from here."""

    def stop(self) -> None:
        """Stops the threads; running jobs keep their state for `save_state`."""

    def save_state(self) -> dict[str, Any]:
        """Gives everything needed to go on after a restart, as JSON-able data."""
        return {}

    def load_state(self, state: dict[str, Any]) -> None:
        """Takes back what `save_state` gave; running jobs go on when started."""
