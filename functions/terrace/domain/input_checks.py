"""What would go wrong after people were paid, found in what TransformBatch has read before.

A manifest is looked at line by line into a `ManifestTally`, which is plain data: TransformBatch
stores it and goes on where it stopped. The checks of buckets, roles and regions are functions of
what AWS said.
"""

import fnmatch
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel, Field

from terrace.domain import audited_labels, manifest, point_clouds, s3uri
from terrace.domain.manifest import Item
from terrace.domain.modalities import Family, Modality
from terrace.domain.places import Places
from terrace.domain.problems import Problem

PROBLEMS_MAX = 50
"""Problems kept of one manifest: a wrong writer makes the same mistake on every line."""
SESSION_MAX = 43_200
"""The longest session a role can give; Ground Truth renews it for longer tasks."""


FIRST_OBJECTS = 3
"""Data objects of a manifest that are looked for in S3: a wrong prefix breaks them all."""
CLASSES_KEPT = 200
"""Class names of labels under review that are remembered: more than most files have labels."""
SEQUENCES_READ = 50
"""Sequence files of a manifest that are read: all of a video job's, the first of a 3D job's."""
IMAGE_BYTES_MAX = 40 * 1024 * 1024
_ENDS: dict[Family, tuple[str, ...]] = {
    "image": (".jpg", ".jpeg", ".png"),
    "video-clip": (".mp4", ".ogg", ".webm"),
}
"""What the guide says that workers' pages show; other families are told by their content."""


@dataclass(frozen=True)
class ManifestRule:
    """What a job wants of the manifest that it names."""

    uri: str
    modality: Modality
    label_attribute: str
    """The attribute that the job will add."""
    audited_attribute: str | None
    """The attribute that a review looks at; None for a label job."""
    allowed_buckets: frozenset[str]
    places: Places = field(default_factory=Places)


class ManifestTally(BaseModel):
    """What has been seen of a manifest so far; JSON all the way, to be stored between calls."""

    etag: str | None = None
    """Of the object that was read; None: not known."""
    lines: int = 0
    items: int = 0
    """Lines that would go to people: a review leaves out those without the reviewed label."""
    blankAt: int | None = None
    withoutAudited: int = 0
    firstWithoutAudited: int | None = None
    auditedClasses: list[str] = Field(default_factory=list)
    """Classes that labels under review name, the first that were seen."""
    alreadyLabeled: int = 0
    firstAlreadyLabeled: int | None = None
    buckets: list[str] = Field(default_factory=list)
    """Buckets of the data objects, in the order of their first use."""
    sequences: list[str] = Field(default_factory=list)
    """The first sequence files, where items are sequences."""
    oddNames: int = 0
    """Data objects whose names do not end as their kind of file does."""
    firstOddName: int | None = None
    firstObjects: list[str] = Field(default_factory=list)
    """The first data objects that are no sequences: they are looked for in S3."""
    problems: list[Problem] = Field(default_factory=list)
    moreProblems: int = 0
    """Problems found and not kept."""

    def add(self, problem: Problem) -> None:
        """Keeps a problem, or counts it."""
        if len(self.problems) < PROBLEMS_MAX:
            self.problems.append(problem)
        else:
            self.moreProblems += 1


def look(tally: ManifestTally, rule: ManifestRule, number: int, text: str) -> None:
    """Takes one line into the tally. Lines come in order, each once."""
    found = manifest.parse_line(number, text, uri=rule.uri, sources=rule.modality.input_attributes)
    tally.lines = number
    if found is None:
        # Only a blank line that something follows is wrong, so the verdict waits.
        tally.blankAt = tally.blankAt or number
        return
    if tally.blankAt is not None:
        tally.add(manifest.blank_line(rule.uri, tally.blankAt))
        tally.blankAt = None
    if isinstance(found, Problem):
        tally.add(found)
        return
    if rule.label_attribute in found.data:
        tally.alreadyLabeled += 1
        tally.firstAlreadyLabeled = tally.firstAlreadyLabeled or number
    if rule.audited_attribute is not None:
        if not manifest.is_labeled(found, rule.audited_attribute):
            tally.withoutAudited += 1
            tally.firstWithoutAudited = tally.firstWithoutAudited or number
            return
        wrong = audited_problem(found, rule) or _audited_elsewhere(found, rule)
        if wrong:
            tally.add(wrong)
        named = audited_labels.class_names(manifest.metadata(found.data, rule.audited_attribute))
        new = sorted(named.difference(tally.auditedClasses))
        tally.auditedClasses += new[: CLASSES_KEPT - len(tally.auditedClasses)]
    tally.items += 1
    if rule.modality.point_cloud_frames:
        _cloud(tally, rule, found)
    _source(tally, rule, found)


