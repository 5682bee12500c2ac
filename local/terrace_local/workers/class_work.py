"""People who put an object into classes: the truth, or a guess, seen through the error model."""

from terrace_local.ground_truth.categories import Categories
from terrace_local.workers.crew import Person
from terrace_local.workers.mix import ErrorMix
from terrace_local.workers.seeds import chance


def guess_classes(categories: Categories, multi: bool, *seed: object) -> tuple[str, ...]:
    """What is said to be true of an object nobody knows: one class, or one or two."""
    rng = chance(*seed, "guess")
    names = categories.names
    return tuple(sorted(rng.sample(names, min(len(names), rng.randint(1, 2) if multi else 1))))


def choose_class(
    right: tuple[str, ...], categories: Categories, person: Person, mix: ErrorMix, *seed: object
) -> int:
    """The class index a person chooses who may choose one; the first true one is the right one."""
    known = [index for name in right if (index := categories.index_of(name)) is not None]
    rng = chance(*seed, "class")
    doubt, other = rng.random(), rng.randrange(len(categories.names))
    if not known:
        return other
    return other if doubt < mix.label.wrongClass * person.care else known[0]


def choose_classes(
    right: tuple[str, ...], categories: Categories, person: Person, mix: ErrorMix, *seed: object
) -> list[int]:
    """The class indexes a person chooses: a true one may be missed, another one be chosen."""
    known = {index for name in right if (index := categories.index_of(name)) is not None}
    chosen = []
    for index in range(len(categories.names)):
        doubt = chance(*seed, "class", index).random()
        limit = mix.label.missedObject if index in known else mix.label.wrongClass / 2
        is_wrong = doubt < limit * person.care
        if (index in known) != is_wrong:
            chosen.append(index)
    return chosen
