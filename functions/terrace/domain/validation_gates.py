"""Meaning of gates: what a gate may ask for, given the job that it stands before.

What would otherwise surface when the first level is done and paid: a check that does not exist, or
looks at another kind of label; a sample that promises nothing; a function that may not be called.
"""

from dataclasses import dataclass
from itertools import islice

from terrace.domain.limits import Limits
from terrace.domain.modalities import Modality, Shape
from terrace.domain.quality.catalog import CHECKS, LAMBDA
from terrace.domain.quality.check import Kind
from terrace.domain.request import LEVELS_MAX, Gate, GateCheck, GateSample, GateUnit
from terrace.domain.validation_chains import ancestors
from terrace.domain.validation_findings import Findings, Path, did_you_mean, shown
from terrace.domain.validation_jobs import check_function
from terrace.domain.validation_schema import Draft

DISAGREEMENT, GOLD = "disagreement", "gold"
NEEDS_PIXELS = frozenset({"appearance"})
"""Checks that look at the frames themselves, which a gate does not read."""
ATTEMPTS_MAX = 9
"""Of a job: Ground Truth's names leave room for -a2 to -a9."""
CHECKS_MAX = 50
UNIT_RANGE = {"IoU": 1.0, "probability": 1.0, "fraction of workers": 1.0}
"""Largest threshold, by the first words of a check's unit; elsewhere any number from 0 on."""


def kinds_of(modality: Modality) -> frozenset[Kind]:
    """What checks can look at in the labels of a modality's lane."""
    of_shape: dict[Shape, Kind] = {
        "frames": "track",
        "cuboids": "cloud",
        "cloud-mask": "cloud",
        "boxes": "image",
        "mask": "image",
        "class": "class",
        "classes": "class",
        "spans": "text",
    }
    own: set[Kind] = {"own", "workers"}
    return frozenset(
        {*own, *(kind for key, kind in of_shape.items() if key == modality.base_shape)}
    )


def check_gates(drafts: list[Draft], limits: Limits, found: Findings) -> None:
    """Checks every job's gate."""
    by_name: dict[str, Draft] = {}
    for draft in drafts:
        if draft.name is not None:
            by_name.setdefault(draft.name, draft)
    for draft in drafts:
        gate = draft.spec.inputConfig.gate
        if gate is None or found.is_broken(*draft.path("inputConfig")):
            continue
        lane = list(islice(ancestors(draft, by_name), LEVELS_MAX))
        _Gate(draft, gate, lane, limits, found).check()


