"""Rows of the table: pydantic records to DynamoDB attribute values and back."""

import json
from decimal import Decimal
from typing import Any

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from pydantic import BaseModel

from terrace.domain.records import BatchRecord, ClaimRecord, JobRecord

_serializer = TypeSerializer()
_deserializer = TypeDeserializer()

BATCH_SK = "BATCH"
CLAIM_SK = "CLAIM"
OPEN = "OPEN"

Values = dict[str, Any]


def batch_pk(batch_id: str) -> str:
    return f"BATCH#{batch_id}"


def job_sk(level: int, job_name: str) -> str:
    return f"JOB#{level:02d}#{job_name}"


def claim_pk(name: str) -> str:
    return f"ATTEMPT#{name.lower()}"


def key(pk: str, sk: str) -> Values:
    return {"PK": {"S": pk}, "SK": {"S": sk}}


def batch_key(batch_id: str) -> Values:
    return key(batch_pk(batch_id), BATCH_SK)


def job_key(batch_id: str, level: int, job_name: str) -> Values:
    return key(batch_pk(batch_id), job_sk(level, job_name))


def claim_key(name: str) -> Values:
    return key(claim_pk(name), CLAIM_SK)


def encode(value: Any) -> Any:
    """One attribute value in DynamoDB's own notation."""
    return _serializer.serialize(plain(value))


def plain(value: Any) -> Any:
    """JSON values with floats as Decimal, which is what DynamoDB's serializer takes."""
    if isinstance(value, BaseModel):
        return plain(value.model_dump(mode="json", exclude_none=True))
    if isinstance(value, float):
        return Decimal(repr(value))
    if isinstance(value, dict):
        return {name: plain(inner) for name, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(inner) for inner in value]
    return value


def _json(value: Any) -> Any:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, dict):
        return {name: _json(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_json(inner) for inner in value]
    return value


def decode(item: Values) -> Values:
    """An item as plain JSON values."""
    return {name: _json(_deserializer.deserialize(value)) for name, value in item.items()}


def batch_item(batch: BatchRecord, *, is_open: bool) -> Values:
    """The batch row: `status` is stored as `batchStatus`, so that only batches are indexed."""
    fields = plain(batch)
    fields["batchStatus"] = fields.pop("status")
    if is_open:
        fields["openKey"] = OPEN
    item = {name: _serializer.serialize(value) for name, value in fields.items()}
    return {**item, **batch_key(batch.batchId)}


def job_item(job: JobRecord) -> Values:
    """The job row; `spec`, never changed and never asked for in a condition, is one JSON text.

    A batch is read whole at every end of a job: a text is several times as fast to read as a map.
    """
    fields = plain(job)
    fields["spec"] = job.spec.model_dump_json(exclude_none=True)
    item = {name: _serializer.serialize(value) for name, value in fields.items()}
    return {**item, **job_key(job.batchId, job.level, job.jobName)}


def to_batch(item: Values) -> BatchRecord:
    fields = decode(item)
    fields["status"] = fields.pop("batchStatus")
    return BatchRecord.model_validate(fields)


def to_job(item: Values) -> JobRecord:
    fields = decode(item)
    fields["spec"] = json.loads(fields["spec"])
    return JobRecord.model_validate(fields)


def to_claim(item: Values) -> ClaimRecord:
    return ClaimRecord.model_validate(decode(item))
