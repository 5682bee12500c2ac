"""SigV4 signatures for requests to the API, by botocore itself."""

from collections.abc import Callable
from urllib.parse import urlsplit

from terrace_cli.errors import EXIT_WRONG, NoTarget
from terrace_cli.target import Target

SERVICE = "execute-api"
LOOPBACK = ("127.0.0.1", "localhost", "::1")

Signer = Callable[[str, str, bytes, dict[str, str]], dict[str, str]]
"""(method, url, body, headers) -> headers with the signature."""


def is_loopback(url: str) -> bool:
    """True for an address on this machine."""
    return urlsplit(url).hostname in LOOPBACK


def signer_for(target: Target) -> Signer:
    """What signs requests for a target, with the caller's own credentials.

    A target on this machine accepts any credentials, so there made-up ones do where the caller
    has none.

    Raises:
        NoTarget: no credentials, or no Region, can be found.
    """
    import boto3
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials
    from botocore.exceptions import BotoCoreError

    try:
        session = boto3.Session(profile_name=target.profile, region_name=target.region)
        # Looking for an instance role takes seconds where there is none.
        local = is_loopback(target.api_url)
        credentials = Credentials("test", "test") if local else session.get_credentials()
    except BotoCoreError as error:
        raise NoTarget(f"cannot sign requests: {error}", "check --profile") from error
    if credentials is None:
        raise NoTarget(
            f"no AWS credentials to sign requests to {target.where} with",
            "configure them (environment, profile or SSO), or give --profile",
        )
    region = target.region or session.region_name or ("us-east-1" if local else None)
    if not region:
        raise NoTarget(
            f"no Region to sign requests to {target.where} for", "give --region", EXIT_WRONG
        )

    def sign(method: str, url: str, body: bytes, headers: dict[str, str]) -> dict[str, str]:
        # Frozen at each call: a watch may outlive temporary credentials, which refresh.
        request = AWSRequest(method=method, url=url, data=body, headers=headers)
        frozen = credentials.get_frozen_credentials()
        SigV4Auth(frozen, SERVICE, region).add_auth(request)
        return dict(request.headers.items())

    return sign
