"""The category files that a batch's labeling jobs were created with, read when they are needed."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from terrace.domain.exports.model import ExportError
from terrace.domain.records import JobRecord
from terrace.errors import ObjectChangedError, PermanentError
from terrace.ports import ObjectStore


class CategoryFiles(Mapping[str, Any]):
    """Category files by the job's name; jobs without one are not in it.

    Each file is read once, when the first export asks for it: one that is gone costs the exports
    whose class ids would be other ones without it, and no others.
    """

    def __init__(self, objects: ObjectStore, jobs: Iterable[JobRecord]) -> None:
        self._objects = objects
        self._uris = {job.jobName: uri for job in jobs if (uri := job.labelCategoryS3Uri)}
        self._read: dict[str, Any] = {}

    def __getitem__(self, job: str) -> Any:
        """The file of a job.

        Raises:
            KeyError: it has none.
            ExportError: it cannot be read, or is no category file.
            TransientError: the same call may succeed.
        """
        uri = self._uris[job]
        if uri not in self._read:
            try:
                found = self._objects.get_json(uri)
            except ObjectChangedError:
                raise
            except (PermanentError, ValueError) as error:
                raise _unreadable(uri, job, str(error)) from error
            if not isinstance(found, dict):
                raise _unreadable(uri, job, "is no JSON object")
            self._read[uri] = found
        return self._read[uri]

    def __contains__(self, job: object) -> bool:
        return job in self._uris

    def __iter__(self) -> Iterator[str]:
        return iter(self._uris)

    def __len__(self) -> int:
        return len(self._uris)


def _unreadable(uri: str, job: str, why: str) -> ExportError:
    return ExportError(
        uri,
        "CATEGORIES_UNREADABLE",
        f"the category file of the job {job} cannot be read, and without it classes would have "
        f"other ids: {why}",
        "put the file back and use terrace export; terrace convert needs none",
    )
