"""Gap: a call of Lambda that gets no answer is a `States.Runtime` of moto's, which nobody retries.

A connection that cannot be made, breaks, or gives no answer in time is the SDK's trouble; Step
Functions names it `Lambda.SdkClientException` and says that it should be retried:
https://docs.aws.amazon.com/step-functions/latest/dg/sfn-best-practices.html (Handle transient
Lambda service exceptions). On a busy machine the embedded AWS has such calls of its own.
"""

from typing import Any

from botocore.exceptions import ConnectionError as BotoConnectionError
from botocore.exceptions import HTTPClientError

ERROR = "Lambda.SdkClientException"


def close() -> None:
    """Give such calls the name that a machine's Retry knows."""
    from moto.stepfunctions.parser.api import HistoryEventType, TaskFailedEventDetails
    from moto.stepfunctions.parser.asl.component.common.error_name.custom_error_name import (
        CustomErrorName,
    )
    from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import (
        FailureEvent,
    )
    from moto.stepfunctions.parser.asl.component.state.exec.state_task.service import (
        state_task_service_lambda as invoking,
    )
    from moto.stepfunctions.parser.asl.eval.event.event_detail import EventDetails

    service = invoking.StateTaskServiceLambda
    plain = service._from_error

    def with_a_name(self: Any, env: Any, ex: Exception) -> Any:
        if not isinstance(ex, HTTPClientError | BotoConnectionError):
            return plain(self, env=env, ex=ex)
        details = TaskFailedEventDetails(
            error=ERROR,
            cause=f"{type(ex).__name__}: {ex}",
            resource=self._get_sfn_resource(),
            resourceType=self._get_sfn_resource_type(),
        )
        return FailureEvent(
            env=env,
            error_name=CustomErrorName(ERROR),
            event_type=HistoryEventType.TaskFailed,
            event_details=EventDetails(taskFailedEventDetails=details),
        )

    service._from_error = with_a_name
