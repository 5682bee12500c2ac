"""AWS's production readiness checklist, scored: checklist.yaml read, and its evidence looked up."""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from terrace_cli.checks.expand import Template
from terrace_cli.checks.rights import everything
from terrace_cli.checks.waivers import read_waivers

FILE = Path(__file__).with_name("checklist.yaml")
VERDICTS = {"yes", "no", "n/a"}


@dataclass(frozen=True)
class Row:
    """One item of the list."""

    area: str
    item: str
    verdict: str
    evidence: list[str]
    why: str = ""
    problems: list[str] = field(default_factory=list)


def rows(root: Path, template: Template) -> list[Row]:
    """Every item; `problems` says what is wrong with how it is scored."""
    found = []
    for entry in yaml.safe_load(FILE.read_text(encoding="utf-8")):
        problems = [
            problem
            for evidence in entry["evidence"]
            if (problem := _problem(evidence, root, template))
        ]
        if entry["verdict"] not in VERDICTS:
            problems.append(f"verdict {entry['verdict']}")
        if entry["verdict"] != "yes" and not entry.get("why"):
            problems.append("no reason is given")
        if entry["verdict"] == "yes" and not entry["evidence"]:
            problems.append("no evidence is given")
        found.append(
            Row(
                **{**entry, "why": " ".join(entry.get("why", "").split())}, **{"problems": problems}
            )
        )
    return found


def _problem(evidence: str, root: Path, template: Template) -> str | None:
    """Why a piece of evidence is none, or None."""
    kind, _, what = evidence.partition(" ")
    look = {
        "check": lambda: _is_a_rule(what, root),
        "template": lambda: _holds(what, template),
        "test": lambda: _is_a_test(what, root),
        "file": (root / what).is_file,
        "waiver": lambda: any(
            waiver.check == what
            for waiver in read_waivers(root / "docs" / "security-waivers.yaml").all
        ),
    }.get(kind)
    if look is None:
        return f"{evidence}: no such kind of evidence"
    return None if look() else f"{evidence}: not there"


def _is_a_rule(rule: str, root: Path) -> bool:
    """Whether the checks' own code knows a rule of that name."""
    name = rule.removeprefix("nag-")
    sources = (root / "cli" / "terrace_cli" / "checks").glob("*.py")
    return any(re.search(rf'"{re.escape(name)}"', path.read_text("utf-8")) for path in sources)


def _holds(path: str, template: Template) -> bool:
    name, _, rest = path.partition(".")
    if name not in template["Resources"]:
        return False
    value: Any = everything(template).resource(name)
    for key in rest.split("."):
        if not isinstance(value, dict) or key not in value:
            return False
        value = value[key]
    return value not in (None, "", [], {})


def _is_a_test(node: str, root: Path) -> bool:
    file, _, name = node.partition("::")
    path = root / file
    return path.is_file() and f"def {name}(" in path.read_text(encoding="utf-8")
