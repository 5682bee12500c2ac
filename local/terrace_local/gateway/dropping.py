"""Lets the application close a connection without any answer, as a dying network does.

Hypercorn answers 500 for an application that ends without an answer; after a `terrace.drop` message
it closes the connection instead, before a byte is sent.
"""

from typing import Any


def install() -> None:
    """Teach Hypercorn's HTTP stream the `terrace.drop` message."""
    from hypercorn.protocol.events import StreamClosed
    from hypercorn.protocol.http_stream import HTTPStream

    plain = HTTPStream.app_send

    async def app_send(self: Any, message: Any) -> None:
        if message is not None and message.get("type") == "terrace.drop":
            await self.send(StreamClosed(stream_id=self.stream_id))
            return
        await plain(self, message)

    HTTPStream.app_send = app_send
