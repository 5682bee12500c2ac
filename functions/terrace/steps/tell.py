"""Tell: a message goes to its batch's own topic, or, if that is gone, to the stack's."""

from terrace.domain.messages import Message, undeliverable
from terrace.domain.records import BatchRecord
from terrace.errors import AccessDeniedError, NotFoundError
from terrace.ports import Notifier


def tell(batch: BatchRecord, message: Message, notifier: Notifier) -> str | None:
    """Publishes; returns the topic that could not be published to, None where all went well.

    A topic can be deleted, or closed to us, while people work. Then the stack's topic gets the
    message, which says so: an end that nobody hears of is a batch that hangs.

    Raises:
        TerraceError: neither topic took the message.
    """
    asked = batch.destinationSnsArn
    try:
        notifier.publish(asked, message.subject, message.body, message.attributes)
    except (NotFoundError, AccessDeniedError):
        if asked is None:
            raise
        body = undeliverable(message.body, asked)
        notifier.publish(None, message.subject, body, message.attributes)
        return asked
    return None
