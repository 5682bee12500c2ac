"""One running stack for the tests of this folder; unique batch ids keep them apart."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.machine.world import Json, World, private_world

EMPTY_TEAM = "empty-team"
NO_CORS = "bucket-without-cors"
OTHER_REGION = "bucket-elsewhere"

_TEAMS = "arn:aws:sagemaker:us-east-1:000000000000:workteam/private-crowd"
OWN_CHECK = "arn:aws:lambda:us-east-1:000000000000:function:gate-check"
OWN_MAKER = OWN_CHECK.replace("gate-check", "own-transformation")
OWN_HANDER = OWN_CHECK.replace("gate-check", "own-post-processing")
"""Functions of a user's: tests make them."""
ALLOWED = {
    "AllowedInputBuckets": f"{NO_CORS},{OTHER_REGION}",
    "AllowedWorkteamArns": f"{_TEAMS}/{EMPTY_TEAM},{_TEAMS}/ghost",
    "AllowedTopicArns": "arn:aws:sns:us-east-1:000000000000:ghost",
    "AllowedFunctionArns": f"{OWN_CHECK},{OWN_MAKER},{OWN_HANDER}",
}
"""What requests may name beyond the stack's own; that it is allowed does not make it usable."""


@dataclass(frozen=True)
class Clips:
    """Input that many batches share."""

    manifest: str
    """Five video sequences."""
    categories: str

    def label(self, name: str, **more: Any) -> Json:
        """A first-level job."""
        return {
            "jobName": name,
            "jobLevel": 1,
            "jobModality": "VideoObjectTracking",
            "inputConfig": {"inputManifestS3Uri": self.manifest},
            "labelCategoryConfigS3Uri": self.categories,
            **more,
        }

    def audit(self, name: str, source: str, level: int = 2, **more: Any) -> Json:
        """A job that reviews another's output."""
        return {
            "jobName": name,
            "jobLevel": level,
            "jobModality": "VideoObjectTrackingAudit",
            "inputConfig": {"chainFromJobName": source},
            **more,
        }


@pytest.fixture(scope="session")
def shared_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The real template on an embedded AWS whose labeling jobs end when told to."""
    home = tmp_path_factory.mktemp("machine") / ".terrace"
    # This seed's first dozen of draws at 30 % has six hits.
    with private_world(home, fresh=True, seed=1, parameters=ALLOWED) as world:
        world.listen()
        yield world


@pytest.fixture
def world(shared_world: World) -> Iterator[World]:
    """The shared world; faults and outcomes that a test asks for end with it."""
    yield shared_world
    shared_world.control("faults", method="DELETE")
    shared_world.control("outcomes", method="DELETE")


@pytest.fixture(scope="session")
def clips(shared_world: World) -> Clips:
    """Five short sequences and a category file in the input bucket."""
    return clips_in(shared_world)


def clips_in(world: World) -> Clips:
    """Puts the shared input into a world."""
    return Clips(world.sequences("clips", 5), world.categories("clips/categories.json"))


_numbers = itertools.count(1)


@pytest.fixture
def batch() -> str:
    """A batch id that no other test uses."""
    return f"batch{next(_numbers)}"
