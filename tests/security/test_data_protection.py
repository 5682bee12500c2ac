"""What people labeled, who they are, and what opens their work: in none of the wrong places.

One run on the real stack with marked texts everywhere a user can put one: labels, instructions,
items, a broken manifest, a broken category file. Then every log, message, row and delivered file is
searched.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from boto3.dynamodb.types import TypeDeserializer
from click.testing import CliRunner, Result

from terrace_cli.errors import EXIT_WRONG
from terrace_cli.main import cli
from tests.machine.conftest import Clips, clips_in
from tests.machine.world import Json, World, eventually, private_world

pytestmark = pytest.mark.local_aws

ROOT = Path(__file__).resolve().parents[2]
LABEL, INSTRUCTION, ITEM = "MARKEDLABEL", "MARKEDINSTRUCTION", "MARKEDITEM"
FILE = "MARKEDFILENAME"
PRESIGNED = re.compile(r"X-Amz-(Signature|Credential|Security-Token)|AWSAccessKeyId=")


@dataclass(frozen=True)
class Aftermath:
    """All that a run left behind."""

    shown: dict[str, Json]
    messages: list[Json]
    logs: dict[str, str]
    rows: str
    files: dict[str, str]
    """Text objects of the batch bucket, by key."""
    tokens: set[str]
    """Task tokens that were in the table while batches waited."""
    world: World
    """Still there, for what is asked of it afterwards."""

    @property
    def workers(self) -> set[str]:
        """Identities of everybody who answered, from the worker responses."""
        found: set[str] = set()
        for key, text in self.files.items():
            if "/annotations/worker-response/" in key:
                for answer in json.loads(text)["answers"]:
                    found.add(answer["workerId"])
                    identity = answer["workerMetadata"]["identityData"]
                    found.add(identity["sub"])
        return found

    @property
    def delivered(self) -> dict[str, str]:
        """What is handed on: all but Ground Truth's own notes of who answered what."""
        private = ("/annotations/worker-response/", "/consolidation-request/", "/intermediate/")
        return {
            key: text
            for key, text in self.files.items()
            if not any(part in key for part in private)
        }


@pytest.fixture(scope="module")
def aftermath(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aftermath]:
    home = tmp_path_factory.mktemp("protection") / ".terrace"
    with private_world(home, fresh=True, template=ROOT / "template.yaml") as world:
        world.listen()
        tokens = run(world)
        yield Aftermath(
            shown={batch: world.show(batch) for batch in BATCHES},
            messages=[message for batch in BATCHES for message in world.messages(batch)],
            logs={
                path.name: path.read_text(encoding="utf-8", errors="replace")
                for path in sorted((home / "logs").glob("smgt-workflow-*.log"))
            },
            rows=table(world),
            files=files(world),
            tokens=tokens,
            world=world,
        )


BATCHES = ("good", "half", "badlines", "badlabels", "nofile", "broken")


def run(world: World) -> set[str]:
    """Batches that end well, partly, and badly; the tokens seen while they waited."""
    clips = marked_clips(world)
    note = {"shortInstruction": INSTRUCTION, "fullInstruction": f"<p>{INSTRUCTION}</p>"}
    world.create(
        "good",
        [
            clips.label("good-car", instructions=note, taskDescription=INSTRUCTION),
            clips.audit("good-check", "good-car", instructions=note),
        ],
    )
    world.create("half", [clips.label("half-car", onIncomplete="continue")])
    lines = world.put("marked/bad.manifest", f'{{"source-ref": "{ITEM}", {ITEM}\n')
    world.create("badlines", [Clips(lines, clips.categories).label("badlines-car")])
    labels = world.put("marked/bad.json", {"labels": [{"label": LABEL, "label2": LABEL}, LABEL]})
    world.create("badlabels", [Clips(clips.manifest, labels).label("badlabels-car")])
    gone = world.put("marked/gone.manifest", json.dumps({"source-ref": missing(world)}))
    world.create("nofile", [Clips(gone, clips.categories).label("nofile-car")])
    world.exists("good-car")
    tokens = eventually(lambda: parked(world, "good"), "it waits")
    world.finish("good-car", labeled=0.5)
    world.finish("good-car-a2")
    world.finish("good-check")
    world.finish("half-car", labeled=0.5)
    # An error that nobody expects, so that a trace is logged.
    world.fault("iam.GetRole", "ValidationError", times=8)
    world.create("broken", [clips.label("broken-car")])
    for batch in BATCHES:
        eventually(lambda name=batch: world.show(name)["status"] != "IN_PROGRESS", f"{batch} ends")
        world.end_message(batch)
    return tokens


