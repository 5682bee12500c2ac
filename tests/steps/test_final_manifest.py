"""Final manifests: every item of the input in exactly one, with the label of every lane."""

import hashlib
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from terrace.domain.status import JobStatus
from terrace.steps.final_manifest import FinalManifest, FinalManifests
from tests.fakes.house import BUCKET, INPUTS, House
from tests.steps.final_rows import LABEL, NOTHING, Ended, Job, Lane, ended

A, B = f"s3://{INPUTS}/a.manifest", f"s3://{INPUTS}/b.manifest"
BOXES, VERDICT, ADJUST = "BoundingBox", "BoundingBoxVerification", "BoundingBoxAdjustment"
FILES = ("output", "rejected", "unlabeled")
FOLDER = f"s3://{BUCKET}/batches/b/final/g1"


def images(names: str) -> list[dict[str, Any]]:
    return [{"source-ref": f"s3://{INPUTS}/{name}.jpg", "note": f"my {name}"} for name in names]


def written(house: House, found: Ended, *, hand_over: bool = False) -> FinalManifests:
    """Runs it, with a new call after every item if so asked."""
    for _ in range(100):
        step = FinalManifest(
            house.objects, BUCKET, "b", 1, found.jobs, out_of_time=lambda: hand_over
        )
        result = step.run()
        if result is not None:
            return result
    raise AssertionError("it never came to an end")


def lines(house: House, name: str) -> list[dict[str, Any]]:
    uri = f"{FOLDER}/{name}.manifest"
    if not house.objects.exists(uri):
        return []
    return [json.loads(line.text) for line in house.objects.read_lines(uri)]


def texts(house: House) -> dict[str, bytes]:
    """The files of this end, without its parts."""
    found = [uri for uri in house.objects.keys(f"{FOLDER}/") if "/parts/" not in uri]
    return {uri: house.objects.get_bytes(uri, 10_000_000) for uri in found}


def clear(house: House) -> None:
    for uri in list(house.objects.keys(f"s3://{BUCKET}/batches/")):
        house.objects.delete(uri)


def one_lane(*answers: list[str]) -> list[Lane]:
    kinds = [("car", BOXES), ("car-check", VERDICT), ("car-mend", ADJUST)]
    return [
        Lane([Job(name, kind, found) for (name, kind), found in zip(kinds, answers, strict=False)])
    ]


def test_each_item_is_in_one_file_with_its_label_and_where_it_comes_from(house: House) -> None:
    # Given four images: labeled and passed, failed and mended, failed for good, never labeled
    lanes = one_lane(
        [LABEL, LABEL, LABEL, NOTHING],
        ["Pass", "Fail", "Fail", NOTHING],
        [NOTHING, LABEL, NOTHING, NOTHING],
    )
    found = ended(house, {A: images("wxyz")}, lanes)
    # When the manifests are written
    result = written(house, found)
    # Then the counts add up
    assert (result.items, result.accepted, result.rejectedItems, result.unlabeledItems) == (
        *(4, 2, 1, 1),
    )
    assert result.problem is None
    # And the accepted have the user's own attributes and the latest label, and no older one
    first, second = lines(house, "output")
    assert list(first) == ["source-ref", "note", "car", "car-metadata", "terrace"]
    assert second["car-mend"]["made"] == "car-mend"
    assert second["note"] == "my x"
    assert "car" not in second
    # And each line says how it came about
    about = second["terrace"]
    given = json.dumps(images("wxyz")[1]).encode()
    assert about["input"] == hashlib.sha256(given).hexdigest()
    assert (about["batch"], about["generation"], about["item"]) == ("b", 1, 1)
    assert (about["outcome"], about["reason"]) == ("accepted", "")
    [lane] = about["lanes"]
    assert (lane["lane"], lane["attribute"], lane["status"]) == (
        *("car-mend", "car-mend", "accepted"),
    )
    history = [(one["job"], one["what"], one["changed"], one["verdict"]) for one in lane["history"]]
    assert history == [
        ("car", "labeled", None, None),
        ("car-check", "reviewed", False, "Fail"),
        ("car-mend", "reviewed", True, None),
    ]
    assert lane["history"][0]["at"] == "2026-11-21T10:00:01.000000"
    # And the others say why
    [rejected], [unlabeled] = lines(house, "rejected"), lines(house, "unlabeled")
    assert rejected["terrace"]["reason"] == "car-check said Fail"
    assert rejected["car"]["made"] == "car"
    assert unlabeled["terrace"]["reason"] == "car: ClientError: nobody came"
    whats = [one["what"] for one in unlabeled["terrace"]["lanes"][0]["history"]]
    assert whats == ["not answered", "not given", "not given"]


