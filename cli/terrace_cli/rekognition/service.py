"""Project, data sets and version in Rekognition: each made once, found again, and waited for.

Every step looks before it makes, so that a start that was cut off anywhere can be given again.
Only `create_project_version` is billed; its name is made of the content, and Rekognition takes a
name once: the second start of the same training finds the first one.
"""

import re
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from botocore.exceptions import ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as NoConnectionError

from terrace.domain import s3uri
from terrace_cli.errors import EXIT_WRONG, TerraceError
from terrace_cli.rekognition import plan as planned
from terrace_cli.rekognition.clients import asked, code_of
from terrace_cli.rekognition.plan import TAG, Plan
from terrace_cli.rekognition.sets import DataSet

DATASET_SECONDS = 5.0
DATASET_LOOKS = 1_440
"""Two hours of looks at one data set."""
VERSION_SECONDS = 60.0
"""Between two looks: a data set takes minutes, a training 30 minutes to 24 hours."""
TAGS_UNKNOWN = (
    "AccessDeniedException",
    "InvalidParameterException",
    "ResourceNotFoundException",
)
"""CreateDataset takes tags; of which resources ListTagsForResource tells them, its text (models,
collections, stream processors) does not say for data sets."""
NO_ANSWER = (HTTPClientError, NoConnectionError)
SILENT_LOOKS = 30
"""Looks in a row without an answer, after which nobody waits any more."""
ERRORS_SHOWN = 5
TRAINING = "TRAINING_IN_PROGRESS"
FAILED = "TRAINING_FAILED"
NO_RESULTS = (FAILED, "COPYING_FAILED", "DELETING")
_VERSION_ARN = re.compile(
    r"arn:[a-z\d-]+:rekognition:([a-z\d-]+):\d{12}:project/([a-zA-Z0-9_.\-]{1,255})/version/"
    r"([a-zA-Z0-9_.\-]{1,255})/\d+"
)
Say = Callable[[str], None]


