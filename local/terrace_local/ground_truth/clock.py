"""Times in the forms that Ground Truth writes, and how fast simulated time runs."""

from datetime import UTC, datetime

# At speed 1: a task waits some minutes for a worker and takes some minutes, and all of it
# passes in a second or two.
SIMULATED_SECONDS_PER_SECOND = 600.0

JOB_LIFETIME_SECONDS = 30 * 24 * 3600


def _utc(moment: float) -> datetime:
    return datetime.fromtimestamp(moment, UTC)


def creation_date(moment: float) -> str:
    """``creation-date`` of label metadata: microseconds, no zone."""
    return _utc(moment).strftime("%Y-%m-%dT%H:%M:%S.%f")


def iso_millis(moment: float) -> str:
    """Times in worker-response files: milliseconds and Z."""
    return _utc(moment).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def iso_seconds(moment: float) -> str:
    """Time of an EventBridge event."""
    return _utc(moment).strftime("%Y-%m-%dT%H:%M:%SZ")


def file_stamp(moment: float) -> str:
    """Name of a time-stamped file."""
    return _utc(moment).strftime("%Y-%m-%d_%H:%M:%S")
