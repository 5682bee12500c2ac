"""Events of services that MiniStack does not have, put on its default bus as AWS puts them."""

import json
from collections.abc import Callable
from typing import Any

Event = dict[str, Any]


def default_bus(account: str, region: str) -> Callable[[Event], None]:
    """A function that puts a whole EventBridge event on the account's default bus.

    An outside caller may not publish as `aws.*`; a service may, and this is the service's way in.
    """

    def put(event: Event) -> None:
        from ministack.core.responses import request_scope
        from ministack.services import eventbridge

        entry = {
            "Source": event["source"],
            "DetailType": event["detail-type"],
            "Detail": json.dumps(event["detail"]),
            "Resources": event.get("resources", []),
        }
        with request_scope(account, event.get("region", region)):
            eventbridge._put_events({"Entries": [entry]}, allow_aws_source=True)

    return put
