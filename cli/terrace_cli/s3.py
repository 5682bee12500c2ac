"""S3 with the caller's own credentials, or of the local run."""

from pathlib import Path
from typing import Any

from terrace_cli.errors import NoTarget
from terrace_cli.target import Choice, find_contract, find_target


def client_of(choice: Choice) -> Any:
    """S3 of the local run where there is one and nothing says otherwise, else of AWS.

    Raises:
        NoTarget: The local run that was named, or found, is not there or has no address.
    """
    import boto3
    from botocore.config import Config

    on_aws = choice.region or choice.profile
    if choice.local or (not on_aws and find_contract(Path.cwd()) is not None):
        contract = find_target(choice).local
        if contract is None or "awsEndpoint" not in contract:
            raise NoTarget("the local run has no awsEndpoint")
        session = boto3.Session(
            aws_access_key_id="test",
            aws_secret_access_key="test",
            region_name=contract.get("region"),
        )
        return session.client(
            "s3",
            endpoint_url=contract["awsEndpoint"],
            config=Config(s3={"addressing_style": "path"}, proxies={}),
        )
    session = boto3.Session(profile_name=choice.profile, region_name=choice.region)
    return session.client("s3", config=Config(signature_version="s3v4"))