def test_lanes_that_label_into_one_attribute_keep_their_labels_apart(house: House) -> None:
    lanes = [
        Lane([Job("car", BOXES, [LABEL, LABEL], attribute="seen")]),
        Lane([Job("road", BOXES, [LABEL, NOTHING], attribute="seen")]),
    ]
    result = written(house, ended(house, {A: images("xy")}, lanes))
    assert (result.items, result.accepted) == (2, 2)
    first, second = lines(house, "output")
    assert first["seen"]["made"] == "car"
    assert first["seen-of-road"]["made"] == "road"
    assert first["seen-of-road-metadata"]["job-name"] == "labeling-job/road"
    # And an item that one lane has not is accepted, and says what it lacks
    assert [lane["attribute"] for lane in second["terrace"]["lanes"]] == ["seen", None]
    assert second["terrace"]["reason"] == "road: road: ClientError: nobody came"


def test_lanes_of_different_manifests_meet_at_their_data_objects(house: House) -> None:
    # Given two manifests that share y, in another order; x stands twice in the first
    lanes = [
        Lane([Job("car", BOXES, [LABEL, LABEL, LABEL])], A),
        Lane([Job("road", BOXES, [LABEL, LABEL])], B),
    ]
    found = ended(house, {A: images("xyx"), B: images("zy")}, lanes)
    result = written(house, found)
    # Then each data object is there once, x as often as it was given
    assert (result.items, result.accepted) == (4, 4)
    seen = [
        (
            line["source-ref"][-5],
            [lane["lane"] for lane in line["terrace"]["lanes"]],
            line["terrace"]["manifest"],
            line["terrace"]["item"],
        )
        for line in lines(house, "output")
    ]
    assert seen == [
        ("x", ["car"], A, 0),
        ("y", ["car", "road"], A, 1),
        ("x", ["car"], A, 2),
        ("z", ["road"], B, 0),
    ]


def test_three_lost_jobs_and_a_fifth_that_expired_still_deliver_the_rest(house: House) -> None:
    # Given a lane in which 2 of 10 items expired, and three whose only jobs failed
    answers = [LABEL] * 8 + [NOTHING] * 2
    lost = [
        Lane([Job(name, BOXES, status=JobStatus.FAILED, lost=True)])
        for name in ("road", "sky", "sign")
    ]
    lanes = [Lane([Job("car", BOXES, answers, JobStatus.INCOMPLETE)]), *lost]
    found = ended(house, {A: images("abcdefghij")}, lanes)
    # When it is delivered
    result = written(house, found)
    # Then what was labeled is there, and what is missing is said
    assert (result.items, result.accepted, result.rejectedItems, result.unlabeledItems) == (
        *(10, 8, 0, 2),
    )
    accepted = lines(house, "output")
    assert all(line["car"]["made"] == "car" for line in accepted)
    reason = accepted[0]["terrace"]["reason"]
    assert [name in reason for name in ("road: ", "sky: ", "sign: ", "it failed")] == [True] * 4
    for line in lines(house, "unlabeled"):
        assert "nobody came" in line["terrace"]["reason"]


def test_a_start_manifest_that_was_replaced_is_not_mixed_in(house: House) -> None:
    found = ended(house, {A: images("xyz")}, one_lane([LABEL, LABEL, NOTHING]))
    house.objects.write_lines(A, (json.dumps(line) for line in images("xqz")))
    result = written(house, found)
    assert (result.items, result.accepted, result.unlabeledItems) == (3, 2, 1)
    outputs = lines(house, "output")
    assert [line["source-ref"][-5] for line in outputs] == ["x", "y"]
    assert [line["note"] for line in outputs] == ["my x", "my y"]
    assert {line["terrace"]["input"] for line in outputs} == {None}
    assert "replaced since it was labeled" in (result.problem or "")


