"""What is odd and right is taken; what is absurdly large costs nothing; the list of prefixes."""

import json
from typing import Any

import pytest

from terrace.adapters.s3_objects import LINE_MAX, S3ObjectStore
from terrace.domain import category_checks, json_text, manifest, modalities, sequences
from terrace.domain.manifest import ATTRIBUTE_MAX, Item
from terrace.domain.places import Places
from terrace.domain.problems import TEXT_MAX, Problem
from terrace.runtime.settings import ApiSettings
from tests.hardening.files import ODD_KEYS
from tests.world.house import BUCKET, ENVIRONMENT, INPUTS
from tests.world.scene import Scene

URI = "s3://bucket/file"


@pytest.mark.parametrize("key", ODD_KEYS)
def test_a_batch_of_odd_keys_is_done(key: str) -> None:
    with Scene(reconciler=False).running() as scene:
        image, config = f"s3://{INPUTS}/images/{key}", f"s3://{INPUTS}/categories/{key}"
        scene.world.s3.put(image, "x")
        scene.world.s3.put(config, json.dumps({"labels": [{"label": "Car"}]}))
        scene.manifest = f"s3://{INPUTS}/manifests/{key}"
        scene.world.s3.put(scene.manifest, json.dumps({"source-ref": image}, ensure_ascii=False))
        scene.categories = config
        scene.post(scene.request())
        assert scene.until_over() == "COMPLETE"
        [batch_job] = [job for job in scene.world.jobs("b") if job.jobName == "car"]
        delivered = scene.world.lines(batch_job.outputManifestS3Uri or "")
        assert delivered is not None
        assert [line["source-ref"] for line in delivered] == [image]


@pytest.mark.parametrize("end", ["", "\n", "\r\n", "\r\n\r\n"], ids=repr)
def test_a_manifest_may_end_in_any_way(end: str) -> None:
    with Scene(reconciler=False).running() as scene:
        line = json.dumps({"source-ref": f"s3://{INPUTS}/clip/0.jpg"})
        scene.world.s3.put(scene.manifest, f"{line}\r\n{line}{end}")
        scene.post(scene.request(scene.label("car")))
        assert scene.until_over() == "COMPLETE"


def line_of(length: int) -> str:
    """A line of exactly so many characters, in attributes that are all within their limit."""
    data = {"source-ref": "s3://bucket/a.jpg"} | {f"a{i}": "" for i in range(6)}
    for i in range(6):
        room = length - len(manifest.dump(data))
        data[f"a{i}"] = "x" * min(room, ATTRIBUTE_MAX)
    return manifest.dump(data)


def test_a_line_may_have_100000_characters_and_no_more() -> None:
    assert isinstance(manifest.parse_line(1, line_of(100_000)), Item)
    found = manifest.parse_line(1, line_of(100_001))
    assert isinstance(found, Problem)
    assert found.code == "MANIFEST_LINE_TOO_LONG"


@pytest.mark.parametrize(("size", "fits"), [(20_000, True), (20_001, False)])
def test_an_attribute_may_have_20000_characters_and_no_more(size: int, fits: bool) -> None:
    line = manifest.dump({"source-ref": "s3://bucket/a.jpg", "a": "x" * size})
    assert isinstance(manifest.parse_line(1, line), Item) is fits


@pytest.mark.parametrize(("deep", "fits"), [(64, True), (65, False), (100_000, False)])
def test_json_may_be_64_levels_deep_and_no_more(deep: int, fits: bool) -> None:
    text = "[" * deep + "]" * deep
    if fits:
        assert json.dumps(json_text.loads(text)) == text
    else:
        with pytest.raises(json_text.JsonError, match="deeper than 64"):
            json_text.loads(text)


class Huge:
    """An S3 client with one object of 500 MB, which counts what is read of it."""

    size = 500 * 1024 * 1024

    def __init__(self) -> None:
        self.taken = 0

    def head_object(self, **_: Any) -> Any:
        return {"ContentLength": self.size, "ETag": "e"}

    def get_object(self, **_: Any) -> Any:
        return {"ContentLength": self.size, "ETag": "e", "Body": self}

    def read(self, size: int | None = None) -> bytes:
        assert size is not None, "the whole object was read"
        self.taken += size
        return b"x" * size

    def close(self) -> None:
        pass


