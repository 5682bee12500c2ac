"""From a batch's final manifests to a data set: each lane's label under one name on every line.

The label of a lane stands under the attribute of the job that touched an item last, so two items of
one lane can have it under two names. Here every lane has one: that of its latest job which labeled
anything. A first pass finds the lanes; where it finds that every line has its labels under these
names already, the manifest is read as it stands. Names are kept, and two bytes for each line.
"""

from array import array
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import chain, repeat
from typing import Any

from msgspec import Raw

from terrace.domain import categories as category_files
from terrace.domain import manifest
from terrace.domain.exports import dataset
from terrace.domain.exports.dataset import Source, Survey, Wanted
from terrace.domain.exports.fitting import Material, fits, fitting, of_label
from terrace.domain.exports.formats import Format
from terrace.domain.exports.from_labels import Documents
from terrace.domain.exports.model import ExportError
from terrace.domain.exports.quick_lanes import kind_of, moved
from terrace.domain.exports.quick_survey import Plan, QuickSurvey
from terrace.domain.json_reading import Node, UnreadableError
from terrace.domain.manifest import METADATA
from terrace.domain.modalities import MODALITIES
from terrace.domain.problems import Problem

PROVENANCE = "terrace"
"""The attribute of a final manifest's line that says where its labels come from."""
ACCEPTED = "accepted"
KINDS_MAX = 10_000
"""Kinds of line that are remembered; of others each is looked at."""
Config = Mapping[str, Any]
Gap = tuple[frozenset[str], frozenset[str]]
"""Lanes of a line whose labels are taken, and lanes whose are not."""


@dataclass(frozen=True)
class Choice:
    """Which labels are taken.

    Attributes:
        include: outcomes, of items and of their lanes; an accepted lane's label is always taken.
        attributes: label attributes of jobs, the order in which classes are numbered; a lane is
            taken with all of its jobs where one of them made one of these. Empty: all lanes.
    """

    include: frozenset[str] = frozenset({ACCEPTED})
    attributes: Sequence[str] = ()


@dataclass
class Lane:
    """One lane, as a first pass found it."""

    name: str
    """Of its last job."""
    attributes: dict[str, int] = field(default_factory=dict)
    """Under which its labels stand, and the level that made each."""
    jobs: dict[str, int] = field(default_factory=dict)
    """Names of its jobs that hold classes, and their levels."""
    of: dict[str, tuple[Any, Any, str]] = field(default_factory=dict)
    """By attribute: value, metadata and place of the first label."""
    rank: int = 0
    """Place among the attributes that were asked for."""

    @property
    def attribute(self) -> str:
        """The one name of its labels in the data set: of the latest job that made any."""
        return max(self.attributes, key=lambda name: self.attributes[name])

    def config(self, configs: Mapping[str, Config]) -> Config | None:
        """The category file of its latest job that has one: labels are only ever added to it."""
        having = [job for job in self.jobs if job in configs]
        return configs[max(having, key=lambda job: self.jobs[job])] if having else None

    def material(self, configs: Mapping[str, Config]) -> Material:
        """What its labels are made of."""
        value, about, where = next(iter(self.of.values()))
        return of_label(value, Node(about, where), self.config(configs))


