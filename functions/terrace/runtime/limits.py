"""From a function's settings to what its rules need."""

from terrace.domain.limits import Limits
from terrace.domain.places import Places
from terrace.runtime.settings import AllowSettings


def limits_of(settings: AllowSettings) -> Limits:
    """What this stack allows in a request: also what earlier batches left in its own bucket."""
    return Limits(
        region=settings.aws_region,
        input_buckets=frozenset({*settings.input_buckets, settings.batch_bucket}),
        workteam_arns=frozenset(settings.workteam_arns),
        topic_arns=frozenset(settings.topic_arns),
        places=Places(
            batch_bucket=settings.batch_bucket, prefixes=frozenset(settings.input_prefixes)
        ),
        function_arns=frozenset(settings.function_arns),
        transformation_arn=settings.transformation_function_arn or None,
        kms_key_arn=settings.kms_key_arn or None,
        first_level_workteam_arn=settings.first_level_workteam_arn,
        second_level_workteam_arn=settings.second_level_workteam_arn,
        job_completion_timeout_seconds=settings.job_completion_timeout_seconds,
    )
