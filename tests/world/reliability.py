"""docs/reliability.md, made from the tests: `python -m tests.world.reliability`."""

import importlib
import inspect
from pathlib import Path

from tests.world import evidence, scene
from tests.world.faults import CONFLICT, EVERYWHERE, QUOTA
from tests.world.invariants import IDLE_MAX
from tests.world.mutants import MUTANTS, SEEDS
from tests.world.sites import call_sites
from tests.world.story import DEEDS

FILE = Path(__file__).resolve().parents[2] / "docs" / "reliability.md"

HEAD = """# Reliability

Made from the tests by `python -m tests.world.reliability`; a test compares. Do not edit.

Weeks of paid work ride on this machine, so what it survives is shown, not claimed. `tests/world/`
runs the shipped handlers, steps and adapters and the shipped state machine on an AWS in memory,
with one virtual clock and one seed. Functions are interleaved at every AWS call; each call is a
point before and after which the function can die. A run is the same every time it is given its
seed.

| to see | type |
|---|---|
| many runs, what they met, every call site by fault | `make world RUNS=10000` |
| one run again, call by call | `make world SEED=17` |
| a stop and a retry at every state and AWS call of a batch | `make world ARGS=--everywhere` |
| the protocol's known mistakes, made again, each caught | `make mutants` |

Every second seed aims: one fault at one call site, all pairs in turn, in a story that comes there.
Hypothesis drives the same world by rules (`tests/world/test_stateful.py`) and prints the fewest
steps that fail.

After every write and at the end of a run: I1 at most one live labeling job per job. I2 nothing
starts before what it depends on is over. I3 terminal absorbs. I4 a batch is over if, and only if,
nothing of it runs. I5 a wave advances once. I6 every labeling job is on record. I7 the end is
told, with a de-duplication id, and is true. I8 after the last fault no batch stands for longer
than {idle:.0f} s (one period of the reconciler, and the work), one period more for each thing
that is looked at twice by design. I9 no label is lost. I10 `show` agrees with the record. And:
nobody is asked twice for the same label; nothing is claimed after a mark; nobody is kept at work
for a batch that was stopped (I11); without faults the reconciler is never needed.

Not claimed: an end that could not be told for a whole day is an alarm, and is not sent after
that. What a user retries before its end was told is told of its new end only.
"""


def text() -> str:
    """The whole document."""
    module = importlib.import_module("tests.world.test_named_faults")
    order = {name: place for place, name in enumerate(vars(module))}
    faults = sorted(scene.FAULTS.values(), key=lambda one: order[one.test])
    assert all(inspect.isfunction(getattr(module, one.test)) for one in faults)
    lines = [HEAD.format(idle=IDLE_MAX), "## Faults with a name", ""]
    lines += ["| # | fault | what holds | test |", "|---|---|---|---|"]
    lines += [
        f"| {number} | {one.fault} | {one.guarantee} | `{one.test}` |"
        for number, one in enumerate(faults, start=1)
    ]
    lines += ["", "## What a run may meet", ""]
    lines += [
        f"At each of {len(call_sites())} call sites of the adapters: "
        + ", ".join(EVERYWHERE)
        + f"; {CONFLICT} at writes of the table; {QUOTA} at CreateLabelingJob. At any time: "
        + ", ".join(DEEDS)
        + "; events dropped, twice, late, in another order; functions that run on after Step "
        "Functions has given them up; an index that is read late.",
    ]
    lines += _last_runs()
    lines += _mutants()
    return "\n".join(lines) + "\n"


def _last_runs() -> list[str]:
    """What `make world ARGS=--evidence` left, measured."""
    found = evidence.read(evidence.RUNS)
    if not found:
        return []

    def told(name: str) -> str:
        return ", ".join(f"{key} {value:,}" for key, value in found[name].items())

    missed = len(found["neverHit"])
    return [
        "",
        "## The last set of runs",
        "",
        f"{found['runs']:,} runs, **{found['violated']} with a violated invariant**: "
        f"{found['virtualYears']:,} virtual years, {found['labelingJobs']:,} labeling jobs, "
        f"{found['functionCalls']:,} function calls, {found['awsCalls']:,} AWS calls. The longest "
        f"time a batch stood after the last fault: {found['longestIdleSeconds']:,} s.",
        "",
        f"Call sites and faults that apply to them, never hit: {missed}; the one hit least was hit "
        f"{found['hitLeast']:,} times.",
        "",
        f"Faults at AWS calls: {told('faults')}.",
        "",
        f"Batches: {told('batches')}. They ended: {told('statuses')}.",
        "",
        f"Done to the world: {told('nemesis')}.",
    ]


def _mutants() -> list[str]:
    known = evidence.read(evidence.MUTANTS)
    lines = [
        "",
        "## Mutants",
        "",
        f"Each of these {len(MUTANTS)} mistakes is made by a patch of the shipped text in a copy "
        f"of it, and must be caught by one of {SEEDS} seeds. A test makes each again with the seed "
        f"that caught it. On record as caught: {len(known)}. Where an interleaving is rare, the "
        "stories are about a situation, in which the shipped code violates nothing; the seed "
        "decides all the rest. To see one again: make the patch, then `make world SEED=7 "
        "ARGS='--situation \"posted at the same instant\"'`.",
        "",
        "| mutant | the mistake | situation | seed | violated |",
        "|---|---|---|---|---|",
    ]
    for mutant in MUTANTS:
        found = known.get(mutant.name, {"seed": "-", "violated": "-"})
        lines.append(
            f"| `{mutant.name}` | {mutant.what} | {mutant.situation or 'any'} "
            f"| {found['seed']} | {found['violated']} |"
        )
    return lines


if __name__ == "__main__":
    # Under its own name, so that the table is that of the tests.
    FILE.write_text(importlib.import_module("tests.world.reliability").text(), encoding="utf-8")
