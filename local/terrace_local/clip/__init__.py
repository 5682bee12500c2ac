"""A short clip whose truth is known: real photographs moved over one another.

`make_clip` renders it into a folder, `upload_clip` puts it into an input bucket together with
its hidden truth. The same seed gives the same bytes again.
"""

from terrace_local.clip.dataset import Clip, make_clip
from terrace_local.clip.images import ImageSet, make_images
from terrace_local.clip.photos import PhotosMissing
from terrace_local.clip.upload import upload_clip, upload_images

__all__ = [
    "Clip",
    "ImageSet",
    "PhotosMissing",
    "make_clip",
    "make_images",
    "upload_clip",
    "upload_images",
]
