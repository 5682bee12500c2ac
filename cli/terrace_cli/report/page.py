"""The report as one page: no script, nothing fetched, every text of a stranger escaped."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from terrace_cli.client import Client
from terrace_cli.report import objects, pictures, tables
from terrace_cli.report.material import Material, s3_files, whole
from terrace_cli.report.svg import Bar, bars, text
from terrace_cli.report.words import number, seconds, severities, shortened, why

SEQUENCES_MAX = 12
"""Sequences whose objects are plotted; the JSON has the others."""
FINDINGS_MAX = 60
INFO_MAX = 10
RANK = {"error": 0, "warning": 1, "info": 2}
POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
Json = dict[str, Any]


def page_of(client: Client, batch_id: str, s3: Any) -> str:
    """The page on a batch, from its API and this S3 client.

    Raises:
        TerraceError: there is no answer, or no such report.
    """
    fetch = s3_files(lambda: s3)
    found = whole(client.report(batch_id), fetch)
    return render(Material(shortened(found), fetch))


def render(material: Material, links: str = "") -> str:
    """The whole page.

    Args:
        material: the report and its files.
        links: of the section of pictures that lie beside the page, as HTML; see `sheets.links`.
    """
    report = material.report
    name = text(report["batchId"])
    # Rendered first: what could not be read on the way is said at the top.
    sections = [part for part in _sections(material, links) if part[2]]
    nav = "".join(f'<a href="#{key}">{text(title)}</a>' for key, title, _ in sections)
    body = "".join(
        f'<section id="{key}"><h2>{text(title)}</h2>{content}</section>'
        for key, title, content in sections
    )
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Report on {name}</title><style>{_style()}</style></head><body><main>"
        f"<header><h1>{name} {tables.status(report['status'])}</h1>{_head(report)}"
        f'<nav aria-label="sections">{nav}</nav></header>{_notes(material)}{body}'
        "</main></body></html>\n"
    )


def _style() -> str:
    return Path(__file__).with_name("page.css").read_text(encoding="utf-8")


def _head(report: Json) -> str:
    timing = report.get("timing") or {}
    parts = [f"from {timing.get('startedAt') or '-'}"]
    parts.append(f"to {timing['endedAt']}" if timing.get("endedAt") else "still in progress")
    parts.append(f"written {report.get('writtenAt')}")
    return f'<p class="dim">{text(", ".join(parts))}</p>'


def _notes(material: Material) -> str:
    notes = list(material.report.get("problems") or []) + material.missing
    if not material.report.get("complete"):
        notes.insert(0, "Not all of this report is known: the batch runs, or parts are missing.")
    return "".join(f'<p class="note">{text(one)}</p>' for one in notes[:20])


def _sections(material: Material, links: str) -> Iterator[tuple[str, str, str]]:
    report = material.report
    every = list(material.jobs())
    yield "summary", "In short", _cards(report, every)
    yield "jobs", "Levels and jobs", tables.jobs(report)
    yield "gates", "Gates: how much went to people", "".join(_gates(every))
    yield "worst", "Worst frames and items", _worst(material)
    yield "pictures", "Pictures", links
    yield "findings", "Findings", _findings(every)
    yield "changes", "What the reviews changed", _changes(every)
    yield "agreement", "Agreement", _agreement(every)
    yield "gold", "Gold items", "".join(_gold(every))
    has_workers = any(job.get("workers") for job in every)
    yield "workers", "Workers", tables.workers(every) if has_workers else ""
    yield "objects", "Objects over their frames", "".join(_objects(material, every))


def _cards(report: Json, every: list[Json]) -> str:
    timing = report.get("timing") or {}
    found: dict[str, int] = {}
    for job in every:
        for name, count in ((job.get("findings") or {}).get("bySeverity") or {}).items():
            found[name] = found.get(name, 0) + count
    examined = any(job.get("findings") for job in every)
    corrections = [job["changes"]["corrections"] for job in every if job.get("changes")]
    cards = [
        (seconds(timing.get("seconds")), "from start to end", why(timing, "seconds")),
        (number(report.get("numJobs")), "jobs", ""),
        (number(report.get("numItemsWorked")), "items given to people",
         why(report, "numItemsWorked")),
        (severities(found) if examined else "-", "findings, all jobs",
         "" if examined else "no labels were examined"),
        (number(sum(corrections)) if corrections else "-", "objects corrected by reviews",
         "" if corrections else "no review was compared"),
        (number(report.get("unlabeledItems")), "items without a label",
         why(report, "unlabeledItems")),
        (number(report.get("unreviewedItems")), "items not reviewed",
         why(report, "unreviewedItems")),
        (f"{report['feeUsd']:,.2f} USD" if report.get("feeUsd") is not None else "-",
         "AWS's fee, estimated", why(report, "feeUsd")),
    ]  # fmt: skip
    shown = "".join(
        f'<div class="card"><b>{text(value)}</b><span>{text(name)}'
        f"{f'<br>({text(reason)})' if reason else ''}</span></div>"
        for value, name, reason in cards
    )
    return f'<div class="cards">{shown}</div>'


def _gates(every: list[Json]) -> Iterator[str]:
    for job in every:
        gate = job.get("gate")
        if not gate:
            continue
        rows = [
            Bar("items of the lane", gate["items"], colour=6),
            Bar("flagged", gate["flagged"], _share(gate["flagged"], gate["items"]), 2),
            Bar("sent to people", gate["selected"], _share(gate["selected"], gate["items"]), 1),
        ]
        charts = bars(f"{job['jobName']}: items", rows, most=gate["items"])
        if gate.get("frames") is not None and gate.get("selectedFrames") is not None:
            sent = gate["selectedFrames"]
            rows = [
                Bar("frames of those items", gate["frames"], colour=6),
                Bar("frames sent", sent, _share(sent, gate["frames"]), 1),
            ]
            charts += bars(f"{job['jobName']}: frames", rows, most=gate["frames"])
        by_check = [
            Bar(name, count, colour=2) for name, count in (gate.get("byCheck") or {}).items()
        ]
        if by_check:
            charts += bars(f"{job['jobName']}: what its checks found", by_check)
        lot = gate.get("lot")
        said = ""
        if lot:
            verdict = {True: "accepted", False: "not accepted: everything was sent"}.get(
                lot.get("accepted"), "not judged"
            )
            said = (
                f"<p>Sample of {number(lot['looked'])} of {number(lot['size'])} items, "
                f"{number(lot.get('wrong'))} wrong, {number(lot['allowed'])} allowed: "
                f"{text(verdict)}.</p>"
            )
        yield f'{said}<div class="grid2">{charts}</div>'


def _share(part: float, whole: float) -> str:
    return f"({part / whole:.0%})" if whole else ""


def _worst(material: Material) -> str:
    spots = pictures.worst(material)
    if not spots:
        return ""
    return f'<div class="spots">{"".join(pictures.drawn(material, spots))}</div>'


def _findings(every: list[Json]) -> str:
    rows = [
        (str(job["jobName"]), row)
        for job in every
        for row in (job.get("findings") or {}).get("worst") or []
    ]
    rows.sort(key=lambda pair: RANK.get(pair[1]["severity"], 3))
    speaks = [pair for pair in rows if pair[1]["severity"] != "info"]
    rows = speaks or rows[:INFO_MAX]
    parts = []
    for job in every:
        found = job.get("findings")
        if found is None:
            continue
        head = (
            f'<h3>{text(job["jobName"])} <span class="dim">{text(severities(found))}; '
            f"{number(found['itemsFlagged'])} of {number(found['items'])} items flagged</span></h3>"
        )
        parts.append(head + (tables.checks(job) if found["byCheck"] else ""))
    if rows:
        parts.append(f"<h3>Worst first</h3>{tables.findings(rows[:FINDINGS_MAX])}")
    return "".join(parts)


def _changes(every: list[Json]) -> str:
    compared = [job for job in every if job.get("changes")]
    if not compared:
        return ""
    kinds = ("added", "removed", "moved", "relabeled", "attributes")
    charts = "".join(
        bars(
            f"{job['jobName']} against {job['changes']['against']}",
            [Bar(kind, job["changes"].get(kind) or 0, colour=4) for kind in kinds],
        )
        for job in compared
        if any(job["changes"].get(kind) for kind in kinds)
    )
    return f'<div class="grid2">{charts}</div>{tables.changes(compared)}'


def _agreement(every: list[Json]) -> str:
    parts = []
    silent: dict[str, list[str]] = {}
    for job in every:
        found = job.get("agreement")
        if not found:
            continue
        if not found.get("measures"):
            silent.setdefault(str(found.get("why") or "nothing was measured"), []).append(
                str(job["jobName"])
            )
            continue
        measured = [
            Bar(name, max(one["value"], 0.0), "" if one["value"] >= 0 else "(negative)", 5)
            for name, one in found["measures"].items()
            if isinstance(one, dict) and one.get("value") is not None
        ]
        chart = bars(f"{job['jobName']}: agreement", measured, most=1.0) if measured else ""
        parts.append(f"{chart}{tables.agreement(job)}")
    for reason, names in silent.items():
        parts.append(f'<p class="none">{text(", ".join(names))}: {text(reason)}</p>')
    return "".join(parts)


def _gold(every: list[Json]) -> Iterator[str]:
    for job in every:
        found = job.get("gold")
        if not found:
            continue
        yield (
            f'<h3>{text(job["jobName"])} <span class="dim">{number(found.get("right"))} of '
            f"{number(found.get('scored'))} right, {number(found.get('items'))} gold items"
            f"</span></h3>{tables.gold(job)}"
        )
        notes = [*(found.get("problems") or []), *(found.get("notCompared") or [])]
        yield "".join(f'<p class="note">{text(one)}</p>' for one in notes[:20])


def _objects(material: Material, every: list[Json]) -> Iterator[str]:
    files = [(job, row) for job in every for row in job.get("series") or []]
    # Sequences with flags first: they are what one looks at.
    files.sort(key=lambda pair: -len(pair[1].get("flaggedFrames") or []))
    for job, row in files[:SEQUENCES_MAX]:
        series = material.json_of(str(row["seriesS3Uri"]))
        title = f"{job['jobName']}, item {row['item']}: {row['name']}"
        yield f"<h3>{text(title)}</h3>"
        if series is None:
            yield '<p class="none">Its series could not be read.</p>'
            continue
        yield objects.flags_over_time(series, f"Flags over time: {title}")
        yield from objects.sequence(series, title)
    if len(files) > SEQUENCES_MAX:
        left = len(files) - SEQUENCES_MAX
        yield f'<p class="none">{left} more sequences are in the JSON files.</p>'
