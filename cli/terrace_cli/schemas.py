"""`python -m terrace_cli.schemas [--check]`: the public contract as files, made from the models.

Clients read `schemas/`; CI compares. With `--check` nothing is written, and the exit code is 1 if
a file is stale.
"""

import argparse
import difflib
import json
import sys
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from terrace.domain.messages import BatchMessage, JobMessage, LevelMessage
from terrace.domain.modalities import MODALITIES
from terrace.domain.own_functions import (
    PostProcessingAnswer,
    PostProcessingEvent,
    TransformationAnswer,
    TransformationEvent,
)
from terrace.domain.quality.report import BatchReport, JobFile, ReportPointer
from terrace.domain.request import BatchRequest, RetryRequest, StopRequest
from terrace.domain.status import BatchStatus
from terrace.domain.views import (
    BatchAnswer,
    BatchList,
    BatchView,
    CreateAnswer,
    ErrorAnswer,
    FaultAnswer,
)
from terrace.steps.api_show import LIMIT_DEFAULT, LIMIT_MAX

FOLDER = Path(__file__).parents[2] / "schemas"
DIALECT = "https://json-schema.org/draft/2020-12/schema"
NUMBER_AS_TEXT = {
    "integer": {"type": "string", "pattern": r"^\s*[+-]?[0-9]+(\.0+)?\s*$"},
    "number": {"type": "string", "pattern": r"^\s*[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?\s*$"},
}
"""Clients of 2021 send numbers as strings."""

Json = dict[str, Any]


def request_schema(ref: str = "#/$defs/{model}") -> Json:
    """The body of POST /batch/create, numbers as strings included."""
    schema = BatchRequest.model_json_schema(ref_template=ref)
    job = schema["$defs"]["JobSpec"]["properties"]
    job["jobModality"]["enum"] = list(MODALITIES)
    job["jobType"]["enum"] = ["BATCH"]
    job["engine"]["enum"] = ["ground-truth"]
    for model in (schema, *schema["$defs"].values()):
        for name, part in model.get("properties", {}).items():
            model["properties"][name] = _numbers_as_texts(part)
    return schema


def _numbers_as_texts(part: Json) -> Json:
    if part.get("type") in NUMBER_AS_TEXT:
        outer: Json = {key: part[key] for key in ("description", "default", "title") if key in part}
        inner = {key: value for key, value in part.items() if key not in outer}
        return {**outer, "anyOf": [inner, NUMBER_AS_TEXT[part["type"]]]}
    if "anyOf" in part:
        texts = [
            NUMBER_AS_TEXT[o["type"]] for o in part["anyOf"] if o.get("type") in NUMBER_AS_TEXT
        ]
        return {**part, "anyOf": [*part["anyOf"], *texts]}
    return part


def notification_schema() -> Json:
    """Every message that Terrace publishes, told apart by `eventType`."""
    models = (BatchMessage, LevelMessage, JobMessage)
    refs, schema = models_json_schema([(model, "validation") for model in models])
    return {
        "title": "Notification",
        "description": "The text of an SNS message; may come more than once (dedupId).",
        "oneOf": [refs[(model, "validation")] for model in models],
        **schema,
    }


