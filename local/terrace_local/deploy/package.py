"""Zips a code folder the same way every time, so that unchanged code has an unchanged key."""

import hashlib
import io
import zipfile
from pathlib import Path

_LEFT_OUT = {"__pycache__", ".mypy_cache", ".ruff_cache", ".pytest_cache", ".aws-sam"}
_EPOCH = (1980, 1, 1, 0, 0, 0)


def archive(folder: Path) -> tuple[bytes, str]:
    """The zip of `folder` and a key that changes with its content.

    Libraries are not inside: locally they come from the interpreter's own site-packages, as they
    come from the layer or the bundle in AWS.
    """
    buffer = io.BytesIO()
    digest = hashlib.sha256()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as bundle:
        for file in sorted(folder.rglob("*")):
            if not file.is_file() or _LEFT_OUT.intersection(file.parts) or file.suffix == ".pyc":
                continue
            name = file.relative_to(folder).as_posix()
            content = file.read_bytes()
            digest.update(name.encode() + b"\0" + content + b"\0")
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.external_attr = (0o755 if file.stat().st_mode & 0o100 else 0o644) << 16
            bundle.writestr(entry, content)
    return buffer.getvalue(), digest.hexdigest()[:16]
