"""The errors of Terrace. Class names are a contract: the machine's Retry and Catch match them.

    TerraceError
    +-- TransientError            try again: the same call may succeed
    |   +-- ThrottledError        AWS asked us to slow down
    |   +-- ConflictError         somebody else wrote first; read again and decide again
    +-- PermanentError            trying again cannot help
        +-- NotFoundError         what was named does not exist
        +-- AccessDeniedError     our role, or the caller's bucket or topic, does not allow it
        +-- LimitExceededError    an AWS quota; helps only when something else ends
        +-- NameTakenError        a labeling job of that name exists and is not ours
        +-- ObjectChangedError    an S3 object changed while it was read
        +-- BadRequestError       AWS refused the request as malformed
        +-- UnreadableEventError  an event is not of the kind that the function is for
        +-- OwnFunctionError      a function of the user's failed, or answered what means nothing
        +-- OutOfTimeError        there is more to look at than a call has time for
        +-- OutOfRoomError        what is to be written is more than a function's own disk holds

HTTP codes are mapped in one table, in `runtime/http.py`, never by message text.
"""


class TerraceError(Exception):
    """Base of every error Terrace raises on purpose."""


class TransientError(TerraceError):
    """The same call may succeed if it is made again."""


class ThrottledError(TransientError):
    """AWS throttled the call."""


class ConflictError(TransientError):
    """A conditional write lost: read again, then decide again."""


class PermanentError(TerraceError):
    """Trying the same call again cannot help."""


class NotFoundError(PermanentError):
    """What was named does not exist."""


class AccessDeniedError(PermanentError):
    """The role that made the call is not allowed to."""


class LimitExceededError(PermanentError):
    """An AWS quota is used up; it helps to wait until something else has ended."""


class NameTakenError(PermanentError):
    """The labeling job's name is taken by a job that is not ours."""


class ObjectChangedError(PermanentError):
    """An S3 object was replaced while it was being read."""


class BadRequestError(PermanentError):
    """AWS refused the request as malformed."""


class UnreadableEventError(PermanentError):
    """An event is not of the kind that the function is for; it is kept for a person to look at."""


class OwnFunctionError(PermanentError):
    """A Lambda function of the user's failed, or its answer is not what it should be."""


class OutOfTimeError(PermanentError):
    """A step has more to look at than one call has time for; it would be so again."""


class OutOfRoomError(PermanentError):
    """A step would write more than a function's own disk holds; it would be so again."""
