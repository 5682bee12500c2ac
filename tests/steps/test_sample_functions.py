"""The samples of functions around a batch, as they stand in the docs, and the docs' examples."""

import importlib.util
import json
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import boto3
import pytest
from moto import mock_aws

from terrace.domain.own_functions import (
    PostProcessingAnswer,
    PostProcessingEvent,
    TransformationAnswer,
    TransformationEvent,
)

DOCS = Path(__file__).parents[2] / "docs"
BUCKET = "batch-bucket"
MODELS = {
    "transformation event": TransformationEvent,
    "transformation answer": TransformationAnswer,
    "post-processing event": PostProcessingEvent,
    "post-processing answer": PostProcessingAnswer,
}


def sample(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, DOCS / "samples" / name / "app.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def examples() -> dict[str, list[Any]]:
    """The JSON examples of the document, by the comment before each."""
    found: dict[str, list[Any]] = {}
    document = (DOCS / "delivery.md").read_text(encoding="utf-8")
    for name, text in re.findall(r"<!-- ([a-z -]+) -->\n```json\n(.*?)```", document, re.S):
        found.setdefault(name, []).append(json.loads(text))
    return found


@pytest.fixture
def s3() -> Iterator[Any]:
    with mock_aws():
        client = boto3.client("s3", "us-east-1")
        client.create_bucket(Bucket=BUCKET)
        yield client


def put(s3: Any, key: str, text: str = "x") -> None:
    s3.put_object(Bucket=BUCKET, Key=key, Body=text.encode())


def read(s3: Any, uri: str) -> str:
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return str(s3.get_object(Bucket=bucket, Key=key)["Body"].read().decode())


@pytest.mark.parametrize("name", MODELS)
def test_the_documents_examples_are_what_the_models_take(name: str) -> None:
    assert examples()[name]
    for example in examples()[name]:
        model = MODELS[name].model_validate(example)
        if name.endswith("event"):
            # Nothing is missing in it, and nothing is there that is never sent.
            assert model.model_dump(mode="json") == example


def test_the_transformation_makes_a_manifest_of_a_folder(
    s3: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    for key in ("cars/2.jpg", "cars/1.PNG", "cars/notes.txt", "roads/3.jpg"):
        put(s3, key)
    prefix = f"s3://{BUCKET}/batches/b/inputs/transformation/5f0c/"
    (event,) = examples()["transformation event"]
    payload = {"car": {"images": f"s3://{BUCKET}/cars/", "labels": ["Car", "Van"]}}
    event |= {"payload": payload, "outputPrefixS3Uri": prefix}

    answer = sample("transformation").handler(event, None)

    given = TransformationAnswer.model_validate(answer).inputs
    assert given is not None
    assert given["car"].inputManifestS3Uri == f"{prefix}car/input.manifest"
    lines = read(s3, given["car"].inputManifestS3Uri).splitlines()
    assert [json.loads(line)["source-ref"] for line in lines] == [
        f"s3://{BUCKET}/cars/1.PNG",
        f"s3://{BUCKET}/cars/2.jpg",
    ]
    categories = json.loads(read(s3, given["car"].labelCategoryConfigS3Uri or ""))
    assert [label["label"] for label in categories["labels"]] == ["Car", "Van"]


def test_the_transformation_says_which_folder_is_empty(
    s3: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    (event,) = examples()["transformation event"]
    event["payload"] = {"car": {"images": f"s3://{BUCKET}/none/", "labels": ["Car"]}}
    with pytest.raises(ValueError, match=f"s3://{BUCKET}/none/"):
        sample("transformation").handler(event, None)


@pytest.mark.parametrize("accepted", [True, False], ids=["some accepted", "none accepted"])
def test_the_post_processing_counts_the_classes(
    s3: Any, monkeypatch: pytest.MonkeyPatch, accepted: bool
) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    boxes = [{"class_id": n, "left": 0, "top": 0, "width": 1, "height": 1} for n in (0, 1, 1)]
    line = {
        "source-ref": f"s3://{BUCKET}/1.jpg",
        "car": {"annotations": boxes, "image_size": []},
        "car-metadata": {"class-map": {"0": "Van", "1": "Car"}},
        "terrace": {"outcome": "accepted"},
    }
    put(s3, "final/output.manifest", json.dumps(line) + "\n" + json.dumps(line))
    (event,) = examples()["post-processing event"]
    event["final"]["outputManifestS3Uri"] = (
        f"s3://{BUCKET}/final/output.manifest" if accepted else None
    )
    event["outputPrefixS3Uri"] = f"s3://{BUCKET}/final/g1/post-processing/"

    answer = sample("post_processing").handler(event, None)

    told = PostProcessingAnswer.model_validate(answer)
    assert told.done
    rows = read(s3, told.result["tableS3Uri"]).splitlines()
    assert rows == (["class,objects", "Car,4", "Van,2"] if accepted else ["class,objects"])
