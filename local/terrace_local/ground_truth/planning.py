"""When each item of a job is done: a small simulation of people who take tasks from a queue."""

from dataclasses import dataclass

from terrace_local.ground_truth.clock import JOB_LIFETIME_SECONDS
from terrace_local.ground_truth.families import FAMILIES
from terrace_local.ground_truth.families.base import Prepared
from terrace_local.workers.seeds import chance


@dataclass(frozen=True)
class Turn:
    """What happens to one item, and when (simulated seconds from now).

    Attributes:
        people: Ids of the workers who answer in time. Nobody: the item expires and its line
            fails. What some of them answered is consolidated when the time is over.
    """

    index: int
    at: float
    people: frozenset[str]

    @property
    def expires(self) -> bool:
        """Nobody got to it in time, or everybody declined it."""
        return not self.people


@dataclass(frozen=True)
class Plan:
    """All that happens to a job if nobody interferes; ``dies`` after 30 days unfinished."""

    turns: list[Turn]
    dies: bool


def plan_turns(
    prepared: Prepared, indexes: list[int], availability: float, may_decline: bool
) -> Plan:
    """Hands the items to their people in order and adds up waiting and working times.

    Args:
        prepared: The job.
        indexes: The items that are still to be done.
        availability: TaskAvailabilityLifetimeInSeconds: answers after it do not count.
        may_decline: Whether people may decline items.
    """
    family = FAMILIES[prepared.task_type.family]
    pickup = prepared.crew.mix.pace.pickupSeconds
    busy_until: dict[str, float] = {}
    turns = []
    for index in indexes:
        effort = family.effort_seconds(prepared, index)
        rng = chance(*prepared.seed(index), "wait")
        people = prepared.crew.choose(prepared.job_name, index, prepared.people_per_item)
        end = 0.0
        in_time = set()
        for person in people:
            start = max(busy_until.get(person.worker_id, 0.0), pickup * rng.uniform(0.5, 1.5))
            busy_until[person.worker_id] = start + effort * person.speed
            if busy_until[person.worker_id] <= availability:
                in_time.add(person.worker_id)
            end = max(end, busy_until[person.worker_id])
        declined = may_decline and prepared.crew.declines(prepared.job_name, index)
        answering = frozenset() if declined else frozenset(in_time)
        turns.append(Turn(index, min(end, availability), answering))
    # Tasks that stay available as long as the job may live are cut short by the job's own end.
    in_time = [turn for turn in turns if turn.at < JOB_LIFETIME_SECONDS]
    return Plan(in_time, dies=len(in_time) < len(turns))
