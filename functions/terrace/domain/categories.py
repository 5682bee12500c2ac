"""Label category files: what each kind of job is given, made from what the user gave.

A label job gets the file as it is, with the request's instructions where workers read them there.
A review of frames gets the same labels, the name of the reviewed attribute, and the attributes in
which reviewers say Pass or Fail. A review of image labels by verdict gets the verdicts in the place
of classes. A Custom job's file that names keypoints gets labels of the same names. Keys that
Terrace does not know are kept. Checks are in `category_checks`.
"""

import copy
from collections.abc import Iterator
from typing import Any

from terrace.domain.modalities import Modality
from terrace.domain.problems import Problem
from terrace.domain.request import Instructions

Config = dict[str, Any]

AUDITED = "auditLabelAttributeName"
KEYPOINTS = "keypointClasses"
"""In a Custom job's file: the points of a skeleton, `[{id, color, label, x, y}]`."""
LABEL_ATTRIBUTE_KEYS = ("categoryAttributes", "attributes")
"""The guide's name for a label's attributes, and the one of AWS's notebooks."""
PASS, FAIL = "Pass", "Fail"
VERDICT_NAME = "audit"
FRAME_VERDICT_NAME = "Frame_Quality"
DEFAULT_ANNOTATION_TYPE = "BoundingBox"
NO_EDITS = "none"


def label_names(config: Config) -> list[str]:
    """The labels of a file, in its order; their positions are the class ids."""
    return [
        entry["label"]
        for entry in _objects(config.get("labels"))
        if isinstance(entry.get("label"), str)
    ]


def annotation_type(config: Config) -> str:
    """The shape that workers draw; Ground Truth's default where the file does not say."""
    return str(config.get("annotationType") or DEFAULT_ANNOTATION_TYPE)


def default_verdicts() -> Config:
    """The category file of a verification whose author gave none."""
    return {
        "document-version": "2018-11-28",
        "labels": [{"label": PASS}, {"label": FAIL}],
    }


def for_job(
    modality: Modality,
    *,
    own: Config | None,
    inherited: Config | None,
    audited_attribute: str | None,
    instructions: Instructions | None,
) -> Config:
    """The category file that a labeling job is created with.

    Args:
        modality: of the job.
        own: the file that the user gave this very job, if any.
        inherited: the file that the nearest earlier job of the lane that makes or changes
            labels was created with (not a `verdict_labels` one: those hold no classes).
        audited_attribute: the label attribute under review; None for a label job.
        instructions: of the request; they win over the file's.

    Raises:
        ValueError: where neither file says which labels there are.
    """
    if modality.verdict_labels:
        made = copy.deepcopy(own) if own is not None else default_verdicts()
    else:
        source = own if own is not None else inherited
        if source is None:
            raise ValueError("no label category file: neither its own nor an inherited one")
        made = copy.deepcopy(source)
    if modality.custom:
        _name_keypoints(made)
    if modality.instructions_in_categories:
        _put_instructions(made, instructions)
    if modality.review is None or not modality.frame_categories:
        return made
    made[AUDITED] = audited_attribute
    if modality.review == "adjustment":
        _unlock_verified(made)
    elif modality.review == "audit":
        _unlock_verified(made)
        _add_verdicts(made, modality)
    else:
        _lock(made)
        _add_verdicts(made, modality)
    return made


def is_skeleton(config: Config | None) -> bool:
    """True for a Custom job's file that asks for the points of a skeleton."""
    return bool(config and config.get(KEYPOINTS))


def _name_keypoints(config: Config) -> None:
    """Labels for a skeleton's points: Ground Truth and its functions read `labels` only."""
    if config.get(KEYPOINTS) and "labels" not in config:
        names = [p["label"] for p in _objects(config[KEYPOINTS]) if isinstance(p.get("label"), str)]
        config["labels"] = [{"label": name} for name in dict.fromkeys(names)]


def compatible(previous: Config, given: Config, modality: Modality, path: str) -> list[Problem]:
    """What keeps a file from reviewing labels that were made with another file.

    Ground Truth wants all original labels in it (more may be added), and the same shapes.
    """
    if modality.verdict_labels:
        return []
    found: list[Problem] = []
    lost = [name for name in label_names(previous) if name not in set(label_names(given))]
    if lost:
        found.append(
            Problem(
                path=path,
                code="CATEGORY_LABELS_MISSING",
                problem=f"the file lacks labels of the job under review: {', '.join(lost[:10])}",
                fix="keep every original label; new ones may be added",
            )
        )
    if modality.annotation_types and annotation_type(previous) != annotation_type(given):
        found.append(
            Problem(
                path=path,
                code="CATEGORY_ANNOTATION_TYPE_CHANGED",
                problem=(
                    f"annotationType is {annotation_type(given)}, and the labels under review "
                    f"are {annotation_type(previous)}"
                ),
                fix=f'set "annotationType": "{annotation_type(previous)}"',
            )
        )
    return found


# --- verdicts ----------------------------------------------------------------------------------


