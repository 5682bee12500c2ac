"""Short texts with classes and names in them, some of which try to break a page.

Quotes, markup, a script, emoji and right-to-left script are in them on purpose: whatever shows,
stores or measures a text must carry them unharmed.
"""

import re
from typing import Any

from terrace_local.samples.sample import (
    LABELS,
    MANIFEST,
    PAGE,
    Sample,
    as_json,
    items_truth,
    manifest,
    simple_labels,
)
from terrace_local.workers.item_truth import (
    TRUTH_REF,
    ItemTruth,
    Span,
    items_truth_key,
)
from terrace_local.workers.truth import split_s3

_MARK = re.compile(r"\[([^|\]]+)\|([^\]]+)\]")

# [stretch|label] marks a name; the classes are a sentiment and what the text is about.
_TEXTS: tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...] = (
    (
        "[Ada Lovelace|Person] wrote: \"The crate reached [Turin|City] in one piece\" – 'thanks'!",
        ("Praise",),
        ("Delivery",),
    ),
    (
        '<script>alert("[Zürich|City]")</script> is what my screen showed; [Bob & Sons|Company]'
        " never answered. </textarea><b>Why?</b>",
        ("Complaint",),
        ("Support", "Quality"),
    ),
    (
        "🚚📦 came two days early to [São Paulo|City] 🇧🇷 – 👩‍🔧 even fixed the hinge. 10/10 🎉",
        ("Praise",),
        ("Delivery", "Quality"),
    ),
    (
        "وصلت الشحنة إلى [القاهرة|City] متأخرة، وقال [يوسف|Person] إن السعر مرتفع.",
        ("Complaint",),
        ("Delivery", 'Price & "extras"'),
    ),
    (
        "האם [תל אביב|City] נכללת במחיר? (asks [Noa|Person] of {{ company }} {% raw %})",
        ("Question",),
        ('Price & "extras"',),
    ),
    (
        "Line one\nline two\ttab \\ backslash: does [Globex|Company] ship to [東京|City]?",
        ("Question",),
        ("Delivery",),
    ),
)
SENTIMENTS = ["Praise", "Complaint", "Question"]
TOPICS = ["Delivery", 'Price & "extras"', "Quality", "Support"]
_PAGE = """\
<script src="https://assets.crowd.aws/crowd-html-elements.js"></script>

<crowd-form>
  <crowd-classifier
    name="mood"
    categories='["Praise", "Complaint", "Question"]'
    header="What does the writer want to say?"
  >
    <classification-target>{{ task.input.taskObject }}</classification-target>
    <short-instructions>Choose what fits best.</short-instructions>
    <full-instructions header="How to choose">
      A text that asks for something is a question, also where it complains.
    </full-instructions>
  </crowd-classifier>
</crowd-form>
"""
NAMES = (("Person", "Per"), ("City", "City"), ("Company", "Com"))


def parse(marked: str) -> tuple[str, tuple[Span, ...]]:
    """The bare text of a marked one, and where its names are."""
    text, entities, end = "", [], 0
    for match in _MARK.finditer(marked):
        text += marked[end : match.start()]
        entities.append(Span(len(text), len(text) + len(match.group(1)), match.group(2)))
        text += match.group(1)
        end = match.end()
    return text + marked[end:], tuple(entities)


def text_classes(base: str, seed: int, items: int) -> Sample:
    """Texts with one class each, inline in the manifest."""
    rows = [(text, ItemTruth(mood)) for text, mood, _ in _chosen(seed, items)]
    return _inline(base, rows, simple_labels(SENTIMENTS))


def texts_with_page(base: str, seed: int, items: int) -> Sample:
    """Texts for a Custom job with a worker page of its own."""
    plain = text_classes(base, seed, items)
    return Sample(base, {**plain.files, PAGE: _PAGE.encode()}, plain.truth)


def text_multi_classes(base: str, seed: int, items: int) -> Sample:
    """Texts with several classes, each a file of its own."""
    bucket, prefix = split_s3(base)
    files: dict[str, bytes] = {LABELS: simple_labels(TOPICS)}
    truths: dict[str, ItemTruth] = {}
    lines = []
    for number, (marked, _, topics) in enumerate(_chosen(seed, items), start=1):
        name = f"text{number}.txt"
        files[f"texts/{name}"] = parse(marked)[0].encode()
        truths[name] = ItemTruth(topics)
        lines.append({"source-ref": f"{base}texts/{name}"})
    files[MANIFEST] = manifest(lines)
    key = items_truth_key(f"s3://{bucket}/{prefix}texts/any")
    return Sample(base, files, {key: items_truth(truths)})


def entities(base: str, seed: int, items: int) -> Sample:
    """Texts with the names of persons, cities and companies in them."""
    rows = []
    for marked, _, _ in _chosen(seed, items):
        rows.append((marked, ItemTruth((), parse(marked)[1])))
    labels = as_json(
        {
            "document-version": "2018-11-28",
            "labels": [{"label": name, "shortDisplayName": short} for name, short in NAMES],
            "instructions": {
                "shortInstruction": "Mark every name.",
                "fullInstruction": "Mark the names of persons, cities and companies, with no blank "
                "or punctuation mark around them.",
            },
        }
    )
    return _inline(base, rows, labels)


def _chosen(seed: int, items: int) -> list[tuple[str, tuple[str, ...], tuple[str, ...]]]:
    return [_TEXTS[(seed + number) % len(_TEXTS)] for number in range(items)]


def _inline(base: str, rows: list[tuple[str, ItemTruth]], labels: bytes) -> Sample:
    bucket, _ = split_s3(base)
    key = items_truth_key(base + "any")
    lines: list[dict[str, Any]] = []
    truths: dict[str, ItemTruth] = {}
    for marked, truth in rows:
        text = parse(marked)[0]
        truths[text] = truth
        lines.append({"source": text, TRUTH_REF: f"s3://{bucket}/{key}"})
    files = {MANIFEST: manifest(lines), LABELS: labels}
    return Sample(base, files, {key: items_truth(truths)})