@pytest.mark.parametrize("how", ["appended", "other attributes"])
def test_a_start_manifest_that_was_changed_in_any_way_is_not_believed(
    house: House, how: str
) -> None:
    found = ended(house, {A: images("xy")}, one_lane([LABEL, NOTHING]))
    now = images("xyz") if how == "appended" else [{**one, "note": "new"} for one in images("xy")]
    house.objects.write_lines(A, (json.dumps(line) for line in now))
    result = written(house, found, hand_over=True)
    assert (result.items, result.accepted, result.unlabeledItems) == (2, 1, 1)
    every = lines(house, "output") + lines(house, "unlabeled")
    assert [line["note"] for line in every] == ["my x", "my y"]
    assert {line["terrace"]["input"] for line in every} == {None}
    assert "replaced since it was labeled" in (result.problem or "")


def test_a_row_of_before_etags_were_kept_still_finds_other_sources(house: House) -> None:
    found = ended(house, {A: images("xyz")}, one_lane([LABEL, LABEL, NOTHING]))
    found.jobs = [job.model_copy(update={"startETag": None}) for job in found.jobs]
    house.objects.write_lines(A, (json.dumps(line) for line in images("xqz")))
    result = written(house, found)
    assert [line["note"] for line in lines(house, "output")] == ["my x", "my y"]
    assert "replaced since it was labeled" in (result.problem or "")


@pytest.mark.parametrize("gone", [True, False])
def test_items_that_nothing_tells_of_any_more_are_not_counted(house: House, gone: bool) -> None:
    lost = Lane([Job("road", BOXES, lost=True, status=JobStatus.FAILED)], B)
    found = ended(house, {A: images("xy"), B: images("zw")}, [*one_lane([LABEL, LABEL]), lost])
    if gone:
        house.objects.delete(B)
    else:
        house.objects.write_lines(B, (json.dumps(line) for line in images("pqrst")))
    result = written(house, found, hand_over=True)
    assert (result.items, result.accepted, result.rejectedItems, result.unlabeledItems) == (
        *(None, 2, 0, None),
    )
    assert f"the items of {B} (2 when it was checked) are not known" in (result.problem or "")
    assert lines(house, "unlabeled") == []


def test_labels_of_two_states_of_a_manifest_are_not_joined(house: House) -> None:
    # Given a lane that was labeled before the manifest was replaced, and one that was after
    lanes = [*one_lane([LABEL, LABEL]), Lane([Job("road", BOXES, [LABEL, LABEL])], B)]
    found = ended(house, {A: images("xy"), B: images("xz")}, lanes)
    road = found.jobs[1]
    start = road.spec.inputConfig.model_copy(update={"inputManifestS3Uri": A})
    spec = road.spec.model_copy(update={"inputConfig": start})
    found.jobs[1] = road.model_copy(update={"spec": spec})
    result = written(house, found)
    seen = [
        (line["source-ref"][-5], "car" in line, "road" in line) for line in lines(house, "output")
    ]
    assert seen == [("x", True, True), ("y", True, False), ("z", False, True)]
    assert (result.items, result.accepted) == (3, 3)


def test_a_start_manifest_that_is_gone_costs_the_hashes_only(house: House) -> None:
    found = ended(house, {A: images("xy")}, one_lane([LABEL, NOTHING]))
    house.objects.delete(A)
    result = written(house, found)
    assert (result.items, result.accepted, result.unlabeledItems) == (2, 1, 1)
    assert "hashes of the input are not known" in (result.problem or "")


def test_a_lane_whose_labels_are_gone_says_so_and_keeps_the_others(house: House) -> None:
    lanes = [*one_lane([LABEL, LABEL]), Lane([Job("road", BOXES, [LABEL, LABEL])])]
    found = ended(house, {A: images("xy")}, lanes)
    house.objects.delete(f"s3://{BUCKET}/batches/b/outputs/road/output.manifest")
    result = written(house, found)
    assert (result.items, result.accepted) == (2, 2)
    assert "road: its labels could not be read" in (result.problem or "")
    [road] = {line["terrace"]["lanes"][1]["status"] for line in lines(house, "output")}
    assert road == "unlabeled"


# --- any batch -----------------------------------------------------------------------------------


