"""HOTA, IDF1, MOTA: worked numbers, TrackEval's values, brute force, bounds."""

import json
from itertools import permutations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from terrace.domain.quality.things import Place, Thing, Things
from terrace.domain.quality.things_reading import of_document
from terrace.domain.quality.tracking_metrics import FrameMatch, frames, score, tracks
from tests.domain.quality.trackeval_oracle import FROZEN, SAMPLE, as_json, perturbed

CASES = json.loads(Path(FROZEN).read_text(encoding="utf-8"))


def _matches(case):
    return [
        FrameMatch(
            tuple(frame["truth"]),
            tuple(frame["labels"]),
            np.array(frame["alike"], dtype=float).reshape(
                len(frame["truth"]), len(frame["labels"])
            ),
        )
        for frame in case
    ]


def _sequence(*frames):
    """Frames of {id: (class, left)}; every box is 10 x 10."""
    places = []
    for number, objects in enumerate(frames):
        things = tuple(
            Thing("box", label, (left, 0.0, 10.0, 10.0), id=name)
            for name, (label, left) in objects.items()
        )
        places.append(Place(things, f"{number:06}.jpg", number))
    return Things("frames", tuple(places))


def test_the_worked_number():
    truth = _sequence(*[{"a": ("car", 0.0)}] * 4)
    labels = _sequence(*[{"x": ("car", 0.0)}] * 2, *[{"y": ("car", 0.0)}] * 2)
    found = tracks(truth, labels)
    assert (found.detA, found.assA, found.locA) == (1, 0.5, 1)
    assert found.hota == pytest.approx(0.7071, abs=1e-4)
    assert (found.idf1, found.switches, found.mota) == (0.5, 1, 0.75)


@pytest.mark.parametrize("case", [c for c in CASES if c["frames"]], ids=lambda c: c["name"])
def test_random_tracks_score_as_trackeval_scores_them(case):
    found = score(_matches(case["frames"])).to_dict()
    for name, value in case["scores"].items():
        assert found[name] == pytest.approx(value, abs=1e-12), name


@pytest.mark.skipif(not SAMPLE.exists(), reason="shared/data is not here")
def test_the_aws_sample_with_errors_scores_as_trackeval_scores_it():
    (case,) = (c for c in CASES if c["frames"] is None)
    document = json.loads(SAMPLE.read_text(encoding="utf-8"))
    found = tracks(of_document(document), of_document(perturbed(document))).to_dict()
    for name, value in case["scores"].items():
        assert found[name] == pytest.approx(value, abs=1e-12), name


def test_trackeval_itself_where_it_is_installed():
    pytest.importorskip("trackeval", reason="an oracle for who changes this; values are frozen")
    from tests.domain.quality.trackeval_oracle import judge, numbered, random_case

    for seed in range(100, 130):
        case = numbered(random_case(seed))
        found = score(_matches(case)).to_dict()
        for name, value in judge(case).items():
            assert found[name] == pytest.approx(value, abs=1e-12), (seed, name)


def test_nothing_there():
    empty = score([])
    assert (empty.hota, empty.idf1, empty.mota) == (None, None, None)
    truth = _sequence({"a": ("car", 0.0)})
    nothing_labeled, nothing_true = tracks(truth, _sequence()), tracks(_sequence(), truth)
    assert (nothing_labeled.hota, nothing_labeled.idf1, nothing_labeled.mota) == (0, 0, 0)
    assert (nothing_labeled.idPrecision, nothing_labeled.missed) == (None, 1)
    assert (nothing_true.hota, nothing_true.mota, nothing_true.tooMany) == (0, None, 1)


def test_another_class_is_no_match():
    found = tracks(_sequence({"a": ("car", 0.0)}), _sequence({"a": ("bus", 0.0)}))
    assert (found.hota, found.locA, found.missed, found.tooMany) == (0, None, 1, 1)


