"""One row of the table of modalities: what a job is made of, and what Ground Truth allows for it.

The rows themselves are in `modalities`.
"""

from dataclasses import dataclass
from typing import Literal

Review = Literal["audit", "verification", "adjustment"]
Family = Literal["video-frame", "image", "text", "video-clip", "3d", "custom"]
Shape = Literal[
    "class",
    "classes",
    "boxes",
    "mask",
    "spans",
    "frames",
    "cuboids",
    "cloud-mask",
    "verdict",
    "custom",
]
"""How a label stands in a manifest line.

`class`: a class number. `classes`: a list of them. `boxes`, `spans`, `cuboids`: in the line itself.
`mask`, `frames`, `cloud-mask`: the S3 URI of a PNG, a SeqLabel.json, a zlib file.
`verdict`: the class number of a verification. `custom`: whatever the job's own Lambda returns.
"""

DAY = 86_400
THIRTY_DAYS = 30 * DAY
"""A labeling job fails at this age; so no task may be open, or available, for longer."""
EIGHT_HOURS = 28_800
SEVEN_DAYS = 7 * DAY


@dataclass(frozen=True, kw_only=True)
class Modality:
    """One row: what a job of this modality is made of, and what Ground Truth allows for it."""

    name: str
    base: str
    """The modality whose labels are made or reviewed; a base row's own name."""
    review: Review | None = None
    family: Family
    task: str | None
    """Ground Truth's name for the base task: `PRE-<task>`, `PRE-Adjustment<task>`.

    None for Custom, which is made of the request's own functions.
    """
    pre_lambda: str | None
    """Function name of the built-in pre-annotation function, `PRE-...`."""
    acs_lambda: str | None
    """Function name of the built-in annotation consolidation function, `ACS-...`."""
    human_task_ui: str | None = None
    """Name of AWS's own worker UI, or None where a template is uploaded."""
    ui_template: str | None = None
    """File in worker_ui/ that is uploaded, or None where AWS, or the request, has the UI."""
    attribute_ref_suffix: bool
    """True: the label attribute must end with `-ref`; False: it must not."""
    input_attributes: tuple[str, ...] = ("source-ref",)
    """Keys that can hold the data object, the usual one first."""
    output_type: str | None
    """`type` in the metadata of the labels it makes; None where AWS does not document one."""
    base_type: str | None
    """`type` of the labels of the base task: what a review must find in the manifest."""
    output_shape: Shape
    """How the labels that it makes stand in a manifest line."""
    base_shape: Shape
    """How the labels of the base task do: what a review must find in the manifest."""
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
    max_images_per_frame: int | None = None
    """Camera images beside one point cloud; None where items are no point clouds."""

    label_min: int = 1
    label_max: int | None = None
    label_name_max: int = 256
    categories_optional: bool = False
    """True: the job may be created without a label category file."""
    frame_categories: bool = False
    """True: the category file is the one of frames: attributes, edits, audited attribute."""
    label_attributes: bool = False
    """True: labels may have attributes of their own; elsewhere Ground Truth ignores them."""
    instructions_in_categories: bool = False
    """True: workers read the instructions of the category file, not of a template."""
    instructions_required: bool = False
    """True: Ground Truth wants both instructions in the category file."""
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
    def point_cloud_frames(self) -> bool:
        """True where each manifest line is one point cloud, told by its source-ref-metadata."""
        return self.family == "3d" and not self.sequences

    @property
    def custom(self) -> bool:
        """True where the request brings the worker UI, and may bring the functions."""
        return self.task is None

    @property
    def can_review(self) -> bool:
        """True if its jobs may be pointed at existing labels. A Custom job may: it is the same
        modality that labels and that reviews."""
        return self.review is not None or self.custom

    @property
    def makes_base_labels(self) -> bool:
        """True if its output can be reviewed in the place of the base task's own output."""
        return self.output_type == self.base_type

    @property
    def editable(self) -> bool:
        """True if workers may draw and change labels; a verification only judges them."""
        return self.review != "verification"
