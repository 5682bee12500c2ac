"""A gate that cuts clips, from labels to whole items again, with simulated people at work.

An audit says Fail of what is wrong; the adjustment behind it is given only those frames.
"""

import json
from dataclasses import replace
from typing import Any

import pytest

from terrace.domain import show
from terrace.domain.gates import BEYOND
from terrace.domain.records import JobRecord
from terrace.steps import lane
from terrace_cli.demo.gated_batch import Drawn, changes, drawn_in
from terrace_local.clip.categories import lane_categories
from terrace_local.workers.mix import NO_ERRORS, ErrorMix, Reviewing, Slips
from tests.fakes.aws import FastS3
from tests.fakes.house import BUCKET, INPUTS, House
from tests.fakes.people import PeopleEngine, a_peopled_house, put_clip
from tests.steps.test_stop_retry import retry

WRITES = ("put_json", "put_text", "write_lines")
SLIPS = Slips(missing=0.004, shift=0.004, resize=0.004)
SEES_ALL = Reviewing(findShare=1.0, falseAlarm=0.0, repairShare=1.0, auditEditShare=0.0)
MIX = ErrorMix(care=0.0, label=replace(NO_ERRORS, bias=0.0), slips=SLIPS, review=SEES_ALL)
SEQUENCES, FRAMES = 3, 40
GATE = {"where": {"verdict": "fail"}, "unit": "clip", "context": 1}


def jobs_with(**gate: Any) -> list[dict[str, Any]]:
    return [
        {
            "jobName": "car",
            "jobLevel": 1,
            "jobModality": "VideoObjectTracking",
            "inputConfig": {"inputManifestS3Uri": f"s3://{INPUTS}/clip.manifest"},
            "labelCategoryConfigS3Uri": f"s3://{INPUTS}/vehicle.json",
        },
        {
            "jobName": "audit",
            "jobLevel": 2,
            "jobModality": "VideoObjectTrackingAudit",
            "inputConfig": {"chainFromJobName": "car"},
        },
        {
            "jobName": "adjust",
            "jobLevel": 3,
            "jobModality": "VideoObjectTrackingAdjustment",
            "inputConfig": {"chainFromJobName": "audit", "gate": {**GATE, **gate}},
        },
    ]


LAST = {
    "jobName": "verify",
    "jobLevel": 4,
    "jobModality": "VideoObjectTrackingVerification",
    "inputConfig": {"chainFromJobName": "adjust"},
}


@pytest.fixture
def built() -> tuple[House, FastS3]:
    house, s3 = a_peopled_house(MIX, 3)
    put_clip(house, s3, seed=3, sequences=SEQUENCES, frames=FRAMES)
    return house, s3


def people(house: House) -> PeopleEngine:
    assert isinstance(house.engine, PeopleEngine)
    return house.engine


def do(house: House, *names: str) -> None:
    for name in names:
        people(house).do(name)
        house.event(name)


def posted(house: House, *jobs: dict[str, Any]) -> None:
    house.post({"batchId": "b", "labelingJobs": list(jobs)})
    house.turn()


def labels(house: House, job: JobRecord) -> Drawn:
    found: Drawn = {}
    for item in lane.after(job, house.objects):
        assert item.attribute is not None
        document = house.objects.get_json(item.item.data[item.attribute])
        about = item.item.data[f"{item.attribute}-metadata"]
        found.update(drawn_in(item.index, document, about["class-map"]))
    return found


def shown(house: House) -> dict[str, dict[str, Any]]:
    """The batch's jobs as `show` has them, by name."""
    batch = house.batch()
    request = house.objects.get_json(batch.requestS3Uri)
    view = show.dump(show.batch_view(batch, list(house.jobs().values()), request))
    return {job["labelingJobName"]: job for job in show.jobs_in(view)}


def lines(house: House, uri: str | None) -> list[dict[str, Any]]:
    assert uri is not None
    return [json.loads(line.text) for line in house.objects.read_lines(uri)]


def frames_given(house: House, name: str) -> int:
    given = people(house).requests[name]["InputConfig"]["DataSource"]["S3DataSource"]
    return sum(
        len(house.objects.get_json(line["source-ref"])["frames"])
        for line in lines(house, given["ManifestS3Uri"])
    )