def marked_clips(world: World) -> Clips:
    """Two sequences whose lines, file names, labels and instructions carry marks."""
    manifest = world.sequences("marked", 2)
    lines = []
    for number, line in enumerate(world.lines(manifest)):
        sequence = world.read(line["source-ref"])
        uri = world.put(f"marked/{FILE}{number}.json", sequence)
        lines.append({"source-ref": uri, "note": ITEM})
    world.write(manifest, "\n".join(map(json.dumps, lines)))
    return Clips(manifest, world.categories("marked/categories.json", LABEL))


def missing(world: World) -> str:
    """A data object that is not there, with a marked name."""
    return f"s3://{world.bucket}/marked/{FILE}-gone.json"


def parked(world: World, batch: str) -> set[str] | None:
    """The token the batch waits with."""
    park = world.rows(batch, "BATCH")[0].get("park")
    return {park["token"]} if park else None


def table(world: World) -> str:
    """Every row, as text."""
    read = TypeDeserializer().deserialize
    pages = world.client("dynamodb").get_paginator("scan")
    return json.dumps(
        [
            {key: read(value) for key, value in item.items()}
            for page in pages.paginate(TableName=world.contract["tableName"])
            for item in page["Items"]
        ],
        default=str,
    )


def files(world: World) -> dict[str, str]:
    """Every object of the batch bucket."""
    bucket = world.contract["batchBucket"]
    pages = world.client("s3").get_paginator("list_objects_v2").paginate(Bucket=bucket)
    keys = [item["Key"] for page in pages for item in page.get("Contents", [])]
    return {key: world.read(f"s3://{bucket}/{key}").decode() for key in keys}


def holding(texts: dict[str, Any], words: set[str]) -> list[tuple[str, str]]:
    """(place, word) of every word that stands where it must not."""
    return [
        (place, word)
        for place, content in texts.items()
        for word in sorted(words)
        if word in (content if isinstance(content, str) else json.dumps(content))
    ]


def test_the_run_was_a_real_one(aftermath: Aftermath) -> None:
    # Given what is searched for, then all of it is there to be found
    statuses = {batch: shown["status"] for batch, shown in aftermath.shown.items()}
    assert statuses == {
        "good": "COMPLETE",
        "half": "COMPLETE_WITH_ERRORS",
        "badlines": "VALIDATION_FAIL",
        "badlabels": "VALIDATION_FAIL",
        "nofile": "VALIDATION_FAIL",
        "broken": "FAILED",
    }
    assert len(aftermath.workers) >= 4
    assert aftermath.tokens
    assert LABEL in aftermath.files["batches/good/categories/good-check.json"]
    assert any(ITEM in text for key, text in aftermath.files.items() if "manifest" in key)
    assert any(FILE in text for key, text in aftermath.files.items() if "manifest" in key)
    # Who asked is told which object is not there
    assert f"{FILE}-gone" in json.dumps(aftermath.shown["nofile"]["errors"])
    assert INSTRUCTION in json.dumps(aftermath.shown["good"]["inputLabelingJobs"])
    assert PRESIGNED.search(json.dumps(aftermath.shown["good"]))
    assert len(aftermath.messages) >= len(BATCHES)
    assert set(BATCHES) <= set(re.findall(r'"batchId":"(\w+)"', "".join(aftermath.logs.values())))


def test_no_log_holds_a_label_an_instruction_an_item_or_its_file_name(
    aftermath: Aftermath,
) -> None:
    assert holding(aftermath.logs, {LABEL, INSTRUCTION, ITEM, FILE}) == []


