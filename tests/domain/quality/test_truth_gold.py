"""Gold items: read, judged, scored per worker, found by the check `gold`."""

import io
import json
import zlib
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from terrace.domain import label_reading, worker_responses
from terrace.domain.privacy import pseudonym
from terrace.domain.quality import gold
from terrace.domain.quality.catalog import CHECKS
from terrace.domain.quality.findings import Severity
from terrace.domain.quality.gold_judging import judge
from terrace.domain.quality.gold_masks import CLOUD, mask_digest
from terrace.domain.quality.gold_truth import read
from terrace.domain.quality.metrics import Score
from terrace.domain.worker_responses import WorkerAnswer
from tests.data import shared_data

BIRDS = shared_data.FOLDER.parent / "gt_image_classification_birds"
OWL, DUCK = (0, "Owl"), (1, "Duck")


def _class_line(name, kind, attribute="kind"):
    about = {"type": "groundtruth/image-classification", "class-name": kind[1]}
    return json.dumps(
        {"source-ref": f"s3://b/{name}", attribute: kind[0], f"{attribute}-metadata": about}
    )


def _boxes_line(name, *boxes):
    annotations = [
        dict(zip(("class_id", "left", "top", "width", "height"), box, strict=True)) for box in boxes
    ]
    about = {"type": "groundtruth/object-detection", "class-map": {"0": "car", "1": "bus"}}
    value = {"annotations": annotations, "image_size": [{"width": 640, "height": 480}]}
    return json.dumps({"source-ref": f"s3://b/{name}", "boxes": value, "boxes-metadata": about})


def _items(lines):
    return list(label_reading.read(lines))


def _answer(worker, label, content=None):
    return WorkerAnswer(
        worker, "2026-11-21T10:00:00Z", None, None, "crowd-x", content or {"label": label}
    )


# --- reading -------------------------------------------------------------------


def test_the_right_label_may_be_under_any_one_attribute():
    found = read([_class_line("1.jpg", OWL, "truth"), _class_line("2.jpg", DUCK, "kind")])
    assert not found.problems
    assert [truth.label.attribute for truth in found.truths.values()] == ["truth", "kind"]


def test_lines_that_are_no_gold_are_named():
    two = json.loads(_class_line("3.jpg", OWL)) | json.loads(_class_line("3.jpg", DUCK, "other"))
    lines = [
        _class_line("1.jpg", OWL),
        "{",
        '{"source-ref": "s3://b/2.jpg"}',
        json.dumps(two),
        _class_line("1.jpg", DUCK),
        '{"source": "x", "kind": "one", "kind-metadata": {"type": "groundtruth/text-classification"'
        "}}",
    ]
    found = read(lines, uri="s3://b/gold")
    assert list(found.truths) == ["s3://b/1.jpg"]
    assert [problem.code for problem in found.problems] == [
        "MANIFEST_LINE_NOT_JSON",
        "GOLD_LABEL_MISSING",
        "GOLD_LABEL_UNCLEAR",
        "GOLD_TWICE",
        "ANNOTATION_UNREADABLE",
    ]
    assert all(problem.path.startswith("s3://b/gold line") for problem in found.problems)
    assert list(read([json.dumps(two)], attribute="other").truths) == ["s3://b/3.jpg"]


# --- judging -------------------------------------------------------------------


def _labels(*lines):
    return [next(iter(item.labels.values())) for item in _items(lines)]


def test_the_worked_number_of_boxes():
    known, labeled = _labels(
        _boxes_line("1", *((0, 50 * n, 0, 10, 10) for n in range(4))),
        _boxes_line("1", *((0, 50 * n, 0, 10, 10) for n in range(3)), (1, 150, 0, 10, 10)),
    )
    found = judge(known, labeled)
    assert (found.score, found.right) == (0.75, False)
    assert found.says == "3 of 4 known objects found, 1 that are not there or not so"
    assert judge(known, known).right


