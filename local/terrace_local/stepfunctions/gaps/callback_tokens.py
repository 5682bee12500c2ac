"""Gap: moto makes one task token per state, not per attempt, and never closes it.

So a retried `waitForTaskToken` task gets its dead token again and fails at once, and an answer to a
task that timed out is taken as good. AWS gives every attempt a token of its own. Here an attempt
opens its token before the integration runs and closes it when the attempt is over.
"""

from typing import Any

from terrace_local.stepfunctions.tokens import TokenRegistry, new_token


def close(tokens: TokenRegistry) -> None:
    """Give every attempt a token, and tell `tokens` about its life."""
    from moto.stepfunctions.parser.asl.component.state.exec.state_task.service import (
        state_task_service_callback as callback,
    )
    from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.resource import (
        ResourceCondition,
    )

    service = callback.StateTaskServiceCallback
    run_attempt = callback.StateTaskService._eval_execution

    def attempt_with_token(self: Any, env: Any) -> None:
        if not (
            self._is_integration_pattern()
            and ResourceCondition.WaitForTaskToken in self._supported_integration_patterns
        ):
            run_attempt(self, env)
            return
        self._assert_integration_pattern_is_supported()
        context = env.states.context_object.context_object_data
        token = new_token(context["StateMachine"]["Id"])
        context["Task"] = {"Token": token}
        tokens.opened(token, env.callback_pool_manager.add(token))
        try:
            run_attempt(self, env)
        finally:
            tokens.closed(token)

    service._eval_execution = attempt_with_token
    service._eval_body = callback.StateTaskService._eval_body