def _cloud(tally: ManifestTally, rule: ManifestRule, item: Item) -> None:
    """A point cloud is described in its manifest line."""
    where = manifest.at_line(rule.uri, item.number)
    about = item.data.get(point_clouds.METADATA)
    for part, problem, fix in point_clouds.check_frame(
        about, item.source, rule.modality.max_images_per_frame
    ):
        name = f"{point_clouds.METADATA}.{part}" if part else point_clouds.METADATA
        tally.add(
            Problem(
                path=f"{where} {name}", code="POINT_CLOUD_FRAME_INVALID", problem=problem, fix=fix
            )
        )
    prefix = about.get("prefix") if isinstance(about, dict) else None
    if prefix is None:
        return
    wrong = s3uri.problem(prefix, key_needed=False)
    if wrong:
        tally.add(
            Problem(
                path=f"{where} {point_clouds.METADATA}.prefix",
                code="POINT_CLOUD_FRAME_INVALID",
                problem=f"prefix {wrong}",
                fix="the S3 folder of the camera images: s3://bucket/images/",
            )
        )
    else:
        _bucket(tally, rule, str(prefix), where, "folder of the camera images", key_needed=False)


def _source(tally: ManifestTally, rule: ManifestRule, item: Item) -> None:
    """Notes where the data object is; a bucket that is not allowed is told once."""
    uri = item.data.get("source-ref")
    if not isinstance(uri, str):
        return
    ends = _ENDS.get(rule.modality.family)
    if ends is not None and not uri.lower().endswith(ends):
        tally.oddNames += 1
        tally.firstOddName = tally.firstOddName or item.number
    limit = rule.modality.max_sequences
    if limit is not None and len(tally.sequences) <= min(limit, SEQUENCES_READ):
        tally.sequences.append(uri)
    elif limit is None and len(tally.firstObjects) < FIRST_OBJECTS:
        tally.firstObjects.append(uri)
    _bucket(tally, rule, uri, manifest.at_line(rule.uri, item.number), "data object")


def _bucket(
    tally: ManifestTally,
    rule: ManifestRule,
    uri: str,
    path: str,
    what: str,
    *,
    key_needed: bool = True,
) -> None:
    bucket = s3uri.parse(uri, key_needed=key_needed).bucket
    off_limits = _off_limits(rule, uri, path, what)
    if off_limits:
        tally.add(off_limits)
    if bucket in tally.buckets:
        return
    tally.buckets.append(bucket)
    wrong = bucket_problem(bucket, rule.allowed_buckets, path, what)
    if wrong:
        tally.add(wrong)


def _off_limits(rule: ManifestRule, uri: str, path: str, what: str) -> Problem | None:
    """Why an object of an allowed bucket may not be used."""
    wrong = rule.places.problem(uri)
    if wrong is None or s3uri.parse(uri, key_needed=False).bucket not in rule.allowed_buckets:
        return None
    return Problem(
        path=path, code="PREFIX_NOT_ALLOWED", problem=f"the {what} {uri} {wrong[0]}", fix=wrong[1]
    )


def _audited_elsewhere(item: Item, rule: ManifestRule) -> Problem | None:
    """Labels of frames are files of their own: Ground Truth would read them wherever they are."""
    if not rule.modality.sequences:
        return None
    uri = str(item.data.get(rule.audited_attribute or ""))
    path, what = manifest.at_line(rule.uri, item.number), "label under review"
    bucket = s3uri.parse(uri).bucket
    return bucket_problem(bucket, rule.allowed_buckets, path, what) or _off_limits(
        rule, uri, path, what
    )


def enough(tally: ManifestTally, rule: ManifestRule) -> bool:
    """True if reading on cannot change that the manifest is refused."""
    return (
        tally.items > rule.modality.max_items
        or (rule.modality.max_sequences or tally.items) < tally.items
        or tally.moreProblems > 0
    )


