"""What would be sent: names, requests, rights. Nothing here talks to anybody."""

import hashlib
import re
from dataclasses import dataclass, field
from typing import Any

from terrace.domain import s3uri
from terrace_cli.errors import EXIT_WRONG, TerraceError
from terrace_cli.rekognition.sets import DataSet

NAME = re.compile(r"[a-zA-Z0-9_.\-]{1,255}")
"""Names of projects and versions (botocore: ProjectName, VersionName)."""
TAG = "terrace-manifest"
"""On a data set: sha256 of the manifest that it was made from."""
BY_REKOGNITION = "by-rekognition"
"""The value of that tag on a test set that Rekognition fills from the training set."""


@dataclass(frozen=True)
class Plan:
    """One training.

    Attributes:
        project: name of the Rekognition project.
        version: name of the version: by default it is made of the manifests' content.
        output: S3 folder for manifests and results; ends with a slash.
        train: training set.
        test: test set; None: Rekognition splits the training set.
        kms_key: id or ARN; None: AWS's own.
        tags: of everything that is made.
    """

    project: str
    version: str
    output: str
    train: DataSet
    test: DataSet | None
    kms_key: str | None = None
    tags: dict[str, str] = field(default_factory=dict)

    @property
    def sets(self) -> list[tuple[str, DataSet | None]]:
        """Both data sets, the one to train with first."""
        return [("TRAIN", self.train), ("TEST", self.test)]


def named(text: str, option: str) -> str:
    """A name that Rekognition takes.

    Raises:
        TerraceError: it does not.
    """
    if not NAME.fullmatch(text):
        raise TerraceError(
            f"{option} {text!r} is no name for Rekognition",
            "1 to 255 of a-z, A-Z, 0-9, '_', '.' and '-'",
            EXIT_WRONG,
        )
    return text


def project_name(source: str) -> str:
    """A project's name for a batch or a manifest."""
    stem = source.rstrip("/").rsplit("/", 1)[-1].removesuffix(".manifest")
    return f"terrace-{re.sub(r'[^a-zA-Z0-9_.-]+', '-', stem)}"[:255]


def version_name(train: DataSet, test: DataSet | None) -> str:
    """The same for the same content: Rekognition takes a version name once, so that training is
    begun, and paid for, once."""
    parts = f"{train.sha256} {test.sha256 if test else BY_REKOGNITION}"
    return f"terrace-{hashlib.sha256(parts.encode()).hexdigest()[:16]}"


def folder(output: str) -> str:
    """The output folder, checked, with its slash."""
    wrong = s3uri.problem(output, key_needed=False)
    if wrong:
        raise TerraceError(f"--output {output!r} {wrong}", "s3://bucket/folder/", EXIT_WRONG)
    return output if output.endswith("/") else f"{output}/"


def manifest_uri(plan: Plan, one: DataSet) -> str:
    """Where a manifest goes: by its content, so that a second start finds it.

    The ending matters: Rekognition refuses a manifest without one.
    """
    return f"{plan.output}manifests/{one.kind.lower()}-{one.sha256[:16]}.manifest"


def dataset_tag(one: DataSet | None) -> str:
    """What the tag of a data set says."""
    return one.sha256 if one else BY_REKOGNITION


def create_dataset(plan: Plan, project_arn: str, kind: str, one: DataSet | None) -> dict[str, Any]:
    """The request of CreateDataset: from a manifest in S3, or empty."""
    made: dict[str, Any] = {
        "ProjectArn": project_arn,
        "DatasetType": kind,
        "Tags": {**plan.tags, TAG: dataset_tag(one)},
    }
    if one is not None:
        place = s3uri.parse(manifest_uri(plan, one))
        made["DatasetSource"] = {
            "GroundTruthManifest": {"S3Object": {"Bucket": place.bucket, "Name": place.key}}
        }
    return made


def create_version(plan: Plan, project_arn: str) -> dict[str, Any]:
    """The request of CreateProjectVersion: this is what is billed."""
    place = s3uri.parse(plan.output)
    made: dict[str, Any] = {
        "ProjectArn": project_arn,
        "VersionName": plan.version,
        "OutputConfig": {"S3Bucket": place.bucket, "S3KeyPrefix": f"{place.key}results"},
    }
    if plan.kms_key:
        made["KmsKeyId"] = plan.kms_key
    tags = {**plan.tags, **content_tag(plan)}
    if tags:
        made["Tags"] = tags
    return made


