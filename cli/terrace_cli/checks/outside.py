"""Checkers by others: checkov on the expanded template, parliament and cloudsplaining on policies.

They pin libraries that ours contradict, so they live in `.venv-check` (`make check` makes it) and
are run as programs. None of them needs a network.
"""

import json
import os
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from terrace_cli.checks.expand import Template
from terrace_cli.checks.finding import Finding
from terrace_cli.checks.rights import documents, everything

TIMEOUT = 120
IAM_TOOLS = Path(__file__).with_name("iam_tools.py")


class CheckerMissing(RuntimeError):
    """A checker is not installed, or broke; a check that did not run has found nothing."""


def checkov(template: Template, environment: Path) -> list[Finding]:
    """What checkov's policies say of the expanded template, every condition on.

    Raises:
        CheckerMissing: It did not run to its end.
    """
    resolver = everything(template)
    program = environment / "checkov" / "bin" / "checkov"
    with tempfile.TemporaryDirectory(prefix="terrace-check-") as folder:
        file = Path(folder) / "template.json"
        # Resolved: checkov guesses at conditions, and then misses a key that is set.
        resolved = {
            name: {**resource, "Properties": resolver.resource(name)}
            for name, resource in template["Resources"].items()
        }
        for resource in resolved.values():
            resource.pop("Condition", None)
        content = {"AWSTemplateFormatVersion": "2010-09-09", "Resources": resolved}
        file.write_text(json.dumps(content), encoding="utf-8")
        command = [str(program), "-f", str(file), "--framework", "cloudformation"]
        options = ["--skip-download", "--quiet", "--compact", "-o", "json"]
        # 1: there are findings. Anything but a report is no answer.
        reports = _run([*command, *options], ok={0, 1})
    report = reports[0] if isinstance(reports, list) else reports
    summary = report.get("summary", report)
    if summary.get("parsing_errors") or not summary.get("passed"):
        raise CheckerMissing(f"checkov could not read the template: {summary}")
    return [
        Finding(found["check_id"], found["resource"].rsplit(".", 1)[-1], found["check_name"])
        for found in report["results"]["failed_checks"]
    ]


def iam(template: Template, environment: Path) -> list[Finding]:
    """What parliament and cloudsplaining say of every policy, every condition on.

    Raises:
        CheckerMissing: They did not run to their end.
    """
    policies = {
        f"{holder}.{name}": document for holder, name, document in documents(everything(template))
    }
    program = environment / "iam" / "bin" / "python"
    found = _run([str(program), str(IAM_TOOLS)], ok={0}, given=json.dumps(policies))
    return [Finding(**row) for row in found]


def _run(command: list[str], ok: set[int], given: str | None = None) -> Any:
    environment = {**os.environ, "PYTHONPATH": "", "LOG_LEVEL": "ERROR"}
    try:
        done = subprocess.run(
            command,
            input=given,
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
            check=False,
            env=environment,
        )
    except FileNotFoundError as error:
        raise CheckerMissing(f"{command[0]} is not there: make check-tools") from error
    if done.returncode not in ok:
        raise CheckerMissing(f"{command[0]} exited {done.returncode}: {done.stderr[-2000:]}")
    try:
        return json.loads(done.stdout)
    except ValueError as error:
        raise CheckerMissing(f"{command[0]} said no JSON: {done.stdout[:500]}") from error
