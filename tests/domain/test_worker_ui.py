"""Worker pages: complete, and safe to put anybody's words in.

Every page is made as Terrace uploads it, rendered as Ground Truth renders it, and read as HTML.
"""

import json
import re
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from terrace.domain import s3uri, skeleton_page, worker_ui
from terrace.domain.modalities import MODALITIES, SKELETON_TEMPLATE
from terrace.domain.request import Instructions
from terrace.runtime.worker_pages import FOLDER, PARTS, template
from terrace_local.ground_truth.families.base import ItemProblem
from terrace_local.ground_truth.worker_page import WorkerPage
from tests.data.shared_data import sample_lines

PAGES = sorted({row.ui_template for row in MODALITIES.values() if row.ui_template})
ATTRIBUTE = "2-dogs"
EXAMPLES = Instructions(
    goodExampleS3Uri="s3://bucket/good.png", badExampleS3Uri="s3://bucket/bad.png"
)
JSON_ATTRIBUTES = ("labels", "categories", "overlay", "initial-value")


def page(name: str, instructions: Instructions | None = None) -> str:
    return worker_ui.render_source(
        template(name), instructions=instructions, audited_attribute=ATTRIBUTE
    )


def presign(uri: str) -> str:
    """As S3 does it: percent-encoded, and with an ampersand."""
    place = s3uri.parse(uri)
    key = "".join(c if c.isalnum() or c in "/._-" else f"%{ord(c):x}" for c in place.key)
    return f"https://{place.bucket}.s3.amazonaws.com/{key}?X-Amz-Expires=3600&X-Amz-Signature=0a"


class Dom(HTMLParser):
    """The structure of a page (tags, and names of attributes), and what is in it."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.structure: list[tuple[str, ...]] = []
        self.values: dict[tuple[str, str], list[str]] = {}
        self.text: dict[str, str] = {}
        self.order: list[tuple[tuple[str, ...], str, str | None]] = []
        """Elements and texts in their order: what they are in, a tag, a text."""
        self._open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.structure.append((tag, *(name for name, _ in attrs)))
        self.order.append((tuple(self._open), tag, None))
        for name, value in attrs:
            self.values.setdefault((tag, name), []).append(value or "")
        if tag not in {"img", "br", "input"}:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        self.structure.append((f"/{tag}",))
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.order.append((tuple(self._open), "", data))
        if self._open:
            self.text[self._open[-1]] = self.text.get(self._open[-1], "") + data

    def handle_comment(self, data: str) -> None:
        self.structure.append(("!--", data))

    def handle_decl(self, decl: str) -> None:
        self.structure.append(("!", decl))

    def unknown_decl(self, data: str) -> None:
        self.structure.append(("<![", data))

    def handle_pi(self, data: str) -> None:
        self.structure.append(("<?", data))

    def inside(self, tag: str) -> str:
        """What is in the one element of a tag: `<p>` before each paragraph, and its text."""
        return "".join(
            f"<{inner}>" if text is None else text.strip()
            for outer, inner, text in self.order
            if tag in outer and inner in {"p", ""}
        )

    def json_of(self, name: str) -> Any:
        """The JSON that the page's one crowd element is given under a name."""
        found = [v for (tag, a), v in self.values.items() if a == name and tag.startswith("crowd-")]
        return json.loads(found[0][0]) if found else None


def task(words: list[str], source: str = "s3://input-bucket/a.jpg", text: str = "") -> Any:
    """A task as the built-in functions make it, with these words for all labels."""
    names = {str(number): word for number, word in enumerate(words)}
    colors = {
        "0": {"class-name": "BACKGROUND", "hex-color": "#ffffff"},
        **{str(n + 1): {"class-name": w, "hex-color": f"#0000{n:02x}"} for n, w in names_of(words)},
    }
    boxes = [
        {"class_id": number, "left": number + 0.5, "top": 1, "width": 2, "height": 3}
        for number in range(len(words))
    ]
    return {
        "boxes": {
            "taskObject": source,
            "labels": words,
            "manifestLine": {
                "source-ref": source,
                ATTRIBUTE: {"annotations": boxes},
                f"{ATTRIBUTE}-metadata": {"class-map": names},
            },
        },
        "mask": {
            "taskObject": source,
            "labels": words,
            "manifestLine": {
                "source-ref": source,
                ATTRIBUTE: "s3://batch-bucket/mask one.png",
                f"{ATTRIBUTE}-metadata": {"internal-color-map": colors},
            },
        },
        "text": {"taskObject": text, "labels": words, "manifestLine": {"source": text}},
    }


