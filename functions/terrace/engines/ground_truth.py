"""LabelingEngine on SageMaker Ground Truth."""

import math
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from terrace.adapters.aws_errors import aws_call
from terrace.domain.records import Counters
from terrace.errors import AccessDeniedError, BadRequestError, NameTakenError, NotFoundError
from terrace.ports import Json, LabelingJob


class GroundTruthEngine:
    """Labeling jobs and work teams. `cognito` and `iam` are only needed for the checks."""

    def __init__(self, sagemaker: Any, cognito: Any = None, iam: Any = None) -> None:
        self._sagemaker = sagemaker
        self._cognito = cognito
        self._iam = iam

    def create(self, request: dict[str, Json]) -> str:
        with aws_call(f"CreateLabelingJob {request['LabelingJobName']}"):
            found = self._sagemaker.create_labeling_job(**request)
        return str(found["LabelingJobArn"])

    def describe(self, name: str) -> LabelingJob | None:
        try:
            with aws_call(f"DescribeLabelingJob {name}"):
                found = self._sagemaker.describe_labeling_job(LabelingJobName=name)
        except NotFoundError:
            return None
        except BadRequestError as error:
            # Some services answer a missing name with ValidationException.
            if "could not find" in str(error).lower() or "not exist" in str(error).lower():
                return None
            raise
        return LabelingJob(
            name=found["LabelingJobName"],
            arn=found["LabelingJobArn"],
            status=found["LabelingJobStatus"],
            counters=_counters(found["LabelCounters"]),
            createdAt=found["CreationTime"].timestamp(),
            outputPath=found["OutputConfig"]["S3OutputPath"],
            outputManifestS3Uri=found.get("LabelingJobOutput", {}).get("OutputDatasetS3Uri"),
            failureReason=found.get("FailureReason"),
            tags={tag["Key"]: tag["Value"] for tag in found.get("Tags", [])},
        )

    def list_since(self, since: float) -> Iterator[LabelingJob]:
        # CreationTimeAfter is exclusive, and botocore sends whole seconds.
        after = datetime.fromtimestamp(math.floor(since) - 1, UTC)
        pages = self._sagemaker.get_paginator("list_labeling_jobs").paginate(
            CreationTimeAfter=after,
            SortBy="CreationTime",
            SortOrder="Ascending",
            PaginationConfig={"PageSize": 100},
        )
        with aws_call("ListLabelingJobs"):
            for page in pages:
                for found in page["LabelingJobSummaryList"]:
                    if found["CreationTime"].timestamp() < since:
                        continue
                    yield LabelingJob(
                        name=found["LabelingJobName"],
                        arn=found["LabelingJobArn"],
                        status=found["LabelingJobStatus"],
                        counters=_counters(found["LabelCounters"]),
                        createdAt=found["CreationTime"].timestamp(),
                    )

    def stop(self, name: str) -> None:
        try:
            with aws_call(f"StopLabelingJob {name}"):
                self._sagemaker.stop_labeling_job(LabelingJobName=name)
        except (NotFoundError, NameTakenError):
            return
        except BadRequestError:
            # What StopLabelingJob answers for a job that is not running is not documented.
            job = self.describe(name)
            if job is not None and not job.terminal and job.status != "Stopping":
                raise

    def workteam_problem(self, arn: str) -> str | None:
        name = arn.rsplit("/", 1)[-1]
        if ":workteam/private-crowd/" not in arn:
            return None
        try:
            with aws_call(f"DescribeWorkteam {name}"):
                team = self._sagemaker.describe_workteam(WorkteamName=name)["Workteam"]
        except (NotFoundError, BadRequestError):
            return "the work team does not exist"
        if team["WorkteamArn"] != arn:
            return f"the work team of that name is {team['WorkteamArn']}"
        members = team.get("MemberDefinitions", [])
        if not members:
            return "the work team has no members"
        groups = [m["CognitoMemberDefinition"] for m in members if "CognitoMemberDefinition" in m]
        if len(groups) < len(members) or self._cognito is None:
            return None
        if any(self._has_users(group) for group in groups):
            return None
        return "the work team has no members: nobody is in its Cognito group"

    def _has_users(self, group: dict[str, str]) -> bool:
        try:
            with aws_call(f"ListUsersInGroup {group['UserGroup']}"):
                found = self._cognito.list_users_in_group(
                    UserPoolId=group["UserPool"], GroupName=group["UserGroup"], Limit=1
                )
        except AccessDeniedError:
            # A team of another pool, which our role may not read: not proved empty.
            return True
        except (NotFoundError, BadRequestError):
            return False
        return bool(found["Users"])

    def role_session_seconds(self, role_arn: str) -> int:
        with aws_call(f"GetRole {role_arn}"):
            role = self._iam.get_role(RoleName=role_arn.rsplit("/", 1)[-1])["Role"]
        return int(role.get("MaxSessionDuration", 3600))


def _counters(found: dict[str, int]) -> Counters:
    return Counters(
        totalLabeled=found.get("TotalLabeled", 0),
        humanLabeled=found.get("HumanLabeled", 0),
        machineLabeled=found.get("MachineLabeled", 0),
        failedNonRetryableError=found.get("FailedNonRetryableError", 0),
        unlabeled=found.get("Unlabeled", 0),
    )
