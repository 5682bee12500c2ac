"""Final manifests as data sets: one name a lane, whatever job touched an item last."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terrace.domain.exports import dataset
from terrace.domain.exports.dataset import Source
from terrace.domain.exports.formats import FORMATS
from terrace.domain.exports.lanes import Choice, Lanes, wanted
from terrace.domain.exports.model import ExportError
from terrace.domain.json_reading import UnreadableError

TYPE = {"type": "groundtruth/object-detection", "class-map": {}}
BOXES: dict[str, Any] = {"annotations": []}
JOBS = {"car": ["car", "car-audit", "car-adjust"], "bike": ["bike", "bike-adjust"]}


def entry(lane: str, attribute: str | None, status: str = "accepted") -> dict[str, Any]:
    history = [
        {"job": job, "level": level, "modality": "BoundingBox", "attribute": job}
        for level, job in enumerate(JOBS[lane], start=1)
    ]
    return {"lane": JOBS[lane][-1], "attribute": attribute, "status": status, "history": history}


def line(number: int, *entries: dict[str, Any]) -> str:
    data: dict[str, Any] = {"source-ref": f"s3://set/{number}.png", "mine": 7}
    for one in entries:
        if one["attribute"] is not None:
            data |= {one["attribute"]: BOXES, f"{one['attribute']}-metadata": TYPE}
    return json.dumps({**data, "terrace": {"lanes": list(entries)}})


def source(*lines: str) -> Source:
    return Source("s3://b/output.manifest", lambda: iter(lines))


def survey(choice: Choice, *lines: str) -> Lanes:
    found = Lanes(choice)
    found.read(source(*lines))
    return found


LANES = st.lists(
    st.tuples(
        *(
            st.tuples(
                st.sampled_from([None, *jobs]),
                st.sampled_from(["accepted", "rejected", "unlabeled"]),
            )
            for jobs in JOBS.values()
        )
    ),
    min_size=1,
    max_size=8,
)


@given(LANES, st.booleans())
def test_each_label_that_is_taken_is_there_once_under_its_lane_and_nothing_else(
    rows: list[tuple[tuple[str | None, str], ...]], rejected: bool
) -> None:
    choice = Choice(frozenset({"accepted", "rejected"} if rejected else {"accepted"}))
    lines = [
        line(number, *(entry(lane, *one) for lane, one in zip(JOBS, row, strict=True)))
        for number, row in enumerate(rows)
    ]
    taken = [
        {
            lane
            for lane, (attribute, status) in zip(JOBS, row, strict=True)
            if attribute and (status == "accepted" or (rejected and status == "rejected"))
        }
        for row in rows
    ]
    found = survey(choice, *lines)
    if not any(taken):
        with pytest.raises(ExportError, match="no item here has such a label"):
            found.chosen(FORMATS["csv"], {}, "output.manifest")
        return
    held, left_out = found.chosen(FORMATS["csv"], {}, "output.manifest")
    assert left_out == []
    [rewritten] = found.sources([source(*lines)], held)
    names = {lane.name: lane.attribute for lane in held}
    for text, lanes, given_line in zip(rewritten.lines(), taken, lines, strict=True):
        data, before = json.loads(text), json.loads(given_line)
        expected = {names[JOBS[lane][-1]] for lane in lanes}
        assert {name for name in names.values() if name in data} == expected
        assert {name for name in names.values() if f"{name}-metadata" in data} == expected
        assert data["source-ref"] == before["source-ref"]
        if text != given_line:
            assert "mine" not in data
    # The latest job that labeled anything gives the name.
    for lane, jobs in JOBS.items():
        made = [
            job
            for row, of in zip(rows, taken, strict=True)
            for one, (job, _) in zip(JOBS, row, strict=True)
            if one == lane and lane in of and job is not None
        ]
        if made:
            assert names[jobs[-1]] == max(made, key=jobs.index)


def test_lines_that_need_no_change_are_read_as_they_stand() -> None:
    plain = source(line(0, entry("car", "car-audit")), line(1, entry("bike", "bike")))
    mixed = source(line(2, entry("car", "car-audit", "rejected")))
    other = Source("s3://b/rejected.manifest", mixed.lines)
    found = Lanes(Choice())
    found.read(plain)
    found.read(other)
    held, _ = found.chosen(FORMATS["csv"], {}, "m")
    same, rewritten = found.sources([plain, other], held)
    assert same is plain
    assert list(map(json.loads, rewritten.lines())) == [{"source-ref": "s3://set/2.png"}]


def test_a_label_that_came_with_an_item_is_not_taken_for_its_lanes() -> None:
    stale = json.loads(line(0, entry("bike", "bike"))) | {"car": BOXES, "car-metadata": TYPE}
    lines = [json.dumps(stale), line(1, entry("car", "car"))]
    found = survey(Choice(), *lines)
    held, _ = found.chosen(FORMATS["csv"], {}, "m")
    [made] = found.sources([source(*lines)], held)
    assert ["car" in json.loads(text) for text in made.lines()] == [False, True]


def test_items_that_lack_a_lanes_label_are_counted_where_another_lanes_is_written() -> None:
    found = survey(
        Choice(),
        line(0, entry("car", "car"), entry("bike", "bike")),
        line(1, entry("car", "car"), entry("bike", "bike", "rejected")),
        line(2, entry("car", "car"), entry("bike", None, "unlabeled")),
        line(3, entry("bike", "bike")),
        line(4, entry("car", None, "unlabeled"), entry("bike", None, "unlabeled")),
    )
    held, _ = found.chosen(FORMATS["csv"], {}, "m")
    assert found.lacking(held) == {"bike": 2}
    assert found.lacking([lane for lane in held if lane.attribute == "bike"]) == {}


def test_class_ids_are_in_the_order_that_was_asked_for() -> None:
    both = line(0, entry("car", "car"), entry("bike", "bike"))
    for asked in (("bike", "car-audit"), ("car", "bike-adjust")):
        choice = Choice(attributes=asked)
        held, _ = survey(choice, both).chosen(FORMATS["csv"], {}, "m")
        order = wanted(held, {}, conflict="error", held_back=0)
        assert [name[0] for name in order.attributes] == [name[0] for name in asked]


def test_the_category_file_is_the_latest_jobs_that_has_one() -> None:
    held, _ = survey(Choice(), line(0, entry("car", "car"))).chosen(FORMATS["csv"], {}, "m")
    configs = {job: {"labels": [{"label": f"of-{job}"}]} for job in ("car", "car-audit")}
    order = wanted(held, configs, conflict="same", held_back=10)
    assert order.categories == {"car": ["of-car-audit"]}


def test_a_skeletons_points_are_in_the_order_of_its_file() -> None:
    held, _ = survey(Choice(), line(0, entry("car", "car"))).chosen(FORMATS["csv"], {}, "m")
    config = {"keypointClasses": [{"label": "nose"}, {"label": "tail"}], "labels": []}
    order = wanted(held, {"car": config}, conflict="error", held_back=0)
    assert (order.categories, list(order.keypoints)) == ({"car": []}, ["nose", "tail"])


@pytest.mark.parametrize(
    ("text", "error", "says"),
    [
        ('{"source-ref": "s3://set/1.png"}', ExportError, "no 'terrace' attribute"),
        ('{"source-ref": "s3://set/1.png", "terrace": 3}', ExportError, "no 'terrace' attribute"),
        ("{", UnreadableError, "output.manifest line 2"),
    ],
)
def test_what_is_no_final_manifest_is_said_with_its_line(
    text: str, error: type[Exception], says: str
) -> None:
    with pytest.raises(error, match=says):
        survey(Choice(), line(0, entry("car", "car")), text)


def boxes_of(attribute: str, name: str) -> dict[str, Any]:
    box = {"class_id": 0, "left": 1, "top": 1, "width": 2, "height": 2}
    about = {"type": "groundtruth/object-detection", "class-map": {"0": name}}
    return {attribute: {"annotations": [box]}, f"{attribute}-metadata": about}


@pytest.mark.parametrize("first", ["car", "bike", None])
def test_class_ids_do_not_depend_on_which_item_has_which_label(first: str | None) -> None:
    def of(number: int, *having: str) -> str:
        text = line(number, *(entry(one, one if one in having else None) for one in JOBS))
        data = json.loads(text)
        for one in having:
            data |= boxes_of(one, f"a {one}")
        return json.dumps(data)

    lines = [of(0, *([first] if first else [])), of(1, "car", "bike")]
    found = survey(Choice(), *lines)
    held, _ = found.chosen(FORMATS["csv"], {}, "m")
    assert [lane.attribute for lane in held] == ["car", "bike"]


def test_lanes_of_several_start_manifests_are_in_one_order_that_holds_for_all_lines() -> None:
    def lanes(*names: str) -> str:
        data: dict[str, Any] = {"source-ref": "s3://set/1.png"}
        entries = []
        for name in names:
            data |= boxes_of(name, name)
            entries.append({"lane": name, "attribute": name, "status": "accepted", "history": []})
        return json.dumps({**data, "terrace": {"lanes": entries}})

    def order(*lines: str) -> str:
        held, _ = survey(Choice(), *lines).chosen(FORMATS["csv"], {}, "m")
        return "".join(lane.name for lane in held)

    assert order(lanes("c"), lanes("a", "c"), lanes("a", "b"), lanes("b", "c")) == "abc"
    # Batches that do not agree: as the first one has them.
    assert order(lanes("b", "a"), lanes("a", "b")) == "ba"


def test_lanes_without_histories_keep_their_order() -> None:
    short = json.loads(line(0, entry("car", None, "unlabeled"), entry("bike", "bike")))
    short["terrace"] |= {"shortened": True}
    for one in short["terrace"]["lanes"]:
        del one["history"]
    whole = line(1, entry("car", "car"), entry("bike", "bike"))
    held, _ = survey(Choice(), json.dumps(short), whole).chosen(FORMATS["csv"], {}, "m")
    assert [lane.attribute for lane in held] == ["car", "bike"]


def test_a_label_without_metadata_is_an_error_with_its_line_and_attribute() -> None:
    data = json.loads(line(1, entry("car", "car")))
    del data["car-metadata"]
    before = line(0, entry("bike", "bike"))
    says = "output.manifest line 2: the label under 'car' has no 'car-metadata'"
    with pytest.raises(ExportError) as error:
        survey(Choice(), before, json.dumps(data))
    assert f"{error.value.problem.path}: {error.value.problem.problem}".endswith(says)
    # Also where it is met when lines are written anew.
    lines = [line(0, entry("car", "car-audit")), json.dumps(data)]
    found = survey(Choice(), line(0, entry("car", "car-audit")), line(1, entry("car", "car")))
    held, _ = found.chosen(FORMATS["csv"], {}, "m")
    [rewritten] = found.sources([source(*lines)], held)
    with pytest.raises(ExportError, match="'car-metadata'"):
        list(rewritten.lines())


def test_a_prefix_is_the_lanes_name_whether_anybody_adjusted_anything_or_not() -> None:
    for last in ("car", "car-adjust"):
        data = json.loads(line(0, entry("car", last), entry("bike", "bike")))
        data |= boxes_of(last, "arrow") | boxes_of("bike", "arrow")
        found = survey(Choice(), json.dumps(data))
        held, _ = found.chosen(FORMATS["csv"], {}, "m")
        order = wanted(held, {}, conflict="prefix", held_back=0)
        seen = dataset.survey([source(json.dumps(data))], order, None)  # type: ignore[arg-type]
        made, _ = dataset.head(seen, order)
        assert made.classes == ("car-adjust/arrow", "bike-adjust/arrow")


def test_an_attribute_of_the_users_own_is_not_taken_for_a_lanes_label() -> None:
    own = json.loads(line(0, entry("bike", "bike"))) | {"car": "blue"}
    lines = [json.dumps(own), line(1, entry("car", "car"))]
    found = survey(Choice(), *lines)
    held, _ = found.chosen(FORMATS["csv"], {}, "m")
    [made] = found.sources([source(*lines)], held)
    assert ["car" in json.loads(text) for text in made.lines()] == [False, True]
