"""What a user did wrong, said so that they can mend it."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

TEXT_MAX = 2_000
"""Characters: values that somebody else wrote are quoted in it, and rows are limited to 400 KB."""


def _sayable(text: str) -> str:
    """Half Unicode characters as escapes, which can be stored and sent; and an end to it."""
    text = text if len(text) <= TEXT_MAX else f"{text[: TEXT_MAX - 3]}..."
    return text.encode("utf-8", "backslashreplace").decode()


Said = Annotated[str, AfterValidator(_sayable)]


class Problem(BaseModel):
    """One thing that is wrong, where it is, and what would be right."""

    model_config = ConfigDict(frozen=True)

    path: Said = Field(description="JSON path in the request, or S3 URI with line, or job name")
    code: str = Field(description="stable, upper case, for programs: `NAME_TOO_LONG`")
    problem: Said = Field(description="what is wrong, with the value found")
    fix: Said = Field(description="what would be right")
