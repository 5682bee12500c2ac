"""The workforce a stack takes for granted: a Cognito pool with people, and the two work teams.

In AWS the pool is there before the stack and CloudFormation makes the teams; MiniStack cannot make
a team, so the stack's teams are made through the API, with exactly the template's properties.
"""

import contextlib
from typing import Any

from botocore.exceptions import ClientError

from terrace_local.deploy.clients import Clients

POOL = "terrace-local-workforce"
WORKERS_PER_TEAM = 3
POOL_PARAMETERS = ("CognitoUserPoolId", "CognitoUserPoolClientId")


def pool_parameters(clients: Clients, template: dict[str, Any]) -> dict[str, str]:
    """Values for the template's Cognito parameters: an existing local pool, or a new one."""
    wanted = template.get("Parameters", {})
    if not any(name in wanted for name in POOL_PARAMETERS):
        return {}
    pool_id, client_id = _pool(clients)
    values = {"CognitoUserPoolId": pool_id, "CognitoUserPoolClientId": client_id}
    return {name: value for name, value in values.items() if name in wanted}


def _pool(clients: Clients) -> tuple[str, str]:
    for pool in clients.cognito.list_user_pools(MaxResults=60)["UserPools"]:
        if pool["Name"] == POOL:
            found = clients.cognito.list_user_pool_clients(UserPoolId=pool["Id"], MaxResults=60)
            return pool["Id"], found["UserPoolClients"][0]["ClientId"]
    pool_id = clients.cognito.create_user_pool(PoolName=POOL)["UserPool"]["Id"]
    client = clients.cognito.create_user_pool_client(UserPoolId=pool_id, ClientName=POOL)
    return pool_id, client["UserPoolClient"]["ClientId"]


def make_teams(clients: Clients, teams: dict[str, dict[str, Any]]) -> dict[str, str]:
    """Create the stack's work teams and put people in their groups; returns name -> ARN."""
    arns = {}
    for properties in teams.values():
        name = properties["WorkteamName"]
        definitions = [
            {"CognitoMemberDefinition": _member(member["CognitoMemberDefinition"])}
            for member in properties.get("MemberDefinitions", [])
        ]
        for definition in definitions:
            _people(clients, definition["CognitoMemberDefinition"])
        request: dict[str, Any] = {
            "WorkteamName": name,
            "Description": properties.get("Description", name),
            "MemberDefinitions": definitions,
        }
        topic = (properties.get("NotificationConfiguration") or {}).get("NotificationTopicArn")
        if topic:
            request["NotificationConfiguration"] = {"NotificationTopicArn": topic}
        arns[name] = _create_or_find(clients, request)
    return arns


def _member(definition: dict[str, str]) -> dict[str, str]:
    # CloudFormation writes the last word of these names differently from the API.
    return {
        "UserPool": definition.get("CognitoUserPool") or definition["UserPool"],
        "UserGroup": definition.get("CognitoUserGroup") or definition["UserGroup"],
        "ClientId": definition.get("CognitoClientId") or definition["ClientId"],
    }


def _people(clients: Clients, member: dict[str, str]) -> None:
    pool, group = member["UserPool"], member["UserGroup"]
    with contextlib.suppress(clients.cognito.exceptions.GroupExistsException):
        clients.cognito.create_group(UserPoolId=pool, GroupName=group)
    for number in range(1, WORKERS_PER_TEAM + 1):
        user = f"{group}-worker-{number}"
        with contextlib.suppress(clients.cognito.exceptions.UsernameExistsException):
            clients.cognito.admin_create_user(UserPoolId=pool, Username=user)
        clients.cognito.admin_add_user_to_group(UserPoolId=pool, Username=user, GroupName=group)


def _create_or_find(clients: Clients, request: dict[str, Any]) -> str:
    try:
        return str(clients.sagemaker.create_workteam(**request)["WorkteamArn"])
    except ClientError as exc:
        if exc.response["Error"]["Code"] not in ("ResourceInUse", "ValidationException"):
            raise
        found = clients.sagemaker.describe_workteam(WorkteamName=request["WorkteamName"])
        return str(found["Workteam"]["WorkteamArn"])
