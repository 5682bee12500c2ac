"""Semantic segmentation: masks, their colours, their reviews."""

import base64
import io
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from moto import mock_aws
from PIL import Image

from terrace_local.ground_truth.masks import (
    BACKGROUND_COLOR,
    Colors,
    MaskError,
    colors_of,
    from_png,
    likeness,
    paint,
    to_png,
    vote,
)
from terrace_local.workers.shapes import Box
from tests.data import shared_data
from tests.local.ground_truth_world import World, manifest

SAMPLES = shared_data.FOLDER
PCB = SAMPLES.parent / "gt_semantic_segmentation_pcb"
real = pytest.mark.skipif(not PCB.is_dir(), reason=f"no real masks at {PCB}")
PETS = colors_of(["Cat", "Dog"], {})
OVERLAY = """{% assign meta = "A-ref-metadata" %}
<crowd-form><crowd-image-classifier name="verdict"
  src="{{ task.input.taskObject | grant_read_access }}"
  categories="{{ task.input.labels | to_json | escape }}"
  overlay='{"value": "{{ task.input.manifestLine["A-ref"] | grant_read_access }}",
            "map": {{ task.input.manifestLine[meta].internal-color-map | to_json | escape }}}'>
</crowd-image-classifier></crowd-form>""".replace("A-ref", "MARK")


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with mock_aws():
        built = World(error_mix="clean")
        built.service.start()
        yield built
        built.service.stop()


def output(job: dict[str, Any]) -> str:
    assert job["LabelingJobStatus"] == "Completed", job.get("FailureReason")
    return str(job["LabelingJobOutput"]["OutputDatasetS3Uri"])


def segment(world: World, name: str, people: int = 1, images: int = 2) -> str:
    """The manifest of a finished labeling job."""
    request = world.any_request(
        name,
        "SemanticSegmentation",
        manifest=world.images(images),
        categories=world.categories("Cat", "Dog"),
        people=people,
    )
    return output(world.run(request))


def review(world: World, kind: str, name: str, of: str, **changes: Any) -> dict[str, Any]:
    labels = ("right", "wrong - missed", "wrong - edge") if kind == "Verification" else (
        "Cat", "Dog")  # fmt: skip
    changes = {"categories": world.categories(*labels), **changes}
    template = OVERLAY.replace("MARK", of)
    return world.run(
        world.any_request(name, f"{kind}SemanticSegmentation", template=template, **changes)
    )


# -- masks ------------------------------------------------------------------------------------


@real
def test_a_real_mask_is_read_and_written_again_as_it_was() -> None:
    line = json.loads((PCB / "output.manifest").read_text())
    color_map = line["S10-label3-ref-metadata"]["internal-color-map"]
    rows = [color_map[key] for key in sorted(color_map, key=int)[1:]]
    colors = Colors(
        tuple(row["class-name"] for row in rows), tuple(row["hex-color"] for row in rows)
    )
    body = (PCB / "mask.png").read_bytes()

    again = to_png(from_png(body, colors), colors)

    theirs, ours = Image.open(io.BytesIO(body)), Image.open(io.BytesIO(again))
    assert (ours.mode, ours.size) == (theirs.mode, theirs.size) == ("P", (1696, 959))
    assert ours.tobytes() == theirs.tobytes()
    assert (ours.getpalette() or [])[:12] == (theirs.getpalette() or [])[:12]


def test_every_class_has_a_colour_of_its_own_and_known_ones_keep_theirs() -> None:
    names = [f"class {n}" for n in range(200)]

    colors = colors_of(names, {"class 7": "#1f77b4"})

    assert colors.hexes[7] == "#1f77b4"
    assert len({*colors.hexes, BACKGROUND_COLOR}) == 201
    with pytest.raises(MaskError, match="at most 255"):
        colors_of([f"class {n}" for n in range(256)], {})


def test_later_objects_cover_earlier_ones() -> None:
    mask = paint((40, 20), [("Cat", Box(0, 0, 40, 20)), ("Dog", Box(10, 5, 10, 10))], PETS)

    assert mask.getpixel((15, 10)) == 2
    assert mask.getpixel((30, 10)) == 1
    assert mask.getpixel((0, 0)) == 0