def names_of(words: list[str]) -> list[tuple[int, str]]:
    return list(enumerate(words))


def kind(name: str) -> str:
    if name.startswith("text-"):
        return "text"
    return "mask" if name.startswith("semantic-") else "boxes"


def shown(name: str, words: list[str], text: str = "", given_: Instructions | None = None) -> Dom:
    """A page of a task, as a browser reads it."""
    made = WorkerPage(page(name, given_), "s3://b/page", presign)
    return Dom(made.render(task(words, text=text)[kind(name)]).html)


# --- what is shipped --------------------------------------------------------------------------
def test_every_page_of_the_table_is_shipped_and_every_shipped_page_is_used() -> None:
    shipped = {path.name for path in FOLDER.glob("*.liquid.html")}
    assert shipped - {SKELETON_TEMPLATE} == set(PAGES)


def test_every_part_is_used_and_every_part_that_is_named_is_put_in() -> None:
    named = {
        part
        for path in FOLDER.glob("*.liquid.html")
        for part in re.findall(r"terrace:part ([a-z-]+)", path.read_text(encoding="utf-8"))
    }
    assert {path.name.removesuffix(".liquid.html") for path in PARTS.iterdir()} == named
    assert not [name for name in PAGES if "terrace:part" in page(name)]


@pytest.mark.parametrize("name", PAGES)
def test_a_page_has_what_ground_truth_needs(name: str) -> None:
    text = page(name)
    assert "https://assets.crowd.aws/crowd-html-elements.js" in text
    assert re.search(r"\{\{ task.input.taskObject( \| grant_read_access)? \}\}", text)
    assert "{{ task.input.labels | to_json | escape }}" in text
    assert worker_ui.AUDITED_MARK not in text
    assert len(text) < 128_000


ELEMENTS = {
    "bounding-box": ("crowd-bounding-box", "boundingBox"),
    "bounding-box-adjustment": ("crowd-bounding-box", "boundingBox"),
    "bounding-box-verification": ("crowd-image-classifier", "crowd-image-classifier"),
    "image-classification": ("crowd-image-classifier", "crowd-image-classifier"),
    "image-classification-multi-label": (
        "crowd-image-classifier-multi-select",
        "crowd-image-classifier-multi-select",
    ),
    "semantic-segmentation": ("crowd-semantic-segmentation", "crowd-semantic-segmentation"),
    "semantic-segmentation-adjustment": (
        "crowd-semantic-segmentation",
        "crowd-semantic-segmentation",
    ),
    "semantic-segmentation-verification": ("crowd-image-classifier", "crowd-image-classifier"),
    "text-classification": ("crowd-classifier", "crowd-classifier"),
    "text-classification-multi-label": (
        "crowd-classifier-multi-select",
        "crowd-classifier-multi-select",
    ),
    "video-classification": ("crowd-classifier", "crowd-classifier"),
}
"""By page, the element that the built-in functions expect answers of, and its name."""


@pytest.mark.parametrize("name", PAGES)
def test_a_page_has_the_one_element_its_task_is_answered_with(name: str) -> None:
    found = shown(name, ["one", "two"])
    element, answered_as = ELEMENTS[name.removesuffix(".liquid.html")]
    crowd = [tag for tag, *_ in found.structure if tag.startswith("crowd-")]
    assert crowd == ["crowd-form", element]
    assert found.values[element, "name"] == [answered_as]
    assert found.values[element, "header"][0].strip()
    for place in ("short-instructions", "full-instructions"):
        assert (place,) in found.structure or (place, "header") in found.structure


