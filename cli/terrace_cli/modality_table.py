"""`python -m terrace_cli.modality_table [--check]`: docs/modalities.md, made from the table.

With `--check` nothing is written, and the exit code is 1 if the file is stale.
"""

import argparse
import re
import sys
from collections.abc import Callable
from pathlib import Path

from terrace.domain.modalities import MODALITIES, REGION_ACCOUNTS, reviews_of
from terrace.domain.modality import DAY, Modality, Shape

FILE = Path(__file__).parents[2] / "docs" / "modalities.md"
EVENTS = "../events/api.create.{name}.json"

SHAPES: dict[Shape, str] = {
    "class": "class number",
    "classes": "list of class numbers",
    "boxes": "boxes in the line",
    "mask": "URI of a PNG, colours in the metadata",
    "spans": "entities in the line",
    "frames": "URI of a SeqLabel.json",
    "cuboids": "cuboids in the line",
    "cloud-mask": "URI of a zlib file, one class a point",
    "verdict": "class number of the verdict",
    "custom": "what the function returns",
}

TEXT = Path(__file__).with_suffix(".md")
"""What stands around the tables; words in capitals are replaced."""


def page() -> str:
    """The whole file."""
    bases = [row for row in MODALITIES.values() if row.review is None]
    built_in = {row.pre_lambda for row in MODALITIES.values() if row.pre_lambda}
    parts = [
        _table(("modality", "example batch", "family", "functions", "page"), _made_of),
    ]
    parts.append("## Labels and limits\n")
    parts.append(
        _table(
            (
                "modality",
                "attribute",
                "`type`",
                "label",
                "category file",
                "workers",
                "task",
                "items",
            ),
            _limits,
        )
    )
    parts.append("## Which reviews there are\n")
    parts.append(
        "\n".join(
            [
                "| modality | reviews |",
                "|---|---|",
                *(
                    f"| {row.name} | "
                    f"{', '.join(r.name for r in reviews_of(row)) or _no_review(row)} |"
                    for row in bases
                ),
            ]
        )
        + "\n"
    )
    words = {
        "COUNT": str(len(MODALITIES)),
        "TYPES": str(len(built_in)),
        "REGIONS": str(len(REGION_ACCOUNTS)),
        "NAMES": ", ".join(REGION_ACCOUNTS),
        "TABLES": "\n".join(parts).rstrip(),
    }
    text = TEXT.read_text(encoding="utf-8")
    return re.sub(r"\b(COUNT|TYPES|REGIONS|NAMES|TABLES)\b", lambda found: words[found[0]], text)


def _table(names: tuple[str, ...], row_of: Callable[[Modality], tuple[str, ...]]) -> str:
    lines = [f"| {' | '.join(names)} |", f"|{'---|' * len(names)}"]
    lines += [f"| {' | '.join(row_of(row))} |" for row in MODALITIES.values()]
    return "\n".join(lines) + "\n"


def _made_of(row: Modality) -> tuple[str, ...]:
    example = f"[{row.base}]({EVENTS.format(name=row.base)})"
    functions = f"`{row.pre_lambda}`, `{row.acs_lambda}`" if row.pre_lambda else "Terrace's, or own"
    if row.human_task_ui:
        ui = f"AWS: {row.human_task_ui}"
    else:
        ui = f"`{row.ui_template}`" if row.ui_template else "own, or `skeleton.liquid.html`"
    return (f"`{row.name}`", example, row.family, functions, ui)


def _limits(row: Modality) -> tuple[str, ...]:
    return (
        f"`{row.name}`",
        "`...-ref`" if row.attribute_ref_suffix else "not `-ref`",
        f"`{row.output_type}`" if row.output_type else "not documented",
        SHAPES[row.output_shape],
        _categories(row),
        _range(row.workers_min, row.workers_max),
        _time(row),
        _items(row),
    )


def _time(row: Modality) -> str:
    most, usual = row.task_time_limit_max, row.task_time_limit_default
    return f"{most // 3600} h" if most < DAY else f"{most // DAY} days (default {usual // DAY})"


def _categories(row: Modality) -> str:
    kind = "verdicts" if row.verdict_labels else "frames" if row.frame_categories else "labels"
    number = _range(row.label_min, row.label_max)
    optional = ", optional" if row.categories_optional or row.verdict_labels else ""
    notes = ", no attributes of labels" if row.frame_categories and not row.label_attributes else ""
    notes += ", instructions needed" if row.instructions_required else ""
    return f"{kind} {number} x {row.label_name_max}{optional}{notes}"


def _items(row: Modality) -> str:
    if row.sequences:
        return f"{row.max_sequences:,} sequences x {row.max_frames_per_sequence:,} frames"
    images = f", {row.max_images_per_frame} images each" if row.max_images_per_frame else ""
    return f"{row.max_items:,}{images}"


def _range(low: int, high: int | None) -> str:
    if high is None:
        return f"{low}+"
    return str(low) if low == high else f"{low}-{high}"


def _no_review(row: Modality) -> str:
    return "itself" if row.can_review else "none in Ground Truth"


def main(arguments: list[str] | None = None) -> int:
    """Writes the file, or says whether it is stale."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if stale")
    made = page()
    if parser.parse_args(arguments).check:
        if FILE.exists() and FILE.read_text(encoding="utf-8") == made:
            return 0
        print(f"{FILE.name} is not what the table says; run make schemas", file=sys.stderr)
        return 1
    FILE.write_text(made, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
