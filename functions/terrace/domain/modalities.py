"""What a job can ask of people: one row per modality, and everything else is derived from it.

A row says which AWS functions, worker UI, limits and defaults belong to a modality. The rows of
the review modalities are made from the row of the task that they review. A new Ground Truth task
type is a new base row here (and a template in `worker_ui/` where AWS has no UI of its own).

Sources: botocore's CreateLabelingJob model (function names, accounts, suffix rule, time limits),
the Ground Truth guide (quotas, label category file), 2021 sample (names, defaults).
"""

from dataclasses import replace
from typing import Any

from terrace.domain.modality import (
    DAY,
    EIGHT_HOURS,
    SEVEN_DAYS,
    THIRTY_DAYS,
    Family,
    Modality,
    Review,
    Shape,
)

__all__ = [
    "DAY",
    "EIGHT_HOURS",
    "HUMAN_TASK_UI_ACCOUNT",
    "MODALITIES",
    "REGION_ACCOUNTS",
    "SEVEN_DAYS",
    "SKELETON_TEMPLATE",
    "THIRTY_DAYS",
    "Family",
    "Modality",
    "Review",
    "Shape",
    "get",
    "human_task_ui_arn",
    "lambda_arn",
    "reviews_of",
]

HUMAN_TASK_UI_ACCOUNT = "394669845002"
"""Owned by AWS; the same in every Region."""

REGION_ACCOUNTS: dict[str, str] = {
    "ap-northeast-1": "477331159723",
    "ap-northeast-2": "845288260483",
    "ap-south-1": "565803892007",
    "ap-southeast-1": "377565633583",
    "ap-southeast-2": "454466003867",
    "ca-central-1": "918755190332",
    "eu-central-1": "203001061592",
    "eu-west-1": "568282634449",
    "eu-west-2": "487402164563",
    "us-east-1": "432418664414",
    "us-east-2": "266458841044",
    "us-west-2": "081040173940",
}
"""Owner of the built-in PRE-/ACS- functions in each Region that has Ground Truth's tasks."""

SKELETON_TEMPLATE = "skeleton.liquid.html"
"""Worker page of a Custom job whose label category file names keypoints and no page."""


def _label(
    name: str,
    *,
    family: Family,
    shape: Shape,
    output_type: str | None,
    attribute_ref_suffix: bool = False,
    task: str | None = None,
    **more: Any,
) -> Modality:
    """A base row; the functions' names follow from the task's."""
    task = task or name
    row = Modality(
        name=name,
        base=name,
        family=family,
        task=task,
        pre_lambda=f"PRE-{task}",
        acs_lambda=f"ACS-{task}",
        attribute_ref_suffix=attribute_ref_suffix,
        output_type=output_type,
        base_type=output_type,
        output_shape=shape,
        base_shape=shape,
    )
    return replace(row, **more)


def _text(name: str, shape: Shape, output_type: str, **more: Any) -> Modality:
    """A base row whose data object may stand in the manifest line itself."""
    return _label(
        name,
        family="text",
        shape=shape,
        output_type=output_type,
        input_attributes=("source", "source-ref"),
        **more,
    )


def _frames(name: str, *, family: Family, shape: Shape, output_type: str, **more: Any) -> Modality:
    """A base row for video frames or point clouds: one worker, AWS's own UI, long tasks."""
    defaults: dict[str, Any] = {
        "human_task_ui": name,
        "workers_max": 1,
        "public_workforce": False,
        "task_time_limit_max": THIRTY_DAYS,
        "task_time_limit_default": SEVEN_DAYS,
        "label_max": 30,
        "label_name_max": 16,
        "frame_categories": True,
        "label_attributes": True,
        "instructions_in_categories": True,
    }
    return _label(name, family=family, shape=shape, output_type=output_type, **{**defaults, **more})


def _video_frames(name: str, output_type: str) -> Modality:
    """A base row for sequences of video frames."""
    return _frames(
        name,
        family="video-frame",
        shape="frames",
        output_type=output_type,
        attribute_ref_suffix=True,
        max_sequences=10,
        max_frames_per_sequence=2_000,
        annotation_types=("BoundingBox", "Polyline", "Polygon", "Keypoint"),
    )


def _point_cloud(name: str, **more: Any) -> Modality:
    """A base row for point clouds. Functions are called `3D...`, AWS's worker UIs are not."""
    return _frames(name, family="3d", task=f"3D{name}", max_images_per_frame=8, **more)


def _frame_reviews(base: Modality) -> list[Modality]:
    """Audit, verification and adjustment of frames: AWS has one pair of functions for all three.

    What a worker may do is set in the category file (`editsAllowed`, verdict attributes).
    """
    reviews: tuple[Review, ...] = ("audit", "verification", "adjustment")
    return [
        replace(
            base,
            name=f"{base.name}{review.capitalize()}",
            review=review,
            pre_lambda=f"PRE-Adjustment{base.task}",
            acs_lambda=f"ACS-Adjustment{base.task}",
        )
        for review in reviews
    ]


def _image_reviews(base: Modality) -> list[Modality]:
    """Verification and adjustment of image labels: a pair of functions and a template for each."""
    stem = base.ui_template.removesuffix(".liquid.html") if base.ui_template else base.name
    return [
        replace(
            base,
            name=f"{base.name}Verification",
            review="verification",
            pre_lambda=f"PRE-Verification{base.task}",
            acs_lambda=f"ACS-Verification{base.task}",
            ui_template=f"{stem}-verification.liquid.html",
            # botocore 1.44.5: a verification's attribute must not end -ref, whatever its base's.
            attribute_ref_suffix=False,
            output_type="groundtruth/label-verification",
            output_shape="verdict",
            verdict_labels=True,
            label_max=None,
        ),
        replace(
            base,
            name=f"{base.name}Adjustment",
            review="adjustment",
            pre_lambda=f"PRE-Adjustment{base.task}",
            acs_lambda=f"ACS-Adjustment{base.task}",
            ui_template=f"{stem}-adjustment.liquid.html",
        ),
    ]


