"""Small sample inputs for every modality, made here: seeded, with a truth that is known.

`make_sample` gives the input of one labeling job. The same arguments give the same bytes.
"""

from collections.abc import Callable
from functools import partial

from terrace_local.samples import clips, clouds, frames, images, texts
from terrace_local.samples.sample import PAGE, Sample

ITEMS = 3
_Maker = Callable[[str, int, int], Sample]

# Modality -> variant -> how its sample is made. Most have one variant, named "".
_MAKERS: dict[str, dict[str, _Maker]] = {
    "ImageMultiClass": {"": images.classes},
    "ImageMultiClassMultiLabel": {"": images.multi_classes},
    "BoundingBox": {"": images.boxes},
    "SemanticSegmentation": {"": images.boxes},
    "TextMultiClass": {"": texts.text_classes},
    "TextMultiClassMultiLabel": {"": texts.text_multi_classes},
    "NamedEntityRecognition": {"": texts.entities},
    "VideoMultiClass": {"": clips.clips},
    "VideoObjectDetection": {
        "polyline": partial(frames.sequences, shape="Polyline"),
        "polygon": partial(frames.sequences, shape="Polygon"),
        "keypoint": partial(frames.sequences, shape="Keypoint"),
        "box": partial(frames.sequences, shape="BoundingBox"),
    },
    "VideoObjectTracking": {
        "box": partial(frames.sequences, shape="BoundingBox"),
        "polyline": partial(frames.sequences, shape="Polyline"),
        "polygon": partial(frames.sequences, shape="Polygon"),
        "keypoint": partial(frames.sequences, shape="Keypoint"),
    },
    "PointCloudObjectDetection": {"": clouds.detection},
    "PointCloudObjectTracking": {
        "3d": clouds.tracking,
        "3d2d": partial(clouds.tracking, cameras=True),
    },
    "PointCloudSemanticSegmentation": {"": clouds.segmentation},
    "Custom": {"skeleton": images.skeletons, "form": texts.texts_with_page},
}

MODALITIES = tuple(_MAKERS)
"""Every base modality that there is a sample for."""


def has_page(modality: str, variant: str) -> bool:
    """Whether a sample brings a worker page of its own, as `PAGE`."""
    return (modality, variant) == ("Custom", "form")


def variants(modality: str) -> tuple[str, ...]:
    """The kinds of sample of a base modality; one unnamed kind for most.

    Raises:
        KeyError: there is no sample for it.
    """
    return tuple(_MAKERS[modality])


def make_sample(
    modality: str, base: str, *, variant: str | None = None, seed: int = 7, items: int = ITEMS
) -> Sample:
    """The input of a labeling job of a base modality.

    Args:
        modality: One of `MODALITIES`.
        base: `s3://bucket/prefix/` it will live under.
        variant: One of `variants(modality)`; None: the first.
        seed: Chooses what is in it.
        items: Lines of the manifest.

    Raises:
        KeyError: there is no such sample.
        PhotosMissing: the photographs are not installed.
        ValueError: `base` is no S3 folder.
    """
    if not base.startswith("s3://") or not base.endswith("/"):
        raise ValueError(f"base must be s3://bucket/prefix/, not {base!r}")
    makers = _MAKERS[modality]
    maker = makers[next(iter(makers)) if variant is None else variant]
    return maker(base, seed, items)


__all__ = ["MODALITIES", "PAGE", "Sample", "has_page", "make_sample", "variants"]
