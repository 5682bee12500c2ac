"""Answers of `GET /batch/show`, as short as a test can say them."""

from typing import Any

from terrace_cli.views import LEVEL_KEYS, BatchView, batch_view


def job(name: str, status: str, *, level: int = 1, **more: Any) -> dict[str, Any]:
    """One job of an answer."""
    return {"labelingJobName": name, "batchStatus": status, "jobLevel": level, **more}


def answer(status: str, *jobs: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A whole answer for the batch `b1`."""
    levels: dict[str, Any] = {}
    for number, key in enumerate(LEVEL_KEYS[:3], start=1):
        rows = [row for row in jobs if row["jobLevel"] == number]
        levels[key] = {"status": "IN_PROGRESS", "numChildBatches": len(rows), "jobLevels": rows}
    return {"batchId": "b1", "status": status, **levels, "errors": [], "warnings": [], **more}


def view(status: str, *jobs: dict[str, Any], **more: Any) -> BatchView:
    """The same, as the CLI reads it."""
    return batch_view(answer(status, *jobs, **more))
