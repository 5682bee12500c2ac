"""What the checks found, as reviewers read it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terrace.domain.quality.directions import FULL_MAX, SHORT_MAX, instructions
from terrace.domain.quality.findings import Finding, Severity
from terrace.domain.request import Instructions

LIST = "s3://b/batches/x/inputs/j/gate/a1-g1/findings.jsonl"


def finding(
    number: int | None = 102, *, item: int = 0, value: float = 0.4, sentence: str = ""
) -> Finding:
    name = None if number is None else f"{number:06d}.jpg"
    said = sentence or f"Vehicle:2 in frame {name} (frame {number}) is 29 % narrower."
    return Finding(
        **{"check": "size-jump", "severity": Severity.warning, "sentence": said, "item": item},
        **{"frameNo": number, "frame": name, "value": value, "threshold": 0.2},
    )


def test_one_finding_as_the_docstring_says() -> None:
    short, full = instructions([finding()], None, list_uri=LIST)
    assert short == "Please look here first: 000102.jpg (frame 102)."
    assert full == (
        "Please look here first:\n- Vehicle:2 in frame 000102.jpg (frame 102) is 29 % narrower."
    )


def test_the_users_texts_come_first() -> None:
    own = Instructions(shortInstruction="Mind the wheels.", fullInstruction="Wheels count too.")
    short, full = instructions([finding()], own, list_uri=LIST)
    assert short.startswith("Mind the wheels. Please look here first: 000102.jpg")
    assert full.startswith("Wheels count too.\n\nPlease look here first:\n- Vehicle:2")


def test_without_findings_the_texts_stay_as_they_are() -> None:
    own = Instructions(shortInstruction="Mind the wheels.")
    assert instructions([], own, list_uri=LIST) == ("Mind the wheels.", "Mind the wheels.")
    assert instructions([], None, list_uri=LIST) == ("", "")


def test_the_least_bad_are_left_out_and_counted() -> None:
    found = [finding(number, value=0.2 + number / 100) for number in range(60)]
    short, full = instructions(found, None, list_uri=LIST)
    assert len(full) <= FULL_MAX
    assert len(short) <= SHORT_MAX
    # Worst is frame 59; what is shown is in the order of frames.
    assert "000059.jpg" in short
    assert "000000.jpg" not in full
    lines = full.splitlines()
    shown = [line for line in lines if line.startswith("- ")]
    assert shown == sorted(shown)
    assert "000059.jpg" in shown[-1]
    assert lines[-1] == f"and {60 - len(shown)} more: {LIST}"


def test_sequences_stand_by_themselves_with_the_name_that_workers_know() -> None:
    found = [finding(3, item=4), finding(1, item=2), finding(2, item=4)]
    _, full = instructions(found, None, list_uri=LIST, names={4: "night drive"})
    assert [line[:20] for line in full.splitlines()] == [
        "Please look here fir",
        "Sequence 3:",
        "- Vehicle:2 in frame",
        "night drive:",
        "- Vehicle:2 in frame",
        "- Vehicle:2 in frame",
    ]


def test_a_sentence_that_does_not_name_its_frame_gets_both_names() -> None:
    _, full = instructions([finding(7, sentence="Something is odd.")], None, list_uri=LIST)
    assert full.splitlines()[1] == "- 000007.jpg (frame 7): Something is odd."


def test_workers_of_a_clip_are_told_file_names_alone() -> None:
    told = "Car is not labeled in frame 7.jpg (frame 7), though it is in frame 6.jpg (frame 6)."
    found = [finding(7, sentence=told), finding(8, sentence="Something is odd.")]
    short, full = instructions(found, None, list_uri=LIST, clips=True)
    assert short == "Please look here first: 000007.jpg, 000008.jpg."
    assert full.splitlines()[1:] == [
        "- 000007.jpg: Car is not labeled in frame 7.jpg, though it is in frame 6.jpg.",
        "- 000008.jpg: Something is odd.",
    ]


def test_of_several_sequences_the_short_text_names_each_frames_own() -> None:
    found = [finding(3, item=1, value=0.9), finding(3, item=4, value=0.5)]
    short, _ = instructions(found, None, list_uri=LIST, names={4: "night"})
    assert short == (
        "Please look here first: Sequence 2: 000003.jpg (frame 3), night: 000003.jpg (frame 3)."
    )


def test_a_line_of_the_manifest_that_was_checked_is_not_told() -> None:
    found = [finding(None, sentence="A box reaches out of 011.jpg (line 11) by 40 px.")]
    _, full = instructions(found, None, list_uri=LIST, names={0: "011.jpg"})
    assert full.endswith("- 011.jpg: A box reaches out of 011.jpg by 40 px.")


def test_an_image_is_named_by_its_file() -> None:
    found = [finding(None, sentence="Two boxes lie on one another.")]
    short, full = instructions(found, None, list_uri=LIST, names={0: "cat.png"})
    assert short == "Please look here first: cat.png."
    assert full.endswith("- cat.png: Two boxes lie on one another.")


def test_a_place_that_was_flagged_twice_is_told_once_in_short() -> None:
    found = [finding(7, sentence="One thing."), finding(7, sentence="Another thing.")]
    short, full = instructions([*found, *found], None, list_uri=LIST)
    assert short == "Please look here first: 000007.jpg (frame 7)."
    assert full.count("thing.") == 2


def test_where_there_is_room_for_no_finding_their_number_is_told_and_where_they_are() -> None:
    found = [finding(n, sentence="x" * 3000) for n in range(3)]
    _, full = instructions(found, None, list_uri=LIST)
    assert full == f"3 findings: {LIST}"


@pytest.mark.parametrize("length", [SHORT_MAX, SHORT_MAX + 40])
def test_a_users_text_is_never_cut(length: int) -> None:
    own = Instructions(shortInstruction="s" * length, fullInstruction="f" * FULL_MAX)
    assert instructions([finding()], own, list_uri=LIST) == ("s" * length, "f" * FULL_MAX)


@given(
    st.lists(
        st.builds(
            finding,
            st.none() | st.integers(0, 3000),
            item=st.integers(0, 3),
            value=st.floats(0.2, 9),
            sentence=st.text(max_size=300),
        ),
        max_size=30,
    ),
    st.integers(0, 400),
    st.integers(0, 3000),
)
def test_no_text_is_ever_too_long_and_the_order_of_findings_does_not_matter(
    found: list[Finding], short_max: int, full_max: int
) -> None:
    texts = instructions(found, None, short_max=short_max, full_max=full_max, list_uri=LIST)
    assert len(texts[0]) <= short_max
    assert len(texts[1]) <= full_max
    assert texts == instructions(
        found[::-1], None, short_max=short_max, full_max=full_max, list_uri=LIST
    )
