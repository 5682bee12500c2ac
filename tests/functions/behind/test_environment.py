"""What the template gives a function is what the function needs: no variable is missing."""

import pytest
from pydantic import ValidationError

from terrace.runtime import settings, wiring
from tests.functions.behind.conftest import World, properties

FUNCTIONS = {
    "transform_batch": settings.TransformBatchSettings,
    "plan_wave": settings.PlanWaveSettings,
    "prepare_input": settings.PrepareInputSettings,
    "start_job": settings.StartJobSettings,
    "park_wave": settings.ParkWaveSettings,
    "on_job_event": settings.SettleSettings,
    "reconcile": settings.ReconcileSettings,
    "finalize_batch": settings.FinalizeBatchSettings,
    "write_report": settings.WriteReportSettings,
    "deliver_batch": settings.DeliverBatchSettings,
    "notify": settings.NotifySettings,
    "fail_batch": settings.FailBatchSettings,
    "pre_annotation": settings.PreAnnotationSettings,
    "post_annotation": settings.PostAnnotationSettings,
}


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_can_be_wired_in_the_environment_of_the_template(
    world: World, function: str
) -> None:
    wired = world.wired(function)
    assert isinstance(wired.settings, FUNCTIONS[function])
    assert wired.settings.table_name == world.values["TABLE_NAME"]


def test_wiring_is_made_once_in_a_container(world: World) -> None:
    assert world.wired("notify") is wiring.notify()


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_missing_variable_is_named(function: str) -> None:
    kind = FUNCTIONS[function]
    needed = {name for name, field in kind.model_fields.items() if field.is_required()}
    assert {"table_name", "batch_bucket", "aws_region"} <= needed
    for missing in needed:
        given = {name.upper(): "x" for name in needed - {missing}}
        with pytest.raises(ValidationError, match=missing):
            kind.read(given)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_every_variable_of_the_template_is_one_the_function_reads(function: str) -> None:
    own = properties(function).get("Environment", {}).get("Variables", {})
    read = {name.upper() for name in FUNCTIONS[function].model_fields}
    assert set(own) <= read
