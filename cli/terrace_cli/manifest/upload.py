"""A file or folder into S3: in parallel, going on where it stopped, over nothing else's place."""

import hashlib
import mimetypes
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from terrace.domain import s3uri
from terrace.domain.problems import Problem
from terrace_cli.errors import EXIT_WRONG, TerraceError
from terrace_cli.manifest import listing
from terrace_cli.manifest.lines import SHOWN_MAX, refuse
from terrace_cli.manifest.listing import Found

WORKERS = 8
PART = 64 * 1024 * 1024
"""Bytes. What is larger goes up in parts, which S3 cannot make conditional on nothing there."""
PIECE = 1024 * 1024
DIGEST = "terrace-sha256"
"""Metadata of what was uploaded here: S3 itself says no plain hash of what came in parts."""
Step = Callable[[str, int, int | None], None]


@dataclass(frozen=True)
class Task:
    """One file, and where it goes."""

    path: Path
    uri: str
    size: int


@dataclass(frozen=True)
class Done:
    """What came of it."""

    sent: int
    there: int
    """Files that were in S3 already, with the same content."""
    bytes: int
    """Sent."""


def tasks(path: Path, to: str) -> list[Task]:
    """What is to be done for a file or folder.

    Args:
        path: of a file, or of a folder: everything below it keeps its path. Names that begin with
            a dot are left out.
        to: an S3 folder (it ends with `/`, or the path is a folder), or a file's own URI.

    Raises:
        TerraceError: nothing is there, or a name is none that S3 and Ground Truth take.
    """
    if path.is_file():
        uri = f"{to}{path.name}" if to.endswith("/") else to
        made = [Task(path, uri, path.stat().st_size)]
    else:
        base = listing.folder_uri(to)
        made = [
            Task(path / one.name, f"{base}{one.name}", one.size)
            for one in listing.files(str(path), _no_s3)
        ]
    problems = [
        Problem(
            path=ascii(str(task.path)),
            code="KEY_INVALID",
            problem=f"its S3 URI {wrong}",
            fix="another name",
        )
        for task in made
        if (wrong := s3uri.problem(task.uri))
    ]
    refuse(problems)
    return made


def _no_s3() -> Any:
    raise AssertionError("files of this machine only")


def run(made: Sequence[Task], s3: Any, step: Step, *, replace: bool = False) -> Done:
    """Uploads what is not there yet.

    Args:
        made: what is to be done, all of it below one bucket.
        s3: boto3 client.
        step: told how far it is.
        replace: True to write over objects with another content.

    Raises:
        TerraceError: an object with another content is there (then nothing has been uploaded); a
            file cannot be read, or S3 refuses it (then running it again goes on).
    """
    there = _there(made, s3)
    wanted: list[Task] = []
    others: list[Task] = []
    for number, task in enumerate(made, start=1):
        found = there.get(task.uri)
        if found is None:
            wanted.append(task)
        elif not _same(task, found, s3):
            (wanted if replace else others).append(task)
        step("comparing", number, len(made))
    if others:
        shown = ", ".join(task.uri for task in others[:SHOWN_MAX])
        raise TerraceError(
            f"{len(others)} object(s) exist already with another content: {shown}"
            + (", ..." if len(others) > SHOWN_MAX else ""),
            "nothing was uploaded: name another folder, or say --replace to write over them",
            EXIT_WRONG,
        )
    _send(wanted, s3, step, replace=replace)
    sent = sum(task.size for task in wanted)
    return Done(len(wanted), len(made) - len(wanted), sent)


def _there(made: Sequence[Task], s3: Any) -> dict[str, Found]:
    """What is at the places that will be written: one look at many objects."""
    if len(made) == 1:
        folder = made[0].uri
    else:
        folders = {task.uri.rpartition("/")[0] for task in made}
        folder = _common(folders)
    at = s3uri.parse(folder, key_needed=False)
    from botocore.exceptions import BotoCoreError, ClientError

    found = {}
    wanted = {task.uri for task in made}
    try:
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=at.bucket, Prefix=at.key):
            for row in page.get("Contents", []):
                uri = f"s3://{at.bucket}/{row['Key']}"
                if uri in wanted:
                    found[uri] = Found(uri, row["Size"], 0.0, row["ETag"].strip('"'))
    except (ClientError, BotoCoreError) as error:
        raise TerraceError(
            f"cannot list {folder}: {error}",
            "the bucket must exist, and your AWS credentials must allow s3:ListBucket on it",
        ) from error
    return found


