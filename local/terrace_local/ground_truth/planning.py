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
        expires: Nobody got to it, or everybody declined it: its line fails.
    """

    index: int
    at: float
    expires: bool


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
        availability: TaskAvailabilityLifetimeInSeconds: what is not done by then expires.
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
        for person in people:
            start = max(busy_until.get(person.worker_id, 0.0), pickup * rng.uniform(0.5, 1.5))
            busy_until[person.worker_id] = start + effort * person.speed
            end = max(end, busy_until[person.worker_id])
        declined = may_decline and prepared.crew.declines(prepared.job_name, index)
        late = end > availability
        turns.append(Turn(index, min(end, availability), expires=declined or late))
    # Tasks that stay available as long as the job may live are cut short by the job's own end.
    in_time = [turn for turn in turns if turn.at < JOB_LIFETIME_SECONDS]
    return Plan(in_time, dies=len(in_time) < len(turns))