# --- words of others ----------------------------------------------------------------------------
HARMLESS = ["one", "two", "three"]
NASTY = [
    'dog\'s "best"',
    "</script><script>alert(1)</script>",
    "<!-- <![CDATA[ <? &amp; &quot; &#39; &lt;b&gt;",
    "{{ task.input }} {% raw %} }} %}",
    "' onmouseover='x' \" onload=\"x",
    "🐕‍🦺 naïve ﷽ كلب \u202e gnihtyna \u2028 \\ \\u003c /",
    "tab\tand\nline\r\nbreaks",
    "",
    " ",
]
WORDS = st.lists(
    st.sampled_from(NASTY) | st.text(st.characters(exclude_categories=["Cs"])), max_size=4
)


@pytest.mark.parametrize("name", PAGES)
@settings(max_examples=40, deadline=None)
@given(words=WORDS, text=st.sampled_from(NASTY) | st.text())
def test_no_label_or_text_can_change_the_structure_of_a_page(
    name: str, words: list[str], text: str
) -> None:
    # Given the same page with harmless words
    plain = shown(name, [f"w{number}" for number in range(len(words))], "a text")
    # When it is shown with any words
    found = shown(name, words, text)
    # Then it has the same elements with the same attributes
    assert found.structure == plain.structure
    # And the words arrive as they are
    assert found.json_of("labels") or found.json_of("categories") or words == []


def test_the_test_of_structure_would_notice() -> None:
    broken = WorkerPage("<p>{{ task.input.taskObject | skip_autoescape }}</p>", "s3://b/p", presign)
    nasty = broken.render({"taskObject": NASTY[1]}).html
    plain = broken.render({"taskObject": "one"}).html
    with pytest.raises(AssertionError):
        assert Dom(nasty).structure == Dom(plain).structure


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("words", [NASTY[:7], ["one"], []], ids=["nasty", "one", "none"])
def test_json_in_attributes_is_what_was_given(name: str, words: list[str]) -> None:
    found = shown(name, words)
    given_labels = found.json_of("labels")
    assert (given_labels if given_labels is not None else found.json_of("categories")) == words
    boxes = [
        {"label": word, "left": number + 0.5, "top": 1, "width": 2, "height": 3}
        for number, word in enumerate(words)
    ]
    mask = {
        "src": presign("s3://batch-bucket/mask one.png"),
        "labelMappings": {word: {"color": f"#0000{n:02x}"} for n, word in enumerate(words)},
    }
    expected: dict[str, Any] = {
        "bounding-box-adjustment": ("initial-value", boxes),
        "bounding-box-verification": (
            "overlay",
            {"boundingBox": {"labels": words, "value": boxes}},
        ),
        "semantic-segmentation-adjustment": ("initial-value", mask),
        "semantic-segmentation-verification": (
            "overlay",
            {"semanticSegmentation": {**mask, "labels": words}},
        ),
    }
    stem = name.removesuffix(".liquid.html")
    if stem in expected:
        attribute, value = expected[stem]
        assert found.json_of(attribute) == value
    else:
        assert found.json_of("overlay") is found.json_of("initial-value") is None


@pytest.mark.parametrize("text", NASTY)
@pytest.mark.parametrize("name", [name for name in PAGES if name.startswith("text-")])
def test_a_text_is_shown_to_the_letter(name: str, text: str) -> None:
    assert shown(name, ["a", "b"], text).text.get("classification-target", "") == text


def test_a_box_of_a_manifest_made_by_hand_cannot_break_the_page() -> None:
    # Given boxes with a class that has no name, and with words for numbers
    made = WorkerPage(page("bounding-box-adjustment.liquid.html"), "s3://b/page", presign)
    given_ = task(["one"])["boxes"]
    given_["manifestLine"][ATTRIBUTE]["annotations"] = [{"class_id": 7, "left": NASTY[4]}]
    # When it is shown, then its JSON is still JSON, with what was there
    [box] = Dom(made.render(given_).html).json_of("initial-value")
    assert (box["label"], box["left"], box["top"]) == (None, NASTY[4], None)


