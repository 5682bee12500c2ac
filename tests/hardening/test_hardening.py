"""Some hundred bad requests and files, and one of every maker (`make hardening` has thousands)."""

import pytest

from tests.hardening import files, form, ground, meaning
from tests.hardening.case import FORM, Case, Draw
from tests.world.scene import Scene

PART = 25
MAKERS = [*form.MAKERS, *meaning.MAKERS, *files.MAKERS]


@pytest.mark.parametrize("first", range(0, 200, PART))
def test_nothing_bad_gets_through(first: int) -> None:
    for seed in range(first, first + PART):
        verdict = ground.run(seed)
        assert not verdict.wrong, (
            f"seed {seed} ({verdict.case.kind}): {verdict.wrong[0]} (make hardening SEED={seed})"
        )


@pytest.mark.parametrize("make", MAKERS, ids=lambda make: f"{make.__module__}.{make.__name__}")
def test_every_maker_is_caught(make: object) -> None:
    verdict = ground.run(1, make)  # type: ignore[arg-type]
    assert not verdict.wrong, verdict.wrong[0]


def test_half_of_the_cases_fail_the_schema() -> None:
    with Scene(reconciler=False).running() as scene:
        groups = [ground.draw(seed, scene.world).group for seed in range(60)]
    assert groups.count(FORM) == 30


def a_good_batch(draw: Draw) -> Case:
    return draw.case("meaning", "good", "NO_SUCH_CODE", draw.usual(), statuses=(200,))


def test_a_good_batch_is_told_from_a_bad_one() -> None:
    """The watch can fail: a request in which nothing is wrong makes a labeling job."""
    wrong = ground.run(0, a_good_batch).wrong
    assert "a labeling job was created" in wrong
    assert "the case was to fail the schema, and passes it" not in wrong


def test_a_seed_is_the_same_case_every_time() -> None:
    assert ground.run(17).case == ground.run(17).case