def openapi() -> Json:
    """The API as an OpenAPI 3.1 document."""
    ref = "#/components/schemas/{model}"
    request = request_schema(ref)
    parts: Json = request.pop("$defs")
    parts["BatchRequest"] = request
    answers: tuple[type[BaseModel], ...] = (
        CreateAnswer, BatchView, BatchList, BatchReport, ReportPointer, BatchAnswer, StopRequest,
        RetryRequest, ErrorAnswer, FaultAnswer,
    )  # fmt: skip
    _, found = models_json_schema([(model, "validation") for model in answers], ref_template=ref)
    # The request's parts win: theirs say that numbers may be strings.
    schemas = {**found["$defs"], **parts}
    refusals = {
        "429": _answer("AWS throttles; send it again", "ErrorAnswer"),
        "500": _answer("A fault of Terrace's own", "FaultAnswer"),
        "503": _answer("Not possible just now; repeating the request is safe", "FaultAnswer"),
    }
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Terrace",
            "version": "1",
            "description": "Batches of labeling jobs in levels, on SageMaker Ground Truth.",
        },
        "security": [{"sigv4": []}],
        "paths": {
            "/batch/create": {
                "post": {
                    "operationId": "createBatch",
                    "summary": "Create a batch",
                    "description": "Safe to repeat: the same content gives the same batch.",
                    "requestBody": {
                        "required": True,
                        "content": _content(ref.format(model="BatchRequest")),
                    },
                    "responses": {
                        "200": _answer("The batch, new or already there", "CreateAnswer"),
                        "400": _answer("Everything that is wrong", "ErrorAnswer"),
                        "409": _answer("The id is taken by other content", "ErrorAnswer"),
                        "413": _answer("The body is above 5 MB", "ErrorAnswer"),
                        **refusals,
                    },
                }
            },
            "/batch/show": {
                "get": {
                    "operationId": "showBatch",
                    "summary": "Show one batch, or list batches",
                    "parameters": [
                        _query("batchId", "one batch; without it, the list", {"type": "string"}),
                        _query(
                            "status",
                            "list only these",
                            {"type": "string", "enum": [*BatchStatus, "INTERNAL_ERROR"]},
                        ),
                        _query(
                            "limit",
                            "at most so many of each status on a page",
                            {
                                "type": "integer",
                                "minimum": 1,
                                "maximum": LIMIT_MAX,
                                "default": LIMIT_DEFAULT,
                            },
                        ),
                        _query("nextToken", "of the last page", {"type": "string"}),
                    ],
                    "responses": {
                        "200": {
                            "description": "The batch (with batchId), or the list",
                            "content": {
                                "application/json": {
                                    "schema": {
                                        "oneOf": [
                                            {"$ref": ref.format(model="BatchView")},
                                            {"$ref": ref.format(model="BatchList")},
                                        ]
                                    }
                                }
                            },
                        },
                        "400": _answer("A query parameter is wrong", "ErrorAnswer"),
                        "404": _answer("There is no such batch", "ErrorAnswer"),
                        **refusals,
                    },
                }
            },
            "/batch/report": {
                "get": {
                    "operationId": "reportBatch",
                    "summary": "Report on one batch",
                    "description": "Of a batch in progress, what is known so far.",
                    "parameters": [
                        {**_query("batchId", "the batch", {"type": "string"}), "required": True}
                    ],
                    "responses": {
                        "200": {
                            "description": "The report, or where it is if it is above 4 MB",
                            "content": {
                                "application/json": {
                                    "schema": {
                                        "oneOf": [
                                            {"$ref": ref.format(model="BatchReport")},
                                            {"$ref": ref.format(model="ReportPointer")},
                                        ]
                                    }
                                }
                            },
                        },
                        "400": _answer("No batch is named", "ErrorAnswer"),
                        "404": _answer("There is no such batch", "ErrorAnswer"),
                        "410": _answer("The batch's data was deleted", "ErrorAnswer"),
                        **refusals,
                    },
                }
            },
            "/batch/stop": {
                "post": {
                    "operationId": "stopBatch",
                    "summary": "Stop a batch",
                    "description": "Safe at any moment and repeatable; labels made are kept.",
                    "requestBody": {
                        "required": True,
                        "content": _content(ref.format(model="StopRequest")),
                    },
                    "responses": {
                        "200": _answer("It is being stopped, or had ended", "BatchAnswer"),
                        "400": _answer("Everything that is wrong", "ErrorAnswer"),
                        "404": _answer("There is no such batch", "ErrorAnswer"),
                        "413": _answer("The body is above 256 KB", "ErrorAnswer"),
                        **refusals,
                    },
                }
            },
            "/batch/retry": {
                "post": {
                    "operationId": "retryBatch",
                    "summary": "Run again what did not deliver",
                    "description": "Only for items without a label; finished work is kept.",
                    "requestBody": {
                        "required": True,
                        "content": _content(ref.format(model="RetryRequest")),
                    },
                    "responses": {
                        "200": _answer("It runs again", "BatchAnswer"),
                        "400": _answer("Everything that is wrong", "ErrorAnswer"),
                        "404": _answer("There is no such batch", "ErrorAnswer"),
                        "409": _answer("It cannot be retried (now)", "ErrorAnswer"),
                        "413": _answer("The body is above 256 KB", "ErrorAnswer"),
                        **refusals,
                    },
                }
            },
        },
        "components": {
            "schemas": dict(sorted(schemas.items())),
            "securitySchemes": {
                "sigv4": {
                    "type": "apiKey",
                    "name": "Authorization",
                    "in": "header",
                    "x-amazon-apigateway-authtype": "awsSigv4",
                }
            },
        },
    }


