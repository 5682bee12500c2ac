"""How gold scores look on a terminal."""

from typing import TYPE_CHECKING

from terrace.domain.quality.metrics import total
from terrace_cli.quality.gold_files import Scored

if TYPE_CHECKING:
    from rich.console import Console

SHOWN = 20
"""Wrong items named one by one."""


def show(scored: Scored, console: "Console") -> None:
    """A sentence, the classes, the workers with the lowest score first, and what is wrong."""
    from rich.table import Table

    report = scored.report
    console.print(sentence(scored), highlight=False)
    if report.byClass:
        table = Table("class", "known", "labeled", "right", "precision", "recall")
        # Classes of whole items have no place: all overlaps are 1, and say nothing.
        drawn = any(score.overlap != score.right for score in report.byClass.values())
        if drawn:
            table.add_column("mean overlap")
        for name, score in sorted(report.byClass.items()):
            shares = [score.precision, score.recall, *([score.meanOverlap] if drawn else [])]
            table.add_row(
                name,
                *(str(number) for number in (score.truth, score.labels, score.right)),
                *(_share(value) for value in shares),
            )
        console.print(table)
    if report.workers:
        table = Table("worker", "gold answers", "right", "score")
        for worker in report.workers:
            table.add_row(
                worker.worker, str(worker.answers), str(worker.right), _share(worker.score)
            )
        console.print(table)
    wrong = [one for one in report.scored if one.judgement and not one.judgement.right]
    for one in wrong[:SHOWN]:
        assert one.judgement is not None
        console.print(f"{one.name}: {one.judgement.says}", highlight=False, markup=False)
    if len(wrong) > SHOWN:
        console.print(f"and {len(wrong) - SHOWN} more (--json names all)", highlight=False)
    for said in report.notCompared:
        console.print(f"not compared: {said}", highlight=False, markup=False)


def sentence(scored: Scored) -> str:
    """How many gold items are right, of how many."""
    report = scored.report
    if report.share is None:
        return f"{scored.attribute}: {len(report.items)} gold items, none could be scored."
    unlabeled = sum(one.judgement is None for one in report.items)
    also = f", {unlabeled} without a label" if unlabeled else ""
    f1 = total(report.byClass).f1
    objects = f"; F1 of what is in them {f1:.2f}" if f1 is not None else ""
    return (
        f"{scored.attribute}: {report.right} of {len(report.scored)} gold items are right "
        f"({100 * report.share:.1f} %{also}{objects})."
    )


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"
