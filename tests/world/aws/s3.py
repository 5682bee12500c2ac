"""S3 objects in memory: ranges, ETags, multipart uploads."""

import hashlib
import io
from typing import Any

from tests.world.aws.errors import aws_error

CORS = {"AllowedMethods": ["GET", "HEAD", "PUT"], "AllowedOrigins": ["*"]}


PAGE = 1_000
"""Keys of one answer of ListObjectsV2."""


class S3:
    """`objects` maps (bucket, key) to bytes."""

    def __init__(self, buckets: list[str]) -> None:
        self.buckets = buckets
        self.objects: dict[tuple[str, str], bytes] = {}
        self._uploads: dict[str, dict[int, bytes]] = {}

    def text(self, uri: str) -> str | None:
        """An object by its URI, without being asked as a client; None where there is none."""
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        data = self.objects.get((bucket, key))
        return None if data is None else data.decode()

    def put(self, uri: str, text: str) -> None:
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        self.objects[bucket, key] = text.encode()

    def _find(self, p: dict[str, Any]) -> bytes:
        if p["Bucket"] not in self.buckets:
            raise aws_error("NoSuchBucket", status=404)
        data = self.objects.get((p["Bucket"], p["Key"]))
        if data is None:
            raise aws_error("NoSuchKey", status=404)
        return data

    def head_object(self, **p: Any) -> dict[str, Any]:
        data = self._find(p)
        return {"ContentLength": len(data), "ETag": _etag(data)}

    def get_object(self, **p: Any) -> dict[str, Any]:
        data = self._find(p)
        etag = _etag(data)
        if p.get("IfMatch", etag) != etag:
            raise aws_error("PreconditionFailed", status=412)
        if "Range" in p:
            start = int(p["Range"].removeprefix("bytes=").partition("-")[0])
            data = data[start:]
        return {"Body": io.BytesIO(data), "ContentLength": len(data), "ETag": etag}

    def list_objects_v2(self, **p: Any) -> dict[str, Any]:
        if p["Bucket"] not in self.buckets:
            raise aws_error("NoSuchBucket", status=404)
        keys = sorted(
            key
            for bucket, key in self.objects
            if bucket == p["Bucket"]
            and key.startswith(p.get("Prefix", ""))
            and key > p.get("ContinuationToken", "")
        )
        page = keys[:PAGE]
        found: dict[str, Any] = {"Contents": [{"Key": key} for key in page], "IsTruncated": False}
        if len(keys) > PAGE:
            found |= {"IsTruncated": True, "NextContinuationToken": page[-1]}
        return found

    def put_object(self, **p: Any) -> dict[str, Any]:
        if p["Bucket"] not in self.buckets:
            raise aws_error("NoSuchBucket", status=404)
        self.objects[p["Bucket"], p["Key"]] = bytes(p["Body"])
        return {"ETag": _etag(p["Body"])}

    def delete_object(self, **p: Any) -> dict[str, Any]:
        self.objects.pop((p["Bucket"], p["Key"]), None)
        return {}

    def create_multipart_upload(self, **p: Any) -> dict[str, Any]:
        name = f"upload-{len(self._uploads)}"
        self._uploads[name] = {}
        return {"UploadId": name}

    def upload_part(self, **p: Any) -> dict[str, Any]:
        self._uploads[p["UploadId"]][p["PartNumber"]] = bytes(p["Body"])
        return {"ETag": _etag(p["Body"])}

    def complete_multipart_upload(self, **p: Any) -> dict[str, Any]:
        parts = self._uploads[p["UploadId"]]
        self.objects[p["Bucket"], p["Key"]] = b"".join(parts[n] for n in sorted(parts))
        return {}

    def abort_multipart_upload(self, **p: Any) -> dict[str, Any]:
        self._uploads.pop(p["UploadId"], None)
        return {}

    def get_bucket_location(self, **p: Any) -> dict[str, Any]:
        if p["Bucket"] not in self.buckets:
            raise aws_error("NoSuchBucket", status=404)
        return {"LocationConstraint": None}

    def get_bucket_cors(self, **p: Any) -> dict[str, Any]:
        return {"CORSRules": [CORS]}

    @staticmethod
    def generate_presigned_url(operation: str, Params: dict[str, str], ExpiresIn: int) -> str:
        return f"https://signed/{Params['Bucket']}/{Params['Key']}?{operation}={ExpiresIn}"


def _etag(data: bytes | bytearray) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()
