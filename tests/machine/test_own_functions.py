"""Functions of the user's around a batch: the samples of the docs, deployed as a user does."""

import pytest

from tests.machine.conftest import OWN_HANDER, OWN_MAKER
from tests.machine.own_functions import deploy
from tests.machine.world import World, jobs_of

pytestmark = pytest.mark.local_aws


def test_the_samples_make_a_batchs_manifest_and_take_its_labels_over(
    world: World, batch: str
) -> None:
    inputs = f"arn:aws:s3:::{world.bucket}"
    batches = f"arn:aws:s3:::{world.contract['batchBucket']}/batches"
    # Twice: a test that failed is run again in the same world.
    deploy(world, OWN_MAKER, "transformation", [])
    deploy(
        world,
        OWN_MAKER,
        "transformation",
        [
            {"Action": "s3:ListBucket", "Resource": inputs},
            {"Action": "s3:PutObject", "Resource": f"{batches}/*/inputs/transformation/*"},
        ],
    )
    deploy(
        world,
        OWN_HANDER,
        "post_processing",
        [
            {"Action": "s3:GetObject", "Resource": f"{batches}/*/final/*"},
            {"Action": "s3:PutObject", "Resource": f"{batches}/*/final/*/post-processing/*"},
        ],
    )
    pictures = [world.put(f"{batch}/raw/{n}.jpg", b"not a picture") for n in range(3)]
    name = f"{batch}-car"
    wanted = {name: {"images": f"s3://{world.bucket}/{batch}/raw/", "labels": ["Car", "Van"]}}
    job = {"jobName": name, "jobLevel": 1, "jobModality": "BoundingBox", "inputConfig": {}}

    world.create(
        batch,
        [job],
        transformation={"functionArn": OWN_MAKER, "payload": wanted},
        postProcessing={"functionArn": OWN_HANDER},
    )
    world.finish(name)
    shown, message = world.ended(batch)

    assert shown["status"] == "COMPLETE"
    given = world.lines(jobs_of(shown)[name]["jobInputS3Uri"])
    assert [line["source-ref"] for line in given] == pictures
    told = message["outputs"]["postProcessing"]
    assert (told["status"], told["error"]) == ("DONE", None)
    table = world.read(told["result"]["tableS3Uri"]).decode().splitlines()
    labeled = world.lines(message["outputs"]["finalManifestS3Uri"])
    drawn = sum(len(line[name]["annotations"]) for line in labeled)
    assert table[0] == "class,objects"
    assert sum(int(row.rsplit(",", 1)[1]) for row in table[1:]) == drawn
    callers = {
        call["principal"].rsplit("-", 1)[0]
        for call in world.control("calls")["calls"]
        if call["action"] == "lambda:InvokeFunction"
        and call["resource"] in {OWN_MAKER, OWN_HANDER}
        and call["allowed"]
    }
    assert any("TransformBatchRole" in caller for caller in callers), callers
    assert any("DeliverBatchRole" in caller for caller in callers), callers
