"""Which frames go to people, and how clips are cut from a sequence and merged back."""

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terrace.domain import clips
from terrace.domain.clip_labels import Answer, cut_labels, cut_sequence, frame_names, merge
from terrace.domain.clips import Clip, FrameFlag, frames_of, plan


def flag(frame: int, score: float = 1.0) -> FrameFlag:
    return FrameFlag(frame, score, "look")


# --- the plan ----------------------------------------------------------------------------------


def test_windows_that_touch_are_one_clip_as_the_docstring_says() -> None:
    flags = {0: [flag(10, 3), flag(13, 2)]}
    whole = plan(flags, {0: 100}, context=2, budget=None)
    assert whole == [Clip(0, tuple(range(8, 16)))]
    assert plan(flags, {0: 100}, context=2, budget=6) == [Clip(0, tuple(range(9, 15)))]
    assert plan(flags, {0: 100}, context=2, budget=7) == [Clip(0, tuple(range(8, 15)))]


def rebuilt(
    flags: dict[int, list[FrameFlag]],
    lengths: dict[int, int],
    context: int,
    budget: int | None,
    most: int,
) -> set[tuple[int, int]]:
    """The rule word by word: every ring looks at each flag's whole window again."""
    chosen: dict[int, set[int]] = {}
    left = 10**9 if budget is None else budget
    ranked = sorted(
        ((place, one) for place, found in flags.items() for one in found),
        key=lambda row: (-row[1].score, row[0], row[1].frameNo),
    )
    for reach in range(min(1, context), context + 1):
        for place, one in ranked:
            if place not in chosen and (len(chosen) >= most or left <= 0):
                continue
            taken = chosen.setdefault(place, set())
            window = range(lengths[place])
            near = sorted(window, key=lambda n: (abs(n - one.frameNo), n))
            for number in near:
                inside = abs(number - one.frameNo) <= reach
                if inside and number not in taken and left > 0:
                    taken.add(number)
                    left -= 1
    return {(place, number) for place, taken in chosen.items() for number in taken}


@given(
    st.dictionaries(
        st.integers(0, 3),
        st.lists(st.tuples(st.integers(0, 11), st.integers(0, 3)), min_size=1, max_size=5),
        max_size=4,
    ),
    st.integers(0, 13),
    st.none() | st.integers(0, 40),
    st.integers(1, 4),
)
def test_ring_by_ring_is_what_whole_windows_would_choose(
    raw: dict[int, list[tuple[int, int]]], context: int, budget: int | None, most: int
) -> None:
    flags = {place: [flag(n, score) for n, score in found] for place, found in raw.items()}
    lengths = dict.fromkeys(flags, 12)
    made = plan(flags, lengths, context=context, budget=budget, most_sequences=most)
    cut = {(clip.place, number) for clip in made for number in clip.frames}
    assert cut == rebuilt(flags, lengths, context, budget, most)


