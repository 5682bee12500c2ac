"""What became of an item: the accepted label of each of its lanes, and how it came about. Pure.

Whether a job answered for an item is told by the item's own line (Ground Truth's metadata name the
labeling job and its time) and by what was carried past the job; nothing else has to be read.
"""

import functools
import re
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

from msgspec import Struct

from terrace.domain import delivery_short
from terrace.domain.gates_where import verdict_of
from terrace.domain.manifest import METADATA, TERRACE, TERRACE_LABELS, Data, dump

OLD = (TERRACE, f"{TERRACE}{METADATA}", TERRACE_LABELS, f"{TERRACE_LABELS}{METADATA}")
"""What an item may bring from the final manifest of an earlier batch."""
TERRACE_MAX = 18_000
"""Characters of it: Ground Truth reads at most 20,000 of an attribute."""
REASON_MAX = 1_000
SENT = "sent to people"
Kind = Literal["label", "review", "verdict"]


class Outcome(StrEnum):
    """Of an item, and of a lane of it."""

    accepted = "accepted"
    """A label stands, and no reviewer's last word on it was Fail."""
    rejected = "rejected"
    """A reviewer said Fail, and nobody repaired the label afterwards."""
    unlabeled = "unlabeled"
    """There is no label."""


_OUTCOMES = {outcome.value: outcome for outcome in Outcome}


class What(StrEnum):
    """What a job did for an item."""

    labeled = "labeled"
    reviewed = "reviewed"
    without_a_look = "accepted without a look"
    not_answered = "not answered"
    not_given = "not given"


@dataclass(frozen=True)
class Step:
    """One job of a lane, as far as it is the same for all items."""

    job: str
    modality: str
    level: int
    kind: Kind
    attribute: str
    """Its own label attribute."""
    label: str
    """The attribute in which it leaves the lane's label; of a verdict, the one it judges."""
    audited: str | None = None
    gated: bool = False
    gave: bool = True
    """False: it left no answer for any item."""
    started: bool = True
    """False: people were never given anything by it."""

    @functools.cached_property
    def untouched(self) -> Data:
        """Its entry in the history of an item that it has not answered for."""
        return {
            "job": self.job,
            "modality": self.modality,
            "level": self.level,
            "attempt": None,
            "attribute": self.attribute,
            "what": What.not_answered.value,
            "changed": None,
            "verdict": None,
            "gate": SENT if self.gated else None,
            "workers": [],
            "at": None,
        }

    @functools.cached_property
    def maker(self) -> str:
        """As Ground Truth's metadata name it."""
        return self.job.lower()

    @functools.cached_property
    def metadata(self) -> str:
        """The attribute with the metadata of its own."""
        return f"{self.attribute}{METADATA}"


@dataclass(frozen=True)
class Lane:
    """The jobs that an item went through, the first one first; named by the last one."""

    steps: tuple[Step, ...]
    written: Mapping[str, str] = field(default_factory=dict)
    """Label attributes that have another name in the final lines: `names`."""
    stopped_by: int | None = None
    """Place of the first job after the last one that left anything; None: there is none."""
    failure: str = ""
    """How that job ended."""

    @property
    def name(self) -> str:
        return self.steps[-1].job

    @functools.cached_property
    def makers(self) -> frozenset[str]:
        """Its jobs, as Ground Truth's metadata name them."""
        return frozenset(step.maker for step in self.steps)


class Passed(Struct, frozen=True):
    """Why an item went past a job without a look."""

    why: str
    accepted: bool
    """Its label stands by the rule of the job's gate or sample."""


class LanePart(Struct, frozen=True):
    """What one lane has to say of one item. JSON values only: it may wait in a file."""

    about: Data
    """Its entry in `terrace.lanes`."""
    label: Data
    """The label and its metadata, under the names that they have in the final line."""
    renamed: bool = False
    """True: that is not the name which Ground Truth gave it."""

    @property
    def status(self) -> Outcome:
        return _OUTCOMES[self.about["status"]]

    @property
    def attribute(self) -> str | None:
        found: str | None = self.about["attribute"]
        return found


