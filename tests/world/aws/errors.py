"""What AWS answers when it does not do what it was asked."""

from typing import Any

from botocore.exceptions import ClientError


def aws_error(code: str, message: str = "", status: int = 400, **more: Any) -> ClientError:
    """A ClientError as botocore raises it."""
    response = {
        "Error": {"Code": code, "Message": message or code},
        "ResponseMetadata": {"HTTPStatusCode": status},
        **more,
    }
    return ClientError(response, "Operation")  # type: ignore[arg-type]
