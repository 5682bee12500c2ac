"""Lines of boxes read quickly: the same items as those read with care, or the same error."""

import copy
import json
import math
from collections.abc import Callable
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from terrace.domain.exports import dataset, quick_boxes
from terrace.domain.exports.classes import Classes, Seen
from terrace.domain.exports.dataset import Source, Survey, Wanted
from terrace.domain.exports.model import ExportError, Item
from terrace.domain.json_reading import UnreadableError
from tests.exports.test_exports_of_manifests import Fake, boxes

ODD: list[Any] = [
    *(None, True, False, "", "0", "1", "x", [], {}, 0, -1, 1, 2**63, 2**64, 10**30, -(10**30)),
    *(1.5, -0.0, 5e-324, 1.7976931348623157e308, 0.1, 1e22, math.nan, math.inf, -math.inf),
    *("yes", "no", "adjusted", "groundtruth/object-detection", "groundtruth/text-span"),
    *(["\ud800"], "\ud800", "é", {"0": "cat"}, {"00": "cat"}, {"-1": "x"}, {"0": ""}, {"٣": "x"}),
    *([{"width": 5, "height": "7"}], [{"width": 5.0, "height": 7}], [{"class_id": "0"}]),
]


def _places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a JSON value."""
    inner = value.items() if isinstance(value, dict) else enumerate(value)
    found = [path] if path else []
    for key, one in inner:
        here = (*path, key)
        found += _places(one, here) if isinstance(one, dict | list) else [here]
    return found


@st.composite
def lines(draw: st.DrawFn) -> str:
    """A line as Ground Truth writes it, with a few things in it that it would not write."""
    number = draw(st.integers(0, 3))
    placed = draw(st.lists(st.tuples(st.sampled_from([0, 5]), st.floats(0, 1e6)), max_size=3))
    line = boxes(f"s3://in/set/{number}.jpg", *placed)
    if draw(st.booleans()):
        names = {"0": "left", "5": "bone-2"}
        line |= boxes(f"s3://in/set/{number}.jpg", (0, 1), attribute="lanes", names=names)
    line["shift"] = "night"
    for _ in range(draw(st.integers(0, 2))):
        place = draw(st.sampled_from(_places(line)))
        inside: Any = line
        for key in place[:-1]:
            inside = inside[key]
        match draw(st.sampled_from(["replace", "remove", "add"])):
            case "replace":
                inside[place[-1]] = copy.deepcopy(draw(st.sampled_from(ODD)))
            case "remove":
                del inside[place[-1]]
            case "add" if isinstance(inside, dict):
                inside[
                    draw(st.sampled_from(["source", "depth", "class_map", "adjustment-status"]))
                ] = copy.deepcopy(draw(st.sampled_from(ODD)))
        if not line:
            break
    text = json.dumps(line, ensure_ascii=draw(st.booleans()))
    if draw(st.integers(0, 9)) == 0:
        cut = draw(st.integers(0, len(text)))
        text = (
            text[:cut]
            + draw(st.sampled_from(["", "}", " ", '"', ",", "\ufeff", "\x00", "\\"]))
            + text[cut:]
        )
    return draw(st.sampled_from([text, text, text, f" {text}\r", "", text[:-1]]))


def outcome(texts: list[str], wanted: Wanted) -> tuple[Survey | None, list[Item], object]:
    """What a manifest becomes, up to its first error."""
    found, listed = None, []
    sources = [Source("s3://out/m", lambda: texts)]
    try:
        found = dataset.survey(sources, wanted, Fake())
        _, classes = dataset.head(found, wanted)
        read = dataset.items(sources, wanted, found=found, classes=classes, documents=Fake())
        for item in read:
            listed.append(item)
    except (ExportError, UnreadableError) as error:
        return found, listed, error.problem
    return found, listed, None


@given(st.lists(lines(), max_size=4), st.sampled_from([("boxes",), ("boxes", "lanes")]))
@settings(deadline=None, max_examples=400)
def test_quick_and_careful_readers_agree(texts: list[str], attributes: tuple[str, ...]) -> None:
    wanted = Wanted(attributes, conflict="same")
    quick = outcome(texts, wanted)
    slow: Callable[..., Any] = lambda *_: lambda _: None  # noqa: E731
    with patch.object(quick_boxes, "surveyor", slow), patch.object(quick_boxes, "reader", slow):
        careful = outcome(texts, wanted)
    assert repr(quick) == repr(careful)
    assert quick == careful


USUAL = boxes("s3://in/set/x.jpg", (5, 1.5), (0, 2))


def test_what_ground_truth_usually_writes_is_read_quickly() -> None:
    # Else all of the above would be true, and nothing be quick
    seen = Seen()
    text = json.dumps(USUAL)
    assert quick_boxes.surveyor(["boxes"], seen)(text) == ("s3://in/set/x.jpg", 2, ("boxes",))
    assert seen.classes == {"boxes": {"dog": 0, "bone": 5}}
    found = quick_boxes.reader(["boxes"], Classes(("dog", "bone"), {}))(text)
    assert found is not None
    assert (found[0], found[1], [one.label for one in found[2]]) == (
        "s3://in/set/x.jpg",
        (100, 80),
        ["bone", "dog"],
    )


@pytest.mark.parametrize("name", ["source", "source-ref", "boxes-metadata"])
def test_attributes_that_are_called_as_other_members_are_are_read_with_care(name: str) -> None:
    assert quick_boxes.surveyor(["boxes", name], Seen())(json.dumps(USUAL)) is None


def test_class_maps_without_end_do_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quick_boxes, "MAPS_MAX", 3)
    seen = Seen()
    read = quick_boxes.surveyor(["boxes"], seen)
    for number in range(10):
        names = {"0": f"dog-{number % 5}"}
        assert read(json.dumps(boxes("s3://in/x.jpg", (0, 1), names=names))) is not None
    assert list(seen.classes["boxes"]) == [f"dog-{number}" for number in range(5)]


def test_only_a_number_that_no_float_holds_passes_where_it_is_not_exported() -> None:
    text = json.dumps(USUAL)
    beside, inside = f'{text[:-1]}, "x": 1e999}}', text.replace('"left": 1.5', '"left": 1e999')
    assert quick_boxes.surveyor(["boxes"], Seen())(beside) is not None
    assert outcome([inside], Wanted(("boxes",)))[2] is not None
