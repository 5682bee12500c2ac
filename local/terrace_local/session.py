"""One run of the local AWS from start to stop: serve, deploy, tell the clients, clean up."""

import logging
import signal
import threading
import time
from collections.abc import Callable
from types import FrameType
from typing import Any

from terrace_local.config import LocalConfig
from terrace_local.deploy import contract
from terrace_local.deploy.run import Deployment, deploy_template
from terrace_local.deploy.stack import DeployFailed
from terrace_local.deploy.template import TemplateProblem, read
from terrace_local.schedule import FastSchedule, enable_schedules
from terrace_local.server import LocalAws
from terrace_local.state import announce_interrupted

logger = logging.getLogger(__name__)
_PERIOD = "ReconcilePeriodSeconds"
Say = Callable[[str], None]


class RunSession:
    """Blocks in `run` until a signal or `stop`."""

    def __init__(self, config: LocalConfig, say: Say) -> None:
        self._config = config
        self._say = say
        self._began = time.monotonic()
        self._schedule: FastSchedule | None = None
        self._failure: str | None = None
        self._aws = LocalAws(config)
        if self._aws.notice:
            say(f"terrace local: {self._aws.notice}")

    def run(self) -> int:
        """Serve; returns the exit code."""
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, self._on_signal)
            signal.signal(signal.SIGTERM, self._on_signal)
        try:
            self._aws.run(self._when_serving)
        except OSError as exc:
            self._failure = f"cannot listen on port {self._config.port}: {exc}"
        finally:
            if self._schedule is not None:
                self._schedule.stop()
            self._aws.executor.close()
            contract.remove(self._config.contract)
        if self._failure:
            self._say(f"terrace local: {self._failure}")
            return 1
        self._say("terrace local: stopped.")
        return 0

    def stop(self) -> None:
        """End the run; safe from any thread."""
        self._aws.stop()

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self.stop()

    def _when_serving(self) -> None:
        try:
            self._bring_up()
        except (DeployFailed, TemplateProblem) as exc:
            self._fail(f"the stack was not deployed: {exc}")
        except Exception as exc:
            # This is a thread's outermost frame: without it a failed start would look like a
            # server that is up for ever and never ready.
            logger.exception("deployment")
            if not self._aws.stopping:
                self._fail(f"could not start: {type(exc).__name__}: {exc}")

    def _fail(self, reason: str) -> None:
        self._failure = f"{reason}\n  details: {self._config.logs / 'aws.log'}"
        self.stop()

    def _bring_up(self) -> None:
        config = self._config
        resumed = self._aws.resumed
        deployment = deploy_template(config, self._parameters(), resumed.digest if resumed else "")
        self._aws.keeper.digest = deployment.digest
        self._aws.ground_truth.start()
        if deployment.api_id:
            self._aws.gateway.serve_api(deployment.api_id, deployment.api_stage)
        enable_schedules(config, deployment.stack)
        if config.reconcile_seconds:
            self._schedule = FastSchedule(config, deployment.stack, config.reconcile_seconds)
            self._schedule.start()
        content = contract.contract(config, deployment.stack)
        if self._aws.stopping:
            return
        self._aws.deployed = True
        # Whoever waits for the contract finds all that was said.
        self._say(self._banner(content, deployment))
        contract.write(config.contract, content)
        if resumed:
            announce_interrupted(resumed.interrupted, config.account, config.region)

    def _parameters(self) -> dict[str, str]:
        parameters = dict(self._config.parameters)
        known = read(self._config.template).get("Parameters", {})
        if self._config.reconcile_seconds and _PERIOD in known:
            # The reconciler must know how often it runs, to tell late from lost.
            parameters.setdefault(_PERIOD, str(self._config.reconcile_seconds))
        return parameters

    def _banner(self, content: dict[str, Any], deployment: Deployment) -> str:
        lines = [
            f"Terrace's local AWS is ready ({time.monotonic() - self._began:.1f} s).",
            f"  API           {content['apiUrl']}"
            + ("  (SigV4 required)" if self._config.auth == "iam" else ""),
            f"  AWS endpoint  {content['awsEndpoint']}  (any credentials, {content['region']})",
            f"  input bucket  s3://{content['inputBucket']}",
            f"  workers       {self._config.workers}, seed {self._config.seed}",
            f"  contract      {self._config.contract}",
            f"  logs          {self._config.logs}",
        ]
        lines += [f"  note          {note}" for note in deployment.left_out]
        resumed = self._aws.resumed
        if resumed:
            when = time.strftime("%H:%M:%S", time.localtime(resumed.saved_at))
            lines.append(f"  resumed       the state saved at {when}")
            if not resumed.graceful:
                lines.append(
                    "                it was not stopped but killed: what came after is lost"
                )
            if resumed.interrupted:
                lines.append(
                    f"                {len(resumed.interrupted)} running execution(s) could not go "
                    "on; the stack was told and replaces them"
                )
        lines.append("Stop with Ctrl-C or `terrace local down`.")
        return "\n".join(lines)