@dataclass
class Lanes:
    """What a first pass over final manifests found."""

    choice: Choice
    by_name: dict[str, Lane] = field(default_factory=dict)
    lines: int = 0
    names: dict[str, None] = field(default_factory=dict)
    """Every label attribute of every lane, for who has misspelled one."""
    gaps: Counter[Gap] = field(default_factory=Counter)
    """Lines by the lanes whose labels are taken of them, and those whose are not."""
    listed: dict[str, dict[str, None]] = field(default_factory=dict)
    """Every lane of the batch, with a label or not, and the lanes listed right before it."""
    hidden: dict[str, set[str]] = field(default_factory=dict)
    """By manifest: attributes that some line has, and whose label is not taken of it."""
    kinds: dict[str, Sequence[int]] = field(default_factory=dict, compare=False, repr=False)
    """By manifest: which kind each line is of; 0: of none that is known."""
    quick: QuickSurvey = field(default_factory=QuickSurvey, compare=False, repr=False)

    def read(self, source: Source, step: Callable[[int], None] = lambda _: None) -> None:
        """Notes the lanes of one manifest.

        Raises:
            UnreadableError, ExportError: a line is none of a final manifest.
        """
        hidden = self.hidden.setdefault(source.uri, set())
        kinds = self.kinds[source.uri] = array("H")
        places: dict[Hashable, int] = {}
        gaps: list[Gap | None] = [None]
        plans: list[Plan] = [self.quick.plan({})]
        held: list[dict[str, Raw]] = [{}]

        def known(text: str) -> int | None:
            found = kind_of(text, PROVENANCE)
            if found is None:
                kinds.append(0)
                return None
            kind, members = found
            place = places.get(kind, 0)
            if place:
                kinds.append(place)
                self.quick.note(plans[place], members)
                return place
            if len(places) < KINDS_MAX:
                place = places[kind] = len(places) + 1
                held[0] = members
            kinds.append(place)
            return None

        for uri, number, read in dataset.each_line([source], known):
            self.lines += 1
            step(self.lines)
            if isinstance(read, manifest.Item):
                gap, taken = self._look(read, manifest.at_line(uri, number), hidden)
                if kinds[-1]:
                    gaps.append(gap)
                    plans.append(self.quick.plan(taken))
                    self.quick.note(plans[-1], held[0])
                else:
                    self.quick.whole = False
            else:
                gap = gaps[read]
            if gap is not None:
                self.gaps[gap] += 1

    def _look(
        self, item: manifest.Item, where: str, hidden: set[str]
    ) -> tuple[Gap | None, dict[str, str]]:
        """Notes the lanes of one line; says whose labels are taken, and whose are not."""
        taken: dict[str, str] = {}
        for lane, attribute in _taken(item, where, self.choice, names=self.names):
            self._note(lane, attribute, item, where)
            taken[attribute] = str(lane.get("lane"))
        self._list(item.data[PROVENANCE]["lanes"])
        lacking = frozenset(
            str(lane.get("lane"))
            for lane in item.data[PROVENANCE]["lanes"]
            if isinstance(lane, dict) and lane.get("attribute") not in taken
        )
        hidden.update(
            name
            for key in item.data
            if (name := key.removesuffix(METADATA)) not in taken and name not in hidden
        )
        gap = (frozenset(taken.values()), lacking) if lacking and taken else None
        return gap, taken

    def _note(self, entry: Mapping[str, Any], attribute: str, item: manifest.Item, at: str) -> None:
        name = str(entry.get("lane"))
        lane = self.by_name.setdefault(name, Lane(name))
        if attribute not in lane.of:
            lane.of[attribute] = (item.data[attribute], _metadata(item, attribute, at), at)
            lane.attributes[attribute] = 0
            rank = min(
                (i for i, one in enumerate(self.choice.attributes) if one in _made(entry)),
                default=0,
            )
            lane.rank = rank if len(lane.of) == 1 else min(rank, lane.rank)
        for done in _history(entry):
            level = done.get("level")
            number = level if isinstance(level, int) else 0
            row = MODALITIES.get(str(done.get("modality")))
            if row is None or not row.verdict_labels:
                lane.jobs[str(done.get("job"))] = number
            if done.get("attribute") == attribute:
                lane.attributes[attribute] = max(lane.attributes[attribute], number)

    def _list(self, entries: Sequence[Any]) -> None:
        """Notes the lanes of one line in their order, which is the batch's."""
        before: str | None = None
        for entry in entries:
            if isinstance(entry, dict):
                name = str(entry.get("lane"))
                known = self.listed.setdefault(name, {})
                if before is not None:
                    known[before] = None
                before = name

    def _order(self) -> list[str]:
        """All lanes in the batch's order, whichever item has a label of which.

        Lines of several start manifests list some of the lanes each: an order that holds for all
        of them, else that of the first listing.
        """
        waiting = list(self.listed)
        order: list[str] = []
        while waiting:
            left = set(waiting)
            free = (one for one in waiting if not left & (self.listed[one].keys() - {one}))
            # Batches that are put together may have their lanes in different orders.
            following = next(free, waiting[0])
            waiting.remove(following)
            order.append(following)
        return order

    def chosen(
        self, chosen: Format, configs: Mapping[str, Config], where: str
    ) -> tuple[list[Lane], list[Lane]]:
        """The lanes that a format can hold, in the order of their class ids, and the others.

        Args:
            chosen: the format.
            configs: category files, by the job that had them.
            where: what errors name.

        Raises:
            ExportError: nothing is there, or nothing that the format could hold.
        """
        ordered = [self.by_name[name] for name in self._order() if name in self.by_name]
        lanes = sorted(ordered, key=lambda lane: lane.rank)
        if not self.lines:
            raise ExportError(
                where,
                "NOTHING_TO_EXPORT",
                f"no item is {' or '.join(sorted(self.choice.include))}",
                "items of another outcome (include)",
            )
        if not lanes:
            raise ExportError(
                where,
                "NOTHING_TO_EXPORT",
                "no item here has such a label",
                f"label attributes there are: {', '.join(self.names) or 'none'}",
            )
        material = {lane.name: lane.material(configs) for lane in lanes}
        held = [lane for lane in lanes if fits(chosen, material[lane.name])]
        if not held:
            raise ExportError(
                where,
                "FORMAT_UNFIT",
                f"{chosen.name} has no place for the labels of {', '.join(material)}",
                f"one of {', '.join(fitting(material.values())) or 'no format here'}",
            )
        return held, [lane for lane in lanes if lane not in held]

    def lacking(self, lanes: Sequence[Lane]) -> dict[str, int]:
        """By attribute of these lanes: items that are written for another lane's label, and whose
        label of this one is not taken. Who trains with them must know: nothing is not background.

        Worked number: of 10 items 3 have an accepted label of `road` and none of `car`: car 3.
        """
        names = {lane.name for lane in lanes}
        found: Counter[str] = Counter()
        for (taken, gone), count in self.gaps.items():
            if taken & names:
                found.update(dict.fromkeys(gone & names, count))
        return {lane.attribute: found[lane.name] for lane in lanes if found[lane.name]}

    def survey(
        self,
        rewritten: Sequence[Source],
        lanes: Sequence[Lane],
        *,
        order: Wanted,
        documents: Documents,
        step: Callable[[int], None] = lambda _: None,
    ) -> Survey:
        """What `dataset.survey` finds in the lanes' labels; lines are read again only if needed.

        Args:
            rewritten: what `sources` made.
            lanes: chosen ones.
            order: what `wanted` made of them.
            documents: the files that manifests point to.
            step: told the number of lines so far.

        Raises:
            UnreadableError, ExportError: as `dataset.survey`.
        """
        found = self.quick.survey((lane.name, lane.attribute) for lane in lanes)
        return found or dataset.survey(rewritten, order, documents, step)

    def sources(self, manifests: Sequence[Source], lanes: Sequence[Lane]) -> list[Source]:
        """The manifests with these lanes' labels, each under its lane's name, and no others of it.

        Args:
            manifests: as they were read.
            lanes: chosen ones.
        """
        names = {lane.name: lane.attribute for lane in lanes}
        one_each = all(len(lane.attributes) == 1 for lane in lanes)
        taken = set(names.values())
        return [
            source
            if one_each and not taken & self.hidden[source.uri]
            else Source(
                source.uri,
                partial(_rewritten, source, names, self.choice, self.kinds[source.uri]),
            )
            for source in manifests
        ]