def test_a_class_without_a_name_is_judged_by_its_number():
    known, right, wrong = _labels(*(_class_line("1", kind) for kind in (OWL, OWL, DUCK)))
    nameless = json.loads(_class_line("1", OWL))
    del nameless["kind-metadata"]["class-name"]
    nameless["kind-metadata"]["type"] = "groundtruth/image-classification"
    (number_only,) = _labels(json.dumps(nameless))
    assert judge(number_only, right).right
    assert not judge(number_only, wrong).right
    assert judge(known, wrong).says == "labeled 'Duck', and it is 'Owl'"


def test_no_object_there_and_none_labeled_is_right():
    known, labeled = _labels(_boxes_line("1"), _boxes_line("1", (0, 0, 0, 5, 5)))
    assert (judge(known, known).score, judge(known, known).right) == (1.0, True)
    assert (judge(known, labeled).score, judge(known, labeled).right) == (0.0, False)


def _frames_label(uri):
    about = {"type": "groundtruth/video-object-tracking", "class-map": {"0": "car"}}
    line = {"source-ref": "s3://b/seq.json", "t-ref": uri, "t-ref-metadata": about}
    return _labels(json.dumps(line))[0]


def _sequence(frames, shift=()):
    return {
        "tracking-annotations": [
            {
                "frame-no": str(n),
                "frame": f"{n}.jpg",
                "annotations": [
                    {"class-id": "0", "object-id": "a", "left": 90 if n in shift else 0}
                    | {"top": 0, "width": 10, "height": 10}
                ],
            }
            for n in range(frames)
        ]
    }


def test_a_sequence_is_right_if_nearly_all_of_it_is():
    files = {
        "s3://b/known": _sequence(40),
        "s3://b/one": _sequence(40, shift=[7]),
        "s3://b/many": _sequence(40, shift=range(10)),
    }
    known, one, many = (_frames_label(uri) for uri in files)
    assert judge(known, one, documents=files.__getitem__).right
    found = judge(known, many, documents=files.__getitem__)
    assert (found.score, found.right) == (0.75, False)
    assert judge(known, one).score is None
    assert judge(known, known).right


def test_masks_and_labels_of_other_kinds_are_not_compared_and_say_so():
    def mask(uri):
        colors = {"0": {"class-name": "BACKGROUND", "hex-color": "#ffffff"}}
        about = {"type": "groundtruth/semantic-segmentation", "internal-color-map": colors}
        return _labels(
            json.dumps({"source-ref": "s3://b/1", "m-ref": uri, "m-ref-metadata": about})
        )[0]

    assert judge(mask("s3://b/m1"), mask("s3://b/m1")).right
    assert judge(mask("s3://b/m1"), mask("s3://b/m2")).score is None
    (boxes,) = _labels(_boxes_line("1"))
    assert (
        judge(mask("s3://b/m1"), boxes).says == "it is a label of boxes, and the known one of mask"
    )


def _mask(uri, *classes, kind="groundtruth/semantic-segmentation"):
    """A mask label; classes are (name, colour)."""
    colors = {str(n): {"class-name": name, "hex-color": c} for n, (name, c) in enumerate(classes)}
    key = "color-map" if kind == CLOUD else "internal-color-map"
    about = {"type": kind, key: colors}
    return _labels(json.dumps({"source-ref": "s3://b/1", "m-ref": uri, "m-ref-metadata": about}))[0]


def _png(*rows):
    """A PNG of the rows' colours, each `#rrggbb`."""
    file = io.BytesIO()
    pixels = [[tuple(bytes.fromhex(color[1:])) for color in row] for row in rows]
    Image.fromarray(np.array(pixels, dtype=np.uint8)).save(file, "PNG")
    return file.getvalue()


WHITE, RED, BLUE = "#ffffff", "#ff0000", "#0000ff"


