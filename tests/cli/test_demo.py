"""The demo's parts: its request, its messages, and a child process that never stays behind."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from terrace_cli.demo.embedded import OwnAws, Wanted
from terrace_cli.demo.messages import TopicListener, end_lines
from terrace_cli.demo.request import LANES, VEHICLES, Material, demo_request, new_batch_id
from terrace_cli.demo.results import LevelScore, copy_finals, score_lane
from terrace_cli.demo.run import score_lines
from terrace_cli.demo.score import Score
from terrace_cli.errors import TerraceError
from terrace_local.workers.shapes import Box
from terrace_local.workers.truth import TruthObject, VideoTruth
from tests.cli.shows import answer, job, view


def test_the_request_is_one_that_the_api_takes_with_six_jobs_in_three_levels() -> None:
    from terrace.domain.request import BatchRequest

    batch_id = new_batch_id()
    lanes = {
        VEHICLES: Material("s3://in/clip.manifest", "s3://in/v.json"),
        LANES: Material("s3://in/clip.manifest", "s3://in/l.json"),
    }

    request = BatchRequest.model_validate(demo_request(batch_id, lanes))

    assert [(row.jobLevel, row.jobModality) for row in request.labelingJobs] == [
        (1, "VideoObjectTracking"),
        (1, "VideoObjectDetection"),
        (2, "VideoObjectTrackingAudit"),
        (2, "VideoObjectDetectionAudit"),
        (3, "VideoObjectTrackingAdjustment"),
        (3, "VideoObjectDetectionAdjustment"),
    ]
    names = [row.jobName for row in request.labelingJobs]
    assert [row.inputConfig.chainFromJobName for row in request.labelingJobs[2:]] == names[:4]


def test_no_two_demos_have_the_same_id() -> None:
    assert len({new_batch_id() for _ in range(50)}) == 50


class Queue:
    """SNS and SQS as far as the listener uses them."""

    def __init__(self, *bodies: dict[str, Any]) -> None:
        self.waiting = [
            {"Body": json.dumps(body), "MessageId": str(n), "ReceiptHandle": str(n)}
            for n, body in enumerate(bodies)
        ]
        self.subscription: dict[str, Any] = {}
        self.gone: list[str] = []

    def create_queue(self, QueueName: str) -> dict[str, Any]:
        return {"QueueUrl": f"http://queue/{QueueName}"}

    def get_queue_attributes(self, **_: Any) -> dict[str, Any]:
        return {"Attributes": {"QueueArn": "arn:aws:sqs:us-east-1:000000000000:q"}}

    def set_queue_attributes(self, **_: Any) -> None:
        """Nothing is checked here; the real one is, end to end."""

    def subscribe(self, **wanted: Any) -> dict[str, Any]:
        self.subscription = wanted
        return {"SubscriptionArn": "arn:sub"}

    def receive_message(self, **_: Any) -> dict[str, Any]:
        now, self.waiting = self.waiting[:1], self.waiting[1:]
        return {"Messages": now} if now else {}

    def delete_message(self, **_: Any) -> None:
        """Taken off when received."""

    def unsubscribe(self, SubscriptionArn: str) -> None:
        self.gone.append(SubscriptionArn)

    def delete_queue(self, QueueUrl: str) -> None:
        self.gone.append(QueueUrl)


def test_messages_are_read_until_the_end_message_and_repeats_are_given_once() -> None:
    level = {"status": "IN_PROGRESS", "dedupId": "l1"}
    queue = Queue(level, level, {"status": "SUCCESS", "dedupId": "e"}, {"status": "later"})
    listener = TopicListener(queue, queue, "arn:topic", "b1")

    messages = listener.until_end(5)
    listener.close()

    assert [message["status"] for message in messages] == ["IN_PROGRESS", "SUCCESS"]
    assert json.loads(queue.subscription["Attributes"]["FilterPolicy"]) == {"batchId": ["b1"]}
    assert queue.gone == ["arn:sub", "http://queue/terrace-b1"]


def test_without_an_end_message_waiting_ends_too() -> None:
    queue = Queue({"status": "IN_PROGRESS", "dedupId": "l1"})

    assert len(TopicListener(queue, queue, "arn:topic", "b1").until_end(0.05)) == 1


def test_the_end_message_is_told_in_lines() -> None:
    message = {
        "batchId": "b1",
        "status": "FAILED",
        "message": "Batch processing failed",
        "token": "arn:execution",
        "errorType": "JobFailed",
        "errorString": "v failed",
        "failedJobs": [{"jobName": "v", "status": "FAILED", "reason": "nothing was labeled"}],
        "batchInfo": answer("FAILED", job("v", "FAILED"), job("w", "DROPPED", level=2)),
    }

    text = "\n".join(end_lines(message))

    for part in ("FAILED", "arn:execution", "v failed", "nothing was labeled", "w DROPPED"):
        assert part in text


class Files:
    """Objects in S3, by URI."""

    def __init__(self, objects: dict[str, Any]) -> None:
        self._objects = objects

    def get_object(self, Bucket: str, Key: str) -> dict[str, Any]:
        import io

        content = self._objects[f"s3://{Bucket}/{Key}"]
        raw = content if isinstance(content, str) else json.dumps(content)
        return {"Body": io.BytesIO(raw.encode())}


def test_finals_are_copied_and_every_level_is_scored(tmp_path: Path) -> None:
    # Given a label and an audit job, the last one with a wrong class judged Fail
    names = VEHICLES.jobs("b1")
    box = {"left": 1, "top": 2, "width": 30, "height": 40}
    good = {**box, "class-id": "0", "label-category-attributes": {}}
    bad = {**box, "class-id": "1", "label-category-attributes": {"audit": "Fail"}}
    objects: dict[str, Any] = {}
    jobs = []
    for level, (name, label) in enumerate(zip(names, (good, bad), strict=False), start=1):
        uri = f"s3://out/{name}/output.manifest"
        objects[f"s3://out/{name}/SeqLabel.json"] = {
            "tracking-annotations": [{"frame": "1.jpg", "annotations": [label]}]
        }
        line = {
            "source-ref": "s3://in/seq1.json",
            f"{name}-ref": f"s3://out/{name}/SeqLabel.json",
            f"{name}-ref-metadata": {"class-map": {"0": "Car", "1": "Van"}},
        }
        objects[uri] = json.dumps(line) + "\n"
        more = {"jobOutputS3Uri": uri, "labelAttributeName": f"{name}-ref"}
        if level == 2:
            more["chainFromJobName"] = names[0]
        jobs.append(job(name, "COMPLETE", level=level, **more))
    truth = VideoTruth((TruthObject("a", "Car", "box", {"1.jpg": Box(1, 2, 30, 40)}),), 480, 270)
    batch = view("COMPLETE", *jobs)

    # When it is fetched
    scores = score_lane(Files(objects), batch, VEHICLES, {"seq1": truth})
    written = copy_finals(Files(objects), batch, tmp_path)

    # Then each level has its score, and only the last one's files are here
    assert [(row.level, row.score.errors, row.score.found) for row in scores] == [
        (1, 0, 0),
        (2, 1, 1),
    ]
    assert [path.relative_to(tmp_path).as_posix() for path in written] == [
        f"{names[1]}/output.manifest",
        f"{names[1]}/0/SeqLabel.json",
    ]
    assert json.loads(written[1].read_text())["tracking-annotations"]


def test_the_table_of_scores_says_what_the_audit_found() -> None:
    rows = [
        LevelScore("vehicle", 1, "v", Score(truth=10, labels=9, missing=1, badly_drawn=3)),
        LevelScore(
            "vehicle", 2, "a", Score(truth=10, labels=9, badly_drawn=3, judged_fail=2, found=2)
        ),
    ]

    lines = score_lines(rows)

    assert lines[1].split() == ["vehicle", "1", "label", "9", "10", "1", "0", "0", "3", "4"]
    assert lines[-1].endswith("said Fail 2 times and found 2 of 3 wrong labels")


def wanted(folder: Path) -> Wanted:
    return Wanted(folder, seed=1, speed=1.0, fresh=True)


def stand_in(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, code: str) -> None:
    """Makes `terrace local up` another program: these tests are about its parent."""
    script = tmp_path / "stand_in.py"
    script.write_text(code)
    real = subprocess.Popen

    def popen(command: list[str], **options: Any) -> Any:
        return real([sys.executable, str(script), *command], **options)

    monkeypatch.setattr("terrace_cli.demo.embedded.subprocess.Popen", popen)


READY = """
import json, os, sys, time, pathlib
home = pathlib.Path(sys.argv[sys.argv.index("--state-dir") + 1])
content = {"apiUrl": "http://127.0.0.1:1", "pid": os.getpid()}
(home / "local.json").write_text(json.dumps(content))
time.sleep(60)
"""


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_an_own_aws_is_ready_when_its_contract_is_and_is_gone_after_stop(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    stand_in(monkeypatch, tmp_path, READY)
    aws = OwnAws(wanted(tmp_path / "state"))
    aws.start()
    pid = aws.wait_ready()["pid"]
    assert alive(pid)

    aws.stop()
    aws.stop()

    assert not alive(pid)
    assert not aws.contract_file.exists()


def test_one_that_does_not_listen_to_sigterm_is_killed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    deaf = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + READY
    stand_in(monkeypatch, tmp_path, deaf)
    monkeypatch.setattr("terrace_cli.demo.embedded.STOP_SECONDS", 0.3)
    aws = OwnAws(wanted(tmp_path / "state"))
    aws.start()
    pid = aws.wait_ready()["pid"]

    aws.stop()

    assert not alive(pid)


def test_one_that_does_not_start_is_quoted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    stand_in(monkeypatch, tmp_path, "import sys; print('no such port'); sys.exit(1)")
    aws = OwnAws(wanted(tmp_path / "state"))
    aws.start()

    with pytest.raises(TerraceError, match="no such port"):
        aws.wait_ready()
    aws.stop()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_while_it_starts_leaves_no_process_behind(tmp_path: Path, number: int) -> None:
    # Given a demo whose AWS never gets ready
    script = tmp_path / "never.py"
    script.write_text("import os, time\nprint('pid', os.getpid(), flush=True)\ntime.sleep(60)\n")
    code = f"""
import subprocess, sys
from pathlib import Path
real = subprocess.Popen
subprocess.Popen = lambda command, **more: real([sys.executable, {str(script)!r}], **more)
from terrace_cli.demo.run import Options, run_demo
sys.exit(run_demo(Options(folder=Path({str(tmp_path / ".terrace")!r}))))
"""
    demo = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE)
    deadline = time.monotonic() + 20
    said = ""
    while not said.startswith("pid") and time.monotonic() < deadline:
        time.sleep(0.05)
        said = "".join(path.read_text() for path in tmp_path.rglob("up.log"))
    pid = int(said.split()[1])
    assert alive(pid)

    # When it is told to end
    demo.send_signal(number)
    _, errors = demo.communicate(timeout=20)

    # Then nothing runs any more
    assert not alive(pid)
    assert demo.returncode == (130 if number == signal.SIGINT else 128 + number)
    assert b"Traceback" not in errors
