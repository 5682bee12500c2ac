"""`terrace rekognition train` as a dry run: every rule, the split, what would be sent."""

import contextlib
import copy
import json
import shlex
from collections import Counter
from pathlib import Path
from typing import Any

import boto3
import click
import pytest
from click.testing import CliRunner, Result
from hypothesis import given, settings
from hypothesis import strategies as st
from moto import mock_aws

from terrace.domain.manifest import Item
from terrace_cli.errors import TerraceError
from terrace_cli.main import cli
from terrace_cli.rekognition import choosing, labels, results, rules, sets, words
from terrace_cli.rekognition.check import Row
from terrace_cli.rekognition.images import READ, Image, Images, broken
from terrace_cli.rekognition.labels import Entry
from tests.cli import rekognition_samples as samples
from tests.cli.rekognition_samples import (
    ABOUT,
    BUCKET,
    boxes,
    classed,
    good,
    many,
    picture,
    pictures,
    put,
    source,
)


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name, value in {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)


def run(path: Path | str, *args: Any) -> Result:
    result = CliRunner().invoke(cli, ["rekognition", "train", str(path), *map(str, args)])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def dry(path: Path | str, *args: Any, code: int = 0) -> dict[str, Any]:
    more = () if "--copy" in args else ("--no-images",)
    result = run(path, "--json", *more, *args)
    assert result.exit_code == code, result.output
    told: dict[str, Any] = json.loads(result.stdout)
    return told


def found(told: dict[str, Any]) -> list[tuple[str, int]]:
    """Rules and lines of the findings, less notes that small manifests cannot help."""
    return [
        (one["rule"], one["line"])
        for one in told["findings"]
        if one["rule"] not in ("images-unseen", "invalid-share", "images-few")
    ]


def sent(path: Path, *args: Any) -> list[dict[str, Any]]:
    """The lines that would be sent, training set first."""
    from terrace_cli.convert.documents import Documents
    from terrace_cli.rekognition.prepare import Order, prepare

    order = Order(str(path), None, None, None, "p", None, None, None, *args)
    folder = path.parent / "sent"
    folder.mkdir(exist_ok=True)
    made = prepare(order, Documents(lambda: None).lines, None, lambda *_: None, folder)
    return [json.loads(line) for line in made.plan.train.path.read_text("utf-8").splitlines()]


# --- lines ---------------------------------------------------------------------------------------


def test_what_rekognition_takes_has_no_finding(tmp_path: Path) -> None:
    told = dry(put(tmp_path / "m", *good(20)))
    assert (found(told), told["lines"], told["usable"], told["kind"]) == ([], 20, 20, "boxes")
    assert told["sets"]["TRAIN"]["imagesByClass"] == {"Bus": 8, "Car": 8}
    assert told["sets"]["TEST"]["imagesByClass"] == {"Bus": 2, "Car": 2}
    assert told["label"] == "vehicle"


