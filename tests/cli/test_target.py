"""Which Terrace is meant: found, or said clearly why not."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from terrace_cli.errors import EXIT_WRONG, NoTarget
from terrace_cli.target import Choice, find_target


def write_contract(folder: Path, **more: Any) -> Path:
    path = folder / ".terrace" / "local.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({"apiUrl": "http://127.0.0.1:3000/", "region": "us-east-1", **more}))
    return path


def test_the_nearest_local_run_is_found_from_a_folder_below_it(tmp_path: Path) -> None:
    write_contract(tmp_path, pid=os.getpid(), auth="none")
    deep = tmp_path / "a" / "b"
    deep.mkdir(parents=True)

    target = find_target(Choice(), deep)

    assert target.api_url == "http://127.0.0.1:3000"
    assert target.local is not None
    assert not target.sign


@pytest.mark.parametrize(
    ("more", "sign"), [({"auth": "none"}, False), ({"auth": "iam"}, True), ({}, True)]
)
def test_a_local_run_is_signed_for_unless_it_says_that_it_need_not(
    tmp_path: Path, more: dict[str, Any], sign: bool
) -> None:
    write_contract(tmp_path, **more)

    assert find_target(Choice(), tmp_path).sign is sign


def test_without_any_target_the_ways_to_name_one_are_said(tmp_path: Path) -> None:
    with pytest.raises(NoTarget) as caught:
        find_target(Choice(), tmp_path)

    for way in ("terrace local up", "--stack", "--api-url"):
        assert way in caught.value.hint


def test_a_file_that_a_dead_run_left_over_is_called_that(tmp_path: Path) -> None:
    child = subprocess.Popen(["true"])
    child.wait()
    write_contract(tmp_path, pid=child.pid)

    with pytest.raises(NoTarget, match="left over"):
        find_target(Choice(), tmp_path)


@pytest.mark.parametrize("content", ["", "{", "[]", '{"region": "x"}'])
def test_a_broken_contract_file_is_named(tmp_path: Path, content: str) -> None:
    path = tmp_path / "local.json"
    path.write_text(content)

    with pytest.raises(NoTarget, match=r"local\.json"):
        find_target(Choice(local=path))


def test_a_contract_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(NoTarget, match="cannot read"):
        find_target(Choice(local=tmp_path / "no.json"))


def test_two_targets_at_once_are_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(NoTarget, match="--api-url and --stack") as caught:
        find_target(Choice(api_url="https://x", stack="s"), tmp_path)

    assert caught.value.exit_code == EXIT_WRONG


def test_the_region_of_an_api_is_read_from_its_address() -> None:
    url = "https://abc.execute-api.eu-central-1.amazonaws.com/prod/"

    target = find_target(Choice(api_url=url))

    assert (target.region, target.sign) == ("eu-central-1", True)
    assert target.api_url == url.rstrip("/")
    assert find_target(Choice(api_url=url, region="us-west-2")).region == "us-west-2"


def test_an_address_without_a_scheme_is_refused() -> None:
    with pytest.raises(NoTarget, match="is no address"):
        find_target(Choice(api_url="abc.execute-api.eu-central-1.amazonaws.com/prod"))


class CloudFormation:
    """The one call that is made, with canned outputs."""

    def __init__(self, outputs: dict[str, str]) -> None:
        self._outputs = outputs

    def describe_stacks(self, **wanted: str) -> dict[str, Any]:
        assert wanted == {"StackName": "terrace-dev"}
        rows = [{"OutputKey": key, "OutputValue": value} for key, value in self._outputs.items()]
        return {"Stacks": [{"Outputs": rows}]}


def test_a_stacks_api_is_read_from_its_outputs() -> None:
    outputs = {"ApiUrl": "https://abc.execute-api.us-west-2.amazonaws.com/v1"}
    with patch("boto3.Session.client", return_value=CloudFormation(outputs)):
        target = find_target(Choice(stack="terrace-dev", region="us-west-2"))

    assert target.api_url == outputs["ApiUrl"]
    assert target.sign
    assert target.flags == "--stack terrace-dev --region us-west-2"


def test_a_stack_that_is_not_terraces_is_called_that() -> None:
    with (
        patch("boto3.Session.client", return_value=CloudFormation({"Other": "x"})),
        pytest.raises(NoTarget, match="no output ApiUrl"),
    ):
        find_target(Choice(stack="terrace-dev", region="us-west-2"))
