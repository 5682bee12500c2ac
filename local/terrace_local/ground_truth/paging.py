"""Filters, order and pages of the List operations."""

import base64
import binascii
import json
from collections.abc import Callable
from typing import Any, TypeVar

from terrace_local.ground_truth.errors import validation_error

T = TypeVar("T")

# The API allows 100 a page and documents no default for labeling jobs.
PAGE = 100


def page_of(
    rows: list[T], payload: dict[str, Any], key: Callable[[T], list[Any]]
) -> tuple[list[T], str | None]:
    """One page in the order asked for, and the token of the next.

    The token holds the last row's key, not a count, so rows added between two calls neither
    repeat nor hide others.

    Args:
        rows: What the filters left.
        payload: The request: ``SortOrder``, ``MaxResults``, ``NextToken``.
        key: Sort key of a row; its last part makes it unique.

    Raises:
        ServiceError: ValidationException, for a token this service did not give.
    """
    descending = payload.get("SortOrder") == "Descending"
    ordered = sorted(rows, key=key, reverse=descending)
    token = payload.get("NextToken")
    if token:
        last = _decode(token)
        ordered = [r for r in ordered if (key(r) < last if descending else key(r) > last)]
    size = payload.get("MaxResults", PAGE)
    page = ordered[:size]
    more = len(ordered) > size
    return page, _encode(key(page[-1])) if more else None


def _encode(key: list[Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode()


def _decode(token: str) -> list[Any]:
    try:
        key = json.loads(base64.urlsafe_b64decode(token.encode()))
    except (ValueError, binascii.Error) as error:
        raise validation_error("NextToken is not one that was given by this operation.") from error
    if not isinstance(key, list):
        raise validation_error("NextToken is not one that was given by this operation.")
    return key


def epoch(value: Any) -> float:
    """A request's time as seconds; JSON 1.1 clients send numbers."""
    if isinstance(value, int | float):
        return float(value)
    raise validation_error(f"A time must be a number of seconds, not {value!r}.")
