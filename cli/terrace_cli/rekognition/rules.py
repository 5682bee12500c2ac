"""What Amazon Rekognition Custom Labels takes: one row for each rule, with where AWS says so."""

from dataclasses import dataclass
from typing import Literal

GUIDE = "https://docs.aws.amazon.com/rekognition/latest/customlabels-dg/"
QUOTAS = f"{GUIDE}limits.html"
VALIDATION = f"{GUIDE}md-create-manifest-file-validation-rules.html"
LINE_ERRORS = f"{GUIDE}tm-debugging-json-line-errors.html"
CLASSES = f"{GUIDE}md-create-manifest-file-classification.html"
BOXES = f"{GUIDE}md-create-manifest-file-object-detection.html"
MODEL = "botocore's service model of Rekognition, 2016-06-27"
PRICING = "https://aws.amazon.com/rekognition/pricing/"
TRAINING = f"{GUIDE}training-model.html"
OWN = "Terrace's own"

SIDE_MIN, SIDE_MAX = 64, 4096
"""Pixels of each side of an image (QUOTAS)."""
IMAGE_BYTES_MAX = 15 * 1024 * 1024
"""Of an image in S3: 15 MB (QUOTAS)."""
RATIO_MAX = 20
"""Of an image's longer side to its shorter (QUOTAS)."""
FORMATS = ("PNG", "JPEG")
BOXES_MAX = LABELS_PER_IMAGE_MAX = 50
LABELS_MAX = 250
"""Unique labels of a manifest (QUOTAS)."""
RESIZED_SIDE = 1280
"""Pixels: an image with a longer side is made smaller for training; its boxes must still be
larger than 1 x 1 pixels then (LINE_ERRORS)."""
MANIFEST_BYTES_MAX = 1024**3
LINES_MAX = 250_000
SMALL_REGIONS = {"ap-south-1": (28_000, 7_000), "eu-west-2": (28_000, 7_000)}
"""Images of a training and of a test data set where fewer are taken (QUOTAS)."""
TEST_IMAGES_PER_LABEL_MAX = 1000
LINE_CHARACTERS_MAX = 100_000
NAME_CHARACTERS_MAX = 255
IMAGES_WISE = 10
INVALID_SHARE_MAX = 0.20
OVERLAP_MIN = 0.50

Severity = Literal["stops", "line", "note"]
SEVERITIES: tuple[Severity, ...] = ("stops", "line", "note")
"""Worst first. stops: no training at all. line: this image is not trained with. note: to know."""


@dataclass(frozen=True)
class Rule:
    """One rule: what breaking it means, what must hold, who says so."""

    code: str
    severity: Severity
    holds: str
    source: str


