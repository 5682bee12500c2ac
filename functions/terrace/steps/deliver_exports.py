"""One of the formats of `exports[]`, written at the end of a batch from its final manifests.

An export is whole or it has a problem: files are kept aside until the last item is written, and
only then go to S3. A call that dies or runs out of time is made again and writes the same bytes.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pydantic import TypeAdapter

from terrace.domain.exports import dataset, formats
from terrace.domain.exports.dataset import Source
from terrace.domain.exports.formats import FORMATS
from terrace.domain.exports.lanes import Choice, Lane, Lanes, wanted
from terrace.domain.exports.model import ExportError, Item, Kind
from terrace.domain.json_reading import UnreadableError
from terrace.domain.records import BatchRecord, DeliveryRecord, ExportRecord
from terrace.domain.request import BatchRequest, ExportWanted, NameConflict
from terrace.errors import AccessDeniedError, NotFoundError, ObjectChangedError, OutOfRoomError
from terrace.ports import Clock, ObjectStore, Upload
from terrace.steps.export_documents import StoredDocuments, StoredSizes

FILES_MAX = 1_000
"""Files that are written one by one; more are put together into one zip file: so many more calls
of S3 would not fit into a function's time."""
FILES_OWN_MAX = 20_000
"""Of a format whose files name each other by S3 URI: they cannot be put together."""
OUTCOMES = ("accepted", "rejected", "unlabeled")
OWN = frozenset({"ground-truth"})
PROBLEM_MAX = 1_000
FRESH_SECONDS = 60.0
"""An export that begins later in a call waits for the next one: what runs out of time then would do
so in any call."""


@dataclass(frozen=True)
class FinalManifests:
    """The final manifests of one end of a batch; None: there is no such item."""

    batchId: str
    endedAt: float
    """Epoch seconds: the date that goes into files, so that they are the same when made again."""
    accepted: str | None
    rejected: str | None
    unlabeled: str | None

    def of(self, outcome: str) -> str | None:
        """The manifest of one outcome."""
        return {
            "accepted": self.accepted,
            "rejected": self.rejected,
            "unlabeled": self.unlabeled,
        }[outcome]


def exports_wanted(request: Any) -> Sequence[ExportWanted]:
    """What a stored request asks for."""
    return _WANTED.validate_python(request.get("exports") or [])


_WANTED: TypeAdapter[Sequence[ExportWanted]] = TypeAdapter(
    BatchRequest.model_fields["exports"].rebuild_annotation()
)


@dataclass
class Exporter:
    """Writes the exports of one call of DeliverBatch, each with nearly all of the call's time."""

    objects: ObjectStore
    clock: Clock

    def __post_init__(self) -> None:
        self._began = self.clock.now()

    def __call__(
        self,
        wanted: ExportWanted,
        batch: BatchRecord,
        delivery: DeliveryRecord,
        *,
        folder: str,
        categories: Mapping[str, Any],
        out_of_time: Callable[[], bool],
    ) -> ExportRecord | None:
        """One export; None: this call has done enough, and the next one begins with it."""
        if self.clock.now() - self._began > FRESH_SECONDS:
            return None
        finals = FinalManifests(
            batchId=batch.batchId,
            endedAt=batch.endedAt or 0.0,
            accepted=delivery.outputManifestS3Uri,
            rejected=delivery.rejectedManifestS3Uri,
            unlabeled=delivery.unlabeledManifestS3Uri,
        )
        return write_export(
            wanted,
            finals,
            objects=self.objects,
            folder=folder,
            categories=categories,
            out_of_time=out_of_time,
        )


class _LateError(Exception):
    """The function's time is nearly over."""


def write_export(
    wanted: ExportWanted,
    finals: FinalManifests,
    *,
    objects: ObjectStore,
    folder: str,
    categories: Mapping[str, Any],
    out_of_time: Callable[[], bool],
) -> ExportRecord:
    """Writes one format.

    Args:
        wanted: the format and its options.
        finals: where the items are.
        objects: S3.
        folder: URI of the format's own folder; ends with `/`.
        categories: the category files that labeling jobs were created with, by the job's name.
        out_of_time: True once the function's time is nearly over.

    Returns:
        What was written; `problem` where it is not whole. Never raises for what the user's data
        cause. TransientError: the same call may succeed.
    """
    command = _command(wanted, finals)
    try:
        return _write(wanted, finals, objects, folder, categories, out_of_time)
    except (ExportError, UnreadableError) as error:
        found = error.problem
        why = f"{found.path}: {found.problem} ({found.fix})"
        if found.code == "IMAGE_SIZE_UNKNOWN":
            why += f"; {command} --image-size WIDTHxHEIGHT writes it on your own machine"
        elif found.code == "CLASS_CONFLICT" and wanted.onNameConflict is NameConflict.error:
            why += (
                "; onNameConflict of the export says it in a request, and for this batch "
                f"{command} --on-conflict prefix (or same) writes it on your own machine"
            )
        elif found.code == "NOTHING_TO_EXPORT":
            there = [name for name in OUTCOMES if finals.of(name) is not None]
            why += f"; there are items that are {' or '.join(there) or 'of no outcome'}"
    except _LateError:
        why = f"it takes longer than a function may; {command} writes it on your own machine"
    except OutOfRoomError as error:
        why = f"{error}; {command} writes it on your own machine"
    except (NotFoundError, AccessDeniedError, ObjectChangedError) as error:
        why = f"{error}; {command} tries it again"
    except ValueError as error:
        why = str(error)
    return ExportRecord(format=wanted.format, s3Uri=None, problem=why[:PROBLEM_MAX])