@st.composite
def batches(draw: st.DrawFn) -> tuple[dict[str, list[dict[str, Any]]], list[Lane]]:
    """One to three lanes of one to three jobs, from one or two manifests of up to five images."""
    names = st.text("uvwxyz", min_size=1, max_size=5)
    manifests = {A: images(draw(names)), B: images(draw(names))}
    lanes = []
    for number in range(draw(st.integers(1, 3))):
        uri = draw(st.sampled_from([A, A, B]))
        size = len(manifests[uri])
        kinds = [BOXES, *draw(st.lists(st.sampled_from([VERDICT, ADJUST]), max_size=2))]
        jobs = []
        for level, kind in enumerate(kinds):
            words = ["Pass", "Fail", NOTHING] if kind == VERDICT else [LABEL, NOTHING]
            answers = draw(st.lists(st.sampled_from(words), min_size=size, max_size=size))
            lost = draw(st.booleans()) and draw(st.booleans())
            shared = draw(st.booleans()) and level == 0
            jobs.append(
                Job(
                    f"lane{number}-{level}",
                    kind,
                    answers,
                    JobStatus.FAILED if lost else JobStatus.COMPLETE,
                    lost,
                    "shared" if shared else None,
                )
            )
            if lost:
                break
        lanes.append(Lane(jobs, uri))
    return {uri: manifests[uri] for uri in dict.fromkeys(lane.manifest for lane in lanes)}, lanes


def expected(lane: Lane, place: int) -> str:
    """What becomes of an item in a lane, worked out from the answers alone."""
    status = "unlabeled"
    for job in lane.jobs:
        if job.lost:
            break
        said = job.answers[place]
        if said == LABEL and (job.modality == BOXES or status != "unlabeled"):
            status = "accepted"
        elif status != "unlabeled" and said in {"Pass", "Fail"}:
            status = "accepted" if said == "Pass" else "rejected"
    return status


@settings(
    max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(batch=batches())
def test_every_item_of_any_batch_is_in_exactly_one_file(house: House, batch: Any) -> None:
    manifests, lanes = batch
    clear(house)
    found = ended(house, manifests, lanes)
    result = written(house, found)
    whole = texts(house)
    files = {name: lines(house, name) for name in FILES}
    # Every line of a manifest is an item; lines of another one about the same object join it
    wanted: dict[tuple[str, int], set[str]] = {}
    for uri, given_lines in manifests.items():
        seen: dict[str, int] = {}
        for place, line in enumerate(given_lines):
            source = line["source-ref"]
            seen[source] = seen.get(source, 0) + 1
            statuses = {expected(lane, place) for lane in lanes if lane.manifest == uri}
            wanted.setdefault((source, seen[source]), set()).update(statuses)
    kinds = {"output": "accepted", "rejected": "rejected", "unlabeled": "unlabeled"}
    counted: dict[tuple[str, int], str] = {}
    every = sorted(
        (
            list(manifests).index(line["terrace"].get("manifest", next(iter(manifests)))),
            line["terrace"]["item"],
            line["source-ref"],
            kinds[name],
            line["terrace"]["outcome"],
        )
        for name in FILES
        for line in files[name]
    )
    times: dict[str, int] = {}
    for _, _, source, kind, outcome in every:
        assert kind == outcome
        times[source] = times.get(source, 0) + 1
        counted[source, times[source]] = kind
    assert counted.keys() == wanted.keys()
    for key, statuses in wanted.items():
        best = next(one for one in ("accepted", "rejected", "unlabeled") if one in statuses)
        assert counted[key] == best
    assert result.items == len(counted)
    assert result.items == result.accepted + result.rejectedItems + result.unlabeledItems
    # And a new call after every item writes the same bytes
    clear(house)
    assert written(house, ended(house, manifests, lanes), hand_over=True) == result
    assert texts(house) == whole


@pytest.mark.parametrize("dies_at", range(1, 12))
def test_a_call_that_dies_anywhere_loses_and_doubles_nothing(
    house: House, monkeypatch: pytest.MonkeyPatch, dies_at: int
) -> None:
    monkeypatch.setattr("terrace.steps.final_manifest.PART_ITEMS", 2)
    found = ended(house, {A: images("abcde")}, one_lane([LABEL] * 4 + [NOTHING]))
    good = written(house, found)
    whole = texts(house)
    for uri in whole:
        house.objects.delete(uri)
    for uri in list(house.objects.keys(f"{FOLDER}/parts/")):
        house.objects.delete(uri)
    writes = 0

    class DiedError(Exception):
        pass

    for name in ("write_lines", "put_json"):
        real = getattr(house.objects, name)

        def dying(*args: Any, real: Any = real) -> Any:
            nonlocal writes
            writes += 1
            if writes == dies_at:
                raise DiedError
            return real(*args)

        monkeypatch.setattr(house.objects, name, dying)
    try:
        result = written(house, found)
    except DiedError:
        result = written(house, found)
    assert result == good
    assert texts(house) == whole