_ROWS = (
    Rule("empty", "stops", "a data set has an image with a label", VALIDATION),
    Rule("label-kind", "line", "labels are boxes or classes of images", VALIDATION),
    Rule("lane", "stops", "it is clear which lane of a batch is meant", OWN),
    Rule("mixed-kinds", "stops", "all labels are boxes, or all are classes", OWN),
    Rule(
        "labels-few",
        "stops",
        "a training set has 2 classes; of boxes, 1 is enough",
        QUOTAS,
    ),
    Rule("labels-many", "stops", f"a manifest has at most {LABELS_MAX} classes", QUOTAS),
    Rule(
        "lines-many",
        "stops",
        f"a manifest has at most {LINES_MAX:,} lines (28,000, and 7,000 to test with, in "
        f"{' and '.join(SMALL_REGIONS)})",
        QUOTAS,
    ),
    Rule("manifest-bytes", "stops", "a manifest has at most 1 GB", QUOTAS),
    Rule("several-buckets", "stops", "a manifest's images are in one bucket", VALIDATION),
    Rule(
        "label-overlap",
        "stops",
        "half of the training set's classes are in the test set",
        VALIDATION,
    ),
    Rule("test-overlap", "stops", "no image is in both sets", VALIDATION),
    Rule(
        "test-images-per-label",
        "stops",
        f"a test set has at most {TEST_IMAGES_PER_LABEL_MAX} images of a class",
        QUOTAS,
    ),
    Rule("json-line", "line", "a line is a JSON object", LINE_ERRORS),
    Rule(
        "line-characters",
        "line",
        f"a line has at most {LINE_CHARACTERS_MAX:,} characters (DatasetEntry)",
        MODEL,
    ),
    Rule("source-ref", "line", "source-ref is an image in S3", LINE_ERRORS),
    Rule("no-label", "line", "a line has the label, and its -metadata", LINE_ERRORS),
    Rule("label-shape", "line", "a label is as Ground Truth writes it", LINE_ERRORS),
    Rule("label-metadata", "line", "metadata have all that is required", f"{CLASSES}, {BOXES}"),
    Rule(
        "class-name",
        "line",
        f"a class name has 1 to {NAME_CHARACTERS_MAX} characters (DatasetLabel)",
        MODEL,
    ),
    Rule(
        "labels-per-image",
        "line",
        f"an image has at most {LABELS_PER_IMAGE_MAX} classes",
        QUOTAS,
    ),
    Rule("boxes-per-image", "line", f"an image has at most {BOXES_MAX} boxes", QUOTAS),
    Rule("box-outside", "line", "a box is inside of its image", LINE_ERRORS),
    Rule(
        "box-small",
        "line",
        f"a box is larger than 1 x 1 pixels when its image is at most {RESIZED_SIDE} pixels long",
        LINE_ERRORS,
    ),
    Rule("image-read", "line", "an image is there and can be read", LINE_ERRORS),
    Rule("image-format", "line", f"an image is {' or '.join(FORMATS)}", QUOTAS),
    Rule("image-bytes", "line", "an image has at most 15 MB", QUOTAS),
    Rule("image-side", "line", f"sides have {SIDE_MIN} to {SIDE_MAX} pixels", QUOTAS),
    Rule("image-ratio", "line", f"sides are at most as {RATIO_MAX} to 1", QUOTAS),
    Rule("duplicate", "line", "an image is in a manifest once", OWN),
    Rule(
        "invalid-share",
        "note",
        "at most 20 % of a manifest's lines are not valid, or it is refused as it is",
        VALIDATION,
    ),
    Rule(
        "nothing-in-it",
        "note",
        "an image has a label; without one it is not trained with (WARNING_NO_ANNOTATIONS)",
        LINE_ERRORS,
    ),
    Rule("not-accepted", "note", "the item's label was accepted", OWN),
    Rule(
        "image-other-size",
        "note",
        "an image is as large as its label says (else its boxes are elsewhere)",
        OWN,
    ),
    Rule(
        "images-few",
        "note",
        f"{IMAGES_WISE} images to train with, or more",
        f"{GUIDE}md-prepare-images.html",
    ),
    Rule(
        "labels-one",
        "note",
        f"boxes have 2 classes or more: {QUOTAS} takes 1, {VALIDATION} asks for 2",
        VALIDATION,
    ),
    Rule("class-untested", "note", "a class that is trained is tested, too", OWN),
    Rule("class-untrained", "note", "a class that is tested is trained, too", OWN),
    Rule("images-unseen", "note", "images were looked at", OWN),
)
RULES: dict[str, Rule] = {rule.code: rule for rule in _ROWS}


@dataclass(frozen=True)
class Finding:
    """A rule that does not hold.

    Attributes:
        code: of the rule.
        where: manifest and line, or the manifest.
        line: number from 1; 0 for a whole manifest.
        problem: what is wrong.
        fix: what would be right.
    """

    code: str
    where: str
    line: int
    problem: str
    fix: str

    @property
    def severity(self) -> Severity:
        """How bad it is."""
        return RULES[self.code].severity

    def as_json(self) -> dict[str, str | int]:
        """With the rule's source."""
        return {
            "severity": self.severity,
            "rule": self.code,
            "where": self.where,
            "line": self.line,
            "problem": self.problem,
            "fix": self.fix,
            "source": RULES[self.code].source,
        }


def worst_first(finding: Finding) -> tuple[int, int]:
    """The order in which findings are told; of one severity, as they stand in the manifest."""
    return SEVERITIES.index(finding.severity), finding.line


def lines_max(region: str | None) -> tuple[int, int]:
    """Images that a training set and a test set may have in a Region."""
    return SMALL_REGIONS.get(region or "", (LINES_MAX, LINES_MAX))
