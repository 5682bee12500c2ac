"""`terrace convert`: labels of a manifest in the format of a trainer, or back."""

import json
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from terrace_cli.commands.data_set_options import copy_of, data_set_options, home_of, size_of
from terrace_cli.errors import EXIT_WRONG, TerraceError
from terrace_cli.options import s3_options
from terrace_cli.progress import Progress
from terrace_cli.target import Choice

if TYPE_CHECKING:
    from terrace_cli.convert.documents import Documents
    from terrace_cli.convert.run import Done


def _list(ctx: click.Context, _parameter: click.Parameter, wanted: bool) -> None:
    if not wanted:
        return
    from terrace.domain.exports.formats import FORMATS
    from terrace.domain.imports.readers import READERS

    width = max(map(len, FORMATS))
    for one in FORMATS.values():
        click.echo(f"{one.name:<{width}}  {one.title}. {one.conventions}")
    click.echo(f"read with --from: {', '.join(READERS)}")
    ctx.exit()


@click.command()
@click.argument("places", nargs=-1, required=True, metavar="IN...")
@click.option(
    "--attribute",
    "attributes",
    multiple=True,
    help="Label attribute; may be repeated.  [default: the only one]",
)
@click.option("--format", "name", required=True, help="See --list-formats.")
@click.option(
    "--out", type=click.Path(path_type=Path), required=True, help="A new or empty folder."
)
@click.option(
    "--categories",
    multiple=True,
    metavar="[ATTRIBUTE=]FILE",
    help="Label category file (or S3 URI): its order is that of the class ids.",
)
@click.option(
    "--on-conflict",
    type=click.Choice(["error", "prefix", "same"]),
    default="error",
    show_default=True,
    help="When two attributes have a class of one name.",
)
@data_set_options
@click.option("--from", "kind", help="IN is a folder (or file) of this format, not a manifest.")
@click.option("--images", "prefix", help="With --from: the S3 folder of the images.")
@click.option("--home", help="The S3 folder that OUT will be copied to (manifests of videos).")
@click.option(
    "--list-formats",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_list,
    help="Say which formats there are, and exit.",
)
@s3_options
def convert(
    *,
    places: tuple[str, ...],
    attributes: tuple[str, ...],
    name: str,
    out: Path,
    categories: tuple[str, ...],
    on_conflict: Any,
    image_size: str | None,
    held_back: float,
    frame_rate: int,
    copy_images: bool,
    copies: tuple[str, ...],
    kind: str | None,
    prefix: str | None,
    home: str | None,
    choice: Choice,
) -> None:
    """Write the labels of manifests (files or S3 URIs) in a format that trainers read.

    Several IN become one data set. OUT appears when everything is written. images.csv in it says
    where the format looks for each image and where the image is; --copy-images puts them there.
    """
    from terrace.domain import categories as category_files
    from terrace.domain.exports.dataset import Wanted
    from terrace.domain.exports.formats import FORMATS
    from terrace.domain.imports.readers import READERS
    from terrace_cli.convert.documents import Documents
    from terrace_cli.convert.run import Order, from_folder, from_manifests
    from terrace_cli.s3 import client_of

    if name not in FORMATS:
        raise click.UsageError(f"--format {name!r} is none of {', '.join(FORMATS)}")
    if kind is not None and kind not in READERS:
        raise click.UsageError(f"--from {kind!r} is none of {', '.join(READERS)}")
    if kind is not None and (attributes or categories or held_back):
        raise click.UsageError("--attribute, --categories and --val are for manifests, not --from")
    home = home_of(home)
    documents = Documents(lambda: client_of(choice), [copy_of(one) for one in copies])
    if kind is None and not attributes:
        attributes = (_only_attribute(places, documents),)
    named = _categories(categories, attributes, documents)
    order = Order(
        chosen=FORMATS[name],
        out=out,
        wanted=Wanted(
            tuple(dict.fromkeys(attributes)),
            {key: category_files.label_names(config) for key, config in named.items()},
            [point for config in named.values() for point in _keypoints(config)],
            on_conflict,
            held_back,
        ),
        created=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f"),
        name=out.name,
        size=size_of(image_size),
        frame_rate=frame_rate,
        home=home,
        copy_images=copy_images,
    )
    with Progress() as step:
        if kind is None:
            done = from_manifests(places, order, documents, step)
        elif len(places) > 1:
            raise click.UsageError("--from takes one IN")
        else:
            done = from_folder(kind, Path(places[0]), order, documents, step, prefix=prefix)
    say(done, order.chosen.name, out)


