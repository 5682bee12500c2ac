"""Fires the stack's schedules every few seconds instead of every few minutes.

EventBridge schedules have minute granularity, and the reconciler's is 15 minutes: too long to wait
for on one's own machine. The function gets the very event the rule would send.
"""

import datetime
import json
import logging
import threading
import uuid
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from terrace_local.config import LocalConfig
from terrace_local.deploy.clients import Clients
from terrace_local.deploy.stack import Stack

logger = logging.getLogger(__name__)


def enable_schedules(config: LocalConfig, stack: Stack) -> None:
    """Undo what `FastSchedule` did to the rules in a former run whose state was resumed."""
    events = Clients(config).events
    for name in _rules(stack):
        rule = events.describe_rule(Name=name)
        if rule.get("ScheduleExpression") and rule.get("State") == "DISABLED":
            events.enable_rule(Name=name)


def _rules(stack: Stack) -> list[str]:
    rules = stack.of_type("AWS::Events::Rule").values()
    return [physical.rsplit("/", 1)[-1].rsplit("|", 1)[-1] for physical in rules]


@dataclass(frozen=True)
class ScheduledTarget:
    """A function that a schedule of the stack invokes."""

    rule_arn: str
    function_arn: str
    input: str | None


class FastSchedule:
    """Invokes the targets of the stack's schedules every `seconds`, until stopped."""

    def __init__(self, config: LocalConfig, stack: Stack, seconds: float) -> None:
        self._config = config
        self._clients = Clients(config)
        self._seconds = seconds
        self._stop = threading.Event()
        self.targets = self._take_over(stack)

    def start(self) -> None:
        """Begin; one thread per target, so that a slow one delays nobody else."""
        for target in self.targets:
            threading.Thread(
                target=self._run, args=(target,), name="fast-schedule", daemon=True
            ).start()

    def stop(self) -> None:
        """Fire no more."""
        self._stop.set()

    def _take_over(self, stack: Stack) -> list[ScheduledTarget]:
        events = self._clients.events
        targets = []
        for name in _rules(stack):
            rule = events.describe_rule(Name=name)
            if not rule.get("ScheduleExpression"):
                continue
            for target in events.list_targets_by_rule(Rule=name)["Targets"]:
                if ":function:" in target["Arn"]:
                    targets.append(ScheduledTarget(rule["Arn"], target["Arn"], target.get("Input")))
            # Otherwise the rule would fire as well, once a minute at most.
            events.disable_rule(Name=name)
        return targets

    def _run(self, target: ScheduledTarget) -> None:
        while not self._stop.wait(self._seconds):
            try:
                self._clients.functions.invoke(
                    FunctionName=target.function_arn,
                    # Waits for the end, so that a slow run is not overtaken by the next.
                    InvocationType="RequestResponse",
                    Payload=(target.input or json.dumps(self._event(target))).encode(),
                )
            except (ClientError, BotoCoreError) as exc:
                if not self._stop.is_set():
                    logger.warning("schedule of %s: %s", target.function_arn, exc)

    def _event(self, target: ScheduledTarget) -> dict[str, Any]:
        now = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return {
            "version": "0",
            "id": str(uuid.uuid4()),
            "detail-type": "Scheduled Event",
            "source": "aws.events",
            "account": self._config.account,
            "time": now,
            "region": self._config.region,
            "resources": [target.rule_arn],
            "detail": {},
        }
