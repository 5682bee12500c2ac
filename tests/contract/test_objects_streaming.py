"""Long objects: what drops, changes or breaks off while it is read or written, end to end."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import EndpointConnectionError

from terrace.adapters import s3_objects
from terrace.adapters.s3_objects import S3ObjectStore
from terrace_cli.convert.documents import Documents
from terrace_cli.errors import TerraceError
from tests.contract.conftest import Aws
from tests.contract.dropping_s3 import DroppingS3, serving

WIDE = "".join(f'{{"n": {n}, "text": "日本 🎬 é"}}\n' for n in range(500)).encode()
NARROW = "".join(f'{{"n": {n}, "text": "night"}}\n' for n in range(500)).encode()
URI = "s3://bucket/clip.manifest"


def client_of(world: DroppingS3) -> Any:
    config = Config(
        retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}, read_timeout=60
    )
    return boto3.client("s3", "us-east-1", endpoint_url=world.url, config=config)


@pytest.mark.parametrize("data", [WIDE, NARROW], ids=["several bytes a character", "ascii"])
@pytest.mark.parametrize("chunk", [1, 7, 4096])
def test_two_drops_in_the_middle_change_nothing(
    data: bytes, chunk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(s3_objects, "CHUNK", chunk)
    # The first break is inside of a character of `WIDE`, the second one right behind a line's end
    inside = data.index(b'"text": "') + 10
    second = data.index(b"\n", inside + 2000) + 1 - inside
    with serving(DroppingS3(data, drops=[inside, second])) as world:
        lines = list(world.objects().read_lines(URI))
    assert [line.text for line in lines] == data.decode().split("\n")[:-1]
    assert [line.number for line in lines] == list(range(1, 501))
    assert lines[-1].end == len(data)
    assert world.starts == [0, inside, inside + second]


def test_the_command_line_reads_on_after_two_drops() -> None:
    with serving(DroppingS3(WIDE, drops=[1000, 3000])) as world:
        documents = Documents(lambda: client_of(world))
        assert list(documents.lines(URI)()) == WIDE.decode().split("\n")[:-1]
    assert world.starts == [0, 1000, 4000]


def test_the_command_line_refuses_an_object_that_is_replaced_in_the_middle() -> None:
    with serving(DroppingS3(WIDE, drops=[1000], replace_after=1)) as world:
        documents = Documents(lambda: client_of(world))
        with pytest.raises(TerraceError, match="replaced while it was read"):
            list(documents.lines(URI)())


def test_the_command_line_refuses_an_object_that_is_replaced_between_two_passes() -> None:
    with serving(DroppingS3(WIDE)) as world:
        documents = Documents(lambda: client_of(world))
        begin = documents.lines(URI)
        assert len(list(begin())) == 500
        world.etag = '"v2"'
        with pytest.raises(TerraceError, match="replaced while it was read"):
            list(begin())


@pytest.mark.parametrize("parts", [0, 2])
def test_what_is_written_is_sent_with_a_checksum(
    aws: Aws, bucket: str, parts: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = aws.client("s3")
    sent: list[tuple[str, bool]] = []

    def note(request: Any, operation_name: str, **_: Any) -> None:
        given = {str(key).lower() for key in request.headers}
        has = any(key.startswith("x-amz-checksum") or key == "x-amz-trailer" for key in given)
        sent.append((operation_name, has))

    for name in ("PutObject", "UploadPart"):
        client.meta.events.register(f"before-sign.s3.{name}", note)
    monkeypatch.setattr(s3_objects, "PART", 5 * 1024 * 1024)
    lines = iter(["x" * 1_000_000] * 6 * max(parts, 1) if parts else ["one"])
    S3ObjectStore(client).write_lines(f"s3://{bucket}/k", lines)
    assert {name for name, _ in sent} == {"UploadPart" if parts else "PutObject"}
    assert all(checked for _, checked in sent)


def test_an_upload_that_cannot_be_aborted_still_says_why_it_broke_off(
    aws: Aws, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = aws.client("s3")

    def refuse(**_: Any) -> None:
        raise EndpointConnectionError(endpoint_url="https://s3")

    monkeypatch.setattr(client, "abort_multipart_upload", refuse)
    monkeypatch.setattr(s3_objects, "PART", 5 * 1024 * 1024)

    def lines() -> Iterator[str]:
        yield from ["z" * 1_000_000] * 6
        raise RuntimeError("the source broke")

    with pytest.raises(RuntimeError, match="the source broke"):
        S3ObjectStore(client).write_lines(f"s3://{bucket}/k", lines())
