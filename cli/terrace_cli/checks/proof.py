"""What each role may do against what it was seen to do: allowed = called, right by right.

A *right* is one action of one statement on one resource pattern. The embedded AWS notes every
decision (role, action, resource, allowed); a call counts for the narrowest right that allows it. A
right without a call must go, or stand in docs/security-waivers.yaml as `iam-never-called`.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from terrace_cli.checks.expand import Template
from terrace_cli.checks.finding import Finding
from terrace_cli.checks.resolve import Resolver
from terrace_cli.checks.rights import EVERYTHING_ON, Right, rights
from terrace_cli.checks.waivers import Waivers

RULE = "iam-never-called"
FREE = {"sts:GetCallerIdentity"}
"""Actions that AWS allows to everybody, whatever policies say."""
Calls = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Proof:
    """A run held against the template.

    Attributes:
        called: Rights that some call needed.
        refused: Calls that no role allowed, as text.
    """

    called: frozenset[Right]
    refused: tuple[str, ...]

    def save(self, path: Path) -> None:
        """Writes what was called, one right a line, for docs/security.md."""
        rows = [json.dumps([r.holder, r.sid, r.action, r.resource]) for r in sorted(self.called)]
        path.write_text("[\n" + ",\n".join(rows) + "\n]\n", encoding="utf-8")


def read_called(path: Path) -> frozenset[Right]:
    """What the last proof saw."""
    return frozenset(Right(*row) for row in json.loads(path.read_text(encoding="utf-8")))


def compare(
    template: Template,
    calls: Calls,
    *,
    physical: Mapping[str, str],
    parameters: Mapping[str, str],
    account: str,
) -> Proof:
    """Holds the calls of a run against the template.

    Args:
        template: The expanded template.
        calls: As `GET /_terrace/calls` lists them.
        physical: Physical ids of the run's stack, by logical id.
        parameters: The run's parameters.
        account: The run's account.
    """
    live = Resolver(template, {**EVERYTHING_ON, **parameters}, physical, account)
    general = Resolver(template, EVERYTHING_ON)
    # Both come in the template's own order, so the n-th of one is the n-th of the other.
    pairs = list(zip(_in_order(live), _in_order(general), strict=True))
    holders = {_name(physical.get(name, name)): name for name in {r.holder for r, _ in pairs}}
    called: set[Right] = set()
    refused: list[str] = []
    for call in calls:
        holder = holders.get(call["principal"], call["principal"])
        if not call["allowed"]:
            refused.append(f"{holder} {call['action']} {call['resource']}")
            continue
        fitting = [(mine, shown) for mine, shown in pairs if _allows(mine, holder, call)]
        if not fitting:
            if call["action"] not in FREE:
                what = f"{holder} {call['action']} {call['resource']}"
                refused.append(f"{what} (allowed by no statement)")
            continue
        narrowest = max(len(mine.resource) for mine, _ in fitting)
        called |= {shown for mine, shown in fitting if len(mine.resource) == narrowest}
    return Proof(frozenset(called), tuple(sorted(refused)))


def findings(template: Template, called: Iterable[Right]) -> list[Finding]:
    """Rights nobody was seen to need."""
    missing = set(rights(Resolver(template, EVERYTHING_ON))) - set(called)
    return [Finding(RULE, right.where, right.resource) for right in sorted(missing)]


def table(template: Template, called: Iterable[Right], waivers: Waivers) -> list[tuple[str, ...]]:
    """(role, statement, action, resource, why it stands) for every right of the template."""
    known = set(called)
    rows = []
    for right in rights(Resolver(template, EVERYTHING_ON)):
        if right in known:
            why = "called"
        else:
            why = waivers.reason(Finding(RULE, right.where, right.resource)) or "NEVER CALLED"
        rows.append((right.holder, right.sid, right.action, readable(right.resource), why))
    return rows


def readable(resource: str) -> str:
    """A resource pattern without what is the same in all of them."""
    short = resource.removeprefix("arn:aws:")
    short = short.replace(":us-east-1:111122223333:", ":")
    short = short.replace("-111122223333-us-east-1-", "-…-")
    return re.sub(r"terrace-(\w+)-1A2B3C4D5E6F", r"\1", short)


def _in_order(resolver: Resolver) -> list[Right]:
    return rights(resolver, keep_order=True)


def _name(physical: str) -> str:
    """A role's name as the record of calls has it."""
    return physical.rsplit("/", 1)[-1]


def _allows(right: Right, holder: str, call: Mapping[str, Any]) -> bool:
    return (
        right.holder == holder
        and right.action.lower() == call["action"].lower()
        and fnmatchcase(call["resource"], right.resource.replace("[", "[[]"))
    )
