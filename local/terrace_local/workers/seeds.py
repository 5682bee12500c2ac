"""Chance that depends only on names, never on the order in which threads get there."""

import hashlib
import random
import uuid


def chance(*parts: object) -> random.Random:
    """A generator of random numbers that is the same for the same parts, in every process."""
    digest = hashlib.sha256("\x1f".join(str(part) for part in parts).encode()).digest()
    return random.Random(digest)


def coin(probability: float, *parts: object) -> bool:
    """True with that probability; always the same for the same parts."""
    return chance(*parts).random() < probability


def object_id(rng: random.Random) -> str:
    """An object id in the form of the video tools (a time-based UUID, from chance here)."""
    bits = rng.getrandbits(128)
    return str(uuid.UUID(int=bits, version=1))
