"""People who label video frames: the truth, seen through the error model."""

import random
from dataclasses import replace

from terrace_local.ground_truth.categories import Categories
from terrace_local.workers.answers import frame_answers, label_answers
from terrace_local.workers.crew import Person
from terrace_local.workers.mix import Labeling
from terrace_local.workers.seeds import chance, object_id
from terrace_local.workers.sequence import Assignment, Drawn, Sequence, SequenceLabels
from terrace_local.workers.shapes import KINDS, Shape
from terrace_local.workers.truth import TruthObject, VideoTruth

# People set key frames and the tool fills in between, so their unsteadiness changes slowly.
KEY_FRAME_EVERY = 10

Track = dict[int, Shape]


def relevant(truth: VideoTruth, categories: Categories) -> list[tuple[TruthObject, int]]:
    """The objects that a task asks for, each with its class index."""
    kind = KINDS[categories.annotation_type]
    found = []
    for thing in truth.objects:
        index = categories.index_of(thing.label)
        if thing.kind == kind and index is not None:
            found.append((thing, index))
    return found


def true_track(thing: TruthObject, sequence: Sequence) -> Track:
    """The object's shape by frame position, as far as it lies on the picture."""
    track: Track = {}
    for position, name in enumerate(sequence.frames):
        shape = thing.frames.get(name)
        visible = shape.inside(sequence.width, sequence.height) if shape is not None else None
        if visible is not None:
            track[position] = visible
    return track


def label_sequence(truth: VideoTruth, task: Assignment, errors: Labeling) -> SequenceLabels:
    """What a person draws who was asked to label the sequence; careful people err less."""
    categories, person = task.categories, task.person
    tracks: list[tuple[TruthObject, str, Track]] = []
    for thing, right in relevant(truth, categories):
        rng = chance(*task.seed, "object", thing.object_id)
        track = _with_errors(true_track(thing, task.sequence), errors, person, rng)
        others = [i for i in range(len(categories.labels)) if i != right]
        doubt = chance(*task.seed, "class", thing.object_id)
        is_wrong = bool(others) and doubt.random() < errors.wrongClass * person.care
        index = doubt.choice(others) if is_wrong else right
        if track:
            tracks.append((thing, categories.names[index], track))
    tracks.sort(key=lambda row: (min(row[2]), row[0].object_id))
    rows = _named(tracks, task)
    if task.tracking:
        rows = _with_swaps(rows, errors, task)
    drawn = SequenceLabels()
    for track, pattern in rows:
        for position, shape in track.items():
            visible = shape.inside(task.sequence.width, task.sequence.height)
            if visible is not None:
                drawn.add(position, replace(pattern, shape=visible.rounded()))
    _answer_frames(drawn, task)
    return drawn


def _named(
    tracks: list[tuple[TruthObject, str, Track]], task: Assignment
) -> list[tuple[Track, Drawn]]:
    """Gives every track the identity, name and answers that all its shapes share."""
    counts: dict[str, int] = {}
    rows = []
    for thing, label, track in tracks:
        counts[label] = counts.get(label, 0) + 1
        index = task.categories.names.index(label)
        questions = task.categories.labels[index].attributes
        answers = label_answers(questions, thing.attributes, *task.seed, "answer", thing.object_id)
        ident = object_id(chance(*task.seed, "id", thing.object_id)) if task.tracking else None
        name = f"{label}:{counts[label]}" if task.tracking else None
        first = next(iter(track.values()))
        rows.append((track, Drawn(label, first, ident, name, answers)))
    return rows


def _answer_frames(drawn: SequenceLabels, task: Assignment) -> None:
    if not task.categories.frame_attributes:
        return
    for position in range(len(task.sequence.frames)):
        count = len(drawn.frames.get(position, []))
        answers = frame_answers(task.categories.frame_attributes, count, *task.seed, "frames")
        if answers:
            drawn.frame_attributes[position] = answers


def _with_errors(track: Track, errors: Labeling, person: Person, rng: random.Random) -> Track:
    """The track as drawn; every draw of chance happens in any case, so that one rate does not
    change what another one does."""
    care = person.care
    dice = [rng.random() for _ in range(4)]
    factor = rng.uniform(*errors.looseFactor)
    gap, slide = _run(track, errors, rng), _run(track, errors, rng)
    reach = rng.uniform(*errors.driftSize)
    direction = (rng.choice((-1, 1)) * rng.uniform(0.5, 1), rng.choice((-1, 1)) * rng.random())
    noise = _unsteadiness(track, errors.jitter * care, rng)
    if dice[0] < errors.missedObject * care:
        return {}
    loose = factor if dice[1] < errors.looseBox * care else 1.0
    gap = gap if dice[2] < errors.missedRun * care else range(0)
    slide = slide if dice[3] < errors.drift * care else range(0)
    drawn: Track = {}
    for position, shape in track.items():
        if position in gap:
            continue
        size = shape.size
        dx, dy = person.bias
        nx, ny = noise[position]
        dx, dy = dx + nx * size, dy + ny * size
        if position in slide:
            share = (position - slide.start + 1) / len(slide) * reach * size
            dx, dy = dx + direction[0] * share, dy + direction[1] * share
        drawn[position] = shape.grown(loose).moved(dx, dy)
    return drawn


def _run(track: Track, errors: Labeling, rng: random.Random) -> range:
    if not track:
        return range(0)
    length = rng.randint(int(errors.runFrames[0]), int(errors.runFrames[1]))
    start = rng.choice(sorted(track))
    return range(start, start + length)


def _unsteadiness(
    track: Track, spread: float, rng: random.Random
) -> dict[int, tuple[float, float]]:
    positions = sorted(track)
    if not positions:
        return {}
    count = (positions[-1] - positions[0]) // KEY_FRAME_EVERY + 2
    keys = [(rng.gauss(0, spread), rng.gauss(0, spread)) for _ in range(count)]
    noise = {}
    for position in positions:
        whole, rest = divmod(position - positions[0], KEY_FRAME_EVERY)
        share = rest / KEY_FRAME_EVERY
        (ax, ay), (bx, by) = keys[whole], keys[whole + 1]
        noise[position] = (ax + (bx - ax) * share, ay + (by - ay) * share)
    return noise


def _with_swaps(
    rows: list[tuple[Track, Drawn]], errors: Labeling, task: Assignment
) -> list[tuple[Track, Drawn]]:
    """Lets objects swap their identities: from some frame on each carries the other's name."""
    tracks = [dict(track) for track, _ in rows]
    free = set(range(len(rows)))
    for index in range(len(rows)):
        rng = chance(*task.seed, "swap", index)
        partners = [
            other
            for other in sorted(free - {index})
            if len(set(tracks[index]) & set(tracks[other])) >= 4
        ]
        if index not in free or not partners:
            continue
        if rng.random() >= errors.identitySwap * task.person.care:
            continue
        other = rng.choice(partners)
        shared = sorted(set(tracks[index]) & set(tracks[other]))
        start = rng.choice(shared[1:-1])
        for position in sorted(set(tracks[index]) | set(tracks[other])):
            if position >= start:
                mine, theirs = tracks[index].pop(position, None), tracks[other].pop(position, None)
                if theirs is not None:
                    tracks[index][position] = theirs
                if mine is not None:
                    tracks[other][position] = mine
        free -= {index, other}
    return [(track, pattern) for track, (_, pattern) in zip(tracks, rows, strict=True)]
