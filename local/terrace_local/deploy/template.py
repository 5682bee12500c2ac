"""Reads `template.yaml` and expands it to plain CloudFormation, offline.

`sam build` and `sam deploy` are not needed: the same translator that runs in AWS is a library.
"""

import copy
import json
import os
from pathlib import Path
from typing import Any

Template = dict[str, Any]

_MANAGED_POLICIES = {
    name: f"arn:aws:iam::aws:policy/{path}{name}"
    for name, path in (
        ("AWSLambdaBasicExecutionRole", "service-role/"),
        ("AWSXrayWriteOnlyAccess", ""),
        ("AWSXRayDaemonWriteAccess", ""),
        ("CloudWatchLogsFullAccess", ""),
        ("AmazonAPIGatewayPushToCloudWatchLogs", "service-role/"),
    )
}


class TemplateProblem(RuntimeError):
    """The template cannot be deployed; the message says where and why."""


def read(path: Path) -> Template:
    """The template as written, short intrinsics in their long form.

    Raises:
        TemplateProblem: The file is missing or no mapping.
    """
    from samtranslator.yaml_helper import yaml_parse

    if not path.is_file():
        raise TemplateProblem(f"there is no template at {path}")
    template = yaml_parse(path.read_text(encoding="utf-8"))
    if not isinstance(template, dict) or "Resources" not in template:
        raise TemplateProblem(f"{path} has no Resources")
    return template


def code_folders(template: Template) -> set[str]:
    """Every local folder functions are packaged from, as the template names it."""
    folders = set()
    default = template.get("Globals", {}).get("Function", {}).get("CodeUri")
    for resource in template["Resources"].values():
        if resource.get("Type") == "AWS::Serverless::Function":
            uri = resource.get("Properties", {}).get("CodeUri", default)
            if isinstance(uri, str) and not uri.startswith("s3://"):
                folders.add(uri)
    return folders


def with_local_files(template: Template, base: Path, code: dict[str, dict[str, str]]) -> Template:
    """A copy whose local paths are replaced by what AWS could read.

    Args:
        template: As `read` gave it.
        base: The folder its paths are relative to.
        code: For each code folder the `Bucket` and `Key` of its zip.
    """
    result = copy.deepcopy(template)
    globals_ = result.get("Globals", {}).get("Function", {})
    if isinstance(globals_.get("CodeUri"), str):
        globals_["CodeUri"] = code[globals_["CodeUri"]]
    for name, resource in result["Resources"].items():
        properties = resource.setdefault("Properties", {})
        kind = resource.get("Type")
        if kind == "AWS::Serverless::Function" and isinstance(properties.get("CodeUri"), str):
            properties["CodeUri"] = code[properties["CodeUri"]]
        # Build settings are for `sam build`; the translator does not know them.
        resource.pop("Metadata", None)
        if kind == "AWS::Serverless::StateMachine" and isinstance(
            properties.get("DefinitionUri"), str
        ):
            file = base / properties.pop("DefinitionUri")
            properties["Definition"] = _definition(name, file)
    return result


def _definition(name: str, file: Path) -> dict[str, Any]:
    from samtranslator.yaml_helper import yaml_parse

    if not file.is_file():
        raise TemplateProblem(f"{name}: its definition {file} does not exist")
    definition = yaml_parse(file.read_text(encoding="utf-8"))
    if not isinstance(definition, dict):
        raise TemplateProblem(f"{name}: its definition {file} is no mapping")
    return definition


def expand(template: Template, parameters: dict[str, str], region: str) -> Template:
    """The template after the Serverless transform, as CloudFormation would see it.

    Raises:
        TemplateProblem: The transform refuses it, with every reason.
    """
    import boto3
    from samtranslator.model.exceptions import InvalidDocumentException
    from samtranslator.parser.parser import Parser
    from samtranslator.sdk.parameter import SamParameterValues
    from samtranslator.translator.translator import Translator

    session = boto3.Session(region_name=region)
    values = SamParameterValues(_with_defaults(template, parameters))
    values.add_default_parameter_values(template)
    values.add_pseudo_parameter_values(session)
    # The parser and some plugins ask the environment for the Region instead of the session.
    os.environ.setdefault("AWS_DEFAULT_REGION", region)
    translator = Translator(_MANAGED_POLICIES, Parser(), boto_session=session)
    try:
        expanded = translator.translate(
            sam_template=copy.deepcopy(template), parameter_values=values.parameter_values
        )
    except InvalidDocumentException as exc:
        reasons = "; ".join(str(cause.message) for cause in exc.causes)
        raise TemplateProblem(f"the transform refuses the template: {reasons}") from exc
    # The translator returns its own string type; plain JSON does not.
    plain: Template = json.loads(json.dumps(expanded))
    return plain


def _with_defaults(template: Template, parameters: dict[str, str]) -> dict[str, str]:
    known = template.get("Parameters", {})
    unknown = sorted(set(parameters) - set(known))
    if unknown:
        raise TemplateProblem(
            f"the template has no parameter {', '.join(unknown)}; it has {', '.join(sorted(known))}"
        )
    return dict(parameters)


def without_workteams(
    expanded: Template, values: dict[str, str]
) -> tuple[Template, dict[str, dict[str, Any]]]:
    """The template without its work teams, and the teams by logical id.

    MiniStack refuses a whole template that holds an `AWS::SageMaker::Workteam`. What refers to a
    team is pointed at the ARN the team will have.

    Args:
        expanded: Plain CloudFormation.
        values: Parameters and pseudo parameters, to resolve the teams' names.
    """
    result = copy.deepcopy(expanded)
    teams: dict[str, dict[str, Any]] = {}
    for name, resource in list(result["Resources"].items()):
        if resource["Type"] == "AWS::SageMaker::Workteam":
            properties = substitute(resource.get("Properties", {}), values)
            teams[name] = properties
            del result["Resources"][name]
    arns = {
        name: (
            f"arn:aws:sagemaker:{values['AWS::Region']}:{values['AWS::AccountId']}"
            f":workteam/private-crowd/{team['WorkteamName']}"
        )
        for name, team in teams.items()
    }
    result = substitute(result, arns, attributes=True)
    for resource in result["Resources"].values():
        depends = resource.get("DependsOn")
        if isinstance(depends, list):
            resource["DependsOn"] = [one for one in depends if one not in teams]
        elif depends in teams:
            del resource["DependsOn"]
    return result, teams


def substitute(node: Any, values: dict[str, str], attributes: bool = False) -> Any:
    """Replace `Ref` (with `attributes` also `Fn::GetAtt`) of known names, inside `Fn::Sub` too."""
    if isinstance(node, list):
        return [substitute(item, values, attributes) for item in node]
    if not isinstance(node, dict):
        return node
    if set(node) == {"Ref"} and node["Ref"] in values:
        return values[node["Ref"]]
    if attributes and set(node) == {"Fn::GetAtt"}:
        target = node["Fn::GetAtt"]
        name = target[0] if isinstance(target, list) else str(target).split(".", 1)[0]
        if name in values:
            return values[name]
    if set(node) == {"Fn::Sub"}:
        return _substitute_sub(node["Fn::Sub"], values, attributes)
    return {key: substitute(value, values, attributes) for key, value in node.items()}


def _substitute_sub(value: Any, values: dict[str, str], attributes: bool) -> Any:
    text, extra = (value, {}) if isinstance(value, str) else (value[0], dict(value[1]))
    for name, replacement in values.items():
        text = text.replace("${" + name + "}", replacement)
    if extra:
        return {"Fn::Sub": [text, substitute(extra, values, attributes)]}
    return {"Fn::Sub": text} if "${" in text else text
