"""Form: fields, types and ranges, said in plain words; and what can still be read of a broken job.

The models of `domain.request` are the only list of fields and ranges; this turns their errors
into problems. A job of wrong form is read as far as possible (a *draft*), so that its meaning is
checked in the same pass.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, get_args

from pydantic import BaseModel, TypeAdapter, ValidationError, create_model
from pydantic_core import ErrorDetails

from terrace.domain import modalities
from terrace.domain.modalities import Modality
from terrace.domain.request import BatchRequest, InputConfig, JobSpec, RequestModel
from terrace.domain.validation_findings import Findings, Path, did_you_mean, first_of, shown

_AUTOMATED = (
    "automated labeling is not supported: it costs extra for training and mixes labels that no "
    "person has looked at with those of people",
    "leave it out: every item goes to people",
)
_STREAMING = (
    "streaming is not supported: a streaming job has no end of its own, so its batch would have "
    "none",
    "leave it out; post new items as a new batch",
)
REFUSED = {
    "labelingJobAlgorithmsConfig": _AUTOMATED,
    "automatedLabeling": _AUTOMATED,
    "automatedDataLabeling": _AUTOMATED,
    "initialActiveLearningModelArn": _AUTOMATED,
    "snsTopicArn": _STREAMING,
    "snsDataSource": _STREAMING,
    "inputSnsTopicArn": _STREAMING,
    "outputSnsTopicArn": _STREAMING,
}
"""What Ground Truth can do and Terrace does not do on purpose, with the reason."""

_NAMES = frozenset({"batchId", "jobName"})
"""Have rules of their own (`validation_jobs.check_name`), with better words."""


@dataclass(frozen=True)
class Draft:
    """A job as far as it can be read. `spec` holds what is of the right form, or the default."""

    index: int
    readable: bool
    """False if it is no object at all: then nothing can be said of its meaning."""
    name: str | None
    level: int | None
    modality: Modality | None
    spec: JobSpec

    def path(self, *inner: str | int) -> Path:
        """The path of something in the job."""
        return ("labelingJobs", self.index, *inner)

    @property
    def source(self) -> str | None:
        """The name of the job it chains from."""
        return self.spec.inputConfig.chainFromJobName


def check_head(raw: dict[str, Any], found: Findings) -> None:
    """Checks the form of everything but the jobs."""
    rest = {name: value for name, value in raw.items() if name != "labelingJobs"}
    try:
        _head_model().model_validate(rest)
    except ValidationError as error:
        note_errors(error, BatchRequest, (), rest, found)


def draft_of(index: int, raw: object, found: Findings) -> Draft:
    """Checks the form of one job; what is of the right form goes into the draft."""
    path: Path = ("labelingJobs", index)
    if not isinstance(raw, dict):
        found.broken(path, "WRONG_TYPE", f"is {shown(raw)}", "each job must be an object")
        return Draft(index, False, None, None, None, _construct({}))
    try:
        spec = JobSpec.model_validate(raw)
    except ValidationError as error:
        note_errors(error, JobSpec, path, raw, found)
        spec = _construct(raw)
    name = raw.get("jobName")
    modality = raw.get("jobModality")
    return Draft(
        index=index,
        readable=True,
        name=name if isinstance(name, str) else None,
        level=getattr(spec, "jobLevel", None),
        modality=modalities.MODALITIES.get(modality) if isinstance(modality, str) else None,
        spec=spec,
    )


def note_errors(
    error: ValidationError,
    model: type[BaseModel],
    prefix: Path,
    raw: object,
    found: Findings,
) -> None:
    """Turns pydantic's errors into problems."""
    for detail in error.errors(include_url=False, include_context=True):
        inner = _location(detail["loc"], raw)
        path = (*prefix, *inner)
        field_name = inner[-1] if inner else None
        if (
            field_name in _NAMES
            and detail["type"].startswith("string_")
            and isinstance(detail["input"], str)
        ):
            continue
        if detail["type"] == "extra_forbidden":
            _note_unknown(path, model, inner, found)
        else:
            found.broken(path, *_words(detail, model, inner))


def _note_unknown(path: Path, model: type[BaseModel], inner: Path, found: Findings) -> None:
    name = str(inner[-1])
    if name in REFUSED:
        found.add(path, "NOT_SUPPORTED", *REFUSED[name])
        return
    known = _model_at(model, inner).model_fields
    match = found.near(name, known)
    found.add(
        path,
        "UNKNOWN_FIELD",
        f"there is no field {shown(name)} here",
        f"{did_you_mean(match)}known are {', '.join(known)}",
    )


def _words(detail: ErrorDetails, model: type[BaseModel], inner: Path) -> tuple[str, str, str]:
    """Code, problem and fix of one of pydantic's errors."""
    kind = detail["type"]
    value = shown(detail["input"])
    wanted = _expected(model, inner)
    fix = f"give {wanted}"
    if kind == "missing":
        return "REQUIRED", "is missing", fix
    if detail["input"] is None:
        return "REQUIRED", "is null", fix
    if kind in {"enum", "literal_error"}:
        return "UNKNOWN_VALUE", f"{value} is not one of the values known here", fix
    if kind in {"greater_than", "greater_than_equal", "less_than", "less_than_equal"}:
        return "OUT_OF_RANGE", f"{value} is out of range", fix
    if kind in {"string_too_long", "string_too_short"}:
        length = len(detail["input"]) if isinstance(detail["input"], str) else 0
        return "WRONG_LENGTH", f"has {length} characters", fix
    if kind in {"too_long", "too_short"}:
        return "WRONG_LENGTH", f"is {value}", fix
    return "WRONG_TYPE", f"is {value}", fix