LONG = "x" * 256
BROKEN_LINES = {
    "no JSON": ('{"source-ref": ', "json-line"),
    "an array": ("[1]", "json-line"),
    "no image": ({"vehicle": 1}, "source-ref"),
    "an image that is not in S3": (
        {**boxes("a.jpg", (0, 1, 1, 9, 9)), "source-ref": "https://x/a.jpg"},
        "source-ref",
    ),
    "no label": ({"source-ref": source("a.jpg")}, "no-label"),
    "a job that failed on it": (
        {"source-ref": source("a.jpg"), "vehicle-metadata": {"failure-reason": "timed out"}},
        "no-label",
    ),
    "a class outside of the class-map": (boxes("a.jpg", (7, 1, 1, 9, 9)), "label-shape"),
    "no size of the image": (boxes("a.jpg", (0, 1, 1, 9, 9), size=(0, 0)), "label-shape"),
    "no creation date": (
        boxes("a.jpg", (0, 1, 1, 9, 9), **{"creation-date": ""}),
        "label-metadata",
    ),
    "a class with a blank name": (
        boxes("a.jpg", (0, 1, 1, 9, 9), classes={"0": " "}),
        "class-name",
    ),
    "a class with a long name": (
        boxes("a.jpg", (0, 1, 1, 9, 9), classes={"0": LONG}),
        "class-name",
    ),
    "51 boxes": (boxes("a.jpg", *[(0, 1, 1, 9, 9)] * 51), "boxes-per-image"),
    "a box that begins left of the image": (boxes("a.jpg", (0, -1, 1, 9, 9)), "box-outside"),
    "a box that ends right of the image": (boxes("a.jpg", (0, 632, 1, 9, 9)), "box-outside"),
    "a box that ends below the image": (boxes("a.jpg", (0, 1, 472, 9, 9)), "box-outside"),
    "a box of one pixel": (boxes("a.jpg", (0, 1, 1, 1, 9)), "box-small"),
    "a box of one pixel when resized": (
        boxes("a.jpg", (0, 1, 1, 3, 9), size=(3840, 2160)),
        "box-small",
    ),
    "no box": (boxes("a.jpg"), "nothing-in-it"),
    "the image of an earlier line": (boxes("0.jpg", (0, 1, 1, 9, 9)), "duplicate"),
    "a line too long": (
        {**boxes("a.jpg", *[(0, 1, 1, 9, 9)], **{"job-name": "x" * 100_000})},
        "line-characters",
    ),
}


@pytest.mark.parametrize(
    ("line", "rule"), [pytest.param(*row, id=name) for name, row in BROKEN_LINES.items()]
)
def test_a_line_that_breaks_a_rule_is_named_and_left_out(
    tmp_path: Path, line: Any, rule: str
) -> None:
    told = dry(put(tmp_path / "m", *good(), line, boxes("z.jpg", (0, 1, 1, 9, 9))))
    assert found(told) == [(rule, 11)]
    assert told["usable"] == 11
    (finding,) = [one for one in told["findings"] if one["rule"] == rule]
    assert finding["where"].endswith("m line 11")
    assert finding["source"]
    assert finding["fix"]


def test_few_images_and_many_broken_lines_are_noted(tmp_path: Path) -> None:
    told = dry(put(tmp_path / "m", *good(4), "[]"))
    assert [one["rule"] for one in told["findings"]] == ["json-line", "images-unseen", "images-few"]
    told = dry(put(tmp_path / "m", *good(4), "[]", "[]"))
    assert "invalid-share" in [one["rule"] for one in told["findings"]]


@pytest.mark.parametrize(
    "line",
    [
        pytest.param(boxes("a.jpg", (0, 0, 0, 640, 480)), id="a box as large as its image"),
        pytest.param(boxes("a.jpg", *[(0, 1, 1, 9, 9)] * 50), id="50 boxes"),
        pytest.param(boxes("a.jpg", (0, 1, 1, 3.1, 9), size=(3840, 2160)), id="1.03 pixels"),
    ],
)
def test_what_is_just_allowed_is_taken(tmp_path: Path, line: Any) -> None:
    assert found(dry(put(tmp_path / "m", *good(), line))) == []


def test_fifty_one_classes_of_an_image_are_too_many(tmp_path: Path) -> None:
    lines = [many(f"{n}.jpg", {0: "a", 1: "b"}) for n in range(10)]
    too = many("a.jpg", {n: f"class {n}" for n in range(51)})
    just = many("b.jpg", {n: f"class {n}" for n in range(50)})
    assert ("labels-per-image", 11) in found(dry(put(tmp_path / "m", *lines, too)))
    told = dry(put(tmp_path / "m", *lines, just), "--test-by-rekognition")
    assert found(told) == []


# --- what is sent --------------------------------------------------------------------------------


