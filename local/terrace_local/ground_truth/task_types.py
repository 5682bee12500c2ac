"""The task types this service can run, one row each; a new type is a row and, maybe, a family.

A *family* is the module that knows the data of a group of types (``families/``). Rows come from
the API reference (function names, suffixes, limits) and the developer guide (limits of video,
3D and labels). PassThrough has functions too, but no documented contract: it is not simulated.
"""

import re
from dataclasses import dataclass, replace
from typing import Any, Literal

from terrace_local.ground_truth.arns import REGION_ACCOUNTS, human_task_ui_arn, lambda_arn
from terrace_local.ground_truth.errors import validation_error

Mode = Literal["label", "verify", "adjust"]
Data = Literal["image", "text", "video-clip", "video-frames", "point-cloud", "any"]
FamilyName = Literal[
    "video-frame",
    "image-box",
    "image-mask",
    "image-verification",
    "classification",
    "text-span",
    "point-cloud-detection",
    "point-cloud-tracking",
    "point-cloud-segmentation",
    "custom",
]

IMAGE_TASK_SECONDS = 28_800
VIDEO_TASK_SECONDS = 2_592_000
PRIVATE_AVAILABILITY_SECONDS = 2_592_000
PUBLIC_AVAILABILITY_SECONDS = 43_200

OBJECTS = 100_000
MASK_OBJECTS = 20_000
LABEL_CHARS = 256
FRAME_LABELS = 30
FRAME_LABEL_CHARS = 16


@dataclass(frozen=True)
class TaskType:
    """What one task type demands of a request and writes to its output.

    Attributes:
        name: The part of the function names after ``PRE-`` and ``ACS-``; ``Custom`` has its own.
        family: Which module of ``families/`` does it.
        data: What one line of the manifest is.
        mode: ``adjust`` of a video or 3D type is also its verification (nothing editable).
        human_task_ui: Worker UI that AWS keeps, or None: the request brings a template.
        ref_suffix: True: the label attribute must end in ``-ref``; False: it must not; None:
            sources disagree, both are accepted.
        output_type: The ``type`` of the metadata.
        multi: Whether an object can get several classes.
        max_workers: People per object.
        task_seconds: Longest task time limit.
        public_crowd: Whether Mechanical Turk may do it.
        audited_type: For reviews, the ``type`` of the labels under review.
        min_labels, max_labels, label_chars: Rules of the category file; None: no upper limit.
        max_objects: Lines of the manifest.
        needs_categories: Whether LabelCategoryConfigS3Uri is required.
    """

    name: str
    family: FamilyName
    data: Data
    mode: Mode
    human_task_ui: str | None
    ref_suffix: bool | None
    output_type: str
    multi: bool = False
    max_workers: int = 9
    task_seconds: int = IMAGE_TASK_SECONDS
    public_crowd: bool = True
    audited_type: str | None = None
    min_labels: int = 1
    max_labels: int | None = None
    label_chars: int = LABEL_CHARS
    max_objects: int = OBJECTS
    needs_categories: bool = True

    @property
    def by_frames(self) -> bool:
        """Whether it is one of the video frame and 3D types, which share their category rules."""
        return self.data in ("video-frames", "point-cloud")


_DETECTION = "groundtruth/video-object-detection"
_TRACKING = "groundtruth/video-object-tracking"
_BOXES = "groundtruth/object-detection"
_MASKS = "groundtruth/semantic-segmentation"
_VERDICT = "groundtruth/label-verification"
_CUBOIDS = "groundtruth/point_cloud_object_detection"
_CUBOID_TRACKS = "groundtruth/point_cloud_object_tracking"
_POINTS = "groundtruth/point_cloud_single_frame_semantic_segmentation"
# No source shows the type of a video clip's class; this is named like its siblings.
_CLIP_CLASS = "groundtruth/video-classification"


def _classes(
    name: str,
    data: Data,
    output_type: str,
    *,
    most: int | None,
    least: int = 2,
    multi: bool = False,
) -> TaskType:
    return TaskType(
        name,
        "classification",
        data,
        "label",
        None,
        False,
        output_type,
        multi=multi,
        min_labels=least,
        max_labels=most,
    )


def _frames(
    name: str, family: FamilyName, output_type: str, *, ui: str, ref: bool
) -> list[TaskType]:
    """A video frame or 3D type and its adjustment, which share everything but the review."""
    label = TaskType(
        name=name,
        family=family,
        data="video-frames" if family == "video-frame" else "point-cloud",
        mode="label",
        human_task_ui=ui,
        ref_suffix=ref,
        output_type=output_type,
        max_workers=1,
        task_seconds=VIDEO_TASK_SECONDS,
        public_crowd=False,
        max_labels=FRAME_LABELS,
        label_chars=FRAME_LABEL_CHARS,
    )
    adjust = replace(label, name=f"Adjustment{name}", mode="adjust", audited_type=output_type)
    return [label, adjust]


_BOX = TaskType("BoundingBox", "image-box", "image", "label", None, False, _BOXES, max_labels=50)
_MASK = TaskType(
    "SemanticSegmentation",
    "image-mask",
    "image",
    "label",
    None,
    True,
    _MASKS,
    max_objects=MASK_OBJECTS,
)
_ENTITIES = TaskType(
    "NamedEntityRecognition",
    "text-span",
    "text",
    "label",
    "NamedEntityRecognition",
    False,
    "groundtruth/text-span",
)


