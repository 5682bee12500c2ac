"""What a user did wrong, said so that they can mend it."""

from pydantic import BaseModel, ConfigDict, Field


class Problem(BaseModel):
    """One thing that is wrong, where it is, and what would be right."""

    model_config = ConfigDict(frozen=True)

    path: str = Field(description="JSON path in the request, or S3 URI with line, or job name")
    code: str = Field(description="stable, upper case, for programs: `NAME_TOO_LONG`")
    problem: str = Field(description="what is wrong, with the value found")
    fix: str = Field(description="what would be right")
