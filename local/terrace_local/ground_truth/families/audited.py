"""The label under review, which all reviews need on every line they are to judge."""

import re
from collections.abc import Iterator
from typing import Any

from terrace_local.ground_truth.families.base import ItemProblem, Prepared
from terrace_local.ground_truth.masks import BACKGROUND
from terrace_local.ground_truth.s3files import InputProblem

_IN_TEMPLATE = re.compile(
    r"""manifestLine\s*(?:\.\s*([A-Za-z0-9][\w-]*)|\[\s*["']([^"']+)["']\s*\]|\[\s*([\w-]+)\s*\])"""
)
_HEX = re.compile(r"#[0-9A-Fa-f]{6}")
_ASSIGNED = re.compile(r"""\{%-?\s*assign\s+([\w-]+)\s*=\s*["']([^"']+)["']""")


def check_old_labels(prepared: Prepared) -> None:
    """Checks what makes a whole review job impossible.

    Raises:
        InputProblem: when the review would overwrite what it reviews, or its category file lacks
            a label of the job under review.
    """
    check_other_attribute(prepared)
    missing = sorted(set(old_classes(prepared)) - set(prepared.categories.names))
    if missing:
        raise InputProblem(
            "ClientError: The label category configuration file must hold all labels of the "
            f"audited job; it lacks {', '.join(missing)}."
        )


def check_other_attribute(prepared: Prepared) -> None:
    """Checks that the review does not overwrite what it reviews.

    Raises:
        InputProblem: when it would.
    """
    if prepared.audited == prepared.attribute:
        raise InputProblem(
            f"ClientError: LabelAttributeName {prepared.attribute} must differ from the audited "
            "label attribute."
        )


def old_classes(prepared: Prepared) -> list[str]:
    """The classes that the labels under review have anywhere in the manifest.

    A line's map may hold only the classes on that line, so one line is not enough.
    """
    names: set[str] = set()
    for metadata in _old_metadata(prepared):
        # 3D object detection alone spells it class_map.
        for key in ("class-map", "class_map"):
            if isinstance(metadata.get(key), dict):
                names |= {str(name) for name in metadata[key].values()}
        # Of 3D segmentation; its class 0 is the background.
        colors = metadata.get("color-map")
        for number, entry in colors.items() if isinstance(colors, dict) else ():
            if number != "0" and isinstance(entry, dict):
                names.add(str(entry.get("class-name")))
    return sorted(names | set(old_colors(prepared)))


def old_colors(prepared: Prepared) -> dict[str, str]:
    """Class -> hex colour in the masks under review.

    Raises:
        InputProblem: when a mask's metadata has classes without a colour: workers cannot be
            shown it.
    """
    colors: dict[str, str] = {}
    for metadata in _old_metadata(prepared):
        color_map = metadata.get("internal-color-map")
        for entry in color_map.values() if isinstance(color_map, dict) else ():
            name, color = str(entry.get("class-name")), entry.get("hex-color")
            if not isinstance(color, str) or not _HEX.fullmatch(color):
                raise InputProblem(
                    f"ClientError: The metadata of {prepared.audited} has no hex-color for "
                    f"{name}; masks cannot be reviewed without."
                )
            if name != BACKGROUND:
                colors[name] = color.lower()
    return colors


def _old_metadata(prepared: Prepared) -> Iterator[dict[str, Any]]:
    for index in prepared.todo:
        metadata = prepared.lines[index].data.get(f"{prepared.audited}-metadata")
        if isinstance(metadata, dict):
            yield metadata


def audited_in_template(template: str | None, prepared: Prepared) -> str:
    """The attribute that an image review's template shows to workers.

    Raises:
        InputProblem: when neither the template nor the lines say which one it is.
    """
    assigned = dict(_ASSIGNED.findall(template or ""))
    for match in _IN_TEMPLATE.finditer(template or ""):
        named = match.group(1) or match.group(2) or assigned.get(match.group(3), "")
        name = named.removesuffix("-metadata")
        if name and name not in ("source", "source-ref"):
            return name
    candidates = {
        key.removesuffix("-metadata")
        for index in prepared.todo
        for key, value in prepared.lines[index].data.items()
        if key.endswith("-metadata")
        and isinstance(value, dict)
        and value.get("type") == prepared.task_type.audited_type
    }
    if len(candidates) == 1:
        return candidates.pop()
    raise InputProblem(
        "ClientError: The worker template does not say which label attribute is reviewed: it "
        "needs task.input.manifestLine.<label attribute>."
    )


def audited_metadata(prepared: Prepared, index: int) -> dict[str, Any]:
    """Metadata of the label under review on one line.

    Raises:
        ItemProblem: when the line has no such label, or one of another task type.
    """
    line = prepared.lines[index].data
    audited = prepared.audited or ""
    metadata = line.get(f"{audited}-metadata")
    if audited not in line or not isinstance(metadata, dict):
        raise ItemProblem(
            f"ClientError: The data object has no label attribute {audited} to review."
        )
    want = prepared.task_type.audited_type
    if metadata.get("type") != want:
        raise ItemProblem(
            f"ClientError: The label attribute {audited} is of type {metadata.get('type')}, "
            f"expected {want}."
        )
    return metadata
