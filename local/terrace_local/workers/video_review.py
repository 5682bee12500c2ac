"""People who review video labels: they find a share of the errors, judge them or repair them."""

from collections import Counter
from dataclasses import dataclass, field, replace

from terrace_local.ground_truth.categories import Categories
from terrace_local.workers.answers import label_answers
from terrace_local.workers.mix import Reviewing
from terrace_local.workers.seeds import chance, coin, object_id
from terrace_local.workers.sequence import Assignment, Drawn, SequenceLabels
from terrace_local.workers.shapes import Shape, likeness
from terrace_local.workers.truth import TruthObject, VideoTruth
from terrace_local.workers.verdicts import is_bad, verdict_words
from terrace_local.workers.video_labeling import relevant, true_track

# Below this a shape is not a bad drawing of the thing, it is a drawing of something else.
SAME_THING = 0.1


@dataclass(frozen=True)
class Fault:
    """One error in one frame.

    Attributes:
        kind: ``class``, ``attribute``, ``shape``, ``identity``, ``extra`` or ``missing``.
        about: What it is about; all frames of one fault about one thing are seen together.
        slot: Which of the frame's shapes it concerns; None when a shape is missing.
        truth: What is really there; None for ``extra``.
        shape: The true shape in this frame.
    """

    kind: str
    about: str
    slot: int | None
    truth: TruthObject | None
    shape: Shape | None


@dataclass
class Review:
    """What a review came to; ``changed`` is about labels, not about verdicts given."""

    labels: SequenceLabels
    changed: bool


@dataclass(frozen=True)
class _Kept:
    """A shape after the repairs: where it stood before (None: new), and whether it was changed."""

    slot: int | None
    drawn: Drawn
    mended: bool


@dataclass
class _Findings:
    faults: dict[int, list[Fault]] = field(default_factory=dict)
    owners: dict[str, str] = field(default_factory=dict)  # truth object -> object id
    names: dict[str, str] = field(default_factory=dict)  # object id -> object name


def asks_for_verdict(categories: Categories) -> bool:
    """Whether a category file asks reviewers to say Pass or Fail."""
    per_label = (a for label in categories.labels for a in label.attributes)
    return any(verdict_words(a) for a in (*per_label, *categories.frame_attributes))


def holds_verdicts(given: SequenceLabels, categories: Categories) -> bool:
    """Whether an earlier review already answered those questions."""
    asked = {a.name for label in categories.labels for a in label.attributes if verdict_words(a)}
    on_frames = {a.name for a in categories.frame_attributes if verdict_words(a)}
    shapes = (drawn for row in given.frames.values() for drawn in row)
    return any(asked & set(drawn.attributes) for drawn in shapes) or any(
        on_frames & set(answers) for answers in given.frame_attributes.values()
    )


