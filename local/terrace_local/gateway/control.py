"""`/_terrace/...`: what a person or a test asks of the local AWS itself."""

import asyncio
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

from terrace_local.gateway.calls import CallLog
from terrace_local.gateway.faults import BadFault, FaultBook

PREFIX = "/_terrace/"
Answer = tuple[int, dict[str, Any]]
Delegate = Callable[[str, str, bytes], Answer]


class ControlRoutes:
    """Answers control requests."""

    def __init__(
        self,
        faults: FaultBook,
        calls: CallLog,
        status: Callable[[], dict[str, Any]],
        ground_truth: Delegate,
    ) -> None:
        self._faults = faults
        self._calls = calls
        self._status = status
        self._ground_truth = ground_truth

    async def answer(self, method: str, path: str, query: str, body: bytes) -> Answer:
        """One control request; JSON in, JSON out."""
        name = path.removeprefix(PREFIX).split("/", 1)[0]
        if name == "faults":
            return self._on_faults(method, body)
        if name == "calls":
            return self._on_calls(method, query)
        if name == "status" and method == "GET":
            return 200, self._status()
        # It may wait for S3, which this very loop serves.
        return await asyncio.to_thread(self._ground_truth, method, path, body)

    def _on_faults(self, method: str, body: bytes) -> Answer:
        if method == "GET":
            return 200, {"faults": self._faults.listing()}
        if method == "DELETE":
            return 200, {"cleared": self._faults.clear()}
        if method != "POST":
            return 405, {"error": f"{method} is not possible here"}
        try:
            request = json.loads(body or b"{}")
            if not isinstance(request, dict):
                raise BadFault("an object is expected")
            return 200, self._faults.add(request).to_dict()
        except ValueError as exc:
            return 400, {"error": str(exc)}

    def _on_calls(self, method: str, query: str) -> Answer:
        if method == "DELETE":
            self._calls.clear()
            return 200, {"cleared": True}
        everyone = parse_qs(query).get("all", ["0"])[0] in ("1", "true")
        return 200, {"calls": self._calls.listing(include_administrator=everyone)}
