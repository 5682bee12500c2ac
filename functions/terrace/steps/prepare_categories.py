"""What workers see of a job beside its items: the category file, and the worker page."""

from collections.abc import Callable
from dataclasses import dataclass

from terrace.domain import categories, modalities, s3uri, skeleton_page, worker_ui
from terrace.domain.categories import Config
from terrace.domain.records import JobRecord
from terrace.domain.request import Instructions
from terrace.ports import ObjectStore
from terrace.steps.start_job import ui_template_uri

Direct = Callable[[Instructions | None], Instructions]
"""The user's instructions -> those and what else workers should read."""
DIRECTED = "-directed.json"
"""End of the name of a category file whose instructions are about this job's items alone."""


def _folder(job: JobRecord) -> tuple[str, ...]:
    return ("batches", job.batchId, "categories")


@dataclass(frozen=True)
class ScriptHost:
    """Where workers' browsers load the skeleton page's script from."""

    bucket: str
    domain: str
    """Of the CloudFront distribution in front of the bucket."""


@dataclass(frozen=True)
class Pages:
    """Writes them; `template` reads a file of worker_ui/, `source` finds what a job chains from."""

    objects: ObjectStore
    batch_bucket: str
    template: Callable[[str], str]
    source: Callable[[JobRecord], JobRecord | None]
    script_host: ScriptHost | None = None

    def categories(
        self,
        job: JobRecord,
        source: JobRecord | None,
        audited: str | None,
        direct: Direct | None = None,
    ) -> tuple[str | None, Config | None]:
        """The category file that the job is created with: where it is, and what it says.

        `direct` adds what is to be read in this job alone, such as the frames that its gate
        flagged. What chains from it inherits its file without that.
        """
        modality = modalities.get(job.spec.jobModality)
        own_uri = job.spec.labelCategoryConfigS3Uri
        own = self.objects.get_json(own_uri) if own_uri else None
        inherited_uri = None if own_uri else self._inherited(job, source)
        inherited = self.objects.get_json(inherited_uri) if inherited_uri else None
        if own is None and inherited is None and modality.categories_optional:
            return None, None
        made = categories.for_job(
            modality,
            own=own,
            inherited=inherited,
            audited_attribute=audited,
            instructions=job.spec.instructions,
        )
        told = direct is not None and modality.instructions_in_categories
        plain_uri = self._put(job, made, ((own_uri, own), (inherited_uri, inherited)), told)
        if direct is None or not told:
            return plain_uri, made
        made = categories.for_job(
            modality,
            own=own,
            inherited=inherited,
            audited_attribute=audited,
            instructions=direct(_instructions(made)),
        )
        uri = s3uri.of(self.batch_bucket, *_folder(job), f"{job.jobName}{DIRECTED}")
        self.objects.put_json(uri, made)
        return uri, made

    def _put(
        self,
        job: JobRecord,
        made: Config,
        there: tuple[tuple[str | None, Config | None], ...],
        told: bool,
    ) -> str:
        """Writes the file, unless one of those that are there says the same."""
        for uri, config in there:
            if uri and made == config and not told:
                return uri
        uri = s3uri.of(self.batch_bucket, *_folder(job), f"{job.jobName}.json")
        self.objects.put_json(uri, made)
        return uri

    def _inherited(self, job: JobRecord, source: JobRecord | None) -> str | None:
        """The file of the nearest earlier job of the lane whose labels are classes."""
        return category_uri(source, self.source)

    def worker_page(
        self, job: JobRecord, audited: str | None, category_file: Config | None
    ) -> None:
        """Uploads the worker UI template of a job whose task has no UI of AWS's own."""
        modality = modalities.get(job.spec.jobModality)
        if modality.human_task_ui is not None or job.spec.uiTemplateS3Uri is not None:
            return
        name = modality.ui_template
        if name is None and categories.is_skeleton(category_file):
            name = modalities.SKELETON_TEMPLATE
        if name is None:
            raise ValueError(f"{job.jobName}: a {modality.name} job, and no worker page is named")
        source = self.template(name)
        if name == modalities.SKELETON_TEMPLATE:
            source = self._skeleton_page(source, category_file or {}, audited)
        text = worker_ui.render_source(
            source,
            instructions=job.spec.instructions,
            audited_attribute=audited,
        )
        uri = ui_template_uri(self.batch_bucket, job.batchId, job.jobName)
        self.objects.put_text(uri, text, "text/html")

    def _skeleton_page(self, source: str, category_file: Config, audited: str | None) -> str:
        """The skeleton template with its rig and script; hosts the script where there is a host."""
        script = self.template(skeleton_page.SCRIPT)
        address = None
        if self.script_host is not None:
            key = skeleton_page.script_key(script)
            # With every job: nobody has to publish anything, and the same text is the same key.
            self.objects.put_text(
                s3uri.of(self.script_host.bucket, key), script, "text/javascript; charset=utf-8"
            )
            address = f"https://{self.script_host.domain}/{key}"
        return skeleton_page.fill(
            source,
            category_file=category_file,
            reviews=audited is not None,
            script=script,
            address=address,
        )


def category_uri(
    job: JobRecord | None, back: Callable[[JobRecord], JobRecord | None]
) -> str | None:
    """The category file of the lane's classes: of the job, or the nearest one before it."""
    while job is not None:
        found = job.labelCategoryS3Uri or job.spec.labelCategoryConfigS3Uri
        # A job that was skipped has none of its own.
        if found and not modalities.get(job.spec.jobModality).verdict_labels:
            return _undirected(found, job)
        job = back(job)
    return None


def _instructions(config: Config) -> Instructions | None:
    """What a category file tells workers, the request's texts already in it."""
    given = config.get("instructions")
    if not isinstance(given, dict):
        return None
    texts = {key: given.get(key) for key in ("shortInstruction", "fullInstruction")}
    return Instructions(**{key: text for key, text in texts.items() if isinstance(text, str)})


def _undirected(uri: str, job: JobRecord) -> str:
    """The same file as it is without instructions of that job alone."""
    own = f"/{job.jobName}{DIRECTED}"
    return f"{uri.removesuffix(own)}/{job.jobName}.json" if uri.endswith(own) else uri
