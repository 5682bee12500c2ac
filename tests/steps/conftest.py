"""A house per test, and requests to post to it."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.fakes.house import House, a_house


@pytest.fixture
def house() -> Iterator[House]:
    with a_house() as built:
        yield built


def two_levels(house: House, **more: Any) -> dict[str, Any]:
    """Two lanes, label then audit, of three sequences each."""
    manifest, categories = house.manifest(), house.categories()
    jobs = []
    for lane in ("car", "road"):
        jobs.append(
            {
                "jobName": lane,
                "jobLevel": 1,
                "jobModality": "VideoObjectTracking",
                "inputConfig": {"inputManifestS3Uri": manifest},
                "labelCategoryConfigS3Uri": categories,
            }
        )
        jobs.append(
            {
                "jobName": f"{lane}-audit",
                "jobLevel": 2,
                "jobModality": "VideoObjectTrackingAudit",
                "inputConfig": {"chainFromJobName": lane},
            }
        )
    return {"batchId": "b", "labelingJobs": jobs, **more}
