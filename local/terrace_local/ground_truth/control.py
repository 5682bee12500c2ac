"""The control endpoint: what a tester can make jobs do (`/_terrace/jobs…` and friends)."""

import json
from dataclasses import asdict
from typing import Any

from terrace_local.ground_truth.jobs import TERMINAL, Job, JobStore
from terrace_local.ground_truth.outcomes import (
    BadBody,
    OutcomeRules,
    parse_ending,
    parse_share,
)
from terrace_local.ground_truth.runner import Runner
from terrace_local.ground_truth.s3files import InputProblem

Answer = tuple[int, dict[str, Any]]

ROUTES = {
    "GET /_terrace/jobs": "all labeling jobs",
    "GET /_terrace/jobs/<name>": "one, with its log",
    "POST /_terrace/jobs/<name>/finish": "end it: status, labeled, event, manifest, failureReason",
    "POST /_terrace/jobs/<name>/progress": "label a share of it: labeled",
    "POST /_terrace/jobs/<name>/event": "send the event of its end again: status",
    "GET, POST /_terrace/workers": "mode: auto or manual",
    "GET, POST, DELETE /_terrace/outcomes": "rules of how jobs end in auto mode",
}


class Conflict(Exception):
    """The job is not in a state where that is possible."""


class Control:
    """Answers control requests: status and JSON."""

    def __init__(self, store: JobStore, runner: Runner, rules: OutcomeRules, truth: str) -> None:
        self._store = store
        self._runner = runner
        self._rules = rules
        self._truth = truth

    def answer(self, method: str, path: str, body: bytes) -> Answer:
        """Answers one request; 400 says what is right, 404 what there is, 409 why not now."""
        parts = path.split("?", maxsplit=1)[0].strip("/").split("/")
        if parts and parts[0] == "_terrace":
            parts = parts[1:]
        try:
            return self._route(method.upper(), parts, _parse(body))
        except BadBody as problem:
            return 400, {"error": str(problem)}
        except Conflict as problem:
            return 409, {"error": str(problem)}

    def _route(self, method: str, parts: list[str], body: Any) -> Answer:
        match (method, *parts):
            case ("GET", "jobs"):
                return 200, {"jobs": [self._row(job) for job in self._store.all()]}
            case ("GET", "jobs", name):
                return self._with_job(name, lambda job: {**self._row(job), "log": list(job.log)})
            case ("POST", "jobs", name, "finish"):
                return self._with_job(name, lambda job: self._finish(job, body))
            case ("POST", "jobs", name, "progress"):
                return self._with_job(name, lambda job: self._progress(job, body))
            case ("POST", "jobs", name, "event"):
                return self._with_job(name, lambda job: self._event(job, body))
            case ("GET", "workers"):
                return 200, self._workers()
            case ("POST", "workers"):
                return 200, self._switch(body)
            case ("GET", "outcomes"):
                return 200, {"outcomes": self._rules.rows()}
            case ("POST", "outcomes"):
                return 200, {"outcome": self._rules.add(body)}
            case ("DELETE", "outcomes"):
                self._rules.replace([])
                return 200, {"outcomes": []}
        return 404, {"error": f"nothing at {method} /_terrace/{'/'.join(parts)}", "has": ROUTES}

    def _with_job(self, name: str, do: Any) -> Answer:
        job = self._store.find(name)
        if job is None:
            names = [job.name for job in self._store.all()][-20:]
            return 404, {"error": f"there is no labeling job {name}", "newest": names}
        return 200, do(job)

    def _row(self, job: Job) -> dict[str, Any]:
        with self._store.locked():
            counters = job.counters()
            source = job.request["InputConfig"]["DataSource"]["S3DataSource"]
            return {
                "name": job.name,
                "arn": job.arn,
                "status": job.status,
                "taskType": job.task_type_name,
                "items": job.items,
                "skipped": job.skipped,
                "labeled": counters["TotalLabeled"],
                "failed": counters["FailedNonRetryableError"],
                "unlabeled": counters["Unlabeled"],
                "labelAttributeName": job.attribute,
                "workteamArn": job.workteam_arn,
                "inputManifestS3Uri": source["ManifestS3Uri"],
                "outputManifestS3Uri": job.output_uri,
                "failureReason": job.failure_reason,
                "truth": job.truth,
                "createdAt": job.created,
                "modifiedAt": job.modified,
            }

    def _finish(self, job: Job, body: Any) -> dict[str, Any]:
        ending = parse_ending(body)
        if not self._runner.end_now(job, ending):
            raise Conflict(f"{job.name} is {job.status} already, or is just ending")
        if job.status != ending.status:
            raise Conflict(f"{job.name} ended as {job.status}: {job.failure_reason}")
        return self._row(job)

    def _progress(self, job: Job, body: Any) -> dict[str, Any]:
        if not isinstance(body, dict) or set(body) != {"labeled"} or body["labeled"] is None:
            raise BadBody('the body must be {"labeled": a number from 0 to 1}')
        share = parse_share(body["labeled"])
        if job.status not in ("Initializing", "InProgress"):
            raise Conflict(f"{job.name} is {job.status}; progress is for running jobs")
        try:
            self._runner.label_share(job, share or 0.0)
        except InputProblem as problem:
            raise Conflict(f"{job.name} has failed: {problem}") from problem
        return self._row(job)

    def _event(self, job: Job, body: Any) -> dict[str, Any]:
        if not isinstance(body, dict) or set(body) - {"status"}:
            raise BadBody('the body must be {"status": ...} or {}')
        status = body.get("status", job.status)
        if status not in TERMINAL:
            raise BadBody(f"status must be one of {', '.join(TERMINAL)}, not {status!r}")
        self._runner.announce(job, status)
        return {"sent": status, **self._row(job)}

    def _workers(self) -> dict[str, Any]:
        return {
            "mode": self._runner.mode,
            "seed": self._runner.seed,
            "speed": self._runner.speed,
            "truth": self._truth,
            "errorMix": asdict(self._runner.mix),
        }

    def _switch(self, body: Any) -> dict[str, Any]:
        if not isinstance(body, dict) or body.get("mode") not in ("auto", "manual"):
            raise BadBody('the body must be {"mode": "auto"} or {"mode": "manual"}')
        if set(body) != {"mode"}:
            raise BadBody("only mode can be switched while running")
        self._runner.set_mode(body["mode"])
        return self._workers()


def _parse(body: bytes) -> Any:
    if not body.strip():
        return {}
    try:
        return json.loads(body)
    except ValueError as error:
        raise BadBody(f"the body is not JSON: {error}") from error
