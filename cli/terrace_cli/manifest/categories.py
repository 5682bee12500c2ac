"""A label category file from words of the command line."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from terrace.domain import categories, category_checks
from terrace.domain.modalities import Modality
from terrace.domain.problems import Problem
from terrace_cli.errors import EXIT_WRONG, TerraceError
from terrace_cli.manifest.lines import refuse

_RANGE = re.compile(r"(-?[0-9]+(?:\.[0-9]+)?)\.\.(-?[0-9]+(?:\.[0-9]+)?)")
_COLOR = re.compile(r"#[0-9a-fA-F]{6}")
HOW = "NAME=one,two,... | NAME=0..10 | NAME=number | NAME=text, and ': what it asks' behind it"


@dataclass(frozen=True)
class Wanted:
    """What the command line says."""

    labels: Sequence[str]
    colors: Sequence[str] = ()
    """`NAME=#rrggbb`."""
    attributes: Sequence[str] = ()
    """`[LABEL.]NAME=...`."""
    frame_attributes: Sequence[str] = ()
    annotation_type: str | None = None
    short_instruction: str | None = None
    full_instruction: str | None = None


def build(wanted: Wanted, modality: Modality, where: str) -> tuple[bytes, list[Problem]]:
    """The file, checked as Terrace checks it at create; and what it would warn of.

    Args:
        wanted: what is to be in it.
        modality: of the jobs that will use it.
        where: it will be, for errors.

    Raises:
        TerraceError: Terrace would refuse it, or the words cannot be understood.
    """
    config: dict[str, Any] = {"document-version": "2018-11-28"}
    entries: dict[str, dict[str, Any]] = {}
    config["labels"] = [{"label": name} for name in wanted.labels]
    for entry in config["labels"]:
        entries.setdefault(entry["label"], entry)
    for text in wanted.colors:
        name, _, color = text.rpartition("=")
        if name not in entries or not _COLOR.fullmatch(color):
            raise _wrong(f"--color {text!r}", f"LABEL=#rrggbb, of {_names(entries)}")
        entries[name]["color"] = color.lower()
    _attributes(config, entries, wanted, modality)
    if wanted.annotation_type is not None and not modality.annotation_types:
        raise _wrong(
            f"--annotation-type {wanted.annotation_type!r}",
            f"none: {modality.name} has one shape",
        )
    if wanted.annotation_type is not None:
        config["annotationType"] = wanted.annotation_type
    elif modality.annotation_types:
        config["annotationType"] = categories.DEFAULT_ANNOTATION_TYPE
    _instructions(config, wanted, modality)
    found = category_checks.check(config, modality, where, as_given=True)
    refuse(found.problems)
    return f"{json.dumps(config, ensure_ascii=False, indent=2)}\n".encode(), found.warnings


def _attributes(
    config: dict[str, Any], entries: dict[str, dict[str, Any]], wanted: Wanted, modality: Modality
) -> None:
    asked = [*wanted.attributes, *wanted.frame_attributes]
    if asked and not modality.frame_categories:
        raise TerraceError(
            f"{modality.name} shows workers no attributes",
            "leave --attribute and --frame-attribute out: only video frames and point clouds have "
            "them",
            EXIT_WRONG,
        )
    if wanted.attributes and not modality.label_attributes:
        raise TerraceError(
            f"{modality.name} shows workers no attributes of labels",
            "--frame-attribute is shown",
            EXIT_WRONG,
        )
    for text in wanted.attributes:
        made = _attribute(text, "--attribute")
        label, dot, name = made["name"].partition(".")
        if dot and label in entries:
            entries[label].setdefault("attributes", []).append({**made, "name": name})
        elif dot:
            raise _wrong(f"--attribute {text!r} of {label!r}", f"a label: {_names(entries)}")
        else:
            config.setdefault("categoryGlobalAttributes", []).append(made)
    for text in wanted.frame_attributes:
        made = _attribute(text, "--frame-attribute")
        # Ground Truth wants one for frames: workers read it.
        made.setdefault("description", f"{made['name']} of this frame")
        config.setdefault("frameAttributes", []).append(made)


def _attribute(text: str, option: str) -> dict[str, Any]:
    """`Moving=yes,no: Does it move?` as Ground Truth writes it."""
    said, colon, description = text.partition(": ")
    name, equals, values = said.partition("=")
    name, values = name.strip(), values.strip()
    made: dict[str, Any] = {"name": name}
    if colon:
        made["description"] = description.strip()
    if not name or (equals and not values):
        raise _wrong(f"{option} {text!r}", HOW)
    span = _RANGE.fullmatch(values)
    if span:
        low, high = (float(one) if "." in one else int(one) for one in span.groups())
        return {**made, "type": "number", "minimum": low, "maximum": high}
    if values == "number":
        return {**made, "type": "number"}
    if values in ("", "text"):
        return {**made, "type": "string"}
    return {**made, "type": "string", "enum": [one.strip() for one in values.split(",")]}


def _instructions(config: dict[str, Any], wanted: Wanted, modality: Modality) -> None:
    short, full = wanted.short_instruction, wanted.full_instruction
    if short is None and full is None:
        return
    if not modality.instructions_in_categories:
        raise TerraceError(
            f"{modality.name} shows workers the instructions of the request",
            "give them there (labelingJobs[].instructions), not in this file",
            EXIT_WRONG,
        )
    config["instructions"] = {
        "shortInstruction": short if short is not None else (full or "")[:254],
        "fullInstruction": full if full is not None else short,
    }


def _names(entries: dict[str, Any]) -> str:
    listed = ", ".join(map(repr, list(entries)[:8]))
    return f"{listed}, ..." if len(entries) > 8 else listed


def _wrong(what: str, right: str) -> TerraceError:
    return TerraceError(f"{what} cannot be understood", f"right would be: {right}", EXIT_WRONG)
