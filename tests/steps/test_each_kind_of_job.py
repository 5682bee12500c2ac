"""What people are given for each kind of job: manifest, category file, worker page, request."""

import json
from typing import Any

import pytest

from terrace.domain import modalities, worker_ui
from terrace.runtime.worker_pages import template
from tests.fakes.house import INPUTS, House

MASK_TYPE = "groundtruth/semantic-segmentation"
COLORS = {"1": {"class-name": "car", "hex-color": "#2ca02c", "confidence": 0}}
INSTRUCTIONS = {"shortInstruction": "Mark names.", "fullInstruction": "Mark every name."}


def put_lines(house: House, name: str, *lines: Any) -> str:
    uri = f"s3://{INPUTS}/{name}"
    house.objects.write_lines(uri, (json.dumps(line) for line in lines))
    return uri


def put_categories(house: House, **more: Any) -> str:
    uri = f"s3://{INPUTS}/categories-{len(more)}.json"
    house.objects.put_json(uri, {"document-version": "2018-11-28", **more})
    return uri


def images(house: House, count: int = 3, **more: Any) -> str:
    for n in range(count):
        house.objects.put_text(f"s3://{INPUTS}/{n}.png", "x", "image/png")
    return put_lines(
        house,
        "images.manifest",
        *({"source-ref": f"s3://{INPUTS}/{n}.png", **more} for n in range(count)),
    )


def job(modality: str, **more: Any) -> dict[str, Any]:
    return {"jobName": "one", "jobLevel": 1, "jobModality": modality, **more}


def post(house: House, *jobs: dict[str, Any]) -> None:
    house.post({"batchId": "b", "labelingJobs": list(jobs)})
    house.turn()


def problems(house: House) -> set[tuple[str, str]]:
    mark = house.batch().mark
    assert mark is not None
    return {(problem.path.split(" ")[0], problem.code) for problem in mark.problems}


def lines_of(house: House, uri: str | None) -> list[dict[str, Any]]:
    return [json.loads(line.text) for line in house.objects.read_lines(uri or "")]


def test_named_entities_are_made_from_texts_with_the_requests_instructions(house: House) -> None:
    # Given texts in the manifest itself, and instructions in the request
    manifest = put_lines(house, "texts.manifest", {"source": "Ann saw Bob."}, {"source": "No."})
    file = put_categories(house, labels=[{"label": "Person"}])
    config = {"inputManifestS3Uri": manifest}
    post(
        house,
        job(
            "NamedEntityRecognition",
            inputConfig=config,
            labelCategoryConfigS3Uri=file,
            instructions=INSTRUCTIONS,
        ),
    )
    # Then AWS's own page is used, and the category file says what workers read
    request = house.engine.requests["one"]
    ui = request["HumanTaskConfig"]["UiConfig"]
    assert ui["HumanTaskUiArn"].endswith(":human-task-ui/NamedEntityRecognition")
    made = house.objects.get_json(request["LabelCategoryConfigS3Uri"])
    assert made["instructions"] == INSTRUCTIONS
    assert made["labels"] == [{"label": "Person"}]


def test_named_entities_without_instructions_are_refused_before_anybody_works(
    house: House,
) -> None:
    manifest = put_lines(house, "texts.manifest", {"source": "Ann saw Bob."})
    file = put_categories(house, labels=[{"label": "Person"}])
    post(
        house,
        job(
            "NamedEntityRecognition",
            inputConfig={"inputManifestS3Uri": manifest},
            labelCategoryConfigS3Uri=file,
        ),
    )
    assert house.batch().status == "VALIDATION_FAIL"
    assert problems(house) == {
        ("$.labelingJobs[0].labelCategoryConfigS3Uri", "CATEGORY_INSTRUCTIONS_MISSING")
    }


def test_a_custom_job_without_a_page_or_keypoints_is_refused(house: House) -> None:
    file = put_categories(house, labels=[{"label": "cat"}])
    post(
        house,
        job(
            "Custom",
            inputConfig={"inputManifestS3Uri": images(house)},
            labelCategoryConfigS3Uri=file,
        ),
    )
    assert problems(house) == {("$.labelingJobs[0].uiTemplateS3Uri", "CUSTOM_WITHOUT_PAGE")}


def test_a_page_that_does_not_exist_is_found_before_anybody_works(house: House) -> None:
    post(
        house,
        job(
            "Custom",
            inputConfig={"inputManifestS3Uri": images(house)},
            uiTemplateS3Uri=f"s3://{INPUTS}/none.liquid.html",
        ),
    )
    assert problems(house) == {("$.labelingJobs[0].uiTemplateS3Uri", "DATA_OBJECT_MISSING")}


def test_a_custom_job_with_a_page_of_its_own_needs_no_categories(house: House) -> None:
    page = f"s3://{INPUTS}/own.liquid.html"
    house.objects.put_text(page, "<crowd-form></crowd-form>", "text/html")
    post(
        house,
        job("Custom", inputConfig={"inputManifestS3Uri": images(house)}, uiTemplateS3Uri=page),
    )
    request = house.engine.requests["one"]
    assert "LabelCategoryConfigS3Uri" not in request
    assert request["HumanTaskConfig"]["UiConfig"] == {"UiTemplateS3Uri": page}
    assert ":function:" in request["HumanTaskConfig"]["PreHumanTaskLambdaArn"]


