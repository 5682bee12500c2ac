"""The survey of a data set, made while its lanes are looked for: one reading of all lines less.

Only of final manifests whose every line is of a known kind, with boxes as Ground Truth writes them;
of all others `dataset.survey` is asked, which reads them again.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from msgspec import Raw

from terrace.domain.exports.classes import Seen
from terrace.domain.exports.dataset import Survey
from terrace.domain.exports.names import common_folder
from terrace.domain.exports.quick_boxes import UNLIKE, ClassMaps, called, drawn, uri_of
from terrace.domain.manifest import METADATA


@dataclass
class _Lane:
    """Of one lane."""

    name: str
    seen: Seen
    maps: ClassMaps = field(default_factory=ClassMaps)
    boxes: int = 0


@dataclass
class _Group:
    """Lines with labels of the same lanes."""

    names: frozenset[str]
    items: int = 0
    folder: str | None = None


@dataclass(frozen=True)
class Plan:
    """What is noted of a kind of line."""

    group: _Group
    labels: tuple[tuple[str, str, _Lane], ...]
    """Value, metadata and lane of each label that is taken."""


@dataclass
class QuickSurvey:
    """Is told every line."""

    lines: int = 0
    whole: bool = True
    """False: something was met that has to be looked at; then nothing more is noted."""
    seen: Seen = field(default_factory=Seen)
    """By lane."""
    lanes: dict[str, _Lane] = field(default_factory=dict)
    groups: dict[frozenset[str], _Group] = field(default_factory=dict)

    def plan(self, taken: Mapping[str, str]) -> Plan:
        """For a kind of line. `taken`: label attributes whose label is taken, and their lanes."""
        names = frozenset(taken.values())
        # A lane with two labels on a line is an error, which somebody else says.
        self.whole &= len(names) == len(taken)
        for name in taken.values():
            self.lanes.setdefault(name, _Lane(name, self.seen))
        return Plan(
            self.groups.setdefault(names, _Group(names)),
            tuple((one, f"{one}{METADATA}", self.lanes[name]) for one, name in taken.items()),
        )

    def note(self, plan: Plan, members: Mapping[str, Raw]) -> None:
        """Notes one line."""
        self.lines += 1
        if not plan.labels or not self.whole:
            return
        try:
            uri = uri_of(members["source-ref"])
            for value, about, lane in plan.labels:
                lane.boxes += len(drawn(members[value]).annotations)
                raw = bytes(called(members[about]).class_map)
                if raw not in lane.maps.read:
                    names = lane.maps.names(raw)
                    if names is None:
                        self.whole = False
                        return
                    for number, label in names.items():
                        self.seen.add(lane.name, label, number)
        except (*UNLIKE, KeyError):
            self.whole = False
            return
        group = plan.group
        group.items += 1
        if group.folder is None or not uri.startswith(group.folder):
            group.folder = common_folder(group.folder, uri)

    def survey(self, lanes: Iterable[tuple[str, str]]) -> Survey | None:
        """Of the labels of some lanes; None where the lines must be read.

        Args:
            lanes: names of lanes, with the attribute of their labels in the data set.
        """
        attributes = dict(lanes)
        if not self.whole or len(set(attributes.values())) < len(attributes):
            return None
        found = Survey(lines=self.lines)
        for name, attribute in attributes.items():
            for label, number in self.seen.classes.get(name, {}).items():
                found.seen.add(attribute, label, number)
            if self.lanes[name].boxes:
                found.kinds["box"] += self.lanes[name].boxes
        for group in self.groups.values():
            if group.folder is not None and group.names & attributes.keys():
                found.items += group.items
                found.folder = common_folder(found.folder, group.folder)
        found.unlabeled = found.lines - found.items
        return found
