"""The parts of output files that every family writes alike."""

import io
import time
from typing import Any

from PIL import Image, UnidentifiedImageError

from terrace_local.ground_truth.clock import iso_millis
from terrace_local.ground_truth.families.base import OutFile, Prepared
from terrace_local.ground_truth.s3files import S3Files
from terrace_local.workers.crew import Person, worker_metadata

# Enough for the header of a JPEG with a large EXIF block.
_HEADER_BYTES = 131_072


def worker_answer(
    prepared: Prepared, person: Person, content: dict[str, Any], effort: float, truth: str
) -> dict[str, Any]:
    """One entry of ``answers`` in a worker-response file.

    ``timeSpentInSeconds`` is simulated working time; the two times of day are real ones, so
    they lie within the job's own life.
    """
    spent = effort * person.speed
    now = time.time()
    return {
        "acceptanceTime": iso_millis(now - spent / prepared.seconds_per_second),
        "submissionTime": iso_millis(now),
        "timeSpentInSeconds": round(spent, 3),
        "workerId": person.worker_id,
        "workerMetadata": worker_metadata(person, truth),
        "answerContent": content,
    }


def response_file(prepared: Prepared, index: int, name: str, answers: list[Any]) -> OutFile:
    """A worker-response file of an item."""
    folder = response_folder(prepared, index)
    return OutFile(f"{folder}/{name}.json", {"answers": answers})


def response_folder(prepared: Prepared, index: int) -> str:
    """Where the item's worker responses lie, relative to the job's output."""
    return f"annotations/worker-response/iteration-{prepared.iteration_of[index]}/{index}"


def picture_size(files: S3Files, uri: str) -> tuple[int, int, int] | None:
    """Width, height and channels from an image's header; None when it is no readable image.

    Raises:
        InputProblem: when it does not exist or may not be read.
    """
    header = files.read(uri, "the image", _HEADER_BYTES)
    try:
        with Image.open(io.BytesIO(header)) as image:
            return image.width, image.height, len(image.getbands())
    except (UnidentifiedImageError, OSError):
        return None
