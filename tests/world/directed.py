"""Every other seed aims: one fault at one call site, all pairs in turn, in a story that gets there.

Drawn at random alone, a fault hardly ever meets a call that is made once in a hundred batches, and
those are the ones that matter: a stop, a retry, a hand-over, a name that is given back.
"""

from dataclasses import dataclass
from functools import cache

from tests.world.sites import call_sites, kinds_of

EVERY = 2
"""One seed in so many aims."""

_STOP = ("batch stopped",)
_RETRY = ("batch stopped, then retried", "batch stopped, then retried")
_NEEDS: dict[str, tuple[str, ...]] = {
    "DynamoBatchStore.set_stop": _STOP,
    "GroundTruthEngine.stop": _STOP,
    "DynamoBatchStore.annotate_job": _STOP,
    "DynamoBatchStore.reopen_batch": _RETRY,
    "DynamoBatchStore.reopen_job": _RETRY,
    "DynamoBatchStore.retry_done": _RETRY,
    "DynamoBatchStore.back_to_pending": ("quota full", "quota full"),
    "DynamoBatchStore.next_generation": ("execution aborted", "execution aborted"),
    "StepFunctionsWorkflow.describe": ("execution aborted",),
}
"""What has to be done to a world, so that a site is reached in it."""
_WRONG_REQUEST = {"DynamoBatchStore.free", "DynamoBatchStore.set_mark", "S3ObjectStore.put_json"}
_TRAP = {"DynamoBatchStore.remove_job"}
_ONCE = {"S3ObjectStore.exists"}
_EXPORTS = {"S3ObjectStore.put_many", "S3ObjectStore.get_start"}
_OWN_TOPIC = {"SnsNotifier.topic_problem"}


@dataclass(frozen=True)
class Aim:
    """The call site and fault a run is about, and what brings it there."""

    site: str
    kind: str

    @property
    def deeds(self) -> tuple[str, ...]:
        """Names of story.DEEDS."""
        return _NEEDS.get(self.site, ())

    @property
    def rare(self) -> bool:
        """True where the site is reached once or twice in a run: its first call meets the fault."""
        return bool(self.deeds) or self.trap or self.site in _ONCE

    @property
    def untidy(self) -> bool:
        """True where people must leave work undone for the site to be reached."""
        return self.site.startswith(("S3ObjectStore.", "DynamoBatchStore."))

    @property
    def wrong_request(self) -> bool:
        return self.site in _WRONG_REQUEST

    @property
    def trap(self) -> bool:
        return self.site in _TRAP

    @property
    def exports(self) -> bool:
        return self.site in _EXPORTS

    @property
    def own_topic(self) -> bool:
        return self.site in _OWN_TOPIC


@cache
def pairs() -> list[tuple[str, str]]:
    """(call site, fault): every one that applies."""
    return [(site, kind) for site in call_sites() for kind in kinds_of(site)]


def aim_of(seed: object) -> Aim | None:
    """What the run of a seed is about, if it is about one thing."""
    if not isinstance(seed, int) or seed % EVERY:
        return None
    every = pairs()
    return Aim(*every[(seed // EVERY) % len(every)])
