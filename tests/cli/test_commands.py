"""The commands as a user types them: output, exit codes, what is said when things go wrong."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from terrace_cli.main import cli
from tests.cli.fake_api import FakeApi
from tests.cli.shows import answer, job

CREATED = {"batchId": "b1", "status": "IN_PROGRESS", "message": "triggered"}
PENDING = answer("IN_PROGRESS", job("v", "PENDING"))
LABELING = answer("IN_PROGRESS", job("v", "IN_PROGRESS", numItems=2, numItemsLabeled=0))
HALF = answer("IN_PROGRESS", job("v", "IN_PROGRESS", numItems=2, numItemsLabeled=1))
DONE = answer(
    "COMPLETE",
    job("v", "COMPLETE", numItems=2, numItemsLabeled=2, jobOutputS3Uri="s3://b/out.manifest"),
)
PROBLEM = {
    "path": "s3://in/clip.manifest line 3",
    "code": "MANIFEST_LINE",
    "problem": "is no JSON object",
    "fix": "one JSON object a line",
}

Here = Callable[..., dict[str, Any]]


def terrace(*arguments: str, stdin: str | None = None) -> Result:
    return CliRunner().invoke(cli, list(arguments), input=stdin, catch_exceptions=False)


def test_create_prints_the_id_and_waits_until_the_first_labeling_job_exists(
    here: Here, api: FakeApi, tmp_path: Path
) -> None:
    here()
    (tmp_path / "request.json").write_text('{"batchId": "b1"}')
    api.will(CREATED, PENDING, LABELING)

    result = terrace("create", "request.json")

    assert result.exit_code == 0, result.output
    assert result.stdout == "b1\n"
    assert "terrace watch b1" in result.stderr
    assert len(api.seen) == 3


def test_create_reads_a_request_from_stdin(here: Here, api: FakeApi) -> None:
    here()
    api.will(CREATED)

    result = terrace("create", "-", "--no-wait", stdin='{"batchId": "b1"}')

    assert (result.exit_code, result.stdout) == (0, "b1\n")
    assert [seen.body for seen in api.seen] == [b'{"batchId": "b1"}']


def test_create_shows_every_error_of_a_refused_request_and_exits_with_2(
    here: Here, api: FakeApi
) -> None:
    here()
    rows = [{**PROBLEM, "path": f"$.labelingJobs[{n}]", "fix": f"fix {n}"} for n in range(25)]
    api.will((400, {"message": "25 problems", "errors": rows}))

    result = terrace("create", "-", stdin="{}")

    assert result.exit_code == 2
    assert result.stdout == ""
    for n in range(25):
        assert f"$.labelingJobs[{n}]: is no JSON object  [MANIFEST_LINE]" in result.stderr
        assert f"fix: fix {n}\n" in result.stderr


def test_create_exits_with_2_when_validation_fails_after_it_was_accepted(
    here: Here, api: FakeApi
) -> None:
    here()
    failed = answer("VALIDATION_FAIL", job("v", "DROPPED"), errors=[PROBLEM, PROBLEM])
    api.will(CREATED, PENDING, failed)

    result = terrace("create", "-", stdin="{}")

    assert result.exit_code == 2
    assert result.stderr.count("s3://in/clip.manifest line 3: is no JSON object") == 2
    assert "fix: one JSON object a line" in result.stderr


def test_create_of_a_batch_that_failed_before_any_job_existed_exits_with_1(
    here: Here, api: FakeApi
) -> None:
    here()
    api.will(CREATED, answer("FAILED", job("v", "DROPPED"), failureReason="no rights"))

    result = terrace("create", "-", stdin="{}")

    assert result.exit_code == 1
    assert "FAILED: no rights" in result.stderr


def test_create_gives_up_waiting_after_the_time_given(here: Here, api: FakeApi) -> None:
    here()
    api.will(CREATED, PENDING)

    result = terrace("create", "-", "--timeout", "0.05", stdin="{}")

    assert result.exit_code == 1
    assert "no labeling job yet" in result.stderr


def test_an_empty_request_is_not_posted(here: Here, api: FakeApi) -> None:
    here()

    result = terrace("create", "-", stdin=" \n")

    assert result.exit_code == 2
    assert api.seen == []


def test_watch_prints_only_what_changes_and_ends_with_the_batch(here: Here, api: FakeApi) -> None:
    here()
    api.will(PENDING, PENDING, LABELING, HALF, HALF, DONE)

    result = terrace("watch", "b1")

    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[0] == "batch b1: IN_PROGRESS"
    assert sum("1/2 items" in line for line in lines) == 1
    assert lines[-1] == "batch b1 has ended: COMPLETE"
    assert len(api.seen) == 6


@pytest.mark.parametrize("status", ["FAILED", "COMPLETE_WITH_ERRORS", "STOPPED", "VALIDATION_FAIL"])
def test_watch_exits_with_1_for_every_other_end(here: Here, api: FakeApi, status: str) -> None:
    here()
    api.will(answer(status, job("v", "FAILED", failureReason="nothing was labeled")))

    result = terrace("watch", "b1")

    assert result.exit_code == 1
    assert status in result.stdout
    assert "nothing was labeled" in result.stdout


def test_watch_waits_for_an_api_that_is_gone_for_a_while(
    here: Here, api: FakeApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    here()
    monkeypatch.setattr("terrace_cli.client.TRIES", 2)
    api.will(LABELING, *[(503, {"message": "busy"})] * 4, DONE)

    result = terrace("watch", "b1")

    assert result.exit_code == 0
    assert "does not answer (busy); still trying" in result.stdout


def test_watch_of_an_unknown_batch_says_so_at_once(here: Here, api: FakeApi) -> None:
    here()
    row = {"path": "batchId", "code": "UNKNOWN_BATCH", "problem": "there is no batch b9"}
    fix = "GET /batch/show without batchId lists the batches"
    api.will((404, {"message": "There is no such batch.", "errors": [{**row, "fix": fix}]}))

    for command in ("watch", "show", "report", "stop", "retry"):
        result = terrace(command, "b9")

        assert result.exit_code == 2
        assert "there is no batch b9" in result.stderr
        assert "terrace show lists the batches" in result.stderr
        assert "GET /" not in result.stderr


def test_watch_ends_with_what_was_delivered_and_what_failed(here: Here, api: FakeApi) -> None:
    here()
    exports = [
        {"format": "coco", "items": 8, "problem": None},
        {"format": "mot", "problem": "still images"},
    ]
    post = {"status": "FAILED", "error": "it broke"}
    told = {"items": 10, "accepted": 8, "rejected": 1, "unlabeled": 1}
    api.will({**DONE, "outputs": {**told, "exports": exports, "postProcessing": post}})

    result = terrace("watch", "b1")

    assert result.exit_code == 0
    assert result.stdout.splitlines()[-3:] == [
        "8 of 10 items accepted, 1 rejected, 1 unlabeled",
        "export mot failed: still images",
        "post-processing failed: it broke",
    ]


def test_show_of_a_batch_whose_data_was_deleted_lists_no_files(here: Here, api: FakeApi) -> None:
    here()
    outputs = {"finalManifestS3Uri": "s3://gone/final/output.manifest"}
    api.will({**DONE, "deletedAt": "2026-11-21T00:00:00Z", "outputs": outputs})

    result = terrace("show", "b1")

    assert result.exit_code == 0
    assert "its data was deleted at 2026-11-21T00:00:00Z" in result.stdout
    assert "s3://" not in result.stdout


def test_ctrl_c_leaves_the_batch_running_and_says_how_to_look_again(
    here: Here, api: FakeApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    here()
    api.will(LABELING)

    def interrupted(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("terrace_cli.commands.watch.follow", interrupted)

    result = terrace("watch", "b1", "--local", ".terrace/local.json")

    assert result.exit_code == 130
    assert "terrace watch --local .terrace/local.json b1" in result.stderr


def test_the_live_view_draws_levels_jobs_and_items(api: FakeApi, here: Here) -> None:
    from rich.console import Console

    from terrace_cli.render import batch_panel
    from terrace_cli.views import batch_view

    console = Console(width=120, record=True, force_terminal=True, file=open("/dev/null", "w"))  # noqa: SIM115
    console.print(batch_panel(batch_view(HALF), "a note"))
    text = console.export_text()

    for part in ("b1", "IN_PROGRESS", "0/1", "######------ 1/2", "people: 1 items", "a note"):
        assert part in text


def test_show_prints_a_batch_with_its_errors_and_outputs(here: Here, api: FakeApi) -> None:
    here()
    api.will({**DONE, "warnings": [PROBLEM]})

    result = terrace("show", "b1")

    assert result.exit_code == 0
    assert "level 1 v: COMPLETE 2/2 items" in result.stdout
    assert "s3://b/out.manifest" in result.stdout
    assert "is no JSON object" in result.stdout


def test_show_as_json_is_the_apis_own_answer(here: Here, api: FakeApi) -> None:
    here()
    api.will(DONE)

    assert json.loads(terrace("show", "b1", "--json").stdout) == DONE


def test_the_list_goes_through_all_pages_up_to_its_limit(here: Here, api: FakeApi) -> None:
    here()
    rows = [{"batchId": f"b{n}", "status": "FAILED", "createdAt": "t"} for n in range(5)]
    api.will(
        {"FAILED": ["b0", "b1"], "batches": rows[:2], "nextToken": "t1"},
        {"FAILED": ["b2"], "batches": rows[2:3], "nextToken": "t2"},
    )

    result = terrace("show", "--status", "failed", "--limit", "3")

    assert [line.split()[0] for line in result.stdout.splitlines()] == ["b0", "b1", "b2"]
    assert "more than these 3" in result.stderr
    assert api.seen[0].path == "/batch/show?status=FAILED&limit=3"
    assert api.seen[1].path == "/batch/show?status=FAILED&limit=1&nextToken=t1"


def test_a_list_without_batches_says_so(here: Here, api: FakeApi) -> None:
    here()
    api.will({"batches": [], "COMPLETE": []})

    assert terrace("show").stdout == "no batches\n"


def test_without_a_target_every_command_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    for arguments in (["show"], ["watch", "b1"], ["create", "-"]):
        result = terrace(*arguments, stdin="{}")
        assert result.exit_code == 1
        assert "terrace local up" in result.stderr


def test_the_same_command_reaches_an_api_by_its_address(api: FakeApi, tmp_path: Path) -> None:
    api.will(DONE)

    result = terrace("show", "b1", "--api-url", api.url + "/")

    assert result.exit_code == 0
    assert "execute-api/aws4_request" in api.seen[0].headers["Authorization"]


def test_local_up_passes_its_options_on(monkeypatch: pytest.MonkeyPatch) -> None:
    given: dict[str, Any] = {}

    def up(**options: Any) -> int:
        given.update(options)
        return 3

    monkeypatch.setattr("terrace_local.cli_commands.up", up)

    line = (
        "local up --port 0 --api-port 0 --workers manual --seed 5 --speed 2.5 --auth iam "
        "--reconcile-seconds 3 --error-mix sloppy --parameter A=1 --parameter B=x=y "
        "--detach --fresh --state-dir elsewhere"
    )
    result = terrace(*line.split(" "))

    assert result.exit_code == 3
    del given["say"]
    assert given == {
        "port": 0,
        "api_port": 0,
        "workers": "manual",
        "seed": 5,
        "speed": 2.5,
        "reconcile_seconds": 3,
        "auth": "iam",
        "truth": None,
        "error_mix": "sloppy",
        "parameters": {"A": "1", "B": "x=y"},
        "region": "us-east-1",
        "detach": True,
        "fresh": True,
        "state_dir": Path("elsewhere"),
    }


def test_a_parameter_without_a_value_is_a_usage_error() -> None:
    result = terrace("local", "up", "--parameter", "A")

    assert result.exit_code == 2
    assert "KEY=VALUE" in result.output


def test_the_command_starts_without_boto3_rich_and_the_emulator() -> None:
    import subprocess
    import sys

    code = (
        "import sys; import terrace_cli.main;"
        "heavy = {'boto3', 'botocore', 'rich', 'ministack', 'moto', 'PIL'} & set(sys.modules);"
        "sys.exit(', '.join(heavy) or 0)"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)

    assert done.returncode == 0, done.stderr
