"""All of a batch's lanes drawn into one folder, each with a contact sheet: what a report links."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from terrace_cli.convert.documents import Documents
from terrace_cli.draw.batch import Part, parts
from terrace_cli.draw.run import Order, run
from terrace_cli.errors import TerraceError
from terrace_cli.progress import Step

SIDE = 1600
MOST = 200
"""Items of a lane that are drawn: as many as a contact sheet shows."""


@dataclass(frozen=True)
class Sheet:
    """One lane, drawn.

    Attributes:
        job: whose output it is.
        sheet: the contact sheet; None where it could not be drawn.
        folder: of its pictures.
        items: how many were drawn.
        whole: how many items have a label.
        problem: why there is none.
    """

    job: str
    sheet: Path | None
    folder: Path
    items: int = 0
    whole: int = 0
    problem: str | None = None


def drawn(shown: dict[str, Any], out: Path, documents: Documents, step: Step) -> list[Sheet]:
    """Draws the output of the last job of each lane.

    What cannot be drawn (a Custom job's answers, say) is noted and does not end the others.

    Args:
        shown: the answer of `GET /batch/show`.
        out: a folder, new or empty.
        documents: S3.
        step: told how far it is.

    Raises:
        TerraceError: the batch has no outputs.
    """
    return [_lane(part, out, documents, step) for part in parts(shown, ())]


def _lane(part: Part, out: Path, documents: Documents, step: Step) -> Sheet:
    folder, sheet = out / part.job, out / f"{part.job}.jpg"
    try:
        categories = documents.json(part.categories) if part.categories else None
        order = Order(
            part.place,
            part.attributes,
            folder,
            sheet,
            MOST,
            categories if isinstance(categories, dict) else None,
            None,
            SIDE,
        )
        done = run(order, documents, step)
    except TerraceError as error:
        return Sheet(part.job, None, folder, problem=str(error))
    return Sheet(part.job, sheet, folder, done.drawn, done.whole)
