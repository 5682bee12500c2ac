"""Gold mixed into a manifest, and taken out again."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from terrace.domain import manifest
from terrace.domain.quality.gold_mix import mix, read_key, take_out
from terrace.domain.quality.gold_truth import read


def _lines(names, **more):
    return [json.dumps({"source-ref": f"s3://b/{name}", **more}) for name in names]


def _gold(names, **more):
    about = {"type": "groundtruth/image-classification", "class-name": "Owl"}
    label = {"truth": 0, "truth-metadata": about, **more}
    return read(json.dumps({"source-ref": f"s3://b/{name}", **label}) for name in names)


def _items(lines):
    return list(manifest.read(lines, limits=False))


def _mixed(lines, gold, percent=5.0, seed="7"):
    return mix(_items(lines), gold, percent=percent, seed=seed)


def test_the_worked_number():
    found = _mixed(_lines(range(95)), _gold(f"g{n}" for n in range(50)))
    assert len(found.lines) == 100
    assert len(found.key.gold) == 5
    assert found.notes == []


def test_workers_cannot_tell():
    found = _mixed(
        _lines(range(20), id="x"), _gold(["g"], id="y", secret="gold"), percent=1, seed="s"
    )
    (place,) = found.key.gold
    assert json.loads(found.lines[place.line]) == {"source-ref": "s3://b/g", "id": "y"}
    assert len({tuple(json.loads(line)) for line in found.lines}) == 1


def test_gold_that_could_be_told_apart_is_said():
    found = _mixed(_lines(range(20), id="x"), _gold(["g"]), percent=1)
    assert len(found.notes) == 1
    assert "lack id" in found.notes[0]


def test_gold_of_an_audit_does_not_show_the_right_label():
    """The lines carry the label that is audited; gold's right one stands under the same name."""
    about = {"type": "groundtruth/image-classification", "class-name": "Duck"}
    lines = _lines(range(20), truth=1, **{"truth-metadata": about})
    found = _mixed(lines, _gold(["g"]), percent=1)
    (place,) = found.key.gold
    assert json.loads(found.lines[place.line]) == {"source-ref": "s3://b/g"}
    assert "lack truth, truth-metadata" in found.notes[0]


def test_what_the_manifest_has_already_is_gold_where_it_stands():
    found = _mixed(_lines(range(10)), _gold([3, "g"]), percent=10)
    assert [(place.source, place.inserted) for place in found.key.gold] == [("s3://b/3", False)]
    assert found.lines == _lines(range(10))


def test_too_little_gold_is_said():
    found = _mixed(_lines(range(90)), _gold(["g"]), percent=10)
    assert len(found.key.gold) == 1
    assert found.notes == ["there is gold for 1 items only; 10 percent would be 10"]


def test_an_empty_manifest_gets_no_gold():
    assert _mixed([], _gold(["g"])).lines == []


@pytest.mark.parametrize("percent", [0, 100, -5, float("nan")])
def test_a_share_that_is_none(percent):
    with pytest.raises(ValueError, match="percent"):
        _mixed(_lines(range(3)), _gold(["g"]), percent=percent)


def test_places_are_spread_evenly_over_seeds():
    """Each of 20 slots holds gold about 1 time in 20: 400 seeds, expectation 20 each."""
    counts = [0] * 20
    for seed in range(400):
        found = _mixed(_lines(range(19)), _gold(["g"]), seed=str(seed))
        counts[found.key.gold[0].line] += 1
    # Chi-squared with 19 degrees of freedom: 43.8 is passed by chance once in 1,000.
    assert sum((count - 20) ** 2 / 20 for count in counts) < 43.8


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"format": 2, "gold": [], "seed": "", "lines": 0}']
)
def test_what_is_no_key(text):
    with pytest.raises(ValueError, match="is no key"):
        read_key(text)


def test_a_line_that_cannot_be_read_is_an_error():
    key = _mixed(_lines(range(3)), _gold(["g"])).key
    with pytest.raises(ValueError, match="line 1"):
        list(take_out(["{"], key))


NAMES = st.lists(st.integers(0, 9), max_size=12)


@settings(deadline=None)
@given(NAMES, st.sets(st.integers(5, 16), max_size=8), st.floats(0.1, 99), st.text(max_size=5))
def test_taken_out_again_the_manifest_is_what_it_was(names, gold_names, percent, seed):
    lines, gold = _lines(names), _gold(sorted(gold_names))
    found = _mixed(lines, gold, percent, seed)
    again = _mixed(lines, _gold(sorted(gold_names, reverse=True)), percent, seed)
    assert (found.lines, found.key) == (again.lines, again.key)
    key = read_key(json.dumps(found.key.to_dict()))
    assert key == found.key
    out = list(take_out(found.lines, key))
    assert [line for line, place in out if place is None] == lines
    assert [place.line for _, place in out if place] == [p.line for p in key.gold if p.inserted]
    inserted = [place.source for place in key.gold if place.inserted]
    assert len(set(inserted)) == len(inserted)
    assert not set(inserted) & {f"s3://b/{name}" for name in names}
    if lines and not found.notes:
        assert len(key.gold) / len(found.lines) >= percent / 100 - 1e-9
