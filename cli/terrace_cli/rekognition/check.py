"""A manifest, read once as a stream: what Rekognition would take of it, and what is wrong."""

from collections import Counter, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from terrace.domain import manifest, s3uri
from terrace.domain.problems import Problem
from terrace_cli.progress import Step
from terrace_cli.rekognition import labels, rules
from terrace_cli.rekognition.images import Image, Images, broken
from terrace_cli.rekognition.labels import Entry
from terrace_cli.rekognition.rules import Finding

NOT_A_LINE = ("MANIFEST_LINE_NOT_JSON", "MANIFEST_LINE_NO_OBJECT", "MANIFEST_LINE_BLANK")


@dataclass(frozen=True, slots=True)
class Row:
    """What is kept of a usable line; the line itself is in the file."""

    source: str
    kind: str
    classes: dict[str, int]


@dataclass
class Checked:
    """A manifest that was looked at.

    Attributes:
        place: file or S3 URI.
        path: the usable lines, rewritten, in a file.
        rows: of the usable lines, in the file's order.
        lines: how many lines the manifest has.
        unusable: lines that break a rule of severity `line` (or the manifest's kind).
        findings: in the order of the lines.
    """

    place: str
    path: Path
    rows: list[Row] = field(default_factory=list)
    lines: int = 0
    unusable: int = 0
    findings: list[Finding] = field(default_factory=list)

    def labels(self) -> Counter[str]:
        """Images of each class."""
        return Counter(name for row in self.rows for name in row.classes)


@dataclass(frozen=True)
class Looking:
    """How a manifest is looked at.

    Attributes:
        wanted: lane or label attribute.
        images: looks at the images themselves; None: nobody does.
        most: lines that are read; more is an error.
        step: told how far it is.
    """

    wanted: str
    images: Images | None
    most: int
    step: Step


def check(place: str, lines: Iterable[str], how: Looking, path: Path) -> Checked:
    """Looks at every line; the usable ones are written, rewritten, to `path`."""
    made = Checked(place, path)
    first: dict[str, int] = {}
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for entry, image in _with_images(_entries(lines, how, made), how.images):
            how.step("looked at", entry.number, None)
            where = manifest.at_line(place, entry.number)
            found = _found(entry, image, where, first)
            if found:
                made.unusable += 1
                made.findings.append(found)
                continue
            if image and entry.size and (image.width, image.height) != entry.size:
                made.findings.append(_other_size(entry, image, where))
            file.write(f"{entry.text}\n")
            made.rows.append(Row(entry.source, entry.kind, entry.classes))
    made.findings.sort(key=lambda finding: finding.line)
    made.findings += _of_all(made, how)
    return made


def _found(entry: Entry, image: Image | None, where: str, first: dict[str, int]) -> Finding | None:
    """The rule that the image breaks, or a line of the same image further up."""
    wrong = broken(image) if image else None
    if wrong:
        code, problem, fix = wrong
        return Finding(code, where, entry.number, f"{problem}: {entry.source}", fix)
    before = first.setdefault(entry.source, entry.number)
    if before == entry.number:
        return None
    return Finding(
        "duplicate",
        where,
        entry.number,
        f"the image is that of line {before}: {entry.source}",
        "one line for each image",
    )


def _other_size(entry: Entry, image: Image, where: str) -> Finding:
    assert entry.size is not None
    return Finding(
        "image-other-size",
        where,
        entry.number,
        f"the image is {image.width} x {image.height}, its label says "
        f"{entry.size[0]} x {entry.size[1]}: {entry.source}",
        "the image that was labeled (a picture turned by its EXIF data is another one)",
    )


def _entries(lines: Iterable[str], how: Looking, made: Checked) -> Iterator[Entry]:
    """The usable lines; of the others, what is wrong is noted."""
    for found in manifest.read(lines, uri=made.place, limits=False):
        made.lines += 1
        if made.lines > how.most:
            made.findings.append(
                Finding(
                    "lines-many",
                    made.place,
                    0,
                    f"the manifest has more than {how.most:,} lines; the rest was not looked at",
                    f"at most {how.most:,}",
                )
            )
            return
        if isinstance(found, Problem):
            number = int(found.path.rsplit(" ", 1)[-1])
            code = "json-line" if found.code in NOT_A_LINE else "source-ref"
            where = manifest.at_line(made.place, number)
            read: Entry | Finding = Finding(code, where, number, found.problem, found.fix)
        else:
            read = labels.read(found, how.wanted, made.place)
        if isinstance(read, Entry):
            yield read
            continue
        if read.severity != "note":
            made.unusable += 1
        made.findings.append(read)


def _with_images(
    entries: Iterator[Entry], images: Images | None
) -> Iterator[tuple[Entry, Image | None]]:
    if images is None:
        for entry in entries:
            yield entry, None
        return
    waiting: deque[Entry] = deque()

    def sources() -> Iterator[str]:
        for entry in entries:
            waiting.append(entry)
            yield entry.source

    for image in images.all(sources()):
        yield waiting.popleft(), image


def _of_all(made: Checked, how: Looking) -> Iterator[Finding]:
    """What is wrong with the manifest as a whole."""
    if not made.rows:
        yield Finding(
            "empty",
            made.place,
            0,
            f"none of {made.lines} lines can be trained with",
            "lines with a label and an image",
        )
        return
    kinds = Counter("boxes" if row.kind == "boxes" else "classes" for row in made.rows)
    if len(kinds) > 1:
        told = " and ".join(f"{number} images with {kind}" for kind, number in kinds.items())
        yield Finding(
            "mixed-kinds", made.place, 0, f"there are {told}", "one of both, by --attribute"
        )
    buckets = Counter(s3uri.parse(row.source).bucket for row in made.rows)
    if len(buckets) > 1:
        told = ", ".join(f"{name} ({number})" for name, number in buckets.most_common(5))
        yield Finding(
            "several-buckets",
            made.place,
            0,
            f"the images are in {len(buckets)} buckets: {told}",
            "copy them into one bucket and change source-ref",
        )
    if made.unusable > rules.INVALID_SHARE_MAX * made.lines:
        yield Finding(
            "invalid-share",
            made.place,
            0,
            f"{made.unusable} of {made.lines} lines cannot be trained with",
            "a look at why; Rekognition refuses such a manifest as it is, --leave-out sends the "
            "other lines",
        )
    if how.images is None:
        yield Finding(
            "images-unseen",
            made.place,
            0,
            "the images were not looked at, for --no-images was given",
            "leave --no-images out, once at least",
        )
