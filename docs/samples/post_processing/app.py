"""A post-processing of your own, to copy: how often each class was drawn, as a table in CSV.

    "postProcessing": {
      "functionArn": "arn:aws:lambda:us-east-1:111122223333:function:my-post-processing"
    }

It reads the final manifest line by line and writes `classes.csv` below the folder that the event
names. The event and the answer are described in docs/delivery.md, "Functions of your own".

Asked again, it writes the same file. Its role may read below `batches/*/final/` of the batch
bucket, and write below `batches/*/final/*/post-processing/`.
"""

import csv
import io
import json
from collections import Counter

import boto3


def handler(event, _context):
    """Answers where the table is; the result stands in `show` and in the end message."""
    s3 = boto3.client("s3")
    manifest = event["final"]["outputManifestS3Uri"]
    counts = Counter()
    # A batch of which nothing was accepted has no such file.
    if manifest is not None:
        for line in lines(s3, manifest):
            counts.update(classes(json.loads(line)))
    table = io.StringIO()
    rows = csv.writer(table, lineterminator="\n")
    rows.writerow(["class", "objects"])
    rows.writerows(sorted(counts.items()))
    uri = write(s3, event["outputPrefixS3Uri"] + "classes.csv", table.getvalue())
    return {"done": True, "result": {"tableS3Uri": uri, "classes": len(counts)}}


def classes(line):
    """The class of every box in a line of the final manifest, in whichever lane it was drawn."""
    for name, label in line.items():
        names = line.get(f"{name}-metadata", {}).get("class-map", {})
        if isinstance(label, dict) and "annotations" in label:
            for box in label["annotations"]:
                yield names[str(box["class_id"])]


def lines(s3, uri):
    """Lines of a text object, in constant memory."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    for line in s3.get_object(Bucket=bucket, Key=key)["Body"].iter_lines():
        if line.strip():
            yield line


def write(s3, uri, text):
    """Writes a file; returns its URI."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    s3.put_object(Bucket=bucket, Key=key, Body=text.encode())
    return uri