def part(
    lane: Lane,
    data: Data,
    attribute: str | None,
    why: str,
    passed: Mapping[int, Passed],
) -> LanePart:
    """What a lane says of an item.

    Args:
        lane: the item's lane.
        data: the item's line as the lane last saw it.
        attribute: the one that holds its latest label; None: it has none.
        why: why it has none, an older one, or one without the review; or why it stands.
        passed: by the job's place in the lane, where it was not given to people.
    """
    history, rejected, unclear = _history(lane, data, passed)
    reason = _reason(lane, why, passed, labeled=attribute is not None)
    status = Outcome.accepted
    if attribute is None:
        status = Outcome.unlabeled
    elif rejected:
        status, reason = Outcome.rejected, rejected
    else:
        reason = reason or unclear
    name = None if attribute is None else lane.written.get(attribute, attribute)
    about = {
        "lane": lane.name,
        "attribute": name,
        "status": status.value,
        "reason": reason[:REASON_MAX],
        "history": history,
    }
    if attribute is None or name is None:
        return LanePart(about, {})
    return LanePart(about, _label(data, attribute, name), name != attribute)


def missing(lane: Lane, why: str) -> LanePart:
    """The part of a lane that knows nothing of an item."""
    return part(lane, {}, None, why, {})


def _label(data: Data, attribute: str, name: str) -> Data:
    label = {name: data[attribute]}
    metadata = f"{attribute}{METADATA}"
    if metadata in data:
        label[f"{name}{METADATA}"] = data[metadata]
    return label


def _reason(lane: Lane, why: str, passed: Mapping[int, Passed], *, labeled: bool) -> str:
    if lane.stopped_by is None:
        return why or ("" if labeled else "not labeled")
    stopped = passed.get(lane.stopped_by)
    if labeled:
        return why if stopped is not None and stopped.accepted else lane.failure
    return why or lane.failure


def _history(lane: Lane, data: Data, passed: Mapping[int, Passed]) -> tuple[list[Data], str, str]:
    """What each job did; the Fail that stands; the last verdict that neither passes nor fails."""
    history: list[Data] = []
    rejected = unclear = ""
    for place, step in enumerate(lane.steps):
        about = data.get(step.metadata)
        metadata: Data = about if isinstance(about, dict) else {}
        past = passed.get(place)
        # A copy: millions of these differ in a few values.
        entry = {**step.untouched, "workers": []}
        history.append(entry)
        if past is not None:
            entry["gate"] = past.why
            entry["what"] = (What.without_a_look if past.accepted else What.not_given).value
            continue
        if not step.started:
            entry["what"] = What.not_given.value
            continue
        maker, attempt = _maker(str(metadata.get("job-name", "")))
        if not step.gave or data.get(step.attribute) in (None, ""):
            continue
        if not _own(lane, step, data, maker):
            continue
        entry["what"] = (What.labeled if step.kind == "label" else What.reviewed).value
        entry["attempt"] = attempt if maker == step.maker else None
        entry["at"] = metadata.get("creation-date")
        if step.kind == "label":
            continue
        entry["changed"] = _changed(step, data, metadata)
        if step.kind == "review":
            rejected = unclear = ""
            continue
        said = metadata.get("class-name")
        entry["verdict"] = said
        judged = verdict_of(said)
        rejected = f"{step.job} said {said}" if judged == "fail" else "" if judged else rejected
        unclear = (
            "" if judged else f"{step.job} said {said}, which neither passes nor fails the label"
        )
    return history, rejected, unclear


