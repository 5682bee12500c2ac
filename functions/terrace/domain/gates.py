"""A gate's rule: which items of a lane go on to people, and why each does or does not. Pure.

Selected = `where` AND (`checks` OR `sample`), worst first, cut by the budget. What is known of the
items (which match, what checks found) is read elsewhere (`steps.gate`).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from terrace.domain import acceptance
from terrace.domain.gates_sample import at_most, ranked, take
from terrace.domain.quality.findings import Finding, excess, worst_first
from terrace.domain.records import LotResult
from terrace.domain.request import Combine, Gate, GateUnit

UNREADABLE = -1
PARTLY_UNREADABLE = -2
"""In the place of a check's number: the label, or a part of it, could not be read, so no check can
speak for it. It counts whatever a gate asks for."""
REASONS_MAX = 20
"""Of one item in the decisions; all findings stand in the file beside them."""

NOT_FLAGGED = "accepted as it is: no check flagged it"
NOT_IN_SAMPLE = "accepted as it is: not in the sample"
NEITHER = "accepted as it is: no check flagged it, and it is not in the sample"
NO_MATCH = "accepted as it is: the gate's where does not hold for it"
NO_CLIPS = "no clips can be cut from it, because a file of it cannot be read"
BEYOND = "accepted as it is: beyond the budget"
IN_SAMPLE = "in the sample"
MATCHES = "the gate's where holds for it"
TAKEN = "given to people before"


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What is known of one item that could be sent."""

    place: int
    """In the lane, from 0."""
    matches: bool = True
    """`where` holds for it."""
    findings: tuple[tuple[int, Finding], ...] = ()
    """What counts against it: number of the gate's check (or UNREADABLE), and what it found."""
    classes: tuple[str, ...] = ()
    """Class names of its label."""
    length: int = 1
    """Frames, where it is a sequence."""
    frames: tuple[int, ...] | None = None
    """Frames in which `where` holds; None: all of them."""


@dataclass(frozen=True)
class FrameReason:
    """A frame that people should see."""

    frameNo: int
    score: float
    """Greater is worse; 0 for one that is only in the sample."""
    sentence: str


@dataclass
class Choice:
    """What a gate chose."""

    chosen: set[int] = field(default_factory=set)
    flagged: set[int] = field(default_factory=set)
    """Items that a check flagged; without checks, those that match `where`."""
    sampled: set[int] = field(default_factory=set)
    """Items of the sample, whether or not a check flags them too."""
    reasons: dict[int, list[str]] = field(default_factory=dict)
    """Why an item goes to people, or would have within the budget."""
    carried: dict[int, str] = field(default_factory=dict)
    """Why one does not."""
    lot: LotResult | None = None
    unlooked: set[int] = field(default_factory=set)
    """Of `carried`, the items that are accepted only if the lot is."""
    broken: set[int] = field(default_factory=set)
    """Of `carried`, the items that no clip can be cut from: their labels do not stand."""
    frames: dict[int, list[FrameReason]] = field(default_factory=dict)
    """Unit `clip`: what people should see of each chosen item, before the budget is looked at."""


def choose(
    gate: Gate, facts: Sequence[Facts], seed: str, taken: frozenset[int] = frozenset()
) -> Choice:
    """Applies the rule.

    Args:
        gate: as it was asked for.
        facts: of every item that could be sent.
        seed: of samples, where the gate names none.
        taken: items that were given to people before: they stay chosen, and count.
    """
    made = Choice()
    matching = [fact for fact in facts if fact.matches]
    unread = {fact.place for fact in matching if any(n < 0 for n, _ in fact.findings)}
    by_checks = {fact.place: speaking(gate, fact) for fact in matching}
    if gate.checks:
        made.flagged = {place for place, found in by_checks.items() if found}
    elif gate.where is not None:
        made.flagged = {fact.place for fact in matching}
    made.flagged |= unread
    sampled = _sampled(gate, matching, made, unread, gate_seed(gate, seed), taken)
    made.sampled = sampled
    if gate.checks or gate.sample is not None:
        wanted = sampled | unread | (made.flagged if gate.checks else set())
    else:
        wanted = {fact.place for fact in matching}
    for fact in matching:
        found = sorted((f for _, f in by_checks[fact.place]), key=worst_first)
        if fact.place in wanted:
            made.reasons[fact.place] = _reasons(found, fact.place in sampled)
    known = {fact.place for fact in facts}
    for place in taken & known:
        made.reasons[place] = [TAKEN, *made.reasons.get(place, [])]
    made.chosen = wanted | (taken & known)
    if gate.unit is GateUnit.clip:
        for fact in facts:
            if any(number == UNREADABLE for number, _ in fact.findings):
                made.carried[fact.place] = NO_CLIPS
                made.broken.add(fact.place)
        made.chosen -= made.broken
        _add_frames(made, matching, by_checks)
    else:
        _cut(gate, made, len(facts), by_checks, gate_seed(gate, seed), taken)
    _tell_carried(gate, made, facts)
    return made


def gate_seed(gate: Gate, name: str) -> str:
    """What a gate's samples are drawn with: its own seed, or the job's name."""
    return (gate.sample.seed if gate.sample is not None else None) or name


