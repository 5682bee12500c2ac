"""The catalog's checks of several workers' answers, and gold items. Free of numpy."""

from terrace.domain.quality.check import Check

WORKER_CHECKS: tuple[Check, ...] = ()
