"""Which objects of the allowed buckets a request, or a file that it names, may point to."""

from collections.abc import Iterable
from dataclasses import dataclass

from terrace.domain import s3uri

DELIVERED = ("final", "outputs", "categories", "inputs", "exports")
"""Folders of a batch that later batches may start from; requests and reports are not theirs."""


@dataclass(frozen=True, kw_only=True)
class Places:
    """The allow-list below the list of buckets. As it is here, it allows everything."""

    batch_bucket: str = ""
    """Terrace's own bucket: of it, only what batches have delivered may be named."""
    prefixes: frozenset[str] = frozenset()
    """`s3://bucket/folder/`; where there is any, an object must be below one of them."""

    def problem(self, uri: str) -> tuple[str, str] | None:
        """Why an object may not be used, and what would be right; None if it may.

        Args:
            uri: one that `s3uri.problem` finds nothing wrong with; a folder's ends with `/`.
        """
        place = s3uri.parse(uri, key_needed=False)
        parts = place.key.split("/")
        own = place.bucket == self.batch_bucket
        if not own and not self.prefixes:
            return None
        if "." in parts or ".." in parts:
            return (
                "has '.' or '..' as a part of its key, which S3 takes as a name and browsers as a "
                "way up",
                "write the key without them",
            )
        if own and not (parts[0] == "batches" and len(parts) > 3 and parts[2] in DELIVERED):
            return (
                "is one of Terrace's own working files",
                f"of the bucket {self.batch_bucket}, use what a batch has delivered: "
                f"batches/<batchId>/ with {', '.join(DELIVERED)}",
            )
        if self.prefixes and not uri.startswith(tuple(self.prefixes)):
            return (
                "is below none of the prefixes that this stack allows",
                f"use one of: {_listed(self.prefixes)}; or let your operator add it",
            )
        return None


def prefix_problem(prefix: str) -> str | None:
    """What is wrong with an entry of the allow-list, in words for the operator."""
    wrong = s3uri.problem(prefix, key_needed=False)
    if wrong is None and not prefix.endswith("/"):
        # Without it, s3://bucket/team-a would allow team-admin as well.
        wrong = "does not end with /"
    return wrong


def _listed(values: Iterable[str]) -> str:
    some = sorted(values)
    return ", ".join(some[:5]) + (", ..." if len(some) > 5 else "")
