"""What a batch and its jobs wait for, in words."""

from terrace_cli.views import JOB_FEEDS_NEXT, BatchView, JobView


def job_waits_for(batch: BatchView, job: JobView) -> str:
    """One short sentence: what has to happen before this job goes on; "" when nothing has to."""
    if job.failure:
        return job.failure
    if job.status == "IN_PROGRESS" and batch.stopping and batch.stop_mode == "stop":
        return "its labeling job to stop"
    if job.status == "IN_PROGRESS":
        return "people" if job.items is None else f"people: {job.items - (job.labeled or 0)} items"
    if job.status == "STARTING":
        return "its labeling job is being made"
    if job.status == "PENDING" and not batch.ended:
        return _pending(batch, job)
    if job.status == "SKIPPED":
        return "nothing had to go to people"
    if job.status == "DROPPED":
        return "never started"
    return ""


def _pending(batch: BatchView, job: JobView) -> str:
    if job.not_before:
        return f"room for one more labeling job; tried again after {job.not_before}"
    if batch.pacing == "dependency":
        source = next((other for other in batch.jobs if other.name == job.chained_from), None)
        if source is not None and not source.ended:
            return f"the end of {batch.short(source.name)}"
        return "its turn"
    lower = [other for other in batch.jobs if other.level < job.level and not other.ended]
    if not lower:
        return "its turn"
    level = max(other.level for other in lower)
    running = sum(other.level == level for other in lower)
    return f"level {level} ({running} of {len(batch.level(level))} still open)"


def batch_waits_for(batch: BatchView) -> str:
    """One sentence for the whole batch, "" once it has ended and all of it is written."""
    if batch.gathering:
        return "its report and final files are being written"
    if batch.ended:
        return ""
    if not batch.jobs:
        return "its request is being read"
    if batch.stopping:
        return _stopping(batch)
    states = {job.status for job in batch.jobs}
    if states == {"PENDING"}:
        return "its manifests and category files are being checked"
    if all(job.ended for job in batch.jobs):
        if batch.generation > 1:
            return "its results are being gathered, or its jobs opened again"
        return "its results are being gathered"
    working = [job for job in batch.jobs if job.status == "IN_PROGRESS"]
    if working:
        names = ", ".join(batch.short(job.name) for job in working[:3])
        more = f" and {len(working) - 3} more" if len(working) > 3 else ""
        return f"people are at work on {names}{more}"
    if any(job.status in ("FAILED", "STOPPED") for job in batch.jobs):
        return "it is being ended"
    done = [job for job in batch.jobs if job.status in JOB_FEEDS_NEXT]
    return "the next jobs are being started" if done else "its first jobs are being started"


def _stopping(batch: BatchView) -> str:
    running = sum(job.status in ("STARTING", "IN_PROGRESS") for job in batch.jobs)
    if not running:
        return "it is being stopped: its results are being gathered"
    jobs = "1 labeling job" if running == 1 else f"{running} labeling jobs"
    if batch.stop_mode == "drain":
        return f"it is being stopped: nothing new starts, {jobs} left to finish"
    return f"it is being stopped: {jobs} still to end"
