"""A soak: batches in flight on the embedded AWS while faults come and go, then quiet.

Usage: .venv/bin/python -m bench.soak [--minutes 30] [--in-flight 4] [--seed 1] [--row-minutes 5]

Starts an embedded AWS of its own in a temporary folder and keeps some batches of the kinds of
`bench/crowd.py` under way. Every few seconds the faults change at random: throttling, errors and
lost answers of SageMaker, DynamoDB, Step Functions and SNS, functions killed in mid-call,
executions aborted. A fifth of the labeling jobs end without an event, a third with two, to the
last. After the time nothing more is injected; then every batch has to be over within one period of
the reconciler and the work that is left, all that `bench/crowd.py` checks has to hold, and threads,
processes and queues have to be what they were. Prints a row every five minutes and a JSON object.
Exit code 0 only if nothing was violated.
"""

import argparse
import json
import os
import random
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from bench.crowd import KINDS, Batch, Crowd, PatientWorld, logged_errors, unexpected
from bench.evidence import keep, machine_errors, suspects
from bench.fifty_batches import THROTTLED
from terrace_local.cli_commands import down
from tests.machine.world import open_world

WEATHER_SECONDS = 15.0
"""How long one mix of faults lasts."""
WORK_SECONDS = 120.0
"""Three levels on a busy machine, and a period more for the event of each that never comes."""
THREADS_MORE = 40
"""Threads that pools may have grown by; one thread a batch would be far more."""
LOST = ("CreateLabelingJob", "UpdateItem", "TransactWriteItems", "Publish", "StartExecution")
OWNERS = {
    "CreateLabelingJob": "sagemaker",
    "UpdateItem": "dynamodb",
    "TransactWriteItems": "dynamodb",
    "Publish": "sns",
    "StartExecution": "stepfunctions",
}


class Weather:
    """What goes wrong, at random but for one seed."""

    def __init__(self, crowd: Crowd, seed: int) -> None:
        self.crowd = crowd
        self.world = crowd.world
        self.counts: Counter[str] = Counter()
        self._random = random.Random(f"soak-{seed}")

    def change(self) -> None:
        """Another mix of faults, a crash or two."""
        draw = self._random
        self.clear()
        for service, error in THROTTLED.items():
            if draw.random() < 0.6:
                self._fault(service, "*", error, draw.uniform(0.05, 0.35))
        for operation in LOST:
            if draw.random() < 0.3:
                self._fault(OWNERS[operation], operation, "InternalServerError", 0.1, "after")
        for _ in range(draw.randint(0, 4)):
            self._kill_a_function()
        if draw.random() < 0.25:
            self._abort_an_execution()

    def clear(self) -> None:
        """No faults; what they hit is counted."""
        for fault in self.world.control("faults")["faults"]:
            kind = "answers lost" if fault["when"] == "after" else "calls throttled"
            self.counts[kind] += fault["hits"]
            self.counts["calls that could be hit"] += fault["seen"]
        self.world.control("faults", method="DELETE")

    def _fault(
        self, service: str, operation: str, error: str, share: float, when: str = "before"
    ) -> None:
        self.world.control(
            "faults",
            {
                "service": service,
                "operation": operation,
                "error": error,
                "probability": share,
                "times": -1,
                "when": when,
            },
        )

    def _kill_a_function(self) -> None:
        """SIGKILL to one of this world's own function processes."""
        pids = self.world.control("status")["lambdaProcesses"]
        if pids:
            try:
                os.kill(self._random.choice(pids), signal.SIGKILL)
                self.counts["functions killed"] += 1
            except ProcessLookupError:
                return

    def _abort_an_execution(self) -> None:
        """StopExecution of a batch's execution, as by hand in the console."""
        machine = self.world.client("stepfunctions")
        running = machine.list_executions(
            stateMachineArn=self.world.contract["stateMachineArn"], statusFilter="RUNNING"
        )["executions"]
        if running:
            chosen = self._random.choice(running)["executionArn"]
            machine.stop_execution(executionArn=chosen, cause="asked for by the soak")
            self.counts["executions aborted"] += 1


def measured(world: PatientWorld) -> dict[str, int]:
    """What the embedded AWS uses and holds now."""
    pid = int(world.contract["pid"])
    status = dict(
        line.split(":", 1)
        for line in Path(f"/proc/{pid}/status").read_text().splitlines()
        if ":" in line
    )
    rows = 0
    pages = world.client("dynamodb").get_paginator("scan")
    for page in pages.paginate(TableName=world.contract["tableName"], Select="COUNT"):
        rows += page["Count"]
    now = world.control("status")
    return {
        "memoryMiB": int(status["VmRSS"].split()[0]) // 1024,
        "threads": int(status["Threads"]),
        "processes": len(now["lambdaProcesses"]),
        "executions": len(now["executions"]),
        "rows": rows,
        "openFiles": len(os.listdir(f"/proc/{pid}/fd")),
    }


COLUMNS = (
    "minute",
    "posted",
    "over",
    "memoryMiB",
    "threads",
    "processes",
    "executions",
    "rows",
    "rowsPerBatch",
    "openFiles",
    "queued",
)


