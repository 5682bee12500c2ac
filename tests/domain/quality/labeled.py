"""Items with one label each, as the checks of whole items get them."""

from typing import Any

from terrace.domain.label_values import (
    Box,
    BoxesLabel,
    ClassLabel,
    Cuboid,
    CuboidsLabel,
    Label,
    LabeledItem,
    MaskLabel,
    Span,
    SpansLabel,
    Value,
)

ATTRIBUTE = "label"
TYPES: dict[type[Any], str] = {
    BoxesLabel: "groundtruth/object-detection",
    ClassLabel: "groundtruth/image-classification",
    SpansLabel: "groundtruth/text-span",
    CuboidsLabel: "groundtruth/point_cloud_object_detection",
    MaskLabel: "groundtruth/semantic-segmentation",
}


def item(
    value: Value | None, number: int = 1, *, folder: str = "a", text: str | None = None, **more: Any
) -> LabeledItem:
    """A line of an output manifest; `text` makes it a text in the line."""
    data = {"source-ref": f"s3://b/{folder}/{number:06}.jpg"}
    if text is not None:
        data = {"source": text}
    labels = {}
    if value is not None:
        kind = more.get("type") or TYPES.get(type(value), "groundtruth/custom")
        labels[ATTRIBUTE] = Label(ATTRIBUTE, kind, value, None, None, True, None)
    return LabeledItem(number, data, labels, more.get("failures", {}))


def boxes(
    *given: tuple[float, float, float, float],
    label: str = "dog",
    size: tuple[int, int] | None = (1000, 1000),
) -> BoxesLabel:
    """Boxes of one class: (left, top, width, height)."""
    return BoxesLabel(tuple(Box(0, *one) for one in given), {0: label}, size)


def klass(name: str, confidence: float | None = None) -> ClassLabel:
    """A class of a whole item."""
    return ClassLabel(0, name, confidence)


def spans(*given: tuple[int, int, str]) -> SpansLabel:
    """Entities of a text: (start, end, label)."""
    return SpansLabel(tuple(Span(*one, None) for one in given), ())


def cuboids(*sizes: tuple[float, float, float], label: str = "car") -> CuboidsLabel:
    """Cuboids of one class by their sizes."""
    made = tuple(
        Cuboid(0, f"{label}:{n}", (0.0, 0.0, 0.0), size, (0.0, 0.0, 0.0), {})
        for n, size in enumerate(sizes, 1)
    )
    return CuboidsLabel(made, {0: label})
