"""Worker responses, read: what each worker answered for one item, before it was consolidated.

A public workforce's file has who and when; a private team's also when the task was taken and how
long it was worked on. The answer itself is what the page's element wrote (fact sheet, 4.5), under
the element's name: it is read by that name being the first one, not by a fixed name.
"""

from dataclasses import dataclass
from typing import Any

from terrace.domain.json_reading import Node


@dataclass(frozen=True, slots=True)
class WorkerAnswer:
    """One worker's answer for one item."""

    worker_id: str
    """`private.<region>.<id>` or `public.<region>.<id>`: a person's, not to be shown."""
    submitted: str
    """ISO 8601, UTC."""
    accepted: str | None
    seconds: float | None
    """Time spent on the task."""
    element: str
    """Name of the page's element: `crowd-image-classifier`, `boundingBox`, ..."""
    content: Any
    """What that element wrote."""


def read(document: Any, uri: str) -> tuple[WorkerAnswer, ...]:
    """A worker response file, parsed before; UnreadableError with file, place and reason."""
    return tuple(_answer(entry) for entry in Node(document, uri)["answers"].items())


def _answer(entry: Node) -> WorkerAnswer:
    content = entry["answerContent"].members()
    if not content:
        entry["answerContent"].fail("is empty", "the name of the page's element and its answer")
    accepted, seconds = entry.get("acceptanceTime"), entry.get("timeSpentInSeconds")
    element, written = content[0]
    return WorkerAnswer(
        worker_id=entry["workerId"].text(),
        submitted=entry["submissionTime"].text(),
        accepted=accepted.text() if accepted else None,
        seconds=seconds.number() if seconds else None,
        element=element,
        content=written.value,
    )
