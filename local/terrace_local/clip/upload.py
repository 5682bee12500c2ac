"""Puts a clip or an image set into an input bucket, its hidden truth beside it."""

import mimetypes
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from terrace_local.clip.dataset import Clip
from terrace_local.clip.images import ImageSet
from terrace_local.workers.truth import split_s3, write_image_truth, write_video_truth

THREADS = 8


def upload_clip(s3: Any, clip: Clip) -> int:
    """Uploads everything, the hidden truth included; returns the number of objects written.

    Args:
        s3: A boto3 S3 client (its clients may be shared by threads).
        clip: What `make_clip` returned.
    """
    count = _put_all(s3, clip.folder, clip.base, clip.files())
    for name, truth in clip.truths.items():
        places = write_video_truth(s3, clip.sequence_uri(name), clip.frames_uri(name), truth)
        count += len(places)
    return count


def upload_images(s3: Any, images: ImageSet) -> int:
    """Uploads everything, the hidden truth included; returns the number of objects written."""
    count = _put_all(s3, images.folder, images.base, images.files())
    write_image_truth(s3, images.images_uri, images.truths)
    return count + 1


def _put_all(s3: Any, folder: Path, base: str, files: Iterable[Path]) -> int:
    bucket, prefix = split_s3(base)

    def put(path: Path) -> None:
        kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        key = prefix + path.relative_to(folder).as_posix()
        s3.put_object(Bucket=bucket, Key=key, Body=path.read_bytes(), ContentType=kind)

    with ThreadPoolExecutor(THREADS) as pool:
        # list() so that the first failed upload is raised here.
        return len(list(pool.map(put, files)))