def content_tag(plan: Plan) -> dict[str, str]:
    """What a version's tag says of its data, where its name does not."""
    content = version_name(plan.train, plan.test)
    return {} if plan.version == content else {TAG: content}


def requests(plan: Plan) -> list[dict[str, Any]]:
    """Every request that changes something, in order."""
    arn = f"(ARN of {plan.project})"
    made: list[dict[str, Any]] = [
        {
            "CreateProject": {
                "ProjectName": plan.project,
                **({"Tags": plan.tags} if plan.tags else {}),
            }
        }
    ]
    for kind, one in plan.sets:
        if one is not None:
            made.append({"PutObject": manifest_uri(plan, one)})
        made.append({"CreateDataset": create_dataset(plan, arn, kind, one)})
    if plan.test is None:
        made.append({"DistributeDatasetEntries": "20 % of TRAIN to TEST"})
    made.append({"CreateProjectVersion": create_version(plan, arn)})
    return made


def caller_policy(plan: Plan, image_buckets: list[str]) -> dict[str, Any]:
    """The rights of whoever starts: Rekognition reads images with the caller's own.

    Source: the guide, "Accessing external Amazon S3 Buckets" (su-console-policy.html), and for
    keys "Training a model" (training-model.html).
    """
    out = s3uri.parse(plan.output).bucket
    buckets = sorted({*image_buckets, out})
    statements: list[dict[str, Any]] = [
        {
            "Sid": "Train",
            "Effect": "Allow",
            "Action": [
                f"rekognition:{name}"
                for name in (
                    "CreateProject",
                    "DescribeProjects",
                    "CreateDataset",
                    "DescribeDataset",
                    "DeleteDataset",
                    "DistributeDatasetEntries",
                    "ListDatasetEntries",
                    "CreateProjectVersion",
                    "DescribeProjectVersions",
                    "ListTagsForResource",
                    "TagResource",
                )
            ],
            "Resource": "*",
        },
        {
            "Sid": "Buckets",
            "Effect": "Allow",
            "Action": ["s3:GetBucketAcl", "s3:GetBucketLocation", "s3:ListBucket"],
            "Resource": [f"arn:aws:s3:::{name}" for name in buckets],
        },
        {
            "Sid": "Read",
            "Effect": "Allow",
            "Action": [
                "s3:GetObject",
                "s3:GetObjectAcl",
                "s3:GetObjectVersion",
                "s3:GetObjectTagging",
            ],
            "Resource": [f"arn:aws:s3:::{name}/*" for name in buckets],
        },
        {
            "Sid": "Write",
            "Effect": "Allow",
            "Action": "s3:PutObject",
            "Resource": f"arn:aws:s3:::{out}/{s3uri.parse(plan.output).key}*",
        },
    ]
    if plan.kms_key:
        statements.append(
            {
                "Sid": "Key",
                "Effect": "Allow",
                "Action": [
                    "kms:CreateGrant",
                    "kms:DescribeKey",
                    "kms:GenerateDataKey",
                    "kms:Decrypt",
                ],
                "Resource": plan.kms_key if plan.kms_key.startswith("arn:") else "*",
            }
        )
    return {"Version": "2012-10-17", "Statement": statements}


def bucket_policy(bucket: str) -> dict[str, Any]:
    """For a bucket of another account, or one whose policy denies: lets an account's people read.

    A bucket of the same account needs none: since Rekognition's release of 2021 the service
    itself (`rekognition.amazonaws.com`) is not granted anything (su-console-policy.html, "Policy
    updates for using the AWS SDK").
    """
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "RekognitionCustomLabelsReads",
                "Effect": "Allow",
                "Principal": {"AWS": "arn:aws:iam::<account that trains>:root"},
                "Action": [
                    "s3:GetBucketAcl",
                    "s3:GetBucketLocation",
                    "s3:GetObject",
                    "s3:GetObjectAcl",
                    "s3:GetObjectVersion",
                    "s3:GetObjectTagging",
                    "s3:ListBucket",
                ],
                "Resource": [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"],
            }
        ],
    }