def test_a_line_is_rewritten_to_what_the_guide_documents(tmp_path: Path) -> None:
    # Given a line of a final manifest: an adjusted label, the one before it, provenance
    line = boxes(
        "a.jpg",
        (1, 10.0, 20.0, 30.5, 40.0),
        attribute="vehicle-2",
        **{"adjustment-status": "adjusted"},
    )
    line |= boxes("a.jpg", (0, 1, 1, 9, 9), attribute="vehicle-1")
    line["terrace"] = {
        "lanes": [
            {
                "lane": "boxes-2",
                "attribute": "vehicle-2",
                "status": "accepted",
                "history": [{"job": "boxes-1", "attribute": "vehicle-1"}],
            }
        ]
    }
    # When it is rewritten
    (made,) = sent(put(tmp_path / "m", line))
    # Then one label is left, under one name, with the documented keys only
    assert made == {
        "source-ref": source("a.jpg"),
        "boxes-2": {
            "image_size": [{"width": 640, "height": 480, "depth": 3}],
            "annotations": [{"class_id": 1, "left": 10, "top": 20, "width": 30.5, "height": 40}],
        },
        "boxes-2-metadata": {
            "objects": [{"confidence": 0.5}],
            "class-map": {"1": "Bus"},
            "type": "groundtruth/object-detection",
            **ABOUT,
        },
    }


def test_each_class_of_an_image_is_an_attribute_of_its_own(tmp_path: Path) -> None:
    (made,) = sent(put(tmp_path / "m", many("a.jpg", {3: "Mond", 5: "夜"})))
    assert [made["tags0"], made["tags1"]] == [3, 5]
    assert [made[f"tags{n}-metadata"]["class-name"] for n in (0, 1)] == ["Mond", "夜"]
    assert {made[f"tags{n}-metadata"]["type"] for n in (0, 1)} == {
        "groundtruth/image-classification"
    }


def test_a_confidence_that_is_missing_is_made_up_since_nobody_uses_it(tmp_path: Path) -> None:
    line = classed("a.jpg", "dent")
    del line["claim-metadata"]["confidence"]
    (made,) = sent(put(tmp_path / "m", line))
    assert made["claim-metadata"]["confidence"] == 1


def test_a_confidence_that_is_no_number_is_not_sent(tmp_path: Path) -> None:
    line = boxes("a.jpg", (0, 1, 1, 9, 9))
    line["vehicle-metadata"]["objects"] = [{"confidence": True}]
    read = labels.read(Item(1, "", line), "vehicle", "m")
    assert isinstance(read, Entry)
    assert '"objects":[{"confidence":1}]' in read.text


def lane(status: str = "accepted", attribute: str | None = "vehicle") -> dict[str, Any]:
    told = {"lane": "boxes-1", "attribute": attribute, "status": status, "reason": "a reviewer"}
    return {"terrace": {"lanes": [told]}}


def test_items_that_a_batch_did_not_accept_are_left_out_and_said(tmp_path: Path) -> None:
    lines = [{**line, **lane()} for line in good()]
    path = put(tmp_path / "m", *lines, {**boxes("z.jpg", (0, 1, 1, 9, 9)), **lane("rejected")})
    told = dry(path)
    assert (found(told), told["usable"], told["label"]) == ([("not-accepted", 11)], 10, "boxes-1")
    assert any("rejected: a reviewer" in one["problem"] for one in told["findings"])


def test_two_lanes_must_be_told_apart_by_name(tmp_path: Path) -> None:
    lines = [line | classed(f"{n}.jpg", "dent") for n, line in enumerate(good())]
    result = run(put(tmp_path / "m", *lines))
    assert result.exit_code == 2
    assert "vehicle (10 lines), claim (10 lines)" in result.output
    assert dry(tmp_path / "m", "--attribute", "vehicle")["kind"] == "boxes"


