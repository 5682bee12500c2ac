"""A transformation of your own, to copy: pictures in a folder become the manifests of a batch.

The request says where the pictures are and what can be on them, job by job:

    "transformation": {
      "functionArn": "arn:aws:lambda:us-east-1:111122223333:function:my-transformation",
      "payload": {"car": {"images": "s3://my-bucket/cars/", "labels": ["Car", "Van"]}}
    }

Each named job gets a manifest of the pictures below its folder, and a label category file. The
event and the answer are described in docs/delivery.md, "Functions of your own".

Asked again, it writes the same objects with the same content: it needs no memory of its own. Its
role may list and read the pictures' bucket, and write below `batches/*/inputs/transformation/` of
the batch bucket.
"""

import json
import time

import boto3

PICTURES = (".jpg", ".jpeg", ".png")
STOP_AFTER = 540
"""Seconds: Terrace waits ten minutes for an answer. More pictures need a function that begins the
work elsewhere, answers {"done": false} and is asked again, for up to an hour."""


def handler(event, _context):
    """Answers with the inputs of every job that the payload names."""
    s3 = boto3.client("s3")
    ends = time.monotonic() + STOP_AFTER
    wanted = event["payload"] or {}
    return {"inputs": {job: inputs(s3, event, job, wanted[job], ends) for job in wanted}}


def inputs(s3, event, job, wanted, ends):
    """One job's manifest and category file, written where Terrace says."""
    manifest = "".join(
        json.dumps({"source-ref": picture}) + "\n"
        for picture in pictures(s3, wanted["images"], ends)
    )
    if not manifest:
        # The text of an error is what the user reads in the batch's problems.
        raise ValueError(f"there are no pictures below {wanted['images']}")
    categories = {
        "document-version": "2018-11-28",
        "labels": [{"label": name} for name in wanted["labels"]],
    }
    folder = event["outputPrefixS3Uri"] + job
    return {
        "inputManifestS3Uri": write(s3, f"{folder}/input.manifest", manifest),
        "labelCategoryConfigS3Uri": write(s3, f"{folder}/labels.json", json.dumps(categories)),
    }


def pictures(s3, prefix, ends):
    """URIs of all pictures below a folder, in the order of their keys."""
    bucket, _, key = prefix.removeprefix("s3://").partition("/")
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=key):
        if time.monotonic() > ends:
            raise TimeoutError(f"there are too many pictures below {prefix} for one call")
        for found in page.get("Contents", []):
            if found["Key"].lower().endswith(PICTURES):
                yield f"s3://{bucket}/{found['Key']}"


def write(s3, uri, text):
    """Writes a file; returns its URI."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    s3.put_object(Bucket=bucket, Key=key, Body=text.encode())
    return uri
