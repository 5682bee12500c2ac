"""Allowed = called: the proof itself on the real stack, and that it would notice."""

import copy
from pathlib import Path
from typing import Any

import pytest

from terrace_cli.checks import security_doc
from terrace_cli.checks.expand import expand
from terrace_cli.checks.proof import RULE, compare, findings, read_called
from terrace_cli.checks.resolve import Resolver
from terrace_cli.checks.rights import EVERYTHING_ON, rights
from terrace_cli.checks.stack import statements
from terrace_cli.checks.waivers import read_waivers
from tests.security.prove import CALLED, ROOT, prove

NOTIFY = "terrace-NotifyRole-1A2B3C4D5E6F"


@pytest.fixture(scope="module")
def template() -> dict[str, Any]:
    return expand(ROOT / "template.yaml")


@pytest.mark.local_aws
def test_every_path_runs_under_the_templates_roles_and_needs_every_right(
    tmp_path: Path, template: dict[str, Any]
) -> None:
    # When every path is walked with IAM enforced
    proof = prove(tmp_path / ".terrace")
    # Then nothing was refused, and what nobody called is explained
    assert proof.refused == ()
    waivers = read_waivers(security_doc.WAIVERS)
    never, _ = waivers.split(findings(template, proof.called))
    assert [str(finding) for finding in never] == []
    assert [str(finding) for finding in waivers.stale({RULE})] == []
    # And the table in the documentation says the same
    assert read_called(CALLED) == proof.called


def test_the_recorded_proof_is_about_todays_template(template: dict[str, Any]) -> None:
    called = read_called(CALLED)
    waivers = read_waivers(security_doc.WAIVERS)
    never, _ = waivers.split(findings(template, called))
    assert [str(finding) for finding in never] == [], "make iam-proof"
    assert [str(finding) for finding in waivers.stale({RULE})] == []
    everything = set(rights(Resolver(template, EVERYTHING_ON)))
    assert called <= everything, "the proof saw rights that are gone: make iam-proof"


def test_a_right_that_nobody_needs_is_found(template: dict[str, Any]) -> None:
    # Given a role that may do one thing more
    wider = copy.deepcopy(template)
    policy = wider["Resources"]["NotifyRole"]["Properties"]["Policies"][0]["PolicyDocument"]
    policy["Statement"].append(
        {
            "Sid": "More",
            "Effect": "Allow",
            "Action": "dynamodb:DeleteItem",
            "Resource": {"Fn::GetAtt": ["BatchTable", "Arn"]},
        }
    )
    # When the last proof is held against it, then that right has no call and no reason
    waivers = read_waivers(security_doc.WAIVERS)
    never, _ = waivers.split(findings(wider, read_called(CALLED)))
    assert [finding.where for finding in never] == ["NotifyRole.More/dynamodb:DeleteItem"]


def _compare(template: dict[str, Any], action: str, resource: str, allowed: bool = True) -> Any:
    call = {"principal": NOTIFY, "action": action, "resource": resource, "allowed": allowed}
    return compare(
        template,
        [call],
        physical={"NotifyRole": NOTIFY},
        parameters={},
        account="111122223333",
    )


def test_a_call_counts_for_the_narrowest_right_that_allows_it(template: dict[str, Any]) -> None:
    bucket = "arn:aws:s3:::smgt-workflow-111122223333-us-east-1-batch"
    proof = _compare(template, "s3:GetObject", f"{bucket}/batches/b/request.json")
    assert {(right.holder, right.sid) for right in proof.called} == {("NotifyRole", "BatchObjects")}
    assert proof.refused == ()


def test_a_call_that_no_statement_allows_is_an_error(template: dict[str, Any]) -> None:
    proof = _compare(template, "s3:DeleteObject", "arn:aws:s3:::anything/else")
    assert len(proof.refused) == 1
    assert "NotifyRole s3:DeleteObject" in proof.refused[0]


def test_a_call_that_was_refused_is_an_error(template: dict[str, Any]) -> None:
    proof = _compare(template, "sns:Publish", "arn:aws:sns:us-east-1:111122223333:x", False)
    assert proof.refused == ("NotifyRole sns:Publish arn:aws:sns:us-east-1:111122223333:x",)


def test_no_function_may_delete_a_label(template: dict[str, Any]) -> None:
    able = {
        (name, statement["Sid"])
        for name, resource in template["Resources"].items()
        if resource["Type"] == "AWS::IAM::Role"
        for statement in statements(resource["Properties"])
        if "s3:Delete" in str(statement["Action"])
    }
    # The one deletion is of a working file, under batches-working/.
    assert able == {("TransformBatchRole", "WorkingFiles")}
