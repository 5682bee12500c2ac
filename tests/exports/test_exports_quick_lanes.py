"""Lines of a known kind are not looked at again: as much is learned as from all of them."""

import json
from typing import Any
from unittest.mock import patch

from hypothesis import given
from hypothesis import strategies as st

from terrace.domain import manifest
from terrace.domain.exports import dataset, lanes
from terrace.domain.exports.dataset import Source
from terrace.domain.exports.lanes import Choice, Lanes
from terrace.domain.exports.model import ExportError
from terrace.domain.json_reading import UnreadableError

NAMES = st.sampled_from(["car", "sign", "sign-audit"])
DONE = st.fixed_dictionaries(
    {
        "job": NAMES,
        "modality": st.sampled_from(["BoundingBox", "BoundingBoxVerification", "x"]),
        "level": st.sampled_from([1, 2, 2, "2", None]),
        "attribute": NAMES,
        "at": st.sampled_from(["2026-11-20", None]),
    }
)
LANE = st.fixed_dictionaries(
    {
        "lane": NAMES,
        "attribute": NAMES | st.none(),
        "status": st.sampled_from(["accepted", "rejected", "unlabeled"]),
        "history": st.lists(DONE, max_size=2),
    }
)


@st.composite
def lines(draw: st.DrawFn) -> str:
    line: dict[str, Any] = {"source-ref": f"s3://in/{draw(st.integers(0, 9))}.jpg"}
    for name in draw(st.lists(NAMES, unique=True)):
        line[name] = draw(st.sampled_from([{"annotations": []}, {"annotations": []}, "", None, 0]))
        line[f"{name}-metadata"] = {"type": "groundtruth/object-detection"}
    found = draw(st.lists(LANE, max_size=3))
    for lane in found:
        if lane["attribute"] is not None:
            line.setdefault(f"{lane['attribute']}-metadata", {})
    line["terrace"] = {"lanes": draw(st.sampled_from([found, found, found, None]))}
    text = json.dumps(line)
    return draw(st.sampled_from([text, text, text, text, text[:-1], ""]))


def learned(texts: list[str], choice: Choice) -> tuple[Lanes, object]:
    found = Lanes(choice)
    try:
        found.read(Source("s3://out/m", lambda: texts))
    except (ExportError, UnreadableError) as error:
        return found, error.problem
    return found, None


@given(
    st.lists(lines(), max_size=4).map(lambda some: [*some, *some]),
    st.sampled_from([Choice(), Choice(frozenset({"rejected"})), Choice(attributes=("sign",))]),
)
def test_lines_of_a_known_kind_add_nothing_but_their_number(
    texts: list[str], choice: Choice
) -> None:
    quick = learned(texts, choice)
    with patch.object(lanes, "kind_of", lambda *_: None):
        careful = learned(texts, choice)
    assert quick == careful
    # Orders of names count, too: class ids come from them
    assert repr(quick) == repr(careful)


def test_only_the_first_line_of_a_kind_is_looked_at() -> None:
    done = {"job": "car", "modality": "BoundingBox", "level": 1, "attribute": "car"}
    about = {"lane": "car", "attribute": "car", "status": "accepted", "history": [done]}
    texts = [
        json.dumps(
            {
                "source-ref": f"s3://in/{number}.jpg",
                "car": {"annotations": []},
                "car-metadata": {"creation-date": str(number)},
                "terrace": {"lanes": [about]},
            }
        )
        for number in range(5)
    ]
    found = Lanes(Choice())
    with patch.object(Lanes, "_look", autospec=True, side_effect=Lanes._look) as look:
        found.read(Source("s3://out/m", lambda: texts))
    assert (found.lines, look.call_count) == (5, 1)


def rewritten(texts: list[str], choice: Choice) -> object:
    """Lines as an export of all lanes reads them, or what is wrong."""
    found, problem = learned(texts, choice)
    source = Source("s3://out/m", lambda: texts)
    if problem is not None or not found.by_name:
        return problem
    try:
        [made] = found.sources([source], list(found.by_name.values()))
        return [json.loads(text) if text else None for text in made.lines()]
    except (ExportError, UnreadableError) as error:
        return error.problem


@given(
    st.lists(lines(), max_size=4).map(lambda some: [*some, *some]),
    st.sampled_from([Choice(), Choice(frozenset({"rejected"})), Choice(attributes=("sign",))]),
)
def test_lines_of_a_known_kind_are_rewritten_as_those_that_are_looked_at(
    texts: list[str], choice: Choice
) -> None:
    quick = rewritten(texts, choice)
    with patch.object(lanes, "kind_of", lambda *_: None):
        assert rewritten(texts, choice) == quick


