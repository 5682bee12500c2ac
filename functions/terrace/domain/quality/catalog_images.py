"""The catalog's checks of images, classes and texts. Free of numpy."""

from terrace.domain.quality.check import Check

IMAGE_CHECKS: tuple[Check, ...] = ()
