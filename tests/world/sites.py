"""Where the steps call AWS: every method of every port, and the faults that apply there."""

import inspect

from terrace import ports
from terrace.adapters.dynamodb_store import DynamoBatchStore
from terrace.adapters.s3_objects import S3ObjectStore
from terrace.adapters.sfn_workflow import StepFunctionsWorkflow
from terrace.adapters.sns_notifier import SnsNotifier
from terrace.engines.ground_truth import GroundTruthEngine
from tests.world.faults import CONFLICT, EVERYWHERE, QUOTA

ADAPTERS = (
    (ports.BatchStore, DynamoBatchStore),
    (ports.ObjectStore, S3ObjectStore),
    (ports.LabelingEngine, GroundTruthEngine),
    (ports.Workflow, StepFunctionsWorkflow),
    (ports.Notifier, SnsNotifier),
)
NOT_A_CALL = {"S3ObjectStore.presign", "S3ObjectStore.staging"}
"""Done in the function, without a call to AWS."""
READS = {
    "get_batch",
    "load",
    "get_job",
    "list_batches",
    "open_batches",
    "get_claim",
    "cursor",
    "head",
    "get_json",
    "read_lines",
    "exists",
    "bucket_region",
    "bucket_cors",
    "describe",
    "list_since",
    "workteam_problem",
    "role_session_seconds",
    "topic_problem",
}


def call_sites() -> list[str]:
    """Every method of every port: where the steps call an adapter."""
    found = []
    for port, adapter in ADAPTERS:
        for name, _ in inspect.getmembers(port, inspect.isfunction):
            site = f"{adapter.__name__}.{name}"
            if not name.startswith("_") and site not in NOT_A_CALL:
                found.append(site)
    return sorted(found)


def kinds_of(site: str) -> tuple[str, ...]:
    """The faults that apply to a call site."""
    owner, _, name = site.partition(".")
    if owner == "DynamoBatchStore" and name not in READS:
        return (*EVERYWHERE, CONFLICT)
    return (*EVERYWHERE, QUOTA) if site == "GroundTruthEngine.create" else EVERYWHERE