def test_a_json_file_of_500_mb_is_refused_by_its_size() -> None:
    client = Huge()
    with pytest.raises(ValueError, match="524288000 bytes long, at most"):
        S3ObjectStore(client).get_json(URI)
    assert client.taken == 0


def test_an_endless_line_is_refused_after_16_mb() -> None:
    client = Huge()
    with pytest.raises(ValueError, match="longer than"):
        list(S3ObjectStore(client).read_lines(URI))
    assert client.taken <= LINE_MAX + 2 * 1024 * 1024


def test_a_million_labels_make_no_million_problems() -> None:
    config = {"labels": [0] * 1_000_000}
    found = category_checks.check(config, modalities.get("BoundingBox"), URI)
    assert len(found.problems) <= category_checks.PROBLEMS_MAX
    assert "CATEGORY_TOO_MANY_LABELS" in {one.code for one in found.problems}


def test_a_million_frames_make_no_million_problems() -> None:
    raw = {"seq-no": 1, "prefix": "s3://bucket/a/", "number-of-frames": 1_000_000}
    video = modalities.get("VideoObjectTracking")
    found = sequences.check({**raw, "frames": [0] * 1_000_000}, video, URI)
    assert "SEQUENCE_TOO_LONG" in {one.code for one in found.problems}
    assert len(found.problems) <= 10


def test_a_problem_never_quotes_more_than_a_row_can_hold() -> None:
    said = Problem(path="p", code="C", problem="\ud800" * 9_000, fix="f")
    assert len(said.problem) <= 6 * TEXT_MAX
    said.model_dump_json().encode()


# --- the list of prefixes ----------------------------------------------------------------------

TEAM_A = Places(batch_bucket=BUCKET, prefixes=frozenset({f"s3://{INPUTS}/team-a/"}))


@pytest.mark.parametrize(
    ("uri", "allowed"),
    [
        (f"s3://{INPUTS}/team-a/x.manifest", True),
        (f"s3://{INPUTS}/team-a/", True),
        (f"s3://{INPUTS}/team-admin/x.manifest", False),
        (f"s3://{INPUTS}/team-a", False),
        (f"s3://{INPUTS}/team-a/../team-b/x", False),
        (f"s3://{INPUTS}/team-a/./x", False),
        (f"s3://{INPUTS}/Team-a/x", False),
        (f"s3://{INPUTS}/x/team-a/x", False),
        (f"s3://{INPUTS}/team-a/..x", True),
        (f"s3://{BUCKET}/batches/b/final/x", False),
    ],
)
def test_an_object_must_be_below_one_of_the_prefixes(uri: str, allowed: bool) -> None:
    assert (TEAM_A.problem(uri) is None) is allowed


def test_without_a_list_only_the_batch_bucket_is_looked_at() -> None:
    places = Places(batch_bucket=BUCKET)
    assert places.problem(f"s3://{INPUTS}/any/../thing") is None
    assert places.problem(f"s3://{BUCKET}/batches/b/final/x.manifest") is None
    assert places.problem(f"s3://{BUCKET}/batches/b/request-1.json") is not None
    assert places.problem(f"s3://{BUCKET}/batches/b/final/../request-1.json") is not None


def test_a_deployment_can_name_its_prefixes() -> None:
    scene = Scene(reconciler=False)
    scene.world.settings["INPUT_PREFIXES"] = f"s3://{INPUTS}/clip/,s3://{INPUTS}/team-a/"
    with scene.running():
        scene.post(scene.request(scene.label("car")))
        scene.run(1.0)
        [answer] = scene.answers
        assert answer.code == 400
        told = {(one["path"], one["code"]) for one in answer.body["errors"]}
        job = "$.labelingJobs[0]"
        assert told == {
            (f"{job}.inputConfig.inputManifestS3Uri", "PREFIX_NOT_ALLOWED"),
            (f"{job}.labelCategoryConfigS3Uri", "PREFIX_NOT_ALLOWED"),
        }
        assert f"s3://{INPUTS}/team-a/" in answer.body["errors"][0]["fix"]


def test_a_prefix_without_a_slash_is_refused_by_the_name_of_its_variable() -> None:
    with pytest.raises(ValueError, match="input_prefixes") as refused:
        ApiSettings.read(ENVIRONMENT | {"INPUT_PREFIXES": f"s3://{INPUTS}/team-a"})
    assert "does not end with /" in str(refused.value)
