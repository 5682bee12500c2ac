"""Some hundred seeds of the world, its repeatability, its documents and its mutants."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.world import directed, evidence, mutants, reliability, runs
from tests.world.__main__ import FULL
from tests.world.sites import call_sites, kinds_of
from tests.world.situations import SITUATIONS
from tests.world.story import DEEDS, SITUATION_DEEDS, Story

ROOT = Path(__file__).resolve().parents[2]
PART = 50
LAPS = 5
"""Stories that aim at one fault, of which one must meet it."""


@pytest.mark.parametrize("first", range(0, 250, PART))
def test_no_invariant_is_violated(first: int) -> None:
    for seed in range(first, first + PART):
        violations = Story(seed).run().violations
        assert not violations, f"seed {seed}: {violations[0]} (make world SEED={seed})"


@pytest.mark.parametrize("site", ["S3ObjectStore.put_many", "S3ObjectStore.get_start"])
def test_an_export_meets_every_fault_and_no_invariant_is_violated(site: str) -> None:
    every = directed.pairs()
    for kind in kinds_of(site):
        hits = 0
        for lap in range(LAPS):
            report = Story((every.index((site, kind)) + lap * len(every)) * directed.EVERY).run()
            assert not report.violations, f"seed {report.seed}: {report.violations[0]}"
            hits += report.faults[site, kind]
            if hits:
                break
        assert hits, kind


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


@pytest.mark.parametrize("mutant", mutants.MUTANTS, ids=lambda mutant: mutant.name)
def test_the_seed_that_caught_a_mutant_still_does(mutant: mutants.Mutant) -> None:
    known = evidence.read(evidence.MUTANTS)[mutant.name]
    assert known["situation"] == mutant.situation, "make mutants"
    found = mutants.hunt(mutant, seeds=1, first=known["seed"])
    assert found is not None, "make mutants ARGS='--only <name>' finds another seed"
    assert found[1].split(":")[0] == known["violated"]


def test_every_mutant_is_on_record_as_caught() -> None:
    names = {mutant.name for mutant in mutants.MUTANTS}
    assert len(names) == len(mutants.MUTANTS)
    assert set(evidence.read(evidence.MUTANTS)) == names


@pytest.mark.parametrize("situation", SITUATIONS)
def test_no_situation_violates_an_invariant(situation: str) -> None:
    # Otherwise the situation, and not the mistake, would be what a mutant's seed has caught.
    for seed in range(6):
        violations = Story(seed, situation=situation).run().violations
        assert not violations, f"seed {seed}: {violations[0]}"


def test_a_situation_brings_about_what_it_says() -> None:
    # A call site that is not reached in any story would be a name misspelt.
    for name, situation in SITUATIONS.items():
        for one in (*situation.troubles, *situation.moments):
            assert one.site in call_sites(), (name, one.site)
        for trouble in situation.troubles:
            assert trouble.kind in kinds_of(trouble.site), (name, trouble.kind)
        for moment in situation.moments:
            assert moment.deed in DEEDS | SITUATION_DEEDS, (name, moment.deed)


def test_the_last_set_of_runs_violated_nothing() -> None:
    proof = evidence.read(evidence.RUNS)
    assert proof["runs"] >= FULL
    assert proof["violated"] == 0
    assert proof["neverHit"] == []


@pytest.mark.parametrize("pair", directed.pairs()[::29], ids=" ".join)
def test_an_aim_is_a_call_site_and_a_fault_that_applies(pair: tuple[str, str]) -> None:
    number = directed.pairs().index(pair)
    aims = {directed.aim_of(seed) for seed in range(2 * len(directed.pairs()))}
    assert directed.Aim(*pair) in aims
    assert directed.aim_of(number * directed.EVERY) == directed.Aim(*pair)
