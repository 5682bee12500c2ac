"""Worker pages: complete, safe to put a user's words in, and valid where Liquid is at hand."""

import json
from html.parser import HTMLParser
from typing import Any

import pytest

from terrace.domain import worker_ui
from terrace.domain.modalities import MODALITIES
from terrace.domain.request import Instructions
from terrace.runtime.worker_pages import FOLDER, template

PAGES = sorted(row.ui_template for row in MODALITIES.values() if row.ui_template)


def page(name: str, instructions: Instructions | None = None) -> str:
    return worker_ui.render_source(
        template(name), instructions=instructions, audited_attribute="2-dogs"
    )


def test_every_page_of_the_table_is_shipped_and_every_shipped_page_is_used() -> None:
    assert sorted(path.name for path in FOLDER.glob("*.liquid.html")) == PAGES


@pytest.mark.parametrize("name", PAGES)
def test_a_page_has_what_ground_truth_needs(name: str) -> None:
    text = page(name)
    assert "https://assets.crowd.aws/crowd-html-elements.js" in text
    assert "{{ task.input.taskObject | grant_read_access }}" in text
    assert "{{ task.input.labels | to_json | escape }}" in text
    assert worker_ui.AUDITED_MARK not in text
    assert len(text) < 128_000


@pytest.mark.parametrize("name", PAGES)
def test_instructions_are_shown_as_written_and_cannot_become_html_or_liquid(name: str) -> None:
    given = Instructions(
        shortInstruction="Boxes < 5 px & 'far'",
        fullInstruction="{{ task.input }}\n<script>x()</script>\n\n{% raw %} \\1 \\g<0>",
    )
    text = page(name, given)
    assert "<p>Boxes &lt; 5 px &amp; &#x27;far&#x27;</p>" in text
    assert "<p>&#123;&#123; task.input &#125;&#125;</p>\n<p>&lt;script&gt;x()" in text
    assert "{% raw" not in text
    assert "\\1 \\g&lt;0&gt;" in text
    assert text.count("<script") == 1


@pytest.mark.parametrize("given", [None, Instructions(), Instructions(shortInstruction="  ")])
def test_without_instructions_the_page_has_its_own_words(given: Instructions | None) -> None:
    assert page("bounding-box.liquid.html", given) == template("bounding-box.liquid.html")


@pytest.mark.parametrize("attribute", [None, "", 'x" %}', "a_b", "-x"])
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


class Elements(HTMLParser):
    """Collects the JSON that crowd elements are given."""

    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, Any] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for key, value in attrs:
            if tag.startswith("crowd-") and key in (
                "labels",
                "categories",
                "overlay",
                "initial-value",
            ):
                self.found[key] = json.loads(value or "")


NAMES = {"0": 'dog\'s "best"', "5": "bone & <ball>"}
LINES = {
    "two boxes": {
        "2-dogs": {
            "annotations": [
                {"class_id": 0, "left": 1.5, "top": 2, "width": 3, "height": 4},
                {"class_id": 5, "left": 1, "top": 2, "width": 3, "height": 4},
            ]
        },
        "2-dogs-metadata": {"class-map": NAMES},
    },
    "no boxes": {"2-dogs": {"annotations": []}, "2-dogs-metadata": {"class-map": {}}},
}


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("case", LINES)
def test_rendered_as_liquid_a_page_gives_its_element_valid_json(name: str, case: str) -> None:
    liquid = pytest.importorskip("liquid", reason="python-liquid is not installed")
    # Given a page, rendered as Ground Truth does: auto-escaping, with its two filters
    environment = liquid.Environment(autoescape=True)
    environment.add_filter("to_json", json.dumps)
    environment.add_filter("grant_read_access", lambda uri: uri.replace("s3://", "https://s3/"))
    line = LINES[case]
    task = {
        "taskObject": "s3://inp/a.jpg",
        "labels": list(NAMES.values()),
        "manifestLine": {"source-ref": "s3://inp/a.jpg", **line},
    }
    elements = Elements()
    # When it is rendered and read as HTML
    elements.feed(environment.from_string(page(name)).render(task={"input": task}))
    # Then labels with quotes and brackets arrive whole, and each box has its class's name
    found = elements.found
    assert found.get("labels", found.get("categories")) == list(NAMES.values())
    boxes = found.get("initial-value", found.get("overlay", {}).get("boundingBox", {}).get("value"))
    if boxes is not None:
        given = line["2-dogs"]["annotations"]
        assert [box["label"] for box in boxes] == [NAMES[str(b["class_id"])] for b in given]
        assert [box["left"] for box in boxes] == [b["left"] for b in given]
