"""The protocol's known mistakes, made again one by one: the world must notice each of them.

A random story meets a rare interleaving once in thousands, so a mutant may name the situation
that its stories are about; the seed decides all the rest.

A mutant is a patch of the shipped text, made in a copy of functions/ that is thrown away. There is
no switch for it in the shipped code. `make mutants` shows the seed that caught each.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests.world import evidence, runs

ROOT = Path(__file__).resolve().parents[2]
SEEDS = 1_500
"""Each mutant must be caught within so many."""


@dataclass(frozen=True)
class Patch:
    """One replacement in a file under functions/; the old text must be there exactly once."""

    file: str
    old: str
    new: str


@dataclass(frozen=True)
class Mutant:
    """A mistake, by name."""

    name: str
    what: str
    patches: tuple[Patch, ...]
    situation: str | None = None
    """What its hunt's stories are about (situations.py); None: whatever the seed says."""


STORE = "terrace/adapters/dynamodb_store.py"
SETTLE = "terrace/steps/settle_job.py"
START = "terrace/steps/start_job.py"
RECONCILE = "terrace/steps/reconcile.py"

MUTANTS = (
    Mutant(
        "counter_instead_of_query",
        "a level is over when as many events have come as it has jobs (2021 sample)",
        (
            Patch(
                "terrace/domain/records.py",
                "    messageSentAt: float | None = None\n",
                "    messageSentAt: float | None = None\n    endEvents: int = 0\n",
            ),
            Patch(
                SETTLE,
                '        outcome = "late"\n',
                "        batch = self.store.get_batch(claim.batchId)\n"
                "        if batch is not None:\n"
                "            from terrace.adapters.dynamodb_table import Update\n"
                "            from terrace.adapters import dynamodb_codec as codec\n"
                "            self.store._table.update(Update(codec.batch_key(claim.batchId)).set("
                "endEvents=batch.endEvents + 1))\n"
                '        outcome = "late"\n',
            ),
            Patch(
                "terrace/domain/plan.py",
                "    return all(statuses[j.jobName] in JOB_TERMINAL for j in jobs "
                "if j.level < job.level)\n",
                "    return batch.endEvents >= len([j for j in jobs if j.level < job.level])\n",
            ),
        ),
    ),
    Mutant(
        "looks_before_it_parks",
        "ParkWave looks whether there is work, and stores its token after",
        (
            Patch(
                "terrace/steps/park_wave.py",
                "    if not store.park(step.batchId, park):\n",
                "    early = store.load(step.batchId)\n"
                "    if not store.park(step.batchId, park):\n",
            ),
            Patch(
                "terrace/steps/park_wave.py",
                "    found = store.load(step.batchId)\n    if found is None or found[0].ended",
                "    found = early and (early[0].model_copy(update={'park': park}), early[1])\n"
                "    if found is None or found[0].ended",
            ),
        ),
        "ends before the token is stored",
    ),
    Mutant(
        "every_end_is_success",
        "the status of a labeling job's end is not looked at: Failed is complete (2021 sample)",
        (
            Patch(
                "terrace/domain/settle.py",
                "    if completed and missing <= 0 and not unreadable:\n",
                "    if True:\n",
            ),
        ),
    ),
    Mutant(
        "unconditional_writes",
        "the end of an attempt is written whatever the row has become",
        (
            Patch(
                STORE,
                'self._row(job).set(status=status, **changes).where_in("status", _LIVE)',
                "Update(codec.job_key(job.batchId, job.level, job.jobName))"
                ".set(status=status, **changes)",
            ),
        ),
        "an end told twice, one of them slowly",
    ),
    Mutant(
        "check_then_act_create",
        "POST looks whether the id is free, then writes (2021 sample)",
        (
            Patch(
                STORE,
                "        if self._table.put(codec.batch_item(batch, is_open=True), "
                "only_new=True):\n",
                "        if self.get_batch(batch.batchId) is None and "
                "self._table.put(codec.batch_item(batch, is_open=True)):\n",
            ),
        ),
        "posted at the same instant",
    ),
    Mutant(
        "row_before_file",
        "the row names the merged output before it is written (2021 sample: counter before copy)",
        (
            Patch(
                SETTLE,
                "            merged = merged_output(job, attempts, self.objects, "
                "self.batch_bucket)\n",
                "            class Nowhere:\n"
                "                def __init__(self, real):\n"
                "                    self.real = real\n"
                "                def __getattr__(self, name):\n"
                "                    return getattr(self.real, name)\n"
                "                def write_lines(self, uri, lines):\n"
                "                    return 0\n"
                "            merged = merged_output(job, attempts, Nowhere(self.objects), "
                "self.batch_bucket)\n",
            ),
            Patch(
                SETTLE,
                "        if not self.store.end_attempt(job, status, changes, mark):\n"
                '            return "lost"\n'
                "        self.store.add_event(\n",
                "        if not self.store.end_attempt(job, status, changes, mark):\n"
                '            return "lost"\n'
                "        if not verdict.retry:\n"
                "            merged_output(job, attempts, self.objects, self.batch_bucket)\n"
                "        self.store.add_event(\n",
            ),
        ),
    ),
    Mutant(
        "no_claim",
        "CreateLabelingJob without a claim before it (2021 sample)",
        (
            Patch(
                START,
                "        claim = self._store.claim(job, nonce, self._clock.now())\n",
                "        from terrace.ports import ClaimOutcome\n"
                "        claim = ClaimOutcome(won=True)\n",
            ),
        ),
    ),
    Mutant(
        "claims_after_the_mark",
        "the claim does not ask whether the batch is marked or stopped",
        (
            Patch(
                STORE, '            .where_absent("mark")\n            .where_absent("stop")\n', ""
            ),
        ),
        "stopped at a claim",
    ),
    Mutant(
        "any_token_is_stored",
        "an older execution's token replaces a newer one",
        (
            Patch(
                STORE,
                '        update.where("generation", "=", park.generation).where_any(\n'
                '            update.absent("park"),\n'
                '            update.test("park.generation", "<", park.generation),\n'
                "            same_generation,\n"
                "        )\n",
                "        update.values = {k: v for k, v in update.values.items() if k == ':v0'}\n"
                "        update.names = {'#park': 'park'}\n",
            ),
        ),
    ),
    Mutant(
        "no_wave_check",
        "PlanWave sets the wave whatever it is",
        (
            Patch(STORE, '            .where_in("wave", [wave - 1, wave])\n', ""),
            Patch(
                "terrace/steps/plan_wave.py",
                "    number = step.wave + 1 if step.wave else batch.wave + 1\n",
                "    number = batch.wave + 1 + (clock.now() - batch.movedAt < 60)\n",
            ),
        ),
    ),
    Mutant(
        "no_generation_check",
        "a stale execution goes on as if it were the batch's own",
        (
            Patch(
                "terrace/steps/plan_wave.py",
                "    if found is None or found[0].generation != step.generation:\n",
                "    if found is None:\n",
            ),
            Patch(
                STORE,
                "            .set(wave=wave, turnEvents=turn_events, movedAt=at, updatedAt=at)\n"
                '            .where("generation", "=", generation)\n',
                "            .set(wave=wave, turnEvents=turn_events, movedAt=at, updatedAt=at)\n",
            ),
        ),
    ),
    Mutant(
        "attempt_in_two_writes",
        "the ended attempt is recorded first, the next one opened in a second write",
        (
            Patch(
                SETTLE,
                "        if not self.store.end_attempt(job, status, changes, mark):\n"
                '            return "lost"\n'
                "        self.store.add_event(\n",
                "        if verdict.retry:\n"
                '            self.store.annotate_job(job, {"attempts": attempts})\n'
                "        if not self.store.end_attempt(job, status, changes, mark):\n"
                '            return "lost"\n'
                "        self.store.add_event(\n",
            ),
        ),
    ),
    Mutant(
        "adopts_what_it_finds",
        "a labeling job of the right name is taken for our own",
        (
            Patch(
                START,
                "    return (\n        job.nonce is not None\n"
                "        and found.tags.get(NONCE_TAG) == job.nonce\n"
                '        and found.outputPath.rstrip("/") == '
                'output_path(bucket, job).rstrip("/")\n    )\n',
                "    return True\n",
            ),
        ),
        "a name is taken",
    ),
    Mutant(
        "sent_before_it_is_sent",
        "the end message is noted as sent before it is published",
        (
            Patch(
                "terrace/steps/notify.py",
                "        undeliverable = tell(batch, message, self.notifier, at_last=at_last)\n",
                "        self.store.message_sent(batch_id, self.clock.now())\n"
                "        undeliverable = tell(batch, message, self.notifier, at_last=at_last)\n",
            ),
        ),
        "dies before it has told",
    ),
    Mutant(
        "tells_before_the_end",
        "the end message goes out before the end is written",
        (
            Patch(
                "terrace/steps/notify.py",
                "not found[0].ended or found[0].generation != generation",
                "found[0].generation != generation",
            ),
            Patch(
                "terrace/steps/notify.py",
                "        batch, jobs = found\n",
                "        batch, jobs = found\n"
                "        from terrace.domain.status import BatchStatus\n"
                "        if not batch.ended:\n"
                "            batch = batch.model_copy(update={'status': BatchStatus.FAILED})\n",
            ),
            Patch(
                RECONCILE,
                "        if batch.ended:\n            self._resend(batch, this.repairs)\n",
                "        if batch.mark is not None and not batch.ended:\n"
                "            self.notify.run(batch.batchId, batch.generation)\n"
                "        if batch.ended:\n            self._resend(batch, this.repairs)\n",
            ),
        ),
    ),
    Mutant(
        "dropped_loses_labels",
        "a job that waits when its batch ends is DROPPED, and its earlier labels with it",
        (
            Patch(
                "terrace/steps/finalize_batch.py",
                '        return merged_output(job, job.attempts, objects, bucket), ""\n',
                '        return None, ""\n',
            ),
        ),
        "stopped between two attempts",
    ),
    Mutant(
        "labels_again",
        "a further attempt gets all items again: people are paid twice",
        (
            Patch(
                "terrace/domain/outputs.py",
                "        if not manifest.is_labeled(item, attribute):\n"
                "            yield index, manifest.text_without(item, attribute)\n",
                "        yield index, manifest.text_without(item, attribute)\n",
            ),
        ),
    ),
    Mutant(
        "no_level_barrier",
        "a job starts while a lower level still runs",
        (
            Patch(
                "terrace/domain/plan.py",
                "    if batch.pacing is Pacing.dependency:\n        return True\n",
                "    if True:\n        return True\n",
            ),
        ),
    ),
    Mutant(
        "orphans_run_on",
        "a labeling job that was made after its row had ended is not looked for",
        (
            Patch(
                RECONCILE,
                "        if not job.claimOpen:\n            return\n",
                "        settle.store.annotate_job(job, {'claimOpen': False})\n        return\n",
            ),
            Patch(
                START,
                "        self._engine.stop(job.attemptName)\n        # The claim",
                "        return\n        # The claim",
            ),
        ),
        "a creation behind the stop",
    ),
    Mutant(
        "event_beside_the_start_is_lost",
        "an end event that meets StartJob's record of the start is used up, and settles nothing",
        (Patch(SETTLE, "if row is None or not _runs(row, job.attempt):", "if True:"),),
        "ends beside the record of the start",
    ),
    Mutant(
        "claim_is_never_closed",
        "a claim without a labeling job is looked at for ever",
        (
            Patch(
                RECONCILE,
                "        elif settle.clock.now() - (job.attemptStartedAt or 0.0) > CLAIM_GRACE:\n"
                '            settle.store.annotate_job(job, {"claimOpen": False})\n',
                "",
            ),
        ),
        "a claim without a labeling job",
    ),
    Mutant(
        "off_the_list_at_its_end",
        "a batch leaves the work list when it ends, not when its end is told",
        (
            Patch(
                STORE,
                ".set(batchStatus=status, endedAt=at, updatedAt=at, park=None, final=final)",
                ".set(batchStatus=status, endedAt=at, updatedAt=at, park=None, final=final, "
                "openKey=None)",
            ),
        ),
        "no topic at the end",
    ),
    Mutant(
        "a_new_message_each_generation",
        "the same news of a level or a job has another de-duplication id after a hand-over",
        (
            Patch(
                "terrace/domain/messages.py",
                "{batch.uid}-{batch.run}-level-",
                "{batch.uid}-{batch.generation}-level-",
            ),
            Patch(
                "terrace/domain/messages.py",
                "{batch.uid}-{batch.run}-{event}-",
                "{batch.uid}-{batch.generation}-{event}-",
            ),
        ),
        "handed over while news is told",
    ),
    Mutant(
        "nobody_hears_of_a_gone_topic",
        "the end message goes to the batch's own topic only, even if that is deleted",
        (Patch("terrace/steps/tell.py", "        if asked is None or", "        if True or"),),
        "the topic is deleted",
    ),
    Mutant(
        "a_broken_end_is_a_failed_batch",
        "an error while the end is written marks a fully labeled batch as failed",
        (
            Patch(
                "terrace/steps/finalize_batch.py",
                "    if not store.end_batch("
                "step.batchId, step.generation, wave.outcome, now, final):\n",
                "    failed = BatchStatus.FAILED\n"
                "    if not store.end_batch(step.batchId, step.generation, "
                "failed if batch.generation > batch.run else wave.outcome, now, final):\n",
            ),
        ),
    ),
    Mutant(
        "reconciler_ignores_ended_jobs",
        "a labeling job whose event was lost is not settled by the reconciler",
        (
            Patch(
                RECONCILE,
                "            elif not batch.ended and _may_run(job):\n",
                "            elif False:\n",
            ),
        ),
    ),
    Mutant(
        "reconciler_ignores_dead_executions",
        "an execution that was aborted is not replaced",
        (
            Patch(
                RECONCILE,
                '        elif execution.status not in {"RUNNING", "PENDING_REDRIVE"}:\n',
                "        elif False:\n",
            ),
        ),
    ),
    Mutant(
        "reconciler_ignores_missing_executions",
        "a batch whose StartExecution never happened is not started",
        (
            Patch(
                RECONCILE,
                "            if clock.now() - batch.updatedAt > CREATE_GRACE:\n",
                "            if False:\n",
            ),
        ),
        "never started",
    ),
    Mutant(
        "reconciler_does_not_release",
        "a wait whose wake-up was lost is not released by the reconciler",
        (
            Patch(
                RECONCILE,
                "        after = self.settle.after(batch_id)\n",
                "        from terrace.steps.aftermath import Aftermath\n"
                "        after = Aftermath()\n",
            ),
        ),
    ),
    Mutant(
        "reconciler_does_not_tell",
        "an end message that could not be sent is not sent again",
        (Patch(RECONCILE, "            self._resend(batch, this.repairs)\n", ""),),
        "no topic at the end",
    ),
    Mutant(
        "starts_without_a_look_at_the_stop",
        "a labeling job made while its batch is stopped runs on",
        (
            Patch(
                START,
                "        if batch is not None and (batch.mark is not None or batch.stop is not "
                "None):\n",
                "        if False:\n",
            ),
            Patch(
                RECONCILE,
                "        if batch.stop is not None and batch.stop.mode is StopMode.stop:\n",
                "        if False:\n",
            ),
            Patch(
                "terrace/domain/plan.py",
                "    if batch.stop is None or batch.stop.mode is not StopMode.stop:\n",
                "    if True:\n",
            ),
        ),
        "stopped at a creation",
    ),
    Mutant(
        "trusts_events_to_come",
        "no reconciler: what an event does not bring never happens",
        (
            Patch(
                RECONCILE,
                "        place = store.cursor()\n",
                "        return repairs\n        place = store.cursor()\n",
            ),
        ),
    ),
)


