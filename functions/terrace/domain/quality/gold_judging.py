"""Is a label the known one? For every kind of label, with a sentence that says how it differs."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from terrace.domain.label_values import ClassLabel, Label
from terrace.domain.quality import gold_masks
from terrace.domain.quality.gold_masks import Masks
from terrace.domain.quality.metrics import AT, Score, compare, total
from terrace.domain.quality.things import Place, Thing, Things
from terrace.domain.quality.things_reading import of_label

SEQUENCE_ENOUGH = 0.95
"""F1 from which on a sequence is right: of 1,000 boxes in frames, nobody draws all as another."""
Documents = Callable[[str], Any]


@dataclass(frozen=True)
class Judgement:
    """One label, or one worker's answer, compared with the truth."""

    score: float | None
    """F1 of its objects, 0 to 1; 1 or 0 for a class; of a mask the mean IoU of its classes.
    None: it could not be compared.
    """
    right: bool | None
    """True if nothing is missing, too many or of another class (sequences: nearly nothing)."""
    says: str
    """How it differs, or why it could not be compared."""
    byClass: dict[str, Score] = field(default_factory=dict)


def judge(
    truth: Label,
    given: Label | Things,
    *,
    least: float = AT,
    documents: Documents | None = None,
    masks: Masks | None = None,
) -> Judgement:
    """Compares a label, or a worker's answer, with the known label of its item.

    Worked number: 4 known boxes, 4 labeled, 3 of them alike enough: F1 2 x 3 / 8 = 0.75; not right.

    Args:
        truth: the known label.
        given: the item's label; or a worker's answer, of which only the frames that it has count.
        least: likeness (for boxes: IoU) from which on an object is the known one.
        documents: gives the parsed SeqLabel.json for the URI of a label of frames.
        masks: gives the bytes of the PNG, or of a cloud's zlib file, for the URI of a mask.
    """
    known = _read(truth, documents)
    labeled = given if isinstance(given, Things) else _read(given, documents)
    if isinstance(given, Label):
        known, labeled = _one_naming(truth, given, known, labeled)
    elif known.shape == labeled.shape == "frames" and known.content is None:
        keys = {place.key for place in labeled.places}
        known = replace(known, places=tuple(p for p in known.places if p.key in keys))
    if isinstance(given, Things) and given.shape == "class" and _nameless(truth):
        return _not_compared(
            "the known class has a number and no name, which no label of the job has either"
        )
    if known.shape != labeled.shape:
        return _not_compared(
            f"it is a label of {labeled.shape}, and the known one of {known.shape}"
        )
    if known.shape == "custom":
        right = known.content == labeled.content
        return Judgement(float(right), right, "" if right else "its content is another")
    if known.content is not None or labeled.content is not None:
        if known.content == labeled.content:
            return Judgement(1.0, True, "")
        if masks is not None and isinstance(given, Label) and known.shape == "mask":
            return _by_pixel(truth, given, masks)
        return _not_compared(f"{known.shape} in another file was not read")
    scores = compare(known, labeled, least=least)
    all_of_it = total(scores)
    score = 1.0 if all_of_it.f1 is None else all_of_it.f1
    unread = len(labeled.unreadable)
    right = score >= enough(known) and not unread
    return Judgement(score, right, "" if right else _says(known, labeled, all_of_it), scores)


def enough(truth: Label | Things) -> float:
    """The score from which on a label is right: 1, but 0.95 for a sequence, 0.8 for a mask."""
    shape = truth.shape if isinstance(truth, Things) else of_label(truth).shape
    return {"frames": SEQUENCE_ENOUGH, "mask": gold_masks.ENOUGH}.get(shape, 1.0)


def _by_pixel(truth: Label, given: Label, masks: Masks) -> Judgement:
    try:
        scores = gold_masks.compare_masks(truth, given, masks)
    except ValueError as error:
        return _not_compared(f"a mask cannot be compared: it {error}")
    score = gold_masks.mask_score(scores)
    right = score >= gold_masks.ENOUGH
    return Judgement(score, right, "" if right else f"mean IoU of its classes {score:.2f}", scores)


def _read(label: Label, documents: Documents | None) -> Things:
    found = of_label(label)
    if found.shape == "frames" and documents is not None and found.content is not None:
        return of_label(label, documents(found.content))
    return found


def _one_naming(
    truth: Label, given: Label, known: Things, labeled: Things
) -> tuple[Things, Things]:
    """Both classes by number where one has no name: hand-made gold often has none."""
    one, other = truth.value, given.value
    if not isinstance(one, ClassLabel) or not isinstance(other, ClassLabel):
        return known, labeled
    if one.name is not None and other.name is not None:
        return known, labeled
    numbers = [
        replace(things, places=(Place((Thing("class", f"class {value.number}"),)),))
        for things, value in ((known, one), (labeled, other))
    ]
    return numbers[0], numbers[1]


def _nameless(truth: Label) -> bool:
    """Workers' answers hold names alone."""
    return isinstance(truth.value, ClassLabel) and truth.value.name is None


def _not_compared(why: str) -> Judgement:
    return Judgement(None, None, why)


def _says(known: Things, labeled: Things, score: Score) -> str:
    if known.shape in ("class", "verdict"):
        right, wrong = (
            " and ".join(repr(thing.label) for place in things.places for thing in place.things)
            for things in (known, labeled)
        )
        return f"labeled {wrong}, and it is {right}"
    what = {"classes": "classes", "spans": "entities"}.get(known.shape, "objects")
    parts = [f"{score.right} of {score.truth} known {what} found"]
    if score.labels > score.right:
        parts.append(f"{score.labels - score.right} that are not there or not so")
    if labeled.unreadable:
        parts.append(f"{len(labeled.unreadable)} that cannot be read")
    return ", ".join(parts)
