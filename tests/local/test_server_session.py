"""Starting, stopping, being killed, and starting again."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from terrace_local.cli_commands import down, read_contract, status
from tests.local.conftest import Sample, eventually, start_sample

pytestmark = pytest.mark.local_aws


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """A folder for a run, whose run is ended whatever happens."""
    folder = tmp_path / ".terrace"
    yield folder
    down(folder, say=lambda _: None)


def running(home: Path, **options: object) -> Sample:
    """A sample stack that is up in `home`."""
    code, said = start_sample(home, **options)
    assert code == 0, said
    contract = read_contract(home)
    assert contract is not None
    return Sample({**contract, "said": "\n".join(said)}, home)


def processes_of(aws: Sample) -> list[int]:
    """The server, its process factory and the functions' processes."""
    server = int(aws.contract["pid"])
    children = subprocess.run(
        ["ps", "--ppid", str(server), "-o", "pid="], capture_output=True, text=True, check=False
    )
    functions = aws.control("status")[1]["lambdaProcesses"]
    return [server, *map(int, children.stdout.split()), *functions]


def all_gone(pids: list[int]) -> bool:
    """Whether none of these processes lives (a zombie does not)."""
    alive = subprocess.run(
        ["ps", "-o", "stat=", "-p", ",".join(map(str, pids))],
        capture_output=True,
        text=True,
        check=False,
    )
    return all(state.startswith("Z") for state in alive.stdout.split())


def test_a_stop_ends_every_process_and_takes_the_contract_away(home: Path) -> None:
    # Given a run whose function has a warm process
    aws = running(home)
    aws.http(f"{aws.contract['apiUrl']}/hello", {})
    pids = processes_of(aws)
    assert len(pids) >= 3
    # When it is stopped
    assert down(home, say=lambda _: None) == 0
    # Then nothing of it is left
    assert eventually(lambda: all_gone(pids), 5)
    assert not (home / "local.json").exists()


def test_a_killed_server_takes_its_functions_with_it(home: Path) -> None:
    aws = running(home)
    aws.http(f"{aws.contract['apiUrl']}/hello", {})
    pids = processes_of(aws)
    os.kill(pids[0], signal.SIGKILL)
    assert eventually(lambda: all_gone(pids), 5)
    # Then the stale contract deceives nobody
    said: list[str] = []
    assert status(home, say=said.append) == 1
    assert down(home, say=said.append) == 0
    assert "gone already" in said[-1]


def test_only_loopback_is_served(home: Path) -> None:
    running(home)
    listening = Path("/proc/net/tcp").read_text().splitlines()[1:]
    contract = read_contract(home)
    assert contract is not None
    ports = {int(contract[key].rsplit(":", 1)[1]) for key in ("awsEndpoint", "apiUrl")}
    bound = {
        line.split()[1].split(":")[0]
        for line in listening
        if line.split()[3] == "0A" and int(line.split()[1].split(":")[1], 16) in ports
    }
    assert bound == {"0100007F"}


def test_a_busy_port_is_named_and_nothing_is_started(home: Path) -> None:
    with socket.socket() as occupied:
        occupied.bind(("127.0.0.1", 0))
        occupied.listen()
        port = occupied.getsockname()[1]
        code, said = start_sample(home, port=port)
    assert code == 1
    assert f"port {port} is in use" in said[0]
    assert "--port" in said[0]


def test_a_second_start_in_the_same_folder_points_at_the_first(home: Path) -> None:
    running(home)
    code, said = start_sample(home)
    assert code == 1
    assert "running here already" in said[0]


def test_a_template_that_cannot_be_deployed_fails_the_start_loudly(
    home: Path, tmp_path: Path
) -> None:
    template = tmp_path / "broken.yaml"
    template.write_text(
        "Transform: AWS::Serverless-2016-10-31\nResources:\n  A: {Type: AWS::No::No}\n"
    )
    code, said = start_sample(home, template=template)
    assert code == 1
    assert "AWS::No::No" in said[0]
    assert not (home / "local.json").exists()


