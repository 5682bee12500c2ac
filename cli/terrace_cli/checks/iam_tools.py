"""Runs parliament and cloudsplaining on policies; a script for the environment that has them.

Standard library and those two only: it runs with the interpreter of .venv-check/iam, which does
not know the project. In: JSON `{policy name: document}` on stdin. Out: JSON `[{rule, where,
problem}]` on stdout.
"""

import json
import sys
from collections.abc import Iterator
from typing import Any

from cloudsplaining.scan.policy_document import PolicyDocument
from parliament import analyze_policy_string, enhance_finding

CLOUDSPLAINING = {
    "CLOUDSPLAINING_ESCALATION": "allows_privilege_escalation",
    "CLOUDSPLAINING_EXFILTRATION": "allows_data_exfiltration_actions",
    "CLOUDSPLAINING_EXPOSURE": "permissions_management_without_constraints",
    "CLOUDSPLAINING_WRITE": "write_actions_without_constraints",
    "CLOUDSPLAINING_CREDENTIALS": "credentials_exposure",
    "CLOUDSPLAINING_SERVICE_WILDCARD": "service_wildcard",
}
"""Our name of a finding -> the property of PolicyDocument that lists what was found."""


def parliament_findings(name: str, document: dict[str, Any]) -> Iterator[dict[str, str]]:
    """Unknown actions, resources that do not fit, malformed statements."""
    for found in analyze_policy_string(json.dumps(document)).findings:
        known = enhance_finding(found)
        yield {
            "rule": f"PARLIAMENT_{known.issue}",
            "where": name,
            "problem": f"{known.title}: {known.detail or ''}".strip(": "),
        }


def cloudsplaining_findings(name: str, document: dict[str, Any]) -> Iterator[dict[str, str]]:
    """What an attacker could make of it."""
    policy = PolicyDocument(document)
    for rule, attribute in CLOUDSPLAINING.items():
        for item in getattr(policy, attribute):
            what = item["type"] if isinstance(item, dict) else str(item)
            yield {"rule": rule, "where": f"{name}/{what}", "problem": json.dumps(item)}


def main() -> None:
    """Reads policies, writes findings."""
    found = []
    for name, document in json.load(sys.stdin).items():
        found += parliament_findings(name, document)
        found += cloudsplaining_findings(name, document)
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
