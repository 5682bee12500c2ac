"""Which answers mean "good" and which mean "bad", told by their words as people do."""

import re

from terrace_local.ground_truth.categories import Attribute

_BAD = re.compile(
    r"fail|bad|wrong|incorrect|not |reject|missed|missing|inaccura|poor|\bno\b|error", re.I
)
_GOOD = re.compile(r"pass|good|correct|accept|\bok\b|okay|accurate|fine|\byes\b|approve", re.I)


def is_bad(word: str) -> bool:
    """Whether the answer speaks against the label ("Incorrect - missed object")."""
    return bool(_BAD.search(word))


def is_good(word: str) -> bool:
    """Whether the answer speaks for the label ("Label(s) correct")."""
    return not is_bad(word) and bool(_GOOD.search(word))


def verdict_words(attribute: Attribute) -> tuple[str, str] | None:
    """(good, bad) answers of an attribute that asks for a verdict; None when it asks no such."""
    good = [choice for choice in attribute.choices if is_good(choice)]
    bad = [choice for choice in attribute.choices if is_bad(choice)]
    return (good[0], bad[0]) if good and bad else None


def verification_words(labels: list[str]) -> tuple[int, dict[str, int]]:
    """Class index of "good", and of "bad" by what is wrong: missed, shape, class, any.

    The first label counts as good when none says so, and the last as bad.
    """
    good = next((i for i, label in enumerate(labels) if is_good(label)), 0)
    others = [i for i in range(len(labels)) if i != good]
    any_bad = next((i for i in others if is_bad(labels[i])), others[-1] if others else good)
    bad = {"any": any_bad}
    hints = {
        "missed": r"miss",
        "shape": r"accura|tight|loose|size|box|shape|position|edge",
        "class": r"class|category|wrong label|mislabel",
    }
    for kind, words in hints.items():
        matches = [i for i in others if re.search(words, labels[i], re.I)]
        # "missed" is the clearer word: a label that speaks of missed *boxes* is about missing.
        if kind == "shape":
            matches = [i for i in matches if not re.search(hints["missed"], labels[i], re.I)]
        bad[kind] = matches[0] if matches else any_bad
    return good, bad
