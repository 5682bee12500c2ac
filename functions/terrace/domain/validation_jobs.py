"""Meaning, job by job: names, task, sources, S3 URIs, teams, numbers and texts.

Everything here would otherwise surface as a refused CreateLabelingJob, or after people were paid.
"""

import re
import unicodedata

from terrace.domain import defaults, labeling_request, modalities, s3uri, worker_ui
from terrace.domain.limits import THIRTY_DAYS, Limits
from terrace.domain.modalities import Modality
from terrace.domain.request import JOB_NAME_MAX
from terrace.domain.validation_findings import Findings, Path, did_you_mean, shown
from terrace.domain.validation_schema import Draft

BATCH_ID_MAX = 63
ATTRIBUTE_MAX = 127
KEYWORDS_MAX = 5
KEYWORD_MAX = 30
TAGS_MAX = 50 - 4
"""AWS allows 50; four are Terrace's own."""
TAG_KEY_MAX = 128
TAG_VALUE_MAX = 256
SHORT_INSTRUCTION_MAX = 254
FULL_INSTRUCTION_MAX = 2_047
CLASSIFIERS = ("FreeOfPersonallyIdentifiableInformation", "FreeOfAdultContent")
RESERVED_TAGS = (labeling_request.TAG_PREFIX, "aws:")

_NAME = re.compile(r"[a-zA-Z0-9](?:-*[a-zA-Z0-9])*")
_ATTEMPT_END = re.compile(r"-a[0-9]+\Z", re.IGNORECASE)
_KEYWORD = re.compile(r"[A-Za-z0-9]+(?: [A-Za-z0-9]+)*")
_REFUSED_CHARACTERS = (
    (
        "taskTitle",
        re.compile(r"[^\t\n\r -\uD7FF\uE000-\uFFFD]"),
        "leave out control characters, and emoji and others past U+FFFD",
    ),
    (
        "taskDescription",
        re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]"),
        "write it on one line, without control characters",
    ),
)
"""What the patterns of CreateLabelingJob's model leave out."""
_WORKTEAM = re.compile(
    r"arn:aws[a-z-]*:sagemaker:([a-z0-9-]+):[0-9]{12}:workteam/"
    r"(private-crowd|vendor-crowd|public-crowd)/([a-zA-Z0-9](?:-*[a-zA-Z0-9])*)"
)
_FUNCTION = re.compile(
    r"arn:aws[a-z-]*:lambda:([a-z0-9-]+):[0-9]{12}:function:[a-zA-Z0-9-_]{1,64}"
    r"(?::[a-zA-Z0-9-_$]{1,128})?"
)
_TOPIC = re.compile(r"arn:aws[a-z-]*:sns:([a-z0-9-]+):[0-9]{12}:([A-Za-z0-9_-]{1,256})(\.fifo)?")


def check_name(path: Path, name: str, most: int, found: Findings) -> None:
    """A batch id, job name or label attribute: Ground Truth's one pattern for all of them."""
    if len(name) > most:
        why = " (Ground Truth allows 63; 3 are kept for -a2 to -a9)" if most == JOB_NAME_MAX else ""
        found.add(
            path,
            "NAME_TOO_LONG",
            f"{shown(name)} has {len(name)} characters",
            f"at most {most} characters{why}",
        )
    if _NAME.fullmatch(name):
        return
    odd = sorted({c for c in name if not (c.isascii() and c.isalnum()) and c != "-"})
    if odd:
        listed = ", ".join(shown(c) for c in odd[:10])
        more = ", ..." if len(odd) > 10 else ""
        problem = f"{shown(name)} holds {listed}{more}"
    elif not name:
        problem = "is empty"
    else:
        problem = f"{shown(name)} starts or ends with '-'"
    found.add(
        path,
        "NAME_INVALID",
        problem,
        "use letters, digits and '-' only, with a letter or digit first and last",
    )