def test_labels_of_other_kinds_are_refused_by_name(tmp_path: Path) -> None:
    line = {
        "source-ref": source("a.jpg"),
        "seg-ref": "s3://b/mask.png",
        "seg-ref-metadata": {"type": "groundtruth/semantic-segmentation", **ABOUT},
    }
    result = run(put(tmp_path / "m", line))
    assert result.exit_code == 2
    assert "seg-ref (groundtruth/semantic-segmentation)" in " ".join(result.output.split())
    told = dry(put(tmp_path / "m", *good(), line), "--attribute", "seg-ref", code=1)
    assert ("label-kind", 11) in found(told)


def test_one_line_of_another_kind_can_be_left_out(tmp_path: Path) -> None:
    lines = good()
    attribute = next(key for key in lines[0] if f"{key}-metadata" in lines[0])
    lines[3] = copy.deepcopy(lines[3])
    lines[3][f"{attribute}-metadata"]["type"] = "groundtruth/other"
    told = dry(put(tmp_path / "m", *lines))
    assert [
        (one["rule"], one["severity"]) for one in told["findings"] if one["rule"] == "label-kind"
    ] == [("label-kind", "line")]
    assert told["usable"] == len(lines) - 1


# --- sets ----------------------------------------------------------------------------------------


def test_a_class_that_is_only_tested_is_told(tmp_path: Path) -> None:
    def data_set(kind: str, *names: str) -> sets.DataSet:
        counts = Counter(dict.fromkeys(names, 9))
        return sets.DataSet(kind, tmp_path, "0", 9, 18, counts, counts)

    train, test = data_set("TRAIN", "Car", "Bus"), data_set("TEST", "Car", "Bus", "Van")
    told = list(sets.judge(train, test, (99, 99), boxes=True, place="m"))
    assert [(one.code, one.severity) for one in told] == [("class-untrained", "note")]
    assert "1 classes are tested and not trained: Van" in told[0].problem


def test_one_class_of_images_is_too_few(tmp_path: Path) -> None:
    lines = [classed(f"{n}.jpg", "dent") for n in range(12)]
    assert ("labels-few", 0) in found(dry(put(tmp_path / "m", *lines), code=1))


def test_one_class_of_boxes_is_taken_and_said(tmp_path: Path) -> None:
    lines = [boxes(f"{n}.jpg", (0, 1, 1, 9, 9)) for n in range(20)]
    assert found(dry(put(tmp_path / "m", *lines))) == [("labels-one", 0)]


