"""What the stack allows in a request, from a function's settings."""

from terrace.domain.limits import Limits
from terrace.runtime.settings import AllowSettings


def limits_of(settings: AllowSettings) -> Limits:
    """The stack's own buckets and teams are always among what is allowed."""
    return Limits(
        region=settings.aws_region,
        input_buckets=frozenset({*settings.input_buckets, settings.batch_bucket}),
        first_level_workteam_arn=settings.first_level_workteam_arn,
        second_level_workteam_arn=settings.second_level_workteam_arn,
        workteam_arns=frozenset(settings.workteam_arns),
        topic_arns=frozenset(settings.topic_arns),
        job_completion_timeout_seconds=settings.job_completion_timeout_seconds,
    )
