"""Functions run as real processes under the real Lambda runtime client."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.local.conftest import Sample

pytestmark = pytest.mark.local_aws


def test_an_error_keeps_the_name_of_its_class(aws: Sample) -> None:
    # Given a function that raises an error of its own, When it is invoked
    error, payload = aws.invoke(**{"raise": "FatalError"})
    # Then Retry and Catch can match it by class name
    assert error == "Unhandled"
    assert payload["errorType"] == "FatalError"
    assert payload["errorMessage"] == "no"


def test_a_process_that_dies_is_replaced_by_the_next_call(aws: Sample) -> None:
    error, payload = aws.invoke(exit=1)
    assert (error, payload["errorType"]) == ("Unhandled", "Runtime.ExitError")
    assert "exit status 3" in payload["errorMessage"]
    # Then the next call is served by another process
    assert aws.invoke(a=1)[0] is None


def test_a_function_that_takes_too_long_is_ended(aws: Sample) -> None:
    error, payload = aws.invoke(sleep=30)
    assert (error, payload["errorType"]) == ("Unhandled", "Sandbox.Timedout")
    assert "Task timed out after 10.00 seconds" in payload["errorMessage"]


def test_a_function_knows_how_much_time_it_has(aws: Sample) -> None:
    _, payload = aws.invoke(a=1)
    assert 5_000 < payload["remaining"] <= 10_000


def test_calls_one_after_another_share_a_process(aws: Sample) -> None:
    # An answer is out a moment before its process is free again, so a next call may find it busy.
    pids = {aws.invoke(a=1)[1]["pid"] for _ in range(10)}
    assert len(pids) <= 2


def test_ten_calls_at_once_run_at_the_same_time(aws: Sample) -> None:
    # Given ten calls that each hold their process for a second, When they come at once
    with ThreadPoolExecutor(10) as threads:
        answers = list(threads.map(lambda _: aws.invoke(sleep=1), range(10)))
    # Then each has a process of its own
    assert [error for error, _ in answers] == [None] * 10
    assert len({payload["pid"] for _, payload in answers}) == 10


def test_what_a_function_prints_is_in_its_own_log_file_and_in_cloudwatch(aws: Sample) -> None:
    aws.invoke(note="find me in the log")
    name = aws.function("Hello")
    assert "find me in the log" in (aws.home / "logs" / f"{name}.log").read_text()
    events = aws.client("logs").filter_log_events(logGroupName=f"/aws/lambda/{name}")["events"]
    assert any("find me in the log" in event["message"] for event in events)


def test_a_function_sees_only_what_was_deployed(aws: Sample) -> None:
    # Given the repository's own packages on the host's import path, When a function runs
    _, payload = aws.invoke(**{"raise": "FatalError"})
    trace = "".join(payload["stackTrace"])
    # Then its code comes from the unpacked artefact, not from the source folder
    assert "/run/code/" in trace
    assert "/tests/local/sample/" not in trace
