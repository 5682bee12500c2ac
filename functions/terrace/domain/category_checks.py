"""Is a label category file one that Ground Truth can work with? Found out before anybody is paid.

Limits are those of the Ground Truth guide ("label category configuration file"), except where
AWS's own notebooks run with more: those are warnings.
"""

import json
import unicodedata
from dataclasses import dataclass, field
from typing import Any

from terrace.domain.categories import (
    AUDITED,
    LABEL_ATTRIBUTE_KEYS,
    annotation_type,
)
from terrace.domain.modalities import Modality
from terrace.domain.problems import Problem

ATTRIBUTES_MAX = 10
FREE_TEXT_MAX = 5
NAME_MAX = 16
DESCRIPTION_MAX = 128
ENUM_MAX = 10
PROBLEMS_MAX = 50
"""Told of one file: a wrong writer makes the same mistake a million times."""
READ_MAX = 10_000
"""Labels, and attributes of one thing: Terrace's own limit where Ground Truth has none."""
UNSHOWN = frozenset({"Cc", "Cs", "Zl", "Zp"})
"""Unicode categories that break lines or files; joiners and marks of direction are text."""
ENUM_VALUE_MAX = 16
SHORT_INSTRUCTION_MAX = 254
FULL_INSTRUCTION_MAX = 2_047
"""The guide: fewer than 255, and fewer than 2,048 characters."""
_EDITS = ("any", "none")
_VERSIONS = ("2018-11-28", "2020-03-01", "2020-08-15")
_VERSION_KEYS = ("document-version", "documentVersion")
_EXAMPLE = '{"labels": [{"label": "Vehicle"}]}'


@dataclass
class Findings:
    """What is wrong with a file, and what is odd but has been seen to work."""

    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)


def check(config: object, modality: Modality, path: str, *, as_given: bool = False) -> Findings:
    """Everything that is wrong with a label category file for a job of this modality.

    Args:
        config: the file, parsed. Made files (`categories.for_job`) are checked as well, so that
            what Terrace adds stays within the limits too.
        modality: of the job that uses the file.
        path: how problems name the file: its S3 URI.
        as_given: True for a user's file before Terrace has added what the request says: what may
            still come from there is not missing.
    """
    checker = _Checker(modality, path, as_given)
    if isinstance(config, dict):
        checker.characters(config)
        checker.file(config)
    else:
        checker.add("", "CATEGORY_NO_OBJECT", "the file holds no JSON object", _EXAMPLE)
    return checker.found