def _location(loc: tuple[int | str, ...], raw: object) -> Path:
    """The part of pydantic's location that exists in the input or names a missing field."""
    path: list[str | int] = []
    current = raw
    for part in loc:
        if isinstance(current, dict) and isinstance(part, str):
            path.append(part)
            current = current.get(part)
        elif isinstance(current, list) and isinstance(part, int):
            path.append(part)
            current = current[part] if part < len(current) else None
        else:
            break
    return tuple(path)


def _model_at(model: type[BaseModel], inner: Path) -> type[BaseModel]:
    """The model that holds the field at the end of a path."""
    for part in inner[:-1]:
        for candidate in _models():
            if (
                isinstance(part, str)
                and part in model.model_fields
                and candidate in _mentioned(model, part)
            ):
                model = candidate
                break
    return model


def _mentioned(model: type[BaseModel], name: str) -> tuple[Any, ...]:
    return tuple(_parts(model.model_fields[name].annotation))


def _parts(annotation: Any) -> Iterator[Any]:
    """The annotation, and what stands inside it: of a list of objects, the object."""
    yield annotation
    for part in get_args(annotation):
        yield from _parts(part)


@cache
def _models() -> tuple[type[BaseModel], ...]:
    return tuple(RequestModel.__subclasses__())


@cache
def _schema(model: type[BaseModel]) -> dict[str, Any]:
    return model.model_json_schema()


def _expected(model: type[BaseModel], inner: Path) -> str:
    """What would be right at a path, from the model's own schema: "a whole number, 1 to 10"."""
    if not inner:
        return "a JSON object"
    names = [part for part in inner if isinstance(part, str)]
    if not names:
        return "another value"
    owner = _model_at(model, inner)
    schema = _schema(owner)
    if names[-1] not in schema.get("properties", {}):
        names, owner = names[:1], model
        schema = _schema(model)
    field_schema = _resolved(schema.get("properties", {}).get(names[-1], {}), schema)
    if isinstance(inner[-1], int) and "items" in field_schema:
        field_schema = field_schema["items"]
    return _in_words(_resolved(field_schema, schema))


def _resolved(part: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    for option in part.get("anyOf", []):
        if option.get("type") != "null":
            return _resolved(option, schema)
    if "$ref" in part:
        found: dict[str, Any] = schema["$defs"][part["$ref"].rsplit("/", 1)[-1]]
        return found
    return part


def _in_words(part: dict[str, Any]) -> str:
    if "enum" in part:
        return f"one of {', '.join(part['enum'])}"
    if "const" in part:
        return shown(part["const"])
    low = part.get("minimum", part.get("minLength", part.get("minItems")))
    high = part.get("maximum", part.get("maxLength", part.get("maxItems")))
    if "exclusiveMinimum" in part:
        below = part.get("exclusiveMaximum")
        end = f"below {below:g}" if below is not None else f"up to {high:g}"
        span = f"above {part['exclusiveMinimum']:g}, {end}"
    elif low is not None and "exclusiveMaximum" in part:
        span = f"at least {low:,} and below {part['exclusiveMaximum']:g}"
    elif low is not None and high is not None:
        span = f"{low:,} to {high:,}"
    elif low is not None:
        span = f"at least {low:,}"
    else:
        span = ""
    behind, inside = (f", {span}", f" of {span}") if span else ("", "")
    return {
        "integer": f"a whole number{behind}",
        "number": f"a number{behind}",
        "string": f"a text{inside} characters" if span else "a text",
        "array": f"a list{inside} entries" if span else "a list",
        "object": "an object",
        "boolean": "true or false",
    }.get(str(part.get("type")), "another value")


@cache
def _head_model() -> type[BaseModel]:
    fields: dict[str, Any] = {
        name: (info.annotation, info)
        for name, info in BatchRequest.model_fields.items()
        if name != "labelingJobs"
    }
    return create_model("Head", __base__=RequestModel, **fields)


@cache
def _adapters(model: type[BaseModel]) -> dict[str, TypeAdapter[Any]]:
    return {
        name: TypeAdapter(info.rebuild_annotation()) for name, info in model.model_fields.items()
    }


def _readable(model: type[BaseModel], raw: dict[str, Any]) -> dict[str, Any]:
    """The fields of the right form; those of objects inside as far as they can be read."""
    values: dict[str, Any] = {}
    for name, adapter in _adapters(model).items():
        value = first_of(raw.get(name), 100)
        if value is None:
            continue
        try:
            values[name] = adapter.validate_python(value)
        except ValidationError:
            nested = next((m for m in _models() if m in _mentioned(model, name)), None)
            if nested is not None and isinstance(value, dict):
                values[name] = nested.model_construct(**_readable(nested, value))
    return values


def _construct(raw: dict[str, Any]) -> JobSpec:
    """A job that holds what can be read; required fields that cannot are simply not there."""
    values = _readable(JobSpec, raw)
    values.setdefault("inputConfig", InputConfig())
    name = raw.get("jobName")
    if isinstance(name, str):
        values["jobName"] = name
    level = raw.get("jobLevel")
    if "jobLevel" not in values and isinstance(level, int | str) and not isinstance(level, bool):
        text = str(level) if isinstance(level, str) or level.bit_length() < 60 else ""
        if text.strip().lstrip("+-").isascii() and text.strip().lstrip("+-").isdigit():
            values["jobLevel"] = int(text.strip()[:19])
    return JobSpec.model_construct(**values)