def _write(  # noqa: PLR0917 - the arguments of write_export
    asked: ExportWanted,
    finals: FinalManifests,
    objects: ObjectStore,
    folder: str,
    configs: Mapping[str, Any],
    out_of_time: Callable[[], bool],
) -> ExportRecord:
    chosen = FORMATS.get(asked.format)
    if chosen is None:
        raise ExportError(
            "format", "FORMAT_UNKNOWN", f"{asked.format!r} is no format", ", ".join(FORMATS)
        )

    def step(_: int) -> None:
        # At each item: one large mask can take a minute.
        if out_of_time():
            raise _LateError

    choice = Choice(frozenset(asked.include), asked.attributes or ())
    uris = [uri for name in asked.include if (uri := finals.of(name)) is not None]
    where = " and ".join(uris) or "the batch"
    manifests = [_source(uri, objects) for uri in dict.fromkeys(uris)]
    lanes = Lanes(choice)
    for manifest in manifests:
        lanes.read(manifest, step)
    held, left_out = lanes.chosen(chosen, configs, where)
    order = wanted(held, configs, conflict=asked.onNameConflict.value, held_back=asked.valPercent)
    documents = StoredDocuments(objects)
    rewritten = lanes.sources(manifests, held)
    found = lanes.survey(rewritten, held, order=order, documents=documents, step=step)
    formats.check(chosen, found.kinds, where)
    head, classes = dataset.head(
        found,
        order,
        name=finals.batchId,
        created=datetime.fromtimestamp(finals.endedAt, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f"),
        home=folder,
    )
    items = dataset.items(
        rewritten,
        order,
        found=found,
        classes=classes,
        documents=documents,
        size_of=StoredSizes(documents, needed=chosen.holds.size),
    )
    own = chosen.name in OWN
    with objects.staging() as staging:
        tally = formats.export(chosen, _watched(items, step), head, staging)
        uploads = staging.uploads(
            folder,
            together=None if own else f"{chosen.name}.zip",
            most=FILES_OWN_MAX if own else FILES_MAX,
        )
        files = objects.put_many(_in_time(uploads, out_of_time))
    return ExportRecord(
        format=chosen.name,
        s3Uri=folder,
        files=files,
        items=tally.items,
        labels=sum(tally.written.values()),
        leftOut=_left_out(left_out, tally.left_out),
        lacking=lanes.lacking(held),
    )


def _command(asked: ExportWanted, finals: FinalManifests) -> str:
    """What writes the same export on the user's own machine."""
    options = [f"--format {asked.format}"]
    if asked.include != ["accepted"]:
        options += [f"--include {name}" for name in asked.include]
    options += [f"--attribute {name}" for name in asked.attributes or []]
    if asked.onNameConflict is not NameConflict.error:
        options.append(f"--on-conflict {asked.onNameConflict.value}")
    if asked.valPercent:
        options.append(f"--val {asked.valPercent:g}")
    return f"terrace export {finals.batchId} {' '.join(options)}"


def _left_out(lanes: Iterable[Lane], labels: Mapping[Kind, int]) -> dict[str, int | None]:
    """Labels that the format has no place for; of a whole lane, which nobody counts, null."""
    whole: dict[str, int | None] = {lane.attribute: None for lane in lanes}
    return whole | {kind: count for kind, count in sorted(labels.items()) if count}


def _source(uri: str, objects: ObjectStore) -> Source:
    """A manifest; one that is replaced between two readings is an error."""
    etag = objects.head(uri).etag

    def lines() -> Iterator[str]:
        try:
            for line in objects.read_lines(uri, etag=etag):
                yield line.text
        except ValueError as error:
            if isinstance(error, ExportError | UnreadableError):
                raise
            raise ExportError(
                uri, "MANIFEST_UNREADABLE", str(error), "the manifest as Terrace wrote it"
            ) from error

    return Source(uri, lines)


def _watched(items: Iterable[Item], step: Callable[[int], None]) -> Iterator[Item]:
    for count, item in enumerate(items, start=1):
        step(count)
        yield item


def _in_time(uploads: Iterable[Upload], out_of_time: Callable[[], bool]) -> Iterator[Upload]:
    for upload in uploads:
        if out_of_time():
            raise _LateError
        yield upload
