"""What a job hands on names no worker, also where a Lambda of the user's own consolidated."""

import json

from terrace.domain.records import AttemptRecord, JobRecord
from terrace.steps.job_output import merged_output
from tests.fakes.house import BUCKET, House
from tests.steps.conftest import two_levels

WORKER = "private.us-east-1.0123456789abcdef"
LAMBDA = "arn:aws:lambda:us-east-1:111122223333:function:SageMaker-consolidate"


def one_attempt(house: House, own_lambda: bool) -> tuple[JobRecord, AttemptRecord]:
    """A job with one ended attempt, whose labels say who made them."""
    house.post(two_levels(house))
    house.turn()
    job = house.jobs()["car"]
    spec = job.spec.model_copy(
        update={"annotationConsolidationLambdaArn": LAMBDA if own_lambda else None}
    )
    uri = f"s3://{BUCKET}/batches/b/outputs/car/a1/car/manifests/output/output.manifest"
    attribute = job.labelAttributeName
    lines = [
        {"source-ref": f"s3://{BUCKET}/{n}", attribute: {"by": WORKER, "value": n}}
        for n in range(2)
    ]
    house.objects.write_lines(uri, map(json.dumps, lines))
    attempt = AttemptRecord(
        attempt=1, name="car", status="Completed", outputManifestS3Uri=uri, numItems=2
    )
    return job.model_copy(update={"spec": spec}), attempt


def test_a_users_own_consolidation_is_handed_on_with_pseudonyms(house: House) -> None:
    # Given an output whose labels name their worker
    job, attempt = one_attempt(house, own_lambda=True)
    # When the job's output is settled
    uri = merged_output(job, [attempt], house.objects, BUCKET)
    # Then what is handed on is a copy without the name, and nothing else is changed
    assert uri is not None
    assert uri != attempt.outputManifestS3Uri
    handed = [json.loads(line.text) for line in house.objects.read_lines(uri)]
    assert WORKER not in json.dumps(handed)
    assert [line[job.labelAttributeName]["value"] for line in handed] == [0, 1]
    assert {line[job.labelAttributeName]["by"][:7] for line in handed} == {"worker-"}


def test_ground_truths_own_output_is_handed_on_as_it_is(house: House) -> None:
    job, attempt = one_attempt(house, own_lambda=False)
    assert merged_output(job, [attempt], house.objects, BUCKET) == attempt.outputManifestS3Uri
