"""`python -m tests.hardening`: thousands of bad requests and files, and what came of them."""

import argparse
import multiprocessing
import os
import sys
import time
from collections import Counter

from tests.conftest import POISON
from tests.hardening import ground
from tests.hardening.ground import Verdict

CODES = {200: "accepted, then VALIDATION_FAIL"}


def one(seed: int) -> tuple[int, str, str, int, int, list[str]]:
    """A seed's case, as plain values: (seed, group, kind, HTTP code, problems, what is wrong)."""
    verdict = ground.run(seed)
    case = verdict.case
    return seed, case.group, case.kind, verdict.code, len(verdict.told), verdict.wrong


def show(seed: int) -> Verdict:
    """One case again, with what was sent and what was answered."""
    verdict = ground.run(seed)
    case = verdict.case
    print(f"seed {seed}: {case.group}, {case.kind}; wants {case.statuses} with {case.codes}")
    print(f"{case.method} {case.path} {case.query or ''}\n{case.body[:2_000]!a}")
    for uri, data in case.files.items():
        print(f"{uri}: {data[:500]!r}")
    print(f"HTTP {verdict.code}")
    for problem in verdict.told[:10]:
        print(f"  {problem}")
    return verdict


def main() -> int:
    """0 if nothing was wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.hardening")
    parser.add_argument("--runs", type=int, default=300)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--seed", type=int, help="one case again")
    chosen = parser.parse_args()
    os.environ.update(POISON)
    if chosen.seed is not None:
        wrong = show(chosen.seed).wrong
        print("\n".join(wrong) or "nothing wrong")
        return 1 if wrong else 0
    began, bad = time.monotonic(), 0
    kinds: Counter[tuple[str, str]] = Counter()
    codes: Counter[int] = Counter()
    told = 0
    seeds = range(chosen.first, chosen.first + chosen.runs)
    with multiprocessing.Pool(2) as pool:
        for seed, group, kind, code, problems, wrong in pool.imap_unordered(one, seeds, 20):
            kinds[group, kind] += 1
            codes[code] += 1
            told += problems
            if wrong:
                bad += 1
                print(f"seed {seed} ({kind}): {wrong[0]}  (make hardening SEED={seed})", flush=True)
    for group in sorted({group for group, _ in kinds}):
        of_group = {kind: n for (g, kind), n in kinds.items() if g == group}
        print(f"{group}: {sum(of_group.values())}")
        for kind, count in sorted(of_group.items(), key=lambda pair: (-pair[1], pair[0])):
            print(f"  {count:6} {kind}")
    for code, count in sorted(codes.items()):
        print(f"HTTP {code}: {count} {CODES.get(code, '')}".rstrip())
    print(f"{sum(kinds.values())} cases, {told} problems told, {bad} cases went wrong")
    print(f"{time.monotonic() - began:.0f} s", file=sys.stderr)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
