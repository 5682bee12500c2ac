"""What a job can ask of people: one row per modality, and everything else is derived from it.

A row says which AWS functions, worker UI, limits and defaults belong to a modality. The rows of
the review modalities are made from the row of the task that they review. A new Ground Truth task
type is a new base row here (and a template in `worker_ui/` where AWS has no UI of its own).

Sources: botocore's CreateLabelingJob model (function names, accounts, suffix rule, time limits),
the Ground Truth guide (quotas, label category file), 2021 sample (names, defaults).
"""

from dataclasses import dataclass, replace
from typing import Literal

Review = Literal["audit", "verification", "adjustment"]
Family = Literal["video-frame", "image", "text", "video-clip", "3d", "custom"]

DAY = 86_400
THIRTY_DAYS = 30 * DAY
"""A labeling job fails at this age; so no task may be open, or available, for longer."""
EIGHT_HOURS = 28_800
SEVEN_DAYS = 7 * DAY

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


@dataclass(frozen=True, kw_only=True)
class Modality:
    """One row: what a job of this modality is made of, and what Ground Truth allows for it."""

    name: str
    base: str
    """The modality whose labels are made or reviewed; a base row's own name."""
    review: Review | None = None
    family: Family
    task: str
    """Ground Truth's name for the base task: `PRE-<task>`, `PRE-Adjustment<task>`."""
    pre_lambda: str
    """Function name of the pre-annotation function, `PRE-...`."""
    acs_lambda: str
    """Function name of the annotation consolidation function, `ACS-...`."""
    human_task_ui: str | None = None
    """Name of AWS's own worker UI, or None where a template is uploaded."""
    ui_template: str | None = None
    """File in worker_ui/ that is uploaded, or None where AWS has a UI of its own."""
    attribute_ref_suffix: bool
    """True: the label attribute must end with `-ref`; False: it must not."""
    input_attributes: tuple[str, ...] = ("source-ref",)
    """Keys that can hold the data object, the usual one first."""
    output_type: str | None
    """`type` in the metadata of the labels it makes; None where AWS does not document one."""
    base_type: str | None
    """`type` of the labels of the base task: what a review must find in the manifest."""
    verdict_labels: bool = False
    """True: the labels of the category file are verdicts, not classes of objects."""

    workers_min: int = 1
    workers_max: int = 9
    workers_default: int = 1
    """One: a private team with fewer members than this lets every task wait until it expires.

    The console's 3 to 5 are meant for Mechanical Turk; here a second look is a level of its own.
    """
    public_workforce: bool = True
    """Whether Mechanical Turk may do it."""

    task_time_limit_max: int = EIGHT_HOURS
    task_time_limit_default: int = EIGHT_HOURS
    availability_default: int = 10 * DAY
    """The 2021 sample's default; Ground Truth's own is 30 days."""
    availability_max: int = THIRTY_DAYS

    max_items: int = 100_000
    """Lines of one manifest."""
    max_sequences: int | None = None
    """Sequences of one manifest, where an item is a sequence of frames."""
    max_frames_per_sequence: int | None = None

    label_min: int = 1
    label_max: int | None = None
    label_name_max: int = 256
    label_attributes: bool = False
    """True: the category file may define attributes for labels and frames."""
    annotation_types: tuple[str, ...] = ()
    """Shapes that `annotationType` may choose from, the default first; empty: no such key."""

    @property
    def input_attribute(self) -> str:
        """The usual key of the data object in a manifest line."""
        return self.input_attributes[0]

    @property
    def sequences(self) -> bool:
        """True where each manifest line names a sequence file."""
        return self.max_sequences is not None

    @property
    def makes_base_labels(self) -> bool:
        """True if its output can be reviewed in the place of the base task's own output."""
        return self.output_type == self.base_type

    @property
    def editable(self) -> bool:
        """True if workers may draw and change labels; a verification only judges them."""
        return self.review != "verification"


def _label(
    name: str,
    *,
    family: Family,
    output_type: str | None,
    attribute_ref_suffix: bool = False,
    task: str | None = None,
    **more: object,
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
    )
    return replace(row, **more)  # type: ignore[arg-type]


def _video_frames(name: str, output_type: str) -> Modality:
    """A base row for frame sequences: one worker, AWS's own UI, sequence limits."""
    return _label(
        name,
        family="video-frame",
        output_type=output_type,
        attribute_ref_suffix=True,
        human_task_ui=name,
        workers_max=1,
        public_workforce=False,
        task_time_limit_max=THIRTY_DAYS,
        task_time_limit_default=SEVEN_DAYS,
        max_sequences=10,
        max_frames_per_sequence=2_000,
        label_max=30,
        label_name_max=16,
        label_attributes=True,
        annotation_types=("BoundingBox", "Polyline", "Polygon", "Keypoint"),
    )


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


_TRACKING = _video_frames("VideoObjectTracking", "groundtruth/video-object-tracking")
_DETECTION = _video_frames("VideoObjectDetection", "groundtruth/video-object-detection")
_BOXES = _label(
    "BoundingBox",
    family="image",
    output_type="groundtruth/object-detection",
    ui_template="bounding-box.liquid.html",
    label_max=50,
)

MODALITIES: dict[str, Modality] = {
    row.name: row
    for row in (
        _TRACKING,
        *_frame_reviews(_TRACKING),
        _DETECTION,
        *_frame_reviews(_DETECTION),
        _BOXES,
        *_image_reviews(_BOXES),
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
