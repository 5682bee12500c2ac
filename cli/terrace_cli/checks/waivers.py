"""docs/security-waivers.yaml: what a check found and we keep, each with its reason.

A waiver that nothing needs any more is itself a finding, so the file cannot grow stale.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

import yaml

from terrace_cli.checks.finding import Finding

REASON_MIN = 20
"""Characters; a shorter text is no reason."""


@dataclass
class Waiver:
    """Findings of one check in named places that stay, and why."""

    check: str
    where: list[str]
    why: str
    used: set[str] = field(default_factory=set)

    def covers(self, finding: Finding) -> bool:
        """Whether it speaks of this finding; remembers which of its places were needed."""
        if finding.rule != self.check:
            return False
        places = [place for place in self.where if fnmatchcase(finding.where, place)]
        self.used.update(places)
        return bool(places)


@dataclass
class Waivers:
    """The file's content."""

    all: list[Waiver]

    def split(self, findings: Iterable[Finding]) -> tuple[list[Finding], list[Finding]]:
        """(what stands, what is waived)."""
        stands, waived = [], []
        for finding in findings:
            # Every waiver is asked, so that none is called stale because another was first.
            covered = [waiver.covers(finding) for waiver in self.all]
            (waived if any(covered) else stands).append(finding)
        return stands, waived

    def reason(self, finding: Finding) -> str | None:
        """Why a finding is waived, or None."""
        return next((waiver.why for waiver in self.all if waiver.covers(finding)), None)

    def stale(self, checks: set[str] | None = None) -> list[Finding]:
        """Places that no finding needed, of these checks (default: of all)."""
        return [
            Finding("waiver-stale", f"{waiver.check} at {place}", "nothing needs this waiver")
            for waiver in self.all
            if checks is None or waiver.check in checks
            for place in waiver.where
            if place not in waiver.used
        ]


def read_waivers(path: Path) -> Waivers:
    """Reads the file.

    Raises:
        ValueError: An entry lacks its check, its places or a reason worth the name.
    """
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    found = []
    for number, entry in enumerate(content["waivers"], start=1):
        if set(entry) != {"check", "where", "why"} or not entry["where"]:
            raise ValueError(f"{path.name}: waiver {number} needs check, where and why")
        why = " ".join(str(entry["why"]).split())
        if len(why) < REASON_MIN:
            raise ValueError(f"{path.name}: waiver {number} ({entry['check']}) gives no reason")
        found.append(Waiver(str(entry["check"]), [str(place) for place in entry["where"]], why))
    return Waivers(found)
