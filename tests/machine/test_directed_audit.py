"""A directed audit, from labels to a labeling job whose workers read where to look."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from terrace_cli.main import cli
from tests.machine.world import World

pytestmark = pytest.mark.local_aws
FRAMES = 20


def labels(frames_without: int) -> str:
    """One vehicle in every frame but one."""
    rows = [
        {
            "frame-no": str(number),
            "frame": f"{number:06d}.jpg",
            "annotations": [
                {
                    "object-id": "v1",
                    "object-name": "Vehicle:1",
                    "class-id": "0",
                    "left": 10 + 2 * number,
                    "top": 20,
                    "width": 40,
                    "height": 30,
                }
            ]
            if number != frames_without
            else [],
        }
        for number in range(FRAMES)
    ]
    return json.dumps({"tracking-annotations": rows})


@pytest.mark.parametrize("clips", [False, True], ids=["whole sequences", "clips"])
def test_what_the_command_prepares_becomes_a_labeling_job(
    world: World, batch: str, tmp_path: Path, clips: bool
) -> None:
    # Given labels with a missing box in frame 9, in the world's S3
    given = world.sequences(batch, 1, frames=FRAMES)
    label_file = world.put(f"{batch}/SeqLabel.json", labels(frames_without=9))
    local = tmp_path / "local.json"
    local.write_text(json.dumps(world.contract), encoding="utf-8")
    # When the audit is prepared and its request posted as it is
    prepared = CliRunner().invoke(
        cli,
        [
            *("quality", "directed-audit", label_file, "--manifest", given),
            *("--attribute", "car-ref", "--batch-id", batch, "--local", str(local)),
            *("--category-file", world.categories(f"{batch}/categories.json")),
            *("--out", f"s3://{world.bucket}/{batch}/audit"),
            *(["--clips", "--context", "3"] if clips else []),
        ],
    )
    assert prepared.exit_code == 0, prepared.output
    request = json.loads(prepared.stdout)
    world.create(batch, request["labelingJobs"])
    # Then there is a labeling job, and its category file says where to look
    name = f"{batch}-review"
    world.exists(name)
    made = world.client("sagemaker").describe_labeling_job(LabelingJobName=name)
    categories = json.loads(world.read(made["LabelCategoryConfigS3Uri"]))
    # Frames of a clip are counted anew: only the file name leads a worker to one
    named = "000009.jpg." if clips else "000009.jpg (frame 9)"
    assert named in categories["instructions"]["shortInstruction"]
    (item,) = world.lines(made["InputConfig"]["DataSource"]["S3DataSource"]["ManifestS3Uri"])
    frames = json.loads(world.read(item["source-ref"]))["frames"]
    assert len(frames) == (7 if clips else FRAMES)
    # And it can be worked on to its end
    world.finish(name)
    shown, _ = world.ended(batch)
    assert shown["status"] == "COMPLETE"
