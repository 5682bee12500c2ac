"""People who label, verify and adjust boxes on images."""

from dataclasses import dataclass

from terrace_local.ground_truth.categories import Categories
from terrace_local.workers.crew import Person
from terrace_local.workers.mix import ErrorMix
from terrace_local.workers.seeds import chance, coin
from terrace_local.workers.shapes import Box, Shape, iou
from terrace_local.workers.truth import ImageTruth
from terrace_local.workers.verdicts import verification_words

Boxes = list[tuple[str, Box]]

SAME_THING = 0.1
_COMMENTS = {
    "missed": "An object is not labeled.",
    "shape": "A label does not fit its object.",
    "class": "An object has the wrong label.",
    "any": "The labels are not right.",
}


@dataclass(frozen=True)
class ImageTask:
    """One image in one person's hands; ``seed`` fixes every choice made in it."""

    width: int
    height: int
    person: Person
    mix: ErrorMix
    seed: tuple[object, ...]

    def on_picture(self, shape: Shape) -> Box | None:
        """The box as it can be drawn, in whole pixels; None when it lies outside."""
        inside = shape.inside(self.width, self.height)
        return inside.rounded() if isinstance(inside, Box) else None


@dataclass(frozen=True)
class ImageFault:
    """One error found: ``missed``, ``shape`` or ``class`` (a box too many is a ``shape``)."""

    kind: str
    slot: int | None
    label: str | None
    box: Box | None


def label_image(truth: ImageTruth, categories: Categories, task: ImageTask) -> Boxes:
    """What a person draws who was asked for all boxes of these classes."""
    errors, care = task.mix.label, task.person.care
    drawn: Boxes = []
    for number, (label, box) in enumerate(truth.objects):
        right = categories.index_of(label)
        if right is None:
            continue
        rng = chance(*task.seed, "object", number)
        # Every draw happens in any case, so that one rate does not change what another does.
        dice = [rng.random() for _ in range(4)]
        factor, slip = rng.uniform(*errors.looseFactor), rng.uniform(*errors.driftSize) / 2
        missed = dice[0] < errors.missedObject * care
        grown = factor if dice[1] < errors.looseBox * care else 1.0
        reach = slip if dice[2] < errors.drift * care else 0.0
        others = [i for i in range(len(categories.labels)) if i != right]
        other = rng.choice(others) if others else right
        index = other if dice[3] < errors.wrongClass * care else right
        dx = task.person.bias[0] + box.size * (rng.gauss(0, errors.jitter * care) + reach)
        dy = task.person.bias[1] + box.size * rng.gauss(0, errors.jitter * care)
        visible = task.on_picture(box.grown(grown).moved(dx, dy))
        if not missed and visible is not None:
            drawn.append((categories.names[index], visible))
    return drawn


def find_faults(
    given: Boxes, truth: ImageTruth, labels: list[str], task: ImageTask
) -> list[ImageFault]:
    """The errors in labels that this person sees; classes the job does not know do not count."""
    known = [
        (label, box)
        for label, box in truth.objects
        if label.lower() in {name.lower() for name in labels}
    ]
    pairs = sorted(
        ((iou(box, real), i, j) for i, (_, box) in enumerate(given) for j, (_, real) in
         enumerate(known)),
        key=lambda pair: (-pair[0], pair[1], pair[2]),
    )  # fmt: skip
    matched: dict[int, tuple[int, float]] = {}
    for score, slot, order in pairs:
        taken = {real for real, _ in matched.values()}
        if score >= SAME_THING and slot not in matched and order not in taken:
            matched[slot] = (order, score)
    faults = []
    for slot, (label, _) in enumerate(given):
        if slot not in matched:
            faults.append(ImageFault("shape", slot, None, None))
            continue
        order, score = matched[slot]
        real_label, real = known[order]
        if label.lower() != real_label.lower():
            faults.append(ImageFault("class", slot, real_label, real))
        if score < task.mix.review.acceptedLikeness:
            faults.append(ImageFault("shape", slot, real_label, real))
    for order, (label, real) in enumerate(known):
        if order not in {o for o, _ in matched.values()}:
            faults.append(ImageFault("missed", None, label, real))
    share = min(1.0, task.mix.review.findShare * (2 - task.person.care))
    return [f for n, f in enumerate(faults) if coin(share, *task.seed, "see", n, f.kind)]


def verify_image(
    given: Boxes, truth: ImageTruth | None, verdicts: list[str], task: ImageTask,
    classes: list[str],
) -> tuple[int, str | None]:  # fmt: skip
    """A person's verdict on an image's boxes: (class index of the verdict, comment if any).

    Args:
        given: The boxes under review.
        truth: What is really there; None: the verdict is a guess.
        verdicts: The verification job's labels.
        task: The image and the person.
        classes: The classes that the boxes under review could have.
    """
    if truth is None:
        return give_verdict(guess_fault(task), verdicts, task)
    faults = find_faults(given, truth, classes, task)
    return give_verdict(first_fault([fault.kind for fault in faults], task), verdicts, task)


def guess_fault(task: ImageTask) -> str | None:
    """What a person finds wrong who does not know what is right: ``any``, or None."""
    return "any" if coin(task.mix.review.guessedFailShare, *task.seed, "guess") else None


def first_fault(kinds: list[str], task: ImageTask) -> str | None:
    """The first fault seen; sometimes a false alarm (``any``) where there is none."""
    if kinds:
        return kinds[0]
    alarm = coin(task.mix.review.falseAlarm * task.person.care, *task.seed, "alarm")
    return "any" if alarm else None


def give_verdict(kind: str | None, verdicts: list[str], task: ImageTask) -> tuple[int, str | None]:
    """(Class index of the verdict, comment if any) for a kind of fault, or for None.

    Args:
        kind: ``missed``, ``shape``, ``class`` or ``any``.
        verdicts: The verification job's labels.
        task: The image and the person.
    """
    good, bad = verification_words(verdicts)
    review = task.mix.review
    if kind is None:
        return good, None
    says_why = coin(review.commentShare, *task.seed, "comment")
    return bad[kind], _COMMENTS[kind] if says_why else None


def adjust_image(
    given: Boxes, truth: ImageTruth | None, categories: Categories, task: ImageTask
) -> tuple[Boxes, bool]:
    """The boxes after a person looked for errors to repair, and whether anything was changed."""
    if truth is None:
        return list(given), False
    review = task.mix.review
    after: dict[int, tuple[str, Box]] = dict(enumerate(given))
    added: Boxes = []
    changed = False
    for number, fault in enumerate(find_faults(given, truth, categories.names, task)):
        if not coin(review.repairShare, *task.seed, "repair", number, fault.kind):
            continue
        changed = True
        if fault.label is None or fault.box is None:
            after.pop(fault.slot if fault.slot is not None else -1, None)
            continue
        rng = chance(*task.seed, "precise", number)
        reach = fault.box.size * review.precision
        moved = fault.box.moved(rng.gauss(0, reach), rng.gauss(0, reach))
        box = task.on_picture(moved) or fault.box
        index = categories.index_of(fault.label)
        label = categories.names[index] if index is not None else fault.label
        if fault.slot is None:
            added.append((label, box))
        elif fault.kind == "class":
            after[fault.slot] = (label, after[fault.slot][1])
        else:
            after[fault.slot] = (after[fault.slot][0], box)
    return [*after.values(), *added], changed
