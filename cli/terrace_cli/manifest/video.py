"""Frames of a video, by PyAV (`pip install 'terrace[video]'`) or by an ffmpeg on the PATH.

Both choose the same frames: time is cut into slots of 1/fps seconds from the video's first frame,
and the first frame of each slot is taken. So no frame is taken twice, whatever fps is asked for,
and a video whose frames come at odd times loses none that a slot needs.
"""

import importlib.util
import io
import math
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from terrace_cli.errors import EXIT_FAILED, EXIT_WRONG, TerraceError

QUALITY = 95
"""Of JPEG frames: what labelers see should not be worse than what models see."""
FFMPEG_QUALITY = "2"
"""The same on ffmpeg's scale, 2 (best) to 31."""
_PICTURES = ("image2", "_pipe", "tty")
"""Demuxers that take pictures or any text for a video of their own."""
Take = Callable[[int, bytes], None]
"""Given the number of a frame, from 1, and its file."""


def extract(path: Path, fps: float | None, end: str, take: Take) -> int:
    """Gives the frames of a video, one by one, and returns how many they were.

    Args:
        path: of the video.
        fps: frames for each second of the video; None: all.
        end: `jpg` or `png`.
        take: gets each frame.

    Raises:
        TerraceError: it is no video, ends in its middle, or there is nothing to read it with.
    """
    if not path.is_file():
        problem = "is no file" if path.exists() else "does not exist"
        raise TerraceError(f"{path} {problem}", exit_code=EXIT_WRONG)
    reader = _reader()
    count = 0
    for count, data in enumerate(reader(path, fps, end), start=1):
        take(count, data)
    if count == 0:
        raise _no_video(path, "it has no frame")
    return count


def _reader() -> Callable[[Path, float | None, str], Iterator[bytes]]:
    if importlib.util.find_spec("av") is not None:
        return _by_pyav
    if shutil.which("ffmpeg") is not None:
        return _by_ffmpeg
    raise TerraceError(
        "nothing here can read a video",
        "pip install 'terrace[video]' (in a checkout: .venv/bin/python -m pip install av), or "
        "install ffmpeg",
        EXIT_FAILED,
    )


def _by_pyav(path: Path, fps: float | None, end: str) -> Iterator[bytes]:
    import av

    taken, last = 0, -1
    try:
        with av.open(str(path), metadata_errors="replace") as video:
            if any(mark in video.format.name for mark in _PICTURES):
                raise _no_video(path, "it is a picture or a text")
            if not video.streams.video:
                raise _no_video(path, "it has sound only")
            stream = video.streams.video[0]
            stream.thread_type = "AUTO"
            first: float | None = None
            for number, frame in enumerate(video.decode(stream)):
                if fps is not None:
                    # Without time stamps (raw streams), frames come at the stream's rate.
                    at = frame.time
                    if at is None:
                        at = number / float(stream.average_rate or 25)
                    first = at if first is None else first
                    # 1e-6: 3 * (1/3) must be in slot 3, whatever floats make of it.
                    slot = math.floor((at - first) * fps + 1e-6)
                    if slot <= last:
                        continue
                    last = slot
                yield _encoded(frame, end)
                taken += 1
    except av.error.FFmpegError as error:
        if not taken:
            raise _no_video(path, error.strerror or type(error).__name__) from error
        raise TerraceError(
            f"{path} cannot be read behind frame {taken} of those taken: {error.strerror}",
            "it is cut off or damaged: repair it (ffmpeg -i IN -c copy OUT), or cut it before that",
            EXIT_WRONG,
        ) from error


def _encoded(frame: Any, end: str) -> bytes:
    from PIL import Image

    picture = frame.to_image()
    # Phones film lying down and say so; players turn the picture, so workers must see it turned.
    turned = {
        90: Image.Transpose.ROTATE_90,
        180: Image.Transpose.ROTATE_180,
        270: Image.Transpose.ROTATE_270,
    }.get(round(frame.rotation) % 360)
    if turned is not None:
        picture = picture.transpose(turned)
    out = io.BytesIO()
    if end == "png":
        picture.save(out, "PNG")
    else:
        picture.save(out, "JPEG", quality=QUALITY)
    return out.getvalue()


def _by_ffmpeg(path: Path, fps: float | None, end: str) -> Iterator[bytes]:
    with tempfile.TemporaryDirectory(prefix="terrace-frames-") as folder:
        slots = []
        if fps is not None:
            # Inside of quotes, commas are no separators.
            now, before = f"floor(t*{fps}+1e-6)", f"floor(prev_selected_t*{fps}+1e-6)"
            chosen = f"setpts=PTS-STARTPTS,select='isnan(prev_selected_t)+gt({now},{before})'"
            slots = ["-vf", chosen]
        for once in (("-fps_mode", "passthrough"), ("-vsync", "0")):
            command = [
                *("ffmpeg", "-nostdin", "-v", "error", "-xerror", "-i", f"file:{path}"),
                *("-map", "0:v:0", *slots, *once, "-q:v", FFMPEG_QUALITY),
                *("-f", "image2", f"{folder}/%09d.{end}"),
            ]
            ran = subprocess.run(command, capture_output=True, check=False)
            # Before 5.1 the option had another name; both are: take no frame twice.
            if b"Unrecognized option 'fps_mode'" not in ran.stderr:
                break
        if ran.returncode != 0:
            said = ran.stderr.decode("utf-8", "replace").strip().splitlines()
            raise _no_video(path, said[-1] if said else f"ffmpeg ended with {ran.returncode}")
        for file in sorted(Path(folder).iterdir()):
            yield file.read_bytes()
            file.unlink()


def _no_video(path: Path, why: str) -> TerraceError:
    return TerraceError(
        f"{path} is no video that can be read: {why}", "an MP4, MOV, AVI, MKV, ...", EXIT_WRONG
    )
