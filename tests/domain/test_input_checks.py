"""What would go wrong after people were paid."""

import json
from typing import Any

import pytest

from terrace.domain import input_checks, modalities
from terrace.domain.input_checks import ManifestRule, ManifestTally
from tests.data.shared_data import sample_lines

URI = "s3://inp/one.manifest"
TRACKING = "groundtruth/video-object-tracking"


def rule(
    modality: str = "VideoObjectTracking",
    audited: str | None = None,
    attribute: str = "new-ref",
    buckets: tuple[str, ...] = ("inp",),
) -> ManifestRule:
    return ManifestRule(URI, modalities.get(modality), attribute, audited, frozenset(buckets))


def look(lines: list[str], wanted: ManifestRule) -> ManifestTally:
    """Reads as TransformBatch does: in pieces, with the tally stored as JSON in between."""
    tally = ManifestTally()
    for number, text in enumerate(lines, start=1):
        input_checks.look(tally, wanted, number, text)
        tally = ManifestTally.model_validate_json(tally.model_dump_json())
    return tally


def codes(lines: list[str], wanted: ManifestRule) -> list[str]:
    return [p.code for p in input_checks.conclude(look(lines, wanted), wanted)]


def line(n: int, **more: object) -> str:
    return json.dumps({"source-ref": f"s3://inp/{n}.json", **more})


def tracked(n: int, kind: str = TRACKING, value: object = "s3://inp/SeqLabel.json") -> str:
    return line(n, **{"old-ref": value, "old-ref-metadata": {"type": kind}})


def test_a_good_manifest_has_no_problems_and_names_its_sequences() -> None:
    tally = look([line(0), line(1), ""], rule())
    assert input_checks.conclude(tally, rule()) == []
    assert input_checks.warnings(tally, rule()) == []
    assert (tally.items, tally.buckets) == (2, ["inp"])
    assert tally.sequences == ["s3://inp/0.json", "s3://inp/1.json"]


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        ([], "MANIFEST_EMPTY"),
        (["", ""], "MANIFEST_EMPTY"),
        (["{"], "MANIFEST_LINE_NOT_JSON"),
        ([line(0), "", line(1)], "MANIFEST_LINE_BLANK"),
        ([line(n) for n in range(11)], "MANIFEST_TOO_MANY_SEQUENCES"),
        ([line(0), line(1, **{"new-ref": "s3://inp/x"})], "LABEL_ATTRIBUTE_PRESENT"),
        (['{"source-ref": "s3://elsewhere/0.json"}'] * 3, "BUCKET_NOT_ALLOWED"),
    ],
)
def test_a_manifest_that_cannot_work_is_refused_once(lines: list[str], code: str) -> None:
    assert codes(lines, rule()) == [code]


def test_ten_sequences_are_allowed() -> None:
    assert codes([line(n) for n in range(10)], rule()) == []


@pytest.mark.parametrize(
    ("count", "expected"), [(100_000, []), (100_001, ["MANIFEST_TOO_MANY_ITEMS"])]
)
def test_image_jobs_take_100000_items(count: int, expected: list[str]) -> None:
    wanted = rule("BoundingBox")
    tally = ManifestTally(items=count - 1, lines=count - 1, buckets=["inp"])
    input_checks.look(tally, wanted, count, line(count))
    assert [p.code for p in input_checks.conclude(tally, wanted)] == expected
    assert input_checks.enough(tally, wanted) is bool(expected)


def test_a_label_that_is_there_already_is_told_with_the_first_line_and_the_count() -> None:
    lines = [line(0), *[line(n, **{"new-ref": 1}) for n in range(1, 4)]]
    found = input_checks.conclude(look(lines, rule()), rule())
    assert found[0].path == f"{URI} line 2"
    assert found[0].problem.startswith("3 line(s)")


def test_a_failed_item_of_an_earlier_job_may_be_tried_again_under_the_same_name() -> None:
    stale = line(0, **{"new-ref-metadata": {"failure-reason": "expired"}})
    assert codes([stale], rule()) == []


def test_the_same_mistake_on_every_line_is_kept_50_times_and_stops_the_reading() -> None:
    wanted = rule()
    tally = look(["{"] * 60, wanted)
    found = input_checks.conclude(tally, wanted)
    assert len(found) == input_checks.PROBLEMS_MAX + 1
    assert input_checks.enough(tally, wanted)
    assert not input_checks.enough(look(["{"] * 50, wanted), wanted)


# --- reviews -----------------------------------------------------------------------------------
AUDIT = rule("VideoObjectTrackingAudit", "old-ref")


def test_a_review_leaves_out_lines_without_the_label_and_says_so() -> None:
    failed = line(1, **{"old-ref-metadata": {"failure-reason": "expired"}})
    tally = look([tracked(0), failed, line(2), tracked(3)], AUDIT)
    assert input_checks.conclude(tally, AUDIT) == []
    assert (tally.items, tally.withoutAudited, tally.lines) == (2, 2, 4)
    assert len(tally.sequences) == 2
    (warning,) = input_checks.warnings(tally, AUDIT)
    assert (warning.code, warning.path) == ("ITEMS_LEFT_OUT", f"{URI} line 2")
    assert "2 of 4 lines" in warning.problem


