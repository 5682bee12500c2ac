"""What is waited for, in words."""

import io
from typing import Any

import pytest
from rich.console import Console

from terrace_cli.gate_words import gate_lines
from terrace_cli.render import batch_lines, batch_panel, items_bar, job_line
from terrace_cli.views import BatchView
from terrace_cli.words import batch_waits_for, job_waits_for
from tests.cli.shows import job, view


def test_a_job_of_a_later_level_says_how_much_of_the_level_before_it_is_open() -> None:
    batch = view(
        "IN_PROGRESS",
        job("v", "COMPLETE"),
        job("l", "IN_PROGRESS", numItems=4, numItemsLabeled=1),
        job("v-audit", "PENDING", level=2, chainFromJobName="v"),
        job("v-adjust", "PENDING", level=3, chainFromJobName="v-audit"),
    )

    assert [job_waits_for(batch, row) for row in batch.jobs] == [
        "",
        "people: 3 items",
        "level 1 (1 of 2 still open)",
        "level 2 (1 of 1 still open)",
    ]
    assert batch_waits_for(batch) == "people are at work on l"


def test_with_dependency_pacing_a_job_waits_only_for_its_source() -> None:
    batch = view(
        "IN_PROGRESS",
        job("v", "COMPLETE"),
        job("l", "IN_PROGRESS"),
        job("v-audit", "PENDING", level=2, chainFromJobName="v"),
        job("l-audit", "PENDING", level=2, chainFromJobName="l"),
        pacing="dependency",
    )

    assert job_waits_for(batch, batch.jobs[2]) == "its turn"
    assert job_waits_for(batch, batch.jobs[3]) == "the end of l"


def test_a_job_that_ground_truth_has_no_room_for_says_so() -> None:
    batch = view("IN_PROGRESS", job("v", "PENDING", notBefore="2026-11-20T22:10:27.500Z"))

    assert "room" in job_waits_for(batch, batch.jobs[0])
    assert "2026-11-20T22:10:27.500Z" in job_waits_for(batch, batch.jobs[0])


def test_a_failed_job_says_why() -> None:
    batch = view("FAILED", job("v", "FAILED", failureReason="nothing was labeled"))

    assert job_waits_for(batch, batch.jobs[0]) == "nothing was labeled"
    assert job_line(batch, batch.jobs[0]) == "level 1 v: FAILED (nothing was labeled)"


@pytest.mark.parametrize(
    ("states", "words"),
    [
        (["PENDING", "PENDING"], "being checked"),
        (["STARTING", "PENDING"], "first jobs are being started"),
        (["COMPLETE", "COMPLETE"], "results are being gathered"),
        (["COMPLETE", "PENDING"], "next jobs are being started"),
        (["FAILED", "PENDING"], "being ended"),
        (["IN_PROGRESS"] * 5, "at work on j0, j1, j2 and 2 more"),
    ],
)
def test_a_batch_says_where_it_stands(states: list[str], words: str) -> None:
    batch = view("IN_PROGRESS", *(job(f"j{n}", status) for n, status in enumerate(states)))

    assert words in batch_waits_for(batch)


def test_a_batch_that_has_ended_waits_for_nothing() -> None:
    assert batch_waits_for(view("FAILED", job("v", "PENDING"))) == ""


def test_the_bar_shows_items_done_of_all_and_nothing_before_they_are_counted() -> None:
    rows = view(
        "IN_PROGRESS",
        job("a", "IN_PROGRESS", numItems=4, numItemsLabeled=1),
        job("b", "PENDING"),
        job("c", "IN_PROGRESS", numItems=2, numItemsLabeled=None),
    ).jobs

    assert [items_bar(row) for row in rows] == ["###--------- 1/4", "", "------------ 0/2"]


def test_a_second_attempt_can_be_seen() -> None:
    batch = view("IN_PROGRESS", job("v", "IN_PROGRESS", attempt=2))

    assert "IN_PROGRESS (attempt 2)" in batch_lines(batch)[1]


def drawn(batch: BatchView, width: int = 80) -> str:
    console = Console(width=width, record=True, file=io.StringIO())
    console.print(batch_panel(batch, width=width))
    return console.export_text()


def test_a_batch_of_many_jobs_is_drawn_by_level_with_what_went_wrong() -> None:
    rows = [job(f"j{n}", "COMPLETE", numItems=3, numItemsLabeled=3) for n in range(390)]
    rows += [job(f"bad{n}", "FAILED", failureReason=f"reason {n}") for n in range(3)]
    rows += [job(f"busy{n}", "IN_PROGRESS", level=2) for n in range(7)]

    text = drawn(view("IN_PROGRESS", *rows))

    assert "393/393" in text
    assert "390 COMPLETE, 3 FAILED" in text
    assert "reason 2" in text
    assert "busy6" in text
    assert len(text.splitlines()) < 30


def test_on_a_narrow_terminal_names_are_not_cut() -> None:
    batch = view("IN_PROGRESS", job("b1-vehicle-adjust", "PENDING", jobModality="VideoX"))

    assert "vehicle-adjust " in drawn(batch)
    assert "VideoX" not in drawn(batch)
    assert "VideoX" in drawn(batch, 140)


LOT = {"size": 40, "looked": 8, "allowed": 0, "wrong": 1, "accepted": False}


@pytest.mark.parametrize(
    ("gate", "told"),
    [
        (
            {"items": 40, "flagged": 4, "selected": 4},
            ["gate: 40 items, 4 flagged, 4 sent, 36 accepted as they are"],
        ),
        (
            {"items": 40, "flagged": 0, "selected": 40, "lot": LOT},
            [
                "gate: 40 items, 0 flagged, 40 sent",
                "sample of 8: 1 wrong, 0 allowed: rejected, everything was sent",
            ],
        ),
        (
            {
                "items": 40,
                "flagged": 0,
                "selected": 8,
                "lot": {**LOT, "wrong": 0, "accepted": True},
            },
            [
                "gate: 40 items, 0 flagged, 8 sent, 32 accepted as they are",
                "sample of 8: 0 wrong, 0 allowed: accepted, 32 more stand as they are",
            ],
        ),
        (
            {
                "items": 40,
                "flagged": 0,
                "selected": 8,
                "lot": {**LOT, "wrong": None, "accepted": None},
            },
            [
                "gate: 40 items, 0 flagged, 8 sent, 32 not sent (yet)",
                "sample of 8: not yet judged, 0 wrong allowed",
            ],
        ),
        (
            {"items": 4, "flagged": 0, "selected": 1, "byCheck": {"unreadable": 1}},
            ["gate: 4 items, 0 flagged, 1 sent, 3 not sent"],
        ),
    ],
    ids=["checks", "rejected", "accepted", "on trial", "unreadable"],
)
def test_what_a_gate_did_is_told(gate: dict[str, Any], told: list[str]) -> None:
    assert gate_lines(gate) == told
    lines = batch_lines(view("COMPLETE", job("v", "COMPLETE", gate=gate)))
    assert [line.strip() for line in lines[2:]] == told
