"""`make iam-proof`: every path under the template's own roles; what is allowed = what is called.

Writes what was called to docs/iam-proof.json, and docs/security.md from it. Exits 1 if a role was
refused anything, or may do anything that nobody needed and no waiver explains.
"""

import logging
import sys
import tempfile
from pathlib import Path
from typing import Any

import click

from terrace_cli.checks import security_doc
from terrace_cli.checks.expand import expand
from terrace_cli.checks.proof import RULE, Proof, compare, findings, table
from terrace_cli.checks.waivers import read_waivers
from tests.machine.world import World, private_world
from tests.security.paths import OTHER_BUCKET, OTHER_FUNCTION, OTHER_TEAM, OTHER_TOPIC, Walker

ROOT = Path(__file__).resolve().parents[2]
CALLED = ROOT / "docs" / "iam-proof.json"
ACCOUNT = "000000000000"
KEY = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/11112222-3333-4444-5555-666677778888"
PARAMETERS = {
    "KmsKeyArn": KEY,
    "AllowedInputBuckets": OTHER_BUCKET,
    "AllowedTopicArns": f"arn:aws:sns:us-east-1:{ACCOUNT}:{OTHER_TOPIC}",
    "AllowedWorkteamArns": (
        f"arn:aws:sagemaker:us-east-1:{ACCOUNT}:workteam/private-crowd/{OTHER_TEAM}"
    ),
    "AllowedFunctionArns": f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:{OTHER_FUNCTION}",
    "NotificationEmail": "operator@example.com",
    # Small enough that plan_wave hands a batch of three levels over to a fresh execution.
    "EventBound": "100",
}


def prove(home: Path) -> Proof:
    """Walks every path and compares; takes about two minutes."""
    with private_world(
        home, fresh=True, template=ROOT / "template.yaml", parameters=PARAMETERS
    ) as world:
        world.listen()
        Walker(world).walk()
        return held_against_the_template(world)


def held_against_the_template(world: World) -> Proof:
    """The calls of a world so far, against the template."""
    cloudformation: Any = world.client("cloudformation")
    stack = cloudformation.describe_stacks()["Stacks"][0]
    given = {row["ParameterKey"]: row["ParameterValue"] for row in stack["Parameters"]}
    # Off in the run, which has no CloudFront; its rights are there to be explained all the same.
    given.pop("HostSkeletonUi", None)
    pages = cloudformation.get_paginator("list_stack_resources").paginate(
        StackName=stack["StackName"]
    )
    physical = {
        row["LogicalResourceId"]: row["PhysicalResourceId"]
        for page in pages
        for row in page["StackResourceSummaries"]
        if row.get("PhysicalResourceId")
    }
    physical["AWS::StackId"] = stack["StackId"]
    return compare(
        expand(ROOT / "template.yaml"),
        world.control("calls")["calls"],
        physical=physical,
        parameters=given,
        account=world.contract["accountId"],
    )


@click.command()
def main() -> None:
    """Proves, prints the table, writes the documents."""
    logging.getLogger("samtranslator").setLevel(logging.ERROR)
    with tempfile.TemporaryDirectory(prefix="terrace-proof-") as folder:
        proof = prove(Path(folder) / ".terrace")
    template = expand(ROOT / "template.yaml")
    waivers = read_waivers(security_doc.WAIVERS)
    rows = table(template, proof.called, waivers)
    width = [max(len(row[column]) for row in rows) for column in range(4)]
    for row in rows:
        cells = [cell.ljust(width[column]) for column, cell in enumerate(row[:4])]
        click.echo("  ".join([*cells, row[4]]).rstrip())
    never, waived = waivers.split(findings(template, proof.called))
    stale = waivers.stale({RULE})
    for refusal in proof.refused:
        click.echo(f"REFUSED  {refusal}", err=True)
    for finding in [*never, *stale]:
        click.echo(str(finding), err=True)
    click.echo(
        f"{len(rows)} rights: {len(proof.called)} called, {len(waived)} never called with a "
        f"written reason, {len(never)} without; {len(proof.refused)} refused calls"
    )
    proof.save(CALLED)
    security_doc.write()
    sys.exit(1 if never or stale or proof.refused else 0)


if __name__ == "__main__":
    main()