def test_only_the_failed_frames_go_to_people_and_whole_items_come_out(
    built: tuple[House, FastS3],
) -> None:
    house, _ = built
    posted(house, *jobs_with(), LAST)
    do(house, "car", "audit")
    # Then the adjustment is given clips: fewer frames, as its gate says
    adjust = house.jobs()["adjust"]
    assert adjust.gate is not None
    given = frames_given(house, "adjust")
    assert 0 < given == adjust.gate.selectedFrames < adjust.gate.frames == SEQUENCES * FRAMES
    do(house, "adjust")
    # And the verification after it sees whole sequences, repaired where people had said Fail
    assert frames_given(house, "verify") == SEQUENCES * FRAMES
    do(house, "verify")
    assert house.batch().status == "COMPLETE"
    jobs = house.jobs()
    before, after = labels(house, jobs["audit"]), labels(house, jobs["adjust"])
    repaired = {error[:2] for error in changes(before, after) if error[2] != "attribute"}
    failed = {
        (item.index, row["frame"])
        for item in lane.after(jobs["audit"], house.objects)
        for row in house.objects.get_json(item.item.data["audit-ref"])["tracking-annotations"]
        if row["frame-attributes"].get("Frame_Quality") == "Fail"
    }
    assert repaired == failed
    assert len(repaired) >= 5


def test_the_end_of_the_batch_has_a_manifest_of_whole_items(
    built: tuple[House, FastS3],
) -> None:
    house, _ = built
    posted(house, *jobs_with())
    do(house, "car", "audit", "adjust")
    assert house.batch().status == "COMPLETE"
    link = shown(house)["adjust"]["wholeOutputS3Uri"]
    assert link == f"s3://{BUCKET}/batches/b/outputs/adjust/whole/output.manifest"
    assert shown(house)["audit"]["wholeOutputS3Uri"] is None
    found = lines(house, link)
    sources = [line["source-ref"] for line in lines(house, f"s3://{INPUTS}/clip.manifest")]
    assert [line["source-ref"] for line in found] == sources
    final = house.batch().final
    assert final is not None
    assert (final.unreviewedItems, final.unlabeledItems, final.problem) == (0, 0, None)


def test_the_end_message_links_whole_items_and_nothing_does_before_they_are_written(
    built: tuple[House, FastS3],
) -> None:
    house, _ = built
    posted(house, *jobs_with(), LAST)
    do(house, "car", "audit", "adjust")
    assert house.jobs()["adjust"].outputManifestS3Uri is not None
    assert shown(house)["adjust"]["wholeOutputS3Uri"] is None
    do(house, "verify")
    link = shown(house)["adjust"]["wholeOutputS3Uri"]
    assert house.objects.exists(link)
    told = house.notifier.sent[-1]["body"]["batchInfo"]
    assert [job["wholeOutputS3Uri"] for job in show.jobs_in(told)] == [None, None, link, None]


def test_whole_items_that_could_not_be_written_are_not_linked(built: tuple[House, FastS3]) -> None:
    house, _ = built
    posted(house, *jobs_with())
    do(house, "car", "audit")
    house.objects.delete(
        (house.jobs()["adjust"].wholesS3Uri or "").replace("wholes.manifest", "clips.json")
    )
    do(house, "adjust")
    assert house.batch().ended
    assert shown(house)["adjust"]["wholeOutputS3Uri"] is None
    final = house.batch().final
    assert final is not None
    assert "whole items of adjust" in (final.problem or "")


def test_a_budget_is_never_passed(built: tuple[House, FastS3]) -> None:
    house, _ = built
    posted(house, *jobs_with(budget={"count": 7}))
    do(house, "car", "audit")
    assert frames_given(house, "adjust") == 7


def test_clips_that_nobody_did_are_asked_again_alone_and_then_told_of(
    built: tuple[House, FastS3],
) -> None:
    house, _ = built
    jobs = jobs_with()
    jobs[-1]["maxAttempts"] = 2
    posted(house, *jobs)
    do(house, "car", "audit")
    # When people do all clips but the last, and the last is declined in both attempts
    clips = house.jobs()["adjust"].numItems or 0
    assert clips > 2
    people(house).do("adjust", decline={clips - 1})
    house.event("adjust")
    again = house.jobs()["adjust"]
    assert (again.attempt, again.attempts[0].numItemsLabeled) == (2, clips - 1)
    assert len(lines(house, again.inputManifestS3Uri)) == 1
    people(house).do("adjust-a2", decline={0})
    house.event("adjust-a2")
    # Then the job is incomplete; the item has what was repaired, and says what was not
    assert house.statuses()["adjust"] == "INCOMPLETE"
    final = house.batch().final
    assert final is not None
    assert (final.unreviewedItems, final.problem) == (1, None)
    [line] = lines(house, final.unreviewedManifestS3Uri)
    assert line["terrace-record"]["reason"].startswith("frame")
    assert "adjust: declined" in line["terrace-record"]["reason"]


