"""What an export reads besides manifests: labels, sequences, texts, masks, sizes of images."""

from collections import OrderedDict
from typing import Any

from terrace.domain.exports.image_size import ENOUGH, image_size
from terrace.domain.exports.masks_read import raster
from terrace.domain.exports.model import ExportError, Item, Raster, Size
from terrace.errors import AccessDeniedError, NotFoundError
from terrace.ports import ObjectStore

JSON_MAX = 64 * 1024 * 1024
"""Bytes of one label or sequence file."""
TEXT_MAX = 16 * 1024 * 1024
MASK_MAX = 64 * 1024 * 1024
MASK_PIXELS_MAX = 25_000_000
"""Some 30 bytes are needed for each, and a function has 3 GB."""
KEPT = 4
"""Documents that are not read again: labels and sequence file of one video are neighbours."""


class StoredDocuments:
    """The files that manifests point to, read from S3; ExportError where one cannot be used."""

    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects
        self._kept: OrderedDict[str, Any] = OrderedDict()

    def json(self, uri: str) -> Any:
        """A parsed JSON file."""
        if uri in self._kept:
            self._kept.move_to_end(uri)
            return self._kept[uri]
        try:
            found = self._objects.get_json(uri, JSON_MAX)
        except (NotFoundError, AccessDeniedError, ValueError) as error:
            raise _unreadable(uri, error) from error
        self._kept[uri] = found
        if len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        return found

    def text(self, uri: str) -> str:
        """A text that was labeled."""
        data = self._bytes(uri, TEXT_MAX)
        try:
            return data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise ExportError(
                uri, "TEXT_UNREADABLE", f"is not UTF-8 (byte {error.start})", "a text in UTF-8"
            ) from None

    def mask(self, uri: str, colors: dict[int, tuple[str, str]], labels: tuple[str, ...]) -> Raster:
        """A mask's pixels as classes."""
        data = self._bytes(uri, MASK_MAX)
        width, height = image_size(data) or (0, 0)
        if width * height > MASK_PIXELS_MAX:
            raise ExportError(
                uri,
                "MASK_TOO_LARGE",
                f"the mask is of {width} x {height} pixels, more than a function's memory holds",
                f"at most {MASK_PIXELS_MAX:,} pixels",
            )
        return raster(data, uri, colors, labels)

    def _bytes(self, uri: str, most: int) -> bytes:
        try:
            return self._objects.get_bytes(uri, most)
        except (NotFoundError, AccessDeniedError, ValueError) as error:
            raise _unreadable(uri, error) from error

    def size(self, uri: str) -> Size | None:
        """Of an image by its first bytes; None where they do not say it."""
        try:
            return image_size(self._objects.get_start(uri, ENOUGH))
        except (NotFoundError, AccessDeniedError, ValueError) as error:
            raise _unreadable(uri, error) from error


class StoredSizes:
    """The sizes of images whose labels do not say them.

    Args:
        documents: reads images.
        needed: whether the format needs sizes at all; otherwise no image is read.
    """

    def __init__(self, documents: StoredDocuments, *, needed: bool) -> None:
        self._documents, self._needed = documents, needed
        self._sequence: tuple[str, Size | None] | None = None

    def __call__(self, item: Item) -> Size | None:
        """The frames of a video are all as large as its first one."""
        if not self._needed or not item.uri or item.text is not None:
            return None
        if item.sequence is None:
            return self._documents.size(item.uri)
        if self._sequence is None or self._sequence[0] != item.sequence:
            self._sequence = (item.sequence, self._documents.size(item.uri))
        return self._sequence[1]


def _unreadable(uri: str, error: Exception) -> ExportError:
    if isinstance(error, NotFoundError):
        why, fix = "is not there", "put it back, or leave the item out"
    elif isinstance(error, AccessDeniedError):
        why, fix = "may not be read", "a bucket that the stack may read (AllowedInputBuckets)"
    else:
        why, fix = f"cannot be read: {error}", "the file as Ground Truth wrote it"
    return ExportError(uri, "FILE_UNREADABLE", why, fix)