def _content(ref: str) -> Json:
    return {"application/json": {"schema": {"$ref": ref}}}


def _answer(description: str, model: str) -> Json:
    return {"description": description, "content": _content(f"#/components/schemas/{model}")}


def _query(name: str, description: str, schema: Json) -> Json:
    return {"name": name, "in": "query", "description": description, "schema": schema}


def documents() -> dict[str, Json]:
    """File name -> content, of everything in schemas/."""
    plain = {
        "batch-request.schema.json": request_schema(),
        "stop-request.schema.json": StopRequest.model_json_schema(),
        "retry-request.schema.json": RetryRequest.model_json_schema(),
        "batch.schema.json": BatchView.model_json_schema(),
        "batch-list.schema.json": BatchList.model_json_schema(),
        "report.schema.json": BatchReport.model_json_schema(),
        "job-report.schema.json": JobFile.model_json_schema(),
        "error.schema.json": ErrorAnswer.model_json_schema(),
        "notification.schema.json": notification_schema(),
        "transformation-event.schema.json": TransformationEvent.model_json_schema(),
        "transformation-answer.schema.json": TransformationAnswer.model_json_schema(),
        "post-processing-event.schema.json": PostProcessingEvent.model_json_schema(),
        "post-processing-answer.schema.json": PostProcessingAnswer.model_json_schema(),
    }
    return {
        "openapi.json": openapi(),
        **{name: {"$schema": DIALECT, **schema} for name, schema in plain.items()},
    }


def text_of(document: Json) -> str:
    """As it stands in the file."""
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def stale(folder: Path) -> dict[str, str]:
    """File name -> short difference, for every file that is not what the models say."""
    found: dict[str, str] = {}
    wanted = {name: text_of(document) for name, document in documents().items()}
    for name, text in wanted.items():
        path = folder / name
        current = path.read_text(encoding="utf-8") if path.exists() else ""
        if current != text:
            lines = difflib.unified_diff(
                current.splitlines(), text.splitlines(), "committed", "from the models", "", "", 1
            )
            found[name] = "\n".join([*lines][:20])
    for path in sorted(folder.glob("*.json")):
        if path.name not in wanted:
            found[path.name] = "no model makes this file"
    return found


def main(arguments: list[str] | None = None) -> int:
    """Writes the files, or compares them; 1 if some are stale."""
    parser = argparse.ArgumentParser(prog="python -m terrace_cli.schemas", description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare only")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="default: schemas/")
    options = parser.parse_args(arguments)
    if options.check:
        found = stale(options.folder)
        for name, difference in found.items():
            print(f"{name} is stale; run `make schemas`\n{difference}\n", file=sys.stderr)
        return 1 if found else 0
    options.folder.mkdir(parents=True, exist_ok=True)
    for name, document in documents().items():
        (options.folder / name).write_text(text_of(document), encoding="utf-8")
        print(f"wrote {options.folder / name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
