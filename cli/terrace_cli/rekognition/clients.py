"""Clients of AWS for a training, and what AWS says no to in words of the command line."""

from typing import Any

from terrace_cli.errors import EXIT_WRONG, NoTarget, TerraceError
from terrace_cli.s3 import client_of
from terrace_cli.target import Choice, Target


def rekognition(region: str | None, profile: str | None) -> Any:
    """Rekognition of AWS: no emulator has Custom Labels.

    Raises:
        NoTarget: nothing says which Region.
    """
    import boto3
    from botocore.config import Config

    session = boto3.Session(profile_name=profile, region_name=region)
    if not session.region_name:
        raise NoTarget("no Region for Rekognition", "give --region", EXIT_WRONG)
    # A training goes on for hours: one throttled look at it is no reason to give up.
    return session.client(
        "rekognition", config=Config(retries={"mode": "standard", "total_max_attempts": 8})
    )


def region(choice: Choice, target: Target | None) -> str | None:
    """Where Rekognition is asked: where the batch is, or as boto3 finds it."""
    import boto3

    told = choice.region or (target.region if target else None)
    return told or boto3.Session(profile_name=choice.profile).region_name


def s3(choice: Choice, target: Target | None) -> Any:
    """S3 of where the batch is; without a batch that of the local run here, or of AWS."""
    if target is not None and target.local is None:
        return client_of(Choice(region=region(choice, target), profile=target.profile))
    return client_of(Choice(choice.local, None, None, choice.region, choice.profile))


def is_local(client: Any) -> bool:
    """Whether a client talks to an emulator's S3, which Rekognition cannot read."""
    return (
        not str(client.meta.endpoint_url)
        .rstrip("/")
        .endswith((".amazonaws.com", ".amazonaws.com.cn"))
    )


class asked:
    """What AWS says no to becomes a message for people.

    Args:
        what: the action, as in "cannot create the project".
        hint: what helps.
    """

    def __init__(self, what: str, hint: str = "") -> None:
        self._what, self._hint = what, hint

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        from botocore.exceptions import BotoCoreError, ClientError

        if isinstance(error, ClientError):
            said = error.response["Error"]
            code = said.get("Code", "")
            hint = self._hint or _HINTS.get(code, "")
            raise TerraceError(
                f"cannot {self._what}: {code}: {said.get('Message', '')}", hint
            ) from error
        if isinstance(error, BotoCoreError):
            raise TerraceError(
                f"cannot {self._what}: {error}",
                "check --region and --profile (or your AWS credentials)",
            ) from error


_HINTS = {
    "AccessDeniedException": "the rights you need are in the dry run: leave --start out",
    "LimitExceededException": "Rekognition's quota of your account is used up: see Service Quotas",
    "ServiceQuotaExceededException": "your account's quota is used up: see Service Quotas",
    "InvalidS3ObjectException": "the bucket must be in the Region of the project, and be readable "
    "with your own rights",
}


def code_of(error: BaseException) -> str:
    """The name of an error of AWS; empty for others."""
    response = getattr(error, "response", None)
    return str(response["Error"].get("Code", "")) if isinstance(response, dict) else ""