def _only_attribute(places: tuple[str, ...], documents: "Documents") -> str:
    """The label that all lines have, where there is but one."""
    from terrace.domain.quality.item_checks import read

    counts: Counter[str] = Counter()
    fault = ""
    lines = 0
    for place in places:
        for item in read(documents.lines(place)(), place):
            lines += 1
            counts.update(list(item.labels))
            if item.failures and not fault:
                why = next(iter(item.failures.values()))
                fault = why if place in why else f"{place} line {item.number}: {why}"
    if not lines:
        raise TerraceError(
            f"{' and '.join(places)} is empty", "a manifest with a line for each item", EXIT_WRONG
        )
    if not counts and fault:
        raise TerraceError(
            f"no label can be read; the first fault: {fault}",
            "labels as Ground Truth writes them; --attribute NAME names one",
            EXIT_WRONG,
        )
    if len(counts) == 1:
        return next(iter(counts))
    told = ", ".join(f"{name} ({number} lines)" for name, number in counts.most_common(10))
    raise click.UsageError(
        f"--attribute says which label of a manifest is meant; there is {told or 'none at all'}"
    )


def _categories(
    given: tuple[str, ...], attributes: tuple[str, ...], documents: "Documents"
) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for text in given:
        attribute, equals, place = text.partition("=")
        if not equals or attribute not in attributes:
            if len(attributes) != 1:
                raise click.UsageError(
                    f"--categories {text!r}: say of which attribute, ATTRIBUTE=FILE"
                )
            attribute, place = attributes[0], text
        config = documents.json(place)
        if isinstance(config, dict) and _keypoints(config):
            config.setdefault("labels", [])
        if not isinstance(config, dict) or not isinstance(config.get("labels"), list):
            raise TerraceError(
                f"{place} is no label category file: it has no labels",
                '{"labels": [{"label": "car"}]}',
                EXIT_WRONG,
            )
        found[attribute] = config
    return found


def _keypoints(config: dict[str, Any]) -> list[str]:
    points = config.get("keypointClasses")
    listed = points if isinstance(points, list) else []
    return [str(point["label"]) for point in listed if isinstance(point, dict) and "label" in point]


def say(done: "Done", name: str, out: Path, why: str = "") -> None:
    """What was written, and what was not; `why` lines have no label, where that is known."""
    tally = done.tally
    labels = ", ".join(f"{count} {kind}" for kind, count in sorted(tally.written.items()))
    empty = f" ({tally.empty} without labels)" if tally.empty else ""
    click.echo(f"{out}: {name}, {tally.items} items{empty}, {len(done.classes)} classes")
    click.echo(f"  labels: {labels or 'none'}")
    notes = [
        (done.unlabeled, f"lines have none of these attributes{why} and are left out"),
        (sum(tally.boxed.values()), "shapes are written as the box around them"),
        (tally.clipped, "shapes are cut off at the edge of their image"),
        (tally.outside, "shapes are outside of their image and left out"),
    ]
    for count, text in notes:
        if count:
            click.echo(f"  {count} {text}")
    if tally.left_out:
        lost = dict(sorted(tally.left_out.items()))
        click.echo(f"  left out, for the format has no place for them: {json.dumps(lost)}")
