"""What a job's labels say in its report: findings, changes of a review, answers, gold items."""

import json
from typing import Any

import pytest

from terrace.domain.privacy import pseudonym
from terrace.domain.quality.report import Changes, Findings
from terrace.domain.records import AttemptRecord, JobRecord
from terrace.steps.report_labels import NO_CLIPS, NOTHING_BEFORE, ONLY_JUDGED, LabelExaminer
from terrace.steps.write_report import LookedAt
from tests.domain.rows import batch_row, job_rows
from tests.fakes.house import BUCKET, INPUTS, House

CREATED = "2026-11-20T10:00:00"
OUT = f"s3://{BUCKET}/batches/b/outputs/review/review/"
MANIFEST = f"{OUT}manifests/output/output.manifest"
FOLDER = f"s3://{BUCKET}/batches/b/reports/review"
Json = dict[str, Any]


def about(kind: str, **more: Any) -> Json:
    return {
        "type": f"groundtruth/{kind}",
        "human-annotated": "yes",
        "creation-date": CREATED,
        "job-name": "labeling-job/x",
        **more,
    }


def boxes(name: str, *found: tuple[int, int, int, int, int]) -> Json:
    """A label of boxes (class, left, top, width, height) on an image of 640 x 480."""
    rows = [
        {"class_id": number, "left": left, "top": top, "width": width, "height": height}
        for number, left, top, width, height in found
    ]
    names = {"0": "Car", "1": "Bus"}
    return {
        name: {"image_size": [{"width": 640, "height": 480, "depth": 3}], "annotations": rows},
        f"{name}-metadata": about(
            "object-detection", **{"class-map": names, "objects": [{"confidence": 0.9}] * len(rows)}
        ),
    }


def line(number: int, *labels: Json) -> Json:
    found: Json = {"source-ref": f"s3://{INPUTS}/{number}.jpg"}
    for label in labels:
        found.update(label)
    return found


def look(house: House, lines: list[Json | str], modality: str, **more: Any) -> LookedAt:
    """Examines a job with this output."""
    texts = [one if isinstance(one, str) else json.dumps(one) for one in lines]
    house.objects.write_lines(MANIFEST, iter(texts))
    return LabelExaminer(house.objects)(
        batch_row({"batchId": "b"}), review(modality, **more), None, FOLDER
    )


def review(modality: str, **more: Any) -> JobRecord:
    request = {
        "batchId": "b",
        "labelingJobs": [
            {
                "jobName": "review",
                "jobLevel": 1,
                "jobModality": modality,
                "inputConfig": {"inputManifestS3Uri": f"s3://{INPUTS}/in.manifest"},
                "labelCategoryConfigS3Uri": f"s3://{INPUTS}/c.json",
            }
        ],
    }
    [row] = job_rows(request)
    attempt = AttemptRecord(
        attempt=1, name="review", status="Completed", outputManifestS3Uri=MANIFEST
    )
    changed = {
        "status": "COMPLETE",
        "labelAttributeName": "new",
        "outputManifestS3Uri": MANIFEST,
        "attempts": [attempt],
        **more,
    }
    return row.model_copy(update=changed)


def answered(house: House, number: int, *classes: tuple[str, str]) -> None:
    """A worker response file of one item: (worker, class)."""
    answers = [
        {
            "workerId": f"private.us-east-1.{worker}",
            "submissionTime": "2026-11-20T10:00:00Z",
            "acceptanceTime": "2026-11-20T09:59:00Z",
            "timeSpentInSeconds": 12.5,
            "answerContent": {"crowd-image-classifier": {"label": label}},
        }
        for worker, label in classes
    ]
    uri = f"{OUT}annotations/worker-response/iteration-1/{number}/2026-11-20_10:00:00.json"
    house.objects.put_json(uri, {"answers": answers})


def classes(name: str, label: str) -> Json:
    return {
        name: 0,
        f"{name}-metadata": about(
            "image-classification", **{"class-name": label, "confidence": 0.8}
        ),
    }


