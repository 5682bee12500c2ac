"""The report on an ended batch: whole, in slices, again, or not at all: never in the way."""

from typing import Any

import pytest

from terrace.domain.quality.report import BatchReport, JobFile
from terrace.errors import ThrottledError, TransientError
from terrace.steps.write_report import TRIES, LookedAt, WriteReport, WriteReportInput
from tests.fakes.house import BUCKET, House
from tests.steps.conftest import two_levels

STEP = WriteReportInput(batchId="b", generation=1)
FOLDER = f"s3://{BUCKET}/batches/b/reports"


def ended(house: House, **more: Any) -> None:
    house.post(two_levels(house, **more))
    house.turn()
    for name in ("car", "road", "car-audit", "road-audit"):
        house.clock.advance(60)
        house.finish(name)


def read(house: House) -> BatchReport:
    return BatchReport.model_validate(house.objects.get_json(f"{FOLDER}/report-g1.json"))


def jobs_of(report: BatchReport) -> dict[str, Any]:
    return {job.jobName: job for level in report.levels for job in level.jobs}


def write_again(house: House, **parts: Any) -> WriteReport:
    """The step as the machine would call it, on a batch whose row knows of no report."""
    house.store._table.update(_forget())
    house.objects.delete(f"{FOLDER}/report-g1.json")
    for name in ("car", "road", "car-audit", "road-audit"):
        house.objects.delete(f"{FOLDER}/jobs/{name}.json")
    step = house.report
    return WriteReport(
        store=parts.get("store", step.store),
        objects=parts.get("objects", step.objects),
        clock=step.clock,
        batch_bucket=BUCKET,
        examine=parts.get("examine", step.examine),
        seconds=parts.get("seconds", 780.0),
        yield_for=parts.get("yield_for", 1_800.0),
    )


def _forget() -> Any:
    from terrace.adapters import dynamodb_codec as codec
    from terrace.adapters.dynamodb_table import Update

    return Update(codec.batch_key("b")).set(report=None)


def nothing(*_: Any) -> LookedAt:
    names = ("findings", "series", "agreement", "workers", "changes", "gold")
    return LookedAt({}, dict.fromkeys(names, "nothing was looked at"))


def test_the_machine_writes_it_and_the_end_message_names_it(house: House) -> None:
    ended(house)
    report = read(house)
    assert report.complete
    assert (report.status, report.numJobs, report.numItemsWorked) == ("COMPLETE", 4, 12)
    assert report.reportS3Uri == f"{FOLDER}/report-g1.json" == house.batch().reportS3Uri
    end = house.notifier.of("BATCH_COMPLETE")[-1]
    assert end["reportS3Uri"] == report.reportS3Uri
    assert end["batchInfo"]["outputs"]["reportS3Uri"] == report.reportS3Uri


def test_time_and_counts_are_those_of_the_rows(house: House) -> None:
    ended(house)
    report = read(house)
    rows = house.jobs()
    for name, job in jobs_of(report).items():
        row = rows[name]
        assert (job.numItems, job.numItemsLabeled, job.numItemsFailed) == (3, 3, 0)
        assert row.endedAt is not None
        assert row.startedAt is not None
        assert job.timing.seconds == pytest.approx(row.endedAt - row.startedAt, abs=0.01)
    # road ended last of level 1, so car-audit waited for the level, not for its own source
    assert jobs_of(report)["car-audit"].timing.waitedSeconds == pytest.approx(60, abs=1)
    first, second = report.levels
    assert (first.level, first.numJobs, first.numJobsDelivered, first.status) == (
        1,
        2,
        2,
        "COMPLETE",
    )
    assert second.timing.startedAt is not None


def test_what_is_not_known_is_null_with_its_reason(house: House) -> None:
    request = two_levels(house, onJobFailure="continue")
    for job in request["labelingJobs"]:
        job["onIncomplete"] = "fail"
    house.post(request)
    house.turn()
    house.finish("car")
    house.finish("road", "Failed", labeled=0)
    house.finish("car-audit")
    never = jobs_of(read(house))["road-audit"]
    assert never.status == "DROPPED"
    assert never.numItems is None
    assert never.unknown["numItems"] == "it was never started"
    assert never.unknown["findings"] == "the job left no labels"
    assert never.timing.unknown["seconds"] == "it has not started"
    # No price is documented for frames of a video.
    assert "no price" in jobs_of(read(house))["car"].unknown["cost"]


