"""The classes of a data set: which there are, their order, and what happens when names collide.

Ids are stable when the category file is given: its order is the order. Without one, classes come
in the order of Ground Truth's own numbers, then of their first appearance; an id may then change
when a class is first used.
"""

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from terrace.domain.exports.model import BACKGROUND, SKELETON, ExportError

Conflict = Literal["error", "prefix", "same"]
_NO_TEXT = frozenset({"Cc", "Cs", "Zl", "Zp"})
_NONE = frozenset({0xFFFE, 0xFFFF})


@dataclass
class Seen:
    """What a first pass over the labels found, by label attribute."""

    classes: dict[str, dict[str, int]] = field(default_factory=dict)
    """By attribute: name to Ground Truth's number (the lowest, where it has several)."""
    points: dict[str, list[str]] = field(default_factory=dict)
    """By class: names of its keypoints, in order of appearance."""

    def add(self, attribute: str, name: str, number: int) -> None:
        """One class of one label."""
        of = self.classes.setdefault(attribute, {})
        of[name] = min(number, of.get(name, number))

    def add_point(self, label: str, point: str) -> None:
        """One keypoint of a class."""
        known = self.points.setdefault(label, [])
        if point not in known:
            known.append(point)


@dataclass(frozen=True)
class Classes:
    """The classes of a data set, and what each attribute's own names become in it."""

    names: tuple[str, ...]
    renamed: Mapping[tuple[str, str], str]
    """(attribute, name there) to name here, where they differ."""

    def name(self, attribute: str, label: str) -> str:
        """What a class of an attribute is called in the data set."""
        return self.renamed.get((attribute, label), label)


def decide(
    attributes: Sequence[str],
    seen: Seen,
    given: Mapping[str, Sequence[str]],
    conflict: Conflict = "error",
    prefixes: Mapping[str, str] | None = None,
) -> Classes:
    """The classes of a data set.

    Args:
        attributes: label attributes, in the order in which their classes are numbered.
        seen: by a first pass.
        given: by attribute, the names of its category file, in its order.
        conflict: what a name is that two attributes have: an `error`, two classes told apart by a
            `prefix` (`lane/arrow`), or the `same` class.
        prefixes: by attribute, its prefix where that is not its name.

    Raises:
        ExportError: a class that its category file lacks, names that collide, a blank name.
    """
    skeletons = {
        name: _skeletons_class(given[name], seen)
        for name in attributes
        if name in given and set(seen.classes.get(name, {})) == {SKELETON}
    }
    by_attribute = {
        name: [skeletons[name]] if name in skeletons else _of(name, seen, given)
        for name in attributes
    }
    owners: dict[str, list[str]] = {}
    for attribute, names in by_attribute.items():
        for name in names:
            owners.setdefault(name, []).append(attribute)
    shared = {name for name, having in owners.items() if len(having) > 1}
    if shared and conflict == "error":
        name = sorted(shared)[0]
        raise ExportError(
            f"class {name!r}",
            "CLASS_CONFLICT",
            f"{' and '.join(owners[name])} {'both' if len(owners[name]) == 2 else 'all'} have it",
            "say whether that is one class (same) or two (prefix: the attribute's name in front)",
        )
    made: dict[str, None] = {}
    renamed: dict[tuple[str, str], str] = {}
    for attribute, names in by_attribute.items():
        for name in names:
            final = name
            if name in shared and conflict == "prefix":
                final = f"{(prefixes or {}).get(attribute, attribute)}/{name}"
                if final in owners:
                    raise ExportError(
                        f"class {name!r}",
                        "CLASS_CONFLICT",
                        f"with its prefix it would be {final!r}, which is a class too",
                        "rename one of them",
                    )
                renamed[attribute, name] = final
            made.setdefault(final)
    for attribute, name in skeletons.items():
        if name != SKELETON or (attribute, name) in renamed:
            renamed[attribute, SKELETON] = renamed.get((attribute, name), name)
    return Classes(tuple(made), renamed)


def _skeletons_class(given: Sequence[str], seen: Seen) -> str:
    """What skeletons are called: as their file's label, if it is one and no point of the rig.

    Their labels have no class of their own, and a rig's file may list its points as labels.
    """
    if len(given) != 1 or given[0] in seen.points.get(SKELETON, ()):
        return SKELETON
    check(given, "label category file of a skeleton")
    return given[0]


def _of(attribute: str, seen: Seen, given: Mapping[str, Sequence[str]]) -> list[str]:
    found = seen.classes.get(attribute, {})
    if attribute not in given:
        names = sorted(found, key=lambda name: found[name])
    else:
        names = list(given[attribute])
        lost = [name for name in found if name not in set(names)]
        if lost:
            raise ExportError(
                f"label category file of {attribute}",
                "CLASS_UNKNOWN",
                f"it lacks classes of the labels: {', '.join(repr(n) for n in lost[:10])}",
                "the file that the labeling job had, or one with more labels at its end",
            )
        twice = [name for name in dict.fromkeys(names) if names.count(name) > 1]
        if twice:
            raise ExportError(
                f"label category file of {attribute}",
                "CLASS_TWICE",
                f"{twice[0]!r} is in it twice",
                "each label once",
            )
    check(names, attribute)
    return [name for name in names if name != BACKGROUND]


def check(names: Iterable[str], where: str) -> None:
    """Refuses a name that not every format could carry.

    An empty one, one with a control character (a line break, a tab), or with what is no character:
    half of one, or U+FFFE, which XML forbids.
    """
    for name in names:
        if not name.strip():
            raise ExportError(
                where, "CLASS_NAME_BLANK", f"the class name {name!r} is blank", "a name to read"
            )
        if any(unicodedata.category(one) in _NO_TEXT or ord(one) in _NONE for one in name):
            raise ExportError(
                where,
                "CLASS_NAME_INVALID",
                f"the class name {name!r} has a control character, or half of a character",
                "a name of one line",
            )
