"""Worker pages: a template of `worker_ui/` made ready for one job.

Ground Truth renders the Liquid itself, once per task, so all that belongs to the job and not to
the item must stand in the uploaded text: instructions, and the attribute under review.
"""

import html
import re

from terrace.domain.request import Instructions

AUDITED_MARK = "terrace:audited-attribute"
"""Stands inside Liquid string literals; attribute names have no character that could end one."""
_ATTRIBUTE = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*")
_LIQUID = str.maketrans({"{": "&#123;", "}": "&#125;"})


def render_source(
    template: str, *, instructions: Instructions | None, audited_attribute: str | None
) -> str:
    """The text to upload as a job's UiTemplate.

    Args:
        template: a file of `worker_ui/`.
        instructions: of the request. Text, not HTML: it is escaped, and its line breaks become
            paragraphs. What is not given keeps the template's own words.
        audited_attribute: the attribute whose labels the page shows.

    Raises:
        ValueError: where the template shows existing labels and no attribute is named, or the
            attribute's name is not one that Ground Truth accepts.
    """
    text = template
    if AUDITED_MARK in text:
        if not audited_attribute or not _ATTRIBUTE.fullmatch(audited_attribute):
            raise ValueError(f"this page shows existing labels; {audited_attribute!r} names none")
        text = text.replace(AUDITED_MARK, audited_attribute)
    if instructions is not None:
        text = _put(text, "short-instructions", instructions.shortInstruction)
        text = _put(text, "full-instructions", instructions.fullInstruction)
    return text


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
