"""`python -m terrace_cli.checks.security_doc`: the generated parts of docs/security.md.

Written between `<!-- begin NAME -->` and `<!-- end NAME -->`; what stands around them is written by
people. A test compares, so the document cannot say what the template no longer does.
"""

import logging
from collections import Counter
from pathlib import Path

from terrace_cli.checks import checklist, serverless_pack
from terrace_cli.checks.expand import Template, expand
from terrace_cli.checks.proof import RULE, read_called, table
from terrace_cli.checks.waivers import read_waivers

ROOT = Path(__file__).resolve().parents[3]
DOCUMENT = ROOT / "docs" / "security.md"
WAIVERS = ROOT / "docs" / "security-waivers.yaml"
CALLED = ROOT / "docs" / "iam-proof.json"


def render(text: str) -> str:
    """The document with every generated part as it should be."""
    template = expand(ROOT / "template.yaml")
    parts = {
        "rights": _rights(template),
        "waivers": _waivers(),
        "serverless-pack": _pack(template),
        "checklist": _checklist(template),
    }
    for name, content in parts.items():
        begin, end = f"<!-- begin {name} -->", f"<!-- end {name} -->"
        if text.count(begin) != 1 or text.count(end) != 1:
            raise ValueError(f"{DOCUMENT.name} needs one part called {name}")
        before, _, rest = text.partition(begin)
        text = f"{before}{begin}\n{content}\n{end}{rest.partition(end)[2]}"
    return text


def write() -> None:
    """Writes the document's generated parts."""
    DOCUMENT.write_text(render(DOCUMENT.read_text(encoding="utf-8")), encoding="utf-8")


def _rights(template: Template) -> str:
    rows = table(template, read_called(CALLED), read_waivers(WAIVERS))
    counts = Counter("called" if row[4] == "called" else "explained" for row in rows)
    lines = [
        f"{len(rows)} rights: {counts['called']} called in the proof, {counts['explained']} never "
        "called, each with its reason.",
    ]
    holder = ""
    for row in rows:
        if row[0] != holder:
            holder = row[0]
            lines += ["", f"**{holder}**", "", "| statement | action | resource | called |"]
            lines.append("|---|---|---|---|")
        why = "yes" if row[4] == "called" else f"no: {row[4]}"
        lines.append(f"| {row[1]} | `{row[2]}` | `{row[3]}` | {why} |")
    return "\n".join(lines)


def _waivers() -> str:
    lines = ["| check | where | why it stays |", "|---|---|---|"]
    for waiver in read_waivers(WAIVERS).all:
        if waiver.check != RULE:
            places = ", ".join(f"`{place}`" for place in waiver.where)
            lines.append(f"| {waiver.check} | {places} | {waiver.why} |")
    return "\n".join(lines)


def _pack(template: Template) -> str:
    waivers = read_waivers(WAIVERS)
    lines = ["| rule | asks for | looked at | kept | evidence |", "|---|---|---|---|---|"]
    for score in serverless_pack.score(template):
        stands, waived = waivers.split(score.findings)
        if score.looked_at == 0:
            kept = "nothing to look at"
        else:
            kept = f"{len(stands)} broken" if stands else "yes"
        reason = f", {len(waived)} waived" if waived else ""
        lines.append(
            f"| {score.rule.name} | {score.rule.asks} | {score.looked_at} | {kept}{reason} "
            f"| `nag-{score.rule.name}` |"
        )
    return "\n".join(lines)


def _checklist(template: Template) -> str:
    found = checklist.rows(ROOT, template)
    counts = Counter(row.verdict for row in found)
    lines = [
        f"{len(found)} items: {counts['yes']} yes, {counts['no']} no, "
        f"{counts['n/a']} do not apply.",
        "",
        "| area | item | | evidence, or why not |",
        "|---|---|---|---|",
    ]
    for row in found:
        evidence = ", ".join(f"`{one}`" for one in row.evidence)
        text = ". ".join(part for part in (row.why.rstrip("."), evidence) if part)
        lines.append(f"| {row.area} | {row.item} | {row.verdict} | {text} |")
    return "\n".join(lines)


if __name__ == "__main__":
    logging.getLogger("samtranslator").setLevel(logging.ERROR)
    write()
