"""Functions of the user's around a batch, on the shipped machine, handlers and adapters."""

import json
from typing import Any

import pytest

from tests.world import requests
from tests.world.faults import CRASH_AFTER, CRASH_BEFORE, THROTTLE
from tests.world.house import BUCKET, function
from tests.world.scene import HOUR, Scene

MAKER, HANDER = function("own-maker"), function("own-hander")
CALLS = "LambdaFunctions.call"


class Story(Scene):
    """A batch whose manifest is made by a function, and handed over by another one.

    Each answers at its third call (of those that were kept count of), each time with another
    manifest: two answers cannot pass for one.
    """

    def __init__(self, seed: object = "own") -> None:
        super().__init__(seed=seed)
        self.world.settings["FUNCTION_ARNS"] = f"{MAKER},{HANDER}"
        self.made = [requests.upload(self.world, f"made{n}", 2) for n in range(4)]
        self.late: list[str] = []
        """Work that was asked for though its answer was kept."""
        self.world.own.answers = {MAKER: self.make, HANDER: self.hand}

    def go(self) -> None:
        job = self.label("car")
        job["inputConfig"] = {}
        del job["labelCategoryConfigS3Uri"]
        own = {"transformation": {"functionArn": MAKER}, "postProcessing": {"functionArn": HANDER}}
        self.post(self.request(job, **own))

    def asked(self, point: str) -> list[Any]:
        return [event for event in self.world.own.events if event["event"] == point]

    def kept(self, point: str) -> Any:
        """What is kept of an answer, read without being asked as a client."""
        name = "/transformation-" if point == "transformation" else "/post-processing.json"
        for (bucket, key), data in self.world.s3.objects.items():
            if bucket == BUCKET and key.startswith("batches/b/") and name in key:
                found = json.loads(data)
                return found if point == "transformation" else found["record"]
        return None

    def _answer(self, event: Any, whole: Any) -> Any:
        if self.kept(event["event"]) is not None:
            self.late.append(event["event"])
        return whole if event["call"] >= 3 else {"done": False}

    def make(self, event: Any) -> Any:
        given = {
            "inputManifestS3Uri": self.made[len(self.asked("transformation")) % 4],
            "labelCategoryConfigS3Uri": self.categories,
        }
        return self._answer(event, {"inputs": {"car": given}})

    def hand(self, event: Any) -> Any:
        return self._answer(event, {"done": True, "result": len(self.asked("postProcessing"))})

    def right_end(self) -> None:
        """One answer of each counts, everywhere; nobody is asked once it is there."""
        assert self.until_over() == "COMPLETE"
        assert self.late == []
        (job,) = self.world.jobs("b")
        made = self.kept("transformation")["answer"]["inputs"]["car"]["inputManifestS3Uri"]
        assert job.spec.inputConfig.inputManifestS3Uri == made
        assert self.created() == ["car"]
        for point in ("transformation", "postProcessing"):
            assert len({event["idempotencyId"] for event in self.asked(point)}) == 1
        batch = self.world.batch("b")
        assert batch is not None
        assert batch.delivered is not None
        assert batch.delivered.postProcessing is not None
        assert batch.delivered.postProcessing.result == self.kept("postProcessing")["result"]


def test_each_is_asked_three_times_and_then_no_more() -> None:
    with Story().running() as story:
        story.go()
        story.right_end()
        assert [event["call"] for event in story.asked("transformation")] == [1, 2, 3]
        assert [event["call"] for event in story.asked("postProcessing")] == [1, 2, 3]


@pytest.mark.parametrize("kind", [CRASH_BEFORE, CRASH_AFTER])
def test_wherever_a_function_of_ours_dies_one_answer_counts(kind: str) -> None:
    last, found = 0, True
    while found:
        last += 1
        with Story().running() as story:
            die_at(story, last, kind)
            story.go()
            story.right_end()
            found = story.world.faults.hits.total() > 0
    assert last > 60


def die_at(story: Story, last: int, kind: str) -> None:
    """TransformBatch or DeliverBatch dies at the so many-th call that they make."""
    count = 0
    faults = story.world.faults

    def choose(*_: Any) -> str | None:
        nonlocal count
        task = faults.scheduler.current
        if task is None or task.about.function not in {"transform_batch", "deliver_batch"}:
            return None
        count += 1
        return kind if count == last else None

    faults.choose = choose  # type: ignore[method-assign]


@pytest.mark.parametrize("folder", ["transform_batch", "deliver_batch"])
@pytest.mark.parametrize("seed", range(4))
def test_two_that_ask_at_a_time_agree_on_one_answer(folder: str, seed: int) -> None:
    with Story(seed).running() as story:
        story.world.zombies, story.world.zombies_of = 0.6, folder
        story.go()
        # The function may be called beside a call that has not answered: that is not late.
        assert story.until_over() == "COMPLETE"
        (job,) = story.world.jobs("b")
        made = story.kept("transformation")["answer"]["inputs"]["car"]["inputManifestS3Uri"]
        assert story.world.zombies_made > 0
        assert job.spec.inputConfig.inputManifestS3Uri == made


def test_throttling_is_waited_out() -> None:
    with Story().running() as story:
        story.at(CALLS, THROTTLE, 2)
        story.go()
        story.right_end()


@pytest.mark.parametrize("answer", [{"nonsense": 1}, ValueError("no film")], ids=["odd", "fails"])
def test_a_transformation_that_fails_ends_the_batch_before_anything_is_paid(answer: Any) -> None:
    with Story().running() as story:
        story.world.own.answers[MAKER] = lambda _: _raise(answer)
        story.go()
        assert story.until_over() == "VALIDATION_FAIL"
        assert story.created() == []
        assert len(story.asked("transformation")) == 1
        batch = story.world.batch("b")
        assert batch is not None
        assert batch.mark is not None
        assert [found.path for found in batch.mark.problems] == ["$.transformation"]


@pytest.mark.parametrize("answer", [{"done": False}, ValueError("no room")], ids=["never", "fails"])
def test_a_post_processing_that_fails_holds_up_no_end_for_long(answer: Any) -> None:
    with Story().running() as story:
        story.world.own.answers[HANDER] = lambda _: _raise(answer)
        story.go()
        assert story.until_over() == "COMPLETE"
        batch = story.world.batch("b")
        assert batch is not None
        assert batch.messageSentAt is not None
        assert batch.endedAt is not None
        assert batch.messageSentAt - batch.endedAt < HOUR
        (end,) = [m["body"] for m in story.world.sns.sent if m["eventType"] == "BATCH_COMPLETE"]
        assert end["status"] == "SUCCESS"
        assert end["outputs"]["postProcessing"]["status"] == "FAILED"


def _raise(answer: Any) -> Any:
    if isinstance(answer, Exception):
        raise answer
    return answer
