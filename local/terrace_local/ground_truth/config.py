"""What a caller can choose about the simulated Ground Truth."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

WorkerMode = Literal["auto", "manual"]


@dataclass(frozen=True)
class GroundTruthConfig:
    """How the simulated workers behave; the same values give the same labels again.

    Attributes:
        region: Region used for control calls, which carry none.
        account: Account used for control calls, which carry none.
        workers: ``auto``: simulated people answer; ``manual``: jobs wait for ``finish``.
        seed: Seed of every answer, verdict, decline and outcome rule.
        speed: 1.0 is the default pace (a job of a few items lasts about 1-2 s); 10 is ten
            times faster.
        truth: Local folder or ``s3://bucket/prefix`` with ``*.truth.json`` files; None looks
            under ``.terrace-truth/`` of the data's own bucket.
        error_mix: Name of a mix that ships (``default``, ``clean``, ``sloppy``) or a
            YAML/JSON file; None is ``default``.
        threads: Threads that do the work of all jobs.
        s3_for_role: Gives the S3 client to use for a job's role ARN, so that what the role may
            not read or write fails as it does in AWS (RuntimeError: the role cannot be
            assumed). Asked again every five minutes. None uses the service's own client.
        lambda_for_role: The same for Lambda, which custom jobs call. None: there is no Lambda,
            and custom jobs fail.
    """

    region: str = "us-east-1"
    account: str = "000000000000"
    workers: WorkerMode = "auto"
    seed: int = 7
    speed: float = 1.0
    truth: str | None = None
    error_mix: str | None = None
    threads: int = 4
    s3_for_role: Callable[[str], Any] | None = None
    lambda_for_role: Callable[[str], Any] | None = None

    def __post_init__(self) -> None:
        if self.workers not in ("auto", "manual"):
            raise ValueError(f"workers must be auto or manual, not {self.workers!r}")
        if self.speed <= 0:
            raise ValueError("speed must be above 0")
