"""The whole deployment, in order."""

import contextlib
import hashlib
import json
import logging
from dataclasses import dataclass
from typing import Any

from terrace_local.config import LocalConfig
from terrace_local.deploy import package, template, workforce
from terrace_local.deploy.clients import Clients
from terrace_local.deploy.stack import ARTEFACTS, Stack, deploy, existing

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Deployment:
    """What was deployed and where its REST API is."""

    stack: Stack
    digest: str
    api_id: str
    api_stage: str
    left_out: list[str]


def deploy_template(
    config: LocalConfig, parameters: dict[str, str], deployed: str = ""
) -> Deployment:
    """Package, expand and deploy `config.template`; make its work teams.

    Args:
        config: Names the template.
        parameters: Template parameters.
        deployed: The digest of what is up already; the same again is not deployed again.

    Raises:
        TemplateProblem: The template itself is wrong.
        DeployFailed: The local AWS did not create all of it.
    """
    clients = Clients(config)
    source = template.read(config.template)
    base = config.template.parent
    _make_bucket(clients, config.region)
    code = {}
    for folder in template.code_folders(source):
        content, digest = package.archive(base / folder)
        key = f"code/{digest}.zip"
        clients.s3.put_object(Bucket=ARTEFACTS, Key=key, Body=content)
        code[folder] = {"Bucket": ARTEFACTS, "Key": key}
    given = {**workforce.pool_parameters(clients, source), **parameters}
    expanded = template.expand(template.with_local_files(source, base, code), given, config.region)
    values = _values(expanded, given, config)
    plain, teams = template.without_workteams(expanded, values)
    digest = _digest(plain, given)
    if digest == deployed:
        stack = existing(clients, config.prefix, plain)
    else:
        stack = deploy(clients, config.prefix, plain, given)
    # A team's group and topic are resources of the stack: only now they have names.
    resolved = template.substitute(teams, stack.physical, attributes=True)
    made = workforce.make_teams(clients, resolved)
    left_out = [f"{name}: made through the API" for name in sorted(made)]
    api_id, stage = _api(clients, stack)
    return Deployment(stack, digest, api_id, stage, left_out)


def _digest(template_: dict[str, Any], parameters: dict[str, str]) -> str:
    text = json.dumps([template_, parameters], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _make_bucket(clients: Clients, region: str) -> None:
    elsewhere = (
        {}
        if region == "us-east-1"
        else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    )
    with contextlib.suppress(clients.s3.exceptions.BucketAlreadyOwnedByYou):
        clients.s3.create_bucket(Bucket=ARTEFACTS, **elsewhere)


def _values(expanded: dict[str, Any], given: dict[str, str], config: LocalConfig) -> dict[str, str]:
    defaults = {
        name: str(parameter["Default"])
        for name, parameter in expanded.get("Parameters", {}).items()
        if "Default" in parameter
    }
    return {
        **defaults,
        **given,
        "AWS::Region": config.region,
        "AWS::AccountId": config.account,
        "AWS::Partition": "aws",
        "AWS::URLSuffix": "amazonaws.com",
        "AWS::StackName": config.prefix,
    }


def _api(clients: Clients, stack: Stack) -> tuple[str, str]:
    apis = stack.of_type("AWS::ApiGateway::RestApi")
    stages = stack.of_type("AWS::ApiGateway::Stage")
    if not apis or not stages:
        return "", ""
    api_id = next(iter(apis.values()))
    stage = next(iter(stages.values()))
    if len(apis) > 1 or len(stages) > 1:
        logger.warning("more than one REST API stage: the API port serves %s/%s", api_id, stage)
    return api_id, stage
