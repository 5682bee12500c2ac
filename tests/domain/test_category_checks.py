"""What can be wrong with a label category file."""

import copy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terrace.domain import categories, category_checks, modalities
from tests.data.shared_data import FOLDER, sample_json

URI = "s3://bucket/categories.json"


def attributes(count: int, **more: object) -> list[dict[str, object]]:
    return [{"name": f"a{n}", "type": "number", **more} for n in range(count)]


def video(**keys: Any) -> dict[str, Any]:
    return {"labels": [{"label": "Car"}], **keys}


def codes(config: object, modality: str = "VideoObjectTracking") -> list[str]:
    found = category_checks.check(config, modalities.get(modality), URI)
    assert all(p.path.startswith(URI) and p.fix for p in found.problems)
    return [p.code for p in found.problems]


def label_files() -> list[Path]:
    return sorted(FOLDER.glob("*/label_category_configs/*video*.json"))


@pytest.mark.parametrize("path", label_files(), ids=lambda path: path.stem)
def test_every_file_of_aws_is_accepted(path: Path) -> None:
    config = sample_json(str(path.relative_to(FOLDER)))
    review = "auditLabelAttributeName" in config
    assert (
        codes(config, "VideoObjectDetectionAdjustment" if review else "VideoObjectDetection") == []
    )


def test_a_name_longer_than_the_guide_allows_is_only_a_warning_as_aws_has_one_itself() -> None:
    config = video(
        frameAttributes=[
            {"name": "Number_Of_Vehicles", "description": "How many?", "type": "number"}
        ]
    )
    found = category_checks.check(config, modalities.get("VideoObjectTracking"), URI)
    assert found.problems == []
    assert [w.code for w in found.warnings] == ["CATEGORY_ATTRIBUTE_NAME_LONG"]


@pytest.mark.parametrize(
    ("config", "code"),
    [
        ([], "CATEGORY_NO_OBJECT"),
        (None, "CATEGORY_NO_OBJECT"),
        ({}, "CATEGORY_LABELS_MISSING"),
        ({"labels": []}, "CATEGORY_LABELS_MISSING"),
        ({"labels": {"label": "Car"}}, "CATEGORY_LABELS_MISSING"),
        ({"labels": ["Car"]}, "CATEGORY_LABEL_EMPTY"),
        ({"labels": [{"label": " "}]}, "CATEGORY_LABEL_EMPTY"),
        ({"labels": [{"label": 7}]}, "CATEGORY_LABEL_EMPTY"),
        ({"labels": [{"label": "Car"}, {"label": "Car"}]}, "CATEGORY_LABEL_TWICE"),
        ({"labels": [{"label": "C" * 17}]}, "CATEGORY_LABEL_TOO_LONG"),
        ({"labels": [{"label": f"c{n}"} for n in range(31)]}, "CATEGORY_TOO_MANY_LABELS"),
        (video(auditLabelAttributeName="x"), "CATEGORY_AUDITED_ATTRIBUTE_UNEXPECTED"),
        (video(annotationType="Cuboid"), "CATEGORY_ANNOTATION_TYPE_UNKNOWN"),
        (video(annotationType=["BoundingBox"]), "CATEGORY_ANNOTATION_TYPE_UNKNOWN"),
        (video(instructions="Draw"), "CATEGORY_INSTRUCTIONS_INVALID"),
        (video(instructions={"shortInstruction": 1}), "CATEGORY_INSTRUCTIONS_INVALID"),
        (video(instructions={"shortInstruction": "x" * 256}), "CATEGORY_INSTRUCTIONS_TOO_LONG"),
        (video(instructions={"fullInstruction": "x" * 2049}), "CATEGORY_INSTRUCTIONS_TOO_LONG"),
        (video(categoryGlobalAttributes={}), "CATEGORY_ATTRIBUTES_INVALID"),
        (video(categoryGlobalAttributes=["x"]), "CATEGORY_ATTRIBUTES_INVALID"),
        (video(categoryGlobalAttributes=[{"type": "number"}]), "CATEGORY_ATTRIBUTE_UNNAMED"),
        (
            video(categoryGlobalAttributes=[{"name": "x", "type": "bool"}]),
            "CATEGORY_ATTRIBUTE_TYPE_UNKNOWN",
        ),
        (video(categoryGlobalAttributes=attributes(11)), "CATEGORY_TOO_MANY_ATTRIBUTES"),
        (
            video(categoryGlobalAttributes=[{"name": f"f{n}", "type": "string"} for n in range(6)]),
            "CATEGORY_TOO_MANY_FREE_TEXTS",
        ),
        (video(frameAttributes=attributes(1)), "CATEGORY_DESCRIPTION_MISSING"),
        (
            video(frameAttributes=attributes(1, description="d" * 129)),
            "CATEGORY_DESCRIPTION_INVALID",
        ),
        (video(frameAttributes=attributes(11, description="d")), "CATEGORY_TOO_MANY_ATTRIBUTES"),
        (
            video(categoryGlobalAttributes=[*attributes(1), *attributes(1)]),
            "CATEGORY_ATTRIBUTE_TWICE",
        ),
        (
            {
                "labels": [{"label": "Car", "attributes": attributes(1)}],
                "categoryGlobalAttributes": attributes(1),
            },
            "CATEGORY_ATTRIBUTE_TWICE",
        ),
        (
            {"labels": [{"label": "Car", "attributes": attributes(1), "categoryAttributes": [{}]}]},
            "CATEGORY_ATTRIBUTES_TWICE",
        ),
        ({"labels": [{"label": "Car", "editsAllowed": "some"}]}, "CATEGORY_EDITS_UNKNOWN"),
        (video(categoryGlobalAttributes=attributes(1, enum=["1"])), "CATEGORY_ENUM_ON_NUMBER"),
        (video(categoryGlobalAttributes=attributes(1, enum=[])), "CATEGORY_ENUM_INVALID"),
        (
            video(categoryGlobalAttributes=attributes(1, type="string", enum=["x"] * 2)),
            "CATEGORY_ENUM_INVALID",
        ),
        (
            video(categoryGlobalAttributes=attributes(1, type="string", enum=["x" * 17])),
            "CATEGORY_ENUM_INVALID",
        ),
        (
            video(
                categoryGlobalAttributes=attributes(
                    1, type="string", enum=[str(n) for n in range(11)]
                )
            ),
            "CATEGORY_ENUM_INVALID",
        ),
        (
            video(categoryGlobalAttributes=attributes(1, minimum=3, maximum=1)),
            "CATEGORY_RANGE_INVALID",
        ),
    ],
)
def test_what_ground_truth_would_refuse_is_found(config: object, code: str) -> None:
    assert code in codes(config)


