"""Exports on the embedded AWS: the real machine, function and role, and the command line."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from terrace_cli.main import cli
from terrace_local.samples import make_sample
from tests.machine.world import World, jobs_of

pytestmark = pytest.mark.local_aws

LANES = {
    "boxes": "BoundingBox",
    "masks": "SemanticSegmentation",
    "tracks": "VideoObjectTracking",
    "kinds": "ImageMultiClass",
}


def lane(world: World, batch: str, name: str, modality: str) -> dict[str, Any]:
    sample = make_sample(modality, f"s3://{world.bucket}/{batch}/{name}/")
    sample.upload(world.client("s3"))
    return {
        "jobName": f"{batch}-{name}",
        "jobLevel": 1,
        "jobModality": modality,
        "inputConfig": {"inputManifestS3Uri": sample.manifest_uri},
        "labelCategoryConfigS3Uri": sample.categories_uri,
    }


def test_a_batch_of_four_kinds_is_exported_at_its_end_and_again_by_hand(
    world: World, batch: str, tmp_path: Path
) -> None:
    # Given a batch of lanes that no one format holds all of
    jobs = [lane(world, batch, name, modality) for name, modality in LANES.items()]
    wanted = ["coco", "masks", "mot", "csv"]
    exports = [{"format": name, "onNameConflict": "prefix"} for name in wanted]
    world.create(batch, jobs, exports=exports)
    for name in LANES:
        world.finish(f"{batch}-{name}")

    _, message = world.ended(batch)
    # A batch has ended before it is delivered, and is delivered before it is told.
    shown = world.show(batch)

    # Then each format has what it can hold, and says what it cannot
    found = {one["format"]: one for one in shown["outputs"]["exports"]}
    assert {name: one["problem"] for name, one in found.items()} == dict.fromkeys(wanted)
    assert message["batchInfo"]["outputs"]["exports"] == shown["outputs"]["exports"]
    attributes = {name: jobs_of(shown)[f"{batch}-{name}"]["labelAttributeName"] for name in LANES}
    assert set(found["mot"]["leftOut"]) == {
        attributes[name] for name in ("boxes", "masks", "kinds")
    }
    assert set(found["masks"]["leftOut"]) == {
        attributes[name] for name in ("boxes", "tracks", "kinds")
    }
    for one in found.values():
        assert one["items"] > 0
        assert one["labels"] > 0
    table = world.read(f"{found['csv']['s3Uri']}labels.csv").decode()
    rows = list(csv.DictReader(io.StringIO(table)))
    assert len([row for row in rows if row["category"]]) == found["csv"]["labels"]
    coco = json.loads(world.read(f"{found['coco']['s3Uri']}annotations/instances_train.json"))
    assert len(coco["images"]) == found["coco"]["items"]

    # And the command line writes the same, and every other format that fits
    local = world.home / "local.json"
    words = ["export", batch, "--format", "all", "--on-conflict", "prefix"]
    words += ["--home", "s3://training/kinds/"]
    out = tmp_path / "out"
    result = CliRunner().invoke(cli, [*words, "--out", str(out), "--local", str(local)])
    assert result.exit_code == 0, result.output
    assert (out / "csv" / "labels.csv").read_text() == table
    mine = json.loads((out / "coco" / "annotations" / "instances_train.json").read_text())
    assert {**mine, "info": None} == {**coco, "info": None}
    written = {path.name for path in out.iterdir()}
    assert written >= {*wanted, "imagenet", "yolo", "voc", "cvat", "cvat-video", "kitti", "labelme"}
    assert "conll: not written" in result.output
