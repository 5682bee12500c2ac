"""The clients a running machine calls services with: its role's session, one client per role.

moto makes an unauthenticated client per task. Real Step Functions assumes the machine's role; so
a permission missing from that role fails the task here too.
"""

import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import boto3
from botocore.config import Config

from terrace_local.roles import RoleSessions

_CLIENT_SECONDS = 600.0
_SERVICE = "states.amazonaws.com"


class MachineClients:
    """Builds and keeps boto3 clients per (region, service, role)."""

    def __init__(self, endpoint: str, roles: RoleSessions) -> None:
        self._endpoint = endpoint
        self._roles = roles
        self._lock = threading.Lock()
        self._clients: dict[tuple[str, str, str], tuple[Any, float]] = {}

    def client(self, region: str, service: str, state_credentials: Any = None) -> Any:
        """The client a task uses; takes the arguments of moto's own factory."""
        role = state_credentials.role_arn
        key = (region, service, role)
        with self._lock:
            known = self._clients.get(key)
            if known is not None and known[1] > time.monotonic():
                return known[0]
            client = boto3.client(
                service,
                region_name=region,
                endpoint_url=self._endpoint,
                config=Config(
                    parameter_validation=False,
                    max_pool_connections=64,
                    # The machine's own Retry decides; a hidden retry would run a task twice.
                    retries={"total_max_attempts": 1},
                    connect_timeout=10,
                    read_timeout=960,
                ),
                **self._roles.session(role, _SERVICE).for_boto(),
            )
            self._clients[key] = (client, time.monotonic() + _CLIENT_SECONDS)
            return client

    def install(self) -> None:
        """Replace moto's factory in every module that imported it by name."""
        from moto.stepfunctions.parser.asl.utils import boto_client

        replace_everywhere("boto_client_for", boto_client.boto_client_for, self.client)


def replace_everywhere(name: str, old: Any, new: Callable[..., Any]) -> int:
    """Point every loaded module's `name` that is `old` to `new`; returns how many there were."""
    count = 0
    for module in list(sys.modules.values()):
        if getattr(module, "__dict__", {}).get(name) is old:
            setattr(module, name, new)
            count += 1
    return count
