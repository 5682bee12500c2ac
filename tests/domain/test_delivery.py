"""Final lines: names of attributes, whose verdict counts, and sequences of several lanes."""

import json
from typing import Any

import pytest

from terrace.domain import delivery
from terrace.domain.delivery import Given, Lane, Outcome, Passed, Step
from terrace.domain.delivery_sequences import LaneLabels, merge
from terrace.domain.seqlabel import read

ABOUT = {"type": "groundtruth/object-detection", "creation-date": "2026-11-21T10:00:00"}


def step(job: str, kind: Any = "label", **more: Any) -> Step:
    given = {"modality": "BoundingBox", "level": 1, "attribute": job, "label": job, **more}
    return Step(job=job, kind=kind, **given)


def made(job: str, value: Any = 0, **more: Any) -> dict[str, Any]:
    return {job: value, f"{job}-metadata": {**ABOUT, "job-name": f"labeling-job/{job}", **more}}


# --- names ---------------------------------------------------------------------------------------


def test_lanes_that_fork_share_an_attribute_and_others_do_not() -> None:
    found = delivery.names(
        [
            ("a-1", [("seen-ref", "seen"), ("a-1-ref", "a-1")]),
            ("a-2", [("seen-ref", "seen")]),
            ("b", [("seen-ref", "b")]),
            ("c", [("seen-of-c-ref", "c0"), ("seen-ref", "c")]),
        ]
    )
    assert found[:3] == [{}, {}, {"seen-ref": "seen-of-b-ref"}]
    # Ground Truth wants `-ref` last, and no two attributes are one
    assert found[3] == {"seen-ref": "seen-of-c-2-ref"}


def test_no_lane_is_called_what_the_line_itself_has() -> None:
    given = [("old", [("terrace", "terrace")]), ("look", [("terrace-labels-ref", "s3://b/m")])]
    assert delivery.names(given) == [
        {"terrace": "terrace-of-old"},
        {"terrace-labels-ref": "terrace-labels-of-look-ref"},
    ]


def test_an_attribute_of_the_users_own_is_not_overwritten_by_a_made_up_name() -> None:
    lanes = [Lane((step("seen"),)), Lane((step("road"),), {"road": "seen-of-road"})]
    parts = [delivery.part(one, made(one.name, one.name), one.name, "", {}) for one in lanes]
    own = {"source-ref": "s3://b/x.jpg", "seen-of-road": "mine", "seen-of-road-2": "too"}
    data = json.loads(delivery.line("b", 1, Given(0, own, None), parts, {})[1])
    assert (data["seen-of-road"], data["seen-of-road-2"]) == ("mine", "too")
    assert data["seen-of-road-3"] == "road"
    assert data["seen-of-road-3-metadata"]["job-name"] == "labeling-job/road"
    assert [one["attribute"] for one in data["terrace"]["lanes"]] == ["seen", "seen-of-road-3"]


def test_what_an_earlier_batch_wrote_is_not_told_as_of_this_one() -> None:
    stale = {"terrace": {"batch": "a"}, "terrace-labels-ref": "s3://b/a", "source": "x"}
    stale["terrace-labels-ref-metadata"] = {"job-name": "terrace/a"}
    lane = Lane((step("car"),))
    parts = [delivery.part(lane, made("car"), "car", "", {})]
    data = json.loads(delivery.line("b", 1, Given(0, stale, None), parts, {})[1])
    assert list(data) == ["source", "car", "car-metadata", "terrace"]
    assert data["terrace"]["batch"] == "b"


