"""The public door of the local Ground Truth: what the embedded AWS wires to `SageMaker.*`."""

from collections.abc import Callable
from typing import Any

from terrace_local.ground_truth.api import Api
from terrace_local.ground_truth.config import GroundTruthConfig
from terrace_local.ground_truth.control import Control
from terrace_local.ground_truth.errors import ServiceError
from terrace_local.ground_truth.jobs import Job, JobStore
from terrace_local.ground_truth.outcomes import OutcomeRules
from terrace_local.ground_truth.runner import Runner
from terrace_local.ground_truth.workteams import Workteams

__all__ = ["GroundTruthConfig", "GroundTruthService", "ServiceError"]

STATE_VERSION = 1


class GroundTruthService:
    """Labeling jobs and work teams that behave as Ground Truth's, with simulated people.

    Every method is thread-safe. `handle` never touches S3, so it may run on a server's event
    loop; `control` may wait for S3 (up to a minute): call it in a thread.

    Args:
        config: Workers' mode, seed, pace, truth and error mix.
        s3_client: A boto3 S3 client of the same embedded AWS.
        emit_event: Takes a whole EventBridge event (version, id, detail-type, source, account,
            time, region, resources, detail) and puts it on the default bus. Called from the
            service's own threads, and from `control`'s caller.
    """

    def __init__(
        self,
        config: GroundTruthConfig,
        s3_client: Any,
        emit_event: Callable[[dict[str, Any]], None],
    ) -> None:
        self._store = JobStore()
        self._teams = Workteams()
        self._rules = OutcomeRules(config.seed)
        self._runner = Runner(config, s3_client, emit_event, self._store, self._rules)
        self._api = Api(self._store, self._teams, self._runner)
        truth = config.truth or "beside the data, under .terrace-truth/"
        self._control = Control(self._store, self._runner, self._rules, truth)

    def handle(
        self, action: str, payload: dict[str, Any], region: str, account: str
    ) -> dict[str, Any]:
        """Answers one API call as SageMaker would (times as epoch numbers).

        Raises:
            ServiceError: with AWS's code, message and HTTP status.
        """
        return self._api.call(action, payload, region, account)

    def control(self, method: str, path: str, body: bytes) -> tuple[int, dict[str, Any]]:
        """Answers `/_terrace/jobs…`, `/_terrace/workers`, `/_terrace/outcomes`: (status, JSON)."""
        return self._control.answer(method, path, body)

    def start(self) -> None:
        """Starts the threads that do the jobs' work; jobs loaded before go on from here."""
        self._runner.start()

    def stop(self) -> None:
        """Stops the threads; running jobs keep their state for `save_state`."""
        self._runner.stop()

    def save_state(self) -> dict[str, Any]:
        """Gives everything needed to go on after a restart, as JSON-able data."""
        with self._store.locked():
            return {
                "version": STATE_VERSION,
                "jobs": [job.to_json() for job in self._store.all()],
                "workteams": self._teams.save(),
                "tags": {arn: dict(tags) for arn, tags in self._api.tags.items()},
                "outcomes": self._rules.rows(),
            }

    def load_state(self, state: dict[str, Any]) -> None:
        """Takes back what `save_state` gave; running jobs go on when started.

        Raises:
            ValueError: when the state is of another version.
        """
        if state.get("version") != STATE_VERSION:
            raise ValueError(f"Ground Truth state of version {state.get('version')} is unknown")
        jobs = [Job.from_json(row) for row in state["jobs"]]
        self._store.replace(jobs)
        self._teams.load(state["workteams"])
        self._rules.replace(state["outcomes"])
        with self._store.locked():
            self._api.tags = {arn: dict(tags) for arn, tags in state["tags"].items()}
        for job in jobs:
            if not job.is_over:
                with self._store.locked():
                    job.note("RESTARTED", "The local Ground Truth was restarted.")
                self._runner.begin(job)
