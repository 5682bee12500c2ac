"""What a gated review of clips finds, of all that a review of every frame would have found.

Usage: .venv/bin/python -m bench.gated_review [--seeds 5] [--budget 25] [--context 2] [--json]

A demo-like batch: simulated people label the demo's clip (3 sequences of 60 frames, boxes) with
errors of known kinds; then the same people's labels are reviewed twice, by jobs of one batch that
chain from the same labels: one sees every frame, the other what its gate (`unit: clip`, all checks
of tracks, a budget in percent of the frames) cuts out. Steps, gate, clips and merging are the real
ones over in-memory AWS; people are those of the local AWS. Reviewers see and repair every error in
front of them, so what is measured is the gate alone.

An error is one object in one frame that the full review changed (a swap of identities is two). It
is found if the labels of the whole sequence, after the clips' answers were merged back, are changed
at the same place in the same way. Nothing is counted that a full review would not have
changed: a constant bias of some pixels is none, and nobody can see it without truth.

Exit code 0 if no review job was above its budget and recall over all slips is 0.90 or more.
"""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from terrace.domain.records import JobRecord
from terrace.steps import lane
from terrace_cli.demo.gated_batch import Drawn, Error, changes, drawn_in, gated_request
from terrace_local.workers.mix import NO_ERRORS, ErrorMix, Labeling, Reviewing, Slips, load_mix
from tests.fakes.house import INPUTS, House
from tests.fakes.people import PeopleEngine, a_peopled_house, put_clip

SEQUENCES, FRAMES = 3, 60
BUDGET, CONTEXT, SEEDS = 25.0, 2, 5
WANTED = 0.90

STEADY = replace(NO_ERRORS, bias=0.0, jitter=0.01)
"""People who make slips only: their hands are as unsteady as in the default mix."""
SEES_ALL = Reviewing(findShare=1.0, falseAlarm=0.0, repairShare=1.0, auditEditShare=1.0)

SLIPS: dict[str, Slips] = {
    "even": Slips(
        **{"missing": 0.0015, "shift": 0.0015, "resize": 0.0015, "identity": 0.0015},
        **{"wrongClass": 0.0015, "attribute": 0.0015, "extra": 0.005},
    ),
    "boxes": Slips(missing=0.003, shift=0.003, resize=0.003, extra=0.004),
    "names": Slips(identity=0.003, wrongClass=0.003, attribute=0.003),
    "runs": Slips(
        **{"missing": 0.001, "shift": 0.001, "resize": 0.001, "wrongClass": 0.001},
        frames=(2, 3),
    ),
}
"""Slips as shares of an object's frames: of all frames, some 2 to 5 in 100 have an error."""
LASTING: dict[str, Labeling] = {
    "drifts and gaps": replace(STEADY, drift=0.15, missedRun=0.15),
    "whole tracks": replace(STEADY, looseBox=0.2, looseFactor=(1.4, 1.6), wrongClass=0.2),
    "the default mix": load_mix("default").label,
    "constant bias": replace(STEADY, bias=1.0, biasPixels=(8.0, 12.0)),
}
"""Errors that last, told by themselves: what is the same in all frames has no odd neighbour."""


