"""ClientError -> Terrace errors, in one table. The only reader of AWS error codes."""

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import (
    ClientError,
    EndpointConnectionError,
    HTTPClientError,
)
from botocore.exceptions import (
    ConnectionError as BotoConnectionError,
)

from terrace.errors import (
    AccessDeniedError,
    BadRequestError,
    ConflictError,
    LimitExceededError,
    NameTakenError,
    NotFoundError,
    TerraceError,
    ThrottledError,
    TransientError,
)

_BY_CODE: dict[str, type[TerraceError]] = {
    "Throttling": ThrottledError,
    "ThrottlingException": ThrottledError,
    "ThrottledException": ThrottledError,
    "TooManyRequestsException": ThrottledError,
    "RequestLimitExceeded": ThrottledError,
    "ProvisionedThroughputExceededException": ThrottledError,
    "SlowDown": ThrottledError,
    "ResourceLimitExceeded": LimitExceededError,
    "ResourceInUse": NameTakenError,
    "ConditionalCheckFailedException": ConflictError,
    "TransactionConflictException": ConflictError,
    "TransactionInProgressException": ConflictError,
    "AccessDenied": AccessDeniedError,
    "AccessDeniedException": AccessDeniedError,
    "AuthorizationError": AccessDeniedError,
    "AuthorizationErrorException": AccessDeniedError,
    "UnauthorizedOperation": AccessDeniedError,
    "403": AccessDeniedError,
    "NoSuchKey": NotFoundError,
    "NoSuchBucket": NotFoundError,
    "NoSuchCORSConfiguration": NotFoundError,
    "NoSuchEntity": NotFoundError,
    "NotFound": NotFoundError,
    "NotFoundException": NotFoundError,
    "ResourceNotFound": NotFoundError,
    "ResourceNotFoundException": NotFoundError,
    "404": NotFoundError,
    "ExecutionDoesNotExist": NotFoundError,
    "InternalError": TransientError,
    "InternalServerError": TransientError,
    "InternalFailure": TransientError,
    "InternalServiceError": TransientError,
    "ServiceUnavailable": TransientError,
    "ServiceUnavailableException": TransientError,
    "RequestTimeout": TransientError,
    "500": TransientError,
    "502": TransientError,
    "503": TransientError,
    "504": TransientError,
}


def code_of(error: ClientError) -> str:
    """The AWS error code, without a `com.amazonaws...#` prefix."""
    return str(error.response.get("Error", {}).get("Code", "")).split("#")[-1]


def translate(error: ClientError, what: str) -> TerraceError:
    """The Terrace error that stands for an AWS one; unknown 5xx are transient, the rest final."""
    code = code_of(error)
    text = f"{what}: {code}: {error.response.get('Error', {}).get('Message', '')}"
    kind = _BY_CODE.get(code)
    if kind is None:
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 400)
        kind = TransientError if status >= 500 else BadRequestError
    return kind(text)


@contextmanager
def aws_call(what: str) -> Iterator[None]:
    """Runs AWS calls; what they raise comes out as Terrace errors that say what was tried."""
    try:
        yield
    except ClientError as error:
        raise translate(error, what) from error
    except (BotoConnectionError, EndpointConnectionError, HTTPClientError) as error:
        raise TransientError(f"{what}: {error}") from error
