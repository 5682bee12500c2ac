"""ClientError -> Terrace errors, in one table. The only reader of AWS error codes."""

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import (
    ClientError,
    HTTPClientError,
    IncompleteReadError,
    ParamValidationError,
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
    "RequestThrottled": ThrottledError,
    "RequestThrottledException": ThrottledError,
    "TooManyRequestsException": ThrottledError,
    "RequestLimitExceeded": ThrottledError,
    "ProvisionedThroughputExceededException": ThrottledError,
    "SlowDown": ThrottledError,
    "BandwidthLimitExceeded": ThrottledError,
    "PriorRequestNotComplete": ThrottledError,
    "EC2ThrottledException": ThrottledError,
    "LimitExceededException": ThrottledError,
    "KMSThrottling": ThrottledError,
    "KMSThrottlingException": ThrottledError,
    "429": ThrottledError,
    "ResourceLimitExceeded": LimitExceededError,
    "ExecutionLimitExceeded": LimitExceededError,
    "ResourceInUse": NameTakenError,
    "ConditionalCheckFailedException": ConflictError,
    "TransactionConflictException": ConflictError,
    "TransactionInProgressException": ConflictError,
    "AccessDenied": AccessDeniedError,
    "AccessDeniedException": AccessDeniedError,
    "AuthorizationError": AccessDeniedError,
    "AuthorizationErrorException": AccessDeniedError,
    "UnauthorizedOperation": AccessDeniedError,
    "KMSAccessDenied": AccessDeniedError,
    "KMSAccessDeniedException": AccessDeniedError,
    "403": AccessDeniedError,
    "NoSuchKey": NotFoundError,
    "NoSuchBucket": NotFoundError,
    "NoSuchCORSConfiguration": NotFoundError,
    "NoSuchEntity": NotFoundError,
    "KMSNotFound": NotFoundError,
    "KMSDisabled": AccessDeniedError,
    "KMSInvalidState": AccessDeniedError,
    "KMSOptInRequired": AccessDeniedError,
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
    "RequestTimeoutException": TransientError,
    # Lambda, of a function that cannot run until its owner mends it; its status is 502.
    "EC2AccessDeniedException": AccessDeniedError,
    "EFSMountFailureException": BadRequestError,
    "InvalidRuntimeException": BadRequestError,
    "InvalidSecurityGroupIDException": BadRequestError,
    "InvalidSubnetIDException": BadRequestError,
    "InvalidZipFileException": BadRequestError,
    "KMSDisabledException": AccessDeniedError,
    "KMSInvalidStateException": AccessDeniedError,
    "KMSNotFoundException": NotFoundError,
    # Lambda, while a function is being updated or wakes from its snapshot.
    "ResourceConflictException": TransientError,
    "SnapStartNotReadyException": TransientError,
    "SnapStartTimeoutException": TransientError,
    "500": TransientError,
    "502": TransientError,
    "503": TransientError,
    "504": TransientError,
}

CONNECTION_LOST = (BotoConnectionError, HTTPClientError, IncompleteReadError)
"""What botocore raises when there is no answer, or only half of one."""


def code_of(error: ClientError) -> str:
    """The AWS error code, without a `com.amazonaws...#` prefix."""
    return str(error.response.get("Error", {}).get("Code", "")).split("#")[-1]


def translate(error: ClientError, what: str) -> TerraceError:
    """The Terrace error that stands for an AWS one; unknown 5xx and 429 pass, others are final."""
    code = code_of(error)
    text = f"{what}: {code}: {error.response.get('Error', {}).get('Message', '')}"
    kind = _BY_CODE.get(code)
    if kind is None:
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 400)
        kind = _by_status(status)
    return kind(text)


def _by_status(status: int) -> type[TerraceError]:
    if status == 429:
        return ThrottledError
    return TransientError if status >= 500 else BadRequestError


@contextmanager
def aws_call(what: str) -> Iterator[None]:
    """Runs AWS calls; what they raise comes out as Terrace errors that say what was tried."""
    try:
        yield
    except ClientError as error:
        raise translate(error, what) from error
    except ParamValidationError as error:
        # The SDK refuses what AWS would refuse; nothing was sent.
        raise BadRequestError(f"{what}: {error}") from error
    except CONNECTION_LOST as error:
        raise TransientError(f"{what}: {error}") from error