@dataclass
class Outcome:
    """What came out of some batches, added up."""

    frames: int = 0
    reviewed: int = 0
    """Frames of the gated review jobs."""
    over_budget: int = 0
    """Review jobs with more frames than allowed."""
    wrong_frames: int = 0
    """Frames with an error that the full review found."""
    full: Counter[str] = field(default_factory=Counter)
    found: Counter[str] = field(default_factory=Counter)
    runs: Counter[str] = field(default_factory=Counter)
    """Errors of one object in frames that follow one another, as one."""
    runs_found: Counter[str] = field(default_factory=Counter)
    """Those of which at least one frame was found."""
    other: int = 0
    """Changes by the gated review that the full one did not make."""

    def __add__(self, more: "Outcome") -> "Outcome":
        return Outcome(
            self.frames + more.frames,
            self.reviewed + more.reviewed,
            self.over_budget + more.over_budget,
            self.wrong_frames + more.wrong_frames,
            self.full + more.full,
            self.found + more.found,
            self.runs + more.runs,
            self.runs_found + more.runs_found,
            self.other + more.other,
        )

    @property
    def recall(self) -> float | None:
        """None where there was nothing to find."""
        total = self.full.total()
        return self.found.total() / total if total else None

    def to_json(self) -> dict[str, Any]:
        return {
            "recall": self.recall,
            "errors": self.full.total(),
            "found": self.found.total(),
            "runs": self.runs.total(),
            "runsFound": self.runs_found.total(),
            "otherChanges": self.other,
            "frames": self.frames,
            "framesReviewed": self.reviewed,
            "shareReviewed": self.reviewed / self.frames if self.frames else None,
            "wrongFrames": self.wrong_frames,
            "jobsOverBudget": self.over_budget,
            "byKind": {
                kind: {
                    "errors": count,
                    "found": self.found[kind],
                    "recall": self.found[kind] / count,
                }
                for kind, count in sorted(self.full.items())
            },
        }


# --- one batch ---------------------------------------------------------------------------------


def one_batch(
    mix: ErrorMix,
    seed: int,
    *,
    budget: float = BUDGET,
    context: int = CONTEXT,
    sequences: int = SEQUENCES,
    frames: int = FRAMES,
) -> Outcome:
    """Runs a batch to its end and compares what its two reviews changed."""
    house, s3 = a_peopled_house(mix, seed)
    put_clip(house, s3, seed=seed, sequences=sequences, frames=frames)
    house.post(
        gated_request(
            "b",
            f"s3://{INPUTS}/clip.manifest",
            f"s3://{INPUTS}/vehicle.json",
            budget=budget,
            context=context,
        )
    )
    house.turn()
    engine = house.engine
    assert isinstance(engine, PeopleEngine)
    while running := engine.running():
        for name in running:
            engine.do(name)
            house.event(name)
    jobs = house.jobs()
    if house.batch().status != "COMPLETE":
        raise RuntimeError(f"the batch ended {house.batch().status}: {house.statuses()}")
    before = labels_after(house, jobs["b-label"])
    full = changes(before, labels_after(house, jobs["b-full"]))
    gated = changes(before, labels_after(house, jobs["b-gated"]))
    shown = frames_of_job(house, "b-gated")
    found = full & gated
    runs = list(runs_of(full))
    return Outcome(
        frames=sequences * frames,
        reviewed=shown,
        over_budget=int(shown > sequences * frames * budget / 100),
        wrong_frames=len({error[:2] for error in full}),
        full=Counter(error[2] for error in full),
        found=Counter(error[2] for error in found),
        runs=Counter(run[0][2] for run in runs),
        runs_found=Counter(run[0][2] for run in runs if found.intersection(run)),
        other=len(gated - full),
    )


def runs_of(errors: set[Error]) -> Iterator[list[Error]]:
    """The same error of the same object in frames that follow one another; frames are numbered."""
    run: list[Error] = []
    for error in sorted(errors, key=lambda one: (one[0], one[2], one[3], one[1])):
        same = run and (run[-1][0], run[-1][2:]) == (error[0], error[2:])
        if same and int(error[1][:6]) == int(run[-1][1][:6]) + 1:
            run.append(error)
            continue
        if run:
            yield run
        run = [error]
    if run:
        yield run


def frames_of_job(house: House, name: str) -> int:
    """Counted in the sequence files that the labeling job was created with; 0: there was none."""
    created = house.engine.requests.get(name)
    if created is None:
        return 0
    uri = created["InputConfig"]["DataSource"]["S3DataSource"]["ManifestS3Uri"]
    lines = [json.loads(line.text) for line in house.objects.read_lines(uri)]
    return sum(len(house.objects.get_json(line["source-ref"])["frames"]) for line in lines)


