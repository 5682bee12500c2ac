"""What a run can be about: an interleaving that a random story meets once in thousands.

A mutant names the situation its hunt is made in. It says what is brought about, and no more: the
batches, the people, the order of things and all times within the given bounds are the seed's.
"""

from dataclasses import dataclass

from tests.world.faults import CRASH_BEFORE, SLOW

MINUTE = 60.0
HOUR = 3600.0
DAY = 86_400.0


@dataclass(frozen=True)
class Trouble:
    """A fault at a call site, at its first calls."""

    site: str
    kind: str
    times: int = 1
    seconds: tuple[float, float] = (5.0, 25.0)
    """How long a slow call takes: less than its function may."""
    skip: int = 0


@dataclass(frozen=True)
class Moment:
    """When a call site is reached for the first time, something is done to the world."""

    site: str
    deed: str
    """Of story.DEEDS or story.SITUATION_DEEDS."""
    within: float = 0.0
    """Seconds after it, at most."""


@dataclass(frozen=True)
class Situation:
    """What every story of it has in common."""

    what: str
    troubles: tuple[Trouble, ...] = ()
    moments: tuple[Moment, ...] = ()
    people: tuple[float, float] = (MINUTE, 20 * MINUTE)
    """Seconds in which a labeling job is done, until all is calm."""
    share: float = 1.0
    """Of a labeling job's items, how many people label."""
    span: float = 2 * HOUR
    """After so long everything works as it should."""
    own_topic: bool = False
    events_twice: float = 0.0
    events_drop: float = 0.0
    event_bound: int = 12_000
    posts: int = 1
    """How often each batch is posted, at the same instant."""
    alone: bool = False
    """Nothing fails, so there is no reconciler: what only it would repair stands still."""
    zombies: tuple[str, float] | None = None
    """The function that the machine loses sight of while it runs on, and how often."""


SITUATIONS = {
    "an end told twice, one of them slowly": Situation(
        "two events settle one end; the write of the first comes a minute after the second's",
        troubles=(Trouble("DynamoBatchStore.end_attempt", SLOW, seconds=(20.0, 65.0)),),
        share=0.5,
        events_twice=1.0,
    ),
    "posted at the same instant": Situation("one batch is posted three times at once", posts=3),
    "stopped at a claim": Situation(
        "the batch is stopped between StartJob's look at it and its claim",
        troubles=(Trouble("DynamoBatchStore.claim", SLOW),),
        moments=(Moment("DynamoBatchStore.claim", "batch stopped", 1.0),),
    ),
    "stopped at a creation": Situation(
        "the batch is stopped while a labeling job is being made, and people take weeks",
        troubles=(Trouble("GroundTruthEngine.create", SLOW),),
        moments=(Moment("GroundTruthEngine.create", "batch stopped for good", 1.0),),
        people=(8 * DAY, 12 * DAY),
    ),
    "a name is taken": Situation(
        "somebody else makes a labeling job of a reserved name, once the batch is checked",
        moments=(Moment("DynamoBatchStore.finish_transform", "name taken by a foreign job"),),
    ),
    "stopped between two attempts": Situation(
        "half of the items are labeled, and the batch is stopped before the others are asked for",
        moments=(Moment("DynamoBatchStore.end_attempt", "batch stopped", 1.0),),
        share=0.5,
    ),
    "no topic at the end": Situation(
        "SNS is down from the end of the batch until all is calm",
        moments=(Moment("DynamoBatchStore.end_batch", "sns down for good"),),
        people=(MINUTE, 5 * MINUTE),
    ),
    "the topic is deleted": Situation(
        "the batch's own topic is deleted while people work",
        moments=(Moment("GroundTruthEngine.create", "topic of a batch deleted", 5.0),),
        own_topic=True,
    ),
    "a creation behind the stop": Situation(
        "StartJob is lost sight of, the batch is stopped and ends, then the labeling job is made",
        troubles=(Trouble("GroundTruthEngine.create", SLOW, seconds=(20.0, 45.0)),),
        moments=(Moment("GroundTruthEngine.create", "batch stopped for good", 1.0),),
        zombies=("start_job", 0.8),
    ),
    "a claim without a labeling job": Situation(
        "StartJob dies between its claim and the creation, and the batch is stopped",
        troubles=(Trouble("GroundTruthEngine.create", CRASH_BEFORE, times=3),),
        moments=(Moment("GroundTruthEngine.create", "batch stopped", 1.0),),
    ),
    "handed over while news is told": Situation(
        "on_job_event dies between a level's message and its record; a new generation takes over",
        troubles=(Trouble("DynamoBatchStore.level_announced", CRASH_BEFORE, times=2),),
        event_bound=60,
    ),
    "ends beside the record of the start": Situation(
        "people are done while StartJob records the start",
        troubles=(
            Trouble("DynamoBatchStore.job_created", SLOW, seconds=(3.0, 5.0)),
            Trouble("DynamoBatchStore.job_created", SLOW, seconds=(4.0, 8.0)),
        ),
        people=(0.0, 1.0),
        alone=True,
    ),
    "ends before the token is stored": Situation(
        "people are done while ParkWave stores its token",
        troubles=(Trouble("DynamoBatchStore.park", SLOW, times=3, seconds=(1.0, 20.0)),),
        people=(0.0, 20.0),
        alone=True,
    ),
    "dies before it has told": Situation(
        "whoever publishes a message dies first, until all is calm",
        troubles=(Trouble("SnsNotifier.publish", CRASH_BEFORE, times=1000),),
        people=(MINUTE, 5 * MINUTE),
    ),
    "never started": Situation(
        "whoever starts an execution dies first, until all is calm: then nobody posts it again",
        troubles=(Trouble("StepFunctionsWorkflow.start", CRASH_BEFORE, times=1000),),
    ),
}
"""By name."""
