"""The one error type that leaves the Ground Truth service."""


class ServiceError(Exception):
    """An answer with an AWS error code: the caller's request was refused, nothing was changed."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status


def validation_error(message: str) -> ServiceError:
    """Says that the request breaks a documented rule; ``message`` names the rule and the field."""
    return ServiceError("ValidationException", message)


def not_found(message: str = "Requested resource not found.") -> ServiceError:
    """Says that the job or team named does not exist."""
    return ServiceError("ResourceNotFound", message)