def test_251_classes_are_too_many(tmp_path: Path) -> None:
    lines = [classed(f"{n}.jpg", f"class {n // 2}", n // 2) for n in range(502)]
    assert ("labels-many", 0) in found(dry(put(tmp_path / "m", *lines), code=1))
    assert found(dry(put(tmp_path / "m", *lines[:500]))) == []


def test_images_of_two_buckets_are_refused(tmp_path: Path) -> None:
    other = boxes("a.jpg", (0, 1, 1, 9, 9)) | {"source-ref": source("a.jpg", "other")}
    told = dry(put(tmp_path / "m", *good(), other), code=1)
    assert ("several-buckets", 0) in found(told)


def test_boxes_and_classes_are_not_trained_together(tmp_path: Path) -> None:
    line = classed("a.jpg", "dent", attribute="vehicle")
    told = dry(put(tmp_path / "m", *good(), line), code=1)
    assert ("mixed-kinds", 0) in found(told)


def test_a_test_manifest_is_one_of_other_images_and_the_same_classes(tmp_path: Path) -> None:
    train = put(tmp_path / "train", *good())
    test = put(tmp_path / "test", *[boxes(f"t{n}.jpg", (n % 2, 1, 1, 9, 9)) for n in range(4)])
    told = dry(train, "--test", test)
    assert (found(told), told["sets"]["TRAIN"]["images"], told["sets"]["TEST"]["images"]) == (
        [],
        10,
        4,
    )
    assert ("test-overlap", 0) in found(dry(train, "--test", train, code=1))
    strange = put(tmp_path / "s", boxes("s.jpg", (0, 1, 1, 9, 9), classes={"0": "Moon"}))
    assert ("label-overlap", 0) in found(dry(train, "--test", strange, code=1))


def test_no_line_at_all_is_refused(tmp_path: Path) -> None:
    told = dry(put(tmp_path / "m", ""), "--attribute", "vehicle", code=1)
    assert found(told) == [("empty", 0)]


def test_more_lines_than_a_region_takes_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(rules.SMALL_REGIONS, "ap-south-1", (12, 3))
    path = put(tmp_path / "m", *good(14))
    assert found(dry(path)) == []
    assert found(dry(path, "--region", "ap-south-1")) == []
    path = put(tmp_path / "m", *good(16))
    assert ("lines-many", 0) in found(dry(path, "--region", "ap-south-1", code=1))


@settings(derandomize=True, deadline=None)
@given(
    st.lists(st.sets(st.sampled_from(["a", "b", "c", "d"]), min_size=1), min_size=1, max_size=60),
    st.floats(1, 50),
)
def test_every_class_of_two_images_is_trained_and_tested(
    given_classes: list[set[str]], percent: float
) -> None:
    rows = [
        Row(source(f"{n}.jpg"), "classes", dict.fromkeys(sorted(names), 1))
        for n, names in enumerate(given_classes)
    ]
    chosen = sets.chosen_for_test(rows, percent)
    # The same again, in whatever order the rows come
    again = sets.chosen_for_test(rows[::-1], percent)
    assert chosen == {len(rows) - 1 - index for index in again}
    assert len(chosen) < len(rows)
    # And every class keeps an image to train with
    trained = [names for n, names in enumerate(given_classes) if n not in chosen]
    assert set().union(*trained) == set().union(*given_classes)
    if len(rows) > 1 and all(len(names) == 1 for names in given_classes):
        for name in "abcd":
            own = {n for n, names in enumerate(given_classes) if name in names}
            if len(own) > 1:
                assert 0 < len(own & chosen) < len(own)


def test_a_class_gives_at_most_a_thousand_images_to_the_test_set() -> None:
    rows = [Row(source(f"{n}.jpg"), "class", {"a": 1}) for n in range(2_600)]
    assert len(sets.chosen_for_test(rows, 50)) == rules.TEST_IMAGES_PER_LABEL_MAX


# --- images --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("image", "rule"),
    [
        pytest.param(Image("GIF", 640, 480, 9), "image-format", id="a GIF file"),
        pytest.param(Image("PNG", 63, 480, 9), "image-side", id="63 pixels wide"),
        pytest.param(Image("PNG", 640, 4097, 9), "image-side", id="4,097 pixels high"),
        pytest.param(Image("PNG", 64, 1281, 9), "image-ratio", id="longer than 20 to 1"),
        pytest.param(
            Image("PNG", 640, 480, 15 * 1024 * 1024 + 1), "image-bytes", id="more than 15 MB"
        ),
        pytest.param(Image(problem="is no image"), "image-read", id="no image"),
        pytest.param(Image("PNG", 64, 1280, 15 * 1024 * 1024), None, id="just allowed"),
        pytest.param(Image("JPEG", 4096, 4096, 9), None, id="as large as allowed"),
    ],
)
def test_images_are_held_against_the_quotas(image: Image, rule: str | None) -> None:
    wrong = broken(image)
    assert (wrong[0] if wrong else None) == rule


def test_images_of_a_local_copy_are_looked_at(tmp_path: Path) -> None:
    folder = pictures(tmp_path / "set", *[f"{n}.jpg" for n in range(10)])
    pictures(folder, "small.jpg", size=(50, 50))
    pictures(folder, "other.jpg", size=(800, 600))
    (folder / "text.jpg").write_text("none")
    lines = [boxes(f"{name}.jpg", (0, 1, 1, 9, 9)) for name in ("small", "other", "text", "gone")]
    path = put(tmp_path / "m", *good(), *lines)
    told = dry(path, "--copy", f"s3://{BUCKET}/set/={folder}")
    assert found(told) == [
        ("image-side", 11),
        ("image-read", 13),
        ("image-read", 14),
        ("image-other-size", 12),
    ]


def test_images_in_s3_are_looked_at_by_their_first_bytes(tmp_path: Path) -> None:
    # Given images, one of them with a preview so large that its size stands behind 64 KiB
    with mock_aws():
        s3 = boto3.client("s3", "us-east-1")
        s3.create_bucket(Bucket=BUCKET)
        plain = picture()
        note = b"\xff\xfe" + (60_002).to_bytes(2, "big") + bytes(60_000)
        bodies = {
            "plain.jpg": plain,
            "late.jpg": plain[:2] + note * 2 + plain[2:],
            "empty.jpg": b"",
            "broken.jpg": b"x" * (READ[0] + 1),
            "padded.png": picture(kind="PNG") + bytes(16 * 1024 * 1024),
        }
        for name, body in bodies.items():
            s3.put_object(Bucket=BUCKET, Key=f"set/{name}", Body=body)
        # When they are looked at
        seen = list(Images(lambda: s3).all([source(name) for name in [*bodies, "gone.jpg"]]))
    # Then sizes are known, and what cannot be read says so
    assert seen[0] == Image("JPEG", 640, 480, len(plain))
    assert seen[1] == Image("JPEG", 640, 480, len(bodies["late.jpg"]))
    assert [one.problem for one in seen[2:4]] == ["is empty", "is no image"]
    assert broken(seen[4]) is not None
    assert seen[4].bytes > rules.IMAGE_BYTES_MAX
    assert seen[5].problem == "cannot be read (NoSuchKey)"


# --- what is printed -----------------------------------------------------------------------------


def test_the_dry_run_shows_findings_requests_and_rights_and_sends_nothing(tmp_path: Path) -> None:
    path = put(tmp_path / "cars.manifest", *good(), boxes("a.jpg", (0, -1, 1, 9, 9)), "[]")
    save = tmp_path / "all.json"
    result = run(path, "--no-images", "--most", "1", "--save", save, "--kms-key-id", "key-1")
    assert result.exit_code == 0, result.output
    said = result.output
    assert f"[line] {path} line 11: box 0 (left -1, top 1, 9 x 9) leaves its image" in said
    assert rules.LINE_ERRORS in said
    assert "and 3 more" in said
    assert "CreateProjectVersion" in said
    assert "kms:CreateGrant" in said
    assert '"Principal"' in said
    assert f"s3://{BUCKET}/rekognition/terrace-cars/" in said
    assert "Nothing was sent. AWS bills the time" in said
    saved = json.loads(save.read_text("utf-8"))
    assert found(saved) == [("box-outside", 11), ("json-line", 12)]


@pytest.mark.parametrize(
    "args",
    [
        pytest.param(["--project", "a b"], id="a project's name with a blank"),
        pytest.param(["--output", "bucket/x"], id="an output that is not in S3"),
        pytest.param(["--tag", "x"], id="a tag without a value"),
        pytest.param(["--test", "m", "--test-by-rekognition"], id="two ways to test"),
    ],
)
def test_a_wrong_option_is_refused(tmp_path: Path, args: list[str]) -> None:
    assert run(put(tmp_path / "m", *good()), "--no-images", *args).exit_code == 2


def test_the_same_content_has_the_same_version_and_other_content_another(tmp_path: Path) -> None:
    one = dry(put(tmp_path / "m", *good()))
    assert dry(tmp_path / "m")["version"] == one["version"]
    assert dry(put(tmp_path / "n", *good(11)))["version"] != one["version"]
    assert dry(tmp_path / "m", "--test-by-rekognition")["version"] != one["version"]


def test_every_rule_says_who_says_so() -> None:
    assert all(rule.source and rule.holds for rule in rules.RULES.values())
    assert samples.BUCKET not in str(rules.RULES)


# --- whatever a file holds -----------------------------------------------------------------------

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["class_id", "0", "type", "lanes", "x"]), inner, max_size=3
        )
    ),
    max_leaves=5,
)
SEEDS = [
    {**boxes("a.jpg", (0, 1, 1, 9, 9), attribute="label"), **lane(attribute="label")},
    classed("a.jpg", "dent", attribute="label"),
    many("a.jpg", {0: "a", 1: "b"}, attribute="label"),
]


