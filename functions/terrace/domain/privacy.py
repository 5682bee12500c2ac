"""Who labeled an item is nobody's business but the work team's: worker identities as pseudonyms.

Ground Truth's own consolidation names no worker; a customer's annotation consolidation Lambda may.
What Terrace writes or hands on carries `worker-<hash>` instead: the same person has the same
pseudonym everywhere, and only who may read the worker responses can tell who it is.
"""

import hashlib
import re

_WORKER_ID = re.compile(r'"((?:private|public|vendor)\.[a-z]{2}(?:-[a-z]+)+-\d+\.[0-9A-Za-z]+)"')
"""A JSON string that is a worker id and nothing else: never a part of a path."""
_IDENTITY = re.compile(r'("sub"\s*:\s*)"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})"')
"""The user in a private workforce's Cognito pool, in `workerMetadata.identityData`."""


def pseudonym(identity: str) -> str:
    """What stands for a worker: `worker-` and 16 hex digits."""
    return f"worker-{hashlib.sha256(identity.encode()).hexdigest()[:16]}"


def pseudonymous(line: str) -> str:
    """A manifest's line without worker identities; byte for byte the same where it has none."""
    # Hardly a line has one, and a plain search takes a tenth of a pattern's time.
    if '"private.' in line or '"public.' in line or '"vendor.' in line:
        line = _WORKER_ID.sub(lambda found: f'"{pseudonym(found[1])}"', line)
    if '"sub"' in line:
        line = _IDENTITY.sub(lambda found: f'{found[1]}"{pseudonym(found[2])}"', line)
    return line


def names_a_worker(line: str) -> bool:
    """True if a line names a worker as Ground Truth does."""
    return _WORKER_ID.search(line) is not None or _IDENTITY.search(line) is not None
