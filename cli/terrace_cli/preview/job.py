"""The job of a request that is previewed: its page, its labels, what it reviews."""

import difflib
import json
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from terrace.domain import (
    categories,
    defaults,
    modalities,
    skeleton_page,
    validation_json,
    worker_ui,
)
from terrace.domain.modalities import Modality
from terrace.domain.request import BatchRequest, JobSpec
from terrace.runtime import worker_pages
from terrace_cli.errors import EXIT_WRONG, TerraceError
from terrace_cli.preview.files import Files


@dataclass(frozen=True)
class Overrides:
    """What the user gives in the place of what the request says; each a path or an S3 URI."""

    manifest: str | None = None
    categories: str | None = None
    template: str | None = None
    attribute: str | None = None


class PreviewJob:
    """One job of a request, read as Terrace reads it before it creates the labeling job."""

    def __init__(
        self, request: BatchRequest, spec: JobSpec, overrides: Overrides, files: Files
    ) -> None:
        self.spec = spec
        self.modality: Modality = modalities.get(spec.jobModality)
        self._jobs = {job.jobName: job for job in request.labelingJobs}
        self._given = overrides
        self._files = files
        if self.modality.human_task_ui is not None:
            raise _wrong(
                f"{spec.jobName}: {self.modality.name} is worked on in AWS's own UI",
                "only pages that Terrace, or the request, brings can be previewed",
            )
        self.categories = self._categories()

    @property
    def labels(self) -> list[str] | None:
        """Names of the labels; None where the job has no category file."""
        return None if self.categories is None else categories.label_names(self.categories)

    def manifest(self) -> str:
        """Where the items are.

        Raises:
            TerraceError: They are the output of a job that has not run.
        """
        place = self._given.manifest or self.spec.inputConfig.inputManifestS3Uri
        if place is None:
            raise _wrong(
                f"{self.spec.jobName} chains from {self.spec.inputConfig.chainFromJobName}, whose "
                "output is not there yet",
                "give a manifest that has such labels: --manifest FILE or s3://…/output.manifest",
            )
        return place

    def attribute(self) -> str | None:
        """The label attribute that is reviewed; None in a job that labels."""
        if self._given.attribute or self.spec.inputConfig.auditLabelAttributeName:
            return self._given.attribute or self.spec.inputConfig.auditLabelAttributeName
        source = self._source(self.spec)
        # A verdict says nothing of where things are: what it judged is reviewed again.
        while source is not None and modalities.get(source.jobModality).verdict_labels:
            given = source.inputConfig.auditLabelAttributeName
            if given is not None:
                return given
            source = self._source(source)
        return None if source is None else defaults.label_attribute_name(source)

    def page(self) -> tuple[str, str]:
        """The text of the worker page, and what to call it.

        Raises:
            TerraceError: The job has none, or it cannot be read.
        """
        own = self._given.template or self.spec.uiTemplateS3Uri
        if own is not None:
            return self._files.text(own, "the template"), own
        name = self.modality.ui_template
        if name is None and categories.is_skeleton(self.categories):
            name = modalities.SKELETON_TEMPLATE
        if name is None:
            raise _wrong(
                f"{self.spec.jobName}: a {self.modality.name} job, and no worker page is named",
                "give uiTemplateS3Uri, or a category file with keypointClasses",
            )
        source = worker_pages.template(name)
        if name == modalities.SKELETON_TEMPLATE:
            # With the script in it: the page works wherever it is opened.
            source = skeleton_page.fill(
                source,
                category_file=self.categories or {},
                reviews=self.attribute() is not None,
                script=worker_pages.template(skeleton_page.SCRIPT),
                address=None,
            )
        try:
            text = worker_ui.render_source(
                source,
                instructions=self.spec.instructions,
                audited_attribute=self.attribute(),
            )
        except ValueError as error:
            raise _wrong(f"{self.spec.jobName}: {error}", "name it with --attribute") from error
        return text, name

    def _source(self, spec: JobSpec) -> JobSpec | None:
        name = spec.inputConfig.chainFromJobName
        if name is None:
            return None
        if name not in self._jobs:
            raise _wrong(f"{spec.jobName} chains from {name}, which is not in the request")
        if self._jobs[name].jobLevel >= spec.jobLevel:
            raise _wrong(f"{spec.jobName} chains from {name}, which is not of a lower level")
        return self._jobs[name]

    def _categories(self) -> categories.Config | None:
        own = self._config(self._given.categories or self.spec.labelCategoryConfigS3Uri)
        inherited, source = None, self._source(self.spec)
        while own is None and inherited is None and source is not None:
            if not modalities.get(source.jobModality).verdict_labels:
                inherited = self._config(source.labelCategoryConfigS3Uri)
            source = self._source(source)
        if own is None and inherited is None and self.modality.categories_optional:
            return None
        try:
            return categories.for_job(
                self.modality,
                own=own,
                inherited=inherited,
                audited_attribute=None,
                instructions=None,
            )
        except ValueError as error:
            raise _wrong(
                f"{self.spec.jobName}: {error}", "name it with --categories FILE"
            ) from error

    def _config(self, place: str | None) -> categories.Config | None:
        if place is None:
            return None
        text = self._files.text(place, "the label category file")
        try:
            found = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise _wrong(f"the label category file {place} is not JSON: {error}") from error
        if not isinstance(found, dict):
            raise _wrong(f"the label category file {place} holds no JSON object")
        return found


def find(body: bytes, name: str | None, overrides: Overrides, files: Files) -> PreviewJob:
    """The named job of a request, or its only one.

    Raises:
        TerraceError: The request cannot be read, or there is no such job.
    """
    value, problems = validation_json.parse(body)
    if problems:
        first = problems[0]
        raise _wrong(f"the request: {first.problem}", first.fix)
    request = _request(value)
    names = [job.jobName for job in request.labelingJobs]
    if name is None and len(names) > 1:
        raise _wrong("the request has several jobs", f"choose one with --job: {', '.join(names)}")
    chosen = names[0] if name is None and names else name
    for spec in request.labelingJobs:
        if spec.jobName == chosen:
            try:
                return PreviewJob(request, spec, overrides, files)
            except ValueError as error:
                raise _wrong(f"{spec.jobName}: {error}") from error
    near = difflib.get_close_matches(str(chosen), names, n=1)
    hint = f"did you mean {near[0]}? " if near else ""
    raise _wrong(f"the request has no job {chosen}", f"{hint}its jobs are {', '.join(names)}")


def _request(value: Any) -> BatchRequest:
    try:
        return BatchRequest.model_validate(value)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "it"
        raise _wrong(
            f"the request is not valid: {where}: {first['msg']}",
            f"one of {error.error_count()} problems; `terrace create` lists what is wrong in full",
        ) from error


def _wrong(text: str, hint: str = "") -> TerraceError:
    return TerraceError(text, hint, EXIT_WRONG)
