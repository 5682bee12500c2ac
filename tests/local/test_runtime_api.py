"""The Lambda Runtime API of one environment, spoken to by a process that is killed."""

import socket

import pytest

from terrace_local.lambda_runtime.runtime_api import Invocation, RuntimeApi

ANSWER = "POST /2018-06-01/runtime/invocation/one/response HTTP/1.1\r\nHost: here\r\n"


@pytest.mark.parametrize(
    "half",
    [
        "Transfer-Encoding: chunked\r\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\n5\r\n12",
        "Transfer-Encoding: chunked\r\n\r\n2\r\n12\r\n",
        "Content-Length: 5\r\n\r\n12",
        "Content-Length: 5\r\n\r\n",
    ],
    ids=["no chunk", "half a chunk", "no last chunk", "half a body", "no body"],
)
def test_half_an_answer_of_a_killed_process_is_no_answer(half: str) -> None:
    api = RuntimeApi()
    invocation = Invocation("one", b"{}", 0, "arn")
    api.hand_over(invocation)
    host, port = api.address.split(":")
    # When the connection ends in the middle of an answer
    with socket.create_connection((host, int(port))) as process:
        process.sendall((ANSWER + half).encode())
        process.shutdown(socket.SHUT_WR)
        process.settimeout(30)
        # Then nothing is said to it, and the invocation still has no answer
        assert process.recv(100) == b""
    assert not invocation.done.is_set()
    # And a whole one is taken
    with socket.create_connection((host, int(port))) as process:
        process.sendall(f"{ANSWER}Content-Length: 2\r\n\r\n12".encode())
        assert b"202" in process.recv(100)
    assert invocation.response == b"12"
    api.close()
