"""`terrace delete`: a batch's data in S3, for good."""

import click

from terrace_cli.errors import EXIT_WRONG, TerraceError
from terrace_cli.options import target_options
from terrace_cli.target import Choice


@click.command()
@click.argument("batch_id")
@click.option("--yes", is_flag=True, help="Do it; without this, only say what would be deleted.")
@target_options
def delete(batch_id: str, yes: bool, choice: Choice) -> None:
    """Delete the data of the ended batch BATCH_ID: all versions of all its objects in S3.

    Labels, manifests, worker responses, the request and reports are gone for good. The rows of the
    table and the timeline stay as the record. Inputs in other places are not touched.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    from terrace_cli.deleting import BatchData
    from terrace_cli.storage import storage_of

    try:
        storage = storage_of(choice)
        data = BatchData(storage, batch_id)
        data.check()
        if not yes:
            found = data.find()
            click.echo(
                f"{found.versions} object versions, {found.size} bytes, of {batch_id} in "
                f"s3://{storage.bucket} ({storage.where}) would be deleted for good."
            )
            raise TerraceError("nothing was deleted", "say --yes to delete it", EXIT_WRONG)
        found = data.delete()
    except (BotoCoreError, ClientError) as error:
        raise TerraceError(
            f"AWS refused: {error}",
            "the stack's output BatchDeleterPolicyArn names the policy that allows it",
        ) from error
    click.echo(
        f"Deleted {found.versions} object versions ({found.size} bytes) of {batch_id} from "
        f"s3://{storage.bucket}. Its rows in the table stay: terrace show {batch_id}"
    )