class VideoReviewer:
    """One person at one review task.

    A task that asks for a verdict nobody has given yet is an audit: shapes are left as they are
    but for ``auditEditShare``. Every other one is an adjustment. Labels with ``editsAllowed``
    ``none`` are never touched.

    Args:
        task: The review task, with the review job's own category file.
        truth: What is really there; None: verdicts are guesses and nothing is changed.
        review: How well people review; careful people find more.
    """

    def __init__(self, task: Assignment, truth: VideoTruth | None, review: Reviewing) -> None:
        self._categories = task.categories
        self._sequence = task.sequence
        self._person = task.person
        self._tracking = task.tracking
        self._seed = task.seed
        self._review = review
        things = relevant(truth, task.categories) if truth is not None else []
        self._things = [
            (t, task.categories.names[i], true_track(t, task.sequence)) for t, i in things
        ]
        self._label_of = {t.object_id: label for t, label, _ in self._things}
        self._knows = truth is not None
        self._editable = {label.name: label.editable for label in task.categories.labels}

    def review(self, given: SequenceLabels) -> Review:
        """Looks through the sequence once and hands in what it should be."""
        audits = asks_for_verdict(self._categories)
        adjusts = not (audits and not holds_verdicts(given, self._categories))
        findings = self._find(given)
        seen = {
            position: [fault for fault in faults if self._sees(fault, given, position)]
            for position, faults in findings.faults.items()
        }
        share = self._review.repairShare if adjusts else self._review.auditEditShare
        result = SequenceLabels()
        changed = False
        for position in range(len(self._sequence.frames)):
            before = given.frames.get(position, [])
            faults = seen.get(position, [])
            repaired = [
                fault
                for fault in faults
                if coin(share, *self._seed, "repair", fault.about) and self._may(fault, before)
            ]
            after = self._repair(before, repaired, findings, position)
            changed = changed or bool(repaired)
            open_slots = {f.slot for f in faults if f not in repaired}
            self._judge(result, position, after, open_slots)
            answers = dict(given.frame_attributes.get(position, {}))
            if repaired and None not in open_slots:
                # What was said against the frame has just been repaired.
                answers = {name: word for name, word in answers.items() if not is_bad(word)}
            self._judge_frame(result, position, None in open_slots, answers)
        return Review(result, changed)

    # -- finding ---------------------------------------------------------------------------

    def _find(self, given: SequenceLabels) -> _Findings:
        findings = _Findings()
        if not self._knows:
            return findings
        matches: dict[int, dict[int, tuple[TruthObject, float]]] = {}
        votes: dict[str, Counter[str]] = {}
        for position, row in given.frames.items():
            matches[position] = self._match(position, row)
            for slot, drawn in enumerate(row):
                if drawn.object_id is not None:
                    findings.names[drawn.object_id] = drawn.object_name or drawn.label
                    if slot in matches[position]:
                        thing = matches[position][slot][0].object_id
                        votes.setdefault(drawn.object_id, Counter())[thing] += 1
        stands_for = {ident: count.most_common(1)[0][0] for ident, count in votes.items()}
        # A thing drawn under two ids belongs to the one that shows it more often.
        for ident, thing in sorted(
            stands_for.items(), key=lambda row: (-votes[row[0]][row[1]], row[0])
        ):
            findings.owners.setdefault(thing, ident)
        for position in range(len(self._sequence.frames)):
            row = given.frames.get(position, [])
            faults = self._faults_in(position, row, matches.get(position, {}), findings)
            if faults:
                findings.faults[position] = faults
        return findings

    def _match(self, position: int, row: list[Drawn]) -> dict[int, tuple[TruthObject, float]]:
        pairs = sorted(
            (
                (likeness(track[position], drawn.shape), slot, order)
                for order, (_, _, track) in enumerate(self._things)
                if position in track
                for slot, drawn in enumerate(row)
            ),
            key=lambda pair: (-pair[0], pair[1], pair[2]),
        )
        matched: dict[int, tuple[TruthObject, float]] = {}
        taken: set[int] = set()
        for score, slot, order in pairs:
            if score >= SAME_THING and slot not in matched and order not in taken:
                matched[slot] = (self._things[order][0], score)
                taken.add(order)
        return matched

    def _faults_in(
        self,
        position: int,
        row: list[Drawn],
        matched: dict[int, tuple[TruthObject, float]],
        findings: _Findings,
    ) -> list[Fault]:
        faults = []
        for slot, drawn in enumerate(row):
            if slot not in matched:
                about = f"extra {drawn.object_id or drawn.label}"
                faults.append(Fault("extra", about, slot, None, None))
                continue
            thing, score = matched[slot]
            track = next(t for o, _, t in self._things if o is thing)
            shape = track[position]
            ident = thing.object_id
            if drawn.label != self._label_of[ident]:
                faults.append(Fault("class", f"class {ident}", slot, thing, shape))
            elif self._true_answers(drawn, thing) != drawn.attributes:
                faults.append(Fault("attribute", f"attribute {ident}", slot, thing, shape))
            if score < self._review.acceptedLikeness:
                faults.append(Fault("shape", f"shape {ident}", slot, thing, shape))
            owner = findings.owners.get(ident)
            if self._tracking and drawn.object_id is not None and drawn.object_id != owner:
                # Both halves of a swap are one error: whoever sees one sees the other, and
                # repairing only one would put an identity on a frame twice.
                pair = " ".join(sorted((drawn.object_id, owner or "")))
                faults.append(Fault("identity", f"identity {pair}", slot, thing, shape))
        present = {thing.object_id for thing, _ in matched.values()}
        for thing, _, track in self._things:
            if position in track and thing.object_id not in present:
                about = f"missing {thing.object_id}"
                faults.append(Fault("missing", about, None, thing, track[position]))
        return faults

    def _true_answers(self, drawn: Drawn, thing: TruthObject) -> dict[str, str]:
        """The drawn object's answers, right where the truth knows and the question allows it."""
        index = self._categories.index_of(drawn.label)
        asked = self._categories.labels[index].attributes if index is not None else ()
        right = {
            a.name: thing.attributes[a.name]
            for a in asked
            if a.name in drawn.attributes and thing.attributes.get(a.name) in a.choices
        }
        return {**drawn.attributes, **right}

    def _sees(self, fault: Fault, given: SequenceLabels, position: int) -> bool:
        if fault.slot is not None:
            answers = given.frames[position][fault.slot].attributes
            if any(is_bad(answer) for answer in answers.values()):
                return True  # an earlier reviewer has pointed at it
        share = min(1.0, self._review.findShare * (2 - self._person.care))
        return coin(share, *self._seed, "see", fault.about)

    # -- repairing -------------------------------------------------------------------------

    def _may(self, fault: Fault, row: list[Drawn]) -> bool:
        labels = []
        if fault.slot is not None:
            labels.append(row[fault.slot].label)
        if fault.truth is not None:
            labels.append(self._label_of[fault.truth.object_id])
        return all(self._editable.get(label, False) for label in labels)

    def _repair(
        self, before: list[Drawn], repaired: list[Fault], findings: _Findings, position: int
    ) -> list[_Kept]:
        """The frame's shapes as they are after the repairs."""
        by_slot: dict[int, list[Fault]] = {}
        for fault in repaired:
            if fault.slot is not None:
                by_slot.setdefault(fault.slot, []).append(fault)
        after: list[_Kept] = []
        for slot, drawn in enumerate(before):
            faults = by_slot.get(slot, [])
            if any(fault.kind == "extra" for fault in faults):
                continue
            mended = drawn
            for fault in faults:
                mended = self._mended(mended, fault, findings, position)
            after.append(_Kept(slot, mended, bool(faults)))
        for fault in repaired:
            if fault.kind == "missing" and fault.truth is not None and fault.shape is not None:
                after.append(_Kept(None, self._added(fault, findings, position), True))
        return after

    def _mended(self, drawn: Drawn, fault: Fault, findings: _Findings, position: int) -> Drawn:
        if fault.truth is None or fault.shape is None:
            return drawn
        label = self._label_of[fault.truth.object_id]
        if fault.kind == "class":
            return replace(drawn, label=label)
        if fault.kind == "attribute":
            return replace(drawn, attributes=self._true_answers(drawn, fault.truth))
        if fault.kind == "identity":
            ident, name = self._identity(fault.truth, label, findings)
            return replace(drawn, object_id=ident, object_name=name)
        return replace(drawn, shape=self._precise(fault, position))

    def _added(self, fault: Fault, findings: _Findings, position: int) -> Drawn:
        assert fault.truth is not None
        thing = fault.truth
        label = self._label_of[thing.object_id]
        ident, name = self._identity(thing, label, findings) if self._tracking else (None, None)
        questions = self._categories.labels[self._categories.names.index(label)].attributes
        answers = label_answers(questions, thing.attributes, *self._seed, "answer", thing.object_id)
        return Drawn(label, self._precise(fault, position), ident, name, answers)

    def _identity(self, thing: TruthObject, label: str, findings: _Findings) -> tuple[str, str]:
        ident = findings.owners.get(thing.object_id)
        if ident is None:
            ident = object_id(chance(*self._seed, "new id", thing.object_id))
            taken = set(findings.names.values())
            number = 1
            while f"{label}:{number}" in taken:
                number += 1
            findings.owners[thing.object_id] = ident
            findings.names[ident] = f"{label}:{number}"
        return ident, findings.names[ident]

    def _precise(self, fault: Fault, position: int) -> Shape:
        assert fault.shape is not None
        rng = chance(*self._seed, "precise", fault.about, position // 10)
        reach = fault.shape.size * self._review.precision
        shape = fault.shape.moved(rng.gauss(0, reach), rng.gauss(0, reach))
        inside = shape.inside(self._sequence.width, self._sequence.height)
        return (inside or fault.shape).rounded()

    # -- judging ---------------------------------------------------------------------------

    def _judge(
        self,
        result: SequenceLabels,
        position: int,
        after: list[_Kept],
        open_slots: set[int | None],
    ) -> None:
        for kept in after:
            is_fault = kept.slot is not None and kept.slot in open_slots
            if not is_fault and not kept.mended:
                is_fault = self._alarmed(kept.drawn, position)
            if is_fault:
                open_slots.add(None)  # the frame as a whole is not good either
            result.add(position, self._with_verdict(kept.drawn, is_fault, kept.mended))

    def _judge_frame(
        self, result: SequenceLabels, position: int, is_bad_frame: bool, answers: dict[str, str]
    ) -> None:
        for attribute in self._categories.frame_attributes:
            words = verdict_words(attribute)
            if words is not None and attribute.editable:
                answers[attribute.name] = words[1] if is_bad_frame else words[0]
        if answers:
            result.frame_attributes[position] = answers

    def _alarmed(self, drawn: Drawn, position: int) -> bool:
        about = drawn.object_id or f"{drawn.label} {position}"
        if not self._knows:
            return coin(self._review.guessedFailShare, *self._seed, "guess", about)
        share = self._review.falseAlarm * self._person.care
        first = chance(*self._seed, "alarm from", about).randrange(len(self._sequence.frames))
        near = first <= position < first + 3 or drawn.object_id is None
        return near and coin(share, *self._seed, "alarm", about)

    def _with_verdict(self, drawn: Drawn, is_fault: bool, mended: bool) -> Drawn:
        index = self._categories.index_of(drawn.label)
        if index is None:
            return drawn
        asked = self._categories.labels[index].attributes
        verdicts = {a.name: verdict_words(a) for a in asked if verdict_words(a) and a.editable}
        answers = dict(drawn.attributes)
        if mended and not is_fault:
            # "Fail" was said about the shape that has just been repaired.
            answers = {k: v for k, v in answers.items() if k in verdicts or not is_bad(v)}
        for name, words in verdicts.items():
            assert words is not None
            answers[name] = words[1] if is_fault else words[0]
        return replace(drawn, attributes=answers)