def test_no_message_and_no_row_holds_a_label_or_an_item(aftermath: Aftermath) -> None:
    places = {
        **{str(number): message for number, message in enumerate(aftermath.messages)},
        **{f"{row['PK']} {row['SK']}": row for row in json.loads(aftermath.rows)},
    }
    found = holding(places, {LABEL, ITEM})
    # Only the error about a class that stands twice in a category file names the class.
    owners = {places[place].get("batchId", "badlabels") for place, _ in found}
    assert {word for _, word in found} == {LABEL}
    assert owners == {"badlabels"}
    assert all("badlabels" in json.dumps(places[place]) for place, _ in found)


def test_no_log_holds_a_task_token(aftermath: Aftermath) -> None:
    assert holding(aftermath.logs, aftermath.tokens) == []


def test_no_message_log_or_row_holds_a_presigned_url(aftermath: Aftermath) -> None:
    places = {**aftermath.logs, "messages": json.dumps(aftermath.messages), "rows": aftermath.rows}
    assert [place for place, text in places.items() if PRESIGNED.search(text)] == []
    stored = [key for key, text in aftermath.files.items() if PRESIGNED.search(text)]
    assert stored == []


def test_no_message_says_a_task_token(aftermath: Aftermath) -> None:
    messages = {str(number): message for number, message in enumerate(aftermath.messages)}
    assert holding({**messages, **aftermath.shown}, aftermath.tokens) == []


def test_nobody_who_labeled_is_named_in_messages_show_logs_rows_or_results(
    aftermath: Aftermath,
) -> None:
    places = {
        "messages": json.dumps(aftermath.messages),
        "show": json.dumps(aftermath.shown),
        "rows": aftermath.rows,
        **aftermath.logs,
        **aftermath.delivered,
    }
    assert holding(places, aftermath.workers) == []


# --- afterwards: these change what is there -------------------------------------------------------


def versions(world: World, batch: str) -> list[str]:
    """Keys of every version and delete marker of a batch's objects."""
    pages = world.client("s3").get_paginator("list_object_versions")
    return [
        row["Key"]
        for prefix in (f"batches/{batch}/", f"batches-working/{batch}/")
        for page in pages.paginate(Bucket=world.contract["batchBucket"], Prefix=prefix)
        for kind in ("Versions", "DeleteMarkers")
        for row in page.get(kind, [])
    ]


def record(world: World, batch: str) -> set[str]:
    """Sort keys of a batch's rows: the batch, its jobs, its timeline."""
    return {row["SK"] for kind in ("BATCH", "JOB#", "EVENT#") for row in world.rows(batch, kind)}


def delete(world: World, batch: str) -> Result:
    """`terrace delete ID --yes` against the embedded AWS."""
    contract = str(world.home / "local.json")
    return CliRunner().invoke(cli, ["delete", batch, "--yes", "--local", contract])


def test_a_deleted_batch_keeps_no_object_version_and_all_of_its_record(
    aftermath: Aftermath,
) -> None:
    world = aftermath.world
    # Given a delivered batch, one of whose files has an older version, and another batch
    manifest = world.job("good", "good-check")["jobOutputS3Uri"]
    world.write(manifest, world.read(manifest).decode())
    assert len(versions(world, "good")) > len(set(versions(world, "good")))
    other, rows = versions(world, "half"), record(world, "good")
    # When it is deleted
    done = delete(world, "good")
    assert done.exit_code == 0, done.output
    # Then no version is left, the other batch has all of its own, and the record stays
    assert versions(world, "good") == []
    assert versions(world, "half") == other
    assert rows <= record(world, "good")
    assert world.rows("good", "BATCH")[0]["deletedAt"]
    shown = world.show("good")
    assert shown["status"] == "COMPLETE"
    assert not PRESIGNED.search(json.dumps(shown))


def test_a_running_batch_is_not_deleted(aftermath: Aftermath) -> None:
    world = aftermath.world
    world.control("faults", method="DELETE")
    world.create("runs", [clips_in(world).label("runs-car")])
    world.exists("runs-car")
    before = versions(world, "runs")
    refused = delete(world, "runs")
    assert refused.exit_code == EXIT_WRONG, refused.output
    assert "IN_PROGRESS" in refused.output
    assert versions(world, "runs") == before != []
    world.finish("runs-car")
    assert world.ended("runs")[0]["status"] == "COMPLETE"
