"""`python -m terrace_cli.check_table [--check]`: the table of checks in docs/quality.md.

Everything between the two marks is made from the catalog; what stands around them is written by
hand. With `--check` nothing is written, and the exit code is 1 if the table is stale.
"""

import argparse
import sys
from pathlib import Path

from terrace.domain.quality.catalog import CHECKS
from terrace.domain.quality.check import Check, Kind

FILE = Path(__file__).parents[2] / "docs" / "quality.md"
BEGIN = "<!-- checks: made by `make schemas` from functions/terrace/domain/quality/catalog*.py -->"
END = "<!-- end of checks -->"

KINDS: dict[Kind, str] = {
    "track": "Frames of a sequence",
    "image": "Images",
    "class": "Classes of items",
    "text": "Texts",
    "cloud": "Single point clouds",
    "workers": "Answers of several workers",
    "own": "Your own",
}


def table() -> str:
    """Everything between the marks: a table for each kind of thing that is looked at."""
    parts = []
    for kind, heading in KINDS.items():
        rows = [row for row in CHECKS.values() if kind in row.kinds]
        if rows:
            parts += [f"### {heading}\n", _table(rows)]
    return "\n".join(parts)


def page(text: str) -> str:
    """The file with the table in its place.

    Raises:
        ValueError: the marks are not there, or not once each.
    """
    if text.count(BEGIN) != 1 or text.count(END) != 1 or text.index(BEGIN) > text.index(END):
        raise ValueError(f"{FILE.name} must hold {BEGIN!r} and then {END!r}, once each")
    before, rest = text.split(BEGIN)
    return f"{before}{BEGIN}\n\n{table()}\n{END}{rest.split(END)[1]}"


def _table(rows: list[Check]) -> str:
    lines = ["| check | flags at | unit | severity | what it says |", "|---|---|---|---|---|"]
    lines += [f"| {' | '.join(_cells(row))} |" for row in rows]
    return "\n".join(lines) + "\n"


def _cells(row: Check) -> tuple[str, ...]:
    limit = "-" if row.threshold is None else f"{row.threshold:g}"
    if row.threshold is not None:
        limit += " or less" if row.less_is_worse else " or more"
    return (f"`{row.name}`", limit, row.unit, row.severity.value, row.says)


def main(arguments: list[str] | None = None) -> int:
    """Writes the table, or says whether it is stale."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if stale")
    text = FILE.read_text(encoding="utf-8")
    made = page(text)
    if parser.parse_args(arguments).check:
        if text == made:
            return 0
        print(f"{FILE.name} is not what the catalog says; run make schemas", file=sys.stderr)
        return 1
    FILE.write_text(made, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