@dataclass(frozen=True)
class _Gate:
    """One gate under examination."""

    draft: Draft
    gate: Gate
    lane: list[Draft]
    """The jobs it goes back to, nearest first."""
    limits: Limits
    found: Findings

    def add(self, inner: Path, code: str, problem: str, fix: str) -> None:
        self.found.add(self.draft.path("inputConfig", "gate", *inner), code, problem, fix)

    def check(self) -> None:
        config = self.draft.spec.inputConfig
        if config.chainFromJobName is None:
            self.add(
                (),
                "ONLY_WHEN_CHAINED",
                "stands on a job that does not chain from another",
                "leave it out, or chain the job: a gate looks at labels of the job before",
            )
            return
        if config.downSamplingRate != 100:
            self.add(
                (),
                "GATE_AND_SAMPLING",
                f"stands beside downSamplingRate {config.downSamplingRate:g}",
                'leave downSamplingRate out and give "sample": {"percent": '
                f"{config.downSamplingRate:g}}} in the gate",
            )
        self._something()
        self._where()
        for index, wanted in enumerate((self.gate.checks or [])[:CHECKS_MAX]):
            self._check(index, wanted)
        if len(self.gate.checks or []) > CHECKS_MAX:
            count = len(self.gate.checks or [])
            self.add(
                ("checks",), "WRONG_LENGTH", f"has {count} entries", f"at most {CHECKS_MAX} checks"
            )
        if self.gate.sample is not None:
            self._sample(self.gate.sample)
        self._budget()
        self._unit()

    def _something(self) -> None:
        gate = self.gate
        if not (gate.where or gate.checks or gate.sample or gate.budget):
            self.add(
                (),
                "GATE_EMPTY",
                "asks for nothing, so it would send everything",
                "leave it out, or give where, checks, sample or budget",
            )
        if "combine" in gate.model_fields_set and len(gate.checks or []) < 2:
            self.add(
                ("combine",),
                "GATE_COMBINES_NOTHING",
                f"combines {len(gate.checks or [])} checks",
                "leave it out, or give two checks or more",
            )

    # --- where -----------------------------------------------------------------------------
    def _where(self) -> None:
        where = self.gate.where
        if where is None:
            return
        if not (where.label or where.verdict or where.attribute):
            self.add(
                ("where",), "GATE_EMPTY", "holds no condition", "give label, verdict or attribute"
            )
        reviews = {"audit", "verification"}
        judged = any(job.modality and job.modality.review in reviews for job in self.lane)
        if where.verdict is not None and not judged and self._lane_known():
            self.add(
                ("where", "verdict"),
                "NO_VERDICT",
                "no job before this one in its lane asks for a verdict",
                "chain from a verification or an audit, or leave it out",
            )
        modality = self.draft.modality
        if (
            where.attribute
            and modality
            and not (modality.label_attributes or modality.frame_categories)
        ):
            self.add(
                ("where", "attribute"),
                "NOT_FOR_THIS_MODALITY",
                f"labels of {modality.base} have no attributes",
                "leave it out; label and verdict can be asked for",
            )
        shapeless = modality is not None and modality.base_shape in {"custom", "cloud-mask"}
        if where.label and modality and shapeless:
            self.add(
                ("where", "label"),
                "NOT_FOR_THIS_MODALITY",
                f"which classes a label of {modality.base} holds cannot be read",
                "leave it out; a check of your own (lambda) can read it",
            )

    def _lane_known(self) -> bool:
        """False where the lane, or a job of it, could not be read: then nothing is concluded."""
        return bool(self.lane) and all(job.modality is not None for job in self.lane)

    # --- checks ----------------------------------------------------------------------------
    def _check(self, index: int, wanted: GateCheck) -> None:
        path: Path = ("checks", index, "check")
        row = CHECKS.get(wanted.check)
        if row is None:
            match = self.found.near(wanted.check, CHECKS)
            self.add(
                path,
                "UNKNOWN_CHECK",
                f"there is no check {shown(wanted.check)}",
                f"{did_you_mean(match)}known are {', '.join(CHECKS)}",
            )
            return
        others = [other.check for other in (self.gate.checks or [])[:index]]
        if wanted.check in others and wanted.check != LAMBDA:
            self.add(path, "GATE_CHECK_TWICE", f"{shown(wanted.check)} is there twice", "once")
        modality = self.draft.modality
        if modality is not None and not row.kinds & kinds_of(modality):
            fitting = [name for name, r in CHECKS.items() if r.kinds & kinds_of(modality)]
            self.add(
                path,
                "CHECK_NOT_FOR_THIS_MODALITY",
                f"{wanted.check} does not look at labels of {modality.base}",
                f"one of {', '.join(fitting)}",
            )
        if wanted.check in NEEDS_PIXELS:
            self.add(
                path,
                "CHECK_NOT_IN_GATES",
                f"{wanted.check} looks at the frames themselves, which a gate does not read",
                "use `terrace quality check` for it, or a check of your own (lambda)",
            )
        self._threshold(index, wanted)
        self._function(index, wanted)
        if wanted.check == GOLD and self.draft.spec.inputConfig.goldManifestS3Uri is None:
            self.found.add(
                self.draft.path("inputConfig", "goldManifestS3Uri"),
                "REQUIRED",
                "is missing: the check gold compares labels with known ones",
                "give the S3 URI of a manifest of items with their right labels",
            )
        if wanted.check == DISAGREEMENT:
            self._several_workers(path)

    def _threshold(self, index: int, wanted: GateCheck) -> None:
        row, value = CHECKS[wanted.check], wanted.threshold
        if value is None:
            return
        path: Path = ("checks", index, "threshold")
        if row.threshold is None:
            self.add(
                path,
                "CHECK_WITHOUT_THRESHOLD",
                f"{wanted.check} compares with no number",
                "leave it out",
            )
            return
        most = next((m for unit, m in UNIT_RANGE.items() if row.unit.startswith(unit)), None)
        if value < 0 or (most is not None and value > most):
            span = f"0 to {most:g}" if most is not None else "at least 0"
            self.add(
                path,
                "OUT_OF_RANGE",
                f"is {value:g}",
                f"{span} ({row.unit}); left out, it is {row.threshold:g}",
            )

    def _function(self, index: int, wanted: GateCheck) -> None:
        path: Path = ("checks", index, "functionArn")
        if wanted.check == LAMBDA and wanted.functionArn is None:
            self.add(
                path,
                "REQUIRED",
                "is missing: the check lambda calls a function of yours",
                "give the ARN of a function of the stack's AllowedFunctionArns",
            )
        elif wanted.check != LAMBDA and wanted.functionArn is not None:
            self.add(
                path,
                "ONLY_FOR_LAMBDA",
                f"{wanted.check} calls no function",
                'leave it out, or use {"check": "lambda"}',
            )
        elif wanted.functionArn is not None:
            check_function(
                self.draft.path("inputConfig", "gate", *path),
                wanted.functionArn,
                self.limits,
                self.found,
                "for Custom jobs and gates",
                "leave the check out",
            )

    def _several_workers(self, path: Path) -> None:
        source = self.lane[0] if self.lane else None
        if source is None or source.modality is None:
            return
        workers = source.spec.numberOfHumanWorkersPerDataObject
        if (workers or source.modality.workers_default) > 1:
            return
        most = source.modality.workers_max
        self.add(
            path,
            "CHECK_NEEDS_WORKERS",
            f"{shown(source.name)} shows each item to one worker: nobody can disagree",
            f"give {shown(source.name)} a numberOfHumanWorkersPerDataObject of 2 to {most}"
            if most > 1
            else f"leave it out: {source.modality.name} allows one worker for each item",
        )

    # --- how many --------------------------------------------------------------------------
    def _sample(self, sample: GateSample) -> None:
        promised = sample.maxErrorRate is not None or sample.confidence is not None
        given = [
            name
            for name, is_there in (
                ("percent", sample.percent is not None),
                ("count", sample.count is not None),
                ("maxErrorRate with confidence", promised),
            )
            if is_there
        ]
        whole = (sample.maxErrorRate is None) == (sample.confidence is None)
        if len(given) != 1 or not whole:
            self.add(
                ("sample",),
                "ONE_OF",
                f"holds {' and '.join(given) or 'no size'}"
                + ("" if whole else ", of which one half is missing"),
                "exactly one of percent, count, or maxErrorRate and confidence together",
            )
        if sample.maxErrorRate is not None:
            self._promise(sample)
        elif "allowedErrors" in sample.model_fields_set:
            self.add(
                ("sample", "allowedErrors"),
                "ONLY_WITH_A_PROMISE",
                "belongs to maxErrorRate",
                "leave it out, or give maxErrorRate and confidence",
            )

    def _promise(self, sample: GateSample) -> None:
        """What cannot stand beside a promise on the items that nobody looks at."""
        spec, modality = self.draft.spec, self.draft.modality
        for path, clash, why, fix in (
            (
                ("sample", "stratify"),
                sample.stratify is not None,
                "a promise needs a sample of all items alike",
                "leave it out",
            ),
            (
                ("budget",),
                self.gate.budget is not None,
                "a lot that fails is sent whole, whatever it costs",
                "leave it out, or sample a percent or count",
            ),
            (
                ("unit",),
                self.gate.unit is GateUnit.clip,
                "a promise is about whole items",
                'use "item", or sample a percent or count',
            ),
        ):
            if clash:
                self.add(path, "NOT_WITH_A_PROMISE", f"{why} (sample.maxErrorRate)", fix)
        if spec.stoppingConditions is not None:
            self.found.add(
                self.draft.path("stoppingConditions"),
                "NOT_WITH_A_PROMISE",
                "a sample that is left unfinished promises nothing (sample.maxErrorRate)",
                "leave it out, or sample a percent or count",
            )
        if spec.maxAttempts >= ATTEMPTS_MAX:
            self.found.add(
                self.draft.path("maxAttempts"),
                "NOT_WITH_A_PROMISE",
                f"is {spec.maxAttempts}: a lot that fails is sent in one attempt more, and -a10 "
                "does not fit into a labeling job's name",
                f"{ATTEMPTS_MAX - 1} or less",
            )
        if modality is not None and modality.review is None:
            self.add(
                ("sample", "maxErrorRate"),
                "ONLY_FOR_REVIEWS",
                f"{modality.name} says not whether the label before it was wrong",
                "use a review modality, or sample a percent or count",
            )

    def _budget(self) -> None:
        budget = self.gate.budget
        if budget is not None and (budget.percent is None) == (budget.count is None):
            both = "both percent and count" if budget.count is not None else "no size"
            self.add(("budget",), "ONE_OF", f"holds {both}", "exactly one of percent and count")

    # --- clips -----------------------------------------------------------------------------
    def _unit(self) -> None:
        gate, modality = self.gate, self.draft.modality
        if gate.unit is GateUnit.item:
            if "context" in gate.model_fields_set:
                self.add(
                    ("context",),
                    "ONLY_FOR_CLIPS",
                    "counts frames around flagged ones, and this gate sends whole items",
                    'leave it out, or set "unit": "clip"',
                )
            return
        if modality is None:
            return
        if modality.family != "video-frame" or modality.review is None:
            self.add(
                ("unit",),
                "NOT_FOR_THIS_MODALITY",
                f"{modality.name} reviews no video frames, so no clips can be cut from its items",
                'use "item", or a review of VideoObjectTracking or VideoObjectDetection',
            )