def check_topic(path: Path, arn: str, limits: Limits, found: Findings) -> None:
    """The topic that a batch's messages go to."""
    parts = _TOPIC.fullmatch(arn)
    if parts is None or parts[3]:
        found.add(
            path,
            "TOPIC_ARN_INVALID",
            f"{shown(arn)} is no ARN of a standard SNS topic",
            f"arn:aws:sns:{limits.region}:<account id>:<topic name>",
        )
    elif parts[1] != limits.region:
        found.add(path, "WRONG_REGION", f"the topic is in {parts[1]}", _region_fix(limits))
    elif arn not in limits.topic_arns:
        found.add(
            path,
            "TOPIC_NOT_ALLOWED",
            f"{shown(arn)} is not on this stack's list of allowed topics",
            f"use one of: {_listed(limits.topic_arns)}; or let your operator add it",
        )


def check_function(  # noqa: PLR0917
    path: Path, arn: str, limits: Limits, found: Findings, use: str, instead: str
) -> None:
    """A Lambda function of the user's: one that this stack's roles may call."""
    parts = _FUNCTION.fullmatch(arn)
    if parts is None:
        found.add(
            path,
            "FUNCTION_ARN_INVALID",
            f"{shown(arn)} is no ARN of a Lambda function",
            f"arn:aws:lambda:{limits.region}:<account>:function:<name>",
        )
    elif parts[1] != limits.region:
        found.add(path, "WRONG_REGION", f"the function is in {parts[1]}", _region_fix(limits))
    elif arn not in limits.function_arns:
        found.add(
            path,
            "FUNCTION_NOT_ALLOWED",
            f"{shown(arn)} is not on this stack's list of functions {use}",
            f"use one of: {_listed(limits.function_arns) or 'none is listed'}; or {instead}; or "
            "let your operator add it",
        )


def check_job(draft: Draft, limits: Limits, found: Findings, *, made: bool = False) -> None:
    """Everything that can be said of one job by itself.

    `made`: a transformation may still give it its manifest and category file.
    """
    _Job(draft, limits, found, made=made).check()