def test_a_mask_in_other_colours_is_refused() -> None:
    strange = Image.new("RGB", (4, 4), (1, 2, 3))
    out = io.BytesIO()
    strange.save(out, "PNG")

    with pytest.raises(MaskError, match="#010203"):
        from_png(out.getvalue(), PETS)
    with pytest.raises(MaskError, match="no readable picture"):
        from_png(b"nothing", PETS)


def test_each_pixel_gets_what_most_people_gave_it() -> None:
    boxes = [Box(0, 0, 20, 20), Box(0, 0, 20, 20), Box(20, 0, 20, 20)]
    masks = [Image.new("L", (40, 20), 0) for _ in boxes]
    for mask, box in zip(masks, boxes, strict=True):
        mask.paste(2, (int(box.left), 0, int(box.left) + 20, 20))

    together = vote(masks, 2)

    assert together.getpixel((10, 10)) == 2
    assert together.getpixel((30, 10)) == 0
    assert likeness(together, masks[0], 2) == 1
    assert likeness(together, masks[2], 2) == 0


PIXELS = st.lists(st.integers(0, 2), min_size=48, max_size=48).map(
    lambda values: Image.frombytes("L", (8, 6), bytes(values))
)


@given(PIXELS)
def test_a_mask_survives_its_file_and_one_vote(mask: Image.Image) -> None:
    assert from_png(to_png(mask, PETS), PETS).tobytes() == mask.tobytes()
    assert vote([mask], 2).tobytes() == mask.tobytes()


@given(st.lists(PIXELS, min_size=2, max_size=4))
def test_a_vote_gives_only_classes_that_somebody_painted(masks: list[Image.Image]) -> None:
    painted = {value for mask in masks for value in mask.tobytes()}

    assert set(vote(masks, 2).tobytes()) <= painted | {0}


# -- jobs -------------------------------------------------------------------------------------


def test_careful_people_paint_what_is_there(world: World) -> None:
    for line in world.lines(segment(world, "Careful")):
        mask = from_png(world.get(line["Careful-ref"]), PETS)
        right = paint((200, 100), [("Cat", Box(10, 10, 40, 30)), ("Dog", Box(90, 20, 50, 60))],
                      PETS)  # fmt: skip
        assert mask.tobytes() == right.tobytes()


@real
def test_a_line_has_the_shape_of_a_real_one(world: World) -> None:
    theirs = json.loads((PCB / "output.manifest").read_text())["S10-label3-ref-metadata"]
    line = world.lines(segment(world, "Shape"))[0]
    ours = line["Shape-ref-metadata"]

    folder = "s3://out-bucket/out/Shape/annotations/consolidated-annotation/output/0_"
    assert line["Shape-ref"].startswith(folder)
    assert set(ours) == set(theirs)
    assert ours["internal-color-map"]["0"] == theirs["internal-color-map"]["0"]
    rows = ours["internal-color-map"]
    assert [rows[k]["class-name"] for k in ("1", "2")] == ["Cat", "Dog"]
    assert {*rows["1"]} == {*theirs["internal-color-map"]["1"]}


def test_each_persons_mask_is_in_their_answer(world: World) -> None:
    segment(world, "Three", people=3)

    (key,) = world.keys("out/Three/annotations/worker-response/iteration-1/0/")
    answers = world.json(f"s3://out-bucket/{key}")["answers"]
    content = answers[0]["answerContent"]["crowd-semantic-segmentation"]
    assert len(answers) == 3
    assert content["inputImageProperties"] == {"height": 100, "width": 200}
    assert content["labelMappings"]["Dog"] == {"color": PETS.hexes[1]}
    body = base64.b64decode(content["labeledImage"]["pngImageData"])
    assert from_png(body, PETS).size == (200, 100)
    folder = "out/Three/annotations/consolidated-annotation/consolidation-request/"
    (request,) = world.keys(folder)
    (first, _) = world.json(f"s3://out-bucket/{request}")
    assert first["annotations"][0]["annotationData"] == {"s3Uri": f"s3://out-bucket/{key}"}


