"""The process environment MiniStack reads at import time.

MiniStack has no configuration object: its modules read `os.environ` while they are imported. So
this must run before the first `import ministack`, once per process.
"""

import os
import sys

from terrace_local import state
from terrace_local.config import ROOT_KEY, LocalConfig


def prepare(config: LocalConfig) -> None:
    """Make this process a clean, loopback-only host for MiniStack.

    Raises:
        RuntimeError: MiniStack was imported already, so the settings would be ignored.
    """
    if "ministack.app" in sys.modules:
        raise RuntimeError("MiniStack is already loaded: one local AWS per process")
    # A profile, a region or a session token of the user's would leak into the emulated account.
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ.update(
        {
            "AWS_ACCESS_KEY_ID": ROOT_KEY,
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": config.region,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_ENDPOINT_URL": config.endpoint,
            "NO_PROXY": "127.0.0.1,localhost",
            "no_proxy": "127.0.0.1,localhost",
            "GATEWAY_PORT": str(config.port),
            "BIND_HOST": "127.0.0.1",
            # Queue addresses must not resolve to ::1, where nobody listens.
            "MINISTACK_HOST": "127.0.0.1",
            "MINISTACK_ACCOUNT_ID": config.account,
            "MINISTACK_REGION": config.region,
            "AUTH": "true",
            "LOG_LEVEL": "WARNING",
            # No side listeners: only the two ports the user asked for.
            "SFTP_ENABLED": "0",
            "IOT_MTLS_ENABLED": "0",
            # Snapshots are ours (module `state`); only objects are MiniStack's to keep.
            "PERSIST_STATE": "0",
            "S3_PERSIST": "1" if config.persist else "0",
            **state.folders(config),
            "DOCKER_HOST": "unix:///nonexistent/terrace-never-uses-docker.sock",
        }
    )
