"""The people of a work team: the same persons in every job of that team."""

import base64
import uuid
from dataclasses import dataclass
from typing import Any

from terrace_local.workers.mix import ErrorMix
from terrace_local.workers.seeds import chance


@dataclass(frozen=True)
class Person:
    """One simulated worker.

    Attributes:
        worker_id: As it stands in worker-response files.
        identity: ``identityData`` of a private worker; None in the public workforce.
        care: Factor on this person's error rates; below 1 is more careful.
        speed: Factor on this person's working time; below 1 is faster.
        bias: Shift of everything this person draws, in pixels.
    """

    worker_id: str
    identity: dict[str, str] | None
    care: float
    speed: float
    bias: tuple[float, float]


class Crew:
    """The team that a job's tasks go to.

    Args:
        team_arn: Decides who the people are, together with the seed.
        region: Region in the worker ids.
        mix: Error model.
        seed: Seed of the whole run.
        at_least: More people than the mix says, where a job wants more answers per item.
    """

    def __init__(
        self, team_arn: str, region: str, mix: ErrorMix, seed: int, at_least: int = 1
    ) -> None:
        self.mix = mix
        self.seed = seed
        count = max(int(mix.people), at_least)
        self.people = [_person(team_arn, region, mix, seed, number) for number in range(count)]

    def choose(self, job_name: str, index: int, count: int) -> list[Person]:
        """The persons who answer one item; fixed by the names, whoever is free in reality."""
        rng = chance(self.seed, "who", job_name.lower(), index)
        return rng.sample(self.people, count)

    def declines(self, job_name: str, index: int) -> bool:
        """Whether everybody declines this item of this job."""
        rng = chance(self.seed, "decline", job_name.lower(), index)
        return rng.random() < self.mix.label.declined


def _person(team_arn: str, region: str, mix: ErrorMix, seed: int, number: int) -> Person:
    rng = chance(seed, "person", team_arn, number)
    is_public = "/public-crowd/" in team_arn
    if is_public:
        word = base64.b32encode(rng.randbytes(17)).decode()[:26]
        worker_id, identity = f"public.{region}.{word}", None
    else:
        worker_id = f"private.{region}.{rng.randbytes(8).hex()}"
        pool = f"{region}_{base64.b32encode(rng.randbytes(6)).decode()[:9]}"
        identity = {
            "identityProviderType": "Cognito",
            "issuer": f"https://cognito-idp.{region}.amazonaws.com/{pool}",
            "sub": str(uuid.UUID(int=rng.getrandbits(128), version=4)),
        }
    care = 1 + mix.care * rng.uniform(-1, 1)
    speed = 1 + mix.pace.spread * rng.uniform(-1, 1)
    bias = (0.0, 0.0)
    if rng.random() < mix.label.bias:
        low, high = mix.label.biasPixels
        bias = (
            rng.choice((-1, 1)) * rng.uniform(low, high),
            rng.choice((-1, 1)) * rng.uniform(low, high),
        )
    return Person(worker_id, identity, care, speed, bias)


def worker_metadata(person: Person, truth: str) -> dict[str, Any]:
    """``workerMetadata`` of an answer; ``simulated`` says that no human gave it, and from what."""
    metadata: dict[str, Any] = {"simulated": {"by": "terrace local", "truth": truth}}
    if person.identity is not None:
        metadata["identityData"] = dict(person.identity)
    return metadata
