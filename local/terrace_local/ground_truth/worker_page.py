"""The worker task template of a job, rendered for each task as Ground Truth does.

Liquid with auto-escape, and the filters of the developer guide's page on custom templates
(sms-custom-templates-step2): ``escape``, ``escape_once``, ``skip_autoescape``, ``to_json``,
``grant_read_access`` (``s3_presign`` is its older name). As in the guide's examples, what
``to_json`` gives is not escaped unless the template says so.
"""

import html
import json
from collections.abc import Callable
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any

from liquid import Environment
from liquid.exceptions import LiquidError, TemplateNotFoundError
from markupsafe import Markup

from terrace_local.ground_truth.families.base import ItemProblem
from terrace_local.ground_truth.s3files import InputProblem

# RenderUiTemplate's model allows this much for each (characters).
TEMPLATE_CHARS = 128_000
TASK_INPUT_CHARS = 128_000

# python-liquid has these, Ground Truth's documentation does not.
_FOREIGN_FILTERS = ("safe", "escapejs")


@dataclass(frozen=True)
class Element:
    """One element of a rendered page; names of attributes are in lower case, as HTML has it."""

    tag: str
    attributes: dict[str, str]


@dataclass(frozen=True)
class Rendered:
    """One task's page.

    Attributes:
        html: The page as the worker's browser gets it.
        elements: Its elements, in document order.
        given: The task's input as the template saw it.
    """

    html: str
    elements: tuple[Element, ...]
    given: dict[str, Any]

    def first(self, *tags: str) -> Element | None:
        """The first element with one of these tags."""
        return next((element for element in self.elements if element.tag in tags), None)

    def name_of(self, *tags: str, default: str) -> str:
        """Under which name the answer of the first such element is handed in."""
        element = self.first(*tags)
        return (element.attributes.get("name") if element is not None else None) or default


class WorkerPage:
    """A template that was found good.

    Args:
        text: The template.
        uri: Where it came from, for messages.
        presign: Gives a short-lived https URL of an S3 URI.

    Raises:
        InputProblem: when it is too long or no Liquid template; the job fails with that.
    """

    def __init__(self, text: str, uri: str, presign: Callable[[str], str]) -> None:
        if len(text) > TEMPLATE_CHARS:
            raise _problem(
                uri, f"it has {len(text)} characters, at most {TEMPLATE_CHARS} are possible"
            )
        self.text = text
        self._uri = uri
        environment = _environment(presign)
        try:
            self._template = environment.from_string(text)
            used = self._template.analyze().filters
        except LiquidError as error:
            raise _problem(uri, _in_words(error)) from error
        unknown = sorted(set(used) - set(environment.filters))
        if unknown:
            raise _problem(uri, f"unknown filter {', '.join(unknown)}")

    def render(self, task_input: dict[str, Any]) -> Rendered:
        """The page of one task; ``task_input`` is there as ``task.input``.

        Raises:
            ItemProblem: when this task cannot be shown.
        """
        size = len(json.dumps(task_input, ensure_ascii=False))
        if size > TASK_INPUT_CHARS:
            raise ItemProblem(
                f"ClientError: The task's input has {size} characters, at most "
                f"{TASK_INPUT_CHARS} are possible."
            )
        try:
            page = self._template.render(task={"input": task_input})
        except LiquidError as error:
            raise ItemProblem(
                f"ClientError: The worker task template {self._uri} cannot be rendered: "
                f"{_in_words(error)}."
            ) from error
        reader = _Reader()
        reader.feed(page)
        reader.close()
        return Rendered(page, tuple(reader.elements), task_input)


def _problem(uri: str, text: str) -> InputProblem:
    return InputProblem(f"ClientError: The worker task template {uri} is invalid: {text}.")


def _in_words(error: LiquidError) -> str:
    """What is wrong, and in which line; python-liquid's own text quotes the template."""
    if isinstance(error, TemplateNotFoundError):
        return "a template cannot include another one"
    context = error.context()
    line = f" in line {context[0]}" if context else ""
    return f"{str(error.args[0]) if error.args else type(error).__name__}{line}"


def _environment(presign: Callable[[str], str]) -> Environment:
    def grant_read_access(value: object) -> str:
        uri = str(value)
        if not uri.startswith("s3://"):
            raise LiquidError("grant_read_access needs an S3 URI", token=None)
        return presign(uri)

    environment = Environment(autoescape=True)
    for name in _FOREIGN_FILTERS:
        environment.filters.pop(name, None)
    environment.filters.update(
        {
            "to_json": _to_json,
            "escape": _escape,
            "escape_once": _escape_once,
            "skip_autoescape": lambda value: Markup(_text(value)),
            "grant_read_access": grant_read_access,
            "s3_presign": grant_read_access,
        }
    )
    return environment


def _text(value: object) -> str:
    return "" if value is None else str(value)


def _to_json(value: object) -> Markup:
    return Markup(json.dumps(value, ensure_ascii=False, default=lambda _: None))


def _escape(value: object) -> Markup:
    # Also what is safe already: `to_json | escape` is how JSON gets into an attribute.
    return Markup(html.escape(_text(value)).replace("&#x27;", "&#39;"))


def _escape_once(value: object) -> Markup:
    return _escape(html.unescape(_text(value)))


class _Reader(HTMLParser):
    """Collects the elements of a page."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[Element] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(Element(tag, {name: value or "" for name, value in attrs}))