def test_findings_are_counted_kept_and_the_worst_are_told(house: House) -> None:
    good = line(0, boxes("new", (0, 10, 10, 100, 80), (0, 200, 100, 110, 90)))
    doubled = line(1, boxes("new", (0, 10, 10, 100, 80), (0, 11, 10, 100, 80)))
    outside = line(2, boxes("new", (1, 600, 400, 100, 300)))
    seen = look(house, [good, doubled, outside, good], "BoundingBox")
    found = seen.fields["findings"]
    assert isinstance(found, Findings)
    assert found.items == 4
    named = {one.check: one.item for one in found.worst}
    assert named["duplicate-box"] == 1
    assert named["box-outside"] == 2
    # Then every number is that of the file
    assert found.findingsS3Uri is not None
    rows = [json.loads(one.text) for one in house.objects.read_lines(found.findingsS3Uri)]
    assert len(rows) == found.total == sum(found.bySeverity.values())
    assert {row["item"] for row in rows if row["severity"] != "info"} == {1, 2}
    assert found.itemsFlagged == 2
    assert sum(one.info + one.warning + one.error for one in found.byCheck) == found.total
    assert all(one.says for one in found.byCheck)
    assert seen.why_not["changes"] == NOTHING_BEFORE
    assert "responses" in seen.why_not["agreement"]


def test_a_line_that_cannot_be_read_is_an_error_and_the_others_are_examined(house: House) -> None:
    good = line(0, boxes("new", (0, 10, 10, 100, 80)))
    seen = look(house, [good, '{"source-ref": ', good], "BoundingBox")
    [broken] = [one for one in seen.fields["findings"].worst if one.check == "unreadable"]
    assert (broken.item, broken.severity) == (1, "error")
    # It was not checked, and is not told twice.
    assert (seen.fields["findings"].items, seen.fields["findings"].total) == (2, 1)


def test_what_a_review_changed_is_counted_by_class_against_what_it_was_given(house: House) -> None:
    same = line(0, boxes("old", (0, 10, 10, 100, 80)), boxes("new", (0, 10, 10, 100, 80)))
    changed = line(
        1,
        boxes("old", (0, 10, 10, 100, 80), (0, 300, 300, 50, 50)),
        boxes("new", (0, 10, 10, 100, 160), (1, 500, 10, 60, 60)),
    )
    seen = look(house, [same, changed], "BoundingBoxAdjustment", auditedAttributeName="old")
    found = seen.fields["changes"]
    assert isinstance(found, Changes)
    assert (found.items, found.itemsCorrected) == (2, 1)
    # One drawn twice as high, one taken away, one new: 3 corrections in 2 items
    assert (found.moved, found.removed, found.added) == (1, 1, 1)
    assert found.correctionsPerItem == 1.5
    assert found.byClass["Bus"].added == 1
    assert found.against == "the given labels (old)"


def test_labels_that_cannot_be_compared_are_named(house: House) -> None:
    def frames(name: str, uri: str) -> Json:
        kind = about("labeling-job-x/video", **{"class-map": {"0": "Car"}})
        kind["type"] = "groundtruth/video-object-tracking"
        return {name: uri, f"{name}-metadata": kind}

    gone = f"s3://{BUCKET}/batches/b/gone.json"
    lines: list[Json | str] = [line(0, frames("old", gone), frames("new", f"{gone}2"))]
    seen = look(house, lines, "VideoObjectTrackingAdjustment", auditedAttributeName="old")
    assert seen.fields["changes"].items == 0
    assert seen.fields["changes"].correctionsPerItem is None
    assert "item 0" in seen.fields["changes"].unreadable[0]


def test_a_verification_judges_and_has_no_findings_of_its_own(house: House) -> None:
    verdict = {
        "new": 1,
        "new-metadata": about("label-verification", **{"class-name": "bad", "confidence": 0.9}),
    }
    lines: list[Json | str] = [line(0, boxes("old", (0, 10, 10, 100, 80)), verdict)]
    seen = look(house, lines, "BoundingBoxVerification", auditedAttributeName="old")
    assert seen.why_not["findings"] == ONLY_JUDGED
    assert seen.fields["changes"].items == 1


def test_answers_of_several_workers_give_agreement_and_a_table_of_pseudonyms(house: House) -> None:
    for number, (first, second, third) in enumerate(["aab", "bbb", "aaa", "bba"]):
        answered(house, number, ("ann", first), ("ben", second), ("eve", third))
    lines: list[Json | str] = [line(n, classes("new", "a")) for n in range(4)]
    seen = look(house, lines, "ImageMultiClass")
    agreement = seen.fields["agreement"]
    assert (agreement["items"], agreement["compared"], agreement["workers"]) == (4, 4, 3)
    # 12 pairs of answers, of which 4 differ: 8 / 12
    assert agreement["measures"]["percent"]["value"] == pytest.approx(8 / 12)
    names = {row["worker"] for row in seen.fields["workers"]}
    assert names == {pseudonym(f"private.us-east-1.{name}") for name in ("ann", "ben", "eve")}
    assert "private.us-east-1" not in json.dumps(seen.fields["workers"])


GOLD = f"s3://{INPUTS}/gold.manifest"


