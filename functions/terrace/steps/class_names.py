"""Names of a lane's classes by their number, for labels that hold numbers only."""

from collections.abc import Callable

from terrace.domain import categories
from terrace.domain.label_values import FramesLabel, LabeledItem
from terrace.domain.records import JobRecord
from terrace.errors import AccessDeniedError, NotFoundError
from terrace.ports import ObjectStore
from terrace.steps.prepare_categories import category_uri

Names = dict[int, str]


def of_lane(
    job: JobRecord, back: Callable[[JobRecord], JobRecord | None], objects: ObjectStore
) -> Names:
    """By their position in the category file of the job, or of the nearest one before it.

    Empty where there is none, or it cannot be read: findings then name classes by number.
    """
    uri = category_uri(job, back)
    if uri is None:
        return {}
    try:
        config = objects.get_json(uri)
    except (NotFoundError, AccessDeniedError, ValueError):
        return {}
    return dict(enumerate(categories.label_names(config))) if isinstance(config, dict) else {}


def of_label(item: LabeledItem, attribute: str, lane: Names) -> Names:
    """The lane's names, and those of the label's own class-map, which hold for it."""
    label = item.labels.get(attribute)
    own = label.value.class_names if label and isinstance(label.value, FramesLabel) else {}
    return {**lane, **own}