class Service:
    """Rekognition Custom Labels, asked step by step.

    Args:
        client: boto3's, for Rekognition.
        say: told what is done, in a sentence.
        sleep: waits for so many seconds.
    """

    def __init__(self, client: Any, say: Say, sleep: Callable[[float], None] = time.sleep) -> None:
        self._client, self._say, self._sleep = client, say, sleep

    def say(self, text: str) -> None:
        """Tells a sentence."""
        self._say(text)

    # --- project ---------------------------------------------------------------------------------

    def project(self, name: str) -> dict[str, Any] | None:
        """The project of this name, with its data sets; None where there is none."""
        with asked(f"look for the project {name}"):
            try:
                found = self._client.describe_projects(ProjectNames=[name])
            except ClientError as error:
                if code_of(error) == "ResourceNotFoundException":
                    return None
                raise
        rows = found.get("ProjectDescriptions") or []
        return dict(rows[0]) if rows else None

    def ensure_project(self, plan: Plan) -> dict[str, Any]:
        """The project, made if it is not there.

        Raises:
            TerraceError: it is one of content moderation, is being deleted, or AWS says no.
        """
        found = self.project(plan.project)
        if found is None:
            more = {"Tags": plan.tags} if plan.tags else {}
            with asked(f"create the project {plan.project}"):
                made = self._client.create_project(ProjectName=plan.project, **more)
            self._say(f"project {plan.project} is made")
            return {"ProjectArn": made["ProjectArn"], "Datasets": []}
        if found.get("Feature", "CUSTOM_LABELS") != "CUSTOM_LABELS":
            raise TerraceError(
                f"the project {plan.project} is of {found['Feature']}",
                "give another one: --project NAME",
                EXIT_WRONG,
            )
        if found.get("Status") == "DELETING":
            raise TerraceError(f"the project {plan.project} is being deleted", "try again later")
        self._say(f"project {plan.project} is there")
        return found

    # --- data sets -------------------------------------------------------------------------------

    def ensure_datasets(
        self, plan: Plan, project: dict[str, Any], *, replace: bool
    ) -> dict[str, str]:
        """Both data sets, with this plan's content: their ARNs, by TRAIN and TEST.

        A project has one of each. One of other content, or of unknown content, stays as it is
        unless `replace` says otherwise.

        Raises:
            TerraceError: one is there with other content, or cannot be made of the manifest.
        """
        there: dict[str, str] = {}
        failed = False
        for row in project.get("Datasets") or []:
            kind, arn, status = row["DatasetType"], row["DatasetArn"], row.get("Status", "")
            if status == "DELETE_IN_PROGRESS":
                self._gone(arn)
                continue
            there[kind] = arn
            failed = failed or status.endswith("_FAILED")
        strange = [
            kind for kind, one in plan.sets if kind in there and not self._is(there[kind], one)
        ]
        if strange and not replace:
            raise TerraceError(
                f"the project {plan.project} has a {' and a '.join(strange)} data set of another, "
                "or unknown, content",
                "a project has one of each: give another --project, or --replace-datasets, which "
                "deletes them (trained versions stay)",
                EXIT_WRONG,
            )
        if strange or failed:
            # Both go: one that is kept may have given lines to, or got them from, the other.
            for kind, arn in there.items():
                self._delete(kind, arn)
            there = {}
        arns = {
            kind: there.get(kind) or self._create(plan, project["ProjectArn"], kind, one)
            for kind, one in plan.sets
        }
        for kind, arn in arns.items():
            self._wait_dataset(kind, arn)
        if plan.test is None:
            self._distribute(arns)
        return arns

    def errors(self, arns: dict[str, str]) -> Iterator[tuple[str, int, list[str]]]:
        """Data sets with entries that Rekognition cannot use: kind, how many, the first ones."""
        for kind, arn in arns.items():
            stats = self._dataset(arn).get("DatasetStats") or {}
            self._say(
                f"{kind}: {stats.get('TotalEntries', 0)} images, "
                f"{stats.get('TotalLabels', 0)} classes, {stats.get('ErrorEntries', 0)} errors"
            )
            if stats.get("ErrorEntries"):
                with asked(f"list the errors of the {kind} data set"):
                    found = self._client.list_dataset_entries(
                        DatasetArn=arn, HasErrors=True, MaxResults=ERRORS_SHOWN
                    )
                yield kind, stats["ErrorEntries"], list(found.get("DatasetEntries") or [])

    def _is(self, arn: str, one: DataSet | None) -> bool:
        return self._tags(arn).get(TAG) == planned.dataset_tag(one)

    def _tags(self, arn: str) -> dict[str, str]:
        with asked(f"read the tags of {arn}"):
            try:
                return dict(self._client.list_tags_for_resource(ResourceArn=arn).get("Tags") or {})
            except ClientError as error:
                if code_of(error) in TAGS_UNKNOWN:
                    # Nobody knows what is in it: as if it had another content.
                    return {}
                raise

    def _create(self, plan: Plan, project_arn: str, kind: str, one: DataSet | None) -> str:
        with asked(f"create the {kind} data set"):
            try:
                made = self._client.create_dataset(
                    **planned.create_dataset(plan, project_arn, kind, one)
                )
            except ClientError as error:
                # An answer that got lost on its way, and was asked for again.
                found = (
                    self._made(plan, kind, one)
                    if code_of(error) == "ResourceAlreadyExistsException"
                    else None
                )
                if found is None:
                    raise
                return found
        self._say(f"{kind} data set is being made")
        return str(made["DatasetArn"])

    def _made(self, plan: Plan, kind: str, one: DataSet | None) -> str | None:
        for row in (self.project(plan.project) or {}).get("Datasets") or []:
            if row["DatasetType"] == kind and self._is(row["DatasetArn"], one):
                return str(row["DatasetArn"])
        return None

    def _delete(self, kind: str, arn: str) -> None:
        with asked(f"delete the {kind} data set"):
            self._client.delete_dataset(DatasetArn=arn)
        self._say(f"{kind} data set is being deleted")
        self._gone(arn)

    def _gone(self, arn: str) -> None:
        """Waits until a data set is deleted."""
        for _ in range(DATASET_LOOKS):
            with asked("look at a data set"):
                try:
                    self._client.describe_dataset(DatasetArn=arn)
                except ClientError as error:
                    if code_of(error) == "ResourceNotFoundException":
                        return
                    raise
            self._sleep(DATASET_SECONDS)
        raise _slow("the old data set is not deleted")

    def _dataset(self, arn: str) -> dict[str, Any]:
        with asked("look at a data set"):
            return dict(self._client.describe_dataset(DatasetArn=arn)["DatasetDescription"])

    def _wait_dataset(self, kind: str, arn: str) -> None:
        for _ in range(DATASET_LOOKS):
            found = self._dataset(arn)
            status = found.get("Status", "")
            if status.endswith("_COMPLETE"):
                return
            if status.endswith("_FAILED"):
                raise TerraceError(
                    f"Rekognition cannot make the {kind} data set: "
                    f"{found.get('StatusMessage') or status}",
                    "nothing was trained or billed; start again when that is mended",
                )
            self._sleep(DATASET_SECONDS)
        raise _slow(f"the {kind} data set is not made")

    def _distribute(self, arns: dict[str, str]) -> None:
        stats = self._dataset(arns["TEST"]).get("DatasetStats") or {}
        if stats.get("TotalEntries"):
            return
        with asked("split the training set"):
            self._client.distribute_dataset_entries(
                Datasets=[{"Arn": arns["TRAIN"]}, {"Arn": arns["TEST"]}]
            )
        self._say("Rekognition moves 20 % of TRAIN to TEST")
        for kind, arn in arns.items():
            self._wait_dataset(kind, arn)

    # --- version ---------------------------------------------------------------------------------

    def version(self, project_arn: str, name: str) -> dict[str, Any] | None:
        """The version of this name; None where there is none."""
        with asked(f"look for the version {name}"):
            try:
                found = self._client.describe_project_versions(
                    ProjectArn=project_arn, VersionNames=[name]
                )
            except ClientError as error:
                if code_of(error) == "ResourceNotFoundException":
                    return None
                raise
        rows = found.get("ProjectVersionDescriptions") or []
        return dict(rows[0]) if rows else None

    def same_content(self, plan: Plan, found: dict[str, Any]) -> None:
        """Raises TerraceError where a version of a name of the user's is of other data."""
        for key, value in planned.content_tag(plan).items():
            if self._tags(str(found["ProjectVersionArn"])).get(key) != value:
                raise TerraceError(
                    f"the version {plan.version} is there, trained with other, or unknown, data",
                    "give another --version-name; its own results: terrace rekognition status "
                    f"{found['ProjectVersionArn']}",
                    EXIT_WRONG,
                )

    def begin(self, plan: Plan, project_arn: str) -> dict[str, Any]:
        """Begins the training: from here on it is billed. One that is there is not begun again."""
        with asked(f"start the training {plan.version}"):
            try:
                made = self._client.create_project_version(
                    **planned.create_version(plan, project_arn)
                )
            except ClientError as error:
                # An answer that got lost on its way, and was asked for again.
                found = (
                    self.version(project_arn, plan.version)
                    if code_of(error) == "ResourceInUseException"
                    else None
                )
                if found is None:
                    raise
                self.same_content(plan, found)
                return found
        self._say(f"training {plan.version} is started")
        return {"ProjectVersionArn": made["ProjectVersionArn"], "Status": TRAINING}

    def wait(self, project_arn: str, name: str, look: Callable[[str], None]) -> dict[str, Any]:
        """Waits until the training has ended; `look` is told each status.

        A line that is down is waited for, too: a training goes on for hours without us.

        Raises:
            TerraceError: AWS says no, nobody answers for long, or the version is gone.
        """
        silent = 0
        while True:
            try:
                found = self.version(project_arn, name)
            except TerraceError as error:
                silent += 1
                if not isinstance(error.__cause__, NO_ANSWER) or silent > SILENT_LOOKS:
                    raise
                look("no answer")
                self._sleep(VERSION_SECONDS)
                continue
            silent = 0
            if found is None:
                raise TerraceError(f"the version {name} is gone", "was it deleted?")
            if found.get("Status") != TRAINING:
                return found
            look(TRAINING)
            self._sleep(VERSION_SECONDS)

    def of_arn(self, arn: str) -> tuple[str, str]:
        """The project's ARN and the version's name, of a version's ARN.

        Raises:
            TerraceError: it is no such ARN, or there is no such project.
        """
        _, project, name = parts(arn)
        found = self.project(project)
        if found is None:
            raise TerraceError(f"there is no project {project} in this Region and account")
        return str(found["ProjectArn"]), name


