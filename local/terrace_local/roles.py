"""Sessions of roles, as an AWS service takes them: only if the role trusts that service."""

import json
import secrets
import threading
import time
from dataclasses import dataclass
from typing import Any

LIFETIME = 3600.0
_RENEW_BEFORE = 300.0


class RoleNotAssumable(RuntimeError):
    """The role does not exist, or its trust policy does not name the service."""


@dataclass(frozen=True)
class Session:
    """Temporary credentials of a role."""

    access_key: str
    secret_key: str
    token: str
    expires: float

    def for_boto(self) -> dict[str, str]:
        """The keyword arguments boto3 clients take."""
        return {
            "aws_access_key_id": self.access_key,
            "aws_secret_access_key": self.secret_key,
            "aws_session_token": self.token,
        }


class RoleSessions:
    """One live session per (role, service), renewed before it expires."""

    def __init__(self, account: str) -> None:
        self._account = account
        self._lock = threading.Lock()
        self._sessions: dict[tuple[str, str], Session] = {}

    def session(self, role_arn: str, service: str) -> Session:
        """Credentials of `role_arn` for a service principal such as `states.amazonaws.com`.

        Raises:
            RoleNotAssumable: As AWS refuses a role the service may not assume.
        """
        with self._lock:
            known = self._sessions.get((role_arn, service))
            if known is not None and known.expires - time.time() > _RENEW_BEFORE:
                return known
            session = self._assume(role_arn, service)
            self._sessions[role_arn, service] = session
            return session

    def _assume(self, role_arn: str, service: str) -> Session:
        from ministack.services import iam, sts

        name = role_arn.rsplit("/", 1)[-1]
        role = iam._roles.get_scoped(self._account, None, name)
        if role is None:
            raise RoleNotAssumable(f"the role {role_arn} does not exist")
        if not _trusts(role.get("AssumeRolePolicyDocument", "{}"), service):
            raise RoleNotAssumable(f"the trust policy of {role_arn} does not name {service}")
        session = Session(
            access_key=f"ASIA{secrets.token_hex(8).upper()}",
            secret_key=secrets.token_hex(20),
            token=secrets.token_hex(32),
            expires=time.time() + LIFETIME,
        )
        label = service.split(".", 1)[0]
        sts.register_session(
            session.access_key,
            {
                "Arn": f"arn:aws:sts::{self._account}:assumed-role/{name}/{label}",
                "UserId": f"{name}:{label}",
                "SecretAccessKey": session.secret_key,
                "SessionToken": session.token,
                "Expiration": session.expires,
                "AccountId": self._account,
                "PrincipalType": "AssumedRole",
            },
        )
        return session


def _trusts(document: str | dict[str, Any], service: str) -> bool:
    policy = json.loads(document) if isinstance(document, str) else document
    statements = policy.get("Statement", [])
    for statement in statements if isinstance(statements, list) else [statements]:
        if statement.get("Effect") != "Allow":
            continue
        principal = statement.get("Principal", {})
        named = principal.get("Service", []) if isinstance(principal, dict) else []
        if service in ([named] if isinstance(named, str) else named):
            return True
    return False
