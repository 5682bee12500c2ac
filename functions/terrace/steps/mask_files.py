"""Masks of labels, read from S3 one at a time, and none that would fill the memory."""

from collections.abc import Callable

from terrace.domain.quality.gold_masks import Masks, mask_digest
from terrace.errors import AccessDeniedError, NotFoundError
from terrace.ports import ObjectStore

MASK_MAX = 64 * 1024 * 1024
"""Bytes. A PNG of few colours, or a zlib file of points, is far smaller."""


def reader(objects: ObjectStore) -> Masks:
    """Gives the bytes behind a mask's URI; ValueError, with the reason, where it cannot."""

    def read(uri: str) -> bytes:
        try:
            return objects.get_bytes(uri, MASK_MAX)
        except (NotFoundError, AccessDeniedError):
            raise ValueError("is not there, or may not be read") from None

    return read


def digester(objects: ObjectStore) -> Callable[[str], str]:
    """Gives what masks are compared by: those of the same pixels have the same digest."""
    read = reader(objects)
    return lambda uri: mask_digest(read(uri))
