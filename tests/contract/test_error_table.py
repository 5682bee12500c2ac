"""The table from AWS error codes to the errors of Terrace."""

import pytest
from botocore.exceptions import (
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    IncompleteReadError,
    ParamValidationError,
    ReadTimeoutError,
    ResponseStreamingError,
)
from botocore.retries import standard

from terrace.adapters.aws_errors import aws_call
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

CODES: list[tuple[str, int, type[TerraceError]]] = [
    ("ResourceInUse", 400, NameTakenError),
    ("ResourceLimitExceeded", 400, LimitExceededError),
    ("ExecutionLimitExceeded", 400, LimitExceededError),
    ("ThrottlingException", 400, ThrottledError),
    ("SlowDown", 503, ThrottledError),
    ("KMSThrottling", 400, ThrottledError),
    ("429", 429, ThrottledError),
    ("TransactionInProgressException", 400, ConflictError),
    ("ConditionalCheckFailedException", 400, ConflictError),
    ("ResourceNotFound", 400, NotFoundError),
    ("ExecutionDoesNotExist", 400, NotFoundError),
    ("NotFound", 404, NotFoundError),
    ("NoSuchKey", 404, NotFoundError),
    ("404", 404, NotFoundError),
    ("403", 403, AccessDeniedError),
    ("AccessDenied", 403, AccessDeniedError),
    ("AuthorizationError", 403, AccessDeniedError),
    ("KMSAccessDenied", 400, AccessDeniedError),
    ("KMSDisabled", 400, AccessDeniedError),
    ("KMSInvalidState", 400, AccessDeniedError),
    ("KMSNotFound", 400, NotFoundError),
    ("ValidationException", 400, BadRequestError),
    ("com.amazonaws.sagemaker#ResourceInUse", 400, NameTakenError),
]
UNKNOWN: list[tuple[int, type[TerraceError]]] = [
    (400, BadRequestError),
    (418, BadRequestError),
    (429, ThrottledError),
    (500, TransientError),
    (599, TransientError),
]


def raised(error: Exception) -> TerraceError:
    with pytest.raises(TerraceError) as caught, aws_call("Trying"):
        raise error
    return caught.value


def client_error(code: str, status: int = 400) -> ClientError:
    response = {
        "Error": {"Code": code, "Message": "the words of AWS"},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    return ClientError(response, "Operation")


@pytest.mark.parametrize(("code", "status", "kind"), CODES)
def test_a_code_has_its_error(code: str, status: int, kind: type[TerraceError]) -> None:
    error = raised(client_error(code, status))
    assert type(error) is kind
    assert "Trying" in str(error)
    assert "the words of AWS" in str(error)


@pytest.mark.parametrize("code", standard.ThrottledRetryableChecker._THROTTLED_ERROR_CODES)
def test_what_the_sdk_takes_for_throttling_passes_with_time(code: str) -> None:
    assert isinstance(raised(client_error(code)), TransientError)


@pytest.mark.parametrize("code", standard.TransientRetryableChecker._TRANSIENT_ERROR_CODES)
def test_what_the_sdk_takes_for_transient_passes_with_time(code: str) -> None:
    assert isinstance(raised(client_error(code)), TransientError)


@pytest.mark.parametrize(("status", "kind"), UNKNOWN)
def test_an_unknown_code_is_judged_by_its_http_status(
    status: int, kind: type[TerraceError]
) -> None:
    assert type(raised(client_error("NobodyKnowsThis", status))) is kind


@pytest.mark.parametrize(
    "error",
    [
        EndpointConnectionError(endpoint_url="https://s3"),
        ConnectTimeoutError(endpoint_url="https://s3"),
        ReadTimeoutError(endpoint_url="https://s3"),
        ResponseStreamingError(error=OSError("reset")),
        IncompleteReadError(actual_bytes=1, expected_bytes=2),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_lost_connection_is_transient(error: Exception) -> None:
    assert type(raised(error)) is TransientError


def test_what_the_sdk_refuses_to_send_is_a_bad_request() -> None:
    assert type(raised(ParamValidationError(report="too short"))) is BadRequestError


def test_errors_of_our_own_pass_unchanged() -> None:
    ours = ConflictError("mine")
    assert raised(ours) is ours


def test_a_fault_in_our_code_is_not_hidden_as_an_error_of_aws() -> None:
    with pytest.raises(KeyError), aws_call("Trying"):
        raise KeyError("LabelCounters")