def test_the_worked_number_of_masks_whatever_their_colours():
    files = {
        "s3://b/known": _png([RED, RED, WHITE]),
        "s3://b/given": _png([BLUE, WHITE, WHITE]),
    }
    known = _mask("s3://b/known", ("BACKGROUND", WHITE), ("car", RED))
    given = _mask("s3://b/given", ("BACKGROUND", WHITE), ("car", BLUE))
    found = judge(known, given, masks=files.__getitem__)
    assert (found.score, found.right) == (0.5, False)
    assert found.byClass == {"car": Score(2, 1, 1, 0.5)}
    assert found.says == "mean IoU of its classes 0.50"
    assert judge(known, known, masks=files.__getitem__).right
    other = _mask("s3://b/given", ("BACKGROUND", WHITE), ("bus", BLUE))
    assert judge(known, other, masks=files.__getitem__).score == 0.0
    assert set(judge(known, other, masks=files.__getitem__).byClass) == {"car", "bus"}


def test_masks_of_the_same_pixels_have_one_digest_however_they_are_packed():
    one = _png([RED, WHITE])
    packed = io.BytesIO()
    Image.open(io.BytesIO(one)).quantize(4).save(packed, "PNG", compress_level=0)
    assert packed.getvalue() != one
    assert mask_digest(packed.getvalue()) == mask_digest(one)
    for other in (_png([RED, BLUE]), _png([RED], [WHITE])):
        assert mask_digest(other) != mask_digest(one)
    points = bytes([1, 1, 0] * 100)
    assert mask_digest(zlib.compress(points, 1)) == mask_digest(zlib.compress(points, 9))
    assert mask_digest(zlib.compress(points)) != mask_digest(zlib.compress(points[:-1]))
    assert mask_digest(b"neither") != mask_digest(b"nor")


def test_masks_of_clouds_by_point():
    files = {"s3://b/known": zlib.compress(bytes([1] * 9 + [0])), "s3://b/given": b""}
    files["s3://b/given"] = zlib.compress(bytes([1] * 8 + [0, 0]))
    known, given = (_mask(uri, ("BG", WHITE), ("car", RED), kind=CLOUD) for uri in files)
    found = judge(known, given, masks=files.__getitem__)
    assert found.byClass["car"] == Score(9, 8, 8, pytest.approx(8 * 8 / 9))
    assert found.score == pytest.approx((8 / 9 + 1 / 2) / 2)


@pytest.mark.parametrize(
    ("data", "says"),
    [(b"no", "it "), (_png([WHITE]), "it is of size (1, 1), and the known one of (1, 2)")],
    ids=["no PNG", "another size"],
)
def test_a_mask_that_cannot_be_read_is_not_compared(data, says):
    files = {"s3://b/known": _png([WHITE, RED]), "s3://b/given": data}
    known, given = (_mask(uri, ("BACKGROUND", WHITE), ("car", RED)) for uri in files)
    found = judge(known, given, masks=files.__getitem__)
    assert (found.score, found.right) == (None, None)
    assert found.says.startswith("a mask cannot be compared: it ")
    assert says in found.says


def test_a_cloud_that_is_cut_short_is_not_compared():
    files = {"s3://b/known": zlib.compress(b"123"), "s3://b/given": zlib.compress(b"123")[:-5]}
    known, given = (_mask(uri, ("BG", WHITE), kind=CLOUD) for uri in files)
    assert "cut short" in judge(known, given, masks=files.__getitem__).says


PCB = shared_data.FOLDER.parent / "gt_semantic_segmentation_pcb"


@pytest.mark.skipif(not PCB.exists(), reason="shared/data is not here")
def test_the_real_mask_and_one_that_is_shifted():
    (item,) = _items((PCB / "output.manifest").read_text(encoding="utf-8").splitlines()[:1])
    known = item.labels["S10-label3-ref"]
    with Image.open(PCB / "mask.png") as image:
        pixels = np.asarray(image.convert("RGB"))
    file = io.BytesIO()
    Image.fromarray(np.roll(pixels, 40, axis=1)).save(file, "PNG")
    given = replace(known, value=replace(known.value, uri="s3://b/shifted"))
    files = {known.value.uri: (PCB / "mask.png").read_bytes(), "s3://b/shifted": file.getvalue()}
    found = judge(known, given, masks=files.__getitem__)
    assert set(found.byClass) == {"IC", "resistor1", "resistor2"}
    assert 0 < found.score < 0.8
    twin = replace(known, value=replace(known.value, uri="s3://b/twin"))
    files["s3://b/twin"] = files[known.value.uri]
    assert judge(known, twin, masks=files.__getitem__).score == 1.0