def _own(lane: Lane, step: Step, data: Data, maker: str) -> bool:
    """Whether the label in a job's attribute is its answer.

    A later job is given every item's latest label under one attribute: where a review did not
    answer, its attribute then holds a copy of the label that it was to look at.
    """
    if maker == step.maker:
        return True
    if step.kind == "label":
        return maker not in lane.makers
    if maker:
        return False
    # Nobody says who made it: it is an answer unless it is that copy.
    before = step.audited or ""
    return (data.get(step.attribute), data.get(step.metadata)) != (
        data.get(before),
        data.get(f"{before}{METADATA}"),
    )


_ATTEMPT = re.compile(r"(.+)-a(\d+)")


@functools.lru_cache(maxsize=1_000)
def _maker(job_name: str) -> tuple[str, int]:
    """Job and attempt that made a label, by Ground Truth's own word; "" where it has none."""
    name = job_name.removeprefix("labeling-job/").lower()
    found = _ATTEMPT.fullmatch(name)
    return (found[1], int(found[2])) if found else (name, 1)


def _changed(step: Step, data: Data, metadata: Data) -> bool | None:
    """Whether a review changed the label; None where only the label's file could tell."""
    if step.kind == "verdict":
        return False
    before, after = data.get(step.audited or ""), data.get(step.attribute)
    if before in (None, ""):
        return None
    if before == after:
        return False
    told = {"adjusted": True, "unadjusted": False}.get(str(metadata.get("adjustment-status")))
    return told if step.attribute.endswith("-ref") else True


# --- the whole item -----------------------------------------------------------------------------


class Given(Struct, frozen=True):
    """An item as its start manifest has it."""

    index: int
    """Its place there, from 0."""
    data: Data
    digest: str | None
    """SHA-256 of its line, hex; None: the manifest is not there any more."""
    manifest: str | None = None
    """Where the batch has several start manifests, which one."""


def outcome(parts: Iterable[LanePart]) -> Outcome:
    """Of the item: one lane with a label that stands is enough."""
    found = {part.about["status"] for part in parts}
    for status in (Outcome.accepted, Outcome.rejected):
        if status in found:
            return status
    return Outcome.unlabeled


def line(
    batch_id: str, generation: int, given: Given, parts: Sequence[LanePart], more: Data
) -> tuple[Outcome, str]:
    """The item's final line, and in which of the three files it belongs.

    Args:
        batch_id: the batch.
        generation: which end of it.
        given: the item.
        parts: of its lanes, in the batch's order.
        more: further attributes, such as a merged label.
    """
    data = dict(given.data)
    for old in OLD:
        # A line of an earlier batch: what these say is not of this one.
        data.pop(old, None)
    parts = _apart(given.data, parts)
    became = outcome(parts)
    if became is Outcome.accepted:
        parts = _set_aside(data, parts)
    for one in parts:
        # The names were given so that no two lanes write one attribute with different labels; an
        # item that came with such an attribute has a newer one now.
        data.update(one.label)
    data.update(more)
    about: Data = {
        "batch": batch_id,
        "generation": generation,
        "item": given.index,
        "input": given.digest,
        "outcome": became.value,
        "reason": _told(parts),
        "lanes": [one.about for one in parts],
    }
    if given.manifest is not None:
        about["manifest"] = given.manifest
    # A line that is no longer than its provenance may be needs no look at how long that is.
    whole = dump({**data, TERRACE: about})
    if len(whole) <= TERRACE_MAX:
        return became, whole
    text = delivery_short.fitting(about, TERRACE_MAX)
    # Written once: the provenance is the larger part of many lines.
    rest = dump(data)
    comma = "," if data else ""
    return became, f'{rest[:-1]}{comma}"{TERRACE}":{text}}}'


def _apart(given: Data, parts: Sequence[LanePart]) -> Sequence[LanePart]:
    """The parts, none with a label under a made-up name that an attribute of the user's has."""
    if not any(one.renamed and one.attribute in given for one in parts):
        return parts
    taken = {*given, *(key for one in parts for key in one.label)}
    found = []
    for one in parts:
        name = one.attribute
        own = one
        if one.renamed and name is not None and name in given:
            free = _free(name.removesuffix("-ref"), "-ref" if name.endswith("-ref") else "", taken)
            taken.add(free)
            label = {f"{free}{key.removeprefix(name)}": value for key, value in one.label.items()}
            own = LanePart({**one.about, "attribute": free}, label, renamed=True)
        found.append(own)
    return found


