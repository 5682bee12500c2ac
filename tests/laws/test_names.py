"""One name all the way down: folder = step module = event prefix = machine state = resource."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from terrace_cli.checks.expand import load_template
from terrace_cli.checks.machine import all_states, placeholders

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = sorted(path.parent.name for path in (ROOT / "functions").glob("*/app.py"))
NOT_IN_THE_MACHINE = {"api", "on_job_event", "reconcile", "pre_annotation", "post_annotation"}
OTHER_STEP = {"on_job_event": "settle_job"}
"""The handler of the event and the reconciler share one step."""


def title(folder: str) -> str:
    return "".join(word.capitalize() for word in folder.split("_"))


def machine() -> dict[str, Any]:
    text = (ROOT / "statemachine" / "batch.asl.yaml").read_text(encoding="utf-8")
    parsed: dict[str, Any] = yaml.safe_load(text)
    return parsed


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_function_has_its_resource_and_its_handler(folder: str) -> None:
    resource = load_template(ROOT / "template.yaml")["Resources"][f"{title(folder)}Function"]
    assert resource["Properties"]["Handler"] == f"{folder}.app.handler"
    dashed = folder.replace("_", "-")
    assert resource["Properties"]["FunctionName"] == {"Fn::Sub": f"${{Prefix}}-{dashed}"}


@pytest.mark.parametrize("folder", [name for name in FOLDERS if name != "api"])
def test_a_function_has_a_step_of_its_name(folder: str) -> None:
    step = OTHER_STEP.get(folder, folder)
    assert (ROOT / "functions" / "terrace" / "steps" / f"{step}.py").is_file()


@pytest.mark.parametrize("folder", [name for name in FOLDERS if name not in NOT_IN_THE_MACHINE])
def test_a_step_of_the_machine_is_called_by_the_state_of_its_name_or_by_its_wait(
    folder: str,
) -> None:
    names = {name for _, name, _ in all_states(machine())}
    # The state that parks a wave is named for what the batch does meanwhile.
    assert ("WaitForJobs" if folder == "park_wave" else title(folder)) in names
    assert title(folder) in placeholders(machine())


def test_every_function_folder_is_in_the_template_and_no_other() -> None:
    resources = load_template(ROOT / "template.yaml")["Resources"]
    functions = {n for n, r in resources.items() if r["Type"] == "AWS::Serverless::Function"}
    assert functions == {f"{title(folder)}Function" for folder in FOLDERS}


def test_every_event_file_is_named_for_its_function() -> None:
    strangers = [
        path.name
        for path in (ROOT / "events").glob("*.json")
        if path.name.split(".", 1)[0] not in FOLDERS
    ]
    assert not strangers


def test_no_two_test_files_outside_packages_have_one_name() -> None:
    # pytest imports such files by their name alone: two of one name stop the whole collection
    seen: dict[str, Path] = {}
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        if (path.parent / "__init__.py").exists():
            continue
        assert path.name not in seen, f"{path} and {seen[path.name]}"
        seen[path.name] = path