def places(value: Any) -> list[tuple[Any, Any]]:
    """Every container in a JSON value, with every key in it."""
    if not isinstance(value, dict | list):
        return []
    keys = list(value) if isinstance(value, dict) else list(range(len(value)))
    return [(value, key) for key in keys] + [row for key in keys for row in places(value[key])]


@settings(derandomize=True, deadline=None)
@given(st.sampled_from(SEEDS), st.integers(0, 200), JSON)
def test_a_line_is_an_entry_or_a_finding_whatever_stands_in_it(
    seed: dict[str, Any], at: int, strange: Any
) -> None:
    line = copy.deepcopy(seed)
    holders = places(line)
    holder, key = holders[at % len(holders)]
    holder[key] = strange
    item = Item(1, "", line)
    read = labels.read(item, "label", "m")
    if isinstance(read, Entry):
        # What is sent is read back as the same label
        again = labels.read(Item(1, "", json.loads(read.text)), "label", "m")
        if read.kind != "classes":
            assert again == read
        assert set(json.loads(read.text)) == {"source-ref"} | {
            key for key in json.loads(read.text) if key.startswith("label")
        }
    else:
        assert read.code in rules.RULES
    with contextlib.suppress(TerraceError):
        choosing.only([item], "m")


@settings(derandomize=True, deadline=None)
@given(JSON, st.integers(0, 200))
def test_results_are_read_whatever_stands_in_them(strange: Any, at: int) -> None:
    from tests.cli.test_rekognition_train import snapshot, summary

    for made in (summary(), snapshot()):
        holders = places(made)
        holder, key = holders[at % len(holders)]
        holder[key] = strange
        into = results.Results()
        if isinstance(made, dict):
            results.read_summary(made, into)
        else:
            results.read_snapshot([json.dumps(line) for line in made], into, "m")
        assert "\n".join(words.results({}, into, 5))


