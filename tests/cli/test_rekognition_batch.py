"""What a batch delivers is what `terrace rekognition` takes."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from terrace.steps.final_manifest import FinalManifest
from terrace_cli.convert.documents import Documents
from terrace_cli.errors import NoTarget, TerraceError
from terrace_cli.rekognition import clients
from terrace_cli.rekognition.prepare import Order, Prepared, prepare
from terrace_cli.target import Choice, Target
from tests.fakes.house import BUCKET, INPUTS, House, a_house
from tests.steps.final_rows import LABEL, NOTHING, Job, Lane, ended

START = f"s3://{INPUTS}/a.manifest"
BOXES, VERDICT, ADJUST = "BoundingBox", "BoundingBoxVerification", "BoundingBoxAdjustment"


@pytest.fixture
def house() -> Iterator[House]:
    with a_house() as built:
        yield built


def delivered(house: House, folder: Path, lanes: list[Lane], file: str = "output") -> Path:
    """The final manifest of a batch with these lanes, in a file."""
    images = [{"source-ref": f"s3://{INPUTS}/{name}.jpg"} for name in "uvwxyz"]
    found = ended(house, {START: images}, lanes)
    made = FinalManifest(house.objects, BUCKET, "b", 1, found.jobs, out_of_time=lambda: False)
    assert made.run() is not None
    uri = f"s3://{BUCKET}/batches/b/final/g1/{file}.manifest"
    path = folder / f"{file}.manifest"
    path.write_bytes(house.objects.get_bytes(uri, 1_000_000))
    return path


def prepared(path: Path, wanted: str | None = None) -> Prepared:
    folder = path.parent / "sent"
    folder.mkdir(exist_ok=True)
    order = Order(str(path), wanted, None, 20, "p", None, None, None)
    return prepare(order, Documents(lambda: None).lines, None, lambda *_: None, folder)


def sent(made: Prepared) -> list[dict[str, Any]]:
    sets = [made.plan.train, made.plan.test]
    return [
        json.loads(line)
        for one in sets
        if one is not None
        for line in one.path.read_text("utf-8").splitlines()
    ]


def reviewed() -> list[Lane]:
    """Six images: three passed, one mended, one failed for good, one never labeled."""
    return [
        Lane(
            [
                Job("car", BOXES, [LABEL] * 5 + [NOTHING]),
                Job("car-check", VERDICT, ["Pass", "Pass", "Pass", "Fail", "Fail", NOTHING]),
                Job("car-mend", ADJUST, [NOTHING] * 3 + [LABEL, NOTHING, NOTHING]),
            ]
        )
    ]


def test_the_label_of_each_item_is_that_of_the_latest_level_under_one_name(
    house: House, tmp_path: Path
) -> None:
    made = prepared(delivered(house, tmp_path, reviewed()))
    assert made.wanted == "car-mend"
    assert [one for one in made.findings if one.severity != "note"] == []
    lines = {line["source-ref"][-5]: line for line in sent(made)}
    assert sorted(lines) == ["u", "v", "w", "x"]
    assert all(
        set(line) == {"source-ref", "car-mend", "car-mend-metadata"} for line in lines.values()
    )
    jobs = {name: line["car-mend-metadata"]["job-name"] for name, line in lines.items()}
    assert jobs == {**dict.fromkeys("uvw", "labeling-job/car"), "x": "labeling-job/car-mend"}


def test_what_was_rejected_is_not_trained_with(house: House, tmp_path: Path) -> None:
    made = prepared(delivered(house, tmp_path, reviewed(), "rejected"))
    assert [one.code for one in made.findings if one.severity != "note"] == ["empty"]
    assert sum(one.code == "not-accepted" for one in made.findings) == 1


def test_a_name_that_no_label_has_is_answered_with_those_there_are(
    house: House, tmp_path: Path
) -> None:
    path = delivered(house, tmp_path, reviewed())
    with pytest.raises(TerraceError, match=r"has a label 'nope'") as refused:
        prepared(path, "nope")
    assert refused.value.hint == "--attribute with one of its labels: car-mend (4 lines)"
    # The job of an earlier level is a name of its lane too
    assert len(sent(prepared(path, "car"))) == 4


def test_two_lanes_of_one_attribute_are_told_apart_by_name(house: House, tmp_path: Path) -> None:
    # Given two lanes that label into one attribute
    path = delivered(
        house,
        tmp_path,
        [
            Lane([Job("car", BOXES, [LABEL] * 6, attribute="seen")]),
            Lane([Job("road", BOXES, [LABEL] * 6, attribute="seen")]),
        ],
    )
    # Without a name both are offered, by theirs
    with pytest.raises(TerraceError, match=r"car \(6 lines\), road \(6 lines\)"):
        prepared(path)
    # With one of them, it is that lane's label
    for wanted in ("car", "road"):
        names = {line[f"{wanted}-metadata"]["job-name"] for line in sent(prepared(path, wanted))}
        assert names == {f"labeling-job/{wanted}"}
    # With the attribute it is the lane that has it in the line, not the one that was renamed
    assert {line["seen-metadata"]["job-name"] for line in sent(prepared(path, "seen"))} == {
        "labeling-job/car"
    }


def test_a_name_that_means_two_lanes_stops(house: House, tmp_path: Path) -> None:
    path = delivered(house, tmp_path, [Lane([Job("car", BOXES, [LABEL] * 6)])])
    lines = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    for line in lines:
        (one,) = line["terrace"]["lanes"]
        for name in ("left", "right"):
            line[name] = line["car"]
            line[f"{name}-metadata"] = line["car-metadata"]
        twins = [{**one, "lane": name, "attribute": name} for name in ("left", "right")]
        line["terrace"]["lanes"] = twins
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines), encoding="utf-8")
    found = prepared(path, "car").findings
    assert {one.code for one in found if one.severity == "stops"} == {"lane", "empty"}
    assert "car may be the label of left, right" in next(
        one.problem for one in found if one.code == "lane"
    )
    assert prepared(path, "left").of("stops") == []


# --- whose S3, whose Region ----------------------------------------------------------------------


@pytest.fixture
def nobody(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine without a Region of its own, in a folder without a local run."""
    monkeypatch.chdir(tmp_path)
    for name in ("AWS_DEFAULT_REGION", "AWS_REGION", "AWS_PROFILE", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")


@pytest.mark.usefixtures("nobody")
def test_rekognition_is_asked_in_the_region_of_the_stack_and_patiently() -> None:
    stack = Target("https://x", "the stack", sign=True, region="eu-west-1")
    assert clients.region(Choice(), stack) == "eu-west-1"
    assert clients.region(Choice(region="us-west-2"), stack) == "us-west-2"
    assert clients.region(Choice(), None) is None
    with pytest.raises(NoTarget, match="no Region for Rekognition"):
        clients.rekognition(None, None)
    client = clients.rekognition("eu-west-1", None)
    assert client.meta.region_name == "eu-west-1"
    assert client.meta.config.retries["total_max_attempts"] == 8


@pytest.mark.usefixtures("nobody")
def test_a_stack_s_files_are_in_aws_also_where_a_local_run_is_here(tmp_path: Path) -> None:
    (tmp_path / ".terrace").mkdir()
    contract = {"apiUrl": "http://127.0.0.1:1", "awsEndpoint": "http://127.0.0.1:1"}
    (tmp_path / ".terrace" / "local.json").write_text(json.dumps(contract))
    stack = Target("https://x", "the stack", sign=True, region="eu-west-1")
    assert not clients.is_local(clients.s3(Choice(), stack))
    assert clients.is_local(clients.s3(Choice(), None))