def test_auth_iam_refuses_an_unsigned_request_and_takes_a_signed_one(home: Path) -> None:
    aws = running(home, auth="iam")
    url = f"{aws.contract['apiUrl']}/hello"
    assert aws.http(url, {})[0] == 403
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    request = AWSRequest("POST", url, data=b"{}")
    SigV4Auth(Credentials("AKIASOMEBODY", "secret"), "execute-api", "us-east-1").add_auth(request)
    import urllib.request

    prepared = urllib.request.Request(url, b"{}", dict(request.headers))
    with urllib.request.urlopen(prepared) as response:
        assert response.status == 200


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGKILL], ids=["stopped", "killed"])
def test_a_run_that_ends_in_mid_work_is_resumed(home: Path, end: signal.Signals) -> None:
    # Given an object, a row and a running execution that waits
    aws = running(home)
    aws.client("s3").put_object(
        Bucket=aws.bucket, Key="a b/ü.txt", Body=b"kept", Metadata={"who": "me"}
    )
    execution = aws.start("waits", seconds=600)
    token = aws.token(execution)
    if end == signal.SIGKILL:
        saved = home / "state" / "current"
        eventually(saved.exists)
        before = saved.read_text()
        eventually(lambda: saved.read_text() != before, 20) if not _holds(home, token) else None
    # When it ends and is started again
    os.kill(int(aws.contract["pid"]), end)
    eventually(lambda: all_gone([int(aws.contract["pid"])]))
    again = running(home)
    # Then, on whatever port, what was stored is there
    stored = again.client("s3").get_object(Bucket=again.bucket, Key="a b/ü.txt")
    assert (stored["Body"].read(), stored["Metadata"]) == (b"kept", {"who": "me"})
    assert again.token(execution) == token
    # And the execution did not survive in secret: it is over, and the stack is told
    found = again.describe(execution)
    assert (found["status"], found["error"]) == ("FAILED", "States.ServiceRestart")
    assert again.received(10, '{"execution": "waits", "ended": "FAILED"}')
    assert "resumed" in again.contract["said"]
    assert ("killed" in again.contract["said"]) == (end == signal.SIGKILL)
    # And the functions work
    assert again.http(f"{again.contract['apiUrl']}/hello", {})[0] == 200


def _holds(home: Path, text: str) -> bool:
    current = home / "state" / (home / "state" / "current").read_text().strip()
    return text in (current / "dynamodb.json").read_text()


def test_a_state_without_a_complete_snapshot_is_given_up_aloud(home: Path) -> None:
    (home / "state" / "objects").mkdir(parents=True)
    (home / "state" / "objects" / "stray").write_text("half")
    aws = running(home)
    assert "could not be resumed (it has no complete snapshot)" in aws.contract["said"]
    assert not (home / "state" / "objects" / "stray").exists()
    assert (home / "state-given-up" / "objects" / "stray").read_text() == "half"


def test_fresh_forgets_the_former_state(home: Path) -> None:
    aws = running(home)
    aws.client("s3").put_object(Bucket=aws.bucket, Key="old", Body=b"x")
    down(home, say=lambda _: None)
    again = running(home, fresh=True)
    listed = again.client("s3").list_objects_v2(Bucket=again.bucket)
    assert listed["KeyCount"] == 0


def test_in_the_foreground_an_interrupt_ends_it_cleanly(home: Path, tmp_path: Path) -> None:
    program = (
        "import sys, json; from terrace_local.cli_commands import up; "
        "sys.exit(up(**json.loads(sys.argv[1])))"
    )
    sample = Path(__file__).parent / "sample" / "template.yaml"
    options = {"port": 0, "api_port": 0, "template": str(sample), "state_dir": str(home)}
    with subprocess.Popen(
        [sys.executable, "-c", program, json.dumps(options)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=tmp_path,
    ) as process:
        eventually((home / "local.json").exists, 30)
        time.sleep(0.2)
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=20)
    assert process.returncode == 0
    assert "is ready" in output
    assert output.rstrip().endswith("stopped.")
    assert "Traceback" not in output