def conclude(tally: ManifestTally, rule: ManifestRule) -> list[Problem]:
    """All problems of a manifest, once it has been read to its end or `enough` was said."""
    found = list(tally.problems)
    modality = rule.modality
    if modality.sequences and tally.items > SEQUENCES_READ and rule.places.prefixes:
        found.append(
            Problem(
                path=rule.uri,
                code="TOO_MANY_SEQUENCES",
                problem=f"the manifest has {tally.items} sequences, and this stack allows some "
                f"folders only: {SEQUENCES_READ} sequence files of a job can be held to them",
                fix=f"at most {SEQUENCES_READ} sequences in a job: cut the manifest into several",
            )
        )
    if tally.moreProblems:
        found.append(
            Problem(
                path=rule.uri,
                code="MANIFEST_MORE_PROBLEMS",
                problem=f"more than {PROBLEMS_MAX} problems; reading stopped at line {tally.lines}",
                fix="mend the ones above, and others of their kind",
            )
        )
    if tally.alreadyLabeled and tally.firstAlreadyLabeled is not None:
        found.append(
            Problem(
                path=manifest.at_line(rule.uri, tally.firstAlreadyLabeled),
                code="LABEL_ATTRIBUTE_PRESENT",
                problem=(
                    f"{tally.alreadyLabeled} line(s), this one first, have {rule.label_attribute} "
                    "already, and Ground Truth would pass them by"
                ),
                fix="choose another labelAttributeName, or remove the attribute from the manifest",
            )
        )
    if tally.items == 0 and not found:
        found.append(_nothing(tally, rule))
    if modality.max_sequences is not None and tally.items > modality.max_sequences:
        found.append(
            Problem(
                path=rule.uri,
                code="MANIFEST_TOO_MANY_SEQUENCES",
                problem=f"the manifest has more than {modality.max_sequences} sequences",
                fix=f"at most {modality.max_sequences} a job: split it over several jobs",
            )
        )
    elif tally.items > modality.max_items:
        found.append(
            Problem(
                path=rule.uri,
                code="MANIFEST_TOO_MANY_ITEMS",
                problem=f"the manifest has more than {modality.max_items} items",
                fix=f"at most {modality.max_items} a job: split it over several jobs",
            )
        )
    return found


def _nothing(tally: ManifestTally, rule: ManifestRule) -> Problem:
    """Why there is nothing to do."""
    if tally.withoutAudited:
        return Problem(
            path=rule.uri,
            code="AUDITED_LABEL_MISSING",
            problem=f"none of the {tally.withoutAudited} lines has {rule.audited_attribute}",
            fix="name the attribute whose labels are to be reviewed, as the manifest writes it",
        )
    return Problem(
        path=rule.uri,
        code="MANIFEST_EMPTY",
        problem="the manifest has no lines",
        fix='one JSON object on each line, such as {"source-ref": "s3://bucket/image.jpg"}',
    )


def warnings(tally: ManifestTally, rule: ManifestRule) -> list[Problem]:
    """What the user should know although the job can run."""
    found: list[Problem] = []
    if tally.oddNames and tally.firstOddName is not None:
        ends = ", ".join(_ENDS[rule.modality.family])
        found.append(
            Problem(
                path=manifest.at_line(rule.uri, tally.firstOddName),
                code="DATA_OBJECT_NAME_ODD",
                problem=f"{tally.oddNames} data object(s), this one first, do not end with {ends}",
                fix="workers' pages show files of these kinds",
            )
        )
    if rule.modality.sequences and tally.items > SEQUENCES_READ and not rule.places.prefixes:
        found.append(
            Problem(
                path=rule.uri,
                code="SEQUENCES_NOT_READ",
                problem=f"only the first {SEQUENCES_READ} of {tally.items} sequence files are read "
                "before the job starts",
                fix="see that the others are like them",
            )
        )
    if not tally.withoutAudited or not tally.items or tally.firstWithoutAudited is None:
        return found
    return [
        *found,
        Problem(
            path=manifest.at_line(rule.uri, tally.firstWithoutAudited),
            code="ITEMS_LEFT_OUT",
            problem=(
                f"{tally.withoutAudited} of {tally.withoutAudited + tally.items} lines, this one "
                f"first, lack {rule.audited_attribute}; they are left out and kept on record"
            ),
            fix="label them first if they should be reviewed",
        ),
    ]


def audited_problem(item: Item, rule: ManifestRule) -> Problem | None:
    """Why the label of a line cannot be reviewed by this modality, or None."""
    attribute = rule.audited_attribute or ""
    wrong = audited_labels.problem(
        item.data.get(attribute), manifest.metadata(item.data, attribute), rule.modality
    )
    if wrong is None:
        return None
    return Problem(
        path=manifest.at_line(rule.uri, item.number),
        code="AUDITED_LABEL_UNFIT",
        problem=f"{attribute} {wrong[0]}",
        fix=wrong[1],
    )


