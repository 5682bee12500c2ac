"""Which service and which operation a request asks for, in boto3's words."""

from dataclasses import dataclass
from urllib.parse import parse_qs

_CANONICAL = {
    "states": "stepfunctions",
    "step-functions": "stepfunctions",
    "eventbridge": "events",
    "cloudwatch": "monitoring",
    "cloudwatch-logs": "logs",
}

_S3_SUBRESOURCES = {
    "cors": "BucketCors",
    "location": "BucketLocation",
    "versioning": "BucketVersioning",
    "lifecycle": "BucketLifecycleConfiguration",
    "policy": "BucketPolicy",
    "tagging": "ObjectTagging",
    "encryption": "BucketEncryption",
}
_VERBS = {"GET": "Get", "PUT": "Put", "DELETE": "Delete", "HEAD": "Head"}


@dataclass(frozen=True)
class Operation:
    """One API call: `service` as boto3 names the client, `name` as the API names the operation."""

    service: str
    name: str


def canonical_service(name: str) -> str:
    """The one name a service goes by here: `stepfunctions`, `events`, `sagemaker`, ..."""
    lowered = name.strip().lower()
    return _CANONICAL.get(lowered, lowered)


def identify(
    service: str, *, method: str, path: str, headers: dict[str, str], query: str, body: bytes
) -> Operation:
    """Name the operation of a request already routed to `service`; "" when it has no name."""
    service = canonical_service(service)
    target = headers.get("x-amz-target", "")
    if "." in target:
        return Operation(service, target.rsplit(".", 1)[1])
    if service == "s3":
        return Operation(service, _s3_operation(method, path, query))
    if service == "lambda":
        invoking = method == "POST" and path.endswith("/invocations")
        return Operation(service, "Invoke" if invoking else "")
    action = parse_qs(query).get("Action")
    if action is None and "form-urlencoded" in headers.get("content-type", ""):
        action = parse_qs(body.decode("utf-8", "replace")).get("Action")
    return Operation(service, action[0] if action else "")


def _s3_operation(method: str, path: str, query: str) -> str:
    parts = [part for part in path.split("/") if part]
    params = parse_qs(query, keep_blank_values=True)
    if not parts:
        return "ListBuckets"
    if len(parts) == 1:
        for name, noun in _S3_SUBRESOURCES.items():
            if name in params:
                return _VERBS.get(method, "") + noun
        if method == "POST" and "delete" in params:
            return "DeleteObjects"
        return {
            "GET": "ListObjectsV2" if "list-type" in params else "ListObjects",
            "PUT": "CreateBucket",
            "DELETE": "DeleteBucket",
            "HEAD": "HeadBucket",
        }.get(method, "")
    if "uploads" in params:
        return "CreateMultipartUpload"
    if "uploadId" in params:
        return {
            "PUT": "UploadPart",
            "POST": "CompleteMultipartUpload",
            "DELETE": "AbortMultipartUpload",
        }.get(method, "ListParts")
    if "tagging" in params:
        return _VERBS.get(method, "") + "ObjectTagging"
    return _VERBS.get(method, "") + "Object"