def _slow(what: str) -> TerraceError:
    return TerraceError(
        f"{what} after {DATASET_LOOKS * DATASET_SECONDS / 3600:.0f} hours",
        "nothing was trained or billed; give the same command again: it goes on where it was",
    )


def parts(arn: str) -> tuple[str, str, str]:
    """Region, project and version of a version's ARN.

    Raises:
        TerraceError: it is no such ARN.
    """
    found = _VERSION_ARN.fullmatch(arn)
    if not found:
        raise TerraceError(
            f"{arn!r} is no ARN of a model version",
            "arn:aws:rekognition:<region>:<account>:project/<name>/version/<version>/<number>",
            EXIT_WRONG,
        )
    return found[1], found[2], found[3]


def upload(s3: Any, plan: Plan, buckets: Iterable[str], region: str) -> None:
    """Puts the manifests where Rekognition reads them.

    Args:
        s3: client.
        plan: of the training.
        buckets: of the images.
        region: that Rekognition is asked in.

    Raises:
        TerraceError: a bucket is in another Region, or the output folder is not writable.
    """
    for bucket in sorted({s3uri.parse(plan.output).bucket, *buckets}):
        same_region(s3, bucket, region)
    for _, one in plan.sets:
        if one is None:
            continue
        uri = planned.manifest_uri(plan, one)
        place = s3uri.parse(uri)
        with (
            asked(f"write {uri}", "your AWS credentials must allow s3:PutObject on it"),
            one.path.open("rb") as file,
        ):
            s3.upload_fileobj(file, place.bucket, place.key)


def same_region(s3: Any, bucket: str, region: str) -> None:
    """A bucket must be in the Region that Rekognition is asked in (botocore: S3Object)."""
    with asked(f"look at the bucket {bucket}", "your credentials must allow s3:ListBucket on it"):
        answer = s3.head_bucket(Bucket=bucket)
    headers = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    found = answer.get("BucketRegion") or headers.get("x-amz-bucket-region")
    if found and found != region:
        raise TerraceError(
            f"the bucket {bucket} is in {found}, and Rekognition is asked in {region}",
            f"give --region {found}, or use a bucket in {region}",
            EXIT_WRONG,
        )
