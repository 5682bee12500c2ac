"""The local Ground Truth behind a real SageMaker client: JSON 1.1 on both sides, no server."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

from botocore.model import OperationModel
from botocore.parsers import create_parser

from terrace_local.ground_truth.service import (
    GroundTruthConfig,
    GroundTruthService,
    ServiceError,
)
from tests.fakes.engine import ACCOUNT, REGION


class GroundTruthWire:
    """Answers every call of a SageMaker client by a `GroundTruthService`."""

    def __init__(self, service: GroundTruthService, account: str = ACCOUNT) -> None:
        self.service = service
        self.calls: list[str] = []
        """The operations called, in order."""
        self._account = account
        self._parser = create_parser("json")

    def attach(self, client: Any) -> Any:
        """Puts itself between the client and the network; returns the client."""
        client.meta.events.register("before-call.sagemaker", self._answer)
        return client

    def _answer(self, model: OperationModel, params: dict[str, Any], **_: Any) -> Any:
        action = params["headers"]["X-Amz-Target"].rsplit(".", 1)[-1]
        self.calls.append(action)
        headers = {"Content-Type": "application/x-amz-json-1.1"}
        try:
            body = self.service.handle(action, json.loads(params["body"]), REGION, self._account)
            status = 200
        except ServiceError as error:
            status, body = error.status, {"__type": error.code, "message": error.message}
            headers["x-amzn-errortype"] = error.code
        answer = {"body": json.dumps(body).encode(), "headers": headers, "status_code": status}
        return SimpleNamespace(status_code=status), self._parser.parse(answer, model.output_shape)


@contextmanager
def ground_truth(s3: Any, events: list[dict[str, Any]]) -> Iterator[GroundTruthService]:
    """A local Ground Truth whose jobs wait for `finish`; its people work at once."""
    config = GroundTruthConfig(region=REGION, account=ACCOUNT, workers="manual", speed=1000)
    service = GroundTruthService(config, s3, events.append)
    service.start()
    try:
        yield service
    finally:
        service.stop()
