"""What the last full set of runs, and the last hunt for mutants, have shown: committed files.

Runs take minutes, so docs/reliability.md is made from what they left here, as docs/security.md is
made from the last proof of the rights. Each mutant's seed is checked again by a test.
"""

import json
from pathlib import Path
from typing import Any

from tests.world.runs import Totals

DOCS = Path(__file__).resolve().parents[2] / "docs"
RUNS = DOCS / "world-proof.json"
MUTANTS = DOCS / "mutants-proof.json"


def write_runs(totals: Totals) -> None:
    """Keeps what many runs were together."""
    kinds = totals.kinds()
    found = {
        "runs": totals.runs,
        "violated": len(totals.failures),
        "virtualYears": round(totals.years, 1),
        "labelingJobs": totals.jobs,
        "functionCalls": totals.invocations,
        "awsCalls": sum(totals.calls.values()),
        "seconds": round(totals.seconds),
        "longestIdleSeconds": round(totals.longest_idle),
        "statuses": dict(sorted(totals.statuses.items())),
        "batches": dict(sorted(totals.shapes.items())),
        "faults": dict(sorted(kinds.items())),
        "nemesis": dict(sorted(totals.nemesis.items())),
        "neverHit": totals.never_hit(),
        "hitLeast": totals.hit_least(),
    }
    RUNS.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


def read(path: Path) -> Any:
    """What was kept; nothing where there was no run yet."""
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def write_mutant(name: str, situation: str | None, seed: int, what: str) -> None:
    """Adds the situation and the seed that caught a mutant, and the invariant that it broke."""
    known = read(MUTANTS)
    known[name] = {"situation": situation, "seed": seed, "violated": what.split(":", maxsplit=1)[0]}
    ordered = dict(sorted(known.items()))
    MUTANTS.write_text(json.dumps(ordered, indent=1) + "\n", encoding="utf-8")
