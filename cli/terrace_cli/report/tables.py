"""Tables of a report's page: every cell escaped, every unknown a dash with its reason."""

from collections.abc import Iterator, Sequence
from typing import Any

from terrace_cli.report.svg import text
from terrace_cli.report.words import changed, number, seconds, severities, why

Json = dict[str, Any]
GOOD = frozenset({"COMPLETE", "SKIPPED", "SUCCESS"})
BAD = frozenset({"FAILED", "DROPPED", "VALIDATION_FAIL"})


def status(word: object) -> str:
    """A status as a pill."""
    kind = "good" if word in GOOD else "bad" if word in BAD else "warn"
    return f'<span class="status {kind}">{text(word)}</span>'


def table(heads: Sequence[tuple[str, bool]], rows: Sequence[Sequence[str]], about: str) -> str:
    """A table; `heads` are (name, is a number); cells are markup already."""
    if not rows:
        return f'<p class="none">{text(about)}: there is none.</p>'
    kinds = [' class="n"' if numeric else "" for _, numeric in heads]
    head = "".join(
        f'<th scope="col"{kind}>{text(name)}</th>'
        for (name, _), kind in zip(heads, kinds, strict=True)
    )
    body = "".join(
        "<tr>"
        + "".join(
            cell if cell.startswith("<td") else f"<td{kind}>{cell}</td>"
            for cell, kind in zip(row, kinds, strict=True)
        )
        + "</tr>"
        for row in rows
    )
    return (
        f'<div class="scroll"><table aria-label="{text(about)}"><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def known(part: Json, name: str, shown: str | None = None) -> str:
    """A number's cell; a dash says on pointing why there is none."""
    reason = why(part, name)
    if reason:
        return f'<td class="n" title="{text(reason)}">-</td>'
    return f'<td class="n">{text(shown if shown is not None else number(part.get(name)))}</td>'


def jobs(report: Json) -> str:
    """Level by level, a row per job."""
    heads = [
        ("level", True), ("job", False), ("status", False), ("items", True),
        ("labeled", True), ("took", True), ("waited", True), ("attempts", True),
        ("findings", False), ("changed", False),
    ]  # fmt: skip
    rows = []
    for level in report.get("levels") or []:
        for job in level.get("jobs") or []:
            timing = job.get("timing") or {}
            found, changes = job.get("findings"), job.get("changes")
            name = (
                f"<b>{text(job['jobName'])}</b><br>"
                f'<span class="dim">{text(job["jobModality"])}</span>'
            )
            if job.get("failureReason"):
                name += f'<br><span class="bad">{text(job["failureReason"])}</span>'
            rows.append(
                [
                    text(level["level"]),
                    name,
                    status(job["status"]),
                    known(job, "numItems"),
                    known(job, "numItemsLabeled"),
                    known(timing, "seconds", seconds(timing.get("seconds"))),
                    known(timing, "waitedSeconds", seconds(timing.get("waitedSeconds"))),
                    text(job["attempts"]),
                    text(severities(found)) if found else known(job, "findings"),
                    text(changed(changes)) if changes else known(job, "changes"),
                ]
            )
    return table(heads, rows, "jobs by level")


def checks(job: Json) -> str:
    """How often each check spoke."""
    heads = [("check", False), ("what it means", False), ("errors", True), ("warnings", True),
             ("info", True)]  # fmt: skip
    rows = [
        [f"<code>{text(row['check'])}</code>", text(row["says"]), number(row["error"]),
         number(row["warning"]), number(row["info"])]
        for row in (job.get("findings") or {}).get("byCheck") or []
    ]  # fmt: skip
    return table(heads, rows, f"findings of {job['jobName']} by check")


def findings(rows: Sequence[tuple[str, Json]]) -> str:
    """Findings, one a row."""
    heads = [("severity", False), ("job", False), ("item", True), ("frame", False),
             ("what", False), ("value", True), ("threshold", True)]  # fmt: skip
    cells = []
    for job, row in rows:
        frame = ""
        if row.get("frameNo") is not None:
            frame = f"{row.get('frame') or ''} ({row['frameNo']})".strip()
        severity = text(row["severity"])
        cells.append(
            [f'<span class="{severity}">{severity}</span>', text(job), text(row["item"]),
             text(frame), text(row["sentence"]), text(number(row.get("value"))),
             text(number(row.get("threshold")))]
        )  # fmt: skip
    return table(heads, cells, "worst findings")


def changes(all_jobs: Sequence[Json]) -> str:
    """What each review changed, in all and by class."""
    kinds = ("added", "removed", "moved", "nudged", "relabeled", "attributes", "corrections",
             "failVerdicts")  # fmt: skip
    heads = [("review", False), ("against", False), ("class", False), ("items", True),
             *((kind, True) for kind in kinds), ("per item", True)]  # fmt: skip
    rows = []
    for job in all_jobs:
        found = job.get("changes")
        if not found:
            continue
        parts = [("all", found), *sorted((found.get("byClass") or {}).items())]
        for name, tally in parts:
            rows.append(
                [text(job["jobName"]), text(found["against"]), text(name), number(tally["items"]),
                 *(number(tally.get(kind)) for kind in kinds),
                 text(number(tally.get("correctionsPerItem")))]
            )  # fmt: skip
    return table(heads, rows, "what the reviews changed")


def agreement(job: Json) -> str:
    """Each measure of agreement with what it rests on."""
    heads = [("measure", False), ("value", True), ("items", True), ("why not", False)]
    found = job.get("agreement") or {}
    rows = []
    for name, one in (found.get("measures") or {}).items():
        value = one.get("value") if isinstance(one, dict) else one
        items = one.get("items", one.get("units")) if isinstance(one, dict) else None
        reason = (one.get("why") or "") if isinstance(one, dict) else ""
        rows.append([f"<code>{text(name)}</code>", text(number(value)), text(number(items)),
                     text(reason)])  # fmt: skip
    return table(heads, rows, f"agreement of the workers of {job['jobName']}")


def gold(job: Json) -> str:
    """The gold items that were labeled wrong, and each worker's score on them all."""
    found = job["gold"]
    about = f"gold items of {job['jobName']}"
    wrong = table(
        [("item", True), ("name", False), ("score", True), ("how it differs", False)],
        [[text(number(row.get("item"))), text(row.get("name", "")),
          text(number(row.get("score"))), text(row.get("says", ""))]
         for row in found.get("wrong") or []],
        f"{about} with a wrong label",
    )  # fmt: skip
    scored = table(
        [("worker", False), ("answers", True), ("right", True), ("score", True)],
        [[f"<code>{text(row.get('worker', ''))}</code>", text(number(row.get("answers"))),
          text(number(row.get("right"))), text(number(row.get("score")))]
         for row in found.get("workers") or []],
        f"workers on {about}",
    )  # fmt: skip
    return wrong + scored


def workers(all_jobs: Sequence[Json]) -> str:
    """Workers by pseudonym."""
    columns = _columns(all_jobs)
    heads = [("job", False), ("worker", False), *((name, True) for name in columns)]
    rows = [
        [text(job["jobName"]), f"<code>{text(row.get('worker', ''))}</code>",
         *(text(number(row.get(name))) for name in columns)]
        for job in all_jobs
        for row in job.get("workers") or []
    ]  # fmt: skip
    return table(heads, rows, "workers")


def _columns(all_jobs: Sequence[Json]) -> list[str]:
    """Numbers that any worker's row has, in order of appearance."""
    seen: dict[str, None] = {}
    for job in all_jobs:
        for row in job.get("workers") or []:
            seen.update(dict.fromkeys(name for name, _ in _numbers(row)))
    return list(seen)


def _numbers(row: Json) -> Iterator[tuple[str, Any]]:
    for name, value in row.items():
        if name != "worker" and (value is None or isinstance(value, int | float)):
            yield name, value