def test_aws_s_example_of_a_summary_without_metrics_is_read() -> None:
    # In the guide's example the measures stand beside the matrix, not in `Metrics`
    into = results.Results()
    content = {
        "AggregatedEvaluationResults": {
            "ConfusionMatrix": [
                {"GroundTruthLabel": "CAP", "PredictedLabel": "CAP", "Value": 0.99},
                {"GroundTruthLabel": "WATCH", "PredictedLabel": "CAP", "Value": 0.179},
            ],
            "F1Score": 0.97,
            "Precision": 0.96,
            "Recall": 0.98,
        }
    }
    results.read_summary(content, into)
    assert into.overall is not None
    assert (into.overall.precision, into.overall.recall, into.overall.f1) == (0.96, 0.98, 0.97)
    said = "\n".join(words.results({}, into, 5))
    assert "WATCH taken for CAP: 17.9%" in said
    assert "CAP taken for CAP" not in said


def typed() -> list[list[str]]:
    """What the documents tell a reader to type."""
    docs = Path(__file__).resolve().parents[2] / "docs"
    lines = [
        line.split("#", 1)[0]
        for path in docs.rglob("*.md")
        for line in path.read_text("utf-8").replace("\\\n", " ").splitlines()
    ]
    return [shlex.split(line) for line in lines if line.startswith("terrace rekognition ")]


def test_every_command_of_the_documents_can_be_typed() -> None:
    group = cli.commands["rekognition"]
    assert isinstance(group, click.Group)
    commands = typed()
    assert {one[2] for one in commands} == {"train", "status"}
    for one in commands:
        group.commands[one[2]].make_context(one[2], one[3:])
