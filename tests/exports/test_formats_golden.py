"""Each format's files, byte for byte (masks: pixel for pixel), as people have read and approved."""

import pytest

from terrace.domain.exports.formats import FORMATS
from tests.exports.golden import CASES, FOLDER, PACKED, listing


@pytest.mark.parametrize("case", CASES)
def test_a_format_writes_what_its_golden_file_says(case: str) -> None:
    expected = (FOLDER / f"{case}.txt").read_text(encoding="utf-8")
    assert listing(case) == expected


def test_every_format_has_a_golden_file_and_no_file_is_left_over() -> None:
    assert {path.stem for path in FOLDER.glob("*.txt")} == set(CASES)
    assert set(FORMATS) - PACKED <= set(CASES)


def test_there_are_twelve_formats_and_more() -> None:
    assert len(FORMATS) >= 12


@pytest.mark.parametrize("case", CASES)
def test_writing_again_gives_the_same_bytes(case: str) -> None:
    assert listing(case) == listing(case)