def test_a_verifier_passes_a_good_mask_and_names_what_is_missing(world: World) -> None:
    made = segment(world, "Judged")
    good, bad = world.lines(made)
    size = (200, 100)
    bad["Judged-ref"] = world.put(
        "empty.png", to_png(paint(size, [("Dog", Box(90, 20, 50, 60))], PETS), PETS)
    )
    rows = world.put("judge.manifest", manifest([good, bad]))

    job = review(world, "Verification", "Verdict", "Judged-ref", manifest=rows, people=3)

    first, second = world.lines(output(job))
    assert first["Verdict-metadata"]["class-name"] == "right"
    assert second["Verdict-metadata"]["class-name"] == "wrong - missed"
    assert second["Verdict-metadata"]["confidence"] == 0.95
    assert second["Verdict-metadata"]["type"] == "groundtruth/label-verification"
    assert second["Judged-ref"] == bad["Judged-ref"]
    (key,) = world.keys("out/Verdict/annotations/worker-response/iteration-1/0/")
    answer = world.json(f"s3://out-bucket/{key}")["answers"][0]["answerContent"]
    assert answer == {"verdict": {"label": "right"}}


def test_an_adjuster_repairs_a_bad_mask_in_its_own_colours_and_leaves_a_good_one(
    world: World,
) -> None:
    good, bad = world.lines(segment(world, "Given"))
    theirs = Colors(("Cat", "Dog"), ("#112233", "#445566"))
    bad["Given-ref"] = world.put("bad.png", to_png(paint((200, 100), [], theirs), theirs))
    for line in (good, bad):
        for number, color in (("1", "#112233"), ("2", "#445566")):
            line["Given-ref-metadata"]["internal-color-map"][number]["hex-color"] = color
    mask = from_png(world.get(good["Given-ref"]), PETS)
    good["Given-ref"] = world.put("good.png", to_png(mask, theirs))
    rows = world.put("adjust.manifest", manifest([good, bad]))
    labels = world.categories("Bird", "Dog", "Cat")

    job = review(world, "Adjustment", "Mended", "Given-ref", manifest=rows, categories=labels)

    first, second = world.lines(output(job))
    statuses = [row["Mended-ref-metadata"]["adjustment-status"] for row in (first, second)]
    assert statuses == ["unadjusted", "adjusted"]
    color_map = second["Mended-ref-metadata"]["internal-color-map"]
    found = {row["class-name"]: row["hex-color"] for row in color_map.values()}
    assert (found["Cat"], found["Dog"]) == ("#112233", "#445566")
    assert found["Bird"] not in ("#112233", "#445566", BACKGROUND_COLOR)
    colors = Colors(("Bird", "Dog", "Cat"), (found["Bird"], "#445566", "#112233"))
    repaired = from_png(world.get(second["Mended-ref"]), colors)
    assert repaired.tobytes() == from_png(world.get(first["Mended-ref"]), colors).tobytes()
    assert second["Given-ref"] == bad["Given-ref"]
    (key,) = world.keys("out/Mended/annotations/worker-response/iteration-1/1/")
    answer = world.json(f"s3://out-bucket/{key}")["answers"][0]["answerContent"]
    assert answer["crowd-semantic-segmentation"]["initialValueModified"] is True


def test_masks_without_colours_cannot_be_reviewed_at_all(world: World) -> None:
    line = world.lines(segment(world, "Grey"))[0]
    del line["Grey-ref-metadata"]["internal-color-map"]["1"]["hex-color"]
    rows = world.put("grey.manifest", manifest([line]))

    job = review(world, "Adjustment", "Regrey", "Grey-ref", manifest=rows)

    assert job["LabelingJobStatus"] == "Failed"
    assert "no hex-color for Cat" in job["FailureReason"]


def test_a_line_without_a_mask_fails_alone(world: World) -> None:
    line, other = world.lines(segment(world, "Partly"))
    gone = {**other, "Partly-ref": "s3://in-bucket/gone.png"}
    rows = [line, {"source-ref": other["source-ref"]}, gone]

    job = review(
        world, "Adjustment", "Rest", "Partly-ref", manifest=world.put("p.manifest", manifest(rows))
    )

    first, second, third = world.lines(output(job))
    assert "Rest-ref" in first
    assert "no label attribute Partly-ref" in second["Rest-ref-metadata"]["failure-reason"]
    assert "gone.png" in third["Rest-ref-metadata"]["failure-reason"]
    assert job["LabelCounters"]["FailedNonRetryableError"] == 2


def test_old_labels_must_stay_in_the_category_file(world: World) -> None:
    made = segment(world, "Old")

    job = review(
        world, "Adjustment", "New", "Old-ref", manifest=made, categories=world.categories("Cat")
    )

    assert job["LabelingJobStatus"] == "Failed"
    assert "it lacks Dog" in job["FailureReason"]