def gated(number: int, attribute: str) -> str:
    """A line of a lane whose review some items went past."""
    history = [
        {"job": one, "modality": "BoundingBox", "level": level, "attribute": one}
        for level, one in enumerate(("sign", "sign-audit"), start=1)
    ]
    about = {"lane": "sign-audit", "attribute": attribute, "status": "accepted"}
    label = {"annotations": [], "image_size": [{"width": number, "height": 1}]}
    data = {
        "source-ref": f"s3://in/{number}.jpg",
        attribute: label,
        f"{attribute}-metadata": {"type": "groundtruth/object-detection"},
        "mine": 1,
        "terrace": {"lanes": [{**about, "history": history}]},
    }
    return json.dumps(data)


def test_only_lines_that_need_it_are_rewritten_and_one_of_a_kind_is_parsed() -> None:
    texts = [gated(number, "sign" if number % 3 else "sign-audit") for number in range(9)]
    found, _ = learned(texts, Choice())
    [made] = found.sources([Source("s3://out/m", lambda: texts)], list(found.by_name.values()))
    read = manifest.parse_line
    with patch.object(manifest, "parse_line", side_effect=read) as parsed:
        after = list(made.lines())
    assert parsed.call_count == 2
    for number, (before, text) in enumerate(zip(texts, after, strict=True)):
        if number % 3:
            given = json.loads(before)
            assert list(json.loads(text).items()) == [
                ("source-ref", given["source-ref"]),
                ("sign-audit", given["sign"]),
                ("sign-audit-metadata", given["sign-metadata"]),
            ]
        else:
            assert text is before


URIS = st.sampled_from(["s3://in/a/1.jpg", "s3://in/a/2.jpg", "s3://in/b/1.jpg", "s3://in/a", ""])
CLASS_MAPS = st.sampled_from([{}, {"0": "bus"}, {"1": "car", "0": "bus"}, {"1": "bus"}, {"x": "y"}])
LANES = {"car": ["car"], "sign-audit": ["sign", "sign-audit"]}


@st.composite
def boxed(draw: st.DrawFn) -> str:
    """A line as the end of a batch writes it, mostly."""
    line: dict[str, Any] = {"source-ref": draw(URIS)}
    entries = []
    for lane, jobs in LANES.items():
        attribute = draw(st.sampled_from([*jobs, *jobs, None]))
        if attribute is not None:
            line[attribute] = draw(st.sampled_from([{"annotations": [{}, {}]}] * 9 + [{}, None]))
            about = {"type": "groundtruth/object-detection", "class-map": draw(CLASS_MAPS)}
            line[f"{attribute}-metadata"] = about
        history = [
            {"job": one, "modality": "BoundingBox", "level": level, "attribute": one}
            for level, one in enumerate(jobs, start=1)
        ]
        status = draw(st.sampled_from(["accepted", "accepted", "rejected"]))
        entries.append({"lane": lane, "attribute": attribute, "status": status, "history": history})
    if draw(st.integers(0, 9)) == 0:
        line.setdefault("car", 7)
    line["terrace"] = {"lanes": entries}
    return json.dumps(line)


@given(st.lists(boxed(), min_size=1, max_size=6), st.sampled_from([None, "car", "sign-audit"]))
def test_what_the_first_pass_notes_is_what_a_survey_of_the_lines_finds(
    texts: list[str], only: str | None
) -> None:
    found, problem = learned(texts, Choice())
    held = [lane for lane in found.by_name.values() if only in {None, lane.name}]
    if problem is not None or not held:
        return
    noted = found.quick.survey((lane.name, lane.attribute) for lane in held)
    if noted is None:
        return
    order = lanes.wanted(held, {}, conflict="same", held_back=0)
    source = Source("s3://out/m", lambda: texts)
    read = dataset.survey(found.sources([source], held), order, None)  # type: ignore[arg-type]
    # Attributes of lines without a label are for an error that cannot be met here.
    read.others.clear()
    assert noted == read
    assert {name: list(of) for name, of in noted.seen.classes.items()} == {
        name: list(of) for name, of in read.seen.classes.items()
    }


def test_lines_of_boxes_are_surveyed_while_their_lanes_are_looked_for() -> None:
    texts = [gated(number, "sign" if number % 3 else "sign-audit") for number in range(9)]
    texts = [text.replace('"type"', '"class-map": {}, "type"') for text in texts]
    found, _ = learned(texts, Choice())
    held = list(found.by_name.values())
    order = lanes.wanted(held, {}, conflict="error", held_back=0)
    with patch.object(dataset, "survey") as again:
        noted = found.survey([], held, order=order, documents=None)  # type: ignore[arg-type]
    assert (noted.items, noted.lines, noted.folder) == (9, 9, "s3://in/")
    assert not again.called


def test_a_line_that_has_to_be_looked_at_has_all_of_them_read_again() -> None:
    texts = [gated(1, "sign"), gated(2, "sign").replace("object-detection", "x")]
    found, _ = learned(texts, Choice())
    assert found.quick.survey([("sign-audit", "sign")]) is None
