"""`terrace ui preview`: one page of what workers will see, and clear words where there is none."""

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from click.testing import CliRunner, Result
from moto import mock_aws
from PIL import Image

from terrace_cli.main import cli
from tests.domain.test_worker_ui import NASTY, Dom

BUCKET = "input-bucket"
BOXES = [{"class_id": 0, "left": 1, "top": 2, "width": 3, "height": 4}]


def body(page: Path) -> Dom:
    """What is inside a page's body."""
    text = page.read_text(encoding="utf-8")
    return Dom(text.split("<body>")[1].split("</body>")[0])


class Place:
    """A folder with a request, and S3 behind it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.s3 = boto3.client("s3", "us-east-1")
        self.s3.create_bucket(Bucket=BUCKET)
        picture = io.BytesIO()
        Image.new("RGB", (4, 3), "red").save(picture, "PNG")
        self.put("one.png", picture.getvalue())
        self.put("two.png", picture.getvalue())
        self.put("classes.json", {"labels": [{"label": "dog"}, {"label": "cat"}]})
        self.lines({"source-ref": self.uri("one.png")}, {"source-ref": self.uri("two.png")})
        self.jobs: list[dict[str, Any]] = [
            {
                "jobName": "animals",
                "jobLevel": 1,
                "jobModality": "BoundingBox",
                "inputConfig": {"inputManifestS3Uri": self.uri("input.manifest")},
                "labelCategoryConfigS3Uri": self.uri("classes.json"),
            }
        ]

    @staticmethod
    def uri(name: str) -> str:
        return f"s3://{BUCKET}/{name}"

    def put(self, name: str, value: Any) -> str:
        body = value if isinstance(value, bytes) else json.dumps(value).encode()
        self.s3.put_object(Bucket=BUCKET, Key=name, Body=body)
        return self.uri(name)

    def lines(self, *lines: dict[str, Any], name: str = "input.manifest") -> str:
        return self.put(name, "\n".join(json.dumps(line) for line in lines).encode())

    def job(self, **changes: Any) -> None:
        self.jobs[0] |= changes

    def review(self, modality: str, name: str = "check", source: str = "animals") -> None:
        level = len(self.jobs) + 1
        config = {"chainFromJobName": source}
        self.jobs.append(
            {"jobName": name, "jobLevel": level, "jobModality": modality, "inputConfig": config}
        )

    def run(self, *arguments: str, request: str | None = None) -> Result:
        text = request or json.dumps({"batchId": "zoo", "labelingJobs": self.jobs})
        (self.folder / "request.json").write_text(text, encoding="utf-8")
        return CliRunner().invoke(cli, ["ui", "preview", "request.json", *arguments])

    def page(self, *arguments: str) -> Dom:
        """The written page; the command must succeed."""
        result = self.run(*arguments, "--out", "page.html")
        assert result.exit_code == 0, result.output
        return body(self.folder / "page.html")

    def refused(self, *arguments: str, request: str | None = None) -> str:
        """What is said; the command must fail and write nothing."""
        result = self.run(*arguments, "--out", "page.html", request=request)
        assert result.exit_code in {1, 2}, result.output
        assert not (self.folder / "page.html").exists()
        assert "Traceback" not in result.output
        return result.stderr


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        yield Place(tmp_path)


# --- what is shown ----------------------------------------------------------------------------
def test_a_job_is_shown_with_its_picture_and_labels(place: Place) -> None:
    # When the second item of the only job is previewed
    result = place.run("--item", "2")
    # Then the page is named after it, and holds the picture itself
    assert result.exit_code == 0, result.output
    assert result.stdout == "preview-animals-2.html\n"
    text = (place.folder / "preview-animals-2.html").read_text(encoding="utf-8")
    found = body(place.folder / "preview-animals-2.html")
    assert found.json_of("labels") == ["dog", "cat"]
    [shown] = found.values["crowd-bounding-box", "src"]
    assert shown.startswith("data:image/png;base64,")
    # And works without the network as well: the picture and the task's input are there plainly
    assert found.values["img", "src"] == [shown]
    assert place.uri("two.png") in found.text["pre"]
    assert "https://assets.crowd.aws/crowd-html-elements.js" in text
    assert "X-Amz-Signature" not in text


def test_instructions_and_examples_of_the_request_are_shown(place: Place) -> None:
    place.job(instructions={"shortInstruction": "Look.", "goodExampleS3Uri": place.uri("one.png")})
    found = place.page()
    assert "<p>Look." in found.inside("short-instructions")
    assert found.values["img", "alt"][0] == "Good example"


def test_a_manifest_and_categories_of_this_machine_can_be_tried(place: Place) -> None:
    (place.folder / "mine.manifest").write_text('\n{"source-ref": "s3://input-bucket/one.png"}\n')
    (place.folder / "mine.json").write_text('{"labels": [{"label": "🐄"}]}', encoding="utf-8")
    found = place.page("--manifest", "mine.manifest", "--categories", "mine.json")
    assert found.json_of("labels") == ["🐄"]


def test_a_review_shows_the_labels_of_a_given_manifest(place: Place) -> None:
    place.review("BoundingBoxVerification")
    place.review("BoundingBoxAdjustment", "mend", "check")
    line = {
        "source-ref": place.uri("one.png"),
        "animals": {"annotations": BOXES},
        "animals-metadata": {"class-map": {"0": "dog"}},
    }
    labeled = place.lines(line, name="output.manifest")
    # Then a verification asks for a verdict, and an adjustment of it begins with the boxes
    check = place.page("--job", "check", "--manifest", labeled)
    assert check.json_of("categories") == ["Pass", "Fail"]
    assert check.json_of("overlay")["boundingBox"]["value"][0]["label"] == "dog"
    mend = place.page("--job", "mend", "--manifest", labeled)
    assert mend.json_of("labels") == ["dog", "cat"]
    assert mend.json_of("initial-value")[0]["width"] == 3


def test_a_mask_under_review_is_shown_as_a_picture(place: Place) -> None:
    place.job(jobModality="SemanticSegmentation")
    place.review("SemanticSegmentationAdjustment")
    colors = {"1": {"class-name": "dog", "hex-color": "#00ff00"}}
    line = {
        "source-ref": place.uri("one.png"),
        "animals-ref": place.uri("two.png"),
        "animals-ref-metadata": {"internal-color-map": colors},
    }
    found = place.page("--job", "check", "--manifest", place.lines(line, name="out.manifest"))
    value = found.json_of("initial-value")
    assert value["src"].startswith("data:image/png")
    assert value["labelMappings"] == {"dog": {"color": "#00ff00"}}


@pytest.mark.parametrize("text", [NASTY[1], NASTY[2], NASTY[4], NASTY[5]])
def test_no_text_can_change_the_page(place: Place, text: str) -> None:
    place.job(jobModality="TextMultiClass")
    place.put("classes.json", {"labels": [{"label": text or "x"}, {"label": "b"}]})
    structures = []
    for source in ("harmless", text or "y"):
        place.lines({"source": source})
        found = place.page()
        structures.append(found.structure)
    assert structures[0] == structures[1]
    assert found.text["classification-target"] == (text or "y")
    assert found.json_of("categories") == [text or "x", "b"]


def test_a_text_in_a_file_is_read(place: Place) -> None:
    place.job(jobModality="TextMultiClass")
    place.lines({"source-ref": place.put("a.txt", "Grüße".encode())})
    assert place.page().text["classification-target"] == "Grüße"


def test_a_video_is_linked_and_the_user_is_told(place: Place) -> None:
    place.job(jobModality="VideoMultiClass")
    place.lines({"source-ref": place.put("a.mp4", b"video")})
    result = place.run()
    assert result.exit_code == 0, result.output
    assert "work for an hour" in result.stderr
    assert "X-Amz-Signature" in (place.folder / "preview-animals-1.html").read_text()


OWN = """<script src="https://assets.crowd.aws/crowd-html-elements.js"></script>
<crowd-form>
<p>{{ task.input.dataObject.source }}: {{ task.input.labels | join: "|" }}</p>
</crowd-form>
"""


def test_a_custom_jobs_own_page_is_shown(place: Place) -> None:
    function = "arn:aws:lambda:us-east-1:111122223333:function:mine"
    place.job(
        jobModality="Custom",
        uiTemplateS3Uri=place.put("page.html", OWN.encode()),
        preHumanTaskLambdaArn=function,
    )
    place.lines({"source": "<b>"})
    result = place.run("--out", "page.html")
    assert result.exit_code == 0, result.output
    assert "was not asked" in result.stderr
    assert "<p>&lt;b&gt;: dog|cat</p>" in (place.folder / "page.html").read_text()


RIG = {
    "keypointClasses": [
        {"id": 0, "color": "#ff0000", "label": 'nose "tip" {{', "x": 0.5, "y": 0.1},
        {"id": 1, "color": "#00ff00", "label": "neck", "x": 0.5, "y": 0.4},
    ],
    "skeletonRig": [['nose "tip" {{', "neck"]],
}
EARLIER = [{"id": "s1", "keypoints": [{"id": 1, "label": "neck", "x": 1, "y": 2}]}]


def test_a_skeleton_page_comes_with_its_rig_its_script_and_the_earlier_answers(
    place: Place,
) -> None:
    # Given a skeleton job and its review, and a line with an answer of the first
    place.job(jobModality="Custom")
    place.put("classes.json", RIG)
    place.review("Custom")
    line = {"source-ref": place.uri("one.png"), "animals": {"updated_annotations": EARLIER}}
    # When the review is previewed
    found = place.page("--job", "check", "--manifest", place.lines(line, name="out.manifest"))
    # Then the component is given them, and needs no network
    given = {name: found.values["crowd-2d-skeleton", name][0] for name in ("imgsrc", *NAMES)}
    assert given["imgsrc"].startswith("data:image/png")
    assert [json.loads(given[name]) for name in NAMES] == [
        RIG["keypointClasses"],
        RIG["skeletonRig"],
        EARLIER,
    ]
    assert "crowd-2d-skeleton" in found.text["script"]
    # And the first job begins with nothing
    first = place.page("--job", "animals")
    assert first.values["crowd-2d-skeleton", "initialvalues"] == [""]


NAMES = ("keypointclasses", "skeletonrig", "initialvalues")


def test_a_template_can_be_tried_before_it_is_uploaded(place: Place) -> None:
    (place.folder / "mine.html").write_text("<crowd-form>mine</crowd-form>")
    assert place.page("--template", "mine.html").text["crowd-form"] == "mine"


# --- what is said where nothing can be shown -----------------------------------------------------
def test_a_job_that_is_not_there_is_named_with_those_that_are(place: Place) -> None:
    assert "did you mean animals?" in place.refused("--job", "animal")


def test_of_several_jobs_one_must_be_chosen(place: Place) -> None:
    place.review("BoundingBoxVerification")
    assert "--job: animals, check" in place.refused()


def test_a_chained_job_needs_a_manifest_with_labels(place: Place) -> None:
    place.review("BoundingBoxVerification")
    said = place.refused("--job", "check")
    assert "chains from animals" in said
    assert "--manifest" in said


def test_an_item_without_the_label_is_not_sent_to_people(place: Place) -> None:
    place.review("BoundingBoxVerification")
    said = place.refused("--job", "check", "--manifest", place.uri("input.manifest"))
    assert "line 1 has no label 'animals'" in said


def test_frames_are_worked_on_in_a_ui_of_awss(place: Place) -> None:
    place.job(jobModality="VideoObjectTracking")
    assert "AWS's own UI" in place.refused()


def test_a_custom_job_without_a_page_is_told_so(place: Place) -> None:
    place.job(jobModality="Custom")
    assert "no worker page is named" in place.refused()


def test_an_item_beyond_the_end_and_a_broken_line_are_named(place: Place) -> None:
    assert "has no item 3" in place.refused("--item", "3")
    place.put("input.manifest", b'{"source-ref": \n')
    assert "input.manifest line 1: the line is not JSON" in place.refused()


def test_a_picture_that_is_not_there_is_named(place: Place) -> None:
    place.lines({"source-ref": place.uri("gone.png")})
    said = place.refused()
    assert f"{place.uri('gone.png')}: NoSuchKey" in said


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("{% if %}", "line 1"),
        ("{{ task.input.taskObject | no_such }}", "unknown filter no_such"),
        ("{{ task.input.labels | grant_read_access }}", "grant_read_access needs an S3 URI"),
    ],
)
def test_a_broken_template_is_named(place: Place, template: str, said: str) -> None:
    (place.folder / "mine.html").write_text(template)
    assert said in place.refused("--template", "mine.html")


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        ("{", "the request"),
        ("[]", "the request is not valid"),
        ('{"batchId": "b", "labelingJobs": [{"jobName": "x"}]}', "labelingJobs.0.jobLevel"),
    ],
)
def test_a_wrong_request_is_said_to_be_wrong(place: Place, request_: str, said: str) -> None:
    assert said in place.refused(request=request_)


@pytest.mark.parametrize("option", ["--manifest", "--categories", "--template"])
def test_a_file_that_is_not_there_is_named(place: Place, option: str) -> None:
    assert "nowhere" in place.refused(option, "nowhere")
    assert "NoSuchKey" in place.refused(option, place.uri("nowhere"))


def test_categories_that_are_no_json_object_are_named(place: Place) -> None:
    (place.folder / "mine.json").write_text("[]")
    assert "holds no JSON object" in place.refused("--categories", "mine.json")


def test_a_page_that_cannot_be_written_is_said(place: Place) -> None:
    result = place.run("--out", "no/such/folder/page.html")
    assert result.exit_code == 2
    assert "cannot write" in result.stderr


def test_an_aws_profile_that_is_not_there_is_named(place: Place) -> None:
    said = place.refused("--profile", "nobody")
    assert "nobody" in said
    assert "check --profile" in said


def test_a_local_run_of_this_folder_is_read_unless_aws_is_named(place: Place) -> None:
    # Given the contract of a local run that has ended
    contract = place.folder / ".terrace" / "local.json"
    contract.parent.mkdir()
    contract.write_text(json.dumps({"apiUrl": "http://127.0.0.1:9", "pid": 2**22 + 1}))
    # When nothing else is said, then its S3 is meant; with a Region, that of AWS
    assert "left over" in place.refused()
    assert place.page("--region", "us-east-1").json_of("labels") == ["dog", "cat"]