def patched(mutant: Mutant, folder: Path) -> None:
    """A copy of functions/ with the mutant's patches; AssertionError where a text has moved on."""
    shutil.copytree(
        ROOT / "functions", folder, ignore=shutil.ignore_patterns("__pycache__", ".mypy_cache")
    )
    for patch in mutant.patches:
        path = folder / patch.file
        text = path.read_text(encoding="utf-8")
        count = text.count(patch.old)
        assert count == 1, f"{mutant.name}: {patch.file} holds the old text {count} times"
        path.write_text(text.replace(patch.old, patch.new), encoding="utf-8")


def hunt(mutant: Mutant, seeds: int = SEEDS, first: int = 0) -> tuple[int, str] | None:
    """The first seed that catches it, and what was violated; None if none of so many does."""
    with tempfile.TemporaryDirectory() as home:
        folder = Path(home) / "functions"
        patched(mutant, folder)
        environment = {
            **os.environ,
            "PYTHONPATH": f"{folder}{os.pathsep}{ROOT}",
            "PYTHONHASHSEED": "0",
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        done = subprocess.run(
            [
                sys.executable,
                "-m",
                "tests.world.mutants",
                str(folder),
                str(first),
                str(seeds),
                mutant.situation or "",
            ],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
    last = (done.stdout.strip().splitlines() or [""])[-1]
    if done.returncode == 0:
        return None
    seed, _, what = last.partition(" ")
    if not seed.isdigit():
        raise AssertionError(f"{mutant.name}: {done.stderr[-2000:]}")
    return int(seed), what


def main(only: str | None = None, workers: int = 2, seeds: int = SEEDS) -> int:
    """Hunts every mutant; prints mutant, seed, invariant; 1 if one lives."""
    chosen = [m for m in MUTANTS if only is None or only in m.name]
    caught: dict[str, tuple[int, str]] = {}
    print(f"{'mutant':40}{'seed':>6}  {'situation':40}violated")
    with ThreadPoolExecutor(workers) as pool:
        hunted = pool.map(lambda mutant: hunt(mutant, seeds), chosen)
        for mutant, found in zip(chosen, hunted, strict=True):
            if found is None:
                print(f"{mutant.name:40}{'ALIVE':>6}  not caught by {seeds} seeds", flush=True)
                continue
            caught[mutant.name] = found
            situation = mutant.situation or "any"
            print(f"{mutant.name:40}{found[0]:>6}  {situation:40}{found[1][:120]}", flush=True)
            evidence.write_mutant(mutant.name, mutant.situation, *found)
    print(f"{len(caught)} of {len(chosen)} mutants caught")
    return 1 if len(caught) < len(chosen) else 0


def _first_caught(folder: str, first: int, seeds: int, situation: str) -> int:
    import terrace

    assert Path(terrace.__file__).is_relative_to(folder), "the mutant is not what runs"
    for seed in range(first, first + seeds):
        report = runs.one(seed, situation or None)
        if report.violations:
            print(f"{seed} {report.violations[0]}")
            return 3
    return 0


if __name__ == "__main__":
    sys.exit(_first_caught(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]))
