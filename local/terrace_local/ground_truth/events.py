"""The EventBridge event of a labeling job's end."""

import uuid
from typing import Any

from terrace_local.ground_truth.clock import iso_seconds
from terrace_local.ground_truth.jobs import Job

DETAIL_TYPE = "SageMaker Ground Truth Labeling Job State Change"


def state_change_event(job: Job, status: str, moment: float) -> dict[str, Any]:
    """The whole event; it carries the ARN and the status and nothing else about the job."""
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": DETAIL_TYPE,
        "source": "aws.sagemaker",
        "account": job.account,
        "time": iso_seconds(moment),
        "region": job.region,
        "resources": [job.arn],
        "detail": {"LabelingJobStatus": status},
    }
