"""What one local AWS run was asked to be: ports, seed, speed, where its files go."""

import os
from dataclasses import dataclass, field
from pathlib import Path

DEFAULT_PORT = 4566
DEFAULT_API_PORT = 3000
ACCOUNT_ID = "000000000000"
"""MiniStack's own default account; every client lands in it, whatever key it uses."""
ROOT_KEY = "test"
"""The access key MiniStack treats as the account's administrator."""

REPOSITORY = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class LocalConfig:
    """Settings of one run. Build it once in the CLI and pass it down."""

    port: int = DEFAULT_PORT
    api_port: int = DEFAULT_API_PORT
    region: str = "us-east-1"
    account: str = ACCOUNT_ID
    prefix: str = "terrace"
    workers: str = "auto"
    seed: int = 0
    speed: float = 1.0
    reconcile_seconds: int | None = None
    auth: str = "none"
    truth: str | None = None
    error_mix: str | None = None
    parameters: dict[str, str] = field(default_factory=dict)
    state_dir: Path = Path(".terrace")
    template: Path = REPOSITORY / "template.yaml"
    fresh: bool = False
    persist: bool = True

    @property
    def endpoint(self) -> str:
        """The address every AWS client is pointed at."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def api_url(self) -> str:
        """The address the REST API answers on, without a stage in the path."""
        return f"http://127.0.0.1:{self.api_port}"

    @property
    def home(self) -> Path:
        """The absolute folder of this run's files."""
        return Path(os.path.abspath(self.state_dir))

    @property
    def logs(self) -> Path:
        """Where every log goes; the terminal stays quiet."""
        return self.home / "logs"

    @property
    def snapshots(self) -> Path:
        """Where the state survives a stop."""
        return self.home / "state"

    @property
    def contract(self) -> Path:
        """The file that tells clients where everything is."""
        return self.home / "local.json"
