"""JSON that came from people's forms and manifests: read without quoting it, fit to be sent on."""

import json
from typing import Any, NoReturn

Json = Any


def parse(text: str, what: str) -> Json:
    """JSON as the standard has it (no NaN), fit to be sent on.

    Raises:
        ValueError: names `what` and the place, and does not quote the text.
    """
    try:
        return sendable(json.loads(text, parse_constant=_no_constant))
    except ValueError as error:
        at = f" (at character {error.pos})" if isinstance(error, json.JSONDecodeError) else ""
        raise ValueError(f"{what} is not valid JSON{at}") from None
    except RecursionError:
        raise ValueError(f"{what} is nested too deeply") from None


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


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")