def size_problem(uri: str, size: int, modality: Modality, path: str) -> Problem | None:
    """Why a data object is too large to be labeled: Ground Truth's limit for images."""
    if modality.family != "image" or size <= IMAGE_BYTES_MAX:
        return None
    return Problem(
        path=path,
        code="DATA_OBJECT_TOO_LARGE",
        problem=f"{uri} has {size:,} bytes",
        fix=f"at most {IMAGE_BYTES_MAX:,} bytes (40 MB) for an image",
    )


# --- buckets, regions, roles -------------------------------------------------------------------


def bucket_problem(
    bucket: str, allowed: Iterable[str], path: str, what: str = "object"
) -> Problem | None:
    """Why a bucket may not be used: Terrace and Ground Truth can read only the allowed ones."""
    allowed = sorted(allowed)
    if bucket in allowed:
        return None
    return Problem(
        path=path,
        code="BUCKET_NOT_ALLOWED",
        problem=f"the {what} is in the bucket {bucket}, which this stack may not read",
        fix=f"use {' or '.join(allowed)}, or add the bucket to the stack's AllowedInputBuckets",
    )


def region_problem(bucket: str, found: str, ours: str, path: str) -> Problem | None:
    """Ground Truth reads only buckets of the labeling job's own Region."""
    if found == ours:
        return None
    return Problem(
        path=path,
        code="BUCKET_IN_OTHER_REGION",
        problem=f"the bucket {bucket} is in {found}; labeling jobs run in {ours}",
        fix=f"copy the data to a bucket in {ours}",
    )


_CORS_METHODS: dict[Family, tuple[str, ...]] = {
    "image": ("GET",),
    "video-clip": ("GET",),
    "video-frame": ("GET", "HEAD", "PUT"),
    "3d": ("GET", "HEAD", "PUT"),
}
"""What the worker's browser does with the data objects; other families go through no browser."""
_PORTAL = "https://portal.labeling.{region}.sagemaker.aws"


def cors_needed(family: Family) -> list[dict[str, Any]] | None:
    """The CORS rules that AWS gives for a family's buckets, or None where none are needed."""
    methods = _CORS_METHODS.get(family)
    if methods is None:
        return None
    rule: dict[str, Any] = {
        "AllowedHeaders": ["*"] if "PUT" in methods else [],
        "AllowedMethods": list(methods),
        "AllowedOrigins": ["*"],
        "ExposeHeaders": ["Access-Control-Allow-Origin"],
    }
    if "PUT" in methods:
        rule["MaxAgeSeconds"] = 3000
    return [rule]


def cors_problem(
    bucket: str, rules: list[dict[str, Any]], family: Family, region: str, path: str
) -> Problem | None:
    """Why workers' browsers could not show what is in a bucket; the fix is the JSON to set."""
    needed = cors_needed(family)
    if needed is None:
        return None
    given = {
        method
        for rule in rules
        if any(_portal_origin(origin, region) for origin in rule.get("AllowedOrigins", []))
        for method in rule.get("AllowedMethods", [])
    }
    missing = [method for method in needed[0]["AllowedMethods"] if method not in given]
    if not missing:
        return None
    return Problem(
        path=path,
        code="BUCKET_CORS_MISSING",
        problem=(
            f"the bucket {bucket} does not let the worker portal {' and '.join(missing)}: tasks "
            "would show nothing"
        ),
        fix=f"set the bucket's CORS configuration to {json.dumps(needed)}",
    )


def _portal_origin(origin: object, region: str) -> bool:
    """True for `*`, for a pattern that covers the worker portal, and for one portal by name.

    The portal's first name is the workforce's own, so any of them is taken for ours.
    """
    if not isinstance(origin, str):
        return False
    portal = _PORTAL.format(region=region)
    named = fnmatch.fnmatchcase(origin, _PORTAL.replace("portal", "*", 1).format(region=region))
    return named or fnmatch.fnmatchcase(portal, origin)


def session_problem(
    role_arn: str, task_time_limit: int, max_session: int, path: str
) -> Problem | None:
    """A task that outlives the role's session cannot be submitted: the work would be lost.

    Args:
        role_arn: the labeling jobs' execution role.
        task_time_limit: seconds a worker has for one task.
        max_session: the role's MaxSessionDuration in seconds.
        path: of the job's time limit in the request.
    """
    needed = min(task_time_limit, SESSION_MAX)
    if max_session >= needed:
        return None
    return Problem(
        path=path,
        code="ROLE_SESSION_TOO_SHORT",
        problem=(
            f"workers have {task_time_limit} s for a task, and sessions of {role_arn} end after "
            f"{max_session} s"
        ),
        fix=f"set the role's MaxSessionDuration to {needed} or more, or the time limit lower",
    )