def test_keypoints_get_the_skeleton_page_and_a_review_of_them_the_earlier_answers(
    house: House,
) -> None:
    # Given a skeleton job and a review of it, which inherits its keypoints
    points = [{"id": n, "label": n, "color": "#4cc9ff"} for n in ("nose", "tail")]
    file = put_categories(house, keypointClasses=points)
    post(
        house,
        job(
            "Custom",
            inputConfig={"inputManifestS3Uri": images(house)},
            labelCategoryConfigS3Uri=file,
        ),
        {
            "jobName": "two",
            "jobLevel": 2,
            "jobModality": "Custom",
            "inputConfig": {"chainFromJobName": "one"},
        },
    )
    first = house.engine.requests["one"]
    made = house.objects.get_json(first["LabelCategoryConfigS3Uri"])
    assert made["labels"] == [{"label": "nose"}, {"label": "tail"}]
    page = first["HumanTaskConfig"]["UiConfig"]["UiTemplateS3Uri"]
    assert "crowd-2d-skeleton" in "\n".join(line.text for line in house.objects.read_lines(page))
    # When the first has ended
    house.finish("one")
    # Then the second has a page of its own, which shows what the first wrote
    second = house.engine.requests["two"]
    page = second["HumanTaskConfig"]["UiConfig"]["UiTemplateS3Uri"]
    assert "dataObject" in "\n".join(line.text for line in house.objects.read_lines(page))
    assert house.jobs()["two"].auditedAttributeName == "one"
    assert house.jobs()["two"].numItems == 3


def test_a_custom_review_of_a_manifest_is_given_only_what_has_the_label(house: House) -> None:
    house.objects.put_text(f"s3://{INPUTS}/page.html", "<crowd-form></crowd-form>", "text/html")
    for n in range(2):
        house.objects.put_text(f"s3://{INPUTS}/{n}.png", "x", "image/png")
    manifest = put_lines(
        house,
        "old.manifest",
        {"source-ref": f"s3://{INPUTS}/0.png", "old": {"any": "thing"}},
        {"source-ref": f"s3://{INPUTS}/1.png"},
    )
    post(
        house,
        job(
            "Custom",
            inputConfig={"inputManifestS3Uri": manifest, "auditLabelAttributeName": "old"},
            uiTemplateS3Uri=f"s3://{INPUTS}/page.html",
        ),
    )
    assert house.jobs()["one"].numItems == 1
    house.finish("one")
    final = house.batch().final
    assert final is not None
    [left] = lines_of(house, final.unlabeledManifestS3Uri)
    assert left["source-ref"].endswith("1.png")
    assert left["terrace-record"]["reason"] == "it does not carry old"


@pytest.mark.parametrize("review", ["Verification", "Adjustment"])
def test_the_colours_of_masks_go_along_to_the_review(house: House, review: str) -> None:
    # Given masks of an earlier job, one of them without the colours that the page is drawn with
    manifest = images(
        house,
        **{
            "old-ref": f"s3://{INPUTS}/mask.png",
            "old-ref-metadata": {"type": MASK_TYPE, "internal-color-map": COLORS},
        },
    )
    more = (
        {}
        if review == "Verification"
        else {"labelCategoryConfigS3Uri": put_categories(house, labels=[{"label": "car"}])}
    )
    post(
        house,
        job(
            f"SemanticSegmentation{review}",
            inputConfig={"inputManifestS3Uri": manifest, "auditLabelAttributeName": "old-ref"},
            **more,
        ),
    )
    request = house.engine.requests["one"]
    given = request["InputConfig"]["DataSource"]["S3DataSource"]["ManifestS3Uri"]
    for line in lines_of(house, given):
        assert line["old-ref-metadata"]["internal-color-map"] == COLORS
    assert request["LabelAttributeName"] == ("one-ref" if review == "Adjustment" else "one")


def test_masks_without_colours_are_refused_before_anybody_works(house: House) -> None:
    manifest = images(
        house, 1, **{"old-ref": f"s3://{INPUTS}/mask.png", "old-ref-metadata": {"type": MASK_TYPE}}
    )
    post(
        house,
        job(
            "SemanticSegmentationVerification",
            inputConfig={"inputManifestS3Uri": manifest, "auditLabelAttributeName": "old-ref"},
        ),
    )
    assert {code for _, code in problems(house)} == {"AUDITED_LABEL_UNFIT"}


def test_a_reviews_own_file_must_hold_the_classes_of_the_labels(house: House) -> None:
    # Given masks of cars, and a category file that has only roads
    manifest = images(
        house,
        2,
        **{
            "old-ref": f"s3://{INPUTS}/mask.png",
            "old-ref-metadata": {"type": MASK_TYPE, "internal-color-map": COLORS},
        },
    )
    post(
        house,
        job(
            "SemanticSegmentationAdjustment",
            inputConfig={"inputManifestS3Uri": manifest, "auditLabelAttributeName": "old-ref"},
            labelCategoryConfigS3Uri=put_categories(house, labels=[{"label": "road"}]),
        ),
    )
    assert problems(house) == {
        ("$.labelingJobs[0].labelCategoryConfigS3Uri", "CATEGORY_LABELS_MISSING")
    }


@pytest.mark.parametrize(
    "name", [row.name for row in modalities.MODALITIES.values() if row.ui_template]
)
def test_every_page_of_terraces_own_can_be_put_together(name: str) -> None:
    row = modalities.get(name)
    text = worker_ui.render_source(
        template(row.ui_template or ""), instructions=None, audited_attribute="old-ref"
    )
    assert "<crowd-form" in text
    assert worker_ui.AUDITED_MARK not in text