class _Job:
    """One job under examination."""

    def __init__(self, draft: Draft, limits: Limits, found: Findings, *, made: bool) -> None:
        self.draft = draft
        self.spec = draft.spec
        self.limits = limits
        self.found = found
        self.made = made and draft.source is None
        """What it starts from may still be made; a job that chains is given nothing."""

    def add(self, inner: str | Path, code: str, problem: str, fix: str) -> None:
        path = (inner,) if isinstance(inner, str) else inner
        self.found.add(self.draft.path(*path), code, problem, fix)

    def check(self) -> None:
        self._name()
        self._kind()
        self._source()
        self._uris()
        self._workteam()
        self._texts()
        self._keywords_and_tags()
        modality = self.draft.modality
        if modality is None:
            return
        self._audited(modality)
        self._categories(modality)
        self._attribute(modality)
        self._numbers(modality)
        self._times(modality)
        self._own_code(modality)

    def _name(self) -> None:
        name = self.draft.name
        if name is None or self.found.is_broken(*self.draft.path("jobName")):
            return
        check_name(self.draft.path("jobName"), name, JOB_NAME_MAX, self.found)
        if _ATTEMPT_END.search(name):
            self.add(
                "jobName",
                "NAME_RESERVED",
                f"{shown(name)} ends like the name of a second attempt",
                "do not end a job name with -a<digits>",
            )

    def _kind(self) -> None:
        spec = self.spec
        if spec.jobType == "STREAMING":
            self.add(
                "jobType",
                "NOT_SUPPORTED",
                "a streaming job has no end of its own, so its level and its batch would have none",
                'use "BATCH" with an input manifest; post new items as a new batch',
            )
        elif spec.jobType != "BATCH":
            self.add("jobType", "UNKNOWN_VALUE", f"{shown(spec.jobType)} is not known", '"BATCH"')
        if spec.engine != "ground-truth":
            self.add(
                "engine",
                "NOT_BUILT_YET",
                f"the engine {shown(spec.engine)} is not built yet",
                'use "ground-truth", or leave it out',
            )
        given = getattr(spec, "jobModality", None)
        if given is not None and self.draft.modality is None:
            known = modalities.MODALITIES
            self.add(
                "jobModality",
                "UNKNOWN_MODALITY",
                f"there is no modality {shown(given)}",
                f"{did_you_mean(self.found.near(given, known))}known are {', '.join(known)}",
            )

    # --- where items and labels come from --------------------------------------------------
    def _source(self) -> None:
        config = self.spec.inputConfig
        if self.found.is_broken(*self.draft.path("inputConfig")):
            return
        fix = (
            "give either inputManifestS3Uri (a manifest in S3) or chainFromJobName (a job of this "
            "batch at a lower level)"
        )
        if config.inputManifestS3Uri is None and config.chainFromJobName is None:
            if self.made:
                return
            self.add("inputConfig", "NO_SOURCE", "says not where the items come from", fix)
        elif config.inputManifestS3Uri is not None and config.chainFromJobName is not None:
            self.add(
                "inputConfig",
                "TWO_SOURCES",
                "names both a manifest and a job to chain from",
                fix,
            )
        if config.chainFromJobName is None and config.downSamplingRate != 100:
            self.add(
                ("inputConfig", "downSamplingRate"),
                "ONLY_WHEN_CHAINED",
                f"is {config.downSamplingRate:g} on a job that does not chain from another",
                "leave it out, or put fewer lines into the manifest",
            )

    def _audited(self, modality: Modality) -> None:
        config = self.spec.inputConfig
        path: Path = ("inputConfig", "auditLabelAttributeName")
        if self.found.is_broken(*self.draft.path("inputConfig")):
            return
        given = config.auditLabelAttributeName
        if given is None:
            starts = config.inputManifestS3Uri or self.made
            if modality.review and starts and not config.chainFromJobName:
                self.add(
                    path,
                    "REQUIRED",
                    f"is missing: {modality.name} reviews labels that the manifest must hold",
                    "name the label attribute of the manifest that is to be reviewed, or chain "
                    "from the job that makes it",
                )
            return
        if not modality.can_review:
            self.add(
                path,
                "ONLY_FOR_REVIEWS",
                f"{modality.name} reviews no labels",
                "leave it out, or use a review modality "
                f"({_listed(_reviews_of(modality)) or 'there is none for this task'})",
            )
        elif config.chainFromJobName is not None:
            self.add(
                path,
                "NOT_WHEN_CHAINED",
                "a chained job reviews the label of the job it chains from",
                "leave it out",
            )
        elif not 0 < len(given) <= ATTRIBUTE_MAX:
            self.add(path, "WRONG_LENGTH", f"has {len(given)} characters", "1 to 127 characters")
        elif not worker_ui.can_name(given):
            self.add(
                path,
                "ATTRIBUTE_INVALID",
                f"{shown(given)} holds a quote, a brace, <, >, &, %, a backslash or a control "
                "character, which worker pages cannot name",
                "give the label another name in the manifest",
            )

    def _categories(self, modality: Modality) -> None:
        config = self.spec.inputConfig
        if (
            self.spec.labelCategoryConfigS3Uri is None
            and config.chainFromJobName is None
            and not self.made
            and not modality.verdict_labels
            and not modality.categories_optional
            and not self.found.is_broken(*self.draft.path("labelCategoryConfigS3Uri"))
            and not self.found.is_broken(*self.draft.path("inputConfig"))
        ):
            self.add(
                "labelCategoryConfigS3Uri",
                "REQUIRED",
                "is missing",
                "give the S3 URI of a label category file; only a chained job inherits one",
            )

    def _attribute(self, modality: Modality) -> None:
        name = self.spec.labelAttributeName
        if name is None:
            return
        path = self.draft.path("labelAttributeName")
        check_name(path, name, ATTRIBUTE_MAX, self.found)
        ends = name.endswith(defaults.REF)
        if modality.attribute_ref_suffix and not ends:
            self.found.add(
                path,
                "ATTRIBUTE_SUFFIX",
                f"{shown(name)} does not end with -ref, which {modality.name} needs",
                shown(f"{name[:70]}{defaults.REF}"),
            )
        if name in defaults.RESERVED_ATTRIBUTES or name.endswith(defaults.METADATA):
            self.found.add(
                path,
                "ATTRIBUTE_RESERVED",
                f"{shown(name)} has a meaning of its own in manifests",
                "choose a name that does not end with -metadata and is none of "
                + ", ".join(sorted(defaults.RESERVED_ATTRIBUTES)),
            )
        elif ends and not modality.attribute_ref_suffix:
            self.found.add(
                path,
                "ATTRIBUTE_SUFFIX",
                f"{shown(name)} ends with -ref, which {modality.name} must not",
                "choose a name that does not end with -ref",
            )

    # --- what it may touch -----------------------------------------------------------------
    def _uris(self) -> None:
        for path, uri in (
            (("inputConfig", "inputManifestS3Uri"), self.spec.inputConfig.inputManifestS3Uri),
            (("inputConfig", "goldManifestS3Uri"), self.spec.inputConfig.goldManifestS3Uri),
            (("labelCategoryConfigS3Uri",), self.spec.labelCategoryConfigS3Uri),
            (("uiTemplateS3Uri",), self.spec.uiTemplateS3Uri),
            *self._examples(),
        ):
            if uri is None:
                continue
            wrong = s3uri.problem(uri)
            if wrong:
                self.add(path, "S3_URI_INVALID", f"{shown(uri)} {wrong}", "s3://<bucket>/<key>")
                continue
            bucket = s3uri.parse(uri).bucket
            if bucket not in self.limits.input_buckets:
                self.add(
                    path,
                    "BUCKET_NOT_ALLOWED",
                    f"the bucket {shown(bucket)} is not on this stack's list of input buckets",
                    f"use one of: {_listed(self.limits.input_buckets)}; or let your operator add "
                    "it",
                )
                continue
            off_limits = self.limits.places.problem(uri)
            if off_limits:
                self.add(path, "PREFIX_NOT_ALLOWED", f"{shown(uri)} {off_limits[0]}", off_limits[1])

    def _examples(self) -> list[tuple[Path, str | None]]:
        given = self.spec.instructions
        names = ("goodExampleS3Uri", "badExampleS3Uri")
        return [(("instructions", name), getattr(given, name)) for name in names if given]

    def _workteam(self) -> None:
        arn = self.spec.workteamArn
        if arn is None:
            return
        parts = _WORKTEAM.fullmatch(arn)
        allowed = self.limits.all_workteam_arns
        if parts is None:
            self.add(
                "workteamArn",
                "WORKTEAM_ARN_INVALID",
                f"{shown(arn)} is no ARN of a work team",
                f"arn:aws:sagemaker:{self.limits.region}:<account>:workteam/private-crowd/<name>",
            )
        elif parts[1] != self.limits.region:
            self.add(
                "workteamArn",
                "WRONG_REGION",
                f"the team is in {parts[1]}",
                _region_fix(self.limits),
            )
        elif parts[2] == "public-crowd":
            self.add(
                "workteamArn",
                "NOT_BUILT_YET",
                "the public workforce (Mechanical Turk) is not supported",
                "use a private or vendor team",
            )
        elif arn not in allowed:
            self.add(
                "workteamArn",
                "WORKTEAM_NOT_ALLOWED",
                f"{shown(arn)} is not on this stack's list of allowed work teams",
                f"use one of: {_listed(allowed)}; or let your operator add it",
            )

    def _own_code(self, modality: Modality) -> None:
        for name in ("preHumanTaskLambdaArn", "annotationConsolidationLambdaArn"):
            arn = getattr(self.spec, name)
            if arn is not None and not modality.custom:
                self.add(
                    name,
                    "NOT_FOR_THIS_MODALITY",
                    f"{modality.name} runs with functions of AWS's own",
                    "leave it out, or use the modality Custom",
                )
            elif arn is not None:
                check_function(
                    self.draft.path(name),
                    arn,
                    self.limits,
                    self.found,
                    "for Custom jobs and gates",
                    "leave it out for Terrace's own",
                )
        if modality.human_task_ui is not None:
            self._only_in_aws_ui(modality)
        self._page(modality)
        self._kms_key()

    def _kms_key(self) -> None:
        """The stack's own key, by id or ARN: no role may read labels under another one."""
        key, own = self.spec.outputKmsKeyId, self.limits.kms_key_arn
        if key is None or (own and key in {own, own.rsplit("/", 1)[-1]}):
            return
        self.add(
            "outputKmsKeyId",
            "KMS_KEY_NOT_ALLOWED",
            f"{shown(key)} is not this stack's key: labels under it could not be read",
            f"give {own}, or leave it out: the batch bucket encrypts with it anyway"
            if own
            else "leave it out: the batch bucket encrypts everything; or let your operator deploy "
            "the stack with the parameter KmsKeyArn",
        )

    def _only_in_aws_ui(self, modality: Modality) -> None:
        """What a worker page of AWS's own cannot show."""
        if self.spec.uiTemplateS3Uri is not None:
            self.add(
                "uiTemplateS3Uri",
                "NOT_FOR_THIS_MODALITY",
                f"{modality.name} is worked on in AWS's own UI",
                "leave it out",
            )
        for path, uri in self._examples():
            if uri is not None:
                self.add(
                    path,
                    "NOT_FOR_THIS_MODALITY",
                    f"{modality.name} is worked on in AWS's own UI, which shows no example images",
                    "leave it out, and describe the example in fullInstruction",
                )

    def _page(self, modality: Modality) -> None:
        """A Custom job's page: the request's, or the skeleton page that its categories ask for."""
        spec, broken = self.spec, self.found.is_broken
        if (
            modality.custom
            and spec.uiTemplateS3Uri is None
            and spec.labelCategoryConfigS3Uri is None
            and spec.inputConfig.chainFromJobName is None
            and not self.made
            and not broken(*self.draft.path("uiTemplateS3Uri"))
            and not broken(*self.draft.path("labelCategoryConfigS3Uri"))
            and not broken(*self.draft.path("inputConfig"))
        ):
            self.add(
                "uiTemplateS3Uri",
                "REQUIRED",
                "is missing: a Custom job has no worker page of its own",
                "give the S3 URI of a Liquid template, or a labelCategoryConfigS3Uri whose file "
                "has keypointClasses for the skeleton page",
            )

    # --- numbers ---------------------------------------------------------------------------
    def _numbers(self, modality: Modality) -> None:
        workers = self.spec.numberOfHumanWorkersPerDataObject
        low, high = modality.workers_min, modality.workers_max
        if workers is not None and not low <= workers <= high:
            wanted = f"{low}" if low == high else f"{low} to {high}"
            self.add(
                "numberOfHumanWorkersPerDataObject",
                "OUT_OF_RANGE",
                f"is {workers}; {modality.name} allows {wanted}",
                f"{wanted}, or leave it out",
            )

    def _times(self, modality: Modality) -> None:
        spec = self.spec
        for name, most in (
            ("taskTimeLimitInSeconds", modality.task_time_limit_max),
            ("taskAvailabilityLifetimeInSeconds", modality.availability_max),
        ):
            value = getattr(spec, name)
            if value is not None and value > most:
                self.add(
                    name,
                    "OUT_OF_RANGE",
                    f"is {shown(value)} seconds; {modality.name} allows at most {most:,}",
                    f"{most} or less, or leave it out",
                )
        timeout = spec.jobCompletionTimeoutInSeconds
        if timeout is None:
            return
        limit, availability = defaults.task_times(spec, modality)
        needed = min(THIRTY_DAYS, limit + availability)
        if timeout < needed:
            self.add(
                "jobCompletionTimeoutInSeconds",
                "TIMEOUT_TOO_SHORT",
                f"is {timeout} seconds, but a task may be offered for {availability:,} and worked "
                f"on for {limit:,}",
                f"at least {needed}, or shorter taskAvailabilityLifetimeInSeconds and "
                "taskTimeLimitInSeconds (left out, they are made to fit)",
            )

    # --- texts -----------------------------------------------------------------------------
    def _texts(self) -> None:
        for name, refused, fix in _REFUSED_CHARACTERS:
            text = getattr(self.spec, name)
            if text is not None and (odd := refused.search(text)):
                self.add(
                    name,
                    "TEXT_INVALID",
                    f"holds U+{ord(odd[0]):04X}, which the labeling API refuses",
                    fix,
                )
        instructions = self.spec.instructions
        if instructions is None:
            return
        for name, most in (
            ("shortInstruction", SHORT_INSTRUCTION_MAX),
            ("fullInstruction", FULL_INSTRUCTION_MAX),
        ):
            text = getattr(instructions, name)
            if text is not None and len(text) > most:
                self.add(
                    ("instructions", name),
                    "WRONG_LENGTH",
                    f"has {len(text)} characters",
                    f"at most {most:,} characters",
                )

    def _keywords_and_tags(self) -> None:
        keywords = self.spec.taskKeywords
        if keywords is not None and not 1 <= len(keywords) <= KEYWORDS_MAX:
            self.add(
                "taskKeywords", "WRONG_LENGTH", f"has {len(keywords)} entries", "1 to 5 keywords"
            )
        for i, word in enumerate((keywords or [])[:100]):
            if len(word) > KEYWORD_MAX or not _KEYWORD.fullmatch(word):
                self.add(
                    ("taskKeywords", i),
                    "KEYWORD_INVALID",
                    f"{shown(word)} is no keyword",
                    "up to 30 letters and digits, words parted by one blank",
                )
        classifiers = self.spec.contentClassifiers or []
        if len(set(classifiers)) < len(classifiers) or len(classifiers) > 100:
            self.add(
                "contentClassifiers",
                "WRONG_LENGTH",
                f"has {len(classifiers)} entries, some of them twice",
                "name each classifier once",
            )
        for i, name in enumerate(classifiers[:100]):
            if name not in CLASSIFIERS:
                self.add(
                    ("contentClassifiers", i),
                    "UNKNOWN_VALUE",
                    f"{shown(name)} is not known",
                    f"one of {', '.join(CLASSIFIERS)}",
                )
        tags = self.spec.tags or {}
        if len(tags) > TAGS_MAX:
            self.add("tags", "WRONG_LENGTH", f"has {len(tags)} entries", f"at most {TAGS_MAX} tags")
        for key, value in list(tags.items())[:100]:
            wrong = _tag_problem(key, value)
            if wrong:
                self.add(("tags", key), *wrong)


def _tag_problem(key: str, value: str) -> tuple[str, str, str] | None:
    if key.lower().startswith(RESERVED_TAGS):
        prefixes = " and ".join(RESERVED_TAGS)
        return "TAG_RESERVED", f"the tag {shown(key)} is reserved", f"{prefixes} are not yours"
    fits = 0 < len(key) <= TAG_KEY_MAX and len(value) <= TAG_VALUE_MAX
    if not fits or not all(_is_tag_character(c) for c in key + value):
        return (
            "TAG_INVALID",
            f"the tag {shown(key)} = {shown(value)} is not one that AWS takes",
            "keys of 1 to 128 and values of up to 256 letters, digits, blanks and _.:/=+-@",
        )
    return None


def _is_tag_character(character: str) -> bool:
    return character in "_.:/=+-@" or unicodedata.category(character)[0] in "LZN"


def _reviews_of(modality: Modality) -> list[str]:
    return [row.name for row in modalities.reviews_of(modality)]


def _region_fix(limits: Limits) -> str:
    return f"everything that a labeling job uses must be in this stack's Region, {limits.region}"


def _listed(values: frozenset[str] | list[str]) -> str:
    some = sorted(values)[:10]
    return ", ".join(some) + (", ..." if len(values) > 10 else "")
