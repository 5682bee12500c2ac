"""How batches look on a terminal: tables with rich, the same facts as lines without."""

from typing import TYPE_CHECKING

from terrace_cli.errors import ErrorRow
from terrace_cli.views import BatchView, JobView
from terrace_cli.words import batch_waits_for, job_waits_for

if TYPE_CHECKING:
    from rich.console import Group
    from rich.table import Table

STYLES = {
    "COMPLETE": "green",
    "COMPLETE_WITH_ERRORS": "yellow",
    "INCOMPLETE": "yellow",
    "IN_PROGRESS": "cyan",
    "STARTING": "cyan",
    "PENDING": "dim",
    "SKIPPED": "dim",
    "DROPPED": "red",
    "STOPPED": "yellow",
    "FAILED": "bold red",
    "VALIDATION_FAIL": "bold red",
}
BAR_WIDTH = 12


def batch_panel(batch: BatchView, note: str = "") -> "Group":
    """The whole batch: a heading, the jobs by level, and what it waits for.

    Args:
        batch: What `show` said.
        note: A last line, such as "the API does not answer".
    """
    from rich.console import Group
    from rich.text import Text

    head = Text.assemble(
        ("batch ", "dim"),
        (batch.batch_id, "bold"),
        "  ",
        (batch.status, STYLES.get(batch.status, "")),
    )
    parts: list[object] = [head, _jobs_table(batch)]
    waits = batch_waits_for(batch)
    if waits:
        parts.append(Text.assemble(("now: ", "dim"), waits))
    if batch.failure:
        parts.append(Text.assemble(("why: ", "dim"), (batch.failure, "red")))
    if note:
        parts.append(Text(note, style="yellow"))
    return Group(*parts)  # type: ignore[arg-type]


def _jobs_table(batch: BatchView) -> "Table":
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("level", no_wrap=True)
    table.add_column("job", overflow="fold")
    table.add_column("asks for", overflow="fold", style="dim")
    table.add_column("items", no_wrap=True)
    table.add_column("status", no_wrap=True)
    table.add_column("waits for / because", overflow="fold")
    for level in batch.levels:
        own = batch.level(level)
        ended = sum(job.ended for job in own)
        for place, job in enumerate(own):
            heading = f"{level}  {ended}/{len(own)}" if place == 0 else ""
            table.add_row(
                heading,
                batch.short(job.name),
                job.modality,
                Text(items_bar(job), style=STYLES.get(job.status, "")),
                Text(_status(job), style=STYLES.get(job.status, "")),
                job_waits_for(batch, job),
            )
    return table


def items_bar(job: JobView) -> str:
    """Items done of all, with a small bar: `######------ 1/2`; "" while nothing is known."""
    if not job.items:
        return ""
    done = min(job.items, job.labeled or 0)
    filled = round(BAR_WIDTH * done / job.items)
    return f"{'#' * filled}{'-' * (BAR_WIDTH - filled)} {done}/{job.items}"


def _status(job: JobView) -> str:
    return job.status if job.attempt == 1 else f"{job.status} (attempt {job.attempt})"


def job_line(batch: BatchView, job: JobView) -> str:
    """One job as one line of plain text."""
    items = "" if job.items is None else f" {job.labeled or 0}/{job.items} items"
    waits = job_waits_for(batch, job)
    reason = ""
    if waits:
        reason = f" ({waits})" if job.ended else f", waits for {waits}"
    return f"level {job.level} {batch.short(job.name)}: {_status(job)}{items}{reason}"


def batch_lines(batch: BatchView) -> list[str]:
    """The whole batch as plain lines."""
    lines = [f"batch {batch.batch_id}: {batch.status}"]
    lines += ["  " + job_line(batch, job) for job in batch.jobs]
    waits = batch_waits_for(batch)
    if waits:
        lines.append(f"now: {waits}")
    if batch.failure:
        lines.append(f"why: {batch.failure}")
    return lines


def error_lines(rows: list[ErrorRow] | tuple[ErrorRow, ...]) -> list[str]:
    """Everything that is wrong: where, what, and what would be right."""
    lines = []
    for row in rows:
        lines.append(f"  {row.path or '(request)'}: {row.problem}  [{row.code}]")
        if row.fix:
            lines.append(f"      fix: {row.fix}")
    return lines
