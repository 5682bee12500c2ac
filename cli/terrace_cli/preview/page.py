"""One item, rendered as Ground Truth renders it, in a page that also says something offline."""

import html
import json
from itertools import islice
from typing import Any

from terrace.domain import custom_task, manifest
from terrace.domain.manifest import Item
from terrace.domain.problems import Problem
from terrace_cli.errors import EXIT_WRONG, TerraceError
from terrace_cli.preview.files import Files
from terrace_cli.preview.job import PreviewJob

STYLE = """
  body { margin: 0; font-family: system-ui, sans-serif; }
  #terrace-preview { margin: 0; padding: .5rem 1rem; background: #fff3cd; color: #533f03; }
  #terrace-plain { padding: 1rem; border-top: 1px solid #999; }
  #terrace-plain img, #terrace-plain video { max-width: 100%; max-height: 60vh; }
  #terrace-plain pre { white-space: pre-wrap; overflow-wrap: anywhere; background: #f4f4f4;
    padding: .5rem; }
  crowd-form:defined ~ #terrace-plain { display: none; }
  crowd-form:not(:defined), crowd-form:not(:defined) > *, short-instructions, full-instructions,
  worker-comment, classification-target { display: block; padding: .25rem 1rem; }
"""


def render(job: PreviewJob, number: int, files: Files) -> str:
    """The whole page.

    Args:
        job: The job.
        number: Of the item in its manifest, from 1; blank lines do not count.
        files: Where its data is.

    Raises:
        TerraceError: The item, or the template, cannot be shown.
    """
    from terrace_local.ground_truth.families.base import ItemProblem
    from terrace_local.ground_truth.s3files import InputProblem
    from terrace_local.ground_truth.worker_page import WorkerPage

    item = find_item(job, number, files)
    text, name = job.page()
    given = task_input(job, item, files)
    try:
        page = WorkerPage(text, name, files.show).render(given).html
    except (InputProblem, ItemProblem) as error:
        raise _wrong(str(error).removeprefix("ClientError: ")) from error
    return _document(job, item, given, page, files.shown)


def find_item(job: PreviewJob, number: int, files: Files) -> Item:
    """The item of a manifest; TerraceError where it is not there, or its line is wrong."""
    place = job.manifest()
    lines = files.lines(place, "the manifest")
    sources = job.modality.input_attributes
    items = (
        found
        for at, line in enumerate(lines, start=1)
        if (found := manifest.parse_line(at, line, uri=place, sources=sources)) is not None
    )
    found = next(islice(items, number - 1, None), None)
    if found is None:
        raise _wrong(f"the manifest {place} has no item {number}", "--item counts from 1")
    if isinstance(found, Problem):
        raise _wrong(f"{found.path}: {found.problem}", found.fix)
    attribute = job.attribute()
    if job.modality.review and attribute and not manifest.is_labeled(found, attribute):
        raise _wrong(
            f"{found_at(place, found)} has no label {attribute!r}: it would not be sent to people",
            f"choose another --item, or --attribute: its keys are {', '.join(found.data)}",
        )
    return found


def found_at(place: str, item: Item) -> str:
    """How messages name an item."""
    return manifest.at_line(place, item.number)


def task_input(job: PreviewJob, item: Item, files: Files) -> dict[str, Any]:
    """What the template reads as `task.input`, as the job's pre-annotation function gives it."""
    if job.modality.custom:
        given: dict[str, Any] = custom_task.task_input(item.data, job.labels)["taskInput"]
        return given
    source = item.source
    if job.modality.family == "text" and "source-ref" in item.data:
        source = files.text(source, "the text")
    found: dict[str, Any] = {"taskObject": source, "labels": job.labels}
    if job.modality.review:
        found["manifestLine"] = item.data
    return found


def _document(
    job: PreviewJob, item: Item, given: dict[str, Any], page: str, shown: list[str]
) -> str:
    title = f"{job.spec.jobName}, line {item.number}"
    plain = "\n".join(_media(address) for address in shown)
    labels = "".join(f"<li>{html.escape(name)}</li>" for name in job.labels or [])
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Preview: {html.escape(title)}</title>
<style>{STYLE}</style>
</head>
<body>
<p id="terrace-preview">Preview of {html.escape(title)} ({html.escape(job.modality.name)}). \
Nothing was created, and nothing you do here is kept.</p>
{page}
<section id="terrace-plain">
<h2>Without the network</h2>
<p>The tools of this page are loaded from assets.crowd.aws. While they are not, here is what the \
task shows.</p>
{plain}
<h3>Labels</h3>
<ul>{labels}</ul>
<h3>task.input</h3>
<pre dir="auto">{html.escape(json.dumps(given, ensure_ascii=False, indent=2))}</pre>
</section>
</body>
</html>
"""


def _media(address: str) -> str:
    path = address.partition("?")[0].lower()
    if path.endswith((".mp4", ".webm", ".ogg")):
        return f'<p><video controls src="{html.escape(address)}"></video></p>'
    return f'<p><img alt="shown in the task" src="{html.escape(address)}"></p>'


def _wrong(text: str, hint: str = "") -> TerraceError:
    return TerraceError(text, hint, EXIT_WRONG)
