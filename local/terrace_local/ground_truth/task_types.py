"""The task types this service can run, one row each; a new type is a row and, maybe, a family.

A *family* is the module that knows the data of a group of types (``families/``). Rows come from
the API reference (function names, suffixes, limits) and the developer guide (video limits).
"""

from dataclasses import dataclass
from typing import Any, Literal

from terrace_local.ground_truth.arns import human_task_ui_arn, lambda_arn
from terrace_local.ground_truth.errors import validation_error

Mode = Literal["label", "verify", "adjust"]

IMAGE_TASK_SECONDS = 28_800
VIDEO_TASK_SECONDS = 2_592_000
PRIVATE_AVAILABILITY_SECONDS = 2_592_000
PUBLIC_AVAILABILITY_SECONDS = 43_200


@dataclass(frozen=True)
class TaskType:
    """What one built-in task type demands of a request and writes to its output.

    Attributes:
        name: The part of the function names after ``PRE-`` and ``ACS-``.
        family: Which module of ``families/`` does it.
        mode: ``adjust`` of a video type is also its verification (nothing editable).
        human_task_ui: Worker UI that AWS keeps, or None: the request brings a template.
        ref_suffix: True: the label attribute must end in ``-ref``; False: it must not.
        output_type: The ``type`` of the metadata.
        max_workers: People per object.
        task_seconds: Longest task time limit.
        public_crowd: Whether Mechanical Turk may do it.
        audited_type: For reviews, the ``type`` of the labels under review.
    """

    name: str
    family: Literal["video-frame", "image-box", "image-verification"]
    mode: Mode
    human_task_ui: str | None
    ref_suffix: bool
    output_type: str
    max_workers: int
    task_seconds: int
    public_crowd: bool
    audited_type: str | None = None


def _video(name: str, ui: str, output_type: str, mode: Mode) -> TaskType:
    return TaskType(
        name=name,
        family="video-frame",
        mode=mode,
        human_task_ui=ui,
        ref_suffix=True,
        output_type=output_type,
        max_workers=1,
        task_seconds=VIDEO_TASK_SECONDS,
        public_crowd=False,
        audited_type=output_type if mode == "adjust" else None,
    )


_DETECTION = "groundtruth/video-object-detection"
_TRACKING = "groundtruth/video-object-tracking"
_BOXES = "groundtruth/object-detection"

_ROWS = (
    _video("VideoObjectDetection", "VideoObjectDetection", _DETECTION, "label"),
    _video("VideoObjectTracking", "VideoObjectTracking", _TRACKING, "label"),
    _video("AdjustmentVideoObjectDetection", "VideoObjectDetection", _DETECTION, "adjust"),
    _video("AdjustmentVideoObjectTracking", "VideoObjectTracking", _TRACKING, "adjust"),
    TaskType("BoundingBox", "image-box", "label", None, False, _BOXES, 9, IMAGE_TASK_SECONDS, True),
    TaskType(
        "AdjustmentBoundingBox",
        "image-box",
        "adjust",
        None,
        False,
        _BOXES,
        9,
        IMAGE_TASK_SECONDS,
        True,
        _BOXES,
    ),
    TaskType(
        "VerificationBoundingBox",
        "image-verification",
        "verify",
        None,
        False,
        "groundtruth/label-verification",
        9,
        IMAGE_TASK_SECONDS,
        True,
        _BOXES,
    ),
)

TASK_TYPES: dict[str, TaskType] = {row.name: row for row in _ROWS}


def task_type_of(human_task: dict[str, Any], region: str) -> TaskType:
    """Finds which task type a HumanTaskConfig asks for, and refuses what does not fit together.

    The two Lambda ARNs may be left out (the API allows it since 2024); then the worker UI must
    say what the type is.

    Raises:
        ServiceError: ValidationException, when functions, worker UI and Region disagree, or the
            type is one that this local service does not simulate yet.
    """
    pre = human_task.get("PreHumanTaskLambdaArn")
    acs = human_task.get("AnnotationConsolidationConfig", {}).get(
        "AnnotationConsolidationLambdaArn"
    )
    ui = human_task["UiConfig"].get("HumanTaskUiArn")
    row = _by_lambda(pre, "PRE-", region) or _by_lambda(acs, "ACS-", region)
    if row is None:
        row = _by_ui(ui, region)
    for arn, kind in ((pre, "PRE-"), (acs, "ACS-")):
        want = lambda_arn(region, kind + row.name)
        if arn is not None and arn != want:
            raise validation_error(
                f"The pre-annotation and annotation-consolidation functions must be of the same "
                f"task type and Region: {arn} does not fit {row.name}; expected {want}."
            )
    if row.human_task_ui is None and ui is not None:
        raise validation_error(f"{row.name} takes UiConfig.UiTemplateS3Uri, not HumanTaskUiArn.")
    if row.human_task_ui is not None:
        want = human_task_ui_arn(region, row.human_task_ui)
        if ui != want:
            raise validation_error(
                f"UiConfig.HumanTaskUiArn for {row.name} in {region} must be {want}, not {ui}."
            )
    return row


def _by_lambda(arn: str | None, prefix: str, region: str) -> TaskType | None:
    if arn is None:
        return None
    if lambda_arn(region, "any") is None:
        raise validation_error(f"There are no built-in Ground Truth functions in {region}.")
    function = arn.rsplit(":function:", maxsplit=1)[-1]
    row = TASK_TYPES.get(function.removeprefix(prefix))
    if not function.startswith(prefix) or row is None:
        raise validation_error(
            f"{arn} is not a {prefix} function that the local Ground Truth can run; it knows "
            f"{', '.join(prefix + name for name in TASK_TYPES)}."
        )
    return row


def _by_ui(ui: str | None, region: str) -> TaskType:
    for row in _ROWS:
        name = row.human_task_ui
        if row.mode == "label" and name is not None and ui == human_task_ui_arn(region, name):
            return row
    raise validation_error(
        "Without PreHumanTaskLambdaArn and AnnotationConsolidationConfig the task type follows "
        f"from UiConfig.HumanTaskUiArn; the local Ground Truth does not know {ui}."
    )
