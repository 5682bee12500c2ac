"""Errors are logged with their text, so no error of ours quotes an item, a token or a request."""

import json

import pytest
from pydantic import BaseModel, ValidationError

from terrace.domain import outputs
from terrace.domain.outputs import AttemptOutput
from terrace.domain.records import ClaimRecord, JobRecord, Park, Record
from terrace.domain.request import BatchRequest, RequestModel
from terrace.steps.fail_batch import FailBatchInput, MachineError
from terrace.steps.lane import of_manifest
from terrace.steps.park_wave import ParkWaveInput

SECRET = "what a person wrote in confidence"


def below(kind: type[BaseModel]) -> set[type[BaseModel]]:
    """A model and all models that inherit from it."""
    return {kind}.union(*(below(one) for one in kind.__subclasses__()))


@pytest.mark.parametrize(
    "model",
    sorted(
        below(Record) | below(RequestModel) | {ParkWaveInput, MachineError, FailBatchInput},
        key=lambda model: model.__name__,
    ),
    ids=lambda model: model.__name__,
)
def test_a_model_of_rows_requests_or_tokens_does_not_quote_what_it_refuses(
    model: type[BaseModel],
) -> None:
    assert model.model_config.get("hide_input_in_errors") is True


@pytest.mark.parametrize("model", [JobRecord, ClaimRecord, Park, BatchRequest, ParkWaveInput])
def test_its_errors_say_where_and_what_but_not_the_value(model: type[BaseModel]) -> None:
    wrong = {name: {"text": SECRET} for name in model.model_fields}
    with pytest.raises(ValidationError) as refused:
        model.model_validate(wrong)
    assert SECRET not in str(refused.value)
    assert model.__name__ in str(refused.value)


def test_merging_outputs_of_another_text_does_not_quote_the_text() -> None:
    given, output = [json.dumps({"source": "one"})], [json.dumps({"source": SECRET, "a": 1})]
    with pytest.raises(ValueError, match="another data object") as refused:
        list(outputs.merge(given, [AttemptOutput(output)], "a"))
    assert SECRET not in str(refused.value)


@pytest.mark.parametrize("line", [SECRET, json.dumps({"source-ref": SECRET}), f'{{"{SECRET}": 1'])
def test_an_unreadable_line_is_named_and_not_quoted(line: str) -> None:
    class OneLine:
        """An object store with one object of one line."""

        def read_lines(self, uri: str) -> list[object]:
            return [type("Line", (), {"text": line})()]

    with pytest.raises(ValueError, match="line 1: MANIFEST_") as refused:
        list(of_manifest("s3://bucket/x.manifest", "a", OneLine()))  # type: ignore[arg-type]
    assert SECRET not in str(refused.value)
    assert "s3://bucket/x.manifest" in str(refused.value)
