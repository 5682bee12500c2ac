"""The SageMaker operations about labeling jobs, work teams and tags."""

import time
from collections.abc import Callable
from typing import Any

from terrace_local.ground_truth.errors import not_found, validation_error
from terrace_local.ground_truth.jobs import Job, JobStore
from terrace_local.ground_truth.model_check import check_against_model
from terrace_local.ground_truth.paging import epoch, page_of
from terrace_local.ground_truth.request_rules import check_create_request
from terrace_local.ground_truth.runner import Runner
from terrace_local.ground_truth.workteams import Workteams

TAGS_PER_RESOURCE = 50

Payload = dict[str, Any]


class Api:
    """Answers API calls; nothing here touches S3.

    Args:
        store: The jobs.
        teams: The work teams.
        runner: What moves jobs through their life.
    """

    def __init__(self, store: JobStore, teams: Workteams, runner: Runner) -> None:
        self._store = store
        self._teams = teams
        self._runner = runner
        self.tags: dict[str, dict[str, str]] = {}
        self._operations: dict[str, Callable[[Payload, str, str], Payload]] = {
            "CreateLabelingJob": self._create,
            "DescribeLabelingJob": self._describe,
            "ListLabelingJobs": self._list,
            "ListLabelingJobsForWorkteam": self._list_for_workteam,
            "StopLabelingJob": self._stop,
            "CreateWorkteam": self._create_workteam,
            "DescribeWorkteam": teams.describe,
            "ListWorkteams": teams.list_all,
            "UpdateWorkteam": teams.update,
            "DeleteWorkteam": teams.delete,
            "ListTags": self._list_tags,
            "AddTags": self._add_tags,
            "DeleteTags": self._delete_tags,
        }

    def call(self, action: str, payload: Payload, region: str, account: str) -> Payload:
        """Answers one call.

        Raises:
            ServiceError: as SageMaker would answer.
        """
        operation = self._operations.get(action)
        if operation is None:
            known = ", ".join(sorted(self._operations))
            raise validation_error(f"The local SageMaker has no {action}; it has {known}.")
        check_against_model(action, payload)
        return operation(payload, region, account)

    # -- labeling jobs ---------------------------------------------------------------------

    def _create(self, payload: Payload, region: str, account: str) -> Payload:
        task_type = check_create_request(payload, region)
        team = payload["HumanTaskConfig"]["WorkteamArn"]
        if not self._teams.exists(team, region):
            raise validation_error(f"The work team {team} does not exist or is not subscribed.")
        now = time.time()
        job = Job(
            region=region,
            account=account,
            request=payload,
            task_type_name=task_type.name,
            created=now,
            modified=now,
        )
        job.note("CREATED", f"{task_type.name} for {team}.")
        self._store.add(job)
        with self._store.locked():
            self.tags[job.arn] = {tag["Key"]: tag["Value"] for tag in payload.get("Tags", [])}
        self._runner.begin(job)
        return {"LabelingJobArn": job.arn}

    def _describe(self, payload: Payload, region: str, account: str) -> Payload:
        job = self._store.get(payload["LabelingJobName"], region, account)
        with self._store.locked():
            answer: Payload = {
                "LabelingJobStatus": job.status,
                "LabelCounters": job.counters(),
                "CreationTime": job.created,
                "LastModifiedTime": job.modified,
                "JobReferenceCode": job.reference_code,
                "LabelingJobName": job.name,
                "LabelingJobArn": job.arn,
                **{k: v for k, v in job.request.items() if k not in ("LabelingJobName", "Tags")},
                "Tags": self._tag_rows(job.arn),
            }
            answer.update(_end_of(job))
        return answer

    def _list(self, payload: Payload, region: str, account: str) -> Payload:
        part = payload.get("NameContains", "").lower()
        status = payload.get("StatusEquals")
        with self._store.locked():
            rows = [
                job
                for job in self._store.all()
                if (job.region, job.account) == (region, account)
                and part in job.name.lower()
                and (status is None or job.status == status)
                and _in_time(payload, "CreationTime", job.created)
                and _in_time(payload, "LastModifiedTime", job.modified)
            ]
            sorts = {
                "Name": lambda job: [job.name.lower()],
                "Status": lambda job: [job.status, job.name.lower()],
                "CreationTime": lambda job: [job.created, job.name.lower()],
            }
            page, token = page_of(rows, payload, sorts[payload.get("SortBy", "CreationTime")])
            summaries = [_summary(job) for job in page]
        return {"LabelingJobSummaryList": summaries, **({"NextToken": token} if token else {})}

    def _list_for_workteam(self, payload: Payload, region: str, account: str) -> Payload:
        team = payload["WorkteamArn"]
        if not self._teams.exists(team, region):
            raise not_found()
        part = payload.get("JobReferenceCodeContains", "")
        with self._store.locked():
            rows = [
                job
                for job in self._store.all()
                if job.workteam_arn == team
                and part in job.reference_code
                and _in_time(payload, "CreationTime", job.created)
            ]
            page, token = page_of(rows, payload, lambda job: [job.created, job.name.lower()])
            summaries = [_team_summary(job) for job in page]
        return {"LabelingJobSummaryList": summaries, **({"NextToken": token} if token else {})}

    def _stop(self, payload: Payload, region: str, account: str) -> Payload:
        job = self._store.get(payload["LabelingJobName"], region, account)
        with self._store.locked():
            if job.is_over:
                raise validation_error(
                    f"The request was rejected because the labeling job is in status {job.status}."
                )
            # A job that is being ended, or stopped already, ends by itself.
            begins = not job.claimed and job.status != "Stopping"
        if begins:
            self._runner.stop_job(job)
        return {}

    # -- work teams and tags ---------------------------------------------------------------

    def _create_workteam(self, payload: Payload, region: str, account: str) -> Payload:
        answer = self._teams.create(payload, region, account)
        with self._store.locked():
            rows = payload.get("Tags", [])
            self.tags[answer["WorkteamArn"]] = {tag["Key"]: tag["Value"] for tag in rows}
        return answer

    def _tag_rows(self, arn: str) -> list[dict[str, str]]:
        return [{"Key": k, "Value": v} for k, v in self.tags.get(arn, {}).items()]

    def _tagged(self, arn: str) -> dict[str, str]:
        tags = self.tags.get(arn)
        if tags is None:
            raise validation_error(f"There is no resource {arn}.")
        return tags

    def _list_tags(self, payload: Payload, region: str, account: str) -> Payload:
        with self._store.locked():
            self._tagged(payload["ResourceArn"])
            return {"Tags": self._tag_rows(payload["ResourceArn"])}

    def _add_tags(self, payload: Payload, region: str, account: str) -> Payload:
        arn = payload["ResourceArn"]
        with self._store.locked():
            merged = {**self._tagged(arn), **{t["Key"]: t["Value"] for t in payload["Tags"]}}
            if len(merged) > TAGS_PER_RESOURCE:
                raise validation_error(f"A resource has at most {TAGS_PER_RESOURCE} tags.")
            self.tags[arn] = merged
            return {"Tags": self._tag_rows(arn)}

    def _delete_tags(self, payload: Payload, region: str, account: str) -> Payload:
        with self._store.locked():
            tags = self._tagged(payload["ResourceArn"])
            for key in payload["TagKeys"]:
                tags.pop(key, None)
        return {}