class _Checker:
    """Walks a file once and collects what it finds."""

    def __init__(self, modality: Modality, path: str, as_given: bool) -> None:
        self.modality = modality
        self.required = modality.instructions_required and not as_given
        self.path = path
        self.found = Findings()

    def add(self, where: str, code: str, problem: str, fix: str) -> None:
        """Something that would fail the job."""
        if len(self.found.problems) >= PROBLEMS_MAX:
            return
        path = f"{self.path} {where}".rstrip()
        self.found.problems.append(Problem(path=path, code=code, problem=problem, fix=fix))

    def warn(self, where: str, code: str, problem: str, fix: str) -> None:
        """Something against the guide that AWS's own examples do."""
        if len(self.found.warnings) >= PROBLEMS_MAX:
            return
        path = f"{self.path} {where}".rstrip()
        self.found.warnings.append(Problem(path=path, code=code, problem=problem, fix=fix))

    def characters(self, config: dict[str, Any]) -> None:
        """Half characters can be written in JSON, as escapes, and nowhere else."""
        try:
            json.dumps(config, ensure_ascii=False).encode()
        except UnicodeEncodeError as error:
            self.add(
                "",
                "CATEGORY_CHARACTER_INVALID",
                f"the file holds half a Unicode character ({error.object[error.start]!a})",
                "write the whole character, or leave it out",
            )

    # --- the file ------------------------------------------------------------------------------
    def file(self, config: dict[str, Any]) -> None:
        self._version(config)
        labels = config.get("labels")
        if self.modality.categories_optional and labels is None:
            labels = []
        elif not isinstance(labels, list) or not labels:
            found = "has no labels" if labels in (None, []) else "has labels that are no list"
            self.add("labels", "CATEGORY_LABELS_MISSING", f"the file {found}", _EXAMPLE)
            labels = []
        self._count(labels)
        labels = labels[:READ_MAX]
        self._names(labels)
        if self.modality.instructions_in_categories:
            self._instructions(config.get("instructions"))
        if not self.modality.frame_categories:
            return
        self._audited(config)
        self._annotation_type(config)
        if not self.modality.label_attributes:
            self._ignored(config, labels)
        shared = self._attributes(config, "categoryGlobalAttributes", "")
        for index, entry in enumerate(labels):
            if isinstance(entry, dict):
                self._label(entry, f"labels[{index}]", shared)
        frames = self._attributes(config, "frameAttributes", "", described=True)
        self._limits(frames, "frameAttributes", "frames")

    def _version(self, config: dict[str, Any]) -> None:
        """Files with another version, or none, are seen to work, so this fails nothing."""
        given = {key: config[key] for key in _VERSION_KEYS if key in config}
        odd = [key for key, value in given.items() if value not in _VERSIONS]
        if odd or len(set(map(str, given.values()))) > 1:
            self.warn(
                odd[0] if odd else _VERSION_KEYS[0],
                "CATEGORY_VERSION_UNKNOWN",
                " and ".join(f"{key} is {_short(value)}" for key, value in given.items()),
                f"one key with one of {', '.join(_VERSIONS)}",
            )

    def _ignored(self, config: dict[str, Any], labels: list[Any]) -> None:
        """Attributes of labels where Ground Truth does not show them to workers."""
        holders = [("", config), *((f"labels[{i}].", e) for i, e in enumerate(labels))]
        for prefix, holder in holders:
            for key in ("categoryGlobalAttributes", *LABEL_ATTRIBUTE_KEYS):
                if isinstance(holder, dict) and holder.get(key) and (prefix or "Global" in key):
                    self.warn(
                        f"{prefix}{key}",
                        "CATEGORY_ATTRIBUTES_IGNORED",
                        f"{self.modality.name} shows workers no attributes of labels",
                        "leave them out; frameAttributes are shown",
                    )

    def _count(self, labels: list[Any]) -> None:
        low, high = self.modality.label_min, self.modality.label_max
        if labels and len(labels) < low:
            self.add(
                "labels",
                "CATEGORY_TOO_FEW_LABELS",
                f"the file has {len(labels)} label(s)",
                f"{self.modality.name} needs at least {low}",
            )
        high = READ_MAX if high is None else high
        if len(labels) > high:
            self.add(
                "labels",
                "CATEGORY_TOO_MANY_LABELS",
                f"the file has {len(labels)} labels",
                f"at most {high} for {self.modality.name}",
            )

    def _names(self, labels: list[Any]) -> None:
        seen: dict[str, int] = {}
        for index, entry in enumerate(labels):
            where = f"labels[{index}]"
            name = entry.get("label") if isinstance(entry, dict) else None
            if not isinstance(name, str) or not name.strip():
                self.add(
                    where,
                    "CATEGORY_LABEL_EMPTY",
                    f"{_short(entry)} names no label",
                    '{"label": "a name"} with a name that is not blank',
                )
                continue
            if any(unicodedata.category(character) in UNSHOWN for character in name):
                self.add(
                    where,
                    "CATEGORY_CHARACTER_INVALID",
                    f"{_short(name)} holds a character that cannot be shown",
                    "leave it out",
                )
            longest = self.modality.label_name_max
            if len(name) > longest:
                self.add(
                    where,
                    "CATEGORY_LABEL_TOO_LONG",
                    f"{name[:80]!r} has {len(name)} characters",
                    f"at most {longest} for {self.modality.name}",
                )
            if name in seen:
                self.add(
                    where,
                    "CATEGORY_LABEL_TWICE",
                    f"{name!r} is labels[{seen[name]}] already",
                    "name every label once",
                )
            seen.setdefault(name, index)

    def _audited(self, config: dict[str, Any]) -> None:
        if self.modality.review is None and config.get(AUDITED) is not None:
            self.add(
                AUDITED,
                "CATEGORY_AUDITED_ATTRIBUTE_UNEXPECTED",
                f"the file reviews the label {_short(config[AUDITED])}, and "
                f"{self.modality.name} makes new labels",
                f"remove the key, or use {self.modality.name}Audit or another review modality",
            )

    def _annotation_type(self, config: dict[str, Any]) -> None:
        known = self.modality.annotation_types
        if not known and "annotationType" in config:
            self.warn(
                "annotationType",
                "CATEGORY_ANNOTATION_TYPE_IGNORED",
                f"annotationType is {_short(config['annotationType'])}",
                f"leave it out: {self.modality.name} has one shape",
            )
        if known and annotation_type(config) not in known:
            self.add(
                "annotationType",
                "CATEGORY_ANNOTATION_TYPE_UNKNOWN",
                f"annotationType is {_short(config.get('annotationType'))}",
                f"one of {', '.join(known)}",
            )

    def _instructions(self, given: object) -> None:
        if given is None:
            if self.required:
                self._instruction_missing("instructions")
            return
        if not isinstance(given, dict):
            self.add(
                "instructions",
                "CATEGORY_INSTRUCTIONS_INVALID",
                f"instructions are {_short(given)}",
                'an object: {"shortInstruction": "...", "fullInstruction": "..."}',
            )
            return
        limits = {
            "shortInstruction": SHORT_INSTRUCTION_MAX,
            "fullInstruction": FULL_INSTRUCTION_MAX,
        }
        for key, longest in limits.items():
            text = given.get(key, "")
            if self.required and (text is None or text == ""):
                self._instruction_missing(f"instructions.{key}")
            elif not isinstance(text, str):
                self.add(
                    f"instructions.{key}",
                    "CATEGORY_INSTRUCTIONS_INVALID",
                    f"{key} is {_short(text)}",
                    "a text",
                )
            elif len(text) > longest:
                self.add(
                    f"instructions.{key}",
                    "CATEGORY_INSTRUCTIONS_TOO_LONG",
                    f"{key} has {len(text)} characters",
                    f"at most {longest}",
                )

    def _instruction_missing(self, where: str) -> None:
        self.add(
            where,
            "CATEGORY_INSTRUCTIONS_MISSING",
            "is missing",
            f"{self.modality.name} needs both instructions: give instructions.shortInstruction "
            "and instructions.fullInstruction in the request, or in this file",
        )

    # --- attributes ----------------------------------------------------------------------------
    def _label(self, entry: dict[str, Any], where: str, shared: list[dict[str, Any]]) -> None:
        self._edits(entry, where)
        used = [key for key in LABEL_ATTRIBUTE_KEYS if entry.get(key)]
        if len(used) > 1:
            self.add(
                where,
                "CATEGORY_ATTRIBUTES_TWICE",
                f"the label has both {used[0]} and {used[1]}",
                "use one of them, everywhere in the file",
            )
        own = [a for key in used for a in self._attributes(entry, key, f"{where}.")]
        names = [attribute["name"] for attribute in shared if attribute.get("name")]
        for attribute in own:
            if attribute.get("name") in names:
                self.add(
                    where,
                    "CATEGORY_ATTRIBUTE_TWICE",
                    f"the attribute {_short(attribute.get('name'))} is in "
                    "categoryGlobalAttributes already",
                    "name every attribute of a label once",
                )
        self._limits([*shared, *own], where, "a label, those for all labels included")

    def _attributes(
        self, holder: dict[str, Any], key: str, prefix: str, *, described: bool = False
    ) -> list[dict[str, Any]]:
        """The attributes under a key, each checked by itself."""
        where = f"{prefix}{key}"
        given = holder.get(key)
        if given is None:
            return []
        if not isinstance(given, list):
            self.add(where, "CATEGORY_ATTRIBUTES_INVALID", f"{key} is {_short(given)}", "a list")
            return []
        good: list[dict[str, Any]] = []
        seen: set[str] = set()
        if len(given) > READ_MAX:
            self.add(where, "CATEGORY_TOO_MANY_ATTRIBUTES", f"there are {len(given)}", "10 or less")
        for index, attribute in enumerate(given[:READ_MAX]):
            spot = f"{where}[{index}]"
            if not isinstance(attribute, dict):
                self.add(
                    spot,
                    "CATEGORY_ATTRIBUTES_INVALID",
                    f"the attribute is {_short(attribute)}",
                    'an object: {"name": "Moving", "type": "string", "enum": ["Yes", "No"]}',
                )
                continue
            good.append(attribute)
            self._attribute(attribute, spot, described)
            name = attribute.get("name")
            if isinstance(name, str):
                if name in seen:
                    self.add(
                        spot,
                        "CATEGORY_ATTRIBUTE_TWICE",
                        f"{name!r} is there already",
                        "name every attribute once",
                    )
                seen.add(name)
        return good

    def _attribute(self, attribute: dict[str, Any], spot: str, described: bool) -> None:
        name = attribute.get("name")
        if not isinstance(name, str) or not name.strip():
            self.add(spot, "CATEGORY_ATTRIBUTE_UNNAMED", "the attribute has no name", 'add "name"')
        elif len(name) > NAME_MAX:
            # AWS's own notebook has Number_Of_Vehicles (18), so this cannot fail a job.
            self.warn(
                spot,
                "CATEGORY_ATTRIBUTE_NAME_LONG",
                f"the name {name[:80]!r} has {len(name)} characters",
                f"the guide allows {NAME_MAX}; AWS's own examples use a few more",
            )
        kind = attribute.get("type")
        if kind not in ("string", "number"):
            self.add(
                spot,
                "CATEGORY_ATTRIBUTE_TYPE_UNKNOWN",
                f"the type is {_short(kind)}",
                '"string" or "number"',
            )
        description = attribute.get("description")
        if description is None and described:
            self.add(
                spot,
                "CATEGORY_DESCRIPTION_MISSING",
                "the attribute has no description",
                "attributes of frames need one: workers read it",
            )
        elif description is not None and (
            not isinstance(description, str) or len(description) > DESCRIPTION_MAX
        ):
            self.add(
                spot,
                "CATEGORY_DESCRIPTION_INVALID",
                f"the description is {_short(description)}",
                f"a text of at most {DESCRIPTION_MAX} characters",
            )
        self._edits(attribute, spot)
        self._enum(attribute, spot)
        self._range(attribute, spot)

    def _enum(self, attribute: dict[str, Any], spot: str) -> None:
        if "enum" not in attribute:
            return
        values = attribute["enum"]
        if attribute.get("type") == "number":
            self.add(spot, "CATEGORY_ENUM_ON_NUMBER", "a number has an enum", '"type": "string"')
        texts = isinstance(values, list) and all(isinstance(v, str) and v for v in values)
        if not texts or not values:
            self.add(
                spot, "CATEGORY_ENUM_INVALID", f"enum is {_short(values)}", "a list of 1-10 texts"
            )
            return
        long = [v for v in values if len(v) > ENUM_VALUE_MAX]
        if len(values) > ENUM_MAX or long or len(set(values)) < len(values):
            self.add(
                spot,
                "CATEGORY_ENUM_INVALID",
                f"enum has {len(values)} values"
                + (f", one of them {long[0][:40]!r}" if long else "")
                + (", some of them twice" if len(set(values)) < len(values) else ""),
                f"at most {ENUM_MAX} different values of at most {ENUM_VALUE_MAX} characters",
            )

    def _range(self, attribute: dict[str, Any], spot: str) -> None:
        low, high = attribute.get("minimum"), attribute.get("maximum")
        numbers = [n for n in (low, high) if n is not None]
        if any(isinstance(n, bool) or not isinstance(n, int | float) for n in numbers) or (
            len(numbers) == 2 and numbers[0] > numbers[1]
        ):
            self.add(
                spot,
                "CATEGORY_RANGE_INVALID",
                f"minimum is {_short(low)} and maximum {_short(high)}",
                "two numbers, the smaller first",
            )

    def _edits(self, holder: dict[str, Any], spot: str) -> None:
        edits = holder.get("editsAllowed", "any")
        if edits not in _EDITS:
            self.add(
                spot,
                "CATEGORY_EDITS_UNKNOWN",
                f"editsAllowed is {_short(edits)}",
                '"any" or "none"',
            )

    def _limits(self, attributes: list[dict[str, Any]], where: str, of: str) -> None:
        if len(attributes) > ATTRIBUTES_MAX:
            self.add(
                where,
                "CATEGORY_TOO_MANY_ATTRIBUTES",
                f"there are {len(attributes)} attributes",
                f"at most {ATTRIBUTES_MAX} for {of}; Terrace's own verdict counts as one",
            )
        free = [a for a in attributes if a.get("type") == "string" and "enum" not in a]
        if len(free) > FREE_TEXT_MAX:
            self.add(
                where,
                "CATEGORY_TOO_MANY_FREE_TEXTS",
                f"there are {len(free)} attributes with free text",
                f"at most {FREE_TEXT_MAX} for {of}; give the others an enum",
            )


def _short(value: object) -> str:
    """A value as problems quote it: never more than a line of it."""
    text = repr(value)
    return text if len(text) <= 100 else f"{text[:97]}..."
