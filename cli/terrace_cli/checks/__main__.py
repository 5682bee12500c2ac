"""`python -m terrace_cli.checks`: what `make check` asks of the stack and the state machine."""

import logging
import sys
from pathlib import Path

import click
import yaml

from terrace import errors
from terrace_cli.checks import outside, serverless_pack
from terrace_cli.checks.expand import expand
from terrace_cli.checks.finding import Finding
from terrace_cli.checks.machine import check_machine
from terrace_cli.checks.stack import check_stack, lint
from terrace_cli.checks.waivers import read_waivers

ROOT = Path(__file__).resolve().parents[3]
WAIVERS = Path("docs") / "security-waivers.yaml"


def error_names() -> set[str]:
    """Class names of the project's errors, which Retry and Catch may name."""
    return {
        name
        for name, value in vars(errors).items()
        if isinstance(value, type) and issubclass(value, errors.TerraceError)
    }


def findings(root: Path) -> list[Finding]:
    """Everything that any check says of template.yaml and statemachine/, waived or not.

    Raises:
        CheckerMissing: A checker by others did not run.
    """
    template = expand(root / "template.yaml")
    found = lint(template) + check_stack(template, root / "functions")
    found += serverless_pack.findings(template)
    for path in sorted((root / "statemachine").glob("*.asl.yaml")):
        definition = yaml.safe_load(path.read_text(encoding="utf-8"))
        found += check_machine(definition, error_names(), path.name)
    tools = root / ".venv-check"
    return found + outside.checkov(template, tools) + outside.iam(template, tools)


@click.command()
def main() -> None:
    """Checks the expanded template and the state machine; says every finding, exits 1 if any."""
    logging.getLogger("samtranslator").setLevel(logging.ERROR)
    waivers = read_waivers(ROOT / WAIVERS)
    try:
        stands, waived = waivers.split(findings(ROOT))
    except outside.CheckerMissing as error:
        raise click.ClickException(str(error)) from error
    # Rights that are never called are waived in the same file; `make iam-proof` looks at those.
    stands += [one for one in waivers.stale() if not one.where.startswith("iam-never-called ")]
    for finding in stands:
        click.echo(str(finding), err=True)
    click.echo(f"{len(stands)} findings; {len(waived)} waived, each with its reason in {WAIVERS}")
    sys.exit(1 if stands else 0)


if __name__ == "__main__":
    main()