@pytest.mark.parametrize(
    "config",
    [
        video(**{"document-version": "2020-08-15"}),
        video(documentVersion="2020-03-01"),
        video(anything={"else": 1}),
        video(categoryGlobalAttributes=attributes(10)),
        video(categoryGlobalAttributes=attributes(1, minimum=0, maximum=9)),
        {"labels": [{"label": f"c{n}"} for n in range(30)]},
        {"labels": [{"label": "C" * 16, "attributes": attributes(10)}]},
        {"labels": [{"label": "Spurmarkierung ü"}, {"label": "spurmarkierung ü"}]},
    ],
)
def test_what_ground_truth_takes_is_taken(config: object) -> None:
    assert codes(config) == []


def test_all_problems_are_told_in_one_pass() -> None:
    config = {"labels": [{"label": ""}, {"label": "C" * 17}], "annotationType": "Cuboid"}
    assert len(codes(config)) == 3


def test_a_verdict_that_does_not_fit_any_more_is_found_in_the_made_file() -> None:
    row = modalities.get("VideoObjectTrackingAudit")
    full = {"labels": [{"label": "Car", "attributes": attributes(10)}]}
    result = categories.for_job(
        row, own=None, inherited=full, audited_attribute="a-ref", instructions=None
    )
    assert codes(result, row.name) == ["CATEGORY_TOO_MANY_ATTRIBUTES"]


@pytest.mark.parametrize(("count", "fits"), [(50, True), (51, False)])
def test_boxes_may_have_50_classes_of_256_characters(count: int, fits: bool) -> None:
    config = {"labels": [{"label": f"{n}" + "x" * 250} for n in range(count)]}
    assert (codes(config, "BoundingBox") == []) is fits


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "label",
                    "labels",
                    "name",
                    "type",
                    "enum",
                    "attributes",
                    "categoryAttributes",
                    "frameAttributes",
                    "categoryGlobalAttributes",
                    "instructions",
                    "annotationType",
                    "editsAllowed",
                    "description",
                    "minimum",
                    "maximum",
                    "auditLabelAttributeName",
                ]
            ),
            inner,
            max_size=6,
        )
    ),
    max_leaves=20,
)


@given(_json, st.sampled_from(sorted(modalities.MODALITIES)))
def test_no_file_makes_the_checks_raise(config: object, modality: str) -> None:
    found = category_checks.check(config, modalities.get(modality), URI)
    if not found.problems and isinstance(config, dict):
        copied = copy.deepcopy(config)
        categories.for_job(
            modalities.get(modality),
            own=config,
            inherited=None,
            audited_attribute="a-ref",
            instructions=None,
        )
        assert config == copied
