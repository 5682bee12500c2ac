"""Worker pages: a template of `worker_ui/` made ready for one job.

Ground Truth renders the Liquid itself, once per task, so all that belongs to the job and not to
the item must stand in the uploaded text: instructions, and the attribute under review.
"""

import html
import re

from terrace.domain.request import Instructions

AUDITED_MARK = "terrace:audited-attribute"
"""Stands inside Liquid string literals, which know no escapes."""
EXAMPLES_MARK = "<!-- terrace:examples -->"
_ATTRIBUTE = re.compile(r"""[^"'{}<>&%\\\x00-\x1f\x7f]+""")
_LIQUID = str.maketrans({"{": "&#123;", "}": "&#125;"})


def render_source(
    template: str, *, instructions: Instructions | None, audited_attribute: str | None
) -> str:
    """The text to upload as a job's UiTemplate.

    Args:
        template: a file of `worker_ui/`.
        instructions: of the request. Text, not HTML: it is escaped, and its line breaks become
            paragraphs. What is not given keeps the template's own words. Examples are images in
            S3, which workers read by a link that Ground Truth makes for each task.
        audited_attribute: the attribute whose labels the page shows.

    Raises:
        ValueError: where the template shows existing labels and no attribute is named, or one
            whose name cannot stand there (`can_name`).
    """
    text = template
    if AUDITED_MARK in text:
        if not audited_attribute or not can_name(audited_attribute):
            raise ValueError(f"this page shows existing labels; {audited_attribute!r} names none")
        text = text.replace(AUDITED_MARK, audited_attribute)
    if instructions is not None:
        text = _put(text, "short-instructions", instructions.shortInstruction)
        text = _put(text, "full-instructions", instructions.fullInstruction)
    return text.replace(EXAMPLES_MARK, _examples(instructions))


def can_name(attribute: str) -> bool:
    """True for attribute names that a page can hold; labels made elsewhere have any name."""
    return _ATTRIBUTE.fullmatch(attribute) is not None


def paragraphs(text: str) -> str:
    """Plain text as HTML that shows it as it was written; Liquid in it has no effect.

    >>> paragraphs("Boxes < 5 px: skip.")
    '<p>Boxes &lt; 5 px: skip.</p>'
    """
    lines = (line.strip() for line in text.splitlines())
    return "\n".join(f"<p>{html.escape(line).translate(_LIQUID)}</p>" for line in lines if line)


def _put(template: str, place: str, text: str | None) -> str:
    """Replaces what stands between the two marks of a place."""
    if not text or not text.strip():
        return template
    marks = re.compile(rf"<!-- terrace:{place} -->.*?<!-- /terrace:{place} -->", re.DOTALL)
    return marks.sub(lambda _: paragraphs(text), template)


def _examples(instructions: Instructions | None) -> str:
    """The images of work done well and badly, each with its heading; empty where there are none."""
    if instructions is None:
        return ""
    shown = (
        ("Good example", "terrace_good", instructions.goodExampleS3Uri),
        ("Bad example", "terrace_bad", instructions.badExampleS3Uri),
    )
    return "\n".join(_example(title, name, uri) for title, name, uri in shown if uri)


def _example(title: str, variable: str, uri: str) -> str:
    """One image. Its URI goes through a variable: a Liquid literal could not hold every key."""
    return (
        f"<h3>{title}</h3>\n"
        f"{{% capture {variable} %}}{liquid_text(uri)}{{% endcapture %}}"
        f'<p><img src="{{{{ {variable} | grant_read_access }}}}" alt="{title}" '
        'style="max-width: 100%"></p>'
    )


def liquid_text(text: str) -> str:
    """The text as Liquid that puts it out unchanged: a brace cannot open anything.

    >>> liquid_text("a{{b}}")
    'a{{ "{" }}{{ "{" }}b}}'
    """
    return text.replace("{", '{{ "{" }}')
