"""How findings look on a terminal: what there is, the objects, and the worst first."""

from typing import TYPE_CHECKING, Any

from terrace.domain.quality.findings import Finding, Severity
from terrace_cli.options import printable
from terrace_cli.quality.checking import Result

if TYPE_CHECKING:
    from rich.console import RenderableType

STYLES = {Severity.error: "bold red", Severity.warning: "yellow", Severity.info: "dim"}
NAMED_MAX = 12
"""Flagged frames named in one line."""


def summary(result: Result) -> str:
    """One sentence: how much of what."""
    counts = result.counts
    items = f"{counts['items']} {'item' if counts['items'] == 1 else 'items'}"
    if not result.findings:
        return f"{result.labels.place}: nothing was found in {items}."
    by = counts["bySeverity"]
    parts = [f"{by[one.value]} {one.value}" for one in reversed(Severity) if one.value in by]
    number = counts["findings"]
    what = "1 finding" if number == 1 else f"{number} findings"
    return f"{result.labels.place}: {what} in {items} ({', '.join(parts)})."


def findings(rows: list[Finding], most: int) -> "RenderableType":
    """The worst findings, one row each."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading, wrap in (
        ("severity", False),
        ("check", False),
        ("value", False),
        ("what is odd", True),
    ):
        table.add_column(heading, no_wrap=not wrap, overflow="fold")
    for row in rows[:most]:
        style = STYLES[row.severity]
        table.add_row(
            Text(row.severity.value, style=style),
            row.check,
            _value(row),
            Text(printable(row.sentence)),
        )
    return table


def objects(result: Result) -> "RenderableType | None":
    """One row for each object with findings; None where no sequence was looked at."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    rows = [row for one in result.sequences for row in one.objects]
    if not rows:
        return None
    several = len(result.sequences) > 1
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in (*(["item"] if several else []), "object", "frames", "worst frame", "flagged"):
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(
            *([str(row["item"])] if several else []),
            Text(printable(" ".join(filter(None, (row["objectName"], row["sensor"]))))),
            str(len(row["frameNos"])),
            "" if row["worstFrame"] is None else str(row["worstFrame"]),
            _numbers(row["flaggedFrames"]),
        )
    return table


def flagged(result: Result) -> list[str]:
    """For each sequence with flagged frames, a line that names them."""
    lines = []
    for one in result.sequences:
        numbers = one.flagged
        if numbers:
            which = f"item {one.sequence.item}: " if len(result.sequences) > 1 else ""
            frames = "1 frame" if len(numbers) == 1 else f"{len(numbers)} frames"
            lines.append(f"{which}{frames} to look at: {_numbers(numbers)}")
    return lines


def _numbers(numbers: list[int]) -> str:
    text = ", ".join(map(str, numbers[:NAMED_MAX]))
    return f"{text}, ... ({len(numbers)})" if len(numbers) > NAMED_MAX else text


def _value(row: Finding) -> str:
    if row.value is None:
        return ""
    shown = f"{row.value:.3g}"
    return shown if row.threshold is None else f"{shown} ({row.threshold:.3g})"


def show(result: Result, most: int, console: Any) -> None:
    """Everything, for people."""
    console.print(printable(summary(result)), highlight=False, markup=False, soft_wrap=True)
    if result.findings:
        console.print(findings(result.findings, most))
        if len(result.findings) > most:
            left = len(result.findings) - most
            console.print(f"{left} more: --limit {len(result.findings)}, or --json", style="dim")
    table = objects(result)
    if table is not None:
        console.print(table)
    for line in flagged(result):
        console.print(line, highlight=False)
