"""Checks of what is deployed: the expanded template, and the state machine against the code."""