def test_what_is_no_s3_uri_is_not_linked() -> None:
    made = WorkerPage(page("bounding-box.liquid.html"), "s3://b/page", presign)
    with pytest.raises(ItemProblem, match="needs an S3 URI"):
        made.render(task(["one"], source="javascript:alert(1)")["boxes"])


REAL = {
    "bounding-box": "real/image_bounding_box/sample_output.100lines.manifest",
    "semantic-segmentation": "real/image_semantic_segmentation/output.manifest",
}


@pytest.mark.parametrize("stem", REAL)
def test_every_label_of_a_real_job_is_shown_for_review(stem: str) -> None:
    # Given the lines of a real output manifest, and the pages that review them
    lines = [json.loads(line) for line in sample_lines(REAL[stem]) if line.strip()]
    attribute = next(key.removesuffix("-metadata") for key in lines[0] if key.endswith("-metadata"))
    pages = {
        review: WorkerPage(
            worker_ui.render_source(
                template(f"{stem}-{review}.liquid.html"),
                instructions=None,
                audited_attribute=attribute,
            ),
            "s3://b/page",
            presign,
        )
        for review in ("adjustment", "verification")
    }
    assert lines
    for line in lines:
        given_ = {"taskObject": line["source-ref"], "labels": ["x"], "manifestLine": line}
        # When they are shown
        begin = Dom(pages["adjustment"].render(given_).html).json_of("initial-value")
        [judged] = Dom(pages["verification"].render(given_).html).json_of("overlay").values()
        # Then all that was labeled is there, under its name
        metadata = line[f"{attribute}-metadata"]
        if stem == "bounding-box":
            boxes = line[attribute]["annotations"]
            names = [metadata["class-map"][str(box["class_id"])] for box in boxes]
            assert [box["label"] for box in begin] == names
            assert [box["width"] for box in begin] == [box["width"] for box in boxes]
            assert judged["value"] == begin
        else:
            colors = {
                entry["class-name"]: {"color": entry["hex-color"]}
                for entry in metadata["internal-color-map"].values()
                if entry["class-name"] != "BACKGROUND"
            }
            assert begin == {"src": presign(line[attribute]), "labelMappings": colors}
            assert judged == {**begin, "labels": list(colors)}


# --- the skeleton page ---------------------------------------------------------------------------
def skeleton(words: list[str], text: str) -> Dom:
    """The skeleton page of a review, with these words for the points' labels and earlier ids."""
    rig = [
        {"id": number, "color": word, "label": word, "x": 0.1, "y": 0.2}
        for number, word in enumerate(words)
    ]
    earlier = [{"id": word, "keypoints": [{"label": word, "x": 1, "y": 2}]} for word in words]
    source = skeleton_page.fill(
        template(SKELETON_TEMPLATE),
        category_file={"keypointClasses": rig, "skeletonRig": [words[:2]]},
        reviews=True,
        script="",
        address="https://example.com/x.js",
    )
    made = worker_ui.render_source(
        source,
        instructions=Instructions(shortInstruction=text or "."),
        audited_attribute=ATTRIBUTE,
    )
    line = {"source-ref": "s3://bucket/a.jpg", ATTRIBUTE: {"updated_annotations": earlier}}
    given_ = {"taskObject": "s3://bucket/a.jpg", "dataObject": line, "labels": words}
    return Dom(WorkerPage(made, "s3://b/page", presign).render(given_).html)


@settings(max_examples=40, deadline=None)
@given(words=WORDS, text=st.sampled_from(NASTY[:6]))
def test_no_rig_or_earlier_answer_can_change_the_skeleton_page(words: list[str], text: str) -> None:
    plain = skeleton(
        [f"w{number}" for number in range(len(words))], "\n".join(["a"] * shown_lines(text))
    )
    found = skeleton(words, text)
    assert found.structure == plain.structure

    def json_of(name: str) -> Any:
        return json.loads(found.values["crowd-2d-skeleton", name][0])

    assert [point["label"] for point in json_of("keypointclasses")] == words
    assert json_of("skeletonrig") == [words[:2]]
    assert [person["id"] for person in json_of("initialvalues")] == words


