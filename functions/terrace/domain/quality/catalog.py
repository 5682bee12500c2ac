"""Every check by name: what it looks at, in which unit it measures, from where on it flags.

One table: requests are checked against it, gates and reports read it, docs/quality.md shows it.
Free of numpy, so that the API can refuse an unknown check at once.
"""

from terrace.domain.quality.catalog_images import IMAGE_CHECKS
from terrace.domain.quality.catalog_tracks import TRACK_CHECKS
from terrace.domain.quality.catalog_workers import WORKER_CHECKS
from terrace.domain.quality.check import Check

LAMBDA = "lambda"

CHECKS: dict[str, Check] = {
    row.name: row
    for row in (
        *TRACK_CHECKS,
        *IMAGE_CHECKS,
        *WORKER_CHECKS,
        Check(
            name=LAMBDA,
            kinds=frozenset({"own"}),
            unit="as the function says",
            says="A function of your own named it.",
        ),
    )
}
