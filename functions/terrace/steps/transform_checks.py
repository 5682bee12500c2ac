"""What TransformBatch looks at, one check at a time, before any labeling job is created.

Each check is about something that would otherwise fail after people were paid: names that are
taken, teams and topics that do not exist, buckets that workers' browsers cannot read, files that
Ground Truth would choke on. A check may be repeated: it only reads (and reserves names).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from terrace.domain import (
    categories,
    category_checks,
    input_checks,
    modalities,
    s3uri,
    sequences,
    skeleton,
)
from terrace.domain.input_checks import ManifestRule, ManifestTally
from terrace.domain.modalities import Modality
from terrace.domain.places import Places
from terrace.domain.problems import Problem
from terrace.domain.records import ClaimRecord
from terrace.domain.request import BatchRequest, JobSpec
from terrace.errors import AccessDeniedError, NotFoundError, ObjectChangedError
from terrace.ports import BatchStore, LabelingEngine, Notifier, ObjectStore
from terrace.steps.transform_gates import gate_problems, gold_problems

CATEGORY_FILE_MAX = 2 * 1024 * 1024
"""Bytes: the largest that Ground Truth takes is about 100 KB."""


@dataclass(frozen=True)
class Findings:
    """What one check found."""

    problems: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()


@dataclass(frozen=True)
class Checker:
    """The checks, with the ports and limits they need."""

    store: BatchStore
    objects: ObjectStore
    engine: LabelingEngine
    notifier: Notifier
    request: BatchRequest
    uid: str
    region: str
    role_arn: str
    allowed_buckets: frozenset[str]
    batch_bucket: str
    places: Places = field(default_factory=Places)

    # --- names -------------------------------------------------------------------------------
    def name(self, index: int) -> Findings:
        """Reserves the job's name; it may not be another batch's, nor a labeling job's."""
        spec = self.request.labelingJobs[index]
        path = f"$.labelingJobs[{index}].jobName"
        holder = self.store.reserve(self.claim(spec))
        if holder.batchId != self.request.batchId and self._spent_in_vain(holder):
            self.store.free(holder)
            holder = self.store.reserve(self.claim(spec))
        if holder.batchId != self.request.batchId:
            return _one(
                path,
                "JOB_NAME_TAKEN",
                f"{spec.jobName} is the name of a labeling job of batch {holder.batchId}",
                "choose another jobName: Ground Truth never lets a name be used twice",
            )
        found = self.engine.describe(spec.jobName)
        if found is not None:
            return _one(
                path,
                "JOB_NAME_TAKEN",
                f"a labeling job {found.name} ({found.arn}) exists already; it is not of batch "
                f"{self.request.batchId}",
                "choose another jobName: Ground Truth never lets a name be used twice",
            )
        return Findings()

    def _spent_in_vain(self, holder: ClaimRecord) -> bool:
        """True if no labeling job was ever asked for under the name, nor can be without a check.

        A batch that was accepted keeps its names, for a retry weeks later; one that ended before
        it was accepted reserves them anew when it is retried; one that was deleted never is.
        """
        if holder.nonce is not None:
            return False
        batch = self.store.get_batch(holder.batchId)
        if batch is None or not batch.ended:
            return False
        return batch.transformedAt is None or batch.deletedAt is not None

    def claim(self, spec: JobSpec) -> ClaimRecord:
        return ClaimRecord(
            name=spec.jobName.lower(),
            batchId=self.request.batchId,
            level=spec.jobLevel,
            jobName=spec.jobName,
            attempt=1,
            uid=self.uid,
        )

    # --- people and places -------------------------------------------------------------------
    def workteam(self, arn: str) -> Findings:
        """The team exists and has members."""
        wrong = self.engine.workteam_problem(arn)
        if wrong is None:
            return Findings()
        index = next(i for i, s in enumerate(self.request.labelingJobs) if s.workteamArn == arn)
        return _one(
            f"$.labelingJobs[{index}].workteamArn",
            "WORKTEAM_UNUSABLE",
            f"{arn}: {wrong}",
            "name a work team of this account that has members",
        )

    def topic(self) -> Findings:
        """The batch's own topic can be published to."""
        topic = self.request.destinationSnsArn
        wrong = self.notifier.topic_problem(topic) if topic else None
        if wrong is None:
            return Findings()
        return _one(
            "$.destinationSnsArn",
            "TOPIC_UNUSABLE",
            f"{topic}: {wrong}",
            "name a topic that exists, and that this stack's roles may publish to",
        )

    def sessions(self) -> Findings:
        """The labeling jobs' role lives as long as the longest task."""
        try:
            session = self.engine.role_session_seconds(self.role_arn)
        except (NotFoundError, AccessDeniedError) as error:
            # Not checked is not fine: work that cannot be submitted would be lost.
            return _one(
                "$",
                "ROLE_UNREADABLE",
                f"how long people may work on a task cannot be checked: {error}",
                f"the stack's labeling role {self.role_arn}, and iam:GetRole on it for the role of "
                "transform_batch",
            )
        found = []
        for index, spec in enumerate(self.request.labelingJobs):
            wrong = input_checks.session_problem(
                self.role_arn,
                spec.taskTimeLimitInSeconds or 0,
                session,
                f"$.labelingJobs[{index}].taskTimeLimitInSeconds",
            )
            if wrong:
                found.append(wrong)
        return Findings(tuple(found))

    def bucket(self, bucket: str, modality: Modality, path: str) -> Findings:
        """A bucket with data objects: allowed, in our Region, readable by workers' browsers."""
        wrong = input_checks.bucket_problem(bucket, self.allowed_buckets, path)
        if wrong:
            return Findings((wrong,))
        try:
            place = self.objects.bucket_region(bucket)
            rules = self.objects.bucket_cors(bucket)
        except (NotFoundError, AccessDeniedError) as error:
            return _one(path, "BUCKET_UNREADABLE", f"{bucket}: {error}", "a bucket that exists")
        found = [
            input_checks.region_problem(bucket, place, self.region, path),
            input_checks.cors_problem(bucket, rules, modality.family, self.region, path),
        ]
        return Findings(tuple(problem for problem in found if problem))

    # --- category files ------------------------------------------------------------------------
    def category(self, index: int) -> Findings:
        """The job's own category file, and the one Terrace will make of it (or of its source's)."""
        spec = self.request.labelingJobs[index]
        modality = modalities.get(spec.jobModality)
        lane = list(self._lane(spec))
        source = next(
            (s for s in lane[1:] if not modalities.get(s.jobModality).verdict_labels), None
        )
        inherited = source and self._nearest_file(list(self._lane(source)))
        own_uri = spec.labelCategoryConfigS3Uri
        path = f"$.labelingJobs[{index}].labelCategoryConfigS3Uri"
        try:
            own = self.objects.get_json(own_uri, CATEGORY_FILE_MAX) if own_uri else None
            older = self.objects.get_json(inherited, CATEGORY_FILE_MAX) if inherited else None
        except (NotFoundError, AccessDeniedError, ValueError) as error:
            # The source's own check names a broken inherited file; it is told once.
            if own_uri is None:
                return Findings()
            return _one(
                path, "CATEGORY_FILE_UNREADABLE", f"{own_uri}: {error}", "a JSON object in S3"
            )
        config = own if own_uri is not None else older
        about = f"{path} ({own_uri or inherited})"
        page = self._custom_page(index, config, about)
        if page or (own_uri is None and config is None and not modality.verdict_labels):
            return Findings(page)
        if own_uri is not None:
            given = category_checks.check(own, modality, about, as_given=True)
            if given.problems:
                return Findings(tuple(given.problems), tuple(given.warnings))
        told: set[tuple[str, str]] = set()
        if source is not None and older is not None:
            about_source = modalities.get(source.jobModality)
            as_source = category_checks.check(older, about_source, inherited or "", as_given=True)
            if as_source.problems:
                # Told by the check of the job whose file it is.
                return Findings()
            told = {(warning.code, warning.problem) for warning in as_source.warnings}
        if not isinstance(older, dict | None) or not isinstance(own, dict | None):
            return Findings()
        made = categories.for_job(
            modality,
            own=own,
            inherited=older,
            audited_attribute="audited" if modality.review else None,
            instructions=spec.instructions,
        )
        checked = category_checks.check(made, modality, about)
        problems = list(checked.problems)
        if own is not None and older is not None and modality.review:
            problems += categories.compatible(older, own, modality, about)
        # What the check of the file's own job warns of is told once.
        new = [
            found
            for found in checked.warnings
            if own is not None or (found.code, found.problem) not in told
        ]
        return Findings(tuple(problems), tuple(new))

    def audited_classes(self, index: int, names: list[str]) -> Findings:
        """A review's own category file holds every class of the labels in its manifest."""
        spec = self.request.labelingJobs[index]
        uri = spec.labelCategoryConfigS3Uri
        row = modalities.get(spec.jobModality)
        if uri is None or row.custom or row.verdict_labels:
            return Findings()
        try:
            config = self.objects.get_json(uri)
        except (NotFoundError, AccessDeniedError, ValueError):
            # The check of the file itself has said so.
            return Findings()
        known = set(categories.label_names(config)) if isinstance(config, dict) else set()
        lost = [name for name in names if name not in known]
        if not lost:
            return Findings()
        return _one(
            f"$.labelingJobs[{index}].labelCategoryConfigS3Uri ({uri})",
            "CATEGORY_LABELS_MISSING",
            f"the file lacks classes of the labels under review: {', '.join(lost[:20])[:500]}",
            "keep every original label; new ones may be added",
        )

    def _custom_page(self, index: int, config: object, about: str) -> tuple[Problem, ...]:
        """A Custom job without a template needs categories that the skeleton page can show."""
        spec = self.request.labelingJobs[index]
        if not modalities.get(spec.jobModality).custom or spec.uiTemplateS3Uri is not None:
            return ()
        if isinstance(config, dict) and categories.is_skeleton(config):
            return tuple(skeleton.check(config, about))
        return _one(
            f"$.labelingJobs[{index}].uiTemplateS3Uri",
            "CUSTOM_WITHOUT_PAGE",
            "is missing, and the job's label category file has no keypointClasses",
            "give the S3 URI of a Liquid template, or keypointClasses for the skeleton page",
        ).problems

    def page(self, index: int) -> Findings:
        """The worker page template, and the example images, that the job names."""
        spec = self.request.labelingJobs[index]
        given = spec.instructions
        named = {
            "uiTemplateS3Uri": spec.uiTemplateS3Uri,
            "instructions.goodExampleS3Uri": given and given.goodExampleS3Uri,
            "instructions.badExampleS3Uri": given and given.badExampleS3Uri,
        }
        found: list[Problem] = []
        for name, uri in named.items():
            if uri:
                path = f"$.labelingJobs[{index}].{name}"
                found += self.data_object(uri, path).problems
        return Findings(tuple(found))

    def gate(self, index: int) -> Findings:
        """What the job's gate names: classes, verdicts, and items with known labels."""
        spec = self.request.labelingJobs[index]
        path = f"$.labelingJobs[{index}]"
        lane = list(self._lane(spec))
        found = gate_problems(self.objects, lane, path)
        gold = spec.inputConfig.goldManifestS3Uri
        if gold is not None:
            labeled = lane[1] if len(lane) > 1 else spec
            found += gold_problems(self.objects, gold, labeled.labelAttributeName, path)
        return Findings(tuple(found))

    def _lane(self, spec: JobSpec) -> Iterator[JobSpec]:
        """The job, the job it chains from, and so on."""
        by_name = {job.jobName: job for job in self.request.labelingJobs}
        current: JobSpec | None = spec
        while current is not None:
            yield current
            name = current.inputConfig.chainFromJobName
            current = by_name.get(name) if name else None

    def _nearest_file(self, lane: list[JobSpec]) -> str | None:
        for spec in lane:
            if modalities.get(spec.jobModality).verdict_labels:
                continue
            if spec.labelCategoryConfigS3Uri:
                return spec.labelCategoryConfigS3Uri
        return None

    # --- manifests and sequences -----------------------------------------------------------------
    def rule(self, spec: JobSpec) -> ManifestRule | None:
        """What the job wants of its manifest; None for a chained job."""
        uri = spec.inputConfig.inputManifestS3Uri
        if uri is None:
            return None
        return ManifestRule(
            uri=uri,
            modality=modalities.get(spec.jobModality),
            label_attribute=spec.labelAttributeName or "",
            audited_attribute=spec.inputConfig.auditLabelAttributeName,
            allowed_buckets=self.allowed_buckets,
            places=self.places,
        )

    def manifest_lines(
        self,
        rule: ManifestRule,
        tally: ManifestTally,
        place: "Place",
        more_time: Callable[[], bool],
    ) -> tuple[Findings, bool]:
        """Counts a manifest from where the last call left off; True if it came to the end."""
        path = rule.uri
        try:
            lines = self.objects.read_lines(
                rule.uri, start=place.offset, first_number=place.line, etag=place.etag
            )
            if place.etag is None:
                place.etag = self.objects.head(rule.uri).etag
            tally.etag = place.etag
            for line in lines:
                input_checks.look(tally, rule, line.number, line.text)
                place.offset, place.line = line.end, line.number + 1
                if input_checks.enough(tally, rule):
                    break
                if not more_time():
                    return Findings(), False
        except ObjectChangedError as error:
            return _one(
                path, "MANIFEST_CHANGED", str(error), "post the batch again once it is final"
            ), True
        except (NotFoundError, AccessDeniedError) as error:
            return _one(
                path, "MANIFEST_UNREADABLE", str(error), "a manifest that exists and may be read"
            ), True
        except ValueError as error:
            return _one(path, "MANIFEST_NOT_UTF8", str(error), "UTF-8 text, one JSON a line"), True
        return Findings(
            tuple(input_checks.conclude(tally, rule)), tuple(input_checks.warnings(tally, rule))
        ), True

    def sequence(self, uri: str, modality: Modality) -> Findings:
        """A sequence file: its limits, its bucket, and that its first and last frame exist."""
        try:
            raw = self.objects.get_json(uri)
        except (NotFoundError, AccessDeniedError, ValueError) as error:
            return _one(
                uri, "SEQUENCE_FILE_UNREADABLE", str(error), "a sequence file: a JSON object"
            )
        found = sequences.check(raw, modality, uri)
        problems = list(found.problems)
        if found.bucket is not None and found.bucket not in self.allowed_buckets:
            wrong = input_checks.bucket_problem(
                found.bucket, self.allowed_buckets, f"{uri} prefix", "folder of the frames"
            )
            if wrong is not None:
                problems.append(wrong)
        elif not problems and found.prefix is not None:
            problems += self._off_limits(found, uri)
        problems += self._frame_prefixes(found, modality)
        if not problems and found.prefix is not None:
            ends = {found.frames[0], found.frames[-1]}
            for frame in sorted(ends):
                problems += self.data_object(f"{found.prefix}{frame}", uri).problems
        return Findings(tuple(problems), tuple(found.warnings))

    def _frame_prefixes(self, found: sequences.Sequence, modality: Modality) -> list[Problem]:
        """Folders that single frames name: held to the same lists, buckets looked at once."""
        problems: list[Problem] = []
        seen = {found.bucket}
        for prefix, path in found.frame_prefixes.items():
            wrong = self.places.problem(prefix)
            if wrong:
                problems.append(_prefix_not_allowed(path, prefix, wrong))
            bucket = s3uri.parse(prefix, key_needed=False).bucket
            if bucket not in seen:
                seen.add(bucket)
                problems += self.bucket(bucket, modality, path).problems
        return problems

    def _off_limits(self, found: sequences.Sequence, uri: str) -> list[Problem]:
        """The first frame that may not be shown, if any."""
        for index, frame in enumerate(found.frames):
            wrong = self.places.problem(f"{found.prefix}{frame}")
            if wrong:
                frame_uri = f"{found.prefix}{frame}"
                return [_prefix_not_allowed(f"{uri} frames[{index}]", frame_uri, wrong)]
        return []

    def data_object(self, uri: str, path: str, modality: Modality | None = None) -> Findings:
        """That a data object exists, and is not too large for its modality.

        Buckets that are not allowed are told elsewhere.
        """
        if s3uri.parse(uri).bucket not in self.allowed_buckets:
            return Findings()
        try:
            size = self.objects.head(uri).size
        except (NotFoundError, AccessDeniedError) as error:
            return _one(path, "DATA_OBJECT_MISSING", str(error), "an object that exists")
        wrong = modality and input_checks.size_problem(uri, size, modality, path)
        return Findings((wrong,) if wrong else ())


@dataclass
class Place:
    """Where the reading of a manifest goes on."""

    offset: int = 0
    line: int = 1
    etag: str | None = None


def _one(path: str, code: str, problem: str, fix: str) -> Findings:
    return Findings((Problem(path=path, code=code, problem=problem, fix=fix),))


def _prefix_not_allowed(path: str, uri: str, wrong: tuple[str, str]) -> Problem:
    return Problem(path=path, code="PREFIX_NOT_ALLOWED", problem=f"{uri} {wrong[0]}", fix=wrong[1])