def test_a_wide_context_of_many_flags_looks_at_each_frame_a_few_times(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rings: list[int] = []
    ring = clips._ring

    def counted(frame: int, reach: int, length: int) -> list[int]:
        found = ring(frame, reach, length)
        rings.append(len(found))
        return found

    monkeypatch.setattr(clips, "_ring", counted)
    flags = {0: [flag(number) for number in range(2_000)]}
    assert frames_of(plan(flags, {0: 2_000}, context=200, budget=None)) == 2_000
    assert sum(rings) <= 3 * 2_000


def test_the_worst_comes_first_and_context_ends_with_the_sequence() -> None:
    flags = {0: [flag(0, 1)], 1: [flag(9, 5)]}
    assert plan(flags, {0: 10, 1: 10}, context=3, budget=2) == [Clip(1, (8, 9))]
    assert plan(flags, {0: 10, 1: 10}, context=3, budget=6) == [
        Clip(0, (0, 1, 2)),
        Clip(1, (7, 8, 9)),
    ]
    assert plan(flags, {0: 10, 1: 10}, context=3, budget=None)[0] == Clip(0, (0, 1, 2, 3))


def test_a_flag_whose_window_does_not_fit_is_shown_with_less_around_it() -> None:
    flags = {0: [flag(5, 2), flag(50, 1)]}
    assert plan(flags, {0: 100}, context=1, budget=5) == [Clip(0, (4, 5, 6)), Clip(0, (49, 50))]


def test_every_flag_is_shown_before_the_worst_has_all_of_its_context() -> None:
    flags = {0: [flag(20, 9), flag(50, 1), flag(70, 2)]}
    clips = plan(flags, {0: 100}, context=5, budget=11)
    assert clips == [Clip(0, (18, 19, 20, 21, 22)), Clip(0, (49, 50, 51)), Clip(0, (69, 70, 71))]


def test_no_budget_no_flags_and_a_flag_outside_the_sequence_make_no_clip() -> None:
    assert plan({0: [flag(1)]}, {0: 5}, context=1, budget=0) == []
    assert plan({}, {}, context=1, budget=9) == []
    assert plan({0: []}, {0: 5}, context=1, budget=9) == []
    assert plan({0: [flag(5), flag(-1)]}, {0: 5}, context=1, budget=9) == []


def test_too_many_clips_share_files_the_nearest_first() -> None:
    flags = {0: [flag(0), flag(10), flag(14)], 1: [flag(3)]}
    clips = plan(flags, {0: 20, 1: 20}, context=0, budget=None, most_sequences=3)
    assert clips == [Clip(0, (0,)), Clip(0, (10, 14)), Clip(1, (3,))]


def test_of_too_many_sequences_the_worst_are_shown() -> None:
    flags = {place: [flag(1, score=place)] for place in range(4)}
    clips = plan(flags, dict.fromkeys(range(4), 5), context=0, budget=None, most_sequences=2)
    assert [clip.place for clip in clips] == [2, 3]


def test_a_score_that_is_no_number_comes_last() -> None:
    flags = {0: [flag(1, float("nan")), flag(3, 0.1)]}
    assert plan(flags, {0: 5}, context=0, budget=1) == [Clip(0, (3,))]


FLAGS = st.dictionaries(
    st.integers(0, 4),
    st.lists(
        st.builds(
            FrameFlag,
            st.integers(-3, 45),
            st.floats(allow_nan=True, allow_infinity=True),
            st.just(""),
        ),
        max_size=12,
    ),
)


@given(FLAGS, st.integers(0, 9), st.none() | st.integers(0, 80), st.integers(1, 6))
def test_a_plan_keeps_every_promise(
    flags: dict[int, list[FrameFlag]], context: int, budget: int | None, most: int
) -> None:
    lengths = dict.fromkeys(flags, 40)
    clips = plan(flags, lengths, context=context, budget=budget, most_sequences=most)
    # Never above the budget, never more sequences, no frame twice, all inside the sequence.
    assert budget is None or frames_of(clips) <= budget
    assert len(clips) <= most
    shown = [(clip.place, frame) for clip in clips for frame in clip.frames]
    assert len(set(shown)) == len(shown)
    assert all(0 <= frame < 40 for _, frame in shown)
    assert all(list(clip.frames) == sorted(clip.frames) and clip.frames for clip in clips)
    # Every frame shown is near a flag, and the order of the flags changes nothing.
    for place, frame in shown:
        assert any(abs(frame - one.frameNo) <= context for one in flags[place])
    turned = {place: found[::-1] for place, found in reversed(flags.items())}
    assert plan(turned, lengths, context=context, budget=budget, most_sequences=most) == clips
    # Without a budget, nothing that was flagged is left out of the sequences shown.
    if budget is None:
        places = {clip.place for clip in clips}
        wanted = {(p, f.frameNo) for p in places for f in flags[p] if 0 <= f.frameNo < 40}
        assert wanted <= set(shown)


# --- files -------------------------------------------------------------------------------------

NAMES = [f"{n:06d}.jpg" for n in range(1, 7)]


def sequence(names: list[str] = NAMES, first: Any = 1) -> dict[str, Any]:
    rows = []
    for index, name in enumerate(names):
        number = str(int(first) + index) if isinstance(first, str) else first + index
        rows.append({"frame-no": number, "frame": name, "unix-timestamp": 100.5 + index})
    return {
        "version": "2020-07-01",
        "seq-no": 7,
        "prefix": "s3://in/frames/",
        "number-of-frames": len(names),
        "frames": rows,
    }


def box(ident: str, name: str, left: int = 1, number: str = "0") -> dict[str, Any]:
    return {
        "left": left,
        "top": 2,
        "width": 30,
        "height": 40,
        "class-id": number,
        "label-category-attributes": {"Moving": "Yes"},
        "object-id": ident,
        "object-name": name,
    }


def frame(number: int, *boxes: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "annotations": list(boxes),
        "frame-no": str(number),
        "frame": NAMES[number],
        "frame-attributes": more,
    }


def labels(*frames: dict[str, Any]) -> dict[str, Any]:
    return {"tracking-annotations": list(frames), "kept": {"any": "thing"}}


WHOLE = labels(
    frame(0, box("a", "Car:1")),
    frame(1, box("a", "Car:1"), box("b", "Car:2", 50), Quality="Fail"),
    frame(2, box("a", "Car:1")),
    frame(4, box("c", "Car:3")),
)
CARS = {"0": "Car"}


def test_a_clips_sequence_file_counts_as_the_whole_does_and_keeps_the_rest() -> None:
    made = cut_sequence(sequence(), [NAMES[2], NAMES[4]], 3)
    assert made["seq-no"] == 3
    assert made["number-of-frames"] == 2
    assert (made["prefix"], made["version"]) == ("s3://in/frames/", "2020-07-01")
    assert made["frames"] == [
        {"frame-no": 1, "frame": NAMES[2], "unix-timestamp": 102.5},
        {"frame-no": 2, "frame": NAMES[4], "unix-timestamp": 104.5},
    ]


@pytest.mark.parametrize(("first", "numbers"), [(0, [0, 1]), ("0", ["0", "1"]), ("1", ["1", "2"])])
def test_numbers_stay_texts_or_numbers_from_where_they_began(
    first: Any, numbers: list[Any]
) -> None:
    made = cut_sequence(sequence(first=first), NAMES[3:5], 1)
    assert [row["frame-no"] for row in made["frames"]] == numbers


def test_a_clips_labels_are_counted_from_0_and_unlabeled_frames_stay_out() -> None:
    made = cut_labels(WHOLE, NAMES, NAMES[1:4])
    assert [(row["frame-no"], row["frame"]) for row in made["tracking-annotations"]] == [
        ("0", NAMES[1]),
        ("1", NAMES[2]),
    ]
    assert made["tracking-annotations"][0]["frame-attributes"] == {"Quality": "Fail"}
    assert made["kept"] == {"any": "thing"}
    assert WHOLE["tracking-annotations"][1]["frame-no"] == "1", "the whole is not touched"


def test_frames_that_workers_see_in_another_order_than_the_file_has() -> None:
    names = ["10.jpg", "9.jpg", "8.jpg"]
    # By the bytes of their names: 10, 8, 9.
    assert frame_names(sequence(names)) == ["10.jpg", "8.jpg", "9.jpg"]
    counted = {"tracking-annotations": [{"annotations": [], "frame-no": "1", "frame": "9.jpg"}]}
    assert frame_names(sequence(names), counted) == names
    assert frame_names(
        {"frames": [{"frame": "b.bin", "format": "text/xyz"}, {"frame": "a.bin"}]}
    ) == [
        "b.bin",
        "a.bin",
    ]


def test_an_answer_takes_the_place_of_its_frames_and_of_no_other() -> None:
    answer = labels(
        {
            **frame(0, box("a", "Car:1", 9)),
            "frame": NAMES[1],
            "frame-attributes": {"Quality": "Pass"},
        }
    )
    made = merge(WHOLE, NAMES, [Answer((NAMES[1], NAMES[2]), answer, CARS)], CARS)
    rows = made.labels["tracking-annotations"]
    assert rows[0] is WHOLE["tracking-annotations"][0]
    assert rows[1] == frame(1, box("a", "Car:1", 9), Quality="Pass")
    # A frame of the clip that did not come back is empty now.
    assert rows[2] == frame(2)
    assert rows[3] is WHOLE["tracking-annotations"][3]


def test_a_frame_that_had_no_labels_gets_them_in_its_place() -> None:
    answer = labels({**frame(0, box("c", "Car:3")), "frame": NAMES[3]})
    made = merge(WHOLE, NAMES, [Answer((NAMES[3],), answer, CARS)], CARS)
    numbers = [row["frame-no"] for row in made.labels["tracking-annotations"]]
    assert numbers == ["0", "1", "2", "3", "4"]


def test_a_new_object_whose_name_is_taken_gets_the_next_free_one() -> None:
    # Given two clips in which a new Car:3 was drawn, while Car:3 is somewhere else
    first = labels({**frame(0, box("new1", "Car:3")), "frame": NAMES[0]})
    second = labels({**frame(0, box("new2", "Car:3"), box("a", "Car:1")), "frame": NAMES[2]})
    made = merge(
        WHOLE,
        NAMES,
        [Answer((NAMES[0],), first, CARS), Answer((NAMES[2],), second, CARS)],
        CARS,
    )
    found = {
        one["object-id"]: one["object-name"]
        for row in made.labels["tracking-annotations"]
        for one in row["annotations"]
    }
    assert found == {"new1": "Car:4", "new2": "Car:5", "a": "Car:1", "b": "Car:2", "c": "Car:3"}


def test_class_numbers_follow_the_names() -> None:
    # Given a review whose category file counts otherwise, and knows one class more
    answer = labels(
        {
            **frame(0, box("a", "Car:1", number="1"), box("z", "Bus:1", number="0")),
            "frame": NAMES[0],
        }
    )
    made = merge(WHOLE, NAMES, [Answer((NAMES[0],), answer, {"1": "Car", "0": "Bus"})], CARS)
    numbers = [one["class-id"] for one in made.labels["tracking-annotations"][0]["annotations"]]
    assert made.class_map == {"0": "Car", "1": "Bus"}
    assert numbers == ["0", "1"]


def test_point_clouds_with_cameras_keep_their_sensors_and_numbers() -> None:
    def cloud(number: int, name: str, *ids: str) -> dict[str, Any]:
        boxes = [{"object-id": i, "object-name": i, "class-id": 0, "center-x": 1.5} for i in ids]
        return {"frame-number": number, "frame-name": name, "annotations": boxes}

    whole = {
        "lidar": {"tracking-annotations": [cloud(n, f"{n}.bin", "a") for n in range(3)]},
        "camera-0": {"tracking-annotations": [cloud(n, f"img{n}.png", "a") for n in range(3)]},
    }
    names = ["0.bin", "1.bin", "2.bin"]
    part = cut_labels(whole, names, ["1.bin"])
    assert part["camera-0"]["tracking-annotations"] == [cloud(0, "img1.png", "a")]
    part["lidar"]["tracking-annotations"][0]["annotations"][0]["center-x"] = 2.5
    made = merge(whole, names, [Answer(("1.bin",), part, {})], {})
    changed = copy.deepcopy(whole)
    changed["lidar"]["tracking-annotations"][1]["annotations"][0]["center-x"] = 2.5
    assert made.labels == changed


def test_a_file_without_frames_is_refused() -> None:
    with pytest.raises(ValueError, match="no list of frames"):
        frame_names({"seq-no": 1})


OBJECTS = st.lists(
    st.tuples(st.sampled_from("abc"), st.integers(0, 99)), max_size=3, unique_by=lambda row: row[0]
)
DOCUMENTS = st.dictionaries(st.integers(0, 5), OBJECTS, max_size=6)


@given(DOCUMENTS, st.permutations(range(6)), st.sets(st.integers(0, 5)))
def test_merging_an_unchanged_answer_changes_nothing(
    content: dict[int, list[tuple[str, int]]], order: list[int], shown: set[int]
) -> None:
    whole = labels(
        *(
            frame(n, *(box(ident, f"Car:{ident}", left) for ident, left in content[n]))
            for n in order
            if n in content
        )
    )
    before = copy.deepcopy(whole)
    names = tuple(NAMES[n] for n in sorted(shown))
    answer = Answer(names, cut_labels(whole, NAMES, names), CARS)
    made = merge(whole, NAMES, [answer] if names else [], CARS)
    assert made.labels == before == whole
    for row in made.labels["tracking-annotations"]:
        if row["frame"] not in names:
            assert any(row is other for other in whole["tracking-annotations"])
    # And merging what was merged changes nothing more.
    assert merge(made.labels, NAMES, [answer] if names else [], CARS) == made


def test_frames_of_clouds_are_known_without_the_ending_that_the_service_adds() -> None:
    # The numbers are those of the sequence file, and no places: only the names can tell.
    rows = [
        {"frame-number": 300 + at, "frame-name": f"{name}.pcd", "annotations": [{"class-id": at}]}
        for at, name in enumerate(("b.txt", "a.txt", "c.txt"))
    ]
    part = cut_labels({"tracking-annotations": rows}, ["b.txt", "a.txt", "c.txt"], ["a.txt"])
    assert part == {"tracking-annotations": [{**rows[1], "frame-number": 0}]}
    changed = {**part["tracking-annotations"][0], "annotations": []}
    answer = Answer(("a.txt",), {"tracking-annotations": [changed]})
    merged = merge({"tracking-annotations": rows}, ["b.txt", "a.txt", "c.txt"], [answer], {})
    frames = merged.labels["tracking-annotations"]
    assert frames == [rows[0], {**rows[1], "annotations": []}, rows[2]]
