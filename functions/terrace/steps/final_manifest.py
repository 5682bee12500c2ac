"""Writes the three manifests of a batch that has ended: each item in exactly one of them.

A call has minutes, and a batch may have a million items: a call that runs out of time leaves what
it has as a part, and the next one goes on behind it. Where all of it fits into one part there is
none. Parts lie in a folder that is named after all that goes into them, so a start manifest that
is replaced in between, or a label that came late, begins new ones instead of mixing two states.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

from pydantic import BaseModel, ConfigDict

from terrace.domain import delivery, s3uri
from terrace.domain.delivery import Outcome
from terrace.domain.records import JobRecord
from terrace.errors import AccessDeniedError, NotFoundError
from terrace.ports import ObjectStore
from terrace.steps.final_items import Items, StartReplacedError, Whole
from terrace.steps.final_lanes import FinalLane, lanes_of
from terrace.steps.final_sequences import Sequences

FILES = {
    Outcome.accepted: "output.manifest",
    Outcome.rejected: "rejected.manifest",
    Outcome.unlabeled: "unlabeled.manifest",
}
PART_ITEMS = 20_000
PART_CHARACTERS = 16_000_000
"""A part is held in memory; whatever its lines are like, it is not more than this and one line."""
LINES_BETWEEN_LOOKS = 200
"""Items after which the clock is read; after each one where files are merged for it."""
PROBLEMS_TOLD = 5


@dataclass(frozen=True)
class FinalManifests:
    """The three files; null where no item is in one."""

    output: str | None
    rejected: str | None
    unlabeled: str | None
    items: int | None
    """None: there may be more than could be read of."""
    accepted: int
    rejectedItems: int
    unlabeledItems: int | None
    """None as `items` is."""
    problem: str | None = None
    """What is not all there, and why."""


class _Part(BaseModel):
    """What is noted of a part once its lines are written."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    first: int
    items: int
    counts: dict[Outcome, int]
    last: bool
    """True: no item follows."""
    known: bool = True
    """False: of some items nothing can be told."""
    problems: list[str]


@dataclass
class _Lines:
    """Lines that are not written yet."""

    first: int
    items: int = 0
    characters: int = 0
    by_outcome: dict[Outcome, list[str]] = field(
        default_factory=lambda: {outcome: [] for outcome in Outcome}
    )

    def add(self, outcome: Outcome, line: str) -> None:
        self.by_outcome[outcome].append(line)
        self.items += 1
        self.characters += len(line)

    @property
    def full(self) -> bool:
        return self.items >= PART_ITEMS or self.characters >= PART_CHARACTERS


