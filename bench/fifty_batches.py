"""Fifty batches at once on the embedded AWS, throttled, with every event delivered twice.

Usage: .venv/bin/python -m bench.fifty_batches [--batches 50] [--throttled 0.15] [--seed 1]
           [--home FOLDER]

Starts an embedded AWS of its own in a temporary folder or, to keep logs and what there is to know
of every batch with a violation, in `--home`; posts batches of every kind of
`bench/crowd.py` at the same time while a share of all calls to SageMaker, DynamoDB, Step Functions
and SNS is throttled, and looks from outside at what came out. Prints counts and every violation.
Exit code 0 only if there is none.
"""

import argparse
import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from bench.crowd import KINDS, Crowd, PatientWorld, logged_errors, unexpected
from bench.evidence import keep, machine_errors, suspects
from terrace_local.cli_commands import down
from tests.machine.world import open_world

THROTTLED = {
    "sagemaker": "ThrottlingException",
    "dynamodb": "ThrottlingException",
    "stepfunctions": "ThrottlingException",
    "sns": "Throttling",
}
"""Services of which calls are throttled, and the error code each says it with."""


def throttle(world: PatientWorld, share: float) -> None:
    """Lets that share of all calls fail before they take effect, and each service's first call.

    The first ones make sure that every service meets its fault, also where only a handful of calls
    are made.
    """
    for service, error in THROTTLED.items():
        fault = {"service": service, "operation": "*", "error": error}
        world.control("faults", {**fault, "times": 1})
        world.control("faults", {**fault, "probability": share, "times": -1})


def throttled_calls(faults: Sequence[dict[str, Any]]) -> dict[str, int]:
    """How many calls of each service were throttled."""
    hits: Counter[str] = Counter()
    for fault in faults:
        hits[fault["service"]] += fault["hits"]
    return dict(hits)


def run(
    world: PatientWorld,
    count: int,
    share: float,
    timeout: float,
    kinds: Sequence[str] = tuple(KINDS),
) -> dict[str, Any]:
    """Posts all, waits for all, looks at all.

    Args:
        world: an embedded AWS whose workers answer by themselves.
        count: batches; the kinds take turns.
        share: of the calls that are throttled, 0 to 1.
        timeout: seconds until every batch must be over.
        kinds: names in `KINDS`.

    Returns:
        What was counted; `violations` is empty if everything held.
    """
    crowd = Crowd(world)
    crowd.endings()
    throttle(world, share)
    began = time.monotonic()
    with ThreadPoolExecutor(count) as clients:
        posting = [
            clients.submit(crowd.post, kinds[number % len(kinds)], f"many{number}")
            for number in range(count)
        ]
        for post in posting:
            post.result()
    while time.monotonic() - began < timeout:
        waiting = [batch for batch in crowd.batches if batch.over is None]
        if not waiting:
            break
        for batch in waiting:
            crowd.look(batch)
        time.sleep(1.0)
    seconds = time.monotonic() - began
    faults = world.control("faults")["faults"]
    world.control("faults", method="DELETE")
    for batch in crowd.batches:
        if batch.over is None:
            crowd.violations.append(f"{batch.name} ({batch.kind}): not over in {timeout} s")
    counts = crowd.check()
    queues = crowd.check_queues()
    errors = logged_errors(world.home / "logs")
    histories = machine_errors(world)
    names = suspects([batch.name for batch in crowd.batches], crowd.violations)
    evidence = keep(world, names, world.home / "evidence")
    return {
        "batches": count,
        "seconds": round(seconds, 1),
        "throttled": throttled_calls(faults),
        "kinds": Counter(batch.kind for batch in crowd.batches),
        "counts": counts,
        "queues": queues,
        "errorsInLogs": errors,
        "errorsInHistories": histories,
        "evidence": [str(path) for path in evidence],
        "violations": crowd.violations + unexpected(errors),
    }


def main() -> int:
    """Runs it; prints one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--batches", type=int, default=50)
    parser.add_argument("--throttled", type=float, default=0.15, help="share of the calls")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--reconcile-seconds", type=int, default=20)
    parser.add_argument("--timeout", type=float, default=900.0, help="seconds")
    parser.add_argument("--home", type=Path, help="keep state, logs and evidence in this folder")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="terrace-many-") as folder:
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
            world = PatientWorld(plain.contract, home, plain.said)
            result = run(world, options.batches, options.throttled, options.timeout)
        finally:
            down(home, say=lambda _: None)
    print(json.dumps(result, indent=1))
    return 1 if result["violations"] else 0


if __name__ == "__main__":
    sys.exit(main())
