"""From a manifest to two data sets that are ready to be sent, and all that is wrong with them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from terrace.domain import manifest, s3uri
from terrace.domain.manifest import Item
from terrace_cli.errors import EXIT_WRONG, TerraceError
from terrace_cli.progress import Step
from terrace_cli.rekognition import choosing, plan, rules, sets
from terrace_cli.rekognition.check import Checked, Looking, check
from terrace_cli.rekognition.images import Images
from terrace_cli.rekognition.plan import Plan
from terrace_cli.rekognition.rules import Finding, worst_first
from terrace_cli.rekognition.sets import DataSet

Lines = Callable[[str], Callable[[], Iterator[str]]]


@dataclass(frozen=True)
class Order:
    """What the user asks for.

    Attributes:
        place: the manifest: a file or S3 URI.
        wanted: lane or label attribute; None: the only one there is.
        test: a manifest to test with; None: a share of `place`.
        percent: that share; None: Rekognition splits by itself.
        project: name.
        version: name; None: made of the content.
        output: S3 folder; None: `rekognition/<project>/` in the manifest's bucket, or the images'.
        region: of Rekognition; None where it is not known.
    """

    place: str
    wanted: str | None
    test: str | None
    percent: float | None
    project: str
    version: str | None
    output: str | None
    region: str | None
    kms_key: str | None = None
    tags: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Prepared:
    """What a dry run finds.

    Attributes:
        plan: of the training.
        wanted: lane or label attribute.
        checked: the manifest, and the test manifest where one was given.
        findings: worst first.
        boxes: whether it is a model of boxes.
        buckets: of the images.
    """

    plan: Plan
    wanted: str
    checked: list[Checked]
    findings: list[Finding]
    boxes: bool
    buckets: list[str]

    def of(self, severity: str) -> list[Finding]:
        """The findings of a severity."""
        return [one for one in self.findings if one.severity == severity]


def prepare(
    order: Order, lines: Lines, images: Images | None, step: Step, folder: Path
) -> Prepared:
    """Reads and checks everything; writes both manifests into `folder`.

    Raises:
        TerraceError: a manifest cannot be read, has no label to train with, or a name is wrong.
    """
    read = lines(order.place)
    if order.wanted:
        choosing.among(_items(read(), order.place), order.wanted, order.place)
    wanted = order.wanted or choosing.only(_items(read(), order.place), order.place)
    train_max, test_max = rules.lines_max(order.region)
    # What one manifest may hold depends on whether it becomes two.
    most = train_max + test_max if order.percent is not None and order.test is None else train_max
    look = Looking(wanted, images, most, step)
    whole = check(order.place, read(), look, folder / "whole")
    checked, findings = [whole], list(whole.findings)
    if order.test is not None:
        own = Looking(wanted, images, test_max, step)
        tested = check(order.test, lines(order.test)(), own, folder / "test-whole")
        checked.append(tested)
        findings += tested.findings + sets.shared(whole, tested)
        train = sets.write("TRAIN", whole, None, folder / "train")
        test: DataSet | None = sets.write("TEST", tested, None, folder / "test")
    elif order.percent is not None:
        chosen = sets.chosen_for_test(whole.rows, order.percent)
        train = sets.write("TRAIN", whole, set(range(len(whole.rows))) - chosen, folder / "train")
        test = sets.write("TEST", whole, chosen, folder / "test")
    else:
        train, test = sets.write("TRAIN", whole, None, folder / "train"), None
    boxes = any(row.kind == "boxes" for row in whole.rows)
    if whole.rows:
        findings += sets.judge(train, test, (train_max, test_max), boxes=boxes, place=order.place)
    buckets = sorted({s3uri.parse(row.source).bucket for one in checked for row in one.rows})
    made = Plan(
        project=plan.named(order.project, "--project"),
        version=plan.named(order.version or plan.version_name(train, test), "--version-name"),
        output=plan.folder(order.output or _output(order, buckets)),
        train=train,
        test=test,
        kms_key=order.kms_key,
        tags=order.tags,
    )
    return Prepared(made, wanted, checked, sorted(findings, key=worst_first), boxes, buckets)


def _items(lines: Iterator[str], place: str) -> Iterator[Item]:
    for found in manifest.read(lines, uri=place, limits=False):
        if isinstance(found, Item):
            yield found


def _output(order: Order, buckets: list[str]) -> str:
    place = order.place if order.place.startswith(s3uri.SCHEME) else None
    bucket = s3uri.parse(place).bucket if place else next(iter(buckets), None)
    if bucket is None:
        # Nothing can be sent anyway, and the findings say why.
        bucket = "no-bucket"
    return f"{s3uri.SCHEME}{bucket}/rekognition/{order.project}/"


def as_json(prepared: Prepared) -> dict[str, Any]:
    """The dry run, for programs."""
    made = prepared.plan
    return {
        "manifest": prepared.checked[0].place,
        "label": prepared.wanted,
        "kind": "boxes" if prepared.boxes else "classes",
        "lines": sum(one.lines for one in prepared.checked),
        "usable": sum(len(one.rows) for one in prepared.checked),
        "sets": {
            kind: None
            if one is None
            else {
                "images": one.images,
                "sha256": one.sha256,
                "bytes": one.bytes,
                "imagesByClass": dict(sorted(one.labels.items())),
                "objectsByClass": dict(sorted(one.objects.items())),
            }
            for kind, one in made.sets
        },
        "findings": [one.as_json() for one in prepared.findings],
        "project": made.project,
        "version": made.version,
        "output": made.output,
        "requests": plan.requests(made),
        "callerPolicy": plan.caller_policy(made, prepared.buckets),
        "bucketPolicies": {name: plan.bucket_policy(name) for name in prepared.buckets},
    }


def refuse(prepared: Prepared, *, leave_out: bool) -> None:
    """Raises TerraceError where nothing can be started."""
    stops = prepared.of("stops")
    if stops:
        raise TerraceError(
            f"not started: {stops[0].problem}"
            + (f" (and {len(stops) - 1} more)" if len(stops) > 1 else ""),
            stops[0].fix,
            EXIT_WRONG,
        )
    broken = prepared.of("line")
    if broken and not leave_out:
        raise TerraceError(
            f"not started: {len(broken)} lines cannot be trained with, first {broken[0].where}: "
            f"{broken[0].problem}",
            "mend them, or train without them: --leave-out",
            EXIT_WRONG,
        )
