"""A job's gate: looks at the lane's labels, chooses what people see, and leaves a record of why.

Written for each choice, in a folder of its own: `decisions.jsonl` (each item that could have been
sent: sent or not, why, which frames) and `findings.jsonl` (all that the checks found).
"""

import hashlib
import json
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from terrace.domain import clips, gates, modalities, s3uri
from terrace.domain.clips import Clip, FrameFlag
from terrace.domain.gates import Choice, Facts
from terrace.domain.gates_sample import at_most
from terrace.domain.quality import directions
from terrace.domain.quality.catalog_workers import NOT_FOR_WORKERS
from terrace.domain.quality.findings import Finding, Severity, worst_first
from terrace.domain.records import GateResult, JobRecord
from terrace.domain.request import Gate, GateUnit, Instructions
from terrace.ports import Clock, Functions, ObjectStore
from terrace.steps import clip_files
from terrace.steps.gate_checks import Looked, run_checks
from terrace.steps.gate_reading import Seen, reader
from terrace.steps.gate_time import GATE_SECONDS, GateTime
from terrace.steps.lane import LaneItem
from terrace.steps.prepare_lane import LaneFiles, Parting


@dataclass(frozen=True)
class Gated:
    """What a job's gate chose."""

    parting: Parting
    result: GateResult
    folder: str
    """S3 URI: of this choice's files."""
    findings: list[Finding]
    """That flagged what was chosen, about what people will see."""
    clips: list[Clip] | None = None
    """Unit `clip`: what is cut out of the chosen items."""

    def of(self, places: Collection[int]) -> "Gated":
        """The same with the findings about these items alone."""
        return replace(self, findings=[one for one in self.findings if one.item in places])

    def write_clips(
        self, items: Iterable[LaneItem], audited: str, objects: ObjectStore
    ) -> dict[str, Any]:
        """Cuts the clips, and writes the manifest of the job that shows them."""
        written = clip_files.write(
            self.clips or [], items, audited=audited, folder=self.folder, objects=objects
        )
        uri = s3uri.join(self.folder, "input.manifest")
        objects.write_lines(uri, iter(written.lines))
        return {
            "inputManifestS3Uri": uri,
            "jobInputS3Uri": uri,
            "numItems": len(written.lines),
            "wholesS3Uri": written.wholesS3Uri,
        }

    def directs(self, job: JobRecord) -> bool:
        """True if workers are to read what was found."""
        # A page of one image, or one text, has no use for a list of others.
        return bool(self.findings) and modalities.get(job.spec.jobModality).sequences

    def direct(self, given: Instructions | None) -> Instructions:
        """The user's instructions, with what the gate found about what people will see."""
        short, full = directions.instructions(
            self.findings,
            given,
            list_uri=self.result.findingsS3Uri,
            clips=self.clips is not None,
        )
        about = {"shortInstruction": short, "fullInstruction": full}
        return (given or Instructions()).model_copy(update=about)


@dataclass(frozen=True)
class Gates:
    """Runs gates. Repeating one on the same items writes the same files."""

    objects: ObjectStore
    functions: Functions
    files: LaneFiles
    clock: Clock
    seconds: float = GATE_SECONDS

    def run(
        self,
        job: JobRecord,
        source: JobRecord,
        labeled: Sequence[int],
        audited: str,
        before: frozenset[int],
        *,
        most_clips: int | None = None,
    ) -> Gated:
        """Applies the job's gate.

        Args:
            job: whose gate it is.
            source: the job that it chains from.
            labeled: places of the items that could be sent.
            audited: the attribute under review.
            before: places of items that the job was given before: they stay chosen.
            most_clips: that there is room for; default: as many as a labeling job may have.

        Raises:
            OwnFunctionError: a function of the user's failed, or answered what means nothing.
            OutOfTimeError: there is too much to look at.
        """
        gate = job.spec.inputConfig.gate
        if gate is None:
            raise ValueError(f"{job.jobName} has no gate")
        could = set(labeled)
        read = reader(self.objects, job, gate, source, self.files.source)
        items = (item for item in self.files.items(job, source) if item.index in could)
        seen: list[Seen] = []
        time = GateTime.begins(self.clock, self.seconds)
        looked = Looked(job, source, gate, audited, self.files, time)

        def reading() -> Iterator[tuple[LaneItem, Seen]]:
            for item in items:
                one = read.read(item, audited)
                yield item, one
                # A label file may be large: what the checks made of it is enough.
                one.document = one.labeled = None
                seen.append(one)

        found = run_checks(looked, reading(), self.objects, self.functions)
        facts = [_facts(one, found.by_item.get(one.place, []), gate) for one in seen]
        choice = gates.choose(gate, facts, job.jobName, before)
        limit = modalities.get(job.spec.jobModality).max_sequences
        most = most_clips or limit or clips.MOST_SEQUENCES
        plan = _clips(gate, choice, facts, most) if gate.unit is GateUnit.clip else None
        return self._record(job, gate, facts, choice, found.all, plan)

    def _record(  # noqa: PLR0917
        self,
        job: JobRecord,
        gate: Gate,
        facts: list[Facts],
        choice: Choice,
        findings: list[Finding],
        plan: list[Clip] | None,
    ) -> Gated:
        decisions = [manifest_line(row) for row in _decisions(facts, choice, plan)]
        told = [manifest_line(finding.to_dict()) for finding in sorted(findings, key=worst_first)]
        own = any(check.functionArn for check in gate.checks or ())
        # A function of the user's may answer otherwise the next time: then two calls of this step
        # must not write into one folder.
        digest = hashlib.sha256("\n".join(decisions + told).encode()).hexdigest()[:16]
        folder = self.files.folder(job, "gate", f"-{digest}" if own else "")
        decisions_uri = s3uri.join(folder, "decisions.jsonl")
        findings_uri = s3uri.join(folder, "findings.jsonl")
        self.objects.write_lines(decisions_uri, iter(decisions))
        self.objects.write_lines(findings_uri, iter(told))
        lengths = {fact.place: fact.length for fact in facts}
        framed = any(fact.length != 1 for fact in facts) or plan is not None
        sent = sum(lengths[place] for place in choice.chosen)
        result = GateResult(
            unit=gate.unit,
            items=len(facts),
            flagged=len(choice.flagged),
            selected=len(choice.chosen),
            frames=sum(lengths.values()) if framed else None,
            selectedFrames=clips.frames_of(plan) if plan is not None else sent if framed else None,
            findings=len(findings),
            byCheck=dict(sorted(Counter(finding.check for finding in findings).items())),
            decisionsS3Uri=decisions_uri,
            findingsS3Uri=findings_uri,
            lot=choice.lot,
        )
        parting = Parting(choice.chosen, choice.carried, choice.unlooked, choice.broken)
        shown = _shown(facts, choice, plan)
        return Gated(parting, result, folder, shown, plan)