def test_an_attempt_that_does_the_rest_is_merged_with_the_first(
    built: tuple[House, FastS3],
) -> None:
    house, _ = built
    posted(house, *jobs_with())
    do(house, "car", "audit")
    people(house).do("adjust", decline={0, 2})
    house.event("adjust")
    do(house, "adjust-a2")
    assert house.batch().status == "COMPLETE"
    jobs = house.jobs()
    assert all(
        item.why == "" or item.accepted for item in lane.after(jobs["adjust"], house.objects)
    )
    repaired = changes(labels(house, jobs["audit"]), labels(house, jobs["adjust"]))
    assert len({error[:2] for error in repaired}) >= 5


def test_sequences_that_are_labeled_after_a_retry_get_clips_of_their_own(
    built: tuple[House, FastS3],
) -> None:
    # Given a batch that ended with a sequence without a label, and a clip without an answer
    house, _ = built
    jobs = jobs_with()
    for job in jobs:
        job["onIncomplete"] = "continue"
    posted(house, *jobs)
    people(house).do("car", decline={0})
    house.event("car")
    do(house, "audit")
    first = house.jobs()["adjust"]
    clips = first.numItems or 0
    assert clips > 1
    people(house).do("adjust", decline={0})
    house.event("adjust")
    assert house.batch().status == "COMPLETE_WITH_ERRORS"
    # When it is retried, and the rest is labeled and audited
    retry(house)
    do(house, "car-a2", "audit-a2")
    # Then people are given the clip that is left, and those of the new sequence
    again = house.jobs()["adjust"]
    assert (again.attempt, again.relane) == (2, False)
    table = house.objects.get_json(
        (again.wholesS3Uri or "").replace("wholes.manifest", "clips.json")
    )
    new = [clip for clip in table if clip["item"] == 0]
    assert new
    assert len(table) == again.numItems == clips + len(new)
    assert len(lines(house, again.inputManifestS3Uri)) == 1 + len(new)
    assert again.gate is not None
    assert first.gate is not None
    assert again.gate.items == SEQUENCES
    assert (again.gate.selectedFrames or 0) == sum(len(clip["frames"]) for clip in table)
    decided = lines(house, again.gate.decisionsS3Uri)
    assert sorted(row["item"] for row in decided) == list(range(SEQUENCES))
    do(house, "adjust-a2")
    # And in the end all of it is repaired, in every sequence
    assert house.batch().status == "COMPLETE"
    done = house.jobs()
    found = changes(labels(house, done["audit"]), labels(house, done["adjust"]))
    assert {error[0] for error in found} == set(range(SEQUENCES))
    assert all(item.why == "" for item in lane.after(done["adjust"], house.objects))
    shown = {(clip["item"], name) for clip in table for name in clip["names"]}
    assert {error[:2] for error in found} <= shown


def test_a_budget_in_frames_holds_for_both_choices_together(
    built: tuple[House, FastS3],
) -> None:
    house, _ = built
    jobs = jobs_with(budget={"count": 8})
    for job in jobs:
        job["onIncomplete"] = "continue"
    posted(house, *jobs)
    people(house).do("car", decline={0})
    house.event("car")
    do(house, "audit")
    assert frames_given(house, "adjust") == 8
    people(house).do("adjust", decline={0})
    house.event("adjust")
    retry(house)
    do(house, "car-a2", "audit-a2")
    # Then nothing is left for the new sequence, and it stands as it is: so the gate's rule says
    again = house.jobs()["adjust"]
    assert len(lines(house, again.inputManifestS3Uri)) == 1
    do(house, "adjust-a2")
    assert house.batch().status == "COMPLETE"
    new = next(item for item in lane.after(house.jobs()["adjust"], house.objects) if not item.index)
    assert (new.attribute, new.why, new.accepted) == ("audit-ref", BEYOND, True)


def test_workers_read_the_users_text_first_and_then_which_frames_and_why(
    built: tuple[House, FastS3],
) -> None:
    house, _ = built
    gate = {"where": None, "checks": ["missing-frame", "position", "size"]}
    posted(house, *jobs_with(**gate), LAST)
    do(house, "car", "audit")
    own = house.objects.get_json(f"s3://{INPUTS}/vehicle.json")["instructions"]
    made = house.objects.get_json(people(house).requests["adjust"]["LabelCategoryConfigS3Uri"])
    short, full = (made["instructions"][f"{key}Instruction"] for key in ("short", "full"))
    assert short.startswith(own["shortInstruction"] + " Please look here first: Sequence ")
    assert "(frame " not in short + full
    assert full.startswith(own["fullInstruction"] + "\n\nPlease look here first:\nSequence 1:\n- ")
    assert len(short) < 255
    assert len(full) < 2048
    # And nobody after them: it is about these frames alone.
    do(house, "adjust")
    made = house.objects.get_json(people(house).requests["verify"]["LabelCategoryConfigS3Uri"])
    assert made["instructions"] == own


