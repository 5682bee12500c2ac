"""People who paint masks, judge them and repair them."""

from PIL import Image

from terrace_local.ground_truth.masks import Colors, area, likeness, paint
from terrace_local.workers.image_work import Boxes, ImageTask
from terrace_local.workers.seeds import chance, coin


def repair_mask(
    given: Image.Image, truth: Boxes, colors: Colors, task: ImageTask
) -> tuple[Image.Image, bool]:
    """The mask after a person looked for classes that are not right, and whether any was changed.

    Args:
        given: The mask under review.
        truth: What is really there; objects of unknown classes do not count.
        colors: The job's classes.
        task: The picture and the person.
    """
    review = task.mix.review
    right = _true_mask(given.size, truth, colors)
    after = given.copy()
    for index, kind in _seen_faults(given, right, colors, task):
        if not coin(review.repairShare, *task.seed, "repair", index, kind):
            continue
        after.paste(0, mask=area(after, index))
        after.paste(index, mask=area(right, index))
    # Repairing one class can paint over another one, so what counts is the result.
    return after, after.tobytes() != given.tobytes()


def find_mask_faults(
    given: Image.Image, truth: Boxes, colors: Colors, task: ImageTask
) -> list[str]:
    """What this person sees wrong with the mask: ``missed`` and ``shape``, class by class."""
    right = _true_mask(given.size, truth, colors)
    return [kind for _, kind in _seen_faults(given, right, colors, task)]


def _true_mask(size: tuple[int, int], truth: Boxes, colors: Colors) -> Image.Image:
    return paint(size, [row for row in truth if row[0] in colors.names], colors)


def _seen_faults(
    given: Image.Image, right: Image.Image, colors: Colors, task: ImageTask
) -> list[tuple[int, str]]:
    """(class index, kind of fault) of each class that is not as it should be."""
    review = task.mix.review
    share = min(1.0, review.findShare * (2 - task.person.care))
    faults = []
    for index in range(1, len(colors.names) + 1):
        if likeness(given, right, index) >= review.acceptedLikeness:
            continue
        kind = "missed" if area(given, index).getbbox() is None else "shape"
        if chance(*task.seed, "see", index, kind).random() < share:
            faults.append((index, kind))
    return faults
