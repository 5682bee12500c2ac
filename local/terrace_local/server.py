"""One process, one event loop, two loopback ports: the whole local AWS.

`LocalAws` puts the parts together in the one order that works: the environment before MiniStack is
imported, the process factory before everything because it loads longest, patches before the first
request.
"""

import asyncio
import contextlib
import logging
import os
import resource
import threading
from collections.abc import Callable
from functools import partial
from typing import Any

from terrace_local import environment, noise, state
from terrace_local.config import LocalConfig
from terrace_local.lambda_runtime.executor import LambdaExecutor

logger = logging.getLogger(__name__)

SAVE_SECONDS = 5.0
"""How much a SIGKILL may cost; a graceful stop costs nothing."""


class LocalAws:
    """The emulated account. Make one per process, then `run` it."""

    def __init__(self, config: LocalConfig) -> None:
        config.logs.mkdir(parents=True, exist_ok=True)
        noise.to_file(config.logs / "aws.log")
        self.notice = state.prepare(config)
        """What the terminal must be told about a former state that is given up; "" if nothing."""
        environment.prepare(config)
        self.config = config
        self.executor = LambdaExecutor(
            config.endpoint, config.region, config.logs, config.home / "run"
        )
        self.executor.nursery.start()
        self.deployed = False
        """Set once the stack is complete: nothing before that is worth keeping."""
        self._saving = asyncio.Lock()
        self._saved_for_good = False
        self._stop = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._wake: asyncio.Event | None = None
        self._assemble()

    def _assemble(self) -> None:
        from ministack import app

        from terrace_local.events import default_bus
        from terrace_local.gateway import calls, dropping
        from terrace_local.gateway.app import Gateway
        from terrace_local.gateway.control import ControlRoutes
        from terrace_local.gateway.faults import FaultBook
        from terrace_local.roles import RoleSessions
        from terrace_local.sagemaker import register
        from terrace_local.stepfunctions.install import install

        config = self.config
        self.roles = RoleSessions(config.account)
        self.calls = calls.CallLog()
        calls.record_decisions(self.calls)
        self.faults = FaultBook(config.seed)
        self.step_functions = install(config.endpoint, self.roles)
        self.executor.install()
        self.emit_event = default_bus(config.account, config.region)
        self.ground_truth = self._labeling_service()
        register(self.ground_truth)
        control = ControlRoutes(self.faults, self.calls, self.status, self.ground_truth.control)
        self.gateway = Gateway(
            inner=app.app,
            control=control,
            faults=self.faults,
            api_port=config.api_port,
            region=config.region,
            api_auth=config.auth,
        )
        dropping.install()
        self.keeper = state.StateKeeper(config, self.ground_truth)
        self.resumed = self.keeper.resume() if config.persist else None

    def _labeling_service(self) -> Any:
        import boto3
        from botocore.config import Config

        from terrace_local.ground_truth.config import GroundTruthConfig
        from terrace_local.ground_truth.service import GroundTruthService

        config = self.config
        pool = Config(max_pool_connections=32, retries={"total_max_attempts": 3})

        def client(service: str, **credentials: str) -> Any:
            return boto3.client(
                service,
                region_name=config.region,
                endpoint_url=config.endpoint,
                config=pool,
                **credentials,
            )

        def for_role(service: str, role_arn: str) -> Any:
            session = self.roles.session(role_arn, "sagemaker.amazonaws.com")
            return client(service, **session.for_boto())

        return GroundTruthService(
            GroundTruthConfig(
                region=config.region,
                account=config.account,
                workers="manual" if config.workers == "manual" else "auto",
                seed=config.seed,
                speed=config.speed,
                truth=config.truth,
                error_mix=config.error_mix,
                s3_for_role=partial(for_role, "s3"),
                lambda_for_role=partial(for_role, "lambda"),
            ),
            client("s3"),
            self.emit_event,
        )

    def status(self) -> dict[str, Any]:
        """What runs now, for `GET /_terrace/status`."""
        return {
            "pid": os.getpid(),
            "executions": self.step_functions.interpreter.running(),
            "lambdaProcesses": self.executor.pool.pids(),
            "faults": len(self.faults.listing()),
        }

    def run(self, when_serving: Callable[[], None]) -> None:
        """Serve until `stop`; calls `when_serving` on a thread once both ports answer.

        Raises:
            OSError: A port is taken.
        """
        asyncio.run(self._serve(when_serving))

    def stop(self) -> None:
        """Ask the server to end; safe from any thread and from a signal handler."""
        self._stop.set()
        if self._loop is not None and self._wake is not None:
            with contextlib.suppress(RuntimeError):  # the loop has ended meanwhile
                self._loop.call_soon_threadsafe(self._wake.set)

    @property
    def stopping(self) -> bool:
        """Whether `stop` was called."""
        return self._stop.is_set()

    async def _serve(self, when_serving: Callable[[], None]) -> None:
        from hypercorn.asyncio import serve
        from hypercorn.config import Config

        self._loop, self._wake = asyncio.get_running_loop(), asyncio.Event()
        if self._stop.is_set():
            return
        _raise_descriptor_limit()
        config = Config()
        ports = dict.fromkeys((self.config.port, self.config.api_port))
        config.bind = [f"127.0.0.1:{port}" for port in ports]
        config.keep_alive_timeout = 75
        config.graceful_timeout = 2
        config.shutdown_timeout = 5
        config.backlog = 512
        config.loglevel = "WARNING"
        config.errorlog = logging.getLogger("hypercorn.error")
        server = asyncio.create_task(
            serve(self.gateway, config, shutdown_trigger=self._wait_for_stop)  # type: ignore[arg-type]
        )
        ready = asyncio.create_task(self._until_serving())
        done, _ = await asyncio.wait({server, ready}, return_when=asyncio.FIRST_COMPLETED)
        if server in done:
            ready.cancel()
            server.result()
            return
        threading.Thread(target=when_serving, name="deploy", daemon=True).start()
        keeping = asyncio.create_task(self._keep_state())
        await server
        keeping.cancel()

    async def _keep_state(self) -> None:
        """Save every few seconds while something changes."""
        seen = -1
        while self.config.persist:
            await asyncio.sleep(SAVE_SECONDS)
            if self.deployed and self.gateway.requests != seen:
                seen = self.gateway.requests
                await self._save()

    async def _save(self, graceful: bool = False) -> None:
        async with self._saving:
            # The periodic save may come due while the server shuts down: it must not undo this one.
            if self._saved_for_good:
                return
            self._saved_for_good = graceful
            copy = self.keeper.copy()
            await asyncio.to_thread(self.keeper.write, copy, graceful)

    async def _until_serving(self) -> None:
        for port in (self.config.port, self.config.api_port):
            while True:
                with contextlib.suppress(OSError):
                    _, writer = await asyncio.open_connection("127.0.0.1", port)
                    writer.close()
                    break
                await asyncio.sleep(0.02)

    async def _wait_for_stop(self) -> None:
        if self._wake is not None:
            await self._wake.wait()
        # Saved before the functions are ended: what fails because we stop must not be kept.
        if self.config.persist and self.deployed:
            await self._save(graceful=True)
        # Calls that wait for a function would hold the shutdown up: end the functions first.
        await asyncio.to_thread(self._end_work)

    def _end_work(self) -> None:
        self.ground_truth.stop()
        self.executor.close()


def _raise_descriptor_limit() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