def gold_job(house: House, truth: list[Json], modality: str = "ImageMultiClass") -> Json:
    """The row's spec of a job with these gold items."""
    house.objects.write_lines(GOLD, (json.dumps(one) for one in truth))
    spec = review(modality).spec
    config = spec.inputConfig.model_copy(update={"goldManifestS3Uri": GOLD})
    return {"spec": spec.model_copy(update={"inputConfig": config})}


def test_gold_items_are_scored_where_the_job_has_them(house: House) -> None:
    more = gold_job(house, [line(n, classes("truth", "a")) for n in (0, 1)])
    for number in (0, 1):
        answered(house, number, ("ann", "a"), ("ben", "b" if number else "a"))
    lines: list[Json | str] = [line(n, classes("new", "b" if n == 1 else "a")) for n in range(3)]
    seen = look(house, lines, "ImageMultiClass", **more)
    scored = seen.fields["gold"]
    assert (scored["items"], scored["scored"], scored["right"], scored["share"]) == (2, 2, 1, 0.5)
    by_worker = {one["worker"]: one["score"] for one in scored["workers"]}
    assert by_worker[pseudonym("private.us-east-1.ann")] == 1.0
    assert by_worker[pseudonym("private.us-east-1.ben")] == 0.5
    assert scored["problems"] == []


def test_gold_is_read_as_the_batchs_check_reads_it_and_what_is_no_gold_is_told(
    house: House,
) -> None:
    # Given a line with two labels, of which the audited attribute's is the right one, and a bad one
    right, wrong = (0, 10, 10, 100, 80), (0, 300, 300, 50, 50)
    two = line(0, boxes("other", wrong), boxes("old", right))
    more = gold_job(house, [two, line(1)], "BoundingBoxAdjustment")
    lines: list[Json | str] = [line(0, boxes("old", wrong), boxes("new", right))]
    look_at = look(house, lines, "BoundingBoxAdjustment", **more, auditedAttributeName="old")
    seen = look_at.fields["gold"]
    assert (seen["items"], seen["right"]) == (1, 1)
    [problem] = seen["problems"]
    assert problem.startswith(f"{GOLD} line 2")


def test_gold_that_is_none_of_the_jobs_items_is_not_known_and_not_nought(house: House) -> None:
    more = gold_job(house, [line(9, classes("truth", "a"))])
    lines: list[Json | str] = [line(0, classes("new", "a"))]
    seen = look(house, lines, "ImageMultiClass", **more)
    assert "gold" not in seen.fields
    assert seen.why_not["gold"] == f"none of its items is a gold item of {GOLD}"
    clip = look(house, lines, "ImageMultiClass", **more, wholesS3Uri=f"s3://{BUCKET}/wholes")
    assert clip.why_not["gold"] == NO_CLIPS


def test_gold_that_cannot_be_read_costs_no_other_part(house: House) -> None:
    more = gold_job(house, [], "BoundingBoxAdjustment")
    house.objects.delete(GOLD)
    answered(house, 0, ("ann", "a"), ("ben", "a"))
    lines: list[Json | str] = [line(0, boxes("old"), boxes("new"))]
    seen = look(house, lines, "BoundingBoxAdjustment", **more, auditedAttributeName="old")
    assert {"findings", "agreement", "workers", "changes"} <= seen.fields.keys()
    assert GOLD in seen.why_not["gold"]
    [problem] = seen.problems
    assert problem.startswith("its gold could not be read")


def test_an_item_whose_earlier_label_cannot_be_read_is_named_in_the_changes(house: House) -> None:
    broken = line(1, {"old": 0, "old-metadata": about("object-detection")}, boxes("new"))
    same = line(0, boxes("old", (0, 10, 10, 100, 80)), boxes("new", (0, 10, 10, 100, 80)))
    seen = look(house, [same, broken], "BoundingBoxAdjustment", auditedAttributeName="old")
    changes = seen.fields["changes"]
    assert changes.items == 1
    [told] = changes.unreadable
    assert told.startswith("item 1: ")


def test_a_number_that_is_none_costs_its_box_and_not_the_sequence(house: House) -> None:
    document = tracked(30, missing=12)
    document["tracking-annotations"][3]["annotations"][0]["left"] = float("nan")
    seen = sequence_job(house, document, 30)
    found = seen.fields["findings"]
    assert found.items == 1
    [bad] = [one for one in found.worst if one.check == "unreadable"]
    assert (bad.frameNo, bad.objectName) == (3, "Car:1")
    assert 12 in {one.frameNo for one in found.worst if one.check == "missing-frame"}
    [file] = seen.fields["series"]
    assert 3 in file.flaggedFrames


