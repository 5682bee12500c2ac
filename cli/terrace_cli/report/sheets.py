"""The section of a report that leads to the pictures beside it."""

import os
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

from terrace_cli.draw.sheets import Sheet
from terrace_cli.report.svg import text
from terrace_cli.report.words import number


def links(sheets: Sequence[Sheet], page: Path) -> str:
    """A line for each lane: its contact sheet, its pictures, or why there are none."""
    rows = "".join(f"<li>{_line(one, page.absolute().parent)}</li>" for one in sheets)
    return f"<ul>{rows}</ul>" if rows else ""


def _line(one: Sheet, beside: Path) -> str:
    if one.sheet is None:
        return f"{text(one.job)}: not drawn: {text(one.problem)}"
    of = f" of {number(one.whole)}" if one.items < one.whole else ""
    return (
        f'{text(one.job)}: <a href="{_href(one.sheet, beside)}">contact sheet</a> and '
        f'<a href="{_href(one.folder, beside)}/">pictures</a> of {number(one.items)}{of} items'
    )


def _href(place: Path, beside: Path) -> str:
    return quote(Path(os.path.relpath(place.absolute(), beside)).as_posix())
