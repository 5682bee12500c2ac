"""Meaning of `exports[]`: formats that exist, and that can hold what the batch's jobs make.

What would otherwise surface when all people have worked. What the labels themselves decide (a class
name that a format cannot carry, two lanes with one) is said by the export when it is written.
"""

from collections.abc import Sequence
from typing import Any

from pydantic import ValidationError

from terrace.domain import defaults
from terrace.domain.exports.fitting import Material, fits, fitting, of_modality
from terrace.domain.exports.formats import FORMATS
from terrace.domain.request import EXPORTS_MAX, ExportWanted
from terrace.domain.validation_findings import Findings, did_you_mean, shown
from terrace.domain.validation_schema import Draft


def check_exports(sent: object, drafts: Sequence[Draft], found: Findings) -> None:
    """Checks the meaning of every export that is of the right form."""
    if not isinstance(sent, list):
        return
    given: dict[str, int] = {}
    jobs = _materials(drafts)
    for index, raw in enumerate(sent[:EXPORTS_MAX]):
        if found.is_broken("exports", index):
            continue
        try:
            wanted = ExportWanted.model_validate({"format": raw} if isinstance(raw, str) else raw)
        except ValidationError:
            continue
        first = given.setdefault(wanted.format, index)
        if first != index:
            found.add(
                ("exports", index, "format"),
                "EXPORT_TWICE",
                f"{shown(wanted.format)} is wanted already, at $.exports[{first}]",
                "each format once: its files are in one folder",
            )
        _check(index, wanted, jobs, drafts, found)


def _check(
    index: int,
    wanted: ExportWanted,
    jobs: dict[str, Material] | None,
    drafts: Sequence[Draft],
    found: Findings,
) -> None:
    chosen = FORMATS.get(wanted.format)
    if chosen is None:
        known = ", ".join(FORMATS)
        match = found.near(wanted.format, FORMATS)
        found.add(
            ("exports", index, "format"),
            "FORMAT_UNKNOWN",
            f"{shown(wanted.format)} is no format known here",
            f"{did_you_mean(match)}known are {known}",
        )
    if jobs is None:
        # A job that cannot be read might make anything.
        return
    unknown = [name for name in wanted.attributes or [] if name not in jobs]
    for name in unknown:
        place = (wanted.attributes or []).index(name)
        match = found.near(name, jobs)
        found.add(
            ("exports", index, "attributes", place),
            "ATTRIBUTE_UNKNOWN",
            f"no job of the batch writes its labels to {shown(name)}",
            f"{did_you_mean(match)}they write to {', '.join(list(jobs)[:20])}",
        )
    if chosen is None or unknown:
        return
    there = [jobs[name] for name in wanted.attributes or jobs]
    if not any(fits(chosen, material) for material in there):
        found.add(
            ("exports", index, "format"),
            "FORMAT_UNFIT",
            f"{chosen.name} has no place for what these jobs make",
            f"one of {', '.join(fitting(there)) or 'no format here: take it out'}",
        )


def _materials(drafts: Sequence[Draft]) -> dict[str, Material] | None:
    """By label attribute of a job: what its lane is made of. None where not all can be known."""
    made: dict[str, Material] = {}
    for draft in drafts:
        spec: Any = draft.spec
        if draft.modality is None or draft.name is None or not hasattr(spec, "jobModality"):
            return None
        material = of_modality(draft.modality)
        made[defaults.label_attribute_name(spec)] = material
        given = spec.inputConfig.auditLabelAttributeName
        if given is not None:
            # Where its review changes nothing, the label that came with the manifest stands.
            made.setdefault(given, material)
    return made or None