def test_the_check_tells_what_it_could_not_compare():
    lines = [
        json.dumps(
            {
                "source-ref": "s3://b/1.jpg",
                "m-ref": uri,
                "m-ref-metadata": {
                    "type": "groundtruth/semantic-segmentation",
                    "internal-color-map": {"0": {"class-name": "car", "hex-color": RED}},
                },
            }
        )
        for uri in ("s3://b/known", "s3://b/given")
    ]
    (found,) = gold.check(_items(lines[1:]), read(lines[:1]), "m-ref")
    assert found.severity is Severity.info
    assert found.sentence == (
        "Gold item 1.jpg was not compared: mask in another file was not read."
    )
    files = {"s3://b/known": _png([RED, WHITE]), "s3://b/given": _png([WHITE, RED])}
    (found,) = gold.check(_items(lines[1:]), read(lines[:1]), "m-ref", masks=files.__getitem__)
    assert (found.severity, found.value, found.threshold) == (Severity.error, 0.0, 0.8)


# --- scoring and the check -----------------------------------------------------


def _job():
    """Six images, four of them gold; ann is good, ben is not, cem has one gold answer."""
    kinds = [OWL, OWL, DUCK, OWL, DUCK, OWL]
    labeled = [OWL, OWL, DUCK, DUCK, DUCK, OWL]
    truth = read([_class_line(f"{n}.jpg", kinds[n], "truth") for n in range(4)])
    items = _items([_class_line(f"{n}.jpg", kind) for n, kind in enumerate(labeled)])
    ben = {0: "Duck", 1: "Duck", 2: "Owl", 3: "Owl"}
    answers = {
        n: (_answer("private.eu-west-1.aa", kinds[n][1]), _answer("private.eu-west-1.bb", ben[n]))
        for n in range(4)
    }
    answers[4] = (_answer("private.eu-west-1.bb", "Duck"),)
    answers[5] = (_answer("private.eu-west-1.aa", "Owl"),)
    answers[0] = (*answers[0], _answer("private.eu-west-1.cc", "Duck"))
    return items, truth, answers


def test_items_and_workers_are_scored():
    items, truth, answers = _job()
    found = gold.score(items, truth, "kind", answers=answers)
    assert (len(found.items), found.right, found.share) == (4, 3, 0.75)
    scores = {one.worker: (one.answers, one.right, one.score) for one in found.workers}
    assert scores == {
        pseudonym("private.eu-west-1.aa"): (4, 4, 1.0),
        pseudonym("private.eu-west-1.bb"): (4, 1, 0.25),
        pseudonym("private.eu-west-1.cc"): (1, 0, 0.0),
    }
    told = found.to_dict()
    assert told["wrong"] == [
        {"item": 3, "name": "3.jpg", "score": 0.0, "says": "labeled 'Duck', and it is 'Owl'"}
    ]
    assert told["byClass"]["Duck"]["precision"] == 0.5
    json.dumps(told, allow_nan=False)


def test_the_check_names_wrong_gold_and_everything_of_workers_who_fail_it():
    items, truth, answers = _job()
    found = gold.check(items, truth, "kind", answers=answers)
    assert [(one.item, one.severity) for one in found] == [
        (3, Severity.error),
        *((n, Severity.warning) for n in range(5)),
    ]
    assert found[0].sentence == "Gold item 3.jpg: labeled 'Duck', and it is 'Owl'."
    warning = found[-1]
    assert (warning.value, warning.threshold) == (0.25, 0.7)
    assert warning.sentence == (
        f"{pseudonym('private.eu-west-1.bb')} labeled it and got 1 of 4 gold items right (score "
        "0.25, below 0.7)."
    )
    assert "private." not in " ".join(one.sentence for one in found)
    assert CHECKS["gold"].threshold == 0.7


def test_thresholds_of_the_check():
    items, truth, answers = _job()

    def workers(**options):
        found = gold.check(items, truth, "kind", answers=answers, **options)
        return Counter(one.item for one in found if one.severity is Severity.warning)

    assert not workers(threshold=0.25)
    assert sum(workers(threshold=1.01).values()) == 5 + 5
    assert workers(fewest=1)[0] == 2
    assert not workers(fewest=5)


