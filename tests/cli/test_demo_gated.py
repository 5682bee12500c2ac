"""`terrace demo --gate`: its request, and how it tells what a review found."""

import pytest
from click.testing import CliRunner

from terrace.domain.request import BatchRequest, GateUnit
from terrace_cli.demo.gated import raw_job
from terrace_cli.demo.gated_batch import Box, changes, drawn_in, gated_request
from terrace_cli.demo.stage import tell_interrupted, tell_used
from terrace_cli.main import cli
from terrace_cli.views import BatchView

CAR = Box(10, 20, 30, 40, "Car", (("Moving", "Dynamic"),))


def moved(box: Box = CAR, **to: object) -> Box:
    return Box(**{**box.__dict__, **to})  # type: ignore[arg-type]


def kinds(before: dict[str, Box], after: dict[str, Box]) -> set[tuple[str, str]]:
    place = (0, "1.jpg")
    found = changes({place: before}, {place: after})
    assert all(error[:2] == place for error in found)
    return {error[2:] for error in found}


def test_the_request_is_one_that_the_api_takes() -> None:
    request = BatchRequest.model_validate(
        gated_request("demo-1", "s3://in/c.manifest", "s3://in/v.json", budget=25, context=1)
    )
    gate = request.labelingJobs[2].inputConfig.gate
    assert gate is not None
    assert (gate.unit, gate.context) == (GateUnit.clip, 1)
    assert gate.budget is not None
    assert gate.budget.percent == 25
    sources = [job.inputConfig.chainFromJobName for job in request.labelingJobs]
    assert sources == [None, "demo-1-label", "demo-1-label"]


def test_each_kind_of_error_is_told_by_what_was_changed() -> None:
    assert kinds({"a": CAR}, {"a": CAR}) == set()
    assert kinds({}, {"a": CAR}) == {("missing", "a")}
    assert kinds({"a": CAR}, {}) == {("extra", "a")}
    assert kinds({"a": CAR}, {"a": moved(left=25)}) == {("shift", "a")}
    assert kinds({"a": CAR}, {"a": moved(width=60, height=80)}) == {("resize", "a")}
    assert kinds({"a": CAR}, {"a": moved(label="Van")}) == {("class", "a")}
    assert kinds({"a": CAR}, {"a": moved(answers=())}) == {("attribute", "a")}
    assert kinds({"a": CAR}, {"a": moved(left=25, label="Van")}) == {("shift", "a"), ("class", "a")}


def test_a_swap_is_an_error_of_both_objects() -> None:
    other = moved(left=200)
    found = kinds({"a": CAR, "b": other}, {"a": other, "b": CAR})
    assert found == {("identity", "a"), ("identity", "b")}
    # One that takes over a lost object's box, too.
    assert kinds({"a": CAR}, {"b": CAR}) == {("identity", "a"), ("identity", "b")}


def test_a_frame_that_one_side_does_not_have_is_empty_there() -> None:
    assert changes({(1, "x"): {"a": CAR}}, {}) == {(1, "x", "extra", "a")}


def test_boxes_are_read_with_their_classes_names() -> None:
    labels = {
        "tracking-annotations": [
            {
                "frame": "1.jpg",
                "annotations": [
                    {
                        **{"left": 10, "top": 20, "width": 30, "height": 40, "class-id": "0"},
                        **{"object-id": "a", "label-category-attributes": {"Moving": "Dynamic"}},
                    }
                ],
            }
        ]
    }
    assert drawn_in(2, labels, {"0": "Car"}) == {(2, "1.jpg"): {"a": CAR}}


def test_a_jobs_row_is_found_in_whatever_level_it_is() -> None:
    raw = {
        "batchId": "b",
        "firstLevel": {"jobLevels": [{"labelingJobName": "one"}]},
        "secondLevel": {"jobLevels": [{"labelingJobName": "two", "gate": {"findings": 3}}]},
    }
    batch = BatchView("b", "COMPLETE", (), raw=raw)
    assert raw_job(batch, "two")["gate"] == {"findings": 3}
    assert raw_job(batch, "three") == {}


@pytest.mark.parametrize("other", [["--images"], ["--modality", "BoundingBox"]])
def test_another_demos_option_is_refused_and_not_passed_over(other: list[str]) -> None:
    result = CliRunner().invoke(cli, ["demo", "--gate", *other])
    assert result.exit_code == 2
    assert f"leave {other[0]} out" in result.output


def test_of_an_aws_that_goes_on_it_is_said_how_to_end_the_batch(
    capsys: pytest.CaptureFixture[str],
) -> None:
    tell_used({"awsEndpoint": "http://x"}, "slips")
    assert "It keeps the error mix that it was started with" in capsys.readouterr().out
    tell_interrupted(["demo-1"], used=True)
    assert "terrace stop demo-1" in capsys.readouterr().err
    tell_interrupted(["demo-1"], used=False)
    assert "terrace stop" not in capsys.readouterr().err
