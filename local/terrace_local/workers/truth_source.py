"""Finds the hidden truth of an item, in the data's own bucket or where `--truth` points."""

import json
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from posixpath import basename, splitext
from typing import Any, TypeVar

from terrace_local.workers.cloud_truth import CloudTruth
from terrace_local.workers.item_truth import ITEMS_FILE, ItemTruth, all_items, items_truth_key
from terrace_local.workers.truth import (
    IMAGES_FILE,
    TRUTH_PREFIX,
    ImageTruth,
    TruthError,
    VideoTruth,
    frames_truth_key,
    images_truth_key,
    split_s3,
    video_truth_key,
)

T = TypeVar("T")

# Long enough that hundreds of jobs over the same clip read its truth once, short enough that a
# truth written a moment later is found.
REMEMBER_SECONDS = 5.0


class TruthSource:
    """Reads truth files, remembering them (and that there are none) for a few seconds.

    Args:
        read: Gives an S3 object's bytes, or None when it does not exist.
        holds_any: Whether a bucket has any key with that prefix.
        place: Local folder or ``s3://bucket/prefix`` of all truth files; None: each bucket's
            own ``.terrace-truth/``.
    """

    def __init__(
        self,
        read: Callable[[str], bytes | None],
        holds_any: Callable[[str, str], bool],
        place: str | None = None,
    ) -> None:
        self._read = read
        self._holds_any = holds_any
        self._place = place.rstrip("/") if place else None
        self._lock = threading.Lock()
        self._known: dict[str, tuple[float, Any]] = {}

    def video(self, source_ref: str, frames_prefix: str) -> VideoTruth | None:
        """The truth of a sequence, found by its sequence file or by its frames' folder.

        Raises:
            TruthError: when the file exists and is not one.
        """
        if self._place is not None:
            names = (splitext(basename(source_ref))[0], basename(frames_prefix.rstrip("/")))
            uris = [f"{self._place}/{name}.truth.json" for name in names if name]
        else:
            by_frames = f"s3://{split_s3(frames_prefix)[0]}/{frames_truth_key(frames_prefix)}"
            uris = [f"s3://{split_s3(source_ref)[0]}/{video_truth_key(source_ref)}", by_frames]
        return self._first(uris, VideoTruth.from_json)

    def image(self, source_ref: str) -> ImageTruth | None:
        """The truth of one image; None when its folder has none or leaves the image out.

        Raises:
            TruthError: when the file exists and is not one.
        """
        if self._place is not None:
            uri = f"{self._place}/{IMAGES_FILE}"
        else:
            uri = f"s3://{split_s3(source_ref)[0]}/{images_truth_key(source_ref)}"
        truths = self._first([uri], _all_images)
        return None if truths is None else truths.get(basename(source_ref))

    def cloud(self, source_ref: str) -> CloudTruth | None:
        """The truth of a point cloud frame, or of a sequence of them, by its file.

        Raises:
            TruthError: when the file exists and is not one.
        """
        if self._place is not None:
            uri = f"{self._place}/{splitext(basename(source_ref))[0]}.truth.json"
        else:
            uri = f"s3://{split_s3(source_ref)[0]}/{video_truth_key(source_ref)}"
        return self._first([uri], CloudTruth.from_json)

    def item(self, source_ref: str) -> ItemTruth | None:
        """The truth of one text file, video clip or image as a whole.

        Raises:
            TruthError: when the file exists and is not one.
        """
        bucket = split_s3(source_ref)[0]
        return self._item(f"s3://{bucket}/{items_truth_key(source_ref)}", basename(source_ref))

    def text(self, text: str, bucket: str, ref: str | None = None) -> ItemTruth | None:
        """The truth of a text that stands in a manifest of that bucket, or in the file of `ref`.

        Raises:
            TruthError: when the file exists and is not one.
        """
        return self._item(ref or f"s3://{bucket}/{TRUTH_PREFIX}{ITEMS_FILE}", text)

    def _item(self, uri: str, name: str) -> ItemTruth | None:
        place = f"{self._place}/{ITEMS_FILE}" if self._place is not None else uri
        truths = self._first([place], all_items)
        return None if truths is None else truths.get(name)

    def _first(self, uris: list[str], parse: Callable[[Any], T]) -> T | None:
        for uri in uris:
            found = self._remembered(uri, partial(self._load, uri, parse))
            if found is not None:
                return found
        return None

    def _load(self, uri: str, parse: Callable[[Any], T]) -> T | None:
        body = self._body(uri)
        if body is None:
            return None
        try:
            return parse(json.loads(body))
        except TruthError as error:
            raise TruthError(f"{uri}: {error}") from error
        except ValueError as error:
            raise TruthError(f"{uri} is not valid JSON: {error}") from error

    def _body(self, uri: str) -> bytes | None:
        if not uri.startswith("s3://"):
            path = Path(uri)
            return path.read_bytes() if path.is_file() else None
        if self._place is None:
            bucket, _ = split_s3(uri)
            hidden = f"s3://{bucket}/{TRUTH_PREFIX}"
            if not self._remembered(hidden, lambda: self._holds_any(bucket, TRUTH_PREFIX)):
                return None
        return self._read(uri)

    def _remembered(self, key: str, load: Callable[[], T]) -> T:
        now = time.monotonic()
        with self._lock:
            known = self._known.get(key)
        if known is not None and now - known[0] < REMEMBER_SECONDS:
            return known[1]  # type: ignore[no-any-return]
        value = load()
        with self._lock:
            self._known = {k: v for k, v in self._known.items() if now - v[0] < REMEMBER_SECONDS}
            self._known[key] = (now, value)
        return value


def _all_images(data: Any) -> dict[str, ImageTruth]:
    if not isinstance(data, dict):
        raise TruthError("an image truth file maps file names to their objects")
    return {name: ImageTruth.from_json(row) for name, row in data.items()}