def test_the_same_id_twice_in_a_frame_is_two_objects():
    box = Thing("box", "car", (0.0, 0.0, 9.0, 9.0), id="a")
    twice = Things("frames", (Place((box, box), "1.jpg", 0),))
    found = tracks(Things("frames", (Place((box,), "1.jpg", 0),)), twice)
    assert (found.labels, found.tooMany) == (2, 1)
    assert frames(twice, twice)[0].truth == (0, 1)


def test_an_id_that_is_used_for_two_classes_is_two_objects():
    truth = _sequence({"a": ("car", 0.0)}, {"a": ("bus", 0.0)})
    assert [frame.truth for frame in frames(truth, truth)] == [(0,), (1,)]


def test_objects_without_ids_are_tracks_of_one_frame():
    box = Thing("box", "car", (0.0, 0.0, 9.0, 9.0))
    doc = Things("frames", tuple(Place((box,), f"{n}.jpg", n) for n in range(2)))
    (first, second) = frames(doc, doc)
    assert (first.truth, second.truth) == ((0,), (1,))
    assert tracks(doc, doc).hota == 1


OBJECTS = st.dictionaries(
    st.sampled_from("abc"),
    st.tuples(st.sampled_from(["car", "bus"]), st.integers(0, 30).map(float)),
    max_size=3,
)
SEQUENCES = st.lists(OBJECTS, max_size=4).map(lambda found: _sequence(*found))


@settings(deadline=None)
@given(SEQUENCES)
def test_perfect_is_one(sequence):
    found = tracks(sequence, sequence)
    if not sequence.count:
        assert found.hota is None
        return
    assert found.hota == pytest.approx(1)
    assert (found.idf1, found.mota, found.switches) == (1, 1, 0)


@settings(deadline=None)
@given(SEQUENCES, SEQUENCES)
def test_bounds_and_symmetry(truth, labels):
    found, back = tracks(truth, labels), tracks(labels, truth)
    for value in (found.hota, found.detA, found.assA, found.locA, found.idf1):
        assert value is None or 0 <= value <= 1 + 1e-12
    assert found.mota is None or found.mota <= 1
    assert found.idf1 == back.idf1
    assert (found.idPrecision, found.idRecall) == (back.idRecall, back.idPrecision)


@settings(deadline=None)
@given(SEQUENCES, SEQUENCES)
def test_the_names_of_tracks_mean_nothing(truth, labels):
    renamed = Things(
        "frames",
        tuple(
            Place(
                tuple(
                    Thing(t.kind, t.label, t.numbers, {"a": "z", "b": "y", "c": "x"}[t.id])
                    for t in place.things
                ),
                place.frame,
                place.number,
            )
            for place in labels.places
        ),
    )
    assert tracks(truth, renamed) == tracks(truth, labels)


@settings(deadline=None)
@given(SEQUENCES, SEQUENCES)
def test_idf1_by_trying_every_pairing_of_tracks(truth, labels):
    matches = frames(truth, labels)
    count = {}
    for frame in matches:
        for row, one in enumerate(frame.truth):
            for column, other in enumerate(frame.labels):
                if frame.alike[row, column] >= 0.5:
                    count[one, other] = count.get((one, other), 0) + 1
    mine = sorted({one for frame in matches for one in frame.truth})
    theirs = sorted({one for frame in matches for one in frame.labels})
    padded = theirs + [None] * len(mine)
    best = (
        max(
            (
                sum(count.get(pair, 0) for pair in zip(mine, order, strict=True))
                for order in set(permutations(padded, len(mine)))
            ),
            default=0,
        )
        if len(padded) < 8
        else None
    )
    both = truth.count + labels.count
    if best is not None and both:
        assert tracks(truth, labels).idf1 == pytest.approx(2 * best / both)


def test_the_oracle_and_the_reader_number_frames_alike():
    truth = _sequence({"a": ("car", 0.0)}, {"a": ("car", 5.0), "b": ("bus", 9.0)})
    assert [case["truth"] for case in as_json(frames(truth, truth))] == [[0], [0, 1]]