def test_a_label_that_a_reviewer_failed_stands_apart_in_an_accepted_item() -> None:
    # Given an item with a good label, one that failed, and one that it came with and that failed
    failed = made("check", 1, **{"class-name": "Fail"})
    verdict = step("check", "verdict", label="road-ref", audited="road-ref")
    old = step("look", "verdict", label="old", audited="old")
    lanes = [
        (Lane((step("car"),)), made("car"), "car"),
        (Lane((step("road-ref"), verdict)), made("road-ref", "s3://b/r") | failed, "road-ref"),
        (
            Lane((old,)),
            made("old") | made("look", 1, **{"class-name": "Fail"}),
            "old",
        ),
    ]
    parts = [delivery.part(lane, data, name, "", {}) for lane, data, name in lanes]
    own = {"source-ref": "s3://b/x.jpg", **made("old"), "old-rejected": "mine"}
    # When its final line is made
    became, text = delivery.line("b", 1, Given(0, own, None), parts, {})
    data = json.loads(text)
    # Then who reads labels by their attributes finds the good one only
    assert became is Outcome.accepted
    assert {"road-ref", "road-ref-metadata", "old", "old-metadata"}.isdisjoint(data)
    # And nothing is lost, or written over
    assert data["road-rejected-ref"] == "s3://b/r"
    assert data["road-rejected-ref-metadata"]["job-name"] == "labeling-job/road-ref"
    assert (data["old-rejected"], data["old-rejected-2"]) == ("mine", 0)
    named = [one["attribute"] for one in data["terrace"]["lanes"]]
    assert named == ["car", "road-rejected-ref", "old-rejected-2"]
    # And an item that is rejected as a whole keeps its labels' names, for a job that mends them
    data = json.loads(delivery.line("b", 1, Given(0, own, None), parts[1:], {})[1])
    assert (data["road-ref"], data["old"]) == ("s3://b/r", 0)


def test_a_failed_label_that_another_lane_accepts_stays_where_it_is() -> None:
    failed = made("check", 1, **{"class-name": "Fail"})
    passed = made("again", 1, **{"class-name": "Pass"})
    verdicts = [step(one, "verdict", label="car", audited="car") for one in ("check", "again")]
    parts = [
        delivery.part(Lane((step("car"), verdicts[0])), made("car") | failed, "car", "", {}),
        delivery.part(Lane((step("car"), verdicts[1])), made("car") | passed, "car", "", {}),
    ]
    data = json.loads(delivery.line("b", 1, Given(0, {"source": "x"}, None), parts, {})[1])
    assert "car" in data
    assert "car-rejected" not in data


# --- what became of it ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "outcome", "reason"),
    [
        (["Pass"], Outcome.accepted, ""),
        (["Fail"], Outcome.rejected, "check0 said Fail"),
        (["Wrong", "ok"], Outcome.accepted, ""),
        (["Pass", "bad"], Outcome.rejected, "check1 said bad"),
        (["Fail", "Hard to say"], Outcome.rejected, "check0 said Fail"),
        (
            ["Hard to say"],
            Outcome.accepted,
            "check0 said Hard to say, which neither passes nor fails the label",
        ),
    ],
)
def test_the_last_verdict_that_says_anything_counts(
    said: list[str], outcome: Outcome, reason: str
) -> None:
    data: dict[str, Any] = {"source-ref": "s3://b/x.jpg", **made("car")}
    steps = [step("car")]
    for number, word in enumerate(said):
        steps.append(step(f"check{number}", "verdict", label="car", audited="car"))
        data |= made(f"check{number}", **{"class-name": word})
    part = delivery.part(Lane(tuple(steps)), data, "car", "", {})
    assert (part.status, part.about["reason"]) == (outcome, reason)


def test_a_copy_under_the_name_of_a_review_is_no_answer_of_it() -> None:
    # Given an item that was copied under the review's attribute, for a third level to look at
    lane = Lane((step("car"), step("mend", "review", audited="car"), step("last", "review")))
    copied = {"mend": 0, "mend-metadata": {**ABOUT, "job-name": "labeling-job/car-a2"}}
    data = {**made("car", **{"job-name": "labeling-job/car-a2"}), **copied, **made("last")}
    history = delivery.part(lane, data, "last", "", {}).about["history"]
    assert [one["what"] for one in history] == ["labeled", "not answered", "reviewed"]
    assert [one["attempt"] for one in history] == [2, None, 1]


