"""What the workers of an earlier job answered, by the item's place in the lane.

Ground Truth leaves each worker's answer under the labeling job's output path, in
`annotations/worker-response/iteration-<n>/<line>/<time>.json` (facts/ground_truth.md, 4.1).
"""

import re
from collections.abc import Collection, Iterator

from terrace.domain import s3uri, worker_responses
from terrace.domain.records import AttemptRecord, JobRecord
from terrace.domain.worker_responses import WorkerAnswer
from terrace.ports import ObjectStore
from terrace.steps.gate_time import GateTime
from terrace.steps.job_output import lines_of

_FILE = re.compile(r"/annotations/worker-response/iteration-\d+/(\d+)/[^/]+\.json\Z")
FILES = "the worker answers, file"
_OUTPUT = "manifests/output/output.manifest"


def answers(
    job: JobRecord,
    places: list[int] | None,
    objects: ObjectStore,
    time: GateTime | None = None,
    only: Collection[int] | None = None,
) -> tuple[dict[int, tuple[WorkerAnswer, ...]], list[tuple[int, str]]]:
    """The answers of all attempts of a job, and what of them could not be read.

    Args:
        job: that the workers labeled for.
        places: for each of the job's own items, its place in the lane; None: the same.
        objects: where the files are.
        time: that there is for reading them; None: no limit of its own.
        only: places in the lane whose answers are wanted; None: all.

    Raises:
        OutOfTimeError: there are too many for the time.

    Returns:
        By place, all answers (of several files, those of all); and the place and a sentence for
        each file that is not as it should be (a file of no item at all counts for the first).
    """
    found: dict[int, tuple[WorkerAnswer, ...]] = {}
    wrong: list[tuple[int, str]] = []
    for attempt in job.attempts:
        lines = lines_of(attempt, objects)
        wanted: dict[str, int] = {}
        for line, uri in _files(attempt, objects):
            if lines is not None and line >= len(lines):
                wrong.append((0, f"{uri} is of line {line}, which the attempt had not"))
                continue
            own = lines[line] if lines is not None else line
            if places is not None and own >= len(places):
                wrong.append((0, f"{uri} is of item {own}, which the job had not"))
                continue
            place = places[own] if places is not None else own
            if only is None or place in only:
                wanted[uri] = place
        files = objects.get_jsons(wanted)
        for uri, document in time.spend(files, FILES) if time is not None else files:
            place = wanted[uri]
            try:
                if isinstance(document, ValueError):
                    raise document
                read = worker_responses.read(document, uri)
            except ValueError as error:
                told = str(error) if uri in str(error) else f"{uri}: {error}"
                wrong.append((place, told))
                continue
            found[place] = (*found.get(place, ()), *read)
    return found, wrong


def _files(attempt: AttemptRecord, objects: ObjectStore) -> Iterator[tuple[int, str]]:
    """Line number and URI of each worker response file of an attempt."""
    output = attempt.outputManifestS3Uri
    if output is None or not output.endswith(_OUTPUT):
        return
    folder = output.removesuffix(_OUTPUT)
    for uri in objects.keys(s3uri.join(folder, "annotations/worker-response/")):
        matched = _FILE.search(uri)
        if matched is not None:
            yield int(matched[1]), uri
