"""docs/security.md says what a request may name: every field and every list of the template."""

from pathlib import Path

import pytest

from terrace.domain.places import DELIVERED
from terrace.domain.request import BatchRequest, InputConfig, JobSpec
from tests.stack_template import template

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
SECTION = TEXT.partition("## What a request may name")[2].partition("\n## ")[0]
FIELDS = sorted(
    name
    for model in (BatchRequest, JobSpec, InputConfig)
    for name in model.model_fields
    if name.endswith(("Arn", "Uri", "KeyId"))
)


def lists() -> list[str]:
    groups = template()["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
    [found] = [g for g in groups if g["Label"]["default"] == "What a request may name"]
    names: list[str] = found["Parameters"]
    return names


@pytest.mark.parametrize("name", [*FIELDS, *lists(), *DELIVERED])
def test_it_is_in_the_document(name: str) -> None:
    assert f"`{name}`" in SECTION


def test_no_request_names_a_role() -> None:
    assert not [name for name in FIELDS if "role" in name.lower()]
