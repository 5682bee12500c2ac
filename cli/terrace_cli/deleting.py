"""Deleting what a batch left in S3, every version of it, while its rows stay as the record.

The order makes it safe to be cut off and run again: the row is marked first, on the condition that
the batch has ended and its end is told, so that nothing reads or restarts it from then on; then the
objects go; then the timeline says who did it and how much it was.
"""

import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from terrace_cli.errors import EXIT_WRONG, TerraceError
from terrace_cli.storage import Storage

PREFIXES = ("batches/", "batches-working/")
EVENT = "DATA_DELETED"


class CannotDelete(TerraceError):
    """The batch's data must stay, or could not be deleted."""


@dataclass(frozen=True)
class Found:
    """What a batch has in S3; `versions` counts old ones and delete markers too."""

    versions: int
    size: int


class BatchData:
    """The data of one batch."""

    def __init__(self, storage: Storage, batch_id: str) -> None:
        self._storage = storage
        self._batch_id = batch_id
        self._key = {"PK": {"S": f"BATCH#{batch_id}"}, "SK": {"S": "BATCH"}}
        # With its slash: `batches/cars` must not mean `batches/cars-2` too.
        self.prefixes = tuple(f"{prefix}{batch_id}/" for prefix in PREFIXES)

    def check(self) -> None:
        """Raises CannotDelete unless the batch has ended and its end message is out."""
        found = self._storage.dynamodb.get_item(
            TableName=self._storage.table, Key=self._key, ConsistentRead=True
        ).get("Item")
        if found is None:
            raise CannotDelete(f"there is no batch {self._batch_id} in {self._storage.where}")
        if found["batchStatus"]["S"] == "IN_PROGRESS":
            raise CannotDelete(
                f"{self._batch_id} is IN_PROGRESS: its data is needed",
                "wait until it has ended, or stop it",
                EXIT_WRONG,
            )
        if "openKey" in found:
            raise CannotDelete(
                f"{self._batch_id} has ended, but not all of that is told yet",
                "try again in a minute",
            )

    def find(self) -> Found:
        """Counts what would be deleted."""
        versions = [version for page in self._pages() for version in page]
        return Found(len(versions), sum(version.get("Size", 0) for version in versions))

    def delete(self) -> Found:
        """Marks the batch, deletes its data, and writes down that this was done.

        Raises:
            CannotDelete: It runs (again), or S3 kept something.
        """
        now = time.time()
        self._mark(now)
        count = size = 0
        # Listed again until nothing is left: what was on its way when we began is found too.
        while page := next(self._pages(), None):
            self._remove(page)
            count += len(page)
            size += sum(version.get("Size", 0) for version in page)
        self._abort_uploads()
        self._tell(now, count, size)
        return Found(count, size)

    def _pages(self) -> Iterator[list[dict[str, Any]]]:
        """Versions and delete markers, page by page; no empty page."""
        pages = self._storage.s3.get_paginator("list_object_versions")
        for prefix in self.prefixes:
            for page in pages.paginate(Bucket=self._storage.bucket, Prefix=prefix):
                found = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
                if found:
                    yield found

    def _mark(self, now: float) -> None:
        try:
            self._storage.dynamodb.update_item(
                TableName=self._storage.table,
                Key=self._key,
                UpdateExpression="SET deletedAt = if_not_exists(deletedAt, :now)",
                ConditionExpression="batchStatus <> :runs AND attribute_not_exists(openKey)",
                ExpressionAttributeValues={
                    ":now": {"N": f"{now:.3f}"},
                    ":runs": {"S": "IN_PROGRESS"},
                },
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise
            raise CannotDelete(
                f"{self._batch_id} runs again: its data is needed", exit_code=EXIT_WRONG
            ) from error

    def _remove(self, page: list[dict[str, Any]]) -> None:
        keys = [{"Key": one["Key"], "VersionId": one["VersionId"]} for one in page]
        answer = self._storage.s3.delete_objects(
            Bucket=self._storage.bucket, Delete={"Objects": keys, "Quiet": True}
        )
        if answer.get("Errors"):
            first = answer["Errors"][0]
            raise CannotDelete(
                f"S3 kept {len(answer['Errors'])} objects, the first: {first['Key']} "
                f"({first.get('Code')}: {first.get('Message')})",
                "the batch is marked as deleted; run the command again once that is put right",
            )

    def _abort_uploads(self) -> None:
        pages = self._storage.s3.get_paginator("list_multipart_uploads")
        for prefix in self.prefixes:
            for page in pages.paginate(Bucket=self._storage.bucket, Prefix=prefix):
                for upload in page.get("Uploads", []):
                    self._storage.s3.abort_multipart_upload(
                        Bucket=self._storage.bucket, Key=upload["Key"], UploadId=upload["UploadId"]
                    )

    def _tell(self, now: float, count: int, size: int) -> None:
        caller = self._storage.sts.get_caller_identity()["Arn"]
        stamp = f"{int(time.time() * 1000):013d}-{uuid.uuid4().hex[:8]}"
        detail = {
            "by": {"S": caller},
            "versions": {"N": str(count)},
            "bytes": {"N": str(size)},
        }
        self._storage.dynamodb.put_item(
            TableName=self._storage.table,
            Item={
                "PK": self._key["PK"],
                "SK": {"S": f"EVENT#{stamp}"},
                "what": {"S": EVENT},
                "at": {"N": f"{now:.3f}"},
                "detail": {"M": detail},
            },
        )