def shown_lines(text: str) -> int:
    return len([line for line in text.splitlines() if line.strip()])


# --- instructions ----------------------------------------------------------------------------
@pytest.mark.parametrize("name", PAGES)
@settings(max_examples=30, deadline=None)
@given(short=st.sampled_from(NASTY) | st.text(), full=st.sampled_from(NASTY) | st.text())
def test_instructions_are_shown_as_written_and_are_neither_html_nor_liquid(
    name: str, short: str, full: str
) -> None:
    found = shown(name, HARMLESS, given_=Instructions(shortInstruction=short, fullInstruction=full))
    own = shown(name, HARMLESS)
    for place, text in (("short", short), ("full", full)):
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        mark = ("!--", f" terrace:{place}-instructions ")
        # Then each line is a paragraph, in the place of the page's own words
        assert (mark in found.structure) == (not lines)
        if lines:
            assert found.inside(f"{place}-instructions").count("<p>") == len(lines)
    # And all else is as without instructions
    words = {"p", "ul", "li", "!--"}
    assert [e for e in found.structure if e[0].strip("/") not in words] == [
        e for e in own.structure if e[0].strip("/") not in words
    ]


def test_instructions_arrive_to_the_letter() -> None:
    text = "\n".join(["Boxes < 5 px & 'far'", *NASTY[:6]])
    given_ = Instructions(shortInstruction=text)
    found = shown("bounding-box.liquid.html", HARMLESS, given_=given_)
    lines = [line.strip() for line in text.splitlines()]
    assert found.inside("short-instructions").split("<p>")[1:] == lines


@pytest.mark.parametrize("given_", [None, Instructions(), Instructions(shortInstruction="  ")])
def test_without_instructions_the_page_has_its_own_words(given_: Instructions | None) -> None:
    name = "bounding-box.liquid.html"
    own = template(name).replace(worker_ui.EXAMPLES_MARK, "")
    assert page(name, given_) == own


@pytest.mark.parametrize("name", PAGES)
def test_examples_are_shown_by_a_link_of_ground_truths(name: str) -> None:
    found = shown(name, HARMLESS, given_=EXAMPLES)
    images = found.values["img", "src"]
    assert images == [presign("s3://bucket/good.png"), presign("s3://bucket/bad.png")]
    assert found.values["img", "alt"] == ["Good example", "Bad example"]
    only_bad = shown(name, HARMLESS, given_=Instructions(badExampleS3Uri="s3://bucket/bad.png"))
    assert only_bad.values["img", "alt"] == ["Bad example"]
    assert ("img", "src") not in shown(name, HARMLESS).values


KEYS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1).filter(
    lambda key: s3uri.problem(f"s3://bucket/{key}") is None
)


@settings(max_examples=60, deadline=None)
@given(key=KEYS | st.sampled_from(["a{{b}}%}", "{% raw %}", 'it\'s "x".png', "{", "{{ '"]))
def test_the_key_of_an_example_is_read_as_it_is(key: str) -> None:
    uri = f"s3://bucket/{key}"
    asked: list[str] = []

    def grant(given_uri: str) -> str:
        asked.append(given_uri)
        return presign(given_uri)

    text = page("image-classification.liquid.html", Instructions(goodExampleS3Uri=uri))
    WorkerPage(text, "s3://b/page", grant).render(task(HARMLESS)["boxes"])
    assert uri in asked


# --- the attribute under review ------------------------------------------------------------------
@pytest.mark.parametrize("attribute", [None, "", 'x" %}', "a'b", "{{x", "<b>", "a\\"])
def test_a_page_that_shows_labels_needs_the_name_of_a_real_attribute(attribute: str | None) -> None:
    with pytest.raises(ValueError, match="existing labels"):
        worker_ui.render_source(
            template("bounding-box-adjustment.liquid.html"),
            instructions=None,
            audited_attribute=attribute,
        )


def test_a_name_cannot_lead_out_of_the_folder() -> None:
    with pytest.raises(FileNotFoundError):
        template("../terrace/errors.py")
