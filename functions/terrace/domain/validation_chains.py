"""Meaning across jobs: double names, chains, and what a lane's jobs must have in common."""

from collections.abc import Iterator
from itertools import islice

from terrace.domain import defaults
from terrace.domain.request import LEVELS_MAX
from terrace.domain.validation_findings import Findings, did_you_mean, json_path, shown
from terrace.domain.validation_schema import Draft


def check_chains(drafts: list[Draft], found: Findings, *, whole: bool) -> None:
    """Checks the jobs against one another.

    Args:
        drafts: the jobs as far as they could be read.
        found: takes the problems.
        whole: False if there are more jobs than were read, so that an unknown name may be one
            of the others.
    """
    by_name = _first_of_each_name(drafts, found)
    for draft in drafts:
        if draft.source is not None:
            _check_link(draft, draft.source, by_name, found, whole=whole)
    _check_cycles(drafts, by_name, found)
    for draft in drafts:
        _check_lane(draft, by_name, found)


def _first_of_each_name(drafts: list[Draft], found: Findings) -> dict[str, Draft]:
    by_name: dict[str, Draft] = {}
    by_lower: dict[str, Draft] = {}
    for draft in drafts:
        if draft.name is None:
            continue
        first = by_lower.setdefault(draft.name.lower(), draft)
        by_name.setdefault(draft.name, draft)
        if first is not draft:
            case = "" if first.name == draft.name else " (Ground Truth ignores case)"
            found.add(
                draft.path("jobName"),
                "NAME_NOT_UNIQUE",
                f"{shown(draft.name)} is also the name of {json_path(first.path())}{case}",
                "give every job of the batch a name of its own",
            )
    return by_name


def _check_link(
    draft: Draft, source: str, by_name: dict[str, Draft], found: Findings, *, whole: bool
) -> None:
    path = draft.path("inputConfig", "chainFromJobName")
    other = by_name.get(source)
    if other is None:
        if not whole:
            return
        match = found.near(source, by_name)
        found.add(
            path,
            "CHAIN_UNKNOWN_JOB",
            f"there is no job {shown(source)} in this batch",
            f"{did_you_mean(match)}name a job of this batch at a lower level",
        )
        return
    if other is draft:
        found.add(
            path, "CHAIN_TO_ITSELF", "the job chains from itself", "name a job at a lower level"
        )
        return
    if draft.level is not None and other.level is not None and other.level >= draft.level:
        found.add(
            path,
            "CHAIN_NOT_LOWER",
            f"{shown(source)} is at level {other.level}, this job at level {draft.level}",
            "chain from a job at a lower level, or raise this job's jobLevel",
        )
    if (
        draft.modality is not None
        and other.modality is not None
        and draft.modality.base != other.modality.base
    ):
        found.add(
            path,
            "CHAIN_OTHER_TASK",
            f"{draft.modality.name} cannot go on from {shown(source)}, which is "
            f"{other.modality.name}",
            f"all jobs of a lane must be {draft.modality.base} or a review of it",
        )


def _check_cycles(drafts: list[Draft], by_name: dict[str, Draft], found: Findings) -> None:
    """Every cycle once, at its first job. (One of its links is not to a lower level, too.)"""
    done: set[int] = set()
    for draft in drafts:
        trail: list[Draft] = []
        on_trail: set[int] = set()
        current: Draft | None = draft
        while current is not None and current.index not in done:
            if current.index in on_trail:
                members = trail[trail.index(current) :]
                if len(members) > 1:
                    first = min(members, key=lambda member: member.index)
                    names = " -> ".join(shown(m.name) for m in [*members[:10], current])
                    found.add(
                        first.path("inputConfig", "chainFromJobName"),
                        "CHAIN_CYCLE",
                        f"the jobs chain in a circle: {names}",
                        "let one of them start from a manifest",
                    )
                break
            trail.append(current)
            on_trail.add(current.index)
            current = by_name.get(current.source) if current.source is not None else None
        done.update(on_trail)


def ancestors(draft: Draft, by_name: dict[str, Draft]) -> Iterator[Draft]:
    """The jobs it chains from, nearest first; ends where a chain is broken or circular."""
    seen = {draft.index}
    current = draft
    while current.source is not None:
        earlier = by_name.get(current.source)
        if earlier is None or earlier.index in seen:
            return
        seen.add(earlier.index)
        yield earlier
        current = earlier


def _check_lane(draft: Draft, by_name: dict[str, Draft], found: Findings) -> None:
    if draft.modality is None or draft.name is None:
        return
    # A longer chain breaks the rule on levels somewhere, and is refused for that.
    earlier = list(islice(ancestors(draft, by_name), LEVELS_MAX))
    _check_attribute(draft, earlier, found)
    _check_inherited_categories(draft, earlier, found)


def _check_attribute(draft: Draft, earlier: list[Draft], found: Findings) -> None:
    """A lane's attributes stand side by side in one manifest line: each needs its own name."""
    own = defaults.label_attribute_name(draft.spec)
    audited = draft.spec.inputConfig.auditLabelAttributeName
    if audited == own:
        found.add(
            draft.path("labelAttributeName"),
            "ATTRIBUTE_NOT_UNIQUE",
            f"{shown(own)} is the attribute under review",
            "a review writes to an attribute of its own",
        )
    for other in earlier:
        taken = {other.spec.inputConfig.auditLabelAttributeName}
        if other.modality is not None and other.name is not None:
            taken.add(defaults.label_attribute_name(other.spec))
        if own in taken:
            found.add(
                draft.path("labelAttributeName"),
                "ATTRIBUTE_NOT_UNIQUE",
                f"{shown(own)} is already used in this lane, by {shown(other.name)}",
                "every job of a lane writes to an attribute of its own",
            )
            return


def _check_inherited_categories(draft: Draft, earlier: list[Draft], found: Findings) -> None:
    """A label job cannot inherit from a review: that file names the label under review."""
    if draft.modality is None or draft.modality.review is not None:
        return
    if draft.spec.labelCategoryConfigS3Uri is not None:
        return
    nearest = next((d for d in earlier if d.modality and not d.modality.verdict_labels), None)
    if nearest is not None and nearest.modality is not None and nearest.modality.review:
        found.add(
            draft.path("labelCategoryConfigS3Uri"),
            "REQUIRED",
            f"is missing: a label job cannot inherit the file of {shown(nearest.name)}, a review",
            "give the S3 URI of a label category file",
        )
