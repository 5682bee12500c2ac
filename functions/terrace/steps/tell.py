"""Tell: a message goes to its batch's own topic, or, if that stays silent, to the stack's."""

from terrace.domain.messages import Message, undeliverable
from terrace.domain.records import BatchRecord
from terrace.errors import AccessDeniedError, NotFoundError
from terrace.ports import Notifier


def tell(
    batch: BatchRecord, message: Message, notifier: Notifier, *, at_last: bool = False
) -> str | None:
    """Publishes; returns the topic that could not be published to, None where all went well.

    A topic can be deleted, or closed to us, while people work. Then the stack's topic gets the
    message, which says so: an end that nobody hears of is a batch that hangs.

    Args:
        batch: whose topic is asked first.
        message: the same for both topics, but for a word on the one that took it not.
        notifier: publishes.
        at_last: the topic has had its time: one that is closed to us may have been opened again
            until then, and whoever listens there listens to no other. One that is gone stays gone.

    Raises:
        TerraceError: no topic took the message, or it is too early to give the own one up.
    """
    asked = batch.destinationSnsArn
    try:
        notifier.publish(asked, message.subject, message.body, message.attributes)
    except (NotFoundError, AccessDeniedError) as error:
        if asked is None or (isinstance(error, AccessDeniedError) and not at_last):
            raise
        body = undeliverable(message.body, asked)
        notifier.publish(None, message.subject, body, message.attributes)
        return asked
    return None