def is_verdict(attribute: Config) -> bool:
    """True for an attribute in which a reviewer can say Pass or Fail, however written."""
    values = attribute.get("enum")
    if not isinstance(values, list):
        return False
    return {PASS.lower(), FAIL.lower()} <= {v.lower() for v in values if isinstance(v, str)}


def label_attributes(entry: Config) -> list[Config]:
    """A label's own attributes, under whichever of the two keys the file uses."""
    return [a for key in LABEL_ATTRIBUTE_KEYS for a in _objects(entry.get(key))]


def all_attributes(config: Config) -> Iterator[Config]:
    """Every attribute of a file: global ones, those of labels, and those of frames."""
    yield from _objects(config.get("categoryGlobalAttributes"))
    for entry in _objects(config.get("labels")):
        yield from label_attributes(entry)
    yield from _objects(config.get("frameAttributes"))


def has_verdict(config: Config) -> bool:
    """True if the file asks reviewers for a verdict anywhere."""
    return any(is_verdict(attribute) for attribute in all_attributes(config))


def _add_verdicts(config: Config, modality: Modality) -> None:
    """Asks for Pass or Fail on every label and every frame, unless the file asks already.

    One verdict anywhere is its author's design: AWS's own lane audit has none for frames. Where
    Ground Truth ignores attributes of labels (3D segmentation), only frames are asked about.
    """
    if has_verdict(config):
        for attribute in all_attributes(config):
            if is_verdict(attribute) and attribute.get("editsAllowed") == NO_EDITS:
                del attribute["editsAllowed"]
        return
    labels = list(_objects(config.get("labels")))
    shared = list(_objects(config.get("categoryGlobalAttributes")))
    of_labels = [attribute for entry in labels for attribute in label_attributes(entry)]
    name = _free(VERDICT_NAME, [*shared, *of_labels])
    usual_key = _attributes_key(config)
    for entry in labels if modality.label_attributes else ():
        key = next((k for k in LABEL_ATTRIBUTE_KEYS if entry.get(k)), usual_key)
        verdict = {"name": name, "type": "string", "enum": [PASS, FAIL]}
        entry[key] = [*(entry.get(key) or []), verdict]
    frames = list(_objects(config.get("frameAttributes")))
    config["frameAttributes"] = [
        *frames,
        {
            "name": _free(FRAME_VERDICT_NAME, frames),
            "description": "Are all labels of this frame right, and is none missing?",
            "type": "string",
            "enum": [PASS, FAIL],
        },
    ]


def _attributes_key(config: Config) -> str:
    """The key that the file uses for attributes of labels, or would."""
    for key in LABEL_ATTRIBUTE_KEYS:
        if any(entry.get(key) for entry in _objects(config.get("labels"))):
            return key
    # AWS's notebooks write `document-version` and `attributes`; its guide the other pair.
    return "attributes" if "document-version" in config else "categoryAttributes"


def _free(name: str, attributes: list[Config]) -> str:
    """The name, or the first of `name_2`, `name_3`, ... that no attribute has."""
    taken = {attribute.get("name") for attribute in attributes}
    if name not in taken:
        return name
    number = 2
    while f"{name}_{number}" in taken:
        number += 1
    return f"{name}_{number}"


# --- edits -------------------------------------------------------------------------------------


def _lock(config: Config) -> None:
    """Nothing that exists may be edited; only verdicts can be given."""
    for entry in _objects(config.get("labels")):
        entry["editsAllowed"] = NO_EDITS
    for attribute in all_attributes(config):
        if not is_verdict(attribute):
            attribute["editsAllowed"] = NO_EDITS


def _unlock_verified(config: Config) -> None:
    """Takes back a verification's lock, which a job after it inherits.

    A file in which no label may be edited can only be a verification's: nobody could adjust
    anything. A lock on some labels is its author's wish and stays.
    """
    labels = list(_objects(config.get("labels")))
    if not labels or any(entry.get("editsAllowed") != NO_EDITS for entry in labels):
        return
    for locked in (*labels, *all_attributes(config)):
        locked.pop("editsAllowed", None)


def _put_instructions(config: Config, instructions: Instructions | None) -> None:
    """The request's instructions over the file's; Ground Truth wants both texts or neither."""
    if instructions is None:
        return
    given = config.get("instructions")
    texts = dict(given) if isinstance(given, dict) else {}
    if instructions.shortInstruction is not None:
        texts["shortInstruction"] = instructions.shortInstruction
    if instructions.fullInstruction is not None:
        texts["fullInstruction"] = instructions.fullInstruction
    if texts:
        texts.setdefault("shortInstruction", texts.get("fullInstruction", "")[:254])
        texts.setdefault("fullInstruction", texts["shortInstruction"])
        config["instructions"] = texts


def _objects(value: object) -> Iterator[Config]:
    """The JSON objects of a list; nothing where it is no list."""
    if isinstance(value, list):
        yield from (entry for entry in value if isinstance(entry, dict))