def test_a_label_file_that_is_no_json_says_where(house: House) -> None:
    sequence_job(house, tracked(5, missing=9), 5)
    house.objects.put_text(f"s3://{BUCKET}/batches/b/SeqLabel.json", '{"a": [1, }', "x")
    seen = LabelExaminer(house.objects)(
        batch_row({"batchId": "b"}), review("VideoObjectTracking"), None, FOLDER
    )
    found = seen.fields["findings"]
    assert (found.items, found.total) == (0, 1)
    assert "line 1 column" in found.worst[0].sentence


def sequence_job(
    house: House, document: Any, frames: int, categories: str | None = None
) -> LookedAt:
    """Examines a tracking job whose one sequence has this label file."""
    label, source = f"s3://{BUCKET}/batches/b/SeqLabel.json", f"s3://{INPUTS}/seq.json"
    house.objects.put_json(label, document)
    named = [{"frame": f"{number:06d}.jpg"} for number in range(frames)]
    house.objects.put_json(source, {"prefix": f"s3://{INPUTS}/f/", "frames": named})
    kind = about("video-object-tracking", **{"class-map": {"0": "Car"}})
    return look(
        house,
        [{"source-ref": source, "new": label, "new-metadata": kind}],
        "VideoObjectTracking",
        labelCategoryS3Uri=categories,
    )


def tracked(frames: int, missing: int) -> Json:
    """A car that drives on evenly, with one frame in which nobody drew it."""
    return {
        "tracking-annotations": [
            {
                "frame-no": str(number),
                "frame": f"{number:06d}.jpg",
                "frame-attributes": {},
                "annotations": []
                if number == missing
                else [
                    {
                        "class-id": "0",
                        "object-id": "abc",
                        "object-name": "Car:1",
                        "left": 100 + 4 * number,
                        "top": 50,
                        "width": 80,
                        "height": 40,
                        "label-category-attributes": {},
                    }
                ],
            }
            for number in range(frames)
        ]
    }


def test_a_sequence_is_checked_and_the_series_of_its_objects_are_written(house: House) -> None:
    seen = sequence_job(house, tracked(30, missing=12), 30)
    [worst] = [one for one in seen.fields["findings"].worst if one.check == "missing-frame"]
    assert (worst.frameNo, worst.frame, worst.objectName) == (12, "000012.jpg", "Car:1")
    [file] = seen.fields["series"]
    assert (file.item, file.name, file.frames, file.objects) == (0, "seq.json", 30, ["Car:1"])
    assert file.flaggedFrames == [12]
    series = house.objects.get_json(file.seriesS3Uri)
    [car] = series["objects"]
    assert car["frameNos"] == [number for number in range(30) if number != 12]
    assert car["coordinates"]["left"][0] == 100
    assert series["frames"][12] == {"frameNo": 12, "frame": "000012.jpg"}
    assert series["thresholds"]["position"] > 0


def test_classes_have_the_names_of_the_line_else_of_the_category_file(house: House) -> None:
    document = tracked(30, missing=12)
    for number in (5, 20):
        document["tracking-annotations"][number]["annotations"][0]["class-id"] = f"{number // 20}"
    categories = f"s3://{INPUTS}/two.json"
    house.objects.put_json(categories, {"labels": [{"label": "Auto"}, {"label": "Van"}]})
    seen = sequence_job(house, document, 30, categories)
    [flip] = [one for one in seen.fields["findings"].worst if one.check == "label-flip"]
    assert flip.label == "Car"
    assert 'as "Van" in frame 000020.jpg' in flip.sentence
    assert 'as "Car" in most frames' in flip.sentence
    gone = sequence_job(house, document, 30, f"s3://{INPUTS}/none.json")
    [flip] = [one for one in gone.fields["findings"].worst if one.check == "label-flip"]
    assert "as class 1 in frame" in flip.sentence


def test_a_label_file_that_is_gone_is_an_error_of_its_item(house: House) -> None:
    seen = sequence_job(house, tracked(5, missing=9), 5)
    assert seen.fields["findings"].total == 0
    assert seen.fields["findings"].findingsS3Uri is None
    house.objects.delete(f"s3://{BUCKET}/batches/b/SeqLabel.json")
    again = LabelExaminer(house.objects)(
        batch_row({"batchId": "b"}), review("VideoObjectTracking"), None, FOLDER
    )
    [only] = again.fields["findings"].worst
    assert (only.check, only.severity, only.item) == ("unreadable", "error", 0)
    assert again.fields["series"] == []