def _verification(of: TaskType, ref_suffix: bool | None) -> TaskType:
    return replace(
        of,
        name=f"Verification{of.name}",
        family="image-verification",
        mode="verify",
        ref_suffix=ref_suffix,
        output_type=_VERDICT,
        audited_type=of.output_type,
        max_labels=None,
    )


def _adjustment(of: TaskType) -> TaskType:
    name = f"Adjustment{of.name}"
    return replace(of, name=name, mode="adjust", audited_type=of.output_type)


_IMAGE_CLASS = "groundtruth/image-classification"
_IMAGE_CLASSES = "groundtruth/image-classification-multilabel"
_TEXT_CLASS = "groundtruth/text-classification"
_TEXT_CLASSES = "groundtruth/text-classification-multilabel"

CUSTOM = TaskType(
    "Custom",
    "custom",
    "any",
    "label",
    None,
    False,
    "groundtruth/custom",
    needs_categories=False,
)

_ROWS: tuple[TaskType, ...] = (
    *_frames("VideoObjectDetection", "video-frame", _DETECTION,
             ui="VideoObjectDetection", ref=True),
    *_frames("VideoObjectTracking", "video-frame", _TRACKING,
             ui="VideoObjectTracking", ref=True),
    *_frames("3DPointCloudObjectDetection", "point-cloud-detection", _CUBOIDS,
             ui="PointCloudObjectDetection", ref=False),
    *_frames("3DPointCloudObjectTracking", "point-cloud-tracking", _CUBOID_TRACKS,
             ui="PointCloudObjectTracking", ref=True),
    *_frames("3DPointCloudSemanticSegmentation", "point-cloud-segmentation", _POINTS,
             ui="PointCloudSemanticSegmentation", ref=True),
    _BOX,
    _adjustment(_BOX),
    _verification(_BOX, ref_suffix=False),
    _MASK,
    _adjustment(_MASK),
    # The API reference forbids -ref here since 2022; older ones and the guide demand it.
    _verification(_MASK, ref_suffix=None),
    _classes("ImageMultiClass", "image", _IMAGE_CLASS, most=None),
    _classes("ImageMultiClassMultiLabel", "image", _IMAGE_CLASSES, most=50, multi=True),
    _classes("TextMultiClass", "text", _TEXT_CLASS, most=None),
    _classes("TextMultiClassMultiLabel", "text", _TEXT_CLASSES, most=50, multi=True),
    _classes("VideoMultiClass", "video-clip", _CLIP_CLASS, most=30, least=1),
    _ENTITIES,
)  # fmt: skip

BUILT_IN: dict[str, TaskType] = {row.name: row for row in _ROWS}
TASK_TYPES: dict[str, TaskType] = {**BUILT_IN, CUSTOM.name: CUSTOM}

_FUNCTION_ARN = re.compile(r"arn:aws[\w-]*:lambda:([\w-]+):(\d{12}):function:([\w-]+)(:[\w$-]+)?")


def task_type_of(human_task: dict[str, Any], region: str) -> TaskType:
    """Finds which task type a HumanTaskConfig asks for, and refuses what does not fit together.

    Functions that are not Ground Truth's own make a job `Custom`. The two Lambda ARNs may be left
    out (the API allows it since 2024); then the worker UI must say what the type is.

    Raises:
        ServiceError: ValidationException, when functions, worker UI and Region disagree.
    """
    pre = human_task.get("PreHumanTaskLambdaArn")
    acs = human_task.get("AnnotationConsolidationConfig", {}).get(
        "AnnotationConsolidationLambdaArn"
    )
    ui = human_task["UiConfig"].get("HumanTaskUiArn")
    given = [arn for arn in (pre, acs) if arn is not None]
    if given and not any(_is_built_in(arn) for arn in given):
        return _custom(pre, acs, ui, region)
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


def _is_built_in(arn: str) -> bool:
    match = _FUNCTION_ARN.fullmatch(arn)
    return match is not None and match.group(2) in REGION_ACCOUNTS.values()


def _custom(pre: str | None, acs: str | None, ui: str | None, region: str) -> TaskType:
    """A job with functions of one's own: both must be there, in the job's Region."""
    if pre is None or acs is None:
        raise validation_error(
            "A custom labeling job needs both PreHumanTaskLambdaArn and "
            "AnnotationConsolidationConfig.AnnotationConsolidationLambdaArn."
        )
    for arn in (pre, acs):
        match = _FUNCTION_ARN.fullmatch(arn)
        if match is None or match.group(1) != region:
            raise validation_error(f"{arn} is not the ARN of a Lambda function in {region}.")
    if ui is not None:
        raise validation_error(
            "A custom labeling job takes UiConfig.UiTemplateS3Uri, not HumanTaskUiArn."
        )
    return CUSTOM


def _by_lambda(arn: str | None, prefix: str, region: str) -> TaskType | None:
    if arn is None:
        return None
    if lambda_arn(region, "any") is None:
        raise validation_error(f"There are no built-in Ground Truth functions in {region}.")
    function = arn.rsplit(":function:", maxsplit=1)[-1]
    row = BUILT_IN.get(function.removeprefix(prefix))
    if not function.startswith(prefix) or row is None:
        raise validation_error(
            f"{arn} is not a {prefix} function that the local Ground Truth can run; it knows "
            f"{', '.join(prefix + name for name in BUILT_IN)}."
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