_BOXES = _label(
    "BoundingBox",
    family="image",
    shape="boxes",
    output_type="groundtruth/object-detection",
    ui_template="bounding-box.liquid.html",
    label_max=50,
)
_MASKS = _label(
    "SemanticSegmentation",
    family="image",
    shape="mask",
    output_type="groundtruth/semantic-segmentation",
    attribute_ref_suffix=True,
    ui_template="semantic-segmentation.liquid.html",
    max_items=20_000,
)
_TRACKING = _video_frames("VideoObjectTracking", "groundtruth/video-object-tracking")
_DETECTION = _video_frames("VideoObjectDetection", "groundtruth/video-object-detection")
_CLOUD_BOXES = _point_cloud(
    "PointCloudObjectDetection",
    shape="cuboids",
    output_type="groundtruth/point_cloud_object_detection",
)
_CLOUD_TRACKS = _point_cloud(
    "PointCloudObjectTracking",
    shape="frames",
    output_type="groundtruth/point_cloud_object_tracking",
    attribute_ref_suffix=True,
    max_sequences=100_000,
    max_frames_per_sequence=500,
)
_CLOUD_MASKS = _point_cloud(
    "PointCloudSemanticSegmentation",
    shape="cloud-mask",
    output_type="groundtruth/point_cloud_single_frame_semantic_segmentation",
    attribute_ref_suffix=True,
    label_attributes=False,
)
_CUSTOM = Modality(
    name="Custom",
    base="Custom",
    family="custom",
    task=None,
    pre_lambda=None,
    acs_lambda=None,
    attribute_ref_suffix=False,
    input_attributes=("source-ref", "source"),
    output_type="groundtruth/custom",
    base_type="groundtruth/custom",
    output_shape="custom",
    base_shape="custom",
    categories_optional=True,
)

MODALITIES: dict[str, Modality] = {
    row.name: row
    for row in (
        _label(
            "ImageMultiClass",
            family="image",
            shape="class",
            output_type="groundtruth/image-classification",
            ui_template="image-classification.liquid.html",
            label_min=2,
        ),
        _label(
            "ImageMultiClassMultiLabel",
            family="image",
            shape="classes",
            output_type="groundtruth/image-classification-multilabel",
            ui_template="image-classification-multi-label.liquid.html",
            label_min=2,
            label_max=50,
        ),
        _BOXES,
        *_image_reviews(_BOXES),
        _MASKS,
        *_image_reviews(_MASKS),
        _text(
            "TextMultiClass",
            "class",
            "groundtruth/text-classification",
            ui_template="text-classification.liquid.html",
            label_min=2,
        ),
        _text(
            "TextMultiClassMultiLabel",
            "classes",
            "groundtruth/text-classification-multilabel",
            ui_template="text-classification-multi-label.liquid.html",
            label_min=2,
            label_max=50,
        ),
        _text(
            "NamedEntityRecognition",
            "spans",
            "groundtruth/text-span",
            human_task_ui="NamedEntityRecognition",
            instructions_in_categories=True,
            instructions_required=True,
        ),
        _label(
            "VideoMultiClass",
            family="video-clip",
            shape="class",
            # The guide documents no type for it.
            output_type=None,
            ui_template="video-classification.liquid.html",
            label_max=30,
        ),
        _DETECTION,
        *_frame_reviews(_DETECTION),
        _TRACKING,
        *_frame_reviews(_TRACKING),
        _CLOUD_BOXES,
        *_frame_reviews(_CLOUD_BOXES),
        _CLOUD_TRACKS,
        *_frame_reviews(_CLOUD_TRACKS),
        _CLOUD_MASKS,
        *_frame_reviews(_CLOUD_MASKS),
        _CUSTOM,
    )
}
"""Every modality a request can name, by its name."""


def get(name: str) -> Modality:
    """The row of a modality; ValueError naming those that exist where there is none."""
    try:
        return MODALITIES[name]
    except KeyError:
        known = ", ".join(MODALITIES)
        raise ValueError(f"unknown modality {name!r}; known are {known}") from None


def reviews_of(modality: Modality) -> list[Modality]:
    """The rows that review the labels of this row's base task."""
    return [row for row in MODALITIES.values() if row.review and row.base == modality.base]


def lambda_arn(region: str, name: str) -> str:
    """ARN of a built-in function (`PRE-BoundingBox`); ValueError where AWS has none there."""
    account = REGION_ACCOUNTS.get(region)
    if account is None:
        known = ", ".join(REGION_ACCOUNTS)
        raise ValueError(f"Ground Truth's functions are not in Region {region!r}, only in {known}")
    return f"arn:aws:lambda:{region}:{account}:function:{name}"


def human_task_ui_arn(region: str, name: str) -> str:
    """ARN of one of AWS's own worker UIs; ValueError where AWS has none in the Region."""
    if region not in REGION_ACCOUNTS:
        known = ", ".join(REGION_ACCOUNTS)
        raise ValueError(f"Ground Truth's UIs are not in Region {region!r}, only in {known}")
    return f"arn:aws:sagemaker:{region}:{HUMAN_TASK_UI_ACCOUNT}:human-task-ui/{name}"
