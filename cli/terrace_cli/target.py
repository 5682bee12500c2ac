"""Which Terrace a command talks to: the local run of this folder, or a deployed stack."""

import json
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from terrace_cli.errors import EXIT_WRONG, NoTarget

CONTRACT = Path(".terrace") / "local.json"
HOW = (
    "start one here with `terrace local up`, or name a deployed stack with --stack NAME or "
    "--api-url URL"
)
_EXECUTE_API = re.compile(r"\.execute-api\.([a-z0-9-]+)\.amazonaws\.com(\.cn)?$")


@dataclass(frozen=True)
class Target:
    """Where requests go and how they are signed.

    Attributes:
        api_url: Base address, without a slash at its end.
        where: What to call it in messages.
        sign: Whether requests carry a SigV4 signature.
        region: Of the signature.
        profile: Named AWS profile for the credentials; None is boto3's usual search.
        local: Content of local.json when it is a local run.
        flags: What to add to a command line so that it means the same target.
    """

    api_url: str
    where: str
    sign: bool
    region: str | None = None
    profile: str | None = None
    local: dict[str, Any] | None = None
    flags: str = ""


@dataclass(frozen=True)
class Choice:
    """What the user said about the target; at most one of the first three."""

    local: Path | None = None
    api_url: str | None = None
    stack: str | None = None
    region: str | None = None
    profile: str | None = None


def find_target(choice: Choice, folder: Path | None = None) -> Target:
    """The target the user means.

    Args:
        choice: The options given.
        folder: Where the search for `.terrace/local.json` begins; default the current one.

    Raises:
        NoTarget: there is none, it is stale, or more than one was named.
    """
    named = [name for name in ("local", "api_url", "stack") if getattr(choice, name)]
    if len(named) > 1:
        options = " and ".join("--" + name.replace("_", "-") for name in named)
        raise NoTarget(f"{options} name different targets", "give only one of them", EXIT_WRONG)
    if choice.api_url:
        return _by_url(choice)
    if choice.stack:
        return _by_stack(choice)
    path = choice.local or find_contract(folder or Path.cwd())
    if path is None:
        raise NoTarget("no Terrace found: no .terrace/local.json here or above", HOW)
    return _by_contract(path, choice)


def find_contract(folder: Path) -> Path | None:
    """The nearest `.terrace/local.json`, in this folder or one above it."""
    for place in (folder.absolute(), *folder.absolute().parents):
        if (place / CONTRACT).is_file():
            return place / CONTRACT
    return None


def read_contract(path: Path) -> dict[str, Any]:
    """The content of a local.json.

    Raises:
        NoTarget: it is not there, is no JSON, or lacks what every client needs.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise NoTarget(f"cannot read {path}: {error.strerror}", HOW) from error
    except ValueError as error:
        raise NoTarget(f"{path} is not JSON: {error}", HOW) from error
    if not isinstance(content, dict) or not isinstance(content.get("apiUrl"), str):
        raise NoTarget(f"{path} has no apiUrl, so it is not of a local run", HOW)
    return content


def _by_contract(path: Path, choice: Choice) -> Target:
    content = read_contract(path)
    pid = content.get("pid")
    if isinstance(pid, int) and not _alive(pid):
        raise NoTarget(
            f"{path} is left over: its local AWS (process {pid}) has ended",
            "start it again with `terrace local up`",
        )
    return Target(
        api_url=content["apiUrl"].rstrip("/"),
        where=f"the local run of {path.parent}",
        # A signature is always accepted there, and --auth iam demands one.
        sign=content.get("auth", "iam") != "none",
        region=choice.region or content.get("region"),
        profile=choice.profile,
        local=content,
        flags=f"--local {choice.local}" if choice.local else "",
    )


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _by_url(choice: Choice) -> Target:
    url = (choice.api_url or "").rstrip("/")
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise NoTarget(
            f"--api-url {url!r} is no address",
            "it looks like https://<id>.execute-api.<region>.amazonaws.com/<stage>",
            EXIT_WRONG,
        )
    found = _EXECUTE_API.search(parts.hostname)
    return Target(
        api_url=url,
        where=url,
        sign=True,
        region=choice.region or (found.group(1) if found else None),
        profile=choice.profile,
        flags=f"--api-url {url}" + _account_flags(choice),
    )


def _by_stack(choice: Choice) -> Target:
    import boto3
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        session = boto3.Session(profile_name=choice.profile, region_name=choice.region)
        region = session.region_name
        if not region:
            raise NoTarget(f"no Region for the stack {choice.stack}", "give --region", EXIT_WRONG)
        client = session.client("cloudformation")
        stacks = client.describe_stacks(StackName=choice.stack)["Stacks"]
    except (BotoCoreError, ClientError) as error:
        raise NoTarget(
            f"cannot read the stack {choice.stack}: {error}",
            "check --stack, --region and --profile (or your AWS credentials)",
        ) from error
    outputs = {row["OutputKey"]: row["OutputValue"] for row in stacks[0].get("Outputs", [])}
    if "ApiUrl" not in outputs:
        raise NoTarget(
            f"the stack {choice.stack} has no output ApiUrl", "is it a stack of Terrace?"
        )
    return Target(
        api_url=outputs["ApiUrl"].rstrip("/"),
        where=f"the stack {choice.stack} in {region}",
        sign=True,
        region=region,
        profile=choice.profile,
        flags=f"--stack {choice.stack}" + _account_flags(choice),
    )


def _account_flags(choice: Choice) -> str:
    flags = f" --region {choice.region}" if choice.region else ""
    return flags + (f" --profile {choice.profile}" if choice.profile else "")
