"""`python -m tests.world [--runs N] [--first N] [--seed N] [--workers N] [--mutants]`."""

import argparse
import math
import os
import sys

from tests.world import everywhere, evidence, runs

FULL = 2000
"""From so many runs on, a call site that no fault has hit fails the whole."""


def main() -> int:
    """Runs what was asked for; 1 if an invariant did not hold, or a call site was never hit."""
    parser = argparse.ArgumentParser(prog="tests.world", description=__doc__)
    parser.add_argument("--runs", type=int, default=300)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--situation", help="with --seed: one of tests/world/situations.py")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--minutes", type=float, default=math.inf)
    parser.add_argument("--evidence", action="store_true", help="docs/world-proof.json anew")
    parser.add_argument("--everywhere", action="store_true", help="orders at every place, only")
    parser.add_argument("--mutants", action="store_true")
    parser.add_argument("--only", help="mutants with this in their name")
    parser.add_argument("--seeds", type=int, default=100, help="for each mutant")
    given = parser.parse_args()
    runs.hash_seed_fixed()
    if given.seed is not None:
        return runs.replay(given.seed, given.situation)
    if given.mutants:
        from tests.world import mutants

        return mutants.main(given.only, given.workers, given.seeds)
    if given.everywhere or given.runs >= FULL:
        print(f"{everywhere.sweep()} times stopped or retried: at every state and every AWS call")
    if given.everywhere:
        return 0
    totals = runs.run(given.first, given.runs, given.workers, given.minutes)
    if given.evidence:
        evidence.write_runs(totals)
    print(totals.table())
    print(totals.text())
    missed = totals.never_hit()
    if missed:
        print(f"never hit: {missed}")
    shapes = totals.never_run()
    if shapes:
        print(f"never run: {shapes}")
    missed += [("batches", shape) for shape in shapes]
    for seed, what in totals.failures:
        print(f"FAILED seed {seed}: {what} (make world SEED={seed})")
    return 1 if totals.failures or (missed and totals.runs >= FULL) else 0


if __name__ == "__main__":
    sys.exit(main())
