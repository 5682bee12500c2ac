"""Some hundred seeds of the world, its repeatability, its documents and its mutants."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.world import mutants, reliability, runs
from tests.world.story import Story

ROOT = Path(__file__).resolve().parents[2]
PART = 50


@pytest.mark.parametrize("first", range(0, 250, PART))
def test_no_invariant_is_violated(first: int) -> None:
    for seed in range(first, first + PART):
        violations = Story(seed).run().violations
        assert not violations, f"seed {seed}: {violations[0]} (make world SEED={seed})"


def test_a_seed_is_the_same_run_every_time() -> None:
    assert runs.one(7).digest == runs.one(7).digest


def test_a_seed_is_the_same_run_in_another_process() -> None:
    program = (
        "from tests.world import runs; print([runs.one(seed).digest for seed in range(20, 30)])"
    )
    answers = set()
    for order in ("0", "1"):
        environment = {
            **os.environ,
            "PYTHONHASHSEED": order,
            "PYTHONPATH": f"{ROOT / 'functions'}{os.pathsep}{ROOT}",
        }
        done = subprocess.run(
            [sys.executable, "-c", program],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
        answers.add(done.stdout)
    assert len(answers) == 1


def test_the_document_is_what_the_tests_say() -> None:
    written = reliability.FILE.read_text(encoding="utf-8")
    assert written == reliability.text(), "python -m tests.world.reliability"


@pytest.mark.parametrize("mutant", mutants.MUTANTS, ids=lambda mutant: mutant.name)
def test_a_mutant_is_a_patch_of_what_ships(mutant: mutants.Mutant, tmp_path: Path) -> None:
    mutants.patched(mutant, tmp_path / "functions")
    for patch in mutant.patches:
        path = tmp_path / "functions" / patch.file
        compile(path.read_text(encoding="utf-8"), str(path), "exec")


@pytest.mark.parametrize(
    "name", ["no_claim", "every_end_is_success", "counter_instead_of_query", "row_before_file"]
)
def test_a_mutant_is_caught(name: str) -> None:
    [mutant] = [one for one in mutants.MUTANTS if one.name == name]
    assert mutants.hunt(mutant, seeds=100) is not None