@dataclass
class FinalManifest:
    """Writes them for one end of a batch."""

    objects: ObjectStore
    batch_bucket: str
    batch_id: str
    generation: int
    jobs: Sequence[JobRecord]
    out_of_time: Callable[[], bool]

    def run(self) -> FinalManifests | None:
        """Writes the files, or goes on with it; None: call again. Each call gets further.

        Raises:
            TransientError: S3 could not be used just now.
            ObjectChangedError: a file was replaced while it was read; the next call begins anew.
        """
        lanes = lanes_of(self.jobs)
        folder = self._digest_folder(lanes)
        try:
            return self._run(lanes, folder)
        except StartReplacedError as error:
            # Every call finds this note, and no call mixes the two ways to read the items.
            noted = [*self._distrusted(folder), error.uri]
            self.objects.put_json(_replaced_uri(folder), noted)
            return None

    @property
    def folder(self) -> str:
        """Where all files of this end of the batch are."""
        return final_folder(self.batch_bucket, self.batch_id, self.generation)

    def _run(self, lanes: list[FinalLane], folder: str) -> FinalManifests | None:
        distrusted = self._distrusted(folder)
        parts_folder = s3uri.join(folder, f"replaced-{len(distrusted)}")
        parts = list(self._parts(parts_folder))
        if not parts or not parts[-1].last:
            only = self._more(lanes, parts, parts_folder, distrusted)
            if only is None:
                return None
            part, lines = only
            written = {
                outcome: self._write(outcome, part, iter(lines.by_outcome[outcome]))
                for outcome in Outcome
            }
            return _manifests([part], written)
        everything = _Part(
            first=0,
            items=sum(part.items for part in parts),
            counts={o: sum(part.counts[o] for part in parts) for o in Outcome},
            last=True,
            problems=[],
        )
        written = {
            outcome: self._write(outcome, everything, self._joined(parts_folder, parts, outcome))
            for outcome in Outcome
        }
        return _manifests(parts, written)

    # --- the items -------------------------------------------------------------------------
    def _more(
        self,
        lanes: list[FinalLane],
        parts: list[_Part],
        folder: str,
        distrusted: list[str],
    ) -> tuple[_Part, _Lines] | None:
        """Writes parts until there is no time; gives the only one of a small batch, unwritten."""
        items = Items(lanes, self.objects, frozenset(distrusted))
        sequences = Sequences(
            self.objects, self.batch_id, self.folder, {lane.about.name: lane for lane in lanes}
        )
        done = sum(part.items for part in parts)
        between = 1 if sequences.wanted else LINES_BETWEEN_LOOKS
        lines = _Lines(done)
        told = 0
        for place, whole in enumerate(islice(items.read(), done, None), start=done + 1):
            if lines.full:
                self._part(folder, lines, sequences.problems[told:])
                told = len(sequences.problems)
                lines = _Lines(lines.first + lines.items)
            lines.add(*self._line(whole, sequences))
            if place % between == 0 and self.out_of_time():
                self._part(folder, lines, sequences.problems[told:])
                return None
        problems = [*items.problems, *sequences.problems[told:]]
        if lines.first == 0:
            return self._noted(lines, problems, last=True, known=items.known), lines
        self._part(folder, lines, problems, last=True, known=items.known)
        return None

    def _line(self, whole: Whole, sequences: Sequences) -> tuple[Outcome, str]:
        more = sequences.attributes(whole.given.index, whole.parts) if sequences.wanted else {}
        return delivery.line(self.batch_id, self.generation, whole.given, whole.parts, more)

    def _part(
        self,
        folder: str,
        lines: _Lines,
        problems: list[str],
        *,
        last: bool = False,
        known: bool = True,
    ) -> None:
        """The lines, then the note of them: what has no note is written again."""
        for outcome, own in lines.by_outcome.items():
            if own:
                self.objects.write_lines(_lines_uri(folder, lines.first, outcome), iter(own))
        part = self._noted(lines, problems, last=last, known=known)
        self.objects.put_json(_note_uri(folder, lines.first), part.model_dump(mode="json"))

    @staticmethod
    def _noted(lines: _Lines, problems: list[str], *, last: bool, known: bool) -> _Part:
        return _Part(
            first=lines.first,
            items=lines.items,
            counts={outcome: len(own) for outcome, own in lines.by_outcome.items()},
            last=last,
            known=known,
            problems=problems[: PROBLEMS_TOLD + 1],
        )

    # --- parts -----------------------------------------------------------------------------
    def _parts(self, folder: str) -> Iterator[_Part]:
        """Those that are there without a gap, in order."""
        first = 0
        for uri in self.objects.keys(f"{s3uri.join(folder, 'note')}-"):
            part = _Part.model_validate(self.objects.get_json(uri))
            if part.first != first:
                return
            yield part
            first += part.items
            if part.last:
                return

    def _joined(self, folder: str, parts: list[_Part], outcome: Outcome) -> Iterator[str]:
        for part in parts:
            if part.counts[outcome]:
                uri = _lines_uri(folder, part.first, outcome)
                yield from islice(
                    (line.text for line in self.objects.read_lines(uri)), part.counts[outcome]
                )

    def _write(self, outcome: Outcome, part: _Part, lines: Iterator[str]) -> str | None:
        """One of the files; its lines are counted, and no number is told that was not written."""
        expected = part.counts[outcome]
        if not expected:
            return None
        uri = s3uri.join(self.folder, FILES[outcome])
        written = self.objects.write_lines(uri, lines)
        if written != expected:
            raise ValueError(f"{uri} has {written} lines, and {expected} items were counted for it")
        return uri

    # --- what goes into them ---------------------------------------------------------------
    def _digest_folder(self, lanes: list[FinalLane]) -> str:
        state: list[object] = []
        for start in dict.fromkeys(lane.start for lane in lanes):
            try:
                state.append([start, self.objects.head(start).etag])
            except (NotFoundError, AccessDeniedError):
                state.append([start, None])
        for job in sorted(self.jobs, key=lambda one: one.index):
            state.append([job.jobName, job.status, job.outputManifestS3Uri, job.carriedS3Uri])
        digest = hashlib.sha256(json.dumps(state).encode()).hexdigest()[:16]
        return s3uri.join(self.folder, "parts", digest)

    def _distrusted(self, folder: str) -> list[str]:
        try:
            found: list[str] = self.objects.get_json(_replaced_uri(folder))
        except NotFoundError:
            return []
        return found


def final_folder(bucket: str, batch_id: str, generation: int) -> str:
    """Where one end of a batch leaves its files."""
    return s3uri.of(bucket, "batches", batch_id, "final", f"g{generation}")


def _manifests(parts: list[_Part], written: dict[Outcome, str | None]) -> FinalManifests:
    counts = {o: sum(part.counts[o] for part in parts) for o in Outcome}
    problems = [problem for part in parts for problem in part.problems]
    known = all(part.known for part in parts)
    told = "; ".join(problems[:PROBLEMS_TOLD])
    if len(problems) > PROBLEMS_TOLD:
        told += f"; and {len(problems) - PROBLEMS_TOLD} more"
    return FinalManifests(
        output=written[Outcome.accepted],
        rejected=written[Outcome.rejected],
        unlabeled=written[Outcome.unlabeled],
        items=sum(part.items for part in parts) if known else None,
        accepted=counts[Outcome.accepted],
        rejectedItems=counts[Outcome.rejected],
        unlabeledItems=counts[Outcome.unlabeled] if known else None,
        problem=told or None,
    )


def _replaced_uri(folder: str) -> str:
    return s3uri.join(folder, "replaced.json")


def _note_uri(folder: str, first: int) -> str:
    return s3uri.join(folder, f"note-{first:012d}.json")


def _lines_uri(folder: str, first: int, outcome: Outcome) -> str:
    return s3uri.join(folder, f"{first:012d}-{FILES[outcome]}")
