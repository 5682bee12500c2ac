"""Checks a request against botocore's own model of the SageMaker API."""

import re
from functools import cache
from typing import Any

import botocore.session
from botocore.model import ListShape, OperationModel, Shape, StructureShape
from botocore.validate import ParamValidator

from terrace_local.ground_truth.errors import validation_error


@cache
def _operation(name: str) -> OperationModel:
    return botocore.session.get_session().get_service_model("sagemaker").operation_model(name)


def check_against_model(action: str, payload: dict[str, Any]) -> None:
    """Refuses a request whose fields are missing, of the wrong type, too long or ill-formed.

    botocore checks names, types and lower bounds; upper bounds, patterns and enums, which the
    real service checks and botocore does not, are checked here from the same model.

    Raises:
        ServiceError: ValidationException that names every violation.
    """
    shape = _operation(action).input_shape
    report = ParamValidator().validate(payload, shape)
    if report.has_errors():
        raise validation_error(report.generate_report())
    problems = list(_violations(shape, payload, ""))
    if problems:
        count = f"{len(problems)} validation error{'s' if len(problems) > 1 else ''} detected: "
        raise validation_error(count + "; ".join(problems))


def _violations(shape: Shape, value: Any, path: str) -> list[str]:
    found: list[str] = []
    if isinstance(shape, StructureShape):
        for name, member in shape.members.items():
            if value.get(name) is not None:
                where = name[0].lower() + name[1:]
                found += _violations(member, value[name], f"{path}.{where}" if path else where)
        return found
    rules = shape.metadata
    if isinstance(shape, ListShape):
        if len(value) > rules.get("max", len(value)):
            found.append(
                f"Value at '{path}' failed to satisfy constraint: Member must have length less "
                f"than or equal to {rules['max']}"
            )
        for position, item in enumerate(value, start=1):
            found += _violations(shape.member, item, f"{path}.{position}.member")
        return found
    start = f"Value '{value}' at '{path}' failed to satisfy constraint: Member must "
    if shape.type_name == "string":
        if len(value) > rules.get("max", len(value)):
            found.append(f"{start}have length less than or equal to {rules['max']}")
        # Unicode classes (\p{L}) are Java's; the fields that use them take nearly anything.
        pattern = rules.get("pattern", "")
        if pattern and "\\p{" not in pattern and not re.fullmatch(pattern, value):
            found.append(f"{start}satisfy regular expression pattern: {pattern}")
        if shape.enum and value not in shape.enum:
            found.append(f"{start}satisfy enum value set: [{', '.join(shape.enum)}]")
    elif shape.type_name in ("integer", "long") and value > rules.get("max", value):
        found.append(f"{start}have value less than or equal to {rules['max']}")
    return found
