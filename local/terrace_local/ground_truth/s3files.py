"""Reading and writing a job's S3 objects, with errors in the words of Ground Truth."""

import json
import time
from collections.abc import Callable
from typing import Any, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from terrace_local.workers.truth import split_s3

T = TypeVar("T")

_PASSING = {"500", "503", "InternalError", "SlowDown", "ServiceUnavailable", "Throttling"}
_TRIES = 4
PRESIGNED_SECONDS = 3600


class InputProblem(Exception):
    """Something in the job's input makes the job fail; the text is its FailureReason."""


class S3Files:
    """A job's view of S3.

    Args:
        client: Gives the boto3 S3 client to use now, with the job's role where roles are
            checked; asked before each call, since a job may outlive a role's session.
        kms_key: The key that what is written is encrypted with (``OutputConfig.KmsKeyId``);
            None: as the bucket has it.
    """

    def __init__(self, client: Callable[[], Any], kms_key: str | None = None) -> None:
        self._get_client = client
        self._encryption = (
            {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": kms_key} if kms_key else {}
        )

    @property
    def _client(self) -> Any:
        return self._get_client()

    def read(self, uri: str, what: str, first_bytes: int | None = None) -> bytes:
        """The object's bytes, or its first ones.

        Raises:
            InputProblem: when it is not there or may not be read; ``what`` names it.
        """
        data = self.read_if_there(uri, first_bytes, what)
        if data is None:
            raise InputProblem(
                f"ClientError: Unable to access {what} at {uri}. Ensure that it exists and that "
                "the job's role has permission to read it."
            )
        return data

    def read_if_there(
        self, uri: str, first_bytes: int | None = None, what: str = "an object"
    ) -> bytes | None:
        """The object's bytes, or its first ones; None when it does not exist.

        Raises:
            InputProblem: when it exists and may not be read, or the URI is none.
        """
        try:
            bucket, key = split_s3(uri)
        except ValueError as error:
            raise InputProblem(f"ClientError: {what}: {error}") from error
        if not bucket or not key:
            raise InputProblem(f"ClientError: {what}: {uri} names no S3 object.")
        kwargs: dict[str, Any] = {"Bucket": bucket, "Key": key}
        if first_bytes is not None:
            kwargs["Range"] = f"bytes=0-{first_bytes - 1}"
        try:
            return _patiently(lambda: bytes(self._client.get_object(**kwargs)["Body"].read()))
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code in ("NoSuchKey", "NoSuchBucket", "404", "NotFound"):
                return None
            if code == "InvalidRange":
                return b""
            raise InputProblem(
                f"ClientError: Unable to read {what} at {uri} ({code}). Ensure that the job's "
                "role has permission to read it."
            ) from error

    def read_json(self, uri: str, what: str) -> Any:
        """The object parsed as JSON.

        Raises:
            InputProblem: when it cannot be read or is not JSON.
        """
        data = self.read(uri, what)
        try:
            return json.loads(data)
        except ValueError as error:
            raise InputProblem(
                f"ClientError: {what} at {uri} is not valid JSON: {error}"
            ) from error

    def write(self, uri: str, body: bytes, content_type: str = "application/json") -> None:
        """Writes the object.

        Raises:
            botocore.exceptions.ClientError, BotoCoreError: when it still fails after some tries.
        """
        bucket, key = split_s3(uri)
        _patiently(
            lambda: self._client.put_object(
                Bucket=bucket, Key=key, Body=body, ContentType=content_type, **self._encryption
            )
        )

    def presign(self, uri: str) -> str:
        """A short-lived https URL of an object, as ``grant_read_access`` gives it to browsers."""
        bucket, key = split_s3(uri)
        return str(
            self._client.generate_presigned_url(
                "get_object", Params={"Bucket": bucket, "Key": key}, ExpiresIn=PRESIGNED_SECONDS
            )
        )

    def holds_any(self, bucket: str, prefix: str) -> bool:
        """Whether any key starts with the prefix; False when one may not look."""
        try:
            found = _patiently(
                lambda: self._client.list_objects_v2(Bucket=bucket, Prefix=prefix, MaxKeys=1)
            )
        except ClientError:
            return False
        return bool(found.get("Contents"))


def _patiently(call: Callable[[], T]) -> T:
    """Calls again after faults that pass by themselves, as Ground Truth does."""
    for attempt in range(_TRIES):
        try:
            return call()
        except ClientError as error:
            if error.response["Error"]["Code"] not in _PASSING or attempt == _TRIES - 1:
                raise
        except BotoCoreError:
            if attempt == _TRIES - 1:
                raise
        time.sleep(0.05 * 2**attempt)
    raise AssertionError("unreachable: the last attempt returns or raises")