def labels_after(house: House, job: JobRecord) -> Drawn:
    """The latest label of every sequence of the lane after a job."""
    found: Drawn = {}
    for item in lane.after(job, house.objects):
        if item.attribute is None or item.why.startswith("frame"):
            raise RuntimeError(f"sequence {item.index} after {job.jobName}: {item.why}")
        labels = house.objects.get_json(item.item.data[item.attribute])
        class_map = item.item.data[f"{item.attribute}-metadata"]["class-map"]
        found.update(drawn_in(item.index, labels, class_map))
    return found


# --- many of them ------------------------------------------------------------------------------


def slips_times(slips: Slips, factor: float) -> Slips:
    """The same mix, so many times as often."""
    rates = ("missing", "shift", "resize", "identity", "wrongClass", "attribute", "extra")
    return replace(slips, **{rate: getattr(slips, rate) * factor for rate in rates})


def a_mix(*, slips: Slips | None = None, label: Labeling = STEADY) -> ErrorMix:
    """People who are all alike, and reviewers who miss nothing that they see."""
    return ErrorMix(care=0.0, label=label, slips=slips or Slips(), review=SEES_ALL)


def over_seeds(mix: ErrorMix, seeds: Sequence[int], **how: Any) -> Outcome:
    """The sum of a batch for every seed."""
    total = Outcome()
    for seed in seeds:
        total += one_batch(mix, seed, **how)
    return total


def measure(seeds: Sequence[int], budget: float, context: int) -> dict[str, Any]:
    """Everything that is printed."""
    how = {"budget": budget, "context": context}
    slips = {name: over_seeds(a_mix(slips=one), seeds, **how) for name, one in SLIPS.items()}
    total = sum(slips.values(), Outcome())
    dense = {
        f"{factor:g} times as many": over_seeds(
            a_mix(slips=slips_times(SLIPS["even"], factor)), seeds, **how
        )
        for factor in (2.0, 4.0, 8.0)
    }
    lasting = {name: over_seeds(a_mix(label=one), seeds, **how) for name, one in LASTING.items()}
    return {
        "seeds": list(seeds),
        "budgetPercent": budget,
        "context": context,
        "slips": {name: one.to_json() for name, one in slips.items()},
        "all": total.to_json(),
        "denser": {name: one.to_json() for name, one in dense.items()},
        "lasting": {name: one.to_json() for name, one in lasting.items()},
    }


def lines_of(result: dict[str, Any]) -> Iterator[str]:
    """The result as a table."""
    yield (
        f"{'mix':<22}{'frames wrong':>13}{'reviewed':>10}{'errors':>8}{'found':>7}{'recall':>8}"
        f"{'runs':>6}{'found':>7}  recall by kind"
    )
    rows = [*result["slips"].items(), ("ALL SLIPS", result["all"])]
    rows += [(f"even, {name}", one) for name, one in result["denser"].items()]
    rows += [(f"{name} *", one) for name, one in result["lasting"].items()]
    for name, one in rows:
        kinds = ", ".join(f"{kind} {row['recall']:.2f}" for kind, row in one["byKind"].items())
        recall = "-" if one["recall"] is None else f"{one['recall']:.3f}"
        yield (
            f"{name:<22}{one['wrongFrames'] / one['frames']:>13.1%}{one['shareReviewed']:>10.1%}"
            f"{one['errors']:>8}{one['found']:>7}{recall:>8}{one['runs']:>6}"
            f"{one['runsFound']:>7}  {kinds}"
        )
    yield (
        "* lasting errors: what is the same in all frames of a track (its class, a box too large, "
        "a constant bias) differs from no neighbour; without truth no check of tracks can see it"
    )


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument("--budget", type=float, default=BUDGET)
    parser.add_argument("--context", type=int, default=CONTEXT)
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args(arguments)
    result = measure(range(1, chosen.seeds + 1), chosen.budget, chosen.context)
    print(json.dumps(result, indent=2) if chosen.json else "\n".join(lines_of(result)))
    groups = [*result["slips"].values(), *result["denser"].values(), *result["lasting"].values()]
    held = result["all"]["recall"] is not None and result["all"]["recall"] >= WANTED
    return 0 if held and not any(one["jobsOverBudget"] for one in groups) else 1


if __name__ == "__main__":
    sys.exit(main())
