"""Functions of the user's around a batch, as a request names them: transformation, postProcessing.

A gate's check and a Custom job's functions are checked where they stand.
"""

import json
from typing import Any

from terrace.domain.limits import Limits
from terrace.domain.validation_findings import Findings
from terrace.domain.validation_jobs import check_function

POINTS = ("transformation", "postProcessing")
PAYLOAD_MAX = 64 * 1024
"""Bytes of JSON: it travels beside the request, or the delivery, in one call."""


def makes_inputs(raw: dict[str, Any], limits: Limits) -> bool:
    """True where a transformation will be asked for what jobs start from."""
    return raw.get("transformation") is not None or limits.transformation_arn is not None


def check_own_functions(raw: dict[str, Any], limits: Limits, found: Findings) -> None:
    """Each function may be called; its payload fits into the call."""
    for point in POINTS:
        given = raw.get(point)
        if not isinstance(given, dict) or found.is_broken(point):
            continue
        arn = given.get("functionArn")
        if isinstance(arn, str):
            check_function(
                (point, "functionArn"),
                arn,
                limits,
                found,
                "that may be called",
                f"leave {point} out",
            )
        size = len(json.dumps(given.get("payload")))
        if size > PAYLOAD_MAX:
            found.add(
                (point, "payload"),
                "PAYLOAD_TOO_LARGE",
                f"has {size:,} bytes of JSON",
                f"at most {PAYLOAD_MAX:,}; put more into S3 and give its URI",
            )
