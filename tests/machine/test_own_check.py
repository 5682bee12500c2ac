"""A gate's check of the user's own: the sample of the docs, deployed as a user deploys it."""

import json

import pytest

from tests.machine.conftest import OWN_CHECK
from tests.machine.own_functions import deploy
from tests.machine.test_gated_jobs import ITEMS, lane, numbers
from tests.machine.world import Json, World, jobs_of

pytestmark = pytest.mark.local_aws

FAR_TOO_MANY = 1_000
SHORT = 2
"""Number of the picture of which more objects are expected than anybody draws."""


def gated(arn: str) -> Json:
    return {"checks": [{"check": "lambda", "functionArn": arn}]}


def test_the_sample_function_flags_one_item_which_alone_goes_to_people(
    world: World, batch: str
) -> None:
    deploy(world, OWN_CHECK, "gate_check", [])
    # An earlier attempt at this test has called it, too.
    world.control("calls", method="DELETE")
    box, fix, look = (f"{batch}-{name}" for name in ("box", "fix", "look"))
    jobs = lane(world, batch, gated(OWN_CHECK))
    given = jobs[0]["inputConfig"]["inputManifestS3Uri"]
    rows = world.lines(given)
    rows[SHORT]["expected-objects"] = FAR_TOO_MANY
    rows[0]["expected-objects"] = 0
    world.write(given, "\n".join(map(json.dumps, rows)))
    world.create(batch, jobs)

    world.finish(box)
    world.finish(fix)
    world.finish(look)
    shown, _ = world.ended(batch)

    assert shown["status"] == "COMPLETE"
    assert numbers(world, shown, fix) == [SHORT]
    assert numbers(world, shown, look) == list(range(ITEMS))
    told = jobs_of(shown)[fix]["gate"]
    assert (told["flagged"], told["selected"], told["byCheck"]) == (1, 1, {"lambda": 1})
    (finding,) = world.lines(told["findingsS3Uri"])
    assert finding["item"] == SHORT
    assert finding["sentence"].endswith(f"objects are labeled, {FAR_TOO_MANY} were expected.")
    (call,) = [
        call
        for call in world.control("calls")["calls"]
        if (call["action"], call["resource"]) == ("lambda:InvokeFunction", OWN_CHECK)
    ]
    assert call["allowed"]
    assert "PrepareInputRole" in call["principal"]


def test_a_function_that_is_not_on_the_stacks_list_is_refused(world: World, batch: str) -> None:
    jobs = lane(world, batch, gated(f"{OWN_CHECK}-of-somebody-else"))

    status, answer = world.post({"batchId": batch, "labelingJobs": jobs})

    assert status == 400
    (error,) = answer["errors"]
    assert error["path"].startswith("$.labelingJobs[1].inputConfig.gate.checks[0].functionArn")
    assert OWN_CHECK in json.dumps(error)