@pytest.mark.parametrize("job_name", ["labeling-job/of-old", None])
def test_a_copy_of_a_given_label_does_not_repair_what_a_reviewer_failed(
    job_name: str | None,
) -> None:
    # Given labels of another batch, or of nobody: failed, mended by nobody, looked at by nobody
    about = {**ABOUT, "job-name": job_name} if job_name else ABOUT
    steps = (
        step("check", "verdict", label="old", audited="old"),
        step("mend", "review", audited="old"),
        step("last", "review", audited="mend"),
    )
    failed = made("check", **{"class-name": "Fail"})
    copied = {"old": 0, "old-metadata": about, **failed, "mend": 0, "mend-metadata": about}
    part = delivery.part(Lane(steps), copied, "mend", "not labeled by last", {})
    assert (part.status, part.about["reason"]) == (Outcome.rejected, "check said Fail")
    assert [one["what"] for one in part.about["history"]] == [
        *("reviewed", "not answered", "not answered"),
    ]
    # And an answer of a page of one's own, which may not say whose it is, does
    answered = {**copied, "mend": 1, "mend-metadata": ABOUT}
    part = delivery.part(Lane(steps), answered, "mend", "not labeled by last", {})
    assert part.status is Outcome.accepted


def test_what_a_gate_let_pass_was_not_looked_at_whatever_the_line_holds() -> None:
    lane = Lane((step("car"), step("mend", "review", audited="car", gated=True)))
    passed = {1: Passed("accepted as it is: no finding", True)}
    part = delivery.part(lane, made("car"), "car", "accepted as it is: no finding", passed)
    entry = part.about["history"][1]
    assert (entry["what"], entry["gate"]) == (
        *("accepted without a look", "accepted as it is: no finding"),
    )
    assert part.status is Outcome.accepted


@pytest.mark.parametrize(
    ("before", "after", "status", "changed"),
    [
        ("s3://b/1", "s3://b/1", None, False),
        ("s3://b/1", "s3://b/2", "adjusted", True),
        ("s3://b/1", "s3://b/2", "unadjusted", False),
        ("s3://b/1", "s3://b/2", None, None),
    ],
)
def test_whether_a_label_in_a_file_changed(
    before: str, after: str, status: str | None, changed: bool | None
) -> None:
    said = {} if status is None else {"adjustment-status": status}
    data = {**made("car-ref", before), **made("mend-ref", after, **said)}
    lane = Lane((step("car-ref"), step("mend-ref", "review", audited="car-ref")))
    history = delivery.part(lane, data, "mend-ref", "", {}).about["history"]
    assert history[1]["changed"] is changed


def many(number: int, name: str = "lane") -> dict[str, Any]:
    """A final line of so many lanes, each of a label, a verdict on it, and a gated review."""
    parts = []
    for place in range(number):
        job = f"{name}{place}"
        steps = (
            step(job),
            step(f"{job}-check", "verdict", modality="BoundingBoxVerification", label=job),
            step(f"{job}-mend", "review", level=3, audited=job, gated=True),
        )
        data = made(job)
        parts.append(delivery.part(Lane(steps), data, job, "", {2: Passed("no finding", True)}))
    given = Given(0, {"source-ref": "s3://b/x.jpg", "terrace": {"of": "an earlier batch"}}, "0f")
    became, text = delivery.line("b", 1, given, parts, {})
    assert became is Outcome.accepted
    data = json.loads(text)
    assert len(json.dumps(data["terrace"], separators=(",", ":"))) <= delivery.TERRACE_MAX
    assert all(f"{name}{place}" in data for place in range(number))
    return data["terrace"]  # type: ignore[no-any-return]


def test_a_line_of_many_lanes_is_shortened_step_by_step_and_keeps_the_jobs() -> None:
    assert "shortened" not in many(10)
    no_gates, no_reasons, jobs, classes, bare = (many(n) for n in (28, 30, 50, 80, 130))
    for about in (no_gates, jobs, classes, bare):
        assert about["shortened"] is True
    assert "gate" not in no_gates["lanes"][0]["history"][2]
    assert no_gates["lanes"][0]["history"][0]["what"] == "labeled"
    assert no_reasons["lanes"][0]["history"][0]["what"] == "labeled"
    assert jobs["lanes"][0] == {
        "lane": "lane0-mend",
        "attribute": "lane0",
        "status": "accepted",
        "history": [
            {"job": job, "modality": modality, "level": level, "attribute": job}
            for job, modality, level in (
                ("lane0", "BoundingBox", 1),
                ("lane0-check", "BoundingBoxVerification", 1),
                ("lane0-mend", "BoundingBox", 3),
            )
        ],
    }
    assert classes["lanes"][0]["history"] == [
        {"job": "lane0", "level": 1, "attribute": "lane0"},
        {"job": "lane0-mend", "level": 3, "attribute": "lane0-mend"},
    ]
    assert bare["lanes"][129] == {
        "lane": "lane129-mend",
        "attribute": "lane129",
        "status": "accepted",
    }


