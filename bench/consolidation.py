"""Consolidation of several workers' answers, measured where the truth is known.

Usage: .venv/bin/python -m bench.consolidation [--json] [--birds FOLDER] [--bluebirds FOLDER]
           [--parts 20] [--seed 1]

Two real jobs (data: ../shared/data/SOURCES.md). Birds: a Ground Truth job, 10 classes, 5 answers an
image (`worker-responses.jsonl`, or `annotations/worker-response/...` as the job wrote it;
`output.manifest`, `true_labels.json`). Bluebirds: two classes, 39 workers who all saw each image
(`labels.yaml`, `gt.yaml`). Printed for each: accuracy of the majority, of plain Dawid-Skene and of
Terrace (one method, the same parameters); agreement; and how well wrong consensus labels are
ranked, as average precision: by Terrace's posterior, and by 1 - share of the winning vote. Items
of equal score are one step of the curve, so that no order among them is assumed. `doubted`: how
many items a threshold of the check `disagreement` finds, and how many of these are wrong.

`--parts`: the same on that many random parts (two thirds of the items; 70 % of the answers), so
that one sees what is luck. Exit code 0 if accuracy is at least that of the better of the other two
on both jobs.
"""

import argparse
import json
import random
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from terrace.domain import worker_responses
from terrace.domain.quality import agreement, alpha, answers, consensus, dawid_skene
from terrace.domain.worker_responses import WorkerAnswer

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
Answered = dict[int, tuple[WorkerAnswer, ...]]


@dataclass(frozen=True)
class Job:
    """A job whose truth is known."""

    name: str
    answers: Answered
    truth: dict[int, str]
    delivered: dict[int, str]
    """What Ground Truth made of the answers, where that is on record."""


# --- data ----------------------------------------------------------------------------------------


def birds(folder: Path) -> Job:
    """The Ground Truth job, whole or a part of its lines."""
    found: Answered = {}
    for item, document in sorted(_responses(folder), key=lambda row: row[0]):
        found[item] = (*found.get(item, ()), *worker_responses.read(document, str(folder)))
    rows = (folder / "output.manifest").read_text(encoding="utf-8").splitlines()
    lines = [json.loads(row) for row in rows if row]
    whole = max(found) < len(lines)
    if not whole and len(lines) != len(found):
        raise SystemExit(f"{folder}: {len(lines)} lines of a manifest, {len(found)} answered items")
    line_of = {item: lines[item if whole else at] for at, item in enumerate(sorted(found))}
    rows_of_truth = json.loads((folder / "true_labels.json").read_text(encoding="utf-8"))
    truth = {row["ImageId"]: row["Label"] for row in rows_of_truth}
    return Job(
        name="birds",
        answers=found,
        truth={i: truth[Path(line["source-ref"]).stem] for i, line in line_of.items()},
        delivered={
            item: about["class-name"]
            for item, line in line_of.items()
            for key, about in line.items()
            if key.endswith("-metadata") and "class-name" in about
        },
    )


def _responses(folder: Path) -> Iterable[tuple[int, Any]]:
    """(item, worker response file) of every item."""
    path = folder / "worker-responses.jsonl"
    if path.exists():
        for line in path.read_text(encoding="utf-8").splitlines():
            document = json.loads(line)
            yield int(document["dataset-object-id"]), document
        return
    for file in sorted(folder.rglob("worker-response/iteration-*/*/*.json")):
        yield int(file.parent.name), json.loads(file.read_text(encoding="utf-8"))


def bluebirds(folder: Path) -> Job:
    """Welinder's bluebirds: is it an Indigo Bunting, yes or no."""
    labels = yaml.safe_load((folder / "labels.yaml").read_text(encoding="utf-8"))
    truth = yaml.safe_load((folder / "gt.yaml").read_text(encoding="utf-8"))
    images = sorted(truth)
    return Job(
        name="bluebirds",
        answers={
            item: tuple(
                WorkerAnswer(
                    f"public.us-east-1.{worker}", "", None, None, "crowd", {"label": str(of[image])}
                )
                for worker, of in sorted(labels.items())
                if image in of
            )
            for item, image in enumerate(images)
        },
        truth={item: str(truth[image]) for item, image in enumerate(images)},
        delivered={},
    )


