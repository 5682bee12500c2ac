"""`python -m terrace_cli.checks`: what `make check` asks of the stack and the state machine."""

import logging
import sys
from pathlib import Path

import click
import yaml

from terrace import errors
from terrace_cli.checks.expand import expand
from terrace_cli.checks.finding import Finding
from terrace_cli.checks.machine import check_machine
from terrace_cli.checks.stack import check_stack, lint

ROOT = Path(__file__).resolve().parents[3]


def error_names() -> set[str]:
    """Class names of the project's errors, which Retry and Catch may name."""
    return {
        name
        for name, value in vars(errors).items()
        if isinstance(value, type) and issubclass(value, errors.TerraceError)
    }


def findings(root: Path) -> list[Finding]:
    """Everything wrong with template.yaml and statemachine/ of the project at `root`."""
    template = expand(root / "template.yaml")
    found = lint(template) + check_stack(template, root / "functions")
    for path in sorted((root / "statemachine").glob("*.asl.yaml")):
        definition = yaml.safe_load(path.read_text(encoding="utf-8"))
        found += check_machine(definition, error_names(), path.name)
    return found


@click.command()
def main() -> None:
    """Checks the expanded template and the state machine; says every finding, exits 1 if any."""
    logging.getLogger("samtranslator").setLevel(logging.ERROR)
    found = findings(ROOT)
    for finding in found:
        click.echo(str(finding), err=True)
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
