"""A user's function, deployed as a user does: a zip, and a role."""

import io
import json
import zipfile
from pathlib import Path

from botocore.exceptions import ClientError

from tests.machine.world import Json, World

SAMPLES = Path(__file__).parents[2] / "docs" / "samples"


def deploy(world: World, arn: str, sample: str, rights: list[Json]) -> None:
    """Makes a function out of a sample of the docs; one that is there gets its code and rights.

    The world outlives a test that failed and is run again.
    """
    name = arn.rsplit(":", 1)[1]
    principal = {"Service": "lambda.amazonaws.com"}
    trust = _policy([{"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}])
    iam, functions = world.client("iam"), world.client("lambda")
    try:
        role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]
    except iam.exceptions.EntityAlreadyExistsException:
        role = iam.get_role(RoleName=name)["Role"]
    if rights:
        document = _policy([{"Effect": "Allow", **right} for right in rights])
        iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=document)
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as bundle:
        bundle.writestr("app.py", (SAMPLES / sample / "app.py").read_text())
    try:
        made = functions.create_function(
            FunctionName=name,
            Runtime="python3.13",
            Role=role["Arn"],
            Handler="app.handler",
            Code={"ZipFile": archive.getvalue()},
            Timeout=60,
        )
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceConflictException":
            raise
        made = functions.update_function_code(FunctionName=name, ZipFile=archive.getvalue())
    assert made["FunctionArn"] == arn


def _policy(statements: list[Json]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})