def part(job: Job, rng: random.Random, kind: str) -> Job:
    """A random part of a job: two thirds of its items, or 70 % of its answers."""
    if kind == "items":
        kept = set(rng.sample(sorted(job.answers), len(job.answers) * 2 // 3))
        found = {item: of for item, of in job.answers.items() if item in kept}
    else:
        found = {
            item: tuple(one for one in of if rng.random() < 0.7) for item, of in job.answers.items()
        }
    return Job(job.name, {item: of for item, of in found.items() if of}, job.truth, {})


# --- measures -------------------------------------------------------------------------------------


def average_precision(scores: Sequence[float], wrong: Sequence[bool]) -> float | None:
    """Area under the precision-recall curve; equal scores are one step. None: nothing is wrong.

    Worked number: scores 0.9, 0.5, 0.5, 0.1, wrong the first and one of the two level ones:
    precision 1 at recall 0.5, then 2/3 at recall 1: 0.5 x 1 + 0.5 x 0.6667 = 0.8333.
    """
    total = sum(wrong)
    if not total:
        return None
    area, caught, seen = 0.0, 0, 0
    for level in sorted(set(scores), reverse=True):
        at = [flag for score, flag in zip(scores, wrong, strict=True) if score == level]
        caught, seen = caught + sum(at), seen + len(at)
        area += sum(at) / total * caught / seen
    return area


def measure(job: Job) -> dict[str, Any]:
    """All that is printed of one job."""
    votes = answers.votes(job.answers)
    truth = [job.truth[int(str(item))] for item in votes.units]
    ours = consensus.consolidate(votes)
    plain = dawid_skene.estimate(votes, dawid_skene.PLAIN).posterior.argmax(axis=1)
    share = agreement.share_of_winner(votes)
    labels = {
        "majority": [one.majority for one in ours],
        "plainDawidSkene": [votes.classes[at] for at in plain],
        "terrace": [one.label for one in ours],
    }
    if job.delivered:
        labels["groundTruth"] = [job.delivered[int(str(item))] for item in votes.units]
    wrong = [one.label != right for one, right in zip(ours, truth, strict=True)]
    doubt = [1 - one.posterior for one in ours]
    level = [round(1 - float(one), 12) for one in share]
    by_posterior, by_share = average_precision(doubt, wrong), average_precision(level, wrong)
    return {
        "items": len(votes.units),
        "answers": len(votes),
        "workers": len(votes.workers),
        "classes": len(votes.classes),
        "accuracy": {name: _equal(found, truth) for name, found in labels.items()},
        "agreement": {
            "percent": agreement.percent(votes).value,
            "cohen": agreement.mean_cohen(votes).value,
            "fleiss": agreement.fleiss(votes).value,
            "alpha": alpha.nominal(votes).value,
        },
        "ranking": {
            "wrong": sum(wrong),
            "posterior": by_posterior,
            "rawAgreement": by_share,
            "ratio": by_posterior / by_share if by_posterior and by_share else None,
        },
        "doubted": {
            str(limit): f"{sum(one > 1 - limit for one in doubt)} items, "
            f"{sum(w and one > 1 - limit for one, w in zip(doubt, wrong, strict=True))} wrong"
            for limit in (0.8, 0.9, 0.95)
        },
    }


def _equal(found: Sequence[str], truth: Sequence[str]) -> float:
    return sum(a == b for a, b in zip(found, truth, strict=True)) / len(truth)


def parts(job: Job, number: int, seed: int) -> dict[str, Any]:
    """Means over random parts of a job."""
    rng = random.Random(seed)
    told: dict[str, Any] = {}
    for kind in ("items", "answers"):
        found = [measure(part(job, rng, kind)) for _ in range(number)]
        told[kind] = {
            name: float(np.mean([one["accuracy"][name] for one in found]))
            for name in ("majority", "plainDawidSkene", "terrace")
        }
        for name in ("posterior", "rawAgreement"):
            known = [one["ranking"][name] for one in found if one["ranking"][name] is not None]
            told[kind][name] = float(np.mean(known)) if known else None
    return told


def run(jobs: Sequence[Job], number: int, seed: int) -> dict[str, Any]:
    """Everything, as it is printed."""
    found = {job.name: measure(job) for job in jobs}
    accurate = {
        name: one["accuracy"]["terrace"]
        >= max(one["accuracy"]["majority"], one["accuracy"]["plainDawidSkene"])
        for name, one in found.items()
    }
    return {
        "jobs": found,
        "parts": {job.name: parts(job, number, seed) for job in jobs} if number else {},
        "holds": {
            "accuracy": accurate,
            "rankingTwice": {
                name: (one["ranking"]["ratio"] or 0) >= 2 for name, one in found.items()
            },
        },
    }


def _table(told: dict[str, Any]) -> None:
    for name, one in told["jobs"].items():
        print(f"{name}: {one['items']} items, {one['answers']} answers, {one['workers']} workers")
        for what in ("accuracy", "agreement", "ranking", "doubted"):
            row = ", ".join(f"{key} {_short(value)}" for key, value in one[what].items())
            print(f"  {what}: {row}")
        for kind, means in told["parts"].get(name, {}).items():
            row = ", ".join(f"{key} {_short(value)}" for key, value in means.items())
            print(f"  mean over random parts ({kind}): {row}")
    print(f"holds: {json.dumps(told['holds'])}")


def _short(value: Any) -> str:
    return f"{value:.4f}" if isinstance(value, float) else str(value)


def main() -> int:
    """Measures and prints; see the module."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--birds", type=Path, default=DATA / "gt_image_classification_birds")
    parser.add_argument("--bluebirds", type=Path, default=DATA / "crowd_bluebirds")
    parser.add_argument("--parts", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    missing = [str(path) for path in (given.birds, given.bluebirds) if not path.is_dir()]
    if missing:
        print(f"no such folder: {', '.join(missing)}", file=sys.stderr)
        return 2
    told = run([birds(given.birds), bluebirds(given.bluebirds)], given.parts, given.seed)
    if given.json:
        print(json.dumps(told, indent=2))
    else:
        _table(told)
    return 0 if all(told["holds"]["accuracy"].values()) else 1


if __name__ == "__main__":
    sys.exit(main())
