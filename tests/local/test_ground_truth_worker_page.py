"""Worker templates as Ground Truth renders them: Liquid, its filters, its limits."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terrace_local.ground_truth.families.base import ItemProblem
from terrace_local.ground_truth.s3files import InputProblem
from terrace_local.ground_truth.worker_page import TEMPLATE_CHARS, Rendered, WorkerPage

NASTY = '"it\'s" <script>alert(1)</script> & 🙂 שלום'


def page(text: str) -> WorkerPage:
    return WorkerPage(text, "s3://b/page.liquid", lambda uri: f"https://signed/{uri[5:]}?key=1&t=2")


def render(text: str, **given: Any) -> Rendered:
    return page(text).render(given)


def test_what_comes_from_the_data_is_escaped() -> None:
    shown = render("<p title='{{ task.input.taskObject }}'>{{ task.input.taskObject }}</p>",
                   taskObject=NASTY)  # fmt: skip

    assert [element.tag for element in shown.elements] == ["p"]
    assert shown.elements[0].attributes == {"title": NASTY}
    assert "<script>" not in shown.html


def test_json_in_an_attribute_comes_back_as_it_was() -> None:
    shown = render(
        '<crowd-classifier categories="{{ task.input.labels | to_json | escape }}">',
        labels=[NASTY, "plain"],
    )

    assert json.loads(shown.elements[0].attributes["categories"]) == [NASTY, "plain"]


@given(st.text())
def test_no_text_whatever_gets_out_of_its_place(text: str) -> None:
    shown = render(
        "<i title='{{ task.input.x }}' data-json='{{ task.input.x | to_json | escape }}'>"
        "{{ task.input.x }}</i><b></b>",
        x=text,
    )

    assert [element.tag for element in shown.elements] == ["i", "b"]
    assert shown.elements[0].attributes["title"] == text
    assert json.loads(shown.elements[0].attributes["data-json"]) == text


@pytest.mark.parametrize(
    ("template", "html"),
    [
        ("{{ task.input.x }}", "&lt;b&gt; &amp;amp;"),
        ("{{ task.input.x | escape }}", "&lt;b&gt; &amp;amp;"),
        ("{{ task.input.x | escape_once }}", "&lt;b&gt; &amp;"),
        ("{{ task.input.x | skip_autoescape }}", "<b> &amp;"),
        ("{{ task.input.y | to_json }}", '{"a": [1, "<"]}'),
        ("{{ task.input.none | to_json }}", "null"),
        ("{{ task.input.none }}", ""),
        ("{{ task.input.uri | grant_read_access | skip_autoescape }}", "https://signed/b/k?key=1&t=2"),
        ("{{ task.input.uri | s3_presign }}", "https://signed/b/k?key=1&amp;t=2"),
    ],
)  # fmt: skip
def test_each_documented_filter_does_what_the_guide_says(template: str, html: str) -> None:
    shown = render(template, x="<b> &amp;", y={"a": [1, "<"]}, uri="s3://b/k")

    assert shown.html == html


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ("{% if task.input.x %}", "expected tag endif"),
        ("\n\n{{ task.input.x | nonsense }}", "unknown filter nonsense"),
        ("{{ task.input.x | safe }}", "unknown filter safe"),
        ("{% include 'other' %}", "cannot include another"),
        ("{{ task.input.x", "line 1"),
        ("x" * (TEMPLATE_CHARS + 1), f"at most {TEMPLATE_CHARS}"),
    ],
    ids=["open tag", "unknown filter", "foreign filter", "include", "open braces", "too long"],
)
def test_a_broken_template_is_refused_with_the_reason(template: str, words: str) -> None:
    with pytest.raises(InputProblem, match=words) as caught:
        page(template)

    assert "s3://b/page.liquid" in str(caught.value)


@pytest.mark.parametrize("value", ["no uri", None, "https://x"])
def test_only_s3_uris_can_be_signed(value: str | None) -> None:
    with pytest.raises(ItemProblem, match="needs an S3 URI"):
        render("{{ task.input.taskObject | grant_read_access }}", taskObject=value)


def test_a_task_that_is_too_big_for_a_page_fails_alone() -> None:
    with pytest.raises(ItemProblem, match="at most 128000"):
        render("{{ task.input.taskObject }}", taskObject="x" * 128_000)


def test_the_answers_key_is_the_name_of_the_pages_element() -> None:
    shown = render("<crowd-form><crowd-classifier name='mood'></crowd-classifier></crowd-form>")

    assert shown.name_of("crowd-classifier", default="x") == "mood"
    assert shown.name_of("crowd-bounding-box", default="x") == "x"
