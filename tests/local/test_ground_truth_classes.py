"""Classes of images, texts and clips: who said what, and what comes of it."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from moto import mock_aws

from terrace_local.ground_truth.votes import Votes, choose_classes, confidence
from terrace_local.workers.item_truth import ItemTruth, write_item_truth
from tests.data import shared_data
from tests.local.ground_truth_world import World, manifest

DATA = shared_data.FOLDER.parent
real = pytest.mark.skipif(not DATA.is_dir(), reason=f"real data is not at {DATA}")
NASTY = '"it\'s" <script>alert(1)</script> & 🙂 שלום'
CLASSIFIER = """<crowd-form><crowd-classifier name="mood"
  categories="{{ task.input.labels | to_json | escape }}">
  <classification-target>{{ task.input.taskObject }}</classification-target>
</crowd-classifier></crowd-form>"""


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with mock_aws():
        built = World(error_mix="clean")
        built.service.start()
        yield built
        built.service.stop()


def lines(world: World, job: dict[str, Any]) -> list[dict[str, Any]]:
    assert job["LabelingJobStatus"] == "Completed", job.get("FailureReason")
    return world.lines(job["LabelingJobOutput"]["OutputDatasetS3Uri"])


# -- votes ------------------------------------------------------------------------------------


@real
def test_answers_of_a_real_job_are_put_together_as_ground_truth_did() -> None:
    folder = DATA / "gt_image_classification_birds"
    theirs = [json.loads(line) for line in (folder / "output.manifest").read_text().splitlines()]
    attribute = "birds-open-images-clone"
    names = {row[f"{attribute}-metadata"]["class-name"]: row[attribute] for row in theirs}
    votes: Votes = {}
    for line in (folder / "worker-responses.jsonl").read_text().splitlines():
        row = json.loads(line)
        votes[int(row["dataset-object-id"])] = [
            (answer["workerId"], names[answer["answerContent"]["crowd-image-classifier"]["label"]])
            for answer in row["answers"]
        ]

    ours = choose_classes(votes, len(names))

    # The objects were shared out by number, so both are in the order of the numbers.
    agree = sum(
        ours[number][0] == row[attribute] for number, row in zip(sorted(votes), theirs, strict=True)
    )
    same = sum(
        confidence(ours[number][1], len(votes[number]))
        == row[f"{attribute}-metadata"]["confidence"]
        for number, row in zip(sorted(votes), theirs, strict=True)
    )
    assert len(votes) == 201
    assert agree == 200
    assert same == 198


def test_who_is_often_wrong_counts_less() -> None:
    votes: Votes = {i: [("a", i % 2), ("b", i % 2), ("wild", 1 - i % 2)] for i in range(10)}
    votes[10] = [("a", 0), ("wild", 1)]

    chosen, probability = choose_classes(votes, 2)[10]

    assert chosen == 0
    assert probability > 0.9


def test_two_strangers_who_disagree_are_a_tie_and_the_first_class_wins() -> None:
    chosen, probability = choose_classes({0: [("a", 1), ("b", 0)]}, 2)[0]

    assert (chosen, probability) == (0, pytest.approx(0.5))


def test_confidence_is_0_for_one_person_and_never_above_095() -> None:
    assert confidence(1.0, 1) == 0
    assert confidence(1.0, 5) == 0.95
    assert confidence(0.614, 5) == 0.61


ANSWERS = st.lists(
    st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 3)), min_size=1, max_size=5),
    max_size=6,
)


@given(ANSWERS)
def test_only_what_somebody_said_is_chosen(answers: list[list[tuple[str, int]]]) -> None:
    votes: Votes = dict(enumerate(answers))

    for item, (chosen, probability) in choose_classes(votes, 4).items():
        said = {k for _, k in votes[item]}
        assert chosen in said
        assert 0 < probability <= 1 + 1e-9
        if len(said) == 1:
            assert probability == pytest.approx(1)


# -- jobs -------------------------------------------------------------------------------------


def test_an_image_gets_the_class_of_its_largest_thing(world: World) -> None:
    request = world.any_request(
        "Pets",
        "ImageMultiClass",
        manifest=world.images(),
        categories=world.categories("Cat", "Dog"),
        people=3,
    )

    job = world.run(request)

    # The dog's box is the larger one in the truth of these images.
    for line in lines(world, job):
        assert line["Pets"] == 1
        metadata = line["Pets-metadata"]
        assert re.fullmatch(r"[\d-]{10}T[\d:]{8}\.\d{6}", metadata.pop("creation-date"))
        assert metadata == {
            "confidence": 0.95,
            "job-name": "labeling-job/pets",
            "class-name": "Dog",
            "human-annotated": "yes",
            "type": "groundtruth/image-classification",
        }


def test_each_persons_answer_is_kept_under_the_pages_name(world: World) -> None:
    text = world.put("one.manifest", manifest([{"source": "Good morning"}]))
    request = world.any_request(
        "Mood",
        "TextMultiClass",
        manifest=text,
        categories=world.categories("good", "bad"),
        template=CLASSIFIER,
        people=3,
    )

    world.run(request)

    (key,) = world.keys("out/Mood/annotations/worker-response/iteration-1/0/")
    answers = world.json(f"s3://out-bucket/{key}")["answers"]
    assert len({answer["workerId"] for answer in answers}) == 3
    assert [list(answer["answerContent"]) for answer in answers] == [["mood"]] * 3
    folder = "out/Mood/annotations/consolidated-annotation/consolidation-"
    (request_key,) = world.keys(f"{folder}request/iteration-1/")
    (row,) = world.json(f"s3://out-bucket/{request_key}")
    assert row["dataObject"] == {"content": "Good morning"}
    contents = [json.loads(a["annotationData"]["content"]) for a in row["annotations"]]
    assert contents == [answer["answerContent"] for answer in answers]
    (response_key,) = world.keys(f"{folder}response/iteration-1/")
    (answer,) = world.json(f"s3://out-bucket/{response_key}")
    assert answer["consolidatedAnnotation"]["content"]["Mood-metadata"]["confidence"] == 0.95


def test_texts_inline_and_in_files_are_classified_and_what_is_not_there_fails(
    world: World,
) -> None:
    world.put("texts/a.txt", NASTY)
    world.put("texts/latin.txt", "Grüße".encode("latin-1"))
    write_item_truth(
        world.s3, "s3://in-bucket/texts/", {"a.txt": ItemTruth(labels=('bad & "ugly"',))}
    )
    rows = [
        {"source": NASTY},
        {"source-ref": "s3://in-bucket/texts/a.txt"},
        {"source-ref": "s3://in-bucket/texts/none.txt"},
        {"source-ref": "s3://in-bucket/texts/latin.txt"},
    ]
    request = world.any_request(
        "Texts",
        "TextMultiClass",
        manifest=world.put("texts.manifest", manifest(rows)),
        categories=world.categories("good", 'bad & "ugly"'),
        template=CLASSIFIER,
    )

    job = world.run(request)

    inline, file, absent, latin = lines(world, job)
    assert inline["source"] == NASTY
    assert inline["Texts-metadata"]["class-name"] in ("good", 'bad & "ugly"')
    assert (file["Texts"], file["Texts-metadata"]["confidence"]) == (1, 0)
    assert "Texts" not in absent
    assert "none.txt" in absent["Texts-metadata"]["failure-reason"]
    assert "not UTF-8" in latin["Texts-metadata"]["failure-reason"]
    assert absent["Texts-metadata"]["human-annotated"] == "true"
    assert job["LabelCounters"]["FailedNonRetryableError"] == 2


@real
@pytest.mark.parametrize(
    ("task", "of_line", "attribute"),
    [
        ("TextMultiClass", 2, "cutomDocClassification-multi-class"),
        ("TextMultiClassMultiLabel", 3, "cutomDocClassification"),
    ],
)
def test_text_labels_have_the_shape_of_real_ones(
    world: World, task: str, of_line: int, attribute: str
) -> None:
    path = DATA / "ground_truth_samples/real/text/comprehend_readme_ner_and_textcls.manifest"
    theirs = json.loads(path.read_text().splitlines()[of_line])
    text = world.put("one.manifest", manifest([{"source": theirs["source"]}]))
    request = world.any_request(
        f"Real{task}", task, manifest=text, categories=world.categories("joy", "optimism")
    )

    (ours,) = lines(world, world.run(request))

    assert type(ours[f"Real{task}"]) is type(theirs[attribute])
    metadata = ours[f"Real{task}-metadata"]
    wanted = theirs[f"{attribute}-metadata"]
    assert set(metadata) == set(wanted)
    assert metadata["type"] == wanted["type"]
    if "class-map" in wanted:
        assert set(metadata["class-map"]) == set(metadata["confidence-map"])
        assert metadata["class-map"].items() <= {"0": "joy", "1": "optimism"}.items()
        assert [str(k) for k in ours[f"Real{task}"]] == list(metadata["class-map"])


def test_an_image_gets_all_classes_that_it_shows(world: World) -> None:
    request = world.any_request(
        "All",
        "ImageMultiClassMultiLabel",
        manifest=world.images(),
        categories=world.categories("Bird", "Cat", "Dog"),
        people=5,
    )

    for line in lines(world, world.run(request)):
        assert sorted(line["All"]) == [1, 2]
        assert line["All-metadata"]["class-map"] == {"1": "Cat", "2": "Dog"}
        assert set(line["All-metadata"]["confidence-map"]) == {"1", "2"}
        assert line["All-metadata"]["type"] == "groundtruth/image-classification-multilabel"


def test_a_clip_must_be_there_to_be_classified(world: World) -> None:
    world.put("clips/a.webm", b"\x1aE\xdf\xa3 a film")
    rows = [{"source-ref": f"s3://in-bucket/clips/{name}.webm"} for name in ("a", "none")]
    request = world.any_request(
        "Clips",
        "VideoMultiClass",
        manifest=world.put("clips.manifest", manifest([*rows, {"source": "no clip"}])),
        categories=world.categories("calm", "wild"),
    )

    shown, absent, text = lines(world, world.run(request))

    assert shown["Clips"] in (0, 1)
    assert "none.webm" in absent["Clips-metadata"]["failure-reason"]
    assert "has no source-ref" in text["Clips-metadata"]["failure-reason"]


@pytest.mark.parametrize("task", ["ImageMultiClass", "TextMultiClassMultiLabel"])
def test_one_class_is_no_choice(world: World, task: str) -> None:
    text = world.put("one.manifest", manifest([{"source": "Good morning"}]))
    request = world.any_request(
        f"One{task}", task, manifest=text, categories=world.categories("only")
    )

    job = world.run(request)

    assert job["LabelingJobStatus"] == "Failed"
    assert "needs at least 2" in job["FailureReason"]


@pytest.mark.parametrize("declared", [True, False])
def test_the_public_only_gets_what_is_declared_free_of_personal_data(
    world: World, declared: bool
) -> None:
    name = f"Public{declared}"
    request = world.any_request(
        name,
        "TextMultiClass",
        manifest=world.put("public.manifest", manifest([{"source": "Good morning"}])),
        categories=world.categories("good", "bad"),
        human={
            "WorkteamArn": "arn:aws:sagemaker:us-east-1:394669845002:workteam/public-crowd/default",
            "PublicWorkforceTaskPrice": {"AmountInUsd": {"Dollars": 0, "Cents": 1}},
        },
    )
    if declared:
        classifiers = ["FreeOfPersonallyIdentifiableInformation"]
        request["InputConfig"]["DataAttributes"] = {"ContentClassifiers": classifiers}

    job = world.run(request)

    if not declared:
        assert job["LabelingJobStatus"] == "Failed"
        assert "FreeOfPersonallyIdentifiableInformation" in job["FailureReason"]
        return
    assert name in lines(world, job)[0]
    (key,) = world.keys(f"out/{name}/annotations/worker-response/iteration-1/0/")
    (answer,) = world.json(f"s3://out-bucket/{key}")["answers"]
    assert re.fullmatch(r"public\.us-east-1\.[A-Z2-7]{26}", answer["workerId"])
    assert "identityData" not in answer["workerMetadata"]


def test_an_attribute_that_is_too_long_fails_the_job_and_names_its_line(world: World) -> None:
    rows = [{"source": "short"}, {"source": "x" * 20_001}]
    request = world.any_request(
        "Long",
        "TextMultiClass",
        manifest=world.put("long.manifest", manifest(rows)),
        categories=world.categories("good", "bad"),
    )

    job = world.run(request)

    assert job["LabelingJobStatus"] == "Failed"
    assert "attribute source of line 2 is longer than 20000" in job["FailureReason"]


def test_what_some_people_answered_before_the_task_expired_is_consolidated(world: World) -> None:
    rows = [{"source": f"text {number}"} for number in range(40)]
    request = world.any_request(
        "Late",
        "TextMultiClass",
        manifest=world.put("late.manifest", manifest(rows)),
        categories=world.categories("good", "bad"),
        people=3,
        human={"TaskAvailabilityLifetimeInSeconds": 500},
    )

    job = world.run(request)

    people = []
    for index, line in enumerate(lines(world, job)):
        keys = world.keys(f"out/Late/annotations/worker-response/iteration-1/{index}/")
        keys += world.keys(f"out/Late/annotations/worker-response/iteration-2/{index}/")
        count = len(world.json(f"s3://out-bucket/{keys[0]}")["answers"]) if keys else 0
        assert ("Late" in line) == (count > 0)
        if count == 1:
            assert line["Late-metadata"]["confidence"] == 0
        people.append(count)
    assert set(people) == {0, 1, 2, 3}
    assert job["LabelCounters"]["FailedNonRetryableError"] == people.count(0)


def test_a_broken_template_fails_the_job_with_the_reason(world: World) -> None:
    request = world.any_request(
        "Broken",
        "ImageMultiClass",
        manifest=world.images(),
        categories=world.categories("Cat", "Dog"),
        template="{{ task.input.taskObject | grant_read_acess }}",
    )

    job = world.run(request)

    assert job["LabelingJobStatus"] == "Failed"
    assert "unknown filter grant_read_acess" in job["FailureReason"]
