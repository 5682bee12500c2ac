"""Talks to Terrace's API: one class, the same for a local run and for a deployed stack."""

import http.client
import json
import random
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote, urlencode

from terrace_cli.errors import ApiError, ErrorRow, TerraceError, Unreachable
from terrace_cli.signing import Signer, is_loopback, signer_for
from terrace_cli.target import Target

TIMEOUT_SECONDS = 35.0
"""API Gateway itself gives up after 29 s."""
TRIES = 5
BACKOFF_SECONDS = 0.3
BACKOFF_MAX_SECONDS = 8.0
RETRY_AFTER_MAX_SECONDS = 30.0
RETRIED = frozenset({429, 500, 502, 503, 504})


@dataclass(frozen=True)
class _Answer:
    status: int
    body: bytes
    retry_after: float | None


class Client:
    """Terrace's API. Every call is repeated when it is throttled, fails or is cut off.

    What changes a batch may be repeated as well: the same id with the same content is the same
    batch, a stop is a stop, and a retry that was accepted is not made twice.

    Args:
        target: Where to send requests.
        sleep: Waits between tries; tests give their own.
    """

    def __init__(self, target: Target, sleep: Callable[[float], None] = time.sleep) -> None:
        self.target = target
        self._sleep = sleep
        # A proxy of the environment cannot reach this machine's loopback.
        proxies: dict[str, str] | None = {} if is_loopback(target.api_url) else None
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler(proxies))
        self._signer: Signer | None = None

    def create(self, body: bytes) -> dict[str, Any]:
        """Posts a request as it is and gives the answer (`batchId`, `status`, `message`).

        Raises:
            ApiError: it was refused; `errors` lists everything that is wrong with it.
            Unreachable: no answer.
        """
        return self._call("POST", "/batch/create", body)

    def show(self, batch_id: str) -> dict[str, Any]:
        """One batch with all of its jobs.

        Raises:
            ApiError: 404 when there is none of that id.
            Unreachable: no answer.
        """
        return self._call("GET", "/batch/show?" + _query({"batchId": batch_id}))

    def report(self, batch_id: str) -> dict[str, Any]:
        """The report on one batch, or, if it is large, only where it is.

        Raises:
            ApiError: 404 when there is none of that id, 410 when its data was deleted.
            Unreachable: no answer.
        """
        return self._call("GET", "/batch/report?" + _query({"batchId": batch_id}))

    def list_batches(
        self, status: str | None = None, limit: int | None = None, token: str | None = None
    ) -> dict[str, Any]:
        """One page of batches, newest first; `nextToken` leads to the next page."""
        given = {"status": status, "limit": limit, "nextToken": token}
        query = _query({key: value for key, value in given.items() if value is not None})
        return self._call("GET", "/batch/show" + (f"?{query}" if query else ""))

    def stop(self, batch_id: str, *, drain: bool = False) -> dict[str, Any]:
        """Starts nothing new; stops what runs, or lets it finish (`drain`).

        Raises:
            ApiError: 404 when there is none of that id.
            Unreachable: no answer.
        """
        body = {"batchId": batch_id, "mode": "drain" if drain else "stop"}
        return self._call("POST", "/batch/stop", json.dumps(body).encode())

    def retry(self, batch_id: str, job_names: Sequence[str] = ()) -> dict[str, Any]:
        """Runs again what did not deliver (of these jobs), and what depends on it.

        Raises:
            ApiError: 404 when there is none of that id, 409 when it cannot be retried now.
            Unreachable: no answer.
        """
        body: dict[str, Any] = {"batchId": batch_id}
        if job_names:
            body["jobNames"] = list(job_names)
        return self._call("POST", "/batch/retry", json.dumps(body).encode())

    def _call(self, method: str, path: str, body: bytes = b"") -> dict[str, Any]:
        for attempt in range(1, TRIES + 1):
            last = attempt == TRIES
            try:
                answer = self._send(method, self.target.api_url + path, body)
            except (ConnectionRefusedError, urllib.error.URLError) as error:
                reason = error.reason if isinstance(error, urllib.error.URLError) else error
                if last or not _was_cut_off(reason):
                    raise self._unreachable(reason) from error
                self._pause(attempt, None)
                continue
            except (http.client.HTTPException, OSError) as error:
                if last:
                    raise self._unreachable(error) from error
                self._pause(attempt, None)
                continue
            if answer.status in RETRIED and not last:
                self._pause(attempt, answer.retry_after)
                continue
            return self._read(answer)
        raise AssertionError("the last try returns or raises")

    def _send(self, method: str, url: str, body: bytes) -> _Answer:
        headers = {"Accept": "application/json", "User-Agent": "terrace-cli"}
        if method == "POST":
            headers["Content-Type"] = "application/json"
        if self.target.sign:
            self._signer = self._signer or signer_for(self.target)
            headers = self._signer(method, url, body, headers)
        data = body if method == "POST" else None
        request = urllib.request.Request(url, data=data, headers=headers, method=method)
        try:
            with self._opener.open(request, timeout=TIMEOUT_SECONDS) as response:
                return _Answer(response.status, response.read(), None)
        except urllib.error.HTTPError as error:
            with error:
                return _Answer(error.code, error.read(), _seconds(error.headers))

    def _pause(self, attempt: int, retry_after: float | None) -> None:
        if retry_after is not None:
            self._sleep(min(retry_after, RETRY_AFTER_MAX_SECONDS))
            return
        cap = min(BACKOFF_MAX_SECONDS, BACKOFF_SECONDS * 2**attempt)
        self._sleep(random.uniform(cap / 4, cap))

    def _unreachable(self, reason: object) -> Unreachable:
        words = str(reason) or type(reason).__name__
        if self.target.local is not None:
            hint = "is it still running? `terrace local status` says so, `terrace local up` starts"
        else:
            hint = "check the address, your network and your proxy settings"
        return Unreachable(f"no answer from {self.target.where}: {words}", hint)

    def _read(self, answer: _Answer) -> dict[str, Any]:
        try:
            content = json.loads(answer.body)
        except ValueError:
            content = None
        if answer.status == 200:
            if isinstance(content, dict):
                return content
            raise TerraceError(
                f"the answer of {self.target.api_url} is not that of a Terrace API",
                "is the address right, with its stage? It is the stack's output ApiUrl",
            )
        said = content if isinstance(content, dict) else {}
        message = str(said.get("message") or said.get("Message") or f"HTTP {answer.status}")
        if said.get("requestId"):
            message += f" (request {said['requestId']})"
        errors = [_of_commands(row) for row in ErrorRow.many(said.get("errors"))]
        raise ApiError(answer.status, message, errors, _hint(answer.status, message, errors))


