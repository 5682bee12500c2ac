"""The catalog's checks of frames of a sequence. Free of numpy."""

from terrace.domain.quality.check import Check

TRACK_CHECKS: tuple[Check, ...] = ()