def _common(folders: set[str]) -> str:
    """The folder that all others are in, ending with `/`."""
    first, last = min(folders).split("/"), max(folders).split("/")
    same = 0
    while same < min(len(first), len(last)) and first[same] == last[same]:
        same += 1
    return "/".join(first[:same]) + "/"


def _same(task: Task, found: Found, s3: Any) -> bool:
    """True if the object has the file's content, whoever uploaded it and however."""
    if task.size != found.size:
        return False
    # An ETag without a dash is the MD5 of an object that is encrypted with S3's own keys, or not.
    if "-" not in found.etag and _hash(task.path, "md5") == found.etag:
        return True
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        return _digest(task.uri, s3) == _hash(task.path, "sha256")
    except (ClientError, BotoCoreError) as error:
        raise TerraceError(
            f"{task.uri} is there with the same size, and cannot be compared: {error}",
            "your AWS credentials must allow s3:GetObject on it",
            EXIT_WRONG,
        ) from error


def _digest(uri: str, s3: Any) -> str:
    """SHA-256 of an object: as noted when it was uploaded here, or by reading it."""
    at = s3uri.parse(uri)
    said = s3.head_object(Bucket=at.bucket, Key=at.key).get("Metadata", {}).get(DIGEST)
    if said is not None:
        return str(said)
    theirs = hashlib.sha256()
    body = s3.get_object(Bucket=at.bucket, Key=at.key)["Body"]
    while piece := body.read(PIECE):
        theirs.update(piece)
    return theirs.hexdigest()


def _hash(path: Path, name: str) -> str:
    made = hashlib.new(name, usedforsecurity=False)
    try:
        with path.open("rb") as file:
            while piece := file.read(PIECE):
                made.update(piece)
    except OSError as error:
        raise TerraceError(f"cannot read {path}: {error.strerror}", exit_code=EXIT_WRONG) from error
    return made.hexdigest()


def _send(wanted: Sequence[Task], s3: Any, step: Step, *, replace: bool) -> None:
    done, lock = 0, threading.Lock()

    def one(task: Task) -> None:
        nonlocal done
        _put(task, s3, replace=replace)
        with lock:
            done += 1
            step("uploading", done, len(wanted))

    with ThreadPoolExecutor(WORKERS) as pool:
        running: list[Future[None]] = [pool.submit(one, task) for task in wanted]
        finished, _ = wait(running, return_when=FIRST_EXCEPTION)
        failed = [future for future in finished if future.exception() is not None]
        if failed:
            pool.shutdown(wait=True, cancel_futures=True)
    if failed:
        _say(failed[0].exception(), done, len(wanted))


def _put(task: Task, s3: Any, *, replace: bool) -> None:
    at = s3uri.parse(task.uri)
    kind = mimetypes.guess_type(task.path.name)[0]
    about: dict[str, Any] = {"Metadata": {DIGEST: _hash(task.path, "sha256")}}
    if kind is not None:
        about["ContentType"] = kind
    if task.size > PART:
        from boto3.s3.transfer import TransferConfig

        config = TransferConfig(use_threads=False)
        s3.upload_file(str(task.path), at.bucket, at.key, ExtraArgs=about, Config=config)
        return
    if not replace:
        # Between looking and writing somebody else may have written.
        about["IfNoneMatch"] = "*"
    with task.path.open("rb") as file:
        s3.put_object(Bucket=at.bucket, Key=at.key, Body=file, **about)


def _say(error: BaseException | None, done: int, whole: int) -> None:
    """What stopped it, in words of the command line."""
    from boto3.exceptions import S3UploadFailedError
    from botocore.exceptions import BotoCoreError, ClientError

    if isinstance(error, ClientError | BotoCoreError | S3UploadFailedError | OSError):
        raise TerraceError(
            f"{done} of {whole} files are uploaded, then: {error}",
            "run the command again: it goes on where it stopped",
        ) from error
    if error is not None:
        raise error
