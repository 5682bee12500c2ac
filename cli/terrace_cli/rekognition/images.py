"""Format, size and bytes of images, by the first bytes of each."""

import io
import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from terrace.domain import s3uri
from terrace_cli.rekognition import rules

READ = (64 * 1024, 1024 * 1024, rules.IMAGE_BYTES_MAX)
"""Bytes asked for, one after another until the header is whole: JPEG files may carry a preview
and a colour profile before they say their size."""
THREADS = 8
AHEAD = 64
_TOTAL = re.compile(r"/(\d+)$")


@dataclass(frozen=True)
class Image:
    """What an image's header says; `problem` where it cannot be read."""

    kind: str = ""
    width: int = 0
    height: int = 0
    bytes: int = 0
    problem: str = ""


class Images:
    """Looks at images in S3, or in local copies of S3 folders.

    Args:
        s3: makes the boto3 client; not called where all images are in local copies.
        copies: S3 folders, and the local folders that have copies of them.
    """

    def __init__(self, s3: Callable[[], Any], copies: Sequence[tuple[str, Path]] = ()) -> None:
        self._make, self._copies = s3, copies
        self._client: Any = None

    def all(self, sources: Iterable[str]) -> Iterator[Image]:
        """The images in order; several are asked for at once, few are held."""
        waiting: deque[Future[Image]] = deque()
        with ThreadPoolExecutor(THREADS) as pool:
            for source in sources:
                if self._client is None and self._copy(source) is None:
                    # Made here: boto3 sessions are not for several threads, its clients are.
                    self._client = self._make()
                waiting.append(pool.submit(self.one, source))
                if len(waiting) >= AHEAD:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()

    def one(self, source: str) -> Image:
        """One image; whatever is wrong with it is in `problem`."""
        path = self._copy(source)
        return self._of_file(path) if path is not None else self._of_object(source)

    def _copy(self, source: str) -> Path | None:
        for prefix, folder in self._copies:
            if source.startswith(prefix):
                inside = Path(folder, *source.removeprefix(prefix).split("/"))
                if inside.resolve().is_relative_to(folder.resolve()):
                    return inside
        return None

    def _of_file(self, path: Path) -> Image:
        try:
            with path.open("rb") as file:
                return _header(file, path.stat().st_size) or Image(problem="is no image")
        except OSError as error:
            return Image(problem=f"cannot be read ({path}: {error.strerror})")

    def _of_object(self, source: str) -> Image:
        from botocore.exceptions import BotoCoreError, ClientError

        place = s3uri.parse(source)
        if self._client is None:
            self._client = self._make()
        size = 0
        try:
            for most in READ:
                answer = self._client.get_object(
                    Bucket=place.bucket, Key=place.key, Range=f"bytes=0-{most - 1}"
                )
                whole = _TOTAL.search(answer.get("ContentRange", ""))
                size = int(whole[1]) if whole else int(answer["ContentLength"])
                found = _header(io.BytesIO(answer["Body"].read()), size)
                if found is not None:
                    return found
                if size <= most:
                    break
        except ClientError as error:
            code = error.response["Error"].get("Code", "")
            if code == "InvalidRange":
                return Image(problem="is empty")
            return Image(problem=f"cannot be read ({code})")
        except (BotoCoreError, OSError) as error:
            return Image(problem=f"cannot be read ({error})")
        return Image(bytes=size, problem="is no image")


def _header(file: Any, size: int) -> Image | None:
    from PIL import Image as Pictures
    from PIL import UnidentifiedImageError

    try:
        with Pictures.open(file) as picture:
            # Phones write several pictures into a JPEG file; Pillow calls that MPO.
            kind = "JPEG" if picture.format == "MPO" else str(picture.format)
            return Image(kind, picture.width, picture.height, size)
    except (
        UnidentifiedImageError,
        OSError,
        SyntaxError,
        ValueError,
        Pictures.DecompressionBombError,
    ):
        return None


def broken(image: Image) -> tuple[str, str, str] | None:
    """The first rule that an image breaks: its code, what is wrong, what would be right."""
    if image.problem:
        return "image-read", f"the image {image.problem}", "a PNG or JPEG file that you may read"
    if image.kind not in rules.FORMATS:
        return "image-format", f"the image is {image.kind}", " or ".join(rules.FORMATS)
    if image.bytes > rules.IMAGE_BYTES_MAX:
        return "image-bytes", f"the image has {image.bytes:,} bytes", "at most 15 MB"
    shown = f"the image is {image.width} x {image.height}"
    short, long = sorted((image.width, image.height))
    if short < rules.SIDE_MIN or long > rules.SIDE_MAX:
        return "image-side", shown, f"{rules.SIDE_MIN} to {rules.SIDE_MAX} pixels a side"
    if long > rules.RATIO_MAX * short:
        return "image-ratio", shown, f"at most {rules.RATIO_MAX} to 1"
    return None
