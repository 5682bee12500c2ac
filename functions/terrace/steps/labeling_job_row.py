"""From a labeling job that Ground Truth names to the job's row."""

from terrace.domain.custom_task import labeling_job_name
from terrace.domain.records import JobRecord
from terrace.ports import BatchStore


def row_of(labeling_job_arn: str, store: BatchStore) -> JobRecord | None:
    """The row of the job whose current attempt this labeling job is.

    None for a labeling job that Terrace did not make, and for an older attempt's, whose input
    the row no longer names.
    """
    claim = store.get_claim(labeling_job_name(labeling_job_arn))
    if claim is None:
        return None
    job = store.get_job(claim.batchId, claim.level, claim.jobName)
    return job if job is not None and job.attempt == claim.attempt else None
