"""Expands the SAM template to plain CloudFormation, offline: checkers see nothing inside SAM."""

import copy
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import boto3
import yaml
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator
from samtranslator.yaml_helper import yaml_parse

Template = dict[str, Any]

CODE_URI = "s3://expanded-template/code.zip"
"""Stands for the artefact that `sam deploy` uploads; checks never read it."""


def load_template(path: Path) -> Template:
    """Reads template.yaml with its short intrinsics (`!Ref`) in their long form."""
    parsed: Template = yaml_parse(path.read_text(encoding="utf-8"))
    return parsed


def expand(path: Path, parameters: Mapping[str, str] | None = None) -> Template:
    """Returns the template as CloudFormation would see it after the SAM transform.

    Local artefacts are replaced as `sam deploy` does it: code by an S3 address, the state machine's
    definition by its text. Parameters that are not given keep their defaults.

    Raises:
        samtranslator.model.exceptions.InvalidDocumentException: What SAM would refuse.
    """
    template = copy.deepcopy(load_template(path))
    globals_ = template.get("Globals", {}).get("Function", {})
    if "CodeUri" in globals_:
        globals_["CodeUri"] = CODE_URI
    for resource in template["Resources"].values():
        properties = resource.get("Properties", {})
        if resource["Type"] == "AWS::Serverless::Function" and "CodeUri" in properties:
            properties["CodeUri"] = CODE_URI
        if resource["Type"] == "AWS::Serverless::StateMachine" and "DefinitionUri" in properties:
            definition = path.parent / properties.pop("DefinitionUri")
            properties["Definition"] = yaml.safe_load(definition.read_text(encoding="utf-8"))
    session = boto3.Session(region_name="us-east-1")
    translator = Translator({}, Parser(), boto_session=session)
    expanded: Template = translator.translate(template, dict(parameters or {}))
    return expanded
