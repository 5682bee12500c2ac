"""`terrace export`: what a batch has delivered, in the formats of trainers."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from terrace_cli.commands.data_set_options import copy_of, data_set_options, home_of, size_of
from terrace_cli.errors import EXIT_WRONG, ApiError, TerraceError
from terrace_cli.options import printable, target_options
from terrace_cli.progress import Progress
from terrace_cli.target import Choice, find_target

if TYPE_CHECKING:
    from terrace.domain.exports.lanes import Lanes
    from terrace_cli.convert.batches import Categories
    from terrace_cli.convert.documents import Documents
    from terrace_cli.convert.run import Done, Order

ALL = "all"


@click.command()
@click.argument("batch_ids", nargs=-1, required=True, metavar="BATCH_ID...")
@click.option(
    "--format",
    "names",
    multiple=True,
    required=True,
    help="May be repeated; `all`: every format that can hold the labels. "
    "See terrace convert --list-formats.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="A new or empty folder; with several formats, one for each in it.  "
    "[default: BATCH_ID-FORMAT, BATCH_ID-exports]",
)
@click.option(
    "--include",
    multiple=True,
    type=click.Choice(["accepted", "rejected", "unlabeled"]),
    default=["accepted"],
    show_default=True,
    help="Items of which final manifests; may be repeated.",
)
@click.option(
    "--attribute",
    "attributes",
    multiple=True,
    help="Label attribute of a job: only its lane; may be repeated, class ids in this order.  "
    "[default: all lanes]",
)
@click.option(
    "--on-conflict",
    type=click.Choice(["error", "prefix", "same"]),
    default="error",
    show_default=True,
    help="When two lanes have a class of one name.",
)
@data_set_options
@click.option("--home", help="The S3 folder that OUT will be copied to (ground-truth of videos).")
@target_options
def export(
    *,
    batch_ids: tuple[str, ...],
    names: tuple[str, ...],
    out: Path | None,
    include: tuple[str, ...],
    attributes: tuple[str, ...],
    on_conflict: Any,
    image_size: str | None,
    held_back: float,
    frame_rate: int,
    copy_images: bool,
    copies: tuple[str, ...],
    home: str | None,
    choice: Choice,
) -> None:
    """Write what batches have delivered in formats that trainers read.

    Each lane's accepted label, from the final manifest; several batches become one data set. It
    is done on this machine. Class ids are in the order of the jobs' label category files. OUT
    appears when everything in it is written; images.csv says where the images are.
    """
    from terrace.domain.exports.formats import FORMATS
    from terrace.domain.exports.lanes import Choice as Labels
    from terrace_cli.convert.batches import Categories, manifests
    from terrace_cli.convert.documents import Documents
    from terrace_cli.convert.run import Order

    chosen = _formats(names)
    ids = tuple(dict.fromkeys(batch_ids))
    size = size_of(image_size)
    home = home_of(home)
    documents = Documents(_s3(choice), [copy_of(one) for one in copies])
    shown = [_shown(one, choice) for one in ids]
    places = [place for one in shown for place in manifests(one, include)]
    categories = Categories(documents.json)
    for one in shown:
        _say_problem(one)
        categories.add(one)
    labels = Labels(frozenset(include), attributes)
    many = len(names) > 1 or ALL in names
    root = out or Path(f"{'-'.join(ids)}-{'exports' if many else names[0]}")
    created = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")

    def order(name: str) -> "Order":
        return Order(
            chosen=FORMATS[name],
            out=root / name if many else root,
            # Which labels and classes there are is known when the manifests have been read.
            wanted=_nothing(on_conflict, held_back),
            created=created,
            name=root.name,
            size=size,
            frame_rate=frame_rate,
            home=home,
            copy_images=copy_images,
        )

    run = _Run(places, labels, documents, categories)
    failed = _each(chosen, run, order, everything=ALL in names)
    if failed is not None:
        raise failed


class _Run:
    """The manifests of the batches, read once, and written as often as asked."""

    def __init__(
        self,
        places: Sequence[str],
        labels: Any,
        documents: "Documents",
        categories: "Categories",
    ) -> None:
        from terrace.domain.exports.dataset import Source
        from terrace.domain.exports.lanes import Lanes

        self._labels, self._documents, self._categories = labels, documents, categories
        self._sources = [Source(place, documents.lines(place)) for place in places]
        self._lanes: Lanes | None = None

    def write(self, order: "Order") -> tuple["Done", list[str], dict[str, int]]:
        """Writes one format.

        Returns:
            What came of it; label attributes it has no place for; items without a label, by
            attribute.
        """
        from dataclasses import replace

        from terrace.domain.exports.lanes import wanted
        from terrace_cli.convert.run import from_sources, words

        where = " and ".join(source.uri for source in self._sources) or "the batch"
        with Progress() as step, words():
            lanes = self._read(step)
            held, left_out = lanes.chosen(order.chosen, self._categories, where)
            asked = wanted(
                held,
                self._categories,
                conflict=order.wanted.conflict,
                held_back=order.wanted.held_back,
            )
            rewritten = lanes.sources(self._sources, held)
            done = from_sources(rewritten, replace(order, wanted=asked), self._documents, step)
        return done, [lane.attribute for lane in left_out], lanes.lacking(held)

    def why(self, done: "Done") -> str:
        """How many of the lines without a label that is taken were rejected, and how many never
        labeled: ` (rejected: 3, unlabeled: 1)`."""
        if not done.unlabeled:
            return ""
        from terrace_cli.convert.batches import left_out

        lines = (line for source in self._sources for line in source.lines())
        found = left_out(lines, self._labels.include, self._labels.attributes)
        told = ", ".join(f"{status}: {count}" for status, count in sorted(found.items()))
        return f" ({told})" if told else ""

    def _read(self, step: Callable[[str, int, int | None], None]) -> "Lanes":
        from terrace.domain.exports.lanes import Lanes

        if self._lanes is None:
            found = Lanes(self._labels)
            for source in self._sources:
                found.read(source, lambda lines: step("looking", lines, None))
            self._lanes = found
        return self._lanes


def _each(
    chosen: Sequence[str],
    run: _Run,
    order: Callable[[str], "Order"],
    *,
    everything: bool,
) -> TerraceError | None:
    """Writes every format; the error of the last one that failed and could have held the labels."""
    from terrace_cli.commands.convert import say
    from terrace_cli.convert.run import UNFIT, code_of

    failed: TerraceError | None = None
    written = 0
    for name in chosen:
        one = order(name)
        try:
            done, left_out, lacking = run.write(one)
        except TerraceError as error:
            if not everything and len(chosen) == 1:
                raise
            why = f"{error} ({error.hint})" if error.hint else str(error)
            unfit = everything and code_of(error) in UNFIT
            click.echo(printable(f"{name}: not written: {why}"), err=not unfit)
            if not unfit:
                failed = TerraceError(f"{name} could not be written", error.hint, EXIT_WRONG)
            continue
        written += 1
        say(done, name, one.out, run.why(done))
        if left_out:
            click.echo(f"  label attributes it has no place for: {', '.join(left_out)}")
        for attribute, count in lacking.items():
            click.echo(f"  {count} items have no such label of {attribute}, only of other lanes")
    if not written and everything:
        return TerraceError("no format was written", failed.hint if failed else "", EXIT_WRONG)
    return failed


def _formats(names: Sequence[str]) -> list[str]:
    import difflib

    from terrace.domain.exports.formats import FORMATS

    for name in names:
        if name != ALL and name not in FORMATS:
            near = difflib.get_close_matches(name.lower(), [*FORMATS, ALL], n=1)
            meant = f"; did you mean {near[0]}?" if near else ""
            raise click.UsageError(f"--format {name!r} is none of all, {', '.join(FORMATS)}{meant}")
    return list(FORMATS) if ALL in names else list(dict.fromkeys(names))


def _nothing(conflict: Any, held_back: float) -> Any:
    from terrace.domain.exports.dataset import Wanted

    return Wanted((), conflict=conflict, held_back=held_back)


def _say_problem(shown: dict[str, Any]) -> None:
    """Says that what is exported is not all of the batch, where that is so."""
    problem = (shown.get("outputs") or {}).get("deliveryProblem")
    if problem:
        text = f"{shown.get('batchId')} was not delivered whole: {problem}"
        click.echo(printable(text), err=True)


def _shown(batch_id: str, choice: Choice) -> dict[str, Any]:
    """What the API says of a batch."""
    from terrace_cli.client import Client

    try:
        return Client(find_target(choice)).show(batch_id)
    except ApiError as error:
        if error.status == 404:
            raise TerraceError(
                f"there is no batch {batch_id}",
                "terrace show lists them; a manifest is converted with terrace convert",
                EXIT_WRONG,
            ) from error
        raise


def _s3(choice: Choice) -> Callable[[], Any]:
    """Makes the client of the S3 that the batch is in."""
    from terrace_cli.s3 import client_of
    from terrace_cli.storage import storage_of

    if choice.api_url:
        return lambda: client_of(choice)
    return lambda: storage_of(choice).s3