def speaking(gate: Gate, fact: Facts) -> list[tuple[int, Finding]]:
    """The findings that flag an item: any, or only where every check has one.

    With unit `clip` all checks must meet in one frame; a finding of the whole item is of each.
    """
    if gate.combine is Combine.any or any(number < 0 for number, _ in fact.findings):
        return list(fact.findings)
    wanted = set(range(len(gate.checks or ())))
    if gate.unit is GateUnit.item:
        met = {number for number, _ in fact.findings} >= wanted
        return list(fact.findings) if met else []
    at = [(number, found, frame_of(fact, found)) for number, found in fact.findings]
    whole = {number for number, _, frame in at if frame is None}
    frames: dict[int, set[int]] = {}
    for number, _, frame in at:
        if frame is not None:
            frames.setdefault(frame, set(whole)).add(number)
    if whole >= wanted:
        return list(fact.findings)
    return [
        (number, found)
        for number, found, frame in at
        if frame is not None and frames[frame] >= wanted
    ]


def frame_of(fact: Facts, finding: Finding) -> int | None:
    """The frame that a finding is about; None: all of the item.

    A label may name a frame that its sequence has not: nobody can be shown that one alone.
    """
    number = finding.frameNo
    return number if number is not None and 0 <= number < fact.length else None


def score(finding: Finding) -> float:
    """How bad a frame with this finding is: severity first, then how far past its threshold.

    Worked number: a warning 3-fold past its threshold is 1 * 1e7 + 3.
    """
    return finding.severity.rank * 1e7 + excess(finding)


def _sampled(  # noqa: PLR0917
    gate: Gate,
    matching: Sequence[Facts],
    made: Choice,
    unread: set[int],
    seed: str,
    taken: frozenset[int],
) -> set[int]:
    sample = gate.sample
    if sample is None:
        return set()
    if sample.maxErrorRate is None or sample.confidence is None:
        classes = {fact.place: fact.classes for fact in matching}
        return take([fact.place for fact in matching], sample, seed, classes)
    # What a check flags is looked at anyway: the promise is about the others. Nobody can promise
    # anything of what cannot be read.
    flagged = made.flagged if gate.checks else unread
    lot = [fact.place for fact in matching if fact.place not in flagged]
    plan = acceptance.plan(len(lot), sample.maxErrorRate, sample.confidence, sample.allowedErrors)
    looked = {*ranked(lot, seed)[: plan.looked], *(taken & set(lot))}
    if len(looked) < len(lot):
        made.lot = LotResult(
            size=len(lot),
            looked=len(looked),
            allowed=plan.allowed,
            maxErrorRate=sample.maxErrorRate,
            confidence=sample.confidence,
        )
        made.unlooked = set(lot) - looked
    return looked


def _reasons(found: Sequence[Finding], sampled: bool) -> list[str]:
    told = list(dict.fromkeys(f"{finding.check}: {finding.sentence}" for finding in found))
    if len(told) > REASONS_MAX:
        told = [*told[:REASONS_MAX], f"and {len(told) - REASONS_MAX} more"]
    if sampled:
        told.append(IN_SAMPLE)
    return told or [MATCHES]


def _cut(  # noqa: PLR0917
    gate: Gate,
    made: Choice,
    total: int,
    by_checks: Mapping[int, list[tuple[int, Finding]]],
    seed: str,
    taken: frozenset[int],
) -> None:
    """Keeps the worst within the budget; what was given to people before is kept first."""
    if gate.budget is None:
        return
    most = at_most(total, gate.budget.percent, gate.budget.count)
    order = {place: rank for rank, place in enumerate(ranked(made.chosen, seed))}

    def key(place: int) -> tuple[object, ...]:
        worst = min((worst_first(found) for _, found in by_checks.get(place, [])), default=None)
        group = 0 if place in taken else 1 if worst is not None else 2
        return (group, worst[:2] if worst is not None and group == 1 else (), order[place])

    kept = sorted(made.chosen, key=key)[: max(most, len(taken & made.chosen))]
    for place in made.chosen - set(kept):
        made.carried[place] = BEYOND
    made.chosen = set(kept)


def _add_frames(
    made: Choice,
    matching: Iterable[Facts],
    by_checks: Mapping[int, list[tuple[int, Finding]]],
) -> None:
    for fact in matching:
        if fact.place not in made.chosen:
            continue
        worst: dict[int, FrameReason] = {}
        found = [finding for _, finding in by_checks[fact.place]]
        # One that is here for another reason than its findings is looked at as a whole.
        if not found or IN_SAMPLE in made.reasons.get(fact.place, ()):
            sentence = made.reasons[fact.place][-1]
            for number in fact.frames if fact.frames is not None else range(fact.length):
                worst[number] = FrameReason(number, 0.0, sentence)
        for finding in sorted(found, key=worst_first, reverse=True):
            frame = frame_of(fact, finding)
            for number in range(fact.length) if frame is None else [frame]:
                # What is said of a whole sequence is weaker than what is said of one frame.
                weight = score(finding) * (0.5 if frame is None else 1.0)
                if number not in worst or worst[number].score <= weight:
                    worst[number] = FrameReason(number, weight, finding.sentence)
        made.frames[fact.place] = [worst[number] for number in sorted(worst)]


def _tell_carried(gate: Gate, made: Choice, facts: Iterable[Facts]) -> None:
    usual = NEITHER if gate.checks and gate.sample else NOT_FLAGGED if gate.checks else None
    for fact in facts:
        if fact.place in made.chosen or fact.place in made.carried:
            continue
        if not fact.matches:
            made.carried[fact.place] = NO_MATCH
        else:
            made.carried[fact.place] = usual or NOT_IN_SAMPLE
