"""ObjectStore on S3: streaming reads that resume, multipart writes that appear whole or not."""

import json
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, suppress
from typing import Any

from botocore.exceptions import ClientError

from terrace.adapters.aws_errors import CONNECTION_LOST, aws_call, code_of
from terrace.adapters.staging import DiskStaging
from terrace.domain import json_text, s3uri
from terrace.errors import (
    BadRequestError,
    NotFoundError,
    ObjectChangedError,
    TerraceError,
    TransientError,
)
from terrace.ports import Json, Line, ObjectInfo, Upload

CHUNK = 1024 * 1024
PART = 8 * 1024 * 1024
RESUMES = 5
BLOCK = 64 * 1024
"""Characters of lines that are encoded at a time."""
WRITERS = 16
"""Objects that are written at a time, as READERS; each holds a part in memory at most."""
READERS = 16
"""Objects that are fetched at a time: a GetObject waits some 20 ms, and costs 1 ms of processor."""
AHEAD = 4 * READERS
"""Objects that are fetched before they are asked for: they are held in memory."""
JSON_MAX = 16 * 1024 * 1024
LINE_MAX = 16 * 1024 * 1024
"""Bytes. Ground Truth takes 100,000 characters; no endless line may fill a function's memory."""


class S3ObjectStore:
    """Objects by `s3://bucket/key`."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def head(self, uri: str) -> ObjectInfo:
        with aws_call(f"S3 HeadObject {uri}"):
            found = self._client.head_object(**_where(uri))
        return ObjectInfo(uri, found["ContentLength"], found["ETag"])

    def exists(self, uri: str) -> bool:
        try:
            self.head(uri)
        except NotFoundError:
            return False
        return True

    def get_json(self, uri: str, max_bytes: int = JSON_MAX, *, lenient: bool = False) -> Json:
        data = self.get_bytes(uri, max_bytes)
        try:
            return json_text.loads(data.decode("utf-8-sig"), finite=not lenient)
        except UnicodeDecodeError as error:
            # Its own text quotes the byte, and the whole file is its argument.
            raise ValueError(f"is not UTF-8 (byte {error.start})") from None

    def get_bytes(self, uri: str, max_bytes: int) -> bytes:
        with aws_call(f"S3 GetObject {uri}"):
            found = self._client.get_object(**_where(uri))
            if found["ContentLength"] > max_bytes:
                raise ValueError(f"is {found['ContentLength']} bytes long, at most {max_bytes}")
            data: bytes = found["Body"].read()
        return data

    def get_start(self, uri: str, most: int) -> bytes:
        try:
            with aws_call(f"S3 GetObject {uri}"):
                found = self._client.get_object(**_where(uri), Range=f"bytes=0-{most - 1}")
                with closing(found["Body"]) as body:
                    data: bytes = body.read()
        except BadRequestError:
            # An empty object has no first byte, and S3 says so with an error.
            return self.get_bytes(uri, most)
        return data

    def get_jsons(self, uris: Iterable[str]) -> Iterator[tuple[str, Json | ValueError]]:
        waiting: deque[tuple[str, Future[Json | ValueError]]] = deque()
        pool = ThreadPoolExecutor(READERS)
        try:
            for uri in uris:
                waiting.append((uri, pool.submit(self._json_or_error, uri)))
                if len(waiting) >= AHEAD:
                    first, found = waiting.popleft()
                    yield first, found.result()
            while waiting:
                first, found = waiting.popleft()
                yield first, found.result()
        finally:
            # Whoever stops reading does not wait for what nobody reads.
            pool.shutdown(cancel_futures=True)

    def _json_or_error(self, uri: str) -> Json | ValueError:
        try:
            return self.get_json(uri)
        except ValueError as error:
            return error

    def read_lines(
        self, uri: str, *, start: int = 0, first_number: int = 1, etag: str | None = None
    ) -> Iterator[Line]:
        rest = b""
        number, end = first_number, start
        for chunk in self._chunks(uri, start, etag):
            cut = chunk.rfind(b"\n") + 1
            if cut:
                block, rest = rest + chunk[:cut], chunk[cut:]
                if block.isascii() and b"\r" not in block:
                    # Nearly every manifest: a character is a byte, and needs no care.
                    for text in block[:-1].decode("ascii").split("\n"):
                        end += len(text) + 1
                        yield Line(number, text, end)
                        number += 1
                else:
                    for raw in block[:-1].split(b"\n"):
                        end += len(raw) + 1
                        yield Line(number, _text(raw, uri, number), end)
                        number += 1
            else:
                rest += chunk
            if len(rest) > LINE_MAX:
                raise ValueError(f"{uri} line {number}: longer than {LINE_MAX} bytes")
        if rest:
            yield Line(number, _text(rest, uri, number), end + len(rest))

    def _chunks(self, uri: str, start: int, etag: str | None) -> Iterator[bytes]:
        """The object from a byte on; a dropped connection is taken up at the same byte."""
        where = _where(uri)
        info = self.head(uri)
        if etag is not None and info.etag != etag:
            raise ObjectChangedError(f"{uri} was replaced while it was read")
        position, resumes = start, 0
        while position < info.size:
            try:
                body = self._client.get_object(
                    **where, Range=f"bytes={position}-", IfMatch=info.etag
                )["Body"]
                with closing(body):
                    while chunk := body.read(CHUNK):
                        position += len(chunk)
                        yield chunk
            except ClientError as error:
                if code_of(error) in {"PreconditionFailed", "412"}:
                    raise ObjectChangedError(f"{uri} was replaced while it was read") from error
                with aws_call(f"S3 GetObject {uri}"):
                    raise
            except CONNECTION_LOST as error:
                resumes += 1
                if resumes > RESUMES:
                    raise TransientError(f"S3 GetObject {uri}: {error}") from error

    def put_json(self, uri: str, value: Json) -> None:
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        self.put_text(uri, text, "application/json")

    def put_text(self, uri: str, text: str, content_type: str) -> None:
        with aws_call(f"S3 PutObject {uri}"):
            self._client.put_object(**_where(uri), Body=text.encode(), ContentType=content_type)

    def write_lines(self, uri: str, lines: Iterator[str]) -> int:
        upload = _Upload(self._client, uri)
        count = size = 0
        block: list[str] = []
        most = min(BLOCK, PART)
        try:
            for line in lines:
                block.append(line)
                size += len(line)
                if size >= most:
                    upload.add(_encoded(block))
                    count += len(block)
                    block, size = [], 0
            upload.add(_encoded(block))
            upload.finish()
        except BaseException:
            upload.abort()
            raise
        return count + len(block)

    def put_many(self, uploads: Iterable[Upload]) -> int:
        waiting: deque[Future[None]] = deque()
        count = 0
        pool = ThreadPoolExecutor(WRITERS)
        try:
            for upload in uploads:
                waiting.append(pool.submit(self._put, upload))
                count += 1
                if len(waiting) >= 2 * WRITERS:
                    waiting.popleft().result()
            while waiting:
                waiting.popleft().result()
        finally:
            # Whoever stops writing does not begin what waits.
            pool.shutdown(cancel_futures=True)
        return count

    def _put(self, upload: Upload) -> None:
        target = _Upload(self._client, upload.uri, upload.content_type)
        try:
            for piece in upload.pieces():
                target.add(piece)
            target.finish()
        except BaseException:
            target.abort()
            raise

    def staging(self) -> DiskStaging:
        return DiskStaging()

    def delete(self, uri: str) -> None:
        with aws_call(f"S3 DeleteObject {uri}"):
            self._client.delete_object(**_where(uri))

    def keys(self, prefix: str) -> Iterator[str]:
        where = s3uri.parse(prefix)
        token: dict[str, str] = {}
        while True:
            with aws_call(f"S3 ListObjectsV2 {prefix}"):
                found = self._client.list_objects_v2(Bucket=where.bucket, Prefix=where.key, **token)
            for entry in found.get("Contents", []):
                yield f"s3://{where.bucket}/{entry['Key']}"
            if not found.get("IsTruncated"):
                return
            token = {"ContinuationToken": found["NextContinuationToken"]}

    def presign(self, uri: str, seconds: int) -> str:
        url: str = self._client.generate_presigned_url(
            "get_object", Params=_where(uri), ExpiresIn=seconds
        )
        return url

    def bucket_region(self, bucket: str) -> str:
        with aws_call(f"S3 GetBucketLocation {bucket}"):
            found = self._client.get_bucket_location(Bucket=bucket)
        # S3 says null for us-east-1 and "EU" for old eu-west-1 buckets.
        return {None: "us-east-1", "": "us-east-1", "EU": "eu-west-1"}.get(
            found.get("LocationConstraint"), str(found.get("LocationConstraint"))
        )

    def bucket_cors(self, bucket: str) -> list[dict[str, Json]]:
        try:
            with aws_call(f"S3 GetBucketCors {bucket}"):
                found = self._client.get_bucket_cors(Bucket=bucket)
        except NotFoundError:
            return []
        rules: list[dict[str, Json]] = found["CORSRules"]
        return rules


class _Upload:
    """One PutObject where it is small, a multipart upload where it is not."""

    def __init__(self, client: Any, uri: str, content_type: str = "application/x-ndjson") -> None:
        self._client = client
        self._type = content_type
        self._where = _where(uri)
        self._uri = uri
        self._buffer = bytearray()
        self._upload_id: str | None = None
        self._parts: list[dict[str, Any]] = []

    def add(self, data: bytes) -> None:
        self._buffer += data
        if len(self._buffer) >= PART:
            self._send()

    def _send(self) -> None:
        with aws_call(f"S3 UploadPart {self._uri}"):
            if self._upload_id is None:
                self._upload_id = self._client.create_multipart_upload(
                    **self._where, ContentType=self._type
                )["UploadId"]
            number = len(self._parts) + 1
            part = self._client.upload_part(
                **self._where,
                UploadId=self._upload_id,
                PartNumber=number,
                Body=bytes(self._buffer),
            )
        self._parts.append({"PartNumber": number, "ETag": part["ETag"]})
        self._buffer.clear()

    def finish(self) -> None:
        if self._upload_id is None:
            with aws_call(f"S3 PutObject {self._uri}"):
                self._client.put_object(
                    **self._where,
                    Body=bytes(self._buffer),
                    ContentType=self._type,
                )
            return
        if self._buffer:
            self._send()
        with aws_call(f"S3 CompleteMultipartUpload {self._uri}"):
            self._client.complete_multipart_upload(
                **self._where,
                UploadId=self._upload_id,
                MultipartUpload={"Parts": self._parts},
            )

    def abort(self) -> None:
        if self._upload_id is not None:
            # Whatever stopped the upload is what has to be told; parts that stay are removed by the
            # bucket's lifecycle rule.
            with suppress(TerraceError), aws_call(f"S3 AbortMultipartUpload {self._uri}"):
                self._client.abort_multipart_upload(**self._where, UploadId=self._upload_id)


def _encoded(lines: list[str]) -> bytes:
    return ("\n".join(lines) + "\n").encode() if lines else b""


def _where(uri: str) -> dict[str, str]:
    where = s3uri.parse(uri)
    return {"Bucket": where.bucket, "Key": where.key}


def _text(raw: bytes, uri: str, number: int) -> str:
    try:
        return raw.decode("utf-8").removesuffix("\r")
    except UnicodeDecodeError as error:
        raise ValueError(f"{uri} line {number}: not UTF-8 (byte {error.start})") from error