def test_a_gate_that_finds_nothing_skips_the_job(built: tuple[House, FastS3]) -> None:
    house, _ = built
    posted(house, *jobs_with(where={"attribute": {"Moving": "Never"}}))
    do(house, "car", "audit")
    assert house.statuses()["adjust"] == "SKIPPED"
    assert house.batch().status == "COMPLETE"
    assert labels(house, house.jobs()["adjust"]) == labels(house, house.jobs()["audit"])


def test_lines_without_identities_are_cut_and_merged_as_well() -> None:
    # Given people who draw lanes in single frames, and let them slide off now and then
    mix = replace(MIX, label=replace(NO_ERRORS, bias=0.0, drift=0.6, driftSize=(0.6, 0.9)))
    house, s3 = a_peopled_house(mix, 3)
    put_clip(house, s3, seed=3, sequences=SEQUENCES, frames=FRAMES)
    house.objects.put_json(f"s3://{INPUTS}/vehicle.json", lane_categories())
    jobs = jobs_with()
    for job in jobs:
        job["jobModality"] = job["jobModality"].replace("Tracking", "Detection")
    posted(house, *jobs)
    do(house, "car", "audit", "adjust")
    assert house.batch().status == "COMPLETE"
    given = frames_given(house, "adjust")
    assert 0 < given < SEQUENCES * FRAMES
    rows = house.jobs()
    shown = {
        (clip["item"], name)
        for clip in house.objects.get_json(
            (rows["adjust"].wholesS3Uri or "").replace("wholes.manifest", "clips.json")
        )
        for name in clip["names"]
    }
    assert len(shown) == given
    before, after = frames_of(house, rows["audit"]), frames_of(house, rows["adjust"])
    assert set(before) == set(after)
    changed = {frame for frame, row in before.items() if after[frame] != row}
    assert changed
    assert changed <= shown
    assert all(row["polylines"] for row in after.values())


def frames_of(house: House, job: JobRecord) -> dict[tuple[int, str], dict[str, Any]]:
    found = {}
    for item in lane.after(job, house.objects):
        document = house.objects.get_json(item.item.data[item.attribute or ""])
        for row in document["detection-annotations"]:
            found[item.index, row["frame"]] = row
    return found


class CrashError(Exception):
    """The process is gone."""


class CrashesAt:
    """S3, at whose n-th write from now on the process dies: odd ones have taken effect."""

    def __init__(self, objects: Any, number: int) -> None:
        self._objects, self._number = objects, number
        self.writes = 0
        self.crashed = False

    def __getattr__(self, name: str) -> Any:
        real = getattr(self._objects, name)
        return real if name not in WRITES else lambda *args: self._write(real, *args)

    def _write(self, real: Any, *args: Any) -> Any:
        # Lines that are written may be made while other files are: writes within a write.
        self.writes += 1
        mine = self.writes == self._number
        self.crashed = self.crashed or mine
        if mine and self._number % 2 == 0:
            raise CrashError
        answer = real(*args)
        if mine:
            raise CrashError
        return answer


def run_with_crash(number: int, stage: str) -> tuple[dict[str, bytes], Drawn, int]:
    """The whole batch, with a crash at a write of one stage; what the clips' job left in S3."""
    house, s3 = a_peopled_house(MIX, 3)
    put_clip(house, s3, seed=3, sequences=2, frames=30)
    posted(house, *jobs_with())
    do(house, "car")
    people(house).do("audit")
    real, crashing = house.objects, CrashesAt(house.objects, number)

    def with_crash(what: Any) -> None:
        house.objects = crashing  # type: ignore[assignment]
        try:
            what()
        except CrashError:
            house.objects = real
            # The event comes back, the machine tries the state again.
            what()
        house.objects = real
        # A report that dies is caught: it is never in the way of the batch.
        assert crashing.crashed == (number > 0)

    settle_audit = lambda: house.event("audit")  # noqa: E731
    if stage == "cut":
        with_crash(settle_audit)
    else:
        settle_audit()
    people(house).do("adjust")
    settle_adjust = lambda: house.event("adjust")  # noqa: E731
    if stage == "merge":
        with_crash(settle_adjust)
    else:
        settle_adjust()
    assert house.batch().status == "COMPLETE"
    left = {
        key: body
        for (_, key), body in s3.objects.items()
        if "/inputs/adjust/" in key or "/outputs/adjust/whole/" in key
    }
    return left, labels(house, house.jobs()["adjust"]), crashing.writes


@pytest.mark.parametrize("stage", ["cut", "merge"])
def test_a_crash_at_any_write_changes_nothing_of_what_is_left(stage: str) -> None:
    left, drawn, writes = run_with_crash(0, stage)
    assert writes > 3
    for number in range(1, writes + 1):
        again, drawn_again, _ = run_with_crash(number, stage)
        assert drawn_again == drawn
        assert again == left
