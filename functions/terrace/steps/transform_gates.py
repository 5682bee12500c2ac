"""What a gate names, looked at before any labeling job is created: classes, verdicts, gold items.

A class that no label can have would let every item pass unseen; a verdict whose name says neither
Pass nor Fail would, too.
"""

import difflib
from collections.abc import Sequence

from terrace.domain import categories, gates_where, modalities
from terrace.domain.problems import Problem
from terrace.domain.quality import gold_truth
from terrace.domain.request import GateWhere, JobSpec
from terrace.errors import AccessDeniedError, NotFoundError, ObjectChangedError
from terrace.ports import Json, ObjectStore

GOLD_LINES_MAX = 10_000
"""Of a gold manifest, looked at here."""
SHOWN_MAX = 5


def gate_problems(objects: ObjectStore, lane: Sequence[JobSpec], path: str) -> list[Problem]:
    """What is wrong with the gate of the first job of a lane.

    Args:
        objects: where category files are.
        lane: the job, the job it chains from, and so on.
        path: of the job in the request.
    """
    gate = lane[0].inputConfig.gate
    if gate is None:
        return []
    path = f"{path}.inputConfig.gate"
    found: list[Problem] = []
    if gate.where is not None:
        found += _labels(objects, gate.where, lane, path)
        found += _verdicts(objects, gate.where, lane[1:], path)
    promised = gate.sample is not None and gate.sample.maxErrorRate is not None
    if promised and modalities.get(lane[0].jobModality).verdict_labels:
        names = _names(objects, lane[0])
        if names is not None and not any(gates_where.verdict_of(n) == "pass" for n in names):
            found.append(
                _one(
                    f"{path}.sample.maxErrorRate",
                    "VERDICT_UNTOLD",
                    f"none of the verdicts of {lane[0].jobName} says that a label is right: "
                    f"{_listed(names)}",
                    "call one of them Pass",
                )
            )
    return found


def gold_problems(
    objects: ObjectStore, uri: str, attribute: str | None, path: str
) -> list[Problem]:
    """What is wrong with a manifest of items with known labels.

    Args:
        objects: where it is.
        uri: of the manifest.
        attribute: that holds the right labels, where a line has several.
        path: of the job in the request.
    """
    path = f"{path}.inputConfig.goldManifestS3Uri ({uri})"
    fix = "a manifest whose lines carry the right label, as Ground Truth writes it"
    lines: list[str] = []
    try:
        for line in objects.read_lines(uri):
            lines.append(line.text)
            if len(lines) > GOLD_LINES_MAX:
                most = f"at most {GOLD_LINES_MAX:,} gold items"
                return [_one(path, "GOLD_MANIFEST_TOO_LONG", "has too many lines", most)]
        gold = gold_truth.read(lines, uri=uri, attribute=attribute)
    except (NotFoundError, AccessDeniedError, ObjectChangedError, ValueError) as error:
        return [_one(path, "GOLD_MANIFEST_UNREADABLE", str(error), fix)]
    found = [
        _one(f"{path} ({wrong.path})", wrong.code, wrong.problem, wrong.fix)
        for wrong in gold.problems[:SHOWN_MAX]
    ]
    if not gold.truths and not found:
        found.append(_one(path, "GOLD_MANIFEST_EMPTY", "holds no item with a label", fix))
    return found


def _labels(
    objects: ObjectStore, where: GateWhere, lane: Sequence[JobSpec], path: str
) -> list[Problem]:
    """Classes that no label of the lane can have."""
    with_file = next(
        (
            spec
            for spec in lane
            if spec.labelCategoryConfigS3Uri and not modalities.get(spec.jobModality).verdict_labels
        ),
        None,
    )
    known = _names(objects, with_file) if with_file is not None else None
    if known is None:
        return []
    found = []
    for index, name in enumerate(where.label or []):
        if name in known:
            continue
        near = difflib.get_close_matches(name[:100], known, n=1)
        meant = f"did you mean {near[0]}? " if near else ""
        found.append(
            _one(
                f"{path}.where.label[{index}]",
                "GATE_LABEL_UNKNOWN",
                f"{name[:80]!r} is no class of the lane's label category file",
                f"{meant}its classes are {_listed(known)}",
            )
        )
    return found[:SHOWN_MAX]


def _verdicts(
    objects: ObjectStore, where: GateWhere, earlier: Sequence[JobSpec], path: str
) -> list[Problem]:
    """A verdict that the nearest verification has no word for."""
    judge = next(
        (spec for spec in earlier if modalities.get(spec.jobModality).verdict_labels), None
    )
    if where.verdict is None or judge is None:
        return []
    names = _names(objects, judge)
    if names is None or any(gates_where.verdict_of(name) == where.verdict for name in names):
        return []
    return [
        _one(
            f"{path}.where.verdict",
            "VERDICT_UNTOLD",
            f"none of the verdicts of {judge.jobName} says {where.verdict}: {_listed(names)}",
            "call them Pass and Fail in its label category file",
        )
    ]


def _names(objects: ObjectStore, spec: JobSpec) -> list[str] | None:
    """The labels of a job's own file; of a verification without one, Terrace's own verdicts."""
    uri = spec.labelCategoryConfigS3Uri
    if uri is None:
        if not modalities.get(spec.jobModality).verdict_labels:
            return None
        return categories.label_names(categories.default_verdicts())
    try:
        config: Json = objects.get_json(uri)
    except (NotFoundError, AccessDeniedError, ValueError):
        # The check of the file itself says so.
        return None
    return categories.label_names(config) if isinstance(config, dict) else None


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:20])[:300]


def _one(path: str, code: str, problem: str, fix: str) -> Problem:
    return Problem(path=path, code=code, problem=problem, fix=fix)
