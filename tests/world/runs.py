"""Many runs of the world, and what they were: `make world RUNS=10000`, `make world SEED=17`."""

import math
import multiprocessing
import os
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.world.faults import CONFLICT, EVERYWHERE, QUOTA
from tests.world.sites import call_sites, kinds_of
from tests.world.story import SHAPES, Report, Story

ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Totals:
    """What many runs were together."""

    runs: int = 0
    years: float = 0.0
    seconds: float = 0.0
    jobs: int = 0
    invocations: int = 0
    nemesis: Counter[str] = field(default_factory=Counter)
    faults: Counter[tuple[str, str]] = field(default_factory=Counter)
    calls: Counter[str] = field(default_factory=Counter)
    statuses: Counter[str] = field(default_factory=Counter)
    longest_idle: float = 0.0
    failures: list[tuple[object, str]] = field(default_factory=list)
    shapes: Counter[str] = field(default_factory=Counter)

    def add(self, report: Report) -> None:
        self.runs += 1
        self.years += report.years
        self.jobs += report.jobs
        self.invocations += report.invocations
        self.nemesis += report.nemesis
        self.faults += report.faults
        self.calls += report.calls
        self.statuses += report.statuses
        self.shapes += report.shapes
        self.longest_idle = max(self.longest_idle, report.longest_idle)
        if report.violations:
            self.failures.append((report.seed, str(report.violations[0])))

    def never_hit(self) -> list[tuple[str, str]]:
        """(call site, fault) that no run has met."""
        return [
            (site, kind)
            for site in call_sites()
            for kind in kinds_of(site)
            if not self.faults[site, kind]
        ]

    def hit_least(self) -> int:
        """How often the pair that was hit least was hit."""
        return min(self.faults[site, kind] for site in call_sites() for kind in kinds_of(site))

    def never_run(self) -> list[str]:
        """Kinds of batches that there was none of."""
        return [shape for shape in SHAPES if not self.shapes[shape]]

    def kinds(self) -> Counter[str]:
        """Faults at AWS calls, by kind."""
        found: Counter[str] = Counter()
        for (_, kind), count in self.faults.items():
            found[kind] += count
        return found

    def text(self) -> str:
        """For people."""
        kinds = self.kinds()
        lines = [
            f"{self.runs} runs, {self.years:.1f} virtual years, {self.jobs} labeling jobs, "
            f"{self.invocations} function calls, {sum(self.calls.values())} AWS calls in "
            f"{self.seconds:.0f} s",
            "batches: " + ", ".join(f"{k} {self.shapes[k]}" for k in SHAPES),
            "batches ended: " + ", ".join(f"{k} {v}" for k, v in self.statuses.most_common()),
            f"longest time a batch stood after the last fault: {self.longest_idle:.0f} s",
            "faults at AWS calls: " + ", ".join(f"{k} {v}" for k, v in sorted(kinds.items())),
            "done to the world: " + ", ".join(f"{k} {v}" for k, v in sorted(self.nemesis.items())),
        ]
        return "\n".join(lines)

    def table(self) -> str:
        """Hits by call site and fault."""
        kinds = [*EVERYWHERE, CONFLICT, QUOTA]
        head = f"{'call site':42}{'calls':>9}" + "".join(f"{kind[:12]:>13}" for kind in kinds)
        lines = [head]
        for site in call_sites():
            row = f"{site:42}{self.calls[site]:9}"
            for kind in kinds:
                applies = kind in kinds_of(site)
                row += f"{self.faults[site, kind] if applies else '-':>13}"
            lines.append(row)
        return "\n".join(lines)


def one(seed: int, situation: str | None = None) -> Report:
    """One run; of a situation, where one is named."""
    report = Story(seed, situation=situation).run()
    report.errors = []
    return report


def many(seeds: Iterable[int], workers: int) -> Iterator[Report]:
    """Runs in so many processes; reports in the order of the seeds."""
    if workers < 2:
        yield from map(one, seeds)
        return
    with multiprocessing.get_context("spawn").Pool(workers) as pool:
        yield from pool.imap(one, seeds, chunksize=5)


def run(first: int, runs: int, workers: int, minutes: float = math.inf) -> Totals:
    """So many runs, from a seed on; stops at the tenth that fails, or when the time is up."""
    totals = Totals()
    begun = time.monotonic()
    for report in many(range(first, first + runs), workers):
        totals.add(report)
        if time.monotonic() - begun > minutes * 60:
            break
        if report.violations:
            print(f"seed {report.seed}: {report.violations[0]}", flush=True)
            if len(totals.failures) >= 10:
                break
        elif totals.runs % 500 == 0:
            print(f"{totals.runs} runs, {time.monotonic() - begun:.0f} s", flush=True)
    totals.seconds = time.monotonic() - begun
    return totals


def replay(seed: int, situation: str | None = None) -> int:
    """One run with everything that happened in it."""
    story = Story(seed, situation=situation)
    story.world.calls.trace = trace = []
    story.world.outside.entered = lambda execution, state: trace.append(
        f"{story.world.scheduler.now - story.world.scheduler.start:12.2f} "
        f"{execution.name} enters {state}"
    )
    report = story.run()
    print("\n".join(trace))
    print(f"seed {seed}: {dict(report.statuses)}, digest {report.digest:08x}")
    for violation in report.violations:
        print(f"VIOLATED {violation}")
    return 1 if report.violations else 0


def hash_seed_fixed() -> None:
    """Starts Python again with a fixed order of sets, so that a seed is the same run every time."""
    if os.environ.get("PYTHONHASHSEED") != "0":
        os.environ["PYTHONHASHSEED"] = "0"
        # This tree's functions, wherever the environment was installed from.
        paths = [str(ROOT / "functions"), os.environ.get("PYTHONPATH", "")]
        os.environ["PYTHONPATH"] = os.pathsep.join(path for path in paths if path)
        os.execv(sys.executable, [sys.executable, "-m", "tests.world", *sys.argv[1:]])