def manifest_line(value: dict[str, Any]) -> str:
    """One line of JSON, the same for the same value."""
    return json.dumps(value, ensure_ascii=True, separators=(",", ":"))


def _facts(seen: Seen, found: list[tuple[int, Finding]], gate: Gate) -> Facts:
    """What counts of an item: findings severe enough, about what `where` names."""
    checks = gate.checks or []
    counted = []
    for number, finding in found:
        if number < 0:
            counted.append((number, finding))
            continue
        least = Severity(checks[number].severity)
        about = seen.match.covers(finding.object, finding.frameNo)
        if finding.severity.rank >= least.rank and about:
            counted.append((number, finding))
    unreadable = any(number < 0 for number, _ in counted)
    return Facts(
        place=seen.place,
        # Whether `where` holds for what cannot be read is not known: then it may.
        matches=seen.match.holds or unreadable,
        findings=tuple(counted),
        classes=seen.match.classes,
        length=max(1, len(seen.frames)),
        frames=seen.match.frames if seen.match.holds else None,
    )


def _clips(gate: Gate, choice: Choice, facts: list[Facts], most_sequences: int) -> list[Clip]:
    """Cuts by the budget, in frames; what no clip shows is carried."""
    lengths = {fact.place: fact.length for fact in facts}
    total = sum(lengths.values())
    budget = gate.budget
    flags = {
        place: [FrameFlag(reason.frameNo, reason.score, reason.sentence) for reason in reasons]
        for place, reasons in choice.frames.items()
    }
    plan = clips.plan(
        flags,
        lengths,
        context=gate.context,
        budget=at_most(total, budget.percent, budget.count) if budget is not None else None,
        most_sequences=most_sequences,
    )
    shown = {clip.place for clip in plan}
    for place in choice.chosen - shown:
        choice.carried[place] = gates.BEYOND
    choice.chosen = shown
    return plan


def _decisions(
    facts: list[Facts], choice: Choice, plan: list[Clip] | None
) -> Iterator[dict[str, Any]]:
    shown: dict[int, list[int]] = {}
    for clip in plan or ():
        shown.setdefault(clip.place, []).extend(clip.frames)
    for fact in facts:
        sent = fact.place in choice.chosen
        reasons = list(choice.reasons.get(fact.place, []))
        if not sent:
            reasons.insert(0, choice.carried[fact.place])
        row: dict[str, Any] = {"item": fact.place, "sent": sent, "reasons": reasons}
        if sent and fact.place in choice.sampled:
            row["sample"] = True
        if plan is not None:
            row["frames"] = sorted(shown.get(fact.place, []))
            cut = {flag.frameNo for flag in choice.frames.get(fact.place, [])} - set(row["frames"])
            row["framesBeyondBudget"] = sorted(cut)
        else:
            numbers = {found.frameNo for _, found in fact.findings if found.frameNo is not None}
            row["frames"] = sorted(numbers)
        yield row


def _shown(facts: list[Facts], choice: Choice, plan: list[Clip] | None) -> list[Finding]:
    """The findings about what people will see."""
    frames: dict[int, set[int]] = {}
    for clip in plan or ():
        frames.setdefault(clip.place, set()).update(clip.frames)
    return [
        finding
        for fact in facts
        if fact.place in choice.chosen
        for number, finding in fact.findings
        if number >= 0 and finding.check not in NOT_FOR_WORKERS
        if plan is None
        or (frame := gates.frame_of(fact, finding)) is None
        or frame in frames[fact.place]
    ]
