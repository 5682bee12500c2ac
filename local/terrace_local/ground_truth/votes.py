"""Puts class answers of several people together, as the built-in ACS functions do.

Ground Truth documents an Expectation-Maximisation variant for classes, verdicts and, class by
class, for multi-label (developer guide, sms-annotation-consolidation). This is Dawid-Skene with
a prior that trusts people: without it a few answers per person say too little about anybody.
"""

from collections import defaultdict

# What several people can reach at most in real jobs.
MOST_CONFIDENT = 0.95

_OFTEN = 30
_CLOSE = 1e-4
# Answers that everybody is credited with: one right one per class, a tenth of each wrong one.
_RIGHT, _WRONG = 1.1, 0.1

# Item -> (worker, class index) of each answer.
Votes = dict[int, list[tuple[str, int]]]
_Shares = dict[int, dict[int, float]]


def choose_classes(votes: Votes, classes: int) -> dict[int, tuple[int, float]]:
    """The most probable class of each item, and how probable it is (0 to 1).

    Only classes that somebody chose for an item are considered for it, so what everybody says
    is certain. Two strangers who say 0 and 1 of one item of two classes: each has 1.6 of 1.7
    credited answers right, so 0.5 each, and the lower index wins.

    Args:
        votes: Answers by item; every item has at least one.
        classes: How many classes there are.
    """
    shares = {item: _counted(answers) for item, answers in votes.items()}
    for _ in range(_OFTEN):
        after = _expected(votes, shares, classes)
        moved = max(
            (
                abs(after[item][k] - share)
                for item, row in shares.items()
                for k, share in row.items()
            ),
            default=0.0,
        )
        shares = after
        if moved < _CLOSE:
            break
    return {item: _best(row) for item, row in shares.items()}


def confidence(probability: float, people: int) -> float:
    """As real metadata has it: 0 with one person, never above 0.95."""
    return 0 if people == 1 else round(min(MOST_CONFIDENT, probability), 2)


def _best(row: dict[int, float]) -> tuple[int, float]:
    best = max(sorted(row), key=lambda k: row[k])
    return best, row[best]


def _counted(answers: list[tuple[str, int]]) -> dict[int, float]:
    row: dict[int, float] = defaultdict(float)
    for _, chosen in answers:
        row[chosen] += 1 / len(answers)
    return dict(row)


def _expected(votes: Votes, shares: _Shares, classes: int) -> _Shares:
    """One round: how people err, given the shares; then the shares, given how people err."""
    said: dict[tuple[str, int, int], float] = defaultdict(float)
    total: dict[tuple[str, int], float] = defaultdict(float)
    frequency: dict[int, float] = defaultdict(float)
    for item, answers in votes.items():
        for k, share in shares[item].items():
            frequency[k] += share
            for worker, chosen in answers:
                said[worker, k, chosen] += share
                total[worker, k] += share
    after: _Shares = {}
    for item, answers in votes.items():
        row = {}
        for k in shares[item]:
            chance = (frequency[k] + 1) / (len(votes) + classes)
            for worker, chosen in answers:
                credit = _RIGHT if chosen == k else _WRONG
                everything = total[worker, k] + _RIGHT + _WRONG * (classes - 1)
                chance *= (said[worker, k, chosen] + credit) / everything
            row[k] = chance
        norm = sum(row.values())
        after[item] = {k: chance / norm for k, chance in row.items()}
    return after