def wanted(
    lanes: Sequence[Lane], configs: Mapping[str, Config], *, conflict: Any, held_back: float
) -> Wanted:
    """What the writers are asked for: class ids in the order of the category files.

    A prefix is the lane's name, that of its last job: the attribute of its labels depends on whose
    reviewers adjusted anything.
    """
    given: dict[str, list[str]] = {}
    points: list[str] = []
    for lane in lanes:
        config = lane.config(configs)
        if config is None:
            continue
        if category_files.is_skeleton(dict(config)):
            points += [
                str(point["label"])
                for point in config[category_files.KEYPOINTS]
                if isinstance(point, dict) and "label" in point
            ]
        given[lane.attribute] = category_files.label_names(dict(config))
    prefixes: dict[str, str] = {}
    for lane in lanes:
        prefixes.setdefault(lane.attribute, lane.name)
    return Wanted(tuple(prefixes), given, points, conflict, held_back, prefixes)


Names = Mapping[str, str]


def _rewritten(source: Source, names: Names, choice: Choice, kinds: Iterable[int]) -> Iterator[str]:
    """The lines with the labels that are taken, under their lanes' names, and with no others.

    A line that has it all so already stays as it is; of one of a known kind the labels are moved
    as they are written, and what is in them is looked at by who reads the line.

    Args:
        source: the manifest.
        names: by lane, of its labels.
        choice: which labels are taken.
        kinds: of the lines, as they were when the lanes were noted.
    """
    # The lanes are chosen already; a line may be too long to say all that they were chosen by.
    choice = Choice(choice.include)
    plans: dict[int, Names | None] = {}
    for number, (text, kind) in enumerate(
        zip(source.lines(), chain(kinds, repeat(0)), strict=False), start=1
    ):
        if kind in plans:
            plan = plans[kind]
            made = text if plan is None else moved(text, plan)
            if made is not None:
                yield made
                continue
        item = manifest.parse_line(number, text, uri=source.uri, limits=False)
        if isinstance(item, Problem):
            raise UnreadableError(item)
        if item is None:
            # Blank: who reads it knows whether that is right.
            yield text
            continue
        plan = _plan(item, manifest.at_line(source.uri, number), names, choice)
        if kind:
            plans[kind] = plan
        if plan is None:
            yield text
        else:
            yield manifest.dump({to: item.data[name] for name, to in plan.items()})


