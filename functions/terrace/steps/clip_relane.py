"""More clips for a job whose lane has more labels now: its source was retried, and so is it.

Clips keep their frames and their answers; what else an item's labels say is as the lane has it
now. Items that have a label only now go through the gate; what it sends is cut and joins the old
clips, in the lane's order. All files are written anew in a folder of this run, so that a crash
leaves either the old ones or the new.
"""

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

from terrace.domain import modalities, s3uri
from terrace.domain.gates import BEYOND
from terrace.domain.records import AttemptRecord, GateResult, JobRecord
from terrace.domain.request import GateBudget
from terrace.ports import ObjectStore
from terrace.steps import clip_files
from terrace.steps.clip_answers import WHOLES, clips_uri, whole_uris
from terrace.steps.clip_renewal import OldClip, Renewal, Renewed
from terrace.steps.gate import Gated, Gates
from terrace.steps.job_output import labeled_by, lines_of, texts
from terrace.steps.prepare_lane import LaneFiles, Parting

NO_ROOM = "a labeling job has room for no more sequences: retry the batch once more"


@dataclass(frozen=True)
class MoreClips:
    """What the job has now."""

    changes: dict[str, Any]
    """Of its row."""
    todo: list[int]
    """Of its own items, the clips, those without an answer."""
    gated: Gated | None
    """What the gate chose of the new items; None: there was none, or no room for any."""


@dataclass(frozen=True)
class _Clip:
    line: str
    entry: dict[str, Any]
    """In clips.json."""
    old: int | None
    """The job's own index of it before."""

    @property
    def order(self) -> tuple[int, int]:
        return (self.entry["item"], self.entry["frames"][0])


