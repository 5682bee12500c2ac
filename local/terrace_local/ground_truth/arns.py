"""Names that AWS gives: accounts of the built-in Lambdas, ARNs of jobs, teams and worker UIs.

Source: API reference tables of HumanTaskConfig and AnnotationConsolidationConfig.
"""

REGION_ACCOUNTS: dict[str, str] = {
    "us-east-1": "432418664414",
    "us-east-2": "266458841044",
    "us-west-2": "081040173940",
    "ca-central-1": "918755190332",
    "eu-west-1": "568282634449",
    "eu-west-2": "487402164563",
    "eu-central-1": "203001061592",
    "ap-northeast-1": "477331159723",
    "ap-northeast-2": "845288260483",
    "ap-south-1": "565803892007",
    "ap-southeast-1": "377565633583",
    "ap-southeast-2": "454466003867",
}

GROUND_TRUTH_ACCOUNT = "394669845002"


def lambda_arn(region: str, function: str) -> str | None:
    """ARN of a built-in function such as ``PRE-BoundingBox``; None in a Region without them."""
    account = REGION_ACCOUNTS.get(region)
    return account and f"arn:aws:lambda:{region}:{account}:function:{function}"


def human_task_ui_arn(region: str, name: str) -> str:
    """ARN of a worker UI that AWS keeps."""
    return f"arn:aws:sagemaker:{region}:{GROUND_TRUTH_ACCOUNT}:human-task-ui/{name}"


def labeling_job_arn(region: str, account: str, name: str) -> str:
    """ARN of a labeling job; AWS writes the name in lower case there."""
    return f"arn:aws:sagemaker:{region}:{account}:labeling-job/{name.lower()}"


def private_workteam_arn(region: str, account: str, name: str) -> str:
    """ARN of a team of one's own workforce."""
    return f"arn:aws:sagemaker:{region}:{account}:workteam/private-crowd/{name}"


def public_workteam_arn(region: str) -> str:
    """ARN of the Mechanical Turk team."""
    return f"arn:aws:sagemaker:{region}:{GROUND_TRUTH_ACCOUNT}:workteam/public-crowd/default"