def _plan(item: manifest.Item, where: str, names: Names, choice: Choice) -> Names | None:
    """Which members a line keeps, and what they are called then; None: it stays as it is."""
    plan = {
        key: key
        for key in item.data
        if key in manifest.SOURCES or key.removesuffix(METADATA) in manifest.SOURCES
    }
    own = set(plan)
    for entry, attribute in _taken(item, where, choice, only=names):
        name = names[str(entry.get("lane"))]
        if name in plan.values():
            raise ExportError(
                where,
                "LANES_MIXED",
                f"two lanes have a label under {name!r}",
                "choose one of them with its attribute",
            )
        _metadata(item, attribute, where)
        plan |= {attribute: name, f"{attribute}{METADATA}": f"{name}{METADATA}"}
    there = {key for name in names.values() for key in (name, f"{name}{METADATA}")} & set(item.data)
    alike = all(name == to for name, to in plan.items()) and there <= set(plan) - own
    return None if alike else plan


def _taken(
    item: manifest.Item,
    where: str,
    choice: Choice,
    *,
    names: dict[str, None] | None = None,
    only: Mapping[str, str] | None = None,
) -> Iterator[tuple[Mapping[str, Any], str]]:
    """The lanes of a line whose labels are taken; lanes that share a label count once.

    Args:
        item: the line.
        where: it is, for errors.
        choice: which labels are taken.
        names: takes down all label attributes there are.
        only: lanes that come into question; None: all.
    """
    about = item.data.get(PROVENANCE)
    lanes = about.get("lanes") if isinstance(about, dict) else None
    if not isinstance(lanes, list):
        raise ExportError(
            where,
            "NOT_FINAL",
            f"the line has no {PROVENANCE!r} attribute that says its lanes",
            "the final manifest of a batch; `terrace convert` takes any other",
        )
    seen: set[str] = set()
    for entry in lanes:
        if not isinstance(entry, dict) or not isinstance(entry.get("attribute"), str):
            continue
        attribute = entry["attribute"]
        if names is not None:
            names.update(dict.fromkeys(_made(entry)))
        status = entry.get("status")
        if status != ACCEPTED and status not in choice.include:
            continue
        if only is not None and str(entry.get("lane")) not in only:
            continue
        if choice.attributes and not _made(entry) & set(choice.attributes):
            continue
        if attribute not in seen and manifest.is_labeled(item, attribute):
            seen.add(attribute)
            yield entry, attribute


def _metadata(item: manifest.Item, attribute: str, where: str) -> Any:
    """The metadata of a label; ExportError where the line has none."""
    key = f"{attribute}{METADATA}"
    if key not in item.data:
        raise ExportError(
            where,
            "METADATA_ABSENT",
            f"the label under {attribute!r} has no {key!r}",
            "metadata beside each label, or attributes of other lanes",
        )
    return item.data[key]


def _made(entry: Mapping[str, Any]) -> set[str]:
    """The label attributes of a lane: of its label here, and of each job that worked on it."""
    of_jobs = [done.get("attribute") for done in _history(entry)]
    return {name for name in (entry.get("attribute"), *of_jobs) if isinstance(name, str)}


def _history(entry: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    found = entry.get("history")
    if isinstance(found, list):
        yield from (done for done in found if isinstance(done, dict))
