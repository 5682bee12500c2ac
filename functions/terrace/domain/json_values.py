"""JSON that came from people's forms and manifests: read without quoting it, fit to be sent on."""

import json
from typing import Any

from terrace.domain import json_text

Json = Any


def parse(text: str, what: str) -> Json:
    """JSON as `json_text` reads it, fit to be sent on.

    Raises:
        ValueError: names `what` and the place, and does not quote the text.
    """
    try:
        return sendable(json_text.loads(text))
    except json_text.JsonError as error:
        raise ValueError(f"{what}: {error}") from None


def sendable(value: Json) -> Json:
    """The value, half characters replaced by `?`.

    JSON can escape half of a surrogate pair (`\\ud83d`), UTF-8 cannot hold it: Lambda's runtime
    would fail to send an answer with one, and lose everything else in it.
    """
    text = json.dumps(value, ensure_ascii=False)
    try:
        text.encode()
    except UnicodeEncodeError:
        return json.loads(text.encode("utf-8", "replace"))
    return value
