"""What a dry run and a training's results look like as text."""

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

from terrace_cli.rekognition import plan as planned
from terrace_cli.rekognition import rules
from terrace_cli.rekognition.prepare import Prepared
from terrace_cli.rekognition.results import Measures, Results
from terrace_cli.rekognition.rules import RULES, SEVERITIES, Finding

MEANING = {
    "stops": "nothing is trained",
    "line": "such a line is not trained with",
    "note": "to know",
}
COST = (
    "AWS bills the time that a training takes; typically 30 minutes to 24 hours "
    f"({rules.TRAINING}). Prices: {rules.PRICING}"
)
CLASSES_SHOWN = 30


def checked(prepared: Prepared, most: int) -> Iterator[str]:
    """Counts, findings, names."""
    made = prepared.plan
    lines = sum(one.lines for one in prepared.checked)
    usable = sum(len(one.rows) for one in prepared.checked)
    kind = "boxes" if prepared.boxes else "classes of images"
    yield f"{prepared.checked[0].place}: {lines} lines, {usable} to train and test with"
    yield f"label {prepared.wanted}: {kind}"
    yield from _classes(prepared)
    yield from findings(prepared.findings, most)
    yield f"project {made.project}, version {made.version}"
    yield f"manifests and results: {made.output}"


def unsent(prepared: Prepared) -> Iterator[str]:
    """The requests that a start would send, and the rights that it needs."""
    made = prepared.plan
    yield "with --start, these requests are sent:"
    for request in planned.requests(made):
        ((name, body),) = request.items()
        yield f"  {name} {body if isinstance(body, str) else json.dumps(body)}"
    yield "rights that you need (IAM policy):"
    yield _indented(planned.caller_policy(made, prepared.buckets))
    yield (
        "bucket policy, needed only where the images' bucket is of another account (for one of "
        "your own, the rights above are enough):"
    )
    for name in prepared.buckets:
        yield _indented(planned.bucket_policy(name))


def _indented(content: Any) -> str:
    return "\n".join(f"  {line}" for line in json.dumps(content, indent=2).splitlines())


def _classes(prepared: Prepared) -> Iterator[str]:
    train, test = prepared.plan.train, prepared.plan.test
    tested: Counter[str] = test.labels if test else Counter()
    names = sorted(train.labels | tested, key=lambda name: (-train.labels[name], name))
    width = max([5, *(len(name) for name in names[:CLASSES_SHOWN])])
    yield f"  {'class':<{width}}  train   test  (images{'; boxes' if prepared.boxes else ''})"
    for name in names[:CLASSES_SHOWN]:
        boxes = ""
        if prepared.boxes:
            boxes = f"  {train.objects[name]}; {test.objects[name] if test else 0} boxes"
        yield f"  {name:<{width}}  {train.labels[name]:>5}  {tested[name]:>5}{boxes}"
    if len(names) > CLASSES_SHOWN:
        yield f"  and {len(names) - CLASSES_SHOWN} classes more"
    by = test.images if test else "20 % of them, chosen by Rekognition"
    yield f"  {'all':<{width}}  {train.images:>5}  {by:>5}"


def findings(found: list[Finding], most: int) -> Iterator[str]:
    """The worst `most` of them, with their sources."""
    if not found:
        yield "checked against Rekognition's rules: nothing is wrong"
        return
    counts = Counter(one.severity for one in found)
    told = ", ".join(f"{counts[one]} {one} ({MEANING[one]})" for one in SEVERITIES if counts[one])
    yield f"findings: {told}"
    for one in found[:most]:
        yield f"  [{one.severity}] {one.where}: {one.problem}"
        yield f"      right: {one.fix}  ({one.code}; {RULES[one.code].source})"
    if len(found) > most:
        yield f"  and {len(found) - most} more: --most {len(found)}, or --save FILE"


def results(version: dict[str, Any], found: Results, most: int) -> Iterator[str]:
    """Measures of all and of each class, then the images with errors."""
    yield f"{version.get('ProjectVersionArn', '')}: {version.get('Status')}"
    seconds = version.get("BillableTrainingTimeInSeconds")
    if seconds is not None:
        yield f"billed training time: {seconds / 3600:.2f} hours"
    if found.trained is not None and found.tested is not None:
        yield f"trained with {found.trained} images, tested with {found.tested}"
    if found.overall is not None:
        rows = [*found.labels, found.overall]
        width = max([5, *(len(one.label) for one in rows)])
        yield f"  {'class':<{width}}  precision  recall      F1  threshold  images"
        for one in rows:
            yield _row(one, width)
        if found.overall.average_precision is not None:
            yield (
                f"  mean average precision {_part(found.overall.average_precision).strip()}, mean "
                f"average recall {_part(found.overall.average_recall).strip()}"
            )
    for truth, guess, share in found.confusion:
        if truth != guess and share > 0:
            yield f"  {truth} taken for {guess}: {share:.1%}"
    yield from _images(found, most)
    for note in found.notes:
        yield f"note: {note}"


def _row(one: Measures, width: int) -> str:
    images = "" if one.images is None else str(one.images)
    return (
        f"  {one.label or 'all':<{width}}  {_part(one.precision):>9}  {_part(one.recall)}  "
        f"{_part(one.f1)}  {_part(one.threshold):>9}  {images:>6}"
    ).rstrip()


def _part(value: float | None) -> str:
    return f"{'-' if value is None else f'{value:.3f}':>6}"


def _images(found: Results, most: int) -> Iterator[str]:
    if not found.images:
        return
    wrong = [image for image in found.images if image.wrong]
    yield f"test images: {len(found.images)}, {len(wrong)} with errors"
    for image in found.images[:most]:
        told = ", ".join(
            f"{one.outcome} {one.label}"
            + ("" if one.confidence is None else f" ({one.confidence:.2f})")
            for one in image.predictions
        )
        yield f"  {image.source}: {told or 'nothing predicted'}"
    if len(found.images) > most:
        yield f"  and {len(found.images) - most} more: --most {len(found.images)}, or --save FILE"