def test_however_many_lanes_there_are_the_line_can_go_back_to_ground_truth() -> None:
    about = many(300, "street-vehicles-of-a-very-long-name-")
    assert about["lanesByStatus"] == {"accepted": 300}
    assert "lanes" not in about


# --- sequences -----------------------------------------------------------------------------------


def box(object_id: str, name: str, number: int = 0) -> dict[str, Any]:
    sides = {"left": 1, "top": 2, "width": 3, "height": 4}
    return {"class-id": str(number), "object-id": object_id, "object-name": name, **sides}


def line(object_id: str, name: str, number: int = 0) -> dict[str, Any]:
    points = [{"x": 1, "y": 2}, {"x": 3, "y": 4}]
    return {"class-id": number, "object-id": object_id, "object-name": name, "vertices": points}


def frame(number: int, name: str, **shapes: Any) -> dict[str, Any]:
    return {"frame-no": str(number), "frame": name, **shapes}


def test_boxes_and_polylines_of_two_lanes_are_in_one_file_by_frame() -> None:
    # Given boxes in a and b, polylines in b and c, with an id and a name that both lanes use
    cars = {
        "tracking-annotations": [
            frame(0, "a.jpg", annotations=[box("1", "Car:1")]),
            frame(
                1,
                "b.jpg",
                annotations=[box("1", "Car:1")],
                **{"frame-attributes": {"Quality": "Pass"}},
            ),
        ]
    }
    roads = {
        "tracking-annotations": [
            frame(2, "c.jpg", polylines=[line("1", "Car:1", 1)]),
            frame(
                1,
                "b.jpg",
                polylines=[line("1", "Car:1", 1), line("2", "Road:1", 0)],
                **{"frame-attributes": {"Quality": "Fail"}},
            ),
        ]
    }
    # When they are merged
    merged = merge(
        [
            LaneLabels("car", cars, {"0": "Car"}),
            LaneLabels("road", roads, {"0": "Road", "1": "Car"}),
        ]
    )
    # Then every object of every lane is there once, under an id and a name of its own
    found = read(merged.labels, "s3://b/SeqLabel.json")
    assert found.tracking
    assert merged.class_map == {"0": "Car", "1": "Road"}
    seen = [
        (row.name, one.object_id, one.object_name, one.shape.class_number)
        for row in found.frames
        for one in row.annotations
    ]
    assert seen == [
        ("a.jpg", "1", "Car:1", 0),
        ("b.jpg", "1", "Car:1", 0),
        ("b.jpg", "road:1", "Car:2", 0),
        ("b.jpg", "2", "Road:1", 1),
        ("c.jpg", "road:1", "Car:2", 0),
    ]
    assert [row.attributes for row in found.frames] == [
        {},
        {"Quality": "Pass", "Quality (road)": "Fail"},
        {},
    ]
    # And what went in is as it was
    assert cars["tracking-annotations"][0]["annotations"] == [box("1", "Car:1")]


def test_a_lane_that_tracks_and_one_that_does_not_make_one_file_of_tracks() -> None:
    tracks = {"tracking-annotations": [frame(0, "a.jpg", annotations=[box("1", "Car:1")])]}
    plain = box("", "")
    del plain["object-id"], plain["object-name"]
    single = {"detection-annotations": [frame(0, "a.jpg", annotations=[plain, dict(plain)])]}
    merged = merge([LaneLabels("one", single, {"0": "Sign"}), LaneLabels("car", tracks, {})])
    found = read(merged.labels, "s3://b/SeqLabel.json")
    ids = [one.object_id for one in found.frames[0].annotations]
    assert found.tracking
    assert "detection-annotations" not in merged.labels
    assert ids == ["one-a.jpg-0", "one-a.jpg-1", "1"]