def _set_aside(data: Data, parts: Sequence[LanePart]) -> Sequence[LanePart]:
    """The parts of an accepted item, none with a rejected label where a trainer looks for labels.

    It stands under `<attribute>-rejected`, with Ground Truth's `-ref` staying last; also one that
    the item came with, which is taken out of `data`. A label that another lane accepts stays.
    """
    if all(one.about["status"] != Outcome.rejected.value for one in parts):
        return parts
    good = {one.attribute for one in parts if one.status is Outcome.accepted}
    taken = {*data, *(key for one in parts for key in one.label)}
    found: list[LanePart] = []
    names: dict[str, str] = {}
    for one in parts:
        name = one.attribute
        if one.status is not Outcome.rejected or name is None or name in good:
            found.append(one)
            continue
        if name not in names:
            ref = "-ref" if name.endswith("-ref") else ""
            stem = f"{name.removesuffix('-ref')}-rejected"
            names[name] = f"{stem}{ref}" if f"{stem}{ref}" not in taken else _free(stem, ref, taken)
            taken.add(names[name])
        aside = names[name]
        for key in one.label:
            data.pop(key, None)
        label = {f"{aside}{key.removeprefix(name)}": value for key, value in one.label.items()}
        found.append(LanePart({**one.about, "attribute": aside}, label, renamed=True))
    return found


def _free(stem: str, ref: str, taken: Container[str]) -> str:
    """`<stem>-2`, or the next one that nobody has."""
    count = 2
    while f"{stem}-{count}{ref}" in taken:
        count += 1
    return f"{stem}-{count}{ref}"


def _told(parts: Sequence[LanePart]) -> str:
    """Why an item is not accepted in full, lane by lane; empty: it is."""
    told = [(one.about["lane"], one.about["reason"]) for one in parts if one.about["reason"]]
    if len(parts) == 1:
        return str(told[0][1]) if told else ""
    text = "; ".join(f"{lane}: {reason}" for lane, reason in told)
    return text if len(text) <= REASON_MAX else f"{text[: REASON_MAX - 3]}..."


def names(lanes: Sequence[tuple[str, Sequence[tuple[str, str]]]]) -> list[dict[str, str]]:
    """Names of the lanes' label attributes in the final lines, so that no two lanes share one.

    Lanes that fork have one label in common, and one attribute. Where two lanes have different
    labels under one name, the later lane's is called `<name>-of-<lane>`, with Ground Truth's
    `-ref` staying last. The same in every line of the batch.

    Worked example: lanes `car` and `road` both label into `seen-ref`: `seen-ref` is what `car`
    made, `seen-of-road-ref` what `road` made.

    Args:
        lanes: for each, in the batch's order: its name; each label attribute with its maker.

    Returns:
        For each lane, its attributes that are called otherwise.
    """
    # No lane's label may stand where the line's own attributes do: a row of long ago, or a review
    # of the labels that an earlier batch has merged, can name one.
    makers: dict[str, str] = dict.fromkeys((TERRACE, TERRACE_LABELS), "")
    everything: list[dict[str, str]] = []
    taken = {attribute for _, attributes in lanes for attribute, _ in attributes}
    for lane, attributes in lanes:
        written: dict[str, str] = {}
        for attribute, maker in attributes:
            if makers.setdefault(attribute, maker) == maker:
                continue
            ref = "-ref" if attribute.endswith("-ref") else ""
            stem = f"{attribute.removesuffix('-ref')}-of-{lane}"
            name = f"{stem}{ref}"
            if name in taken and makers.get(name) != maker:
                name = _free(stem, ref, taken)
            taken.add(name)
            makers[name] = maker
            written[attribute] = name
        everything.append(written)
    return everything
