"""Errors the sample machine knows by class name."""


class TransientError(Exception):
    """Worth another try."""


class FatalError(Exception):
    """Not worth another try."""