def _end_of(job: Job) -> Payload:
    end: Payload = {}
    if job.failure_reason is not None:
        end["FailureReason"] = job.failure_reason
    if job.output_uri is not None:
        end["LabelingJobOutput"] = {"OutputDatasetS3Uri": job.output_uri}
    return end


def _summary(job: Job) -> Payload:
    human_task = job.request["HumanTaskConfig"]
    consolidation = human_task.get("AnnotationConsolidationConfig", {})
    lambdas = {
        "PreHumanTaskLambdaArn": human_task.get("PreHumanTaskLambdaArn"),
        "AnnotationConsolidationLambdaArn": consolidation.get("AnnotationConsolidationLambdaArn"),
    }
    return {
        "LabelingJobName": job.name,
        "LabelingJobArn": job.arn,
        "CreationTime": job.created,
        "LastModifiedTime": job.modified,
        "LabelingJobStatus": job.status,
        "LabelCounters": job.counters(),
        "WorkteamArn": job.workteam_arn,
        "InputConfig": job.request["InputConfig"],
        **{name: arn for name, arn in lambdas.items() if arn is not None},
        **_end_of(job),
    }


def _team_summary(job: Job) -> Payload:
    counters = job.counters()
    people = job.request["HumanTaskConfig"]["NumberOfHumanWorkersPerDataObject"]
    return {
        "LabelingJobName": job.name,
        "JobReferenceCode": job.reference_code,
        "WorkRequesterAccountId": job.account,
        "CreationTime": job.created,
        "LabelCounters": {
            "HumanLabeled": counters["HumanLabeled"],
            "PendingHuman": 0 if job.is_over else counters["Unlabeled"],
            "Total": (job.items or 0) - job.skipped,
        },
        "NumberOfHumanWorkersPerDataObject": people,
    }


def _in_time(payload: Payload, field: str, moment: float) -> bool:
    after, before = payload.get(f"{field}After"), payload.get(f"{field}Before")
    return (after is None or moment > epoch(after)) and (before is None or moment < epoch(before))
