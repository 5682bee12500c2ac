"""One module per family of task types: it knows their data, the workers know the people."""

from terrace_local.ground_truth.families.base import Family
from terrace_local.ground_truth.families.classification import Classification
from terrace_local.ground_truth.families.cloud_objects import CloudDetection, CloudTracking
from terrace_local.ground_truth.families.cloud_segmentation import CloudSegmentation
from terrace_local.ground_truth.families.custom import Custom
from terrace_local.ground_truth.families.image_boxes import ImageBoxes
from terrace_local.ground_truth.families.image_masks import ImageMasks
from terrace_local.ground_truth.families.image_verification import ImageVerification
from terrace_local.ground_truth.families.text_spans import TextSpans
from terrace_local.ground_truth.families.video_frames import VideoFrames

FAMILIES: dict[str, Family] = {
    "video-frame": VideoFrames(),
    "point-cloud-detection": CloudDetection(),
    "point-cloud-tracking": CloudTracking(),
    "point-cloud-segmentation": CloudSegmentation(),
    "image-box": ImageBoxes(),
    "image-verification": ImageVerification(),
    "classification": Classification(),
    "image-mask": ImageMasks(),
    "text-span": TextSpans(),
    "custom": Custom(),
}

__all__ = ["FAMILIES", "Family"]