def test_without_answers_only_items_are_judged():
    items, truth, _ = _job()
    assert [one.item for one in gold.check(items, truth, "kind")] == [3]


def test_a_gold_item_without_a_label_is_counted_and_not_wrong():
    _, truth, _ = _job()
    (item,) = _items(['{"source-ref": "s3://b/1.jpg"}'])
    found = gold.score([item], truth, "kind")
    assert found.share is None
    assert found.to_dict()["unlabeled"] == [0]
    assert gold.check([item], truth, "kind") == []


def test_no_gold_at_all():
    items, _, answers = _job()
    found = gold.score(items, read([]), "kind", answers=answers)
    assert (found.items, found.workers, found.share) == ([], [], None)


def test_a_worker_of_boxes_is_scored_by_f1_and_an_answer_that_cannot_be_read_is_told():
    truth = read([_boxes_line("1.jpg", (0, 0, 0, 10, 10), (0, 50, 0, 10, 10))])
    items = _items([_boxes_line("1.jpg", (0, 0, 0, 10, 10))])
    drawn = {"label": "car", "left": 0, "top": 0, "width": 10, "height": 10}
    one = {"boundingBoxes": [drawn, {**drawn, "left": 300}]}
    answers = {
        0: (
            _answer("private.eu-west-1.aa", None, one),
            _answer("private.eu-west-1.bb", None, {"boundingBoxes": [{**drawn, "width": -1}]}),
            _answer("private.eu-west-1.cc", None, {"myOwn": 1}),
        )
    }
    found = gold.score(items, truth, "boxes", answers=answers)
    scores = {one.worker: one.score for one in found.workers}
    assert scores == {
        pseudonym("private.eu-west-1.aa"): 0.5,
        pseudonym("private.eu-west-1.bb"): 0.0,
        pseudonym("private.eu-west-1.cc"): None,
    }
    assert len(found.notCompared) == 1


def test_a_video_worker_is_scored_by_the_frames_that_were_answered():
    files = {"s3://b/known": _sequence(4)}
    line = {
        "source-ref": "s3://b/seq.json",
        "t-ref": "s3://b/known",
        "t-ref-metadata": {"type": "groundtruth/video-object-tracking", "class-map": {"0": "car"}},
    }
    truth, items = read([json.dumps(line)]), _items([json.dumps(line)])
    drawn = {"label": "car", "left": 0, "top": 0, "width": 10, "height": 10, "objectId": "z"}
    answers = {
        0: tuple(
            _answer(
                "private.eu-west-1.aa",
                None,
                {"frame": f"{n}.jpg", "frameNumber": n, "boundingBoxes": [drawn] * (n < 3)},
            )
            for n in range(4)
        )
    }
    found = gold.score(items, truth, "t-ref", answers=answers, documents=files.__getitem__)
    assert found.right == 1
    assert found.workers[0].score == pytest.approx(2 * 3 / 7)


def test_of_a_video_only_the_frames_that_were_answered_count():
    line = {
        "source-ref": "s3://b/seq.json",
        "t-ref": "s3://b/known",
        "t-ref-metadata": {"type": "groundtruth/video-object-tracking", "class-map": {"0": "car"}},
    }
    drawn = {"label": "car", "left": 0, "top": 0, "width": 10, "height": 10, "objectId": "z"}
    content = {"frame": "2.jpg", "frameNumber": 2, "boundingBoxes": [drawn]}
    found = gold.score(
        _items([json.dumps(line)]),
        read([json.dumps(line)]),
        "t-ref",
        answers={0: (_answer("private.eu-west-1.aa", None, content),)},
        documents=lambda uri: _sequence(4),
    )
    assert found.workers[0].score == 1.0


