"""The API: create, show, stop and retry batches. Bodies are never logged."""

from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response

from terrace.domain.problems import Problem
from terrace.runtime import http, wiring
from terrace.runtime.limits import limits_of
from terrace.runtime.observability import logger
from terrace.steps.api_create import Create
from terrace.steps.api_report import Report
from terrace.steps.api_retry import RetryBatch
from terrace.steps.api_show import Show
from terrace.steps.api_stop import StopBatch

ROUTES = {
    "/batch/create": "POST",
    "/batch/show": "GET",
    "/batch/report": "GET",
    "/batch/stop": "POST",
    "/batch/retry": "POST",
}

app = APIGatewayRestResolver()


@app.post("/batch/create")
def create() -> Response[str]:
    """Accepts a batch, or says everything that is wrong with it."""
    wired = wiring.api()
    step = Create(
        store=wired.store,
        objects=wired.objects,
        workflow=wired.workflow,
        clock=wired.clock,
        limits=limits_of(wired.settings),
        batch_bucket=wired.settings.batch_bucket,
    )
    answer = step.run(http.body_of(app.current_event.raw_event))
    logger.info("batch accepted", batchId=answer.batchId, status=answer.status)
    return _answer(200, answer.model_dump(mode="json"))


@app.get("/batch/show")
def show() -> Response[str]:
    """One batch (`batchId`), or the list (`status`, `limit`, `nextToken`)."""
    wired = wiring.api()
    step = Show(store=wired.store, objects=wired.objects)
    query = app.current_event.query_string_parameters
    batch_id = query.get("batchId")
    if batch_id is not None:
        logger.append_keys(batchId=batch_id[:63])
        return _answer(200, step.one(batch_id))
    return _answer(200, step.many(query.get("status"), query.get("limit"), query.get("nextToken")))


@app.get("/batch/report")
def report() -> Response[str]:
    """The report on a batch (`batchId`)."""
    wired = wiring.api()
    step = Report(store=wired.store, objects=wired.objects, clock=wired.clock)
    batch_id = app.current_event.query_string_parameters.get("batchId")
    if batch_id is not None:
        logger.append_keys(batchId=batch_id[:63])
    return _answer(200, step.one(batch_id))


@app.post("/batch/stop")
def stop() -> Response[str]:
    """Starts nothing new, and stops what runs or lets it finish."""
    wired = wiring.api()
    step = StopBatch(wired.store, wired.workflow, wired.clock)
    answer = step.run(http.body_of(app.current_event.raw_event))
    logger.info("stop accepted", batchId=answer.batchId, status=answer.status)
    return _answer(200, answer.model_dump(mode="json"))


@app.post("/batch/retry")
def retry() -> Response[str]:
    """Runs again what did not deliver."""
    wired = wiring.api()
    step = RetryBatch(wired.store, wired.workflow, wired.clock)
    answer = step.run(http.body_of(app.current_event.raw_event))
    logger.info("retry accepted", batchId=answer.batchId, status=answer.status)
    return _answer(200, answer.model_dump(mode="json"))


@app.not_found
def not_found(_error: Exception) -> Response[str]:
    """404 for an unknown path, 405 for a known one with another method."""
    path, method = app.current_event.path, app.current_event.http_method
    wanted = ROUTES.get(path)
    code, message = (405, "Method not allowed.") if wanted else (404, "There is no such path.")
    known = ", ".join(f"{verb} {known}" for known, verb in ROUTES.items())
    problem = Problem(
        path="$", code="UNKNOWN_ROUTE", problem=f"there is no {method} {path[:80]}", fix=known
    )
    answer = _answer(code, http.refusal(message, [problem]))
    if wanted:
        answer.headers["Allow"] = wanted
    return answer


@app.exception_handler(Exception)
def failed(error: Exception) -> Response[str]:
    """Every error becomes JSON; ours are logged with their trace, the caller's are not."""
    code = http.status_code(error)
    if code >= 500:
        logger.exception("request failed", error=type(error).__name__)
    else:
        logger.info("request refused", code=code, error=type(error).__name__)
    return _answer(code, http.error_body(error, app.current_event.request_context.request_id or ""))


def _answer(code: int, body: dict[str, Any]) -> Response[str]:
    return Response(status_code=code, content_type="application/json", body=http.to_json(body))


@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """An API Gateway proxy event in, a proxy answer out."""
    return app.resolve(event, context)