class Soak:
    """One run."""

    def __init__(self, world: PatientWorld, seed: int) -> None:
        self.world = world
        self.crowd = Crowd(world)
        self.crowd.endings(dropped=0.2, twice=0.4)
        self.weather = Weather(self.crowd, seed)
        self.rows: list[dict[str, Any]] = []
        self.began = time.monotonic()
        self._kinds = random.Random(f"kinds-{seed}")
        self._ended = threading.Event()

    def run(self, minutes: float, in_flight: int, every: float) -> None:
        """Keeps so many batches under way for so long; a row every so many seconds."""
        until = self.began + minutes * 60
        row_at = change_at = self.began
        with ThreadPoolExecutor(in_flight) as lanes:
            running = [lanes.submit(self._lane, lane, until) for lane in range(in_flight)]
            while time.monotonic() < until:
                if time.monotonic() >= change_at:
                    self.weather.change()
                    change_at += WEATHER_SECONDS
                if time.monotonic() >= row_at:
                    self.row()
                    row_at += every
                time.sleep(1.0)
            self.weather.clear()
            self.row()
            self._quiet = time.time()
            for lane in running:
                lane.result()

    def _lane(self, lane: int, until: float) -> None:
        """One batch after the other; also waits for the last one."""
        number = 0
        while time.monotonic() < until:
            kind = self._kinds.choice(list(KINDS))
            batch = self.crowd.post(kind, f"soak{lane}n{number}")
            number += 1
            self._wait(batch, until + 600)

    def _wait(self, batch: Batch, until: float) -> None:
        while batch.over is None and time.monotonic() < until:
            try:
                self.crowd.look(batch)
            except RuntimeError:
                # Throttled for two minutes on end: what counts is that it ends.
                self.weather.counts["looks given up"] += 1
            time.sleep(1.0)

    def row(self) -> None:
        """Notes and prints what there is now."""
        now = measured(self.world)
        self.world.heard()
        posted = len(self.crowd.batches)
        row = {
            "minute": round((time.monotonic() - self.began) / 60, 1),
            "posted": posted,
            "over": sum(batch.over is not None for batch in self.crowd.batches),
            **now,
            "rowsPerBatch": round(now["rows"] / posted, 1) if posted else None,
            "queued": sum(self.crowd.check_queues().values()),
        }
        if not self.rows:
            print("  ".join(f"{name:>12}" for name in COLUMNS), flush=True)
        print("  ".join(f"{row[name]!s:>12}" for name in COLUMNS), flush=True)
        self.rows.append(row)

    def liveness(self, period: float) -> dict[str, Any]:
        """How long after the last fault the last batch was over; more than that is a violation."""
        limit = period + WORK_SECONDS
        late = [batch for batch in self.crowd.batches if batch.over and batch.over > self._quiet]
        slowest = max((batch.over or 0) - self._quiet for batch in late) if late else 0.0
        for batch in self.crowd.batches:
            if batch.over is None or batch.over - self._quiet > limit:
                self.crowd.violations.append(
                    f"{batch.name} ({batch.kind}): not over {limit:.0f} s after the last fault"
                )
        return {
            "underWayAtTheEnd": len(late),
            "lastOverSecondsAfterTheLastFault": round(slowest, 1),
            "limitSeconds": limit,
        }

    def growth(self) -> dict[str, Any]:
        """What a batch that is over leaves behind, first and second half; threads and processes."""
        self.row()
        first, middle, last = self.rows[0], self.rows[len(self.rows) // 2], self.rows[-1]
        warm = next((row for row in self.rows if row["over"] > 0), middle)
        if last["threads"] > warm["threads"] + THREADS_MORE:
            self.crowd.violations.append(f"threads grew: {first['threads']} to {last['threads']}")
        if last["executions"]:
            self.crowd.violations.append(f"{last['executions']} executions still run")

        def each(what: str, start: dict[str, Any], stop: dict[str, Any]) -> float | None:
            batches = stop["over"] - start["over"]
            return round((stop[what] - start[what]) / batches, 2) if batches else None

        rates = {
            f"{what}PerBatch": [each(what, warm, middle), each(what, middle, last)]
            for what in ("memoryMiB", "rows", "openFiles", "threads")
        }
        before, after = rates["rowsPerBatch"]
        if before and after and after > 2 * before:
            self.crowd.violations.append(f"rows per batch grew: {before} to {after}")
        return {**rates, "comment": "first and second half; all data of ended batches is kept"}


def main() -> int:
    """Runs it; prints rows, then one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--in-flight", type=int, default=4)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--reconcile-seconds", type=int, default=30)
    parser.add_argument("--row-minutes", type=float, default=5.0)
    parser.add_argument("--home", type=Path, help="keep state, logs and evidence in this folder")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="terrace-soak-") as folder:
        home = options.home or Path(folder) / ".terrace"
        try:
            plain = open_world(
                home,
                fresh=True,
                workers="auto",
                speed=200.0,
                seed=options.seed,
                reconcile_seconds=options.reconcile_seconds,
            )
            soak = Soak(PatientWorld(plain.contract, home, plain.said), options.seed)
            soak.run(options.minutes, options.in_flight, options.row_minutes * 60)
            liveness = soak.liveness(options.reconcile_seconds)
            counts = soak.crowd.check()
            soak.crowd.check_queues()
            growth = soak.growth()
            errors = logged_errors(home / "logs")
            histories = machine_errors(soak.world)
            names = suspects([batch.name for batch in soak.crowd.batches], soak.crowd.violations)
            evidence = keep(soak.world, names, home / "evidence")
        finally:
            down(home, say=lambda _: None)
    violations = sorted({*soak.crowd.violations, *unexpected(errors)})
    result = {
        "minutes": options.minutes,
        "inFlight": options.in_flight,
        "batches": len(soak.crowd.batches),
        "kinds": Counter(batch.kind for batch in soak.crowd.batches),
        "injected": soak.weather.counts,
        "counts": counts,
        "liveness": liveness,
        "growth": growth,
        "errorsInLogs": errors,
        "errorsInHistories": histories,
        "evidence": [str(path) for path in evidence],
        "violations": violations,
    }
    print(json.dumps(result, indent=1))
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main())
