"""Many batches at once, throttled, every event twice: each ends as it has to, nothing is mixed up.

The full size is `python -m bench.fifty_batches`, and for half an hour `python -m bench.soak`.
"""

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.crowd import Crowd, PatientWorld, unexpected
from bench.evidence import keep, suspects
from bench.fifty_batches import THROTTLED, run
from tests.machine.world import private_world

pytestmark = pytest.mark.local_aws


@pytest.fixture(scope="module")
def crowded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PatientWorld]:
    """A world whose people answer at once, for the tests of this file in their order."""
    home = tmp_path_factory.mktemp("many") / ".terrace"
    with private_world(home, fresh=True, workers="auto", speed=200.0, seed=1) as plain:
        yield PatientWorld(plain.contract, home, plain.said)


SIX = {
    "two levels": 3,
    "partial, labeled again": 3,
    "failed partly, labeled again": 2,
    "failed, others go on": 3,
    "input missing": 0,
    "posted three times": 3,
}
"""Kinds of batches, and how many labeling jobs each has to make, whatever is throttled."""


def test_six_batches_at_once_with_throttling_and_every_event_twice(crowded: PatientWorld) -> None:
    result = run(crowded, count=len(SIX), share=0.1, timeout=600, kinds=list(SIX))
    assert result["violations"] == []
    # The faults were real ones
    assert len(result["throttled"]) == len(THROTTLED)
    assert all(result["throttled"].values())
    assert result["counts"]["labeling jobs"] == sum(SIX.values())


def test_what_is_not_as_it_should_be_is_a_violation(crowded: PatientWorld, tmp_path: Path) -> None:
    # Given a batch of which somebody expects something else
    crowd = Crowd(crowded)
    crowd.endings()
    crowd.post("partial, kept", "other")
    expected = crowd.batches[0].expected
    crowded.until_ended("other")
    crowd.batches[0].expected = type(expected)(
        "COMPLETE", {"other-half": 5}, {"other-half": 2}, failed=("other-check",)
    )
    # When it is checked
    crowd.check(seconds=1)
    names = suspects(["another", "other"], crowd.violations)
    (evidence,) = keep(crowded, names, tmp_path / "evidence")
    # Then each difference is told
    told = "\n".join(crowd.violations)
    assert "COMPLETE_WITH_ERRORS instead of COMPLETE" in told
    assert "2 labels instead of 5" in told
    assert "2 labeling jobs expected, made ['other-half']" in told
    assert "other-check: COMPLETE instead of FAILED" in told
    # And what led to it is kept
    kept = json.loads(evidence.read_text())
    assert evidence.name == "other.json"
    assert kept["show"]["status"] == "COMPLETE_WITH_ERRORS"
    assert {"BATCH", "EVENT"} <= {row["SK"].split("#")[0] for row in kept["rows"]}
    (execution,) = kept["executions"].values()
    assert execution["events"][0]["type"] == "ExecutionStarted"


def test_errors_that_no_fault_explains_are_violations() -> None:
    errors = Counter({"start-job: ThrottledError": 2, "notify: KeyError": 1})
    assert unexpected(errors) == ["log of notify: KeyError (1 times)"]