def _query(values: dict[str, Any]) -> str:
    # quote, not quote_plus: a `+` for a blank would break the signature.
    return urlencode(values, quote_via=quote, safe="")


def _was_cut_off(reason: object) -> bool:
    """True when a repeat may help: dropped or timed out; not refused, and no unknown name."""
    if isinstance(reason, ConnectionRefusedError):
        return False
    return isinstance(reason, ConnectionError | TimeoutError)


def _seconds(headers: Any) -> float | None:
    try:
        return max(0.0, float(headers.get("Retry-After")))
    except (TypeError, ValueError):
        return None


def _of_commands(row: ErrorRow) -> ErrorRow:
    """What helps, in words of the command line where the API names its own calls."""
    fix = _COMMANDS.get(row.code)
    return replace(row, fix=fix) if fix and "GET /batch/" in row.fix else row


_COMMANDS = {
    "UNKNOWN_BATCH": "terrace show lists the batches",
    "DATA_DELETED": "terrace show BATCH_ID still says how it ended",
}


def _hint(status: int, message: str, errors: list[ErrorRow]) -> str:
    if status == 403 and "Missing Authentication Token" in message:
        return "the path is not of this API, or the request was not signed: check --api-url"
    if status in (401, 403):
        return (
            "your credentials may not call this API: attach the policy named by the stack's "
            "output ApiCallerPolicyArn to your user or role"
        )
    if status == 409 and not any(row.code == "NOT_RETRYABLE" for row in errors):
        return "choose another batchId, or post the same content as before"
    if status == 429:
        return "it is throttled; wait a little and try again"
    if status >= 500:
        return "it is safe to try again; the request id is in the function's log"
    return ""
