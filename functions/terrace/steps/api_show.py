"""GET /batch/show: one batch with all of its jobs, or the list. Reads only."""

import base64
import binascii
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from terrace.domain import show
from terrace.domain.problems import Problem
from terrace.domain.records import BatchRecord
from terrace.domain.status import BatchStatus
from terrace.domain.views import BatchList
from terrace.errors import BadRequestError
from terrace.ports import BatchStore, ObjectStore, Page
from terrace.steps.api_errors import InvalidRequestError, unknown_batch

URL_SECONDS = 900
LIMIT_DEFAULT = 100
LIMIT_MAX = 500
ANSWER_MAX_BYTES = 4_000_000
"""Lambda answers at most 6 MB, in which the body is a JSON text with its quotes escaped."""
INTERNAL_ERROR = "INTERNAL_ERROR"
"""A status of the 2021 sample: clients may ask for it; nothing is ever in it."""

_BATCH_ID = re.compile(r"[a-zA-Z0-9](?:-*[a-zA-Z0-9])*")


@dataclass(frozen=True)
class Show:
    """The step with its ports."""

    store: BatchStore
    objects: ObjectStore

    def one(self, batch_id: str) -> dict[str, Any]:
        """Everything that is known of a batch; UnknownBatchError where there is none."""
        found = self.store.load(batch_id) if well_formed(batch_id) else None
        if found is None:
            raise unknown_batch(batch_id)
        batch, jobs = found
        request = None if batch.deletedAt else self.objects.get_json(batch.requestS3Uri)
        view = show.batch_view(batch, jobs, request, self._link())
        data = show.dump(view)
        if _too_large(data):
            data["inputLabelingJobs"] = None
        if _too_large(data):
            for job in show.jobs_in(data):
                job["attempts"] = []
        return data

    def many(self, status: str | None, limit: str | None, token: str | None) -> dict[str, Any]:
        """Batches by status, newest first: at most `limit` of each status on a page."""
        problems: list[Problem] = []
        statuses = _statuses(status, problems)
        most = _limit(limit, problems)
        places = _places(token, problems) if token else dict.fromkeys(statuses)
        if problems:
            raise InvalidRequestError("The query is not valid.", problems)
        batches: list[BatchRecord] = []
        more: dict[str, str] = {}
        for wanted in statuses:
            if wanted not in places:
                continue
            page = self._page(wanted, most, places[wanted])
            batches += page.batches
            if page.nextToken is not None:
                more[wanted.value] = page.nextToken
        batches.sort(key=lambda batch: (-batch.createdAt, batch.batchId))
        by_status = {
            each.value: [batch.batchId for batch in batches if batch.status is each]
            for each in BatchStatus
        }
        answer = BatchList(
            **by_status,
            batches=[show.list_entry(batch) for batch in batches],
            nextToken=_token(more) if more else None,
        )
        return answer.model_dump(mode="json")

    def _page(self, status: BatchStatus, limit: int, token: str | None) -> Page:
        try:
            return self.store.list_batches(status, limit, token)
        except BadRequestError as error:
            if token is None:
                raise
            raise InvalidRequestError("The query is not valid.", [_BAD_TOKEN]) from error

    def _link(self) -> Callable[[str], str]:
        return lambda uri: self.objects.presign(uri, URL_SECONDS)


def well_formed(batch_id: str) -> bool:
    """True if a batch could have this id."""
    return len(batch_id) <= 63 and _BATCH_ID.fullmatch(batch_id) is not None


_BAD_TOKEN = Problem(
    path="nextToken",
    code="INVALID_TOKEN",
    problem="is not one that this API gave out",
    fix="use the nextToken of the last answer, unchanged, or leave it out",
)


def _too_large(data: dict[str, Any]) -> bool:
    return len(json.dumps(data, ensure_ascii=False).encode()) > ANSWER_MAX_BYTES


def _statuses(status: str | None, problems: list[Problem]) -> list[BatchStatus]:
    if status is None:
        return list(BatchStatus)
    if status == INTERNAL_ERROR:
        return []
    try:
        return [BatchStatus(status)]
    except ValueError:
        problems.append(
            Problem(
                path="status",
                code="UNKNOWN_VALUE",
                problem=f"there is no status {json.dumps(status[:80])}",
                fix=f"one of {', '.join(BatchStatus)}",
            )
        )
        return []


def _limit(limit: str | None, problems: list[Problem]) -> int:
    if limit is None:
        return LIMIT_DEFAULT
    if re.fullmatch(r"[0-9]{1,4}", limit) and 1 <= int(limit) <= LIMIT_MAX:
        return int(limit)
    problems.append(
        Problem(
            path="limit",
            code="OUT_OF_RANGE",
            problem=f"is {json.dumps(limit[:80])}",
            fix=f"a whole number, 1 to {LIMIT_MAX}",
        )
    )
    return LIMIT_DEFAULT


def _token(places: dict[str, str]) -> str:
    """One token for the places in all statuses that have more."""
    return base64.urlsafe_b64encode(json.dumps(places).encode()).decode()


def _places(token: str, problems: list[Problem]) -> dict[BatchStatus, str | None]:
    try:
        found = json.loads(base64.b64decode(token.encode(), altchars=b"-_", validate=True))
        if isinstance(found, dict) and all(isinstance(place, str) for place in found.values()):
            return {BatchStatus(name): place for name, place in found.items()}
    except (binascii.Error, ValueError, RecursionError):
        pass
    problems.append(_BAD_TOKEN)
    return {}
