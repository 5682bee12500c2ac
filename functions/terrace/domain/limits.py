"""What a stack allows in a request: plain values, so that the rules need no environment."""

from dataclasses import dataclass, field

from terrace.domain.places import Places

THIRTY_DAYS = 2_592_000
"""A Ground Truth labeling job fails at this age."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """The Region, the allow-lists and the stack's own teams.

    The stack's own teams are always allowed, whatever `workteam_arns` holds.
    """

    region: str
    input_buckets: frozenset[str]
    first_level_workteam_arn: str
    second_level_workteam_arn: str
    workteam_arns: frozenset[str] = field(default_factory=frozenset)
    topic_arns: frozenset[str] = field(default_factory=frozenset)
    places: Places = field(default_factory=Places)
    function_arns: frozenset[str] = field(default_factory=frozenset)
    """Lambda functions of the user's: for Custom jobs, gates, transformation, post-processing."""
    transformation_arn: str | None = None
    """The stack's own transformation, for requests that name none."""
    kms_key_arn: str | None = None
    """The stack's own key: the only one that all who read labels may use."""
    job_completion_timeout_seconds: int = THIRTY_DAYS

    @property
    def all_workteam_arns(self) -> frozenset[str]:
        """Every team that a job may name."""
        return self.workteam_arns | {self.first_level_workteam_arn, self.second_level_workteam_arn}
