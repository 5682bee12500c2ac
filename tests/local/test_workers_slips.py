"""Slips of the hand: what kind of error they are, where they are, and that reviewers see them."""

from typing import Any

import pytest

from terrace_local.workers.mix import MixError, Slips, mix_from_data
from terrace_local.workers.sequence import Drawn, SequenceLabels
from terrace_local.workers.slips import with_slips
from terrace_local.workers.video_review import VideoReviewer
from tests.local.test_workers_people import CLEAN, FRAMES, clip_truth, labeled, task

MANY: dict[str, dict[str, Any]] = {
    kind: {kind: 0.2} for kind in ("missing", "shift", "resize", "identity", "wrongClass", "extra")
}


def slipped(**rates: Any) -> SequenceLabels:
    return with_slips(labeled(), Slips(**rates), task())


def rows(labels: SequenceLabels) -> list[dict[str | None, Drawn]]:
    return [{d.object_id: d for d in labels.frames.get(p, [])} for p in range(len(FRAMES))]


def test_without_slips_the_labels_are_the_very_same() -> None:
    labels = labeled()
    assert with_slips(labels, Slips(), task()) is labels


@pytest.mark.parametrize("kind", MANY)
def test_a_slip_is_of_its_kind_and_the_same_every_time(kind: str) -> None:
    labels = slipped(**MANY[kind])
    assert labels.frames == slipped(**MANY[kind]).frames
    changed = [(a, b) for a, b in zip(rows(labeled()), rows(labels), strict=True) if a != b]
    assert 3 <= len(changed) < len(FRAMES)
    for before, after in changed:
        one = next(ident for ident in {*before, *after} if before.get(ident) != after.get(ident))
        was, now = before.get(one), after.get(one)
        if kind == "missing":
            assert now is None
        elif kind == "extra":
            assert was is None
        else:
            assert was is not None
            assert now is not None
            assert (was.label != now.label) == (kind == "wrongClass") or kind == "identity"
            assert (was.shape != now.shape) == (kind in {"shift", "resize", "identity"})


@pytest.mark.parametrize("kind", MANY)
def test_whoever_looks_at_every_frame_repairs_every_slip(kind: str) -> None:
    given = slipped(**MANY[kind])
    review = VideoReviewer(task(), clip_truth(), CLEAN.review).review(given)
    assert review.changed
    for before, after in zip(rows(labeled()), rows(review.labels), strict=True):
        for ident, drawn in before.items():
            assert after[ident].shape == drawn.shape
            assert after[ident].label == drawn.label
        assert set(after) == set(before)


def test_a_track_neither_begins_nor_ends_with_a_slip() -> None:
    labels = slipped(missing=1.0)
    assert rows(labels)[0] == rows(labeled())[0]
    assert rows(labels)[-1] == rows(labeled())[-1]


def test_slips_of_several_frames_are_runs_with_good_frames_between_them() -> None:
    labels = slipped(missing=1.0, frames=(2, 2))
    ident = next(iter(rows(labeled())[0]))
    there = [ident in row for row in rows(labels)]
    assert there[:7] == [True, False, False, True, True, False, False]


def test_a_mix_file_may_name_slips_and_nothing_else() -> None:
    assert mix_from_data({"slips": {"missing": 0.01}}).slips.missing == 0.01
    with pytest.raises(MixError, match="slips has no missed"):
        mix_from_data({"slips": {"missed": 0.01}})
    with pytest.raises(MixError, match="is a share"):
        mix_from_data({"slips": {"missing": 1.5}})