def test_a_review_of_a_label_that_no_line_has_is_refused() -> None:
    tally = look([line(0), line(1)], AUDIT)
    assert [p.code for p in input_checks.conclude(tally, AUDIT)] == ["AUDITED_LABEL_MISSING"]
    assert input_checks.warnings(tally, AUDIT) == []


def test_more_than_ten_lines_are_fine_where_no_more_than_ten_have_the_label() -> None:
    lines = [tracked(n) if n < 10 else line(n) for n in range(15)]
    assert codes(lines, AUDIT) == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (tracked(0, "groundtruth/video-object-detection"), "video-object-detection"),
        (tracked(0, value={"annotations": []}), "must be a text"),
    ],
)
def test_a_label_of_another_task_is_refused(text: str, words: str) -> None:
    (found,) = input_checks.conclude(look([text], AUDIT), AUDIT)
    assert found.code == "AUDITED_LABEL_UNFIT"
    assert words in found.problem


def test_labels_without_a_type_are_taken_as_they_come() -> None:
    assert codes([line(0, **{"old-ref": "s3://inp/S.json"})], AUDIT) == []


def boxes(*given: dict[str, Any], names: object = None) -> str:
    about = {"type": "groundtruth/object-detection", "class-map": names}
    return line(0, old={"annotations": list(given)}, **{"old-metadata": about})


BOX = {"left": 1, "top": 2.5, "width": 3, "height": 4, "class_id": 0}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (boxes(BOX, names={"0": "Dog"}), None),
        (boxes(names={}), None),
        (boxes(BOX, names={"1": "Dog"}), "class 0"),
        (boxes(BOX), "class 0"),
        (boxes({**BOX, "left": None}, names={"0": "Dog"}), "a number for left"),
        (line(0, old={"boxes": []}), "no list of annotations"),
        (line(0, old=[1]), "no list of annotations"),
    ],
)
def test_boxes_must_be_drawable_and_named(text: str, words: str | None) -> None:
    wanted = rule("BoundingBoxVerification", "old", "new")
    found = input_checks.conclude(look([text], wanted), wanted)
    assert [p.code for p in found] == ([] if words is None else ["AUDITED_LABEL_UNFIT"])
    assert words is None or words in found[0].problem


def test_a_hundred_real_images_can_be_reviewed() -> None:
    lines = sample_lines("real/image_bounding_box/sample_output.100lines.manifest")
    wanted = rule("BoundingBoxAdjustment", "category", "new", ("rns-groundtruth-bucket",))
    assert codes(lines, wanted) == []


# --- buckets, regions, roles -------------------------------------------------------------------
def cors(*methods: str, origin: str = "*") -> dict[str, Any]:
    return {"AllowedMethods": list(methods), "AllowedOrigins": [origin]}


@pytest.mark.parametrize(
    ("family", "rules", "fine"),
    [
        ("image", [], False),
        ("image", [cors("GET")], True),
        ("image", [cors("PUT")], False),
        ("image", [cors("GET", origin="https://example.com")], False),
        ("video-frame", [cors("GET")], False),
        ("video-frame", [cors("GET", "HEAD", "PUT")], True),
        ("video-frame", [cors("GET", "HEAD"), cors("PUT")], True),
        ("video-frame", [cors("GET", "HEAD"), cors("PUT", origin="http://localhost")], False),
        ("image", [cors("GET", origin="https://*.labeling.eu-west-1.sagemaker.aws")], True),
        ("image", [cors("GET", origin="https://*.sagemaker.aws")], True),
        ("image", [cors("GET", origin="https://abc.labeling.eu-west-1.sagemaker.aws")], True),
        ("image", [cors("GET", origin="https://abc.labeling.us-east-1.sagemaker.aws")], False),
        ("image", [{"AllowedMethods": ["GET"]}], False),
        ("text", [], True),
    ],
)
def test_browsers_of_workers_must_be_let_in(
    family: modalities.Family, rules: list[dict[str, Any]], fine: bool
) -> None:
    found = input_checks.cors_problem("inp", rules, family, "eu-west-1", URI)
    assert (found is None) is fine


def test_the_fix_for_cors_is_the_very_json_to_set() -> None:
    found = input_checks.cors_problem("inp", [], "video-frame", "eu-west-1", URI)
    assert found is not None
    rules = json.loads(found.fix.partition("configuration to ")[2])
    assert input_checks.cors_problem("inp", rules, "video-frame", "eu-west-1", URI) is None
    assert rules[0]["AllowedMethods"] == ["GET", "HEAD", "PUT"]


def test_a_bucket_of_another_region_is_refused() -> None:
    assert input_checks.region_problem("inp", "eu-west-1", "eu-west-1", URI) is None
    found = input_checks.region_problem("inp", "us-east-1", "eu-west-1", URI)
    assert found is not None
    assert found.code == "BUCKET_IN_OTHER_REGION"


@pytest.mark.parametrize(
    ("limit", "session", "fine"),
    [
        (3_600, 3_600, True),
        (28_800, 3_600, False),
        (28_800, 28_800, True),
        (604_800, 43_199, False),
        (604_800, 43_200, True),
    ],
)
def test_a_task_must_not_outlive_the_roles_session(limit: int, session: int, fine: bool) -> None:
    role = "arn:aws:iam::111122223333:role/labeling"
    found = input_checks.session_problem(role, limit, session, "$.labelingJobs[0]")
    assert (found is None) is fine