def test_a_call_that_runs_out_of_time_yields_and_the_next_goes_on(house: House) -> None:
    ended(house)
    seen: list[str] = []

    def slow(_batch: Any, job: Any, *_: Any) -> LookedAt:
        seen.append(job.jobName)
        house.clock.advance(400)
        return nothing()

    step = write_again(house, examine=slow)
    assert step.run(STEP).next == "again"
    # What is known from the rows is there, and says that it is not all.
    assert not read(house).complete
    assert house.batch().reportS3Uri is not None
    assert step.run(STEP).next == "notify"
    assert sorted(seen) == ["car", "car-audit", "road", "road-audit"]
    assert read(house).complete


def test_there_is_an_end_to_yielding(house: House) -> None:
    ended(house)

    def endless(*_: Any) -> LookedAt:
        house.clock.advance(1_000)
        return nothing()

    step = write_again(house, examine=endless, yield_for=1_500)
    assert step.run(STEP).next == "again"
    assert step.run(STEP).next == "notify"
    report = read(house)
    assert not report.complete
    assert report.problems == ["there was no time left for the labels of 2 job(s)"]
    assert "examined" in jobs_of(report)["road-audit"].unknown["findings"]


@pytest.mark.parametrize(
    "error", [ValueError("a text of a user"), ZeroDivisionError(), KeyError("x"), RecursionError()]
)
def test_one_jobs_trouble_does_not_cost_the_others_their_part(
    house: House, error: Exception
) -> None:
    ended(house)

    def broken(_batch: Any, job: Any, *_: Any) -> LookedAt:
        if job.jobName == "car":
            raise error
        return nothing()

    assert write_again(house, examine=broken).run(STEP).next == "notify"
    report = read(house)
    assert [text.split(":")[0] for text in report.problems] == ["car"]
    assert "a text of a user" not in report.model_dump_json()
    assert jobs_of(report)["road"].unknown["findings"] == "nothing was looked at"
    assert not report.complete


def test_a_job_whose_part_kills_the_function_is_left_out_after_two_tries(house: House) -> None:
    ended(house)

    def deadly(_batch: Any, job: Any, *_: Any) -> LookedAt:
        if job.jobName == "road":
            raise SystemExit
        return nothing()

    step = write_again(house, examine=deadly)
    for _ in range(TRIES):
        with pytest.raises(SystemExit):
            step.run(STEP)
        # A call of its own notes the death: the machine's retries begin anew.
        assert step.run(STEP).next == "again"
    assert step.run(STEP).next == "notify"
    assert read(house).problems == ["road: examining its labels broke off 2 times"]


def machine(step: WriteReport) -> str:
    """The state machine's loop: `again` has its own retries, a third death in a row ends it."""
    while True:
        for _ in range(3):
            try:
                found = step.run(STEP).next
                break
            except SystemExit:
                continue
        else:
            return "caught"
        if found == "notify":
            return found


@pytest.mark.parametrize("deadly", [{"car"}, {"car", "road"}, {"car", "road", "car-audit"}])
def test_jobs_that_kill_the_function_do_not_cost_the_others_their_part(
    house: House, deadly: set[str]
) -> None:
    ended(house)

    def kills(_batch: Any, job: Any, *_: Any) -> LookedAt:
        if job.jobName in deadly:
            raise SystemExit
        return nothing()

    assert machine(write_again(house, examine=kills)) == "notify"
    report = read(house)
    broke_off = {f"{name}: examining its labels broke off 2 times" for name in deadly}
    assert set(report.problems) == broke_off
    for name, job in jobs_of(report).items():
        said = "examining its labels broke off" if name in deadly else "nothing was looked at"
        assert job.unknown["findings"].startswith(said)


def test_what_is_known_is_written_before_a_job_is_begun_that_broke_off(house: House) -> None:
    ended(house)

    def kills(_batch: Any, job: Any, *_: Any) -> LookedAt:
        if job.jobName == "car":
            raise SystemExit
        return nothing()

    # There is no time for calls that only note a death.
    step = write_again(house, examine=kills, yield_for=-1.0)
    for _ in range(TRIES):
        with pytest.raises(SystemExit):
            step.run(STEP)
    report = read(house)
    assert not report.complete
    assert report.problems == ["the labels of 1 job(s) have not been examined yet"]
    assert jobs_of(report)["road"].unknown["findings"] == "nothing was looked at"


def test_an_error_that_may_pass_is_the_machines_to_try_again(house: House) -> None:
    ended(house)

    def throttled(*_: Any) -> LookedAt:
        raise ThrottledError("slow down")

    step = write_again(house, examine=throttled)
    for _ in range(TRIES + 1):
        with pytest.raises(TransientError):
            step.run(STEP)
    # It has not broken off: nothing of its own stopped it.
    step = WriteReport(
        step.store, step.objects, step.clock, BUCKET, lambda *_: nothing(), step.seconds
    )
    assert step.run(STEP).next == "notify"
    assert read(house).complete


