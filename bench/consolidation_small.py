"""Consolidation in small simulated jobs: where a majority vote has the advantage.

Usage: .venv/bin/python -m bench.consolidation_small [--jobs 60] [--seed 1] [--json]

Workers' accuracies are drawn evenly between 0.55 and 0.98, errors evenly among the other classes.
Printed for each size: mean accuracy of the majority, of plain Dawid-Skene and of Terrace. Real
workers err together and in their own ways; `bench/consolidation.py` has two real jobs.
"""

import argparse
import json
import random
from dataclasses import asdict, dataclass

from terrace.domain.quality import consensus, dawid_skene, votes


@dataclass(frozen=True)
class Size:
    """How large a simulated job is."""

    classes: int
    items: int
    workers: int
    answers: int
    """An item."""


SIZES = (
    Size(2, 20, 3, 3),
    Size(2, 60, 5, 3),
    Size(2, 200, 5, 3),
    Size(2, 300, 20, 5),
    Size(3, 30, 9, 5),
    Size(4, 40, 5, 3),
    Size(10, 100, 20, 3),
)


def simulated(size: Size, rng: random.Random) -> tuple[votes.Votes, list[str]]:
    """A job's votes and what is right."""
    names = [str(number) for number in range(size.classes)]
    skill = [rng.uniform(0.55, 0.98) for _ in range(size.workers)]
    truth = [rng.choice(names) for _ in range(size.items)]
    rows = []
    for item, right in enumerate(truth):
        for worker in rng.sample(range(size.workers), size.answers):
            wrong = rng.choice([name for name in names if name != right])
            said = right if rng.random() < skill[worker] else wrong
            rows.append((item, f"worker-{worker}", said))
    return votes.of(rows, classes=names), truth


def accuracies(size: Size, rng: random.Random) -> dict[str, float]:
    """Share of right labels of one simulated job."""
    given, truth = simulated(size, rng)
    ours = consensus.consolidate(given)
    plain = dawid_skene.estimate(given, dawid_skene.PLAIN).posterior.argmax(axis=1)
    found = {
        "majority": [one.majority for one in ours],
        "plainDawidSkene": [given.classes[at] for at in plain.tolist()],
        "terrace": [one.label for one in ours],
    }
    return {
        name: sum(a == b for a, b in zip(labels, truth, strict=True)) / len(truth)
        for name, labels in found.items()
    }


def main() -> None:
    """Simulates and prints; see the module."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--jobs", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    rows = []
    for size in SIZES:
        rng = random.Random(given.seed)
        found = [accuracies(size, rng) for _ in range(given.jobs)]
        means = {name: sum(one[name] for one in found) / len(found) for name in found[0]}
        rows.append({**asdict(size), **means})
    if given.json:
        print(json.dumps(rows, indent=2))
        return
    for row in rows:
        print(
            ", ".join(
                f"{k} {v:.3f}" if isinstance(v, float) else f"{k} {v}" for k, v in row.items()
            )
        )


if __name__ == "__main__":
    main()
