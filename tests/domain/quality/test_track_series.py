"""Series of each object: as long as its frames, writable as JSON, with flags where findings are."""

import json

from terrace.domain.quality.sequence import load
from terrace.domain.quality.series import flagged_union, series
from terrace.domain.quality.track_checks import check
from tests.domain.quality.track_samples import boxes, label_of, labels_of, shapes


def test_series_say_what_is_drawn_in_the_report() -> None:
    # Given a file in which one box is too narrow and one is missing
    document = boxes()
    one = label_of(document, 20, 2)
    one["width"] = round(one["width"] * 0.6)
    labels_of(document, 40).pop()
    loaded = load(document)
    # When its series are made with its findings
    found = series(loaded, check(loaded), frames=[f"{n}.png" for n in range(60)])
    # Then each object has its frames, and the flags stand where the findings are
    assert [row.objectName for row in found] == ["Car:1", "Car:2", "Car:3"]
    first, second, third = found
    assert (first.flaggedFrames, first.worstFrame) == ([], None)
    assert (second.flaggedFrames, second.worstFrame) == ([20], 20)
    assert (third.flaggedFrames, third.worstFrame) == ([40], 40)
    assert flagged_union(found) == [20, 40]
    assert "size" in second.flags[20]
    assert not second.flags[19]
    assert not second.flags[21]
    assert (len(third.frameNos), 40 in third.frameNos) == (59, False)
    assert second.frames[20] == "000021.jpg"
    assert second.sizes[20] == one["width"] * one["height"]
    assert second.sizeChanges[0] is None
    assert second.sizeChanges[20] is not None
    assert second.sizeChanges[20] < -0.3
    assert max(value for value in second.residuals["size"] if value) == second.residuals["size"][20]
    # And all of it is JSON, every list as long as the frames
    for row in found:
        held = json.loads(json.dumps(row.to_dict(), allow_nan=False))
        count = len(held["frameNos"])
        assert len(held["frames"]) == len(held["flags"]) == len(held["sizes"]) == count
        for name in ("coordinates", "rollingMean", "residuals"):
            assert {len(values) for values in held[name].values()} == {count}


def test_every_kind_has_series() -> None:
    for kind in ("polyline", "polygon", "keypoint", "cuboid"):
        found = series(load(shapes(kind, frames=8)))
        assert [row.kind for row in found] == [kind, kind]
        json.dumps([row.to_dict() for row in found], allow_nan=False)
        overlaps = [value for value in found[0].rollingIou if value is not None]
        assert len(overlaps) == (0 if kind == "keypoint" else 7)
        assert all(0 <= value <= 1 for value in overlaps)


def test_an_empty_file_has_no_series() -> None:
    assert series(load({"tracking-annotations": []})) == []
    assert flagged_union([]) == []