@pytest.mark.parametrize("name", ["report-g1", "batch-info-g1"])
def test_a_job_may_have_the_name_of_a_file_of_the_batch(house: House, name: str) -> None:
    request = two_levels(house)
    request["labelingJobs"][0]["jobName"] = name
    for job in request["labelingJobs"]:
        if job["inputConfig"].get("chainFromJobName") == "car":
            job["inputConfig"]["chainFromJobName"] = name
    house.post(request)
    house.turn()
    for one in (name, "road", "car-audit", "road-audit"):
        house.finish(one)
    report = read(house)
    assert report.complete
    assert jobs_of(report)[name].reportS3Uri == f"{FOLDER}/jobs/{name}.json"
    assert house.objects.get_json(f"{FOLDER}/jobs/{name}.json")["jobName"] == name


def test_a_review_of_a_verified_label_is_compared_with_the_job_that_made_it(house: House) -> None:
    ended(house)
    compared: dict[str, str | None] = {}

    def note(_batch: Any, job: Any, source: Any, _folder: str) -> LookedAt:
        compared[job.jobName] = source and source.jobName
        return nothing()

    jobs = house.jobs()
    made, judged = jobs["car"], jobs["road"]
    spec = jobs["car-audit"].spec
    chained = spec.inputConfig.model_copy(update={"chainFromJobName": "road"})
    judged_spec = judged.spec.model_copy(
        update={
            "inputConfig": judged.spec.inputConfig.model_copy(update={"chainFromJobName": "car"})
        }
    )
    by_name = {
        "car": made,
        "road": judged.model_copy(update={"spec": judged_spec, "labelAttributeName": "verdict"}),
    }
    third = jobs["car-audit"].model_copy(
        update={
            "spec": spec.model_copy(update={"inputConfig": chained}),
            "auditedAttributeName": made.labelAttributeName,
        }
    )
    write_again(house, examine=note)._seen(house.batch(), third, by_name, FOLDER)
    assert compared == {"car-audit": "car"}


def test_written_again_it_is_the_same_and_a_stale_generation_writes_nothing(house: House) -> None:
    ended(house)
    before = house.objects.get_json(f"{FOLDER}/report-g1.json")
    assert house.report.run(STEP).reportS3Uri == f"{FOLDER}/report-g1.json"
    stale = WriteReportInput(batchId="b", generation=7)
    assert house.report.run(stale).reportS3Uri is None
    assert house.objects.get_json(f"{FOLDER}/report-g1.json") == before


def test_a_batch_that_runs_or_was_refused_has_no_file(house: House) -> None:
    house.post(two_levels(house))
    house.turn()
    assert house.report.run(STEP).reportS3Uri is None
    assert not house.objects.exists(f"{FOLDER}/report-g1.json")


def test_the_file_of_a_job_is_of_this_end_of_the_batch(house: House) -> None:
    ended(house)
    file = JobFile.model_validate(house.objects.get_json(f"{FOLDER}/jobs/car.json"))
    assert (file.generation, file.attempt, file.tries) == (1, 1, 1)
    # Given a file of an earlier end, its content is not taken for this one's
    old = file.model_copy(update={"generation": 9})
    step = write_again(house)
    house.objects.put_json(f"{FOLDER}/jobs/car.json", old.model_dump(mode="json"))
    step.run(STEP)
    assert house.objects.get_json(f"{FOLDER}/jobs/car.json")["generation"] == 1


def test_the_reconciler_waits_for_the_report_and_not_for_ever(house: House) -> None:
    # Given a batch that has ended, whose execution stands in WriteReport
    house.post(two_levels(house))
    house.turn()
    for name in ("car", "road", "car-audit"):
        house.finish(name)
    house.engine.finish("road-audit", "Completed")
    house.settle.by_name("road-audit")
    [run] = house.runs.values()
    run.state = "PlanWave"
    while run.state != "WriteReport":
        house._step("b", run)
    # When the reconciler comes by, it leaves the message to the machine
    from terrace.steps.reconcile import END_GRACE, Reconcile, ReconcileInput
    from tests.fakes.house import PERIOD

    def a_pass(after: float) -> int:
        house.clock.advance(after)
        step = Reconcile(house.settle, house.notify, PERIOD, 86_400, 86_400)
        return step.run(ReconcileInput(), house.clock.now() + 600).counts["resent"]

    assert a_pass(PERIOD + 1) == 0
    assert house.notifier.of("BATCH_COMPLETE") == []
    # But an execution that is dead, or hangs in it, keeps nobody waiting
    assert a_pass(END_GRACE) == 1
    assert len(house.notifier.of("BATCH_COMPLETE")) == 1
