"""How batches look on a terminal: tables with rich, the same facts as lines without."""

from collections import Counter
from typing import TYPE_CHECKING

from terrace_cli.errors import ErrorRow
from terrace_cli.gate_words import gate_lines
from terrace_cli.views import BatchView, JobView
from terrace_cli.words import batch_waits_for, job_waits_for

if TYPE_CHECKING:
    from rich.console import Group, RenderableType
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
WIDE = 120
"""From this width on there is room for the modalities."""
MANY_JOBS = 30
"""Above it a table of levels stands for the jobs, since a live view must fit the terminal."""
ROWS_OF_MANY = 8


def batch_panel(batch: BatchView, note: str = "", width: int = 100) -> "Group":
    """The whole batch: a heading, the jobs by level, and what it waits for.

    Args:
        batch: What `show` said.
        note: A last line, such as "the API does not answer".
        width: Of the terminal, in characters.
    """
    from rich.console import Group
    from rich.text import Text

    head = Text.assemble(
        ("batch ", "dim"),
        (batch.batch_id, "bold"),
        "  ",
        (batch.status, STYLES.get(batch.status, "")),
        (" (being stopped)" if batch.stopping else "", "yellow"),
    )
    parts: list[RenderableType] = [head]
    shown = list(batch.jobs)
    if len(shown) > MANY_JOBS:
        parts.append(_levels_table(batch))
        shown = _worth_a_look(batch)
    if shown:
        parts.append(_jobs_table(batch, shown, modality=width >= WIDE))
    parts += [
        Text(f"{batch.short(job.name)}: {text}", style="dim")
        for job in shown
        if job.gate
        for text in gate_lines(job.gate)
    ]
    waits = batch_waits_for(batch)
    if waits:
        parts.append(Text.assemble(("now: ", "dim"), waits))
    if batch.failure:
        parts.append(Text.assemble(("why: ", "dim"), (batch.failure, "red")))
    if note:
        parts.append(Text(note, style="yellow"))
    return Group(*parts)


def _worth_a_look(batch: BatchView) -> list[JobView]:
    """Of many jobs, those that tell something: what went wrong, then what runs."""
    wrong = [job for job in batch.jobs if job.status in ("FAILED", "STOPPED", "INCOMPLETE")]
    busy = [job for job in batch.jobs if job.status in ("STARTING", "IN_PROGRESS")]
    return [*wrong[:ROWS_OF_MANY], *busy[:ROWS_OF_MANY]]


def _levels_table(batch: BatchView) -> "Table":
    """One row a level, for batches with more jobs than a terminal has lines."""
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in ("level", "ended", "items", "jobs by status"):
        table.add_column(heading, no_wrap=heading != "jobs by status")
    for level in batch.levels:
        own = batch.level(level)
        counts = Counter(job.status for job in own)
        table.add_row(
            str(level),
            f"{sum(job.ended for job in own)}/{len(own)}",
            f"{sum(job.labeled or 0 for job in own)}/{sum(job.items or 0 for job in own)}",
            ", ".join(f"{number} {status}" for status, number in counts.most_common()),
        )
    return table


def _jobs_table(batch: BatchView, jobs: list[JobView], *, modality: bool) -> "Table":
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("level", no_wrap=True)
    table.add_column("job", overflow="fold")
    if modality:
        table.add_column("asks for", overflow="fold", style="dim")
    table.add_column("items", no_wrap=True)
    table.add_column("status", no_wrap=True)
    table.add_column("waits for / because", overflow="fold")
    before = 0
    for job in jobs:
        own = batch.level(job.level)
        ended = sum(other.ended for other in own)
        style = STYLES.get(job.status, "")
        table.add_row(
            f"{job.level}  {ended}/{len(own)}" if job.level != before else "",
            batch.short(job.name),
            *([job.modality] if modality else []),
            Text(items_bar(job), style=style),
            Text(_status(job), style=style),
            job_waits_for(batch, job),
        )
        before = job.level
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
    stopping = " (being stopped)" if batch.stopping else ""
    lines = [f"batch {batch.batch_id}: {batch.status}{stopping}"]
    for job in batch.jobs:
        lines.append("  " + job_line(batch, job))
        lines += [f"      {text}" for text in (gate_lines(job.gate) if job.gate else [])]
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