@dataclass(frozen=True)
class ClipRelane:
    """Widens a review of clips."""

    objects: ObjectStore
    lane: LaneFiles
    gates: Gates

    def widen(self, job: JobRecord, source: JobRecord, audited: str) -> MoreClips:
        """Cuts what is new, and writes the job's own items anew."""
        old = list(self._old(job))
        before = {clip.entry["item"] for clip in old}
        stands = self._accepted(job)
        reviewable = self.lane.survey(job, source, audited).reviewable(renamed=True)
        fresh = [place for place in reviewable if place not in before and place not in stands]
        done = labeled_by(job, self.objects)
        unanswered = sum(1 for clip in old if clip.old not in done)
        gated = self._gated(job, source, audited, fresh, old, unanswered)
        folder = self.lane.folder(job)
        renewed = Renewal(job, source, audited, folder, self.objects).run(
            {clip.old: OldClip(clip.line, clip.entry) for clip in old if clip.old is not None},
            done,
            self.lane.items(job, source),
        )
        clips = [
            replace(clip, line=renewed.lines.get(number, clip.line))
            for number, clip in enumerate(old)
        ]
        clips += self._cut(gated, job, source, audited)
        clips.sort(key=lambda clip: clip.order)
        given, carried = (s3uri.join(folder, f"{n}.manifest") for n in ("given", "carried"))
        self.objects.write_lines(given, (clip.line for clip in clips))
        self._join_wholes(renewed, gated, folder, [clip.entry for clip in clips])
        chosen = before | (set(gated.parting.chosen) if gated else set())
        full = unanswered >= (modalities.get(job.spec.jobModality).max_sequences or math.inf)
        why = NO_ROOM if full else BEYOND
        parting = Parting(
            chosen,
            {**dict.fromkeys(fresh, why), **stands, **(gated.parting.why if gated else {})},
            broken=gated.parting.broken if gated else fresh if full else (),
        )
        self.lane.carry(job, source, audited, parting, carried)
        own = {clip.old: index for index, clip in enumerate(clips) if clip.old is not None}
        changes = {
            "jobInputS3Uri": job.jobInputS3Uri or given,
            "givenManifestS3Uri": given,
            "carriedS3Uri": carried,
            "wholesS3Uri": s3uri.join(folder, WHOLES),
            "auditedAttributeName": audited,
            "attempts": self._translated(job, own, len(old), folder),
            "numItems": len(clips),
            "relane": False,
            "gate": self._result(job.gate, gated, folder, set(fresh)),
        }
        todo = [
            index for index, clip in enumerate(clips) if clip.old is None or clip.old not in done
        ]
        return MoreClips(changes, todo, gated)

    def _old(self, job: JobRecord) -> Iterator[_Clip]:
        """The clips that the job has."""
        table = self.objects.get_json(clips_uri(job.wholesS3Uri or ""))
        given = texts(self.objects, job.givenManifestS3Uri or job.jobInputS3Uri or "")
        lines = (line for line in given if line.strip())
        for index, (line, entry) in enumerate(zip(lines, table, strict=True)):
            yield _Clip(line, entry, index)

    def _accepted(self, job: JobRecord) -> dict[int, str]:
        """Items that its gate had seen and let pass, and why: they are not asked about again."""
        rows = (json.loads(text) for text in texts(self.objects, job.carriedS3Uri or ""))
        return {row["index"]: row["why"] for row in rows if row.get("accepted")}

    def _gated(  # noqa: PLR0917
        self,
        job: JobRecord,
        source: JobRecord,
        audited: str,
        fresh: list[int],
        old: list[_Clip],
        unanswered: int,
    ) -> Gated | None:
        """What the gate sends of the new items, in what the budget and the attempt have left."""
        limit = modalities.get(job.spec.jobModality).max_sequences
        room = None if limit is None else limit - unanswered
        gate = job.spec.inputConfig.gate
        budget = gate.budget if gate is not None else None
        if budget is not None and budget.count is not None:
            # With nothing left the gate is asked all the same: what it lets pass is on record.
            spent = sum(len(clip.entry["frames"]) for clip in old)
            job = _with_budget(job, max(0, budget.count - spent))
        if not fresh or room == 0:
            return None
        return self.gates.run(job, source, fresh, audited, frozenset(), most_clips=room)

    def _cut(
        self, gated: Gated | None, job: JobRecord, source: JobRecord, audited: str
    ) -> list[_Clip]:
        if gated is None or not gated.clips:
            return []
        items = self.lane.items(job, source)
        written = clip_files.write(
            gated.clips, items, audited=audited, folder=gated.folder, objects=self.objects
        )
        table = self.objects.get_json(clips_uri(written.wholesS3Uri))
        return [_Clip(*row, None) for row in zip(written.lines, table, strict=True)]

    def _join_wholes(
        self, renewed: Renewed, gated: Gated | None, folder: str, table: list[dict[str, Any]]
    ) -> None:
        """All that answers are merged into, in one folder."""
        rows = dict(renewed.wholes)
        there = gated.folder if gated is not None and gated.clips else None
        for text in texts(self.objects, s3uri.join(there, WHOLES)) if there else ():
            place = json.loads(text)["index"]
            rows[place] = text
            pairs = zip(whole_uris(there or "", place), whole_uris(folder, place), strict=True)
            for old_uri, new_uri in pairs:
                self.objects.put_json(new_uri, self.objects.get_json(old_uri))
        wholes = s3uri.join(folder, WHOLES)
        self.objects.write_lines(wholes, (rows[place] for place in sorted(rows)))
        self.objects.put_json(clips_uri(wholes), table)

    def _translated(
        self, job: JobRecord, own: dict[int, int], count: int, folder: str
    ) -> list[AttemptRecord]:
        """What earlier attempts were given, as indexes of the job's items now."""
        attempts = []
        for attempt in job.attempts:
            known = lines_of(attempt, self.objects)
            lines = range(count) if known is None else known
            uri = s3uri.join(folder, f"lines-of-attempt-{attempt.attempt}.json")
            self.objects.put_json(uri, [own[line] for line in lines])
            attempts.append(attempt.model_copy(update={"linesS3Uri": uri}))
        return attempts

    def _result(
        self, before: GateResult | None, gated: Gated | None, folder: str, fresh: set[int]
    ) -> GateResult | None:
        """Both choices in numbers, and in one file each of decisions and findings."""
        if before is None or gated is None:
            return before
        now = gated.result
        uris = {}
        for name in ("decisions", "findings"):
            earlier, later = getattr(before, f"{name}S3Uri"), getattr(now, f"{name}S3Uri")
            uris[f"{name}S3Uri"] = uri = s3uri.join(folder, f"{name}.jsonl")
            kept = (
                text
                for text in texts(self.objects, earlier)
                if json.loads(text)["item"] not in fresh
            )
            self.objects.write_lines(uri, chain(kept, texts(self.objects, later)))
        counts = {
            key: getattr(before, key) + getattr(now, key)
            for key in ("items", "flagged", "selected", "findings")
        }
        frames = {
            key: (getattr(before, key) or 0) + (getattr(now, key) or 0)
            for key in ("frames", "selectedFrames")
        }
        checks = sorted({*before.byCheck, *now.byCheck})
        by_check = {key: before.byCheck.get(key, 0) + now.byCheck.get(key, 0) for key in checks}
        return now.model_copy(update={**counts, **frames, **uris, "byCheck": by_check})


def _with_budget(job: JobRecord, frames: int) -> JobRecord:
    """The job with what is left of a budget in frames."""
    config = job.spec.inputConfig
    if config.gate is None:
        return job
    gate = config.gate.model_copy(update={"budget": GateBudget.model_construct(count=frames)})
    config = config.model_copy(update={"gate": gate})
    return job.model_copy(update={"spec": job.spec.model_copy(update={"inputConfig": config})})