def test_a_sequence_with_something_unreadable_is_not_right():
    files = {"s3://b/known": _sequence(3), "s3://b/broken": _sequence(3)}
    files["s3://b/broken"]["tracking-annotations"][0]["annotations"].append({"class-id": "0"})
    known, broken = (_frames_label(uri) for uri in files)
    found = judge(known, broken, documents=files.__getitem__)
    assert (found.score, found.right) == (1.0, False)
    assert found.says == "3 of 3 known objects found, 1 that cannot be read"


@pytest.mark.skipif(not BIRDS.exists(), reason="shared/data is not here")
def test_the_real_birds_job_by_its_true_labels():
    """201 items, 5 answers each: every tenth as gold shows the errors that are there, no others."""
    rows = json.loads((BIRDS / "true_labels.json").read_text(encoding="utf-8"))
    true = {row["ImageId"]: row["Label"] for row in rows}
    lines = (BIRDS / "output.manifest").read_text(encoding="utf-8").splitlines()
    items = _items(lines)
    names = [item.data["source-ref"].rsplit("/", 1)[-1].removesuffix(".jpg") for item in items]
    gold_lines = []
    for name, item in zip(names, items, strict=True):
        about = {"type": "groundtruth/image-classification", "class-name": true[name]}
        line = {"source-ref": item.data["source-ref"], "t": 99, "t-metadata": about}
        gold_lines.append(json.dumps(line))
    answers = {}
    place = {item: at for at, item in enumerate(_original_places())}
    with (BIRDS / "worker-responses.jsonl").open(encoding="utf-8") as file:
        for line in file:
            row = json.loads(line)
            answers[place[row["dataset-object-id"]]] = worker_responses.read(row, "x")
    found = gold.score(items, read(gold_lines), "birds-open-images-clone", answers=answers)
    wrong = sum(
        item.labels["birds-open-images-clone"].value.name != true[name]
        for name, item in zip(names, items, strict=True)
    )
    assert (len(found.scored), found.right) == (201, 201 - wrong)
    right = sum(
        answer.content["label"] == true[names[at]] for at in answers for answer in answers[at]
    )
    assert sum(one.right for one in found.workers) == right
    assert sum(one.answers for one in found.workers) == sum(map(len, answers.values())) == 1005
    assert found.workers[0].score < 0.7 < found.workers[-1].score


def _original_places():
    """Ids of the shared two thirds of the job, in the manifest's order (i % 3 == 0 is held out)."""
    return [number for number in range(302) if number % 3]


# --- hand-made gold: a number, and no name -----------------------------------------


def _number_only(name, number):
    line = json.loads(_class_line(name, (number, "")))
    del line["kind-metadata"]["class-name"]
    return json.dumps(line)


def test_gold_without_a_name_takes_it_from_the_jobs_labels_for_workers_answers():
    known = read([_number_only("0.jpg", 0), _number_only("1.jpg", 1)])
    items = _items([_class_line("0.jpg", OWL), _class_line("1.jpg", OWL), _class_line("2", DUCK)])
    answers = {0: (_answer("ann", "Owl"), _answer("ben", "Duck")), 1: (_answer("ann", "Duck"),)}
    found = gold.score(iter(items), known, "kind", answers=answers)
    by_name = {one.worker: (one.answers, one.score) for one in found.workers}
    assert by_name == {pseudonym("ann"): (2, 1.0), pseudonym("ben"): (1, 0.0)}
    assert not found.notCompared
    # The labels are judged as before: item 1 is Owl, and it is Duck.
    assert [one.judgement.right for one in found.items] == [True, False]
    assert found.items[1].judgement.says == "labeled 'Owl', and it is 'Duck'"


def test_gold_whose_name_nobody_knows_scores_no_worker():
    known = read([_number_only("0.jpg", 7)])
    items = _items([_class_line("0.jpg", OWL)])
    found = gold.score(items, known, "kind", answers={0: (_answer("ann", "Owl"),)})
    assert [(one.answers, one.score) for one in found.workers] == [(0, None)]
    assert "no name" in found.notCompared[0]
    # By number the label itself can be judged.
    assert [one.judgement.right for one in found.items] == [False]
    assert not [
        one
        for one in gold.check(items, known, "kind", answers={0: (_answer("a", "Owl"),)}, fewest=1)
        if one.severity is Severity.warning
    ]
