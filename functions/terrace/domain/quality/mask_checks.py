"""Checks of masks by their colour maps; the pixels are in a file of their own and stay unread."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

from terrace.domain.label_values import MaskLabel
from terrace.domain.quality.findings import Finding
from terrace.domain.quality.subjects import Rules, Subject

NAME = "mask-colors"
MASKS_MIN = 5
"""Masks that know a class from which on its colour is a custom."""
CUSTOM = 0.8
"""Share of the masks that agree on a colour from which on another one is odd."""


def check(subjects: Sequence[Subject], rules: Rules) -> Iterator[Finding]:
    """Two classes of one colour, one class twice, and colours unlike those of the other masks."""
    if NAME not in rules:
        return
    masks = [(one, one.value) for one in subjects if isinstance(one.value, MaskLabel)]
    customs: dict[str, Counter[str]] = defaultdict(Counter)
    for _, mask in masks:
        for name, color in {(name, color.lower()) for name, color in mask.colors.values()}:
            customs[name][color] += 1
    for subject, mask in masks:
        yield from _ambiguous(subject, mask, rules)
        yield from _odd(subject, mask, customs, rules)


def _ambiguous(subject: Subject, mask: MaskLabel, rules: Rules) -> Iterator[Finding]:
    by_color: dict[str, list[str]] = defaultdict(list)
    by_name: dict[str, list[str]] = defaultdict(list)
    for name, color in mask.colors.values():
        by_color[color.lower()].append(name)
        by_name[name].append(color.lower())
    for color, names in by_color.items():
        if len(names) > 1:
            sentence = (
                f"The mask of {subject.name} shows {' and '.join(names)} in one colour, {color}: "
                "they cannot be told apart."
            )
            yield rules.finding(NAME, subject, sentence, label=names[0])
    for name, colors in by_name.items():
        if len(set(colors)) > 1:
            sentence = f"The mask of {subject.name} has {name} in {' and '.join(colors)}."
            yield rules.finding(NAME, subject, sentence, label=name)


def _odd(
    subject: Subject, mask: MaskLabel, customs: dict[str, Counter[str]], rules: Rules
) -> Iterator[Finding]:
    """Worked number: car is blue in 9 masks of 10 and red in this one: 0.9 agree, 0.8 suffices."""
    for name, color in mask.colors.values():
        usual, number = customs[name].most_common(1)[0]
        total = customs[name].total()
        if color.lower() != usual and total >= MASKS_MIN and number >= CUSTOM * total:
            sentence = (
                f"The mask of {subject.name} shows {name} in {color}; "
                f"{number} of {total} masks show it in {usual}."
            )
            yield rules.finding(NAME, subject, sentence, label=name)
