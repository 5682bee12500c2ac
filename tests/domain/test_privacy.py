"""Worker identities become pseudonyms; nothing else of a line is touched."""

import json

import pytest

from terrace.domain.privacy import names_a_worker, pseudonym, pseudonymous

WORKER = "private.us-east-1.0123456789abcdef"
SUB = "12345678-1234-1234-1234-123456789abc"
WORKERS = [
    WORKER,
    "public.us-east-1.A2B3C4D5E6F7G2H3I4J5K6L7M2",
    "vendor.ap-northeast-1.9f8e7d6c5b4a3210",
    "private.us-gov-west-1.0123456789abcdef",
]


@pytest.mark.parametrize("worker", WORKERS)
def test_a_worker_id_in_a_label_becomes_a_pseudonym(worker: str) -> None:
    line = json.dumps({"source-ref": "s3://b/1.jpg", "a": [{"workerId": worker, "v": 1}]})
    found = pseudonymous(line)
    assert worker not in found
    assert json.loads(found)["a"] == [{"workerId": pseudonym(worker), "v": 1}]


def test_a_workers_user_in_the_pool_becomes_a_pseudonym() -> None:
    metadata = {"workerMetadata": {"identityData": {"identityProviderType": "Cognito", "sub": SUB}}}
    found = pseudonymous(json.dumps(metadata))
    assert SUB not in found
    assert json.loads(found)["workerMetadata"]["identityData"]["sub"] == pseudonym(SUB)


def test_the_same_worker_has_the_same_pseudonym_and_another_has_another() -> None:
    assert pseudonym(WORKERS[0]) == pseudonym(WORKERS[0])
    assert len({pseudonym(worker) for worker in WORKERS}) == len(WORKERS)


@pytest.mark.parametrize(
    "line",
    [
        '{"source-ref": "s3://bucket/private.us-east-1.0123456789abcdef/1.jpg"}',
        '{"source": "a text about private.us-east-1.0123456789abcdef"}',
        '{"source-ref":"s3://b/1.jpg","a":0,  "a-metadata":{"job-name":"labeling-job/x"}}',
        '{"source-ref": "s3://b/1.jpg", "id": "12345678-1234-1234-1234-123456789abc"}',
        "",
    ],
)
def test_what_is_no_identity_stays_byte_for_byte(line: str) -> None:
    assert pseudonymous(line) == line
    assert not names_a_worker(line)


def test_a_line_with_pseudonyms_names_no_worker_and_does_not_change_again() -> None:
    line = json.dumps({"source": "t", "a": {"workerId": WORKER}, "sub": SUB})
    assert names_a_worker(line)
    once = pseudonymous(line)
    assert not names_a_worker(once)
    assert pseudonymous(once) == once
