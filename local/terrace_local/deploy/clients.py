"""boto3 clients of the local account's administrator."""

from functools import cached_property
from typing import Any

import boto3
from botocore.config import Config

from terrace_local.config import LocalConfig


class Clients:
    """Made when first used; each is thread-safe."""

    def __init__(self, config: LocalConfig) -> None:
        self._config = config
        self._session = boto3.Session(
            aws_access_key_id="test", aws_secret_access_key="test", region_name=config.region
        )

    def client(self, service: str) -> Any:
        """A client of any service of the local AWS."""
        return self._session.client(
            service,
            endpoint_url=self._config.endpoint,
            config=Config(retries={"total_max_attempts": 2}, read_timeout=120),
        )

    @cached_property
    def cloudformation(self) -> Any:
        """CloudFormation."""
        return self.client("cloudformation")

    @cached_property
    def s3(self) -> Any:
        """S3."""
        return self.client("s3")

    @cached_property
    def cognito(self) -> Any:
        """Cognito user pools: the people behind a work team."""
        return self.client("cognito-idp")

    @cached_property
    def sagemaker(self) -> Any:
        """Labeling jobs and work teams."""
        return self.client("sagemaker")

    @cached_property
    def events(self) -> Any:
        """EventBridge."""
        return self.client("events")

    @cached_property
    def functions(self) -> Any:
        """Lambda."""
        return self.client("lambda")
