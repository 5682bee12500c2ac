"""ObjectStore: a read that is cut off goes on at the same byte of the same object."""

from typing import Any

import pytest

from terrace.adapters import s3_objects
from terrace.errors import ObjectChangedError, ThrottledError, TransientError
from tests.contract.dropping_s3 import DroppingS3, serving

DATA = "".join(f'{{"line": {n}, "text": "日本"}}\n' for n in range(1000)).encode()
TEXTS = DATA.decode().splitlines()
URI = "s3://bucket/clip.manifest"


def read(world: DroppingS3, **how: Any) -> list[str]:
    return [line.text for line in world.objects().read_lines(URI, **how)]


@pytest.mark.parametrize("drop", [0, 1, 20, 12_345, len(DATA) - 1])
def test_a_dropped_connection_is_taken_up_at_the_same_byte(drop: int) -> None:
    with serving(DroppingS3(DATA, drops=[drop])) as world:
        assert read(world) == TEXTS
    assert world.starts == [0, drop]


def test_several_drops_lose_and_repeat_nothing() -> None:
    with serving(DroppingS3(DATA, drops=[100, 1, 7000])) as world:
        assert read(world) == TEXTS
    assert world.starts == [0, 100, 101, 7101]


def test_a_read_from_the_middle_resumes_from_there() -> None:
    start = len(TEXTS[0].encode()) + 1
    with serving(DroppingS3(DATA, drops=[10])) as world:
        assert read(world, start=start, first_number=2) == TEXTS[1:]
    assert world.starts == [start, start + 10]


def test_drops_without_end_are_a_transient_error() -> None:
    with serving(DroppingS3(DATA, drops=[1] * 50)) as world, pytest.raises(TransientError):
        read(world)
    assert len(world.starts) == s3_objects.RESUMES + 1


def test_an_object_replaced_while_it_is_read_is_never_mixed() -> None:
    world = DroppingS3(DATA, drops=[5000], replace_after=1)
    with serving(world), pytest.raises(ObjectChangedError):
        read(world)


def test_an_object_replaced_between_head_and_get_is_noticed() -> None:
    world = DroppingS3(DATA, replace_after=0)
    with serving(world), pytest.raises(ObjectChangedError):
        read(world)


@pytest.mark.parametrize(("status", "error"), [(503, TransientError), (429, ThrottledError)])
def test_a_busy_s3_is_an_error_that_can_be_retried(
    status: int, error: type[TransientError]
) -> None:
    with serving(DroppingS3(DATA, errors=[status])) as world, pytest.raises(error):
        read(world)


def test_a_reader_that_stops_early_asks_for_no_more() -> None:
    with serving(DroppingS3(DATA)) as world:
        lines = world.objects().read_lines(URI)
        assert next(lines).text == TEXTS[0]
        lines.close()  # type: ignore[attr-defined]
    assert world.starts == [0]
