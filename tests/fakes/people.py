"""The house with simulated people in it: labeling jobs are done by `terrace_local`'s workers.

What people draw and repair, how their answers are laid out in S3, and what they know of the truth
is the very code of the local AWS; only time and the ends of jobs are in the test's hand.
"""

import json
from collections.abc import Collection
from typing import Any

from terrace.adapters.dynamodb_store import DynamoBatchStore
from terrace.adapters.s3_objects import S3ObjectStore
from terrace.domain import s3uri
from terrace.domain.records import Counters
from terrace.ports import LabelingJob
from terrace_local.clip.categories import vehicle_categories
from terrace_local.clip.scene import plan_scene
from terrace_local.ground_truth.families import FAMILIES
from terrace_local.ground_truth.jobs import ItemResult, Job
from terrace_local.ground_truth.output import (
    MANIFEST,
    labeled_result,
    output_manifest,
    write_iterations,
)
from terrace_local.ground_truth.preparation import prepare
from terrace_local.ground_truth.request_rules import check_create_request
from terrace_local.ground_truth.results import dumps, failed_result
from terrace_local.ground_truth.s3files import S3Files
from terrace_local.workers.mix import ErrorMix
from terrace_local.workers.truth import VideoTruth, write_video_truth
from terrace_local.workers.truth_source import TruthSource
from tests.fakes.aws import FastDynamo, FastS3
from tests.fakes.clock import ManualClock
from tests.fakes.engine import ACCOUNT, REGION, FakeEngine
from tests.fakes.house import INPUTS, TABLE, VIDEO_CORS, House
from tests.fakes.notifier import FakeNotifier
from tests.fakes.workflow import FakeWorkflow


class PeopleEngine(FakeEngine):
    """Ground Truth whose jobs simulated people do, all at once, when a test says so."""

    def use(self, s3: FastS3, mix: ErrorMix, seed: int) -> "PeopleEngine":
        self._mix, self._seed = mix, seed
        self._files = S3Files(lambda: s3)
        self._truths = TruthSource(
            self._files.read_if_there,
            lambda bucket, prefix: any(
                name == bucket and key.startswith(prefix) for name, key in s3.objects
            ),
        )
        return self

    def do(self, name: str, decline: Collection[int] = ()) -> None:
        """Lets people do a labeling job's items, all but those declined, and ends it."""
        request = self.requests[name.lower()]
        now = self.now()
        task_type = check_create_request(request, REGION).name
        job = Job(REGION, ACCOUNT, request, task_type, now, now)
        prepared = prepare(
            job, self._files, self._truths, (self._mix, self._seed), 1.0, invoke=_no_function
        )
        family = FAMILIES[prepared.task_type.family]
        results: dict[int, ItemResult] = {}
        for index in prepared.todo:
            if index in decline:
                results[index] = failed_result("declined", now)
                continue
            answer = family.answer(prepared, index)
            for file in answer.files:
                body = file.content if isinstance(file.content, bytes) else dumps(file.content)
                self._files.write(f"{job.root}/{file.path}", body, file.content_type)
            results[index] = labeled_result(job, answer, now)
        results = write_iterations(job, prepared, results)
        self._files.write(
            f"{job.root}/{MANIFEST}", output_manifest(prepared.lines, job.attribute, results)
        )
        done = self.jobs[name.lower()]
        labeled = sum(result.labeled for result in results.values())
        self.jobs[name.lower()] = LabelingJob(
            name=done.name,
            arn=done.arn,
            status="Completed",
            counters=Counters(totalLabeled=labeled, humanLabeled=labeled),
            createdAt=done.createdAt,
            outputPath=done.outputPath,
            outputManifestS3Uri=s3uri.join(job.root, MANIFEST),
            tags=done.tags,
        )

    def running(self) -> list[str]:
        return sorted(job.name for job in self.jobs.values() if not job.terminal)


def _no_function(arn: str, event: Any) -> Any:
    raise AssertionError(f"{arn} was called")


def a_peopled_house(mix: ErrorMix, seed: int) -> tuple[House, FastS3]:
    """A house on the fast fakes of AWS, with people who err as the mix says."""
    s3 = FastS3(VIDEO_CORS)
    objects, clock = S3ObjectStore(s3), ManualClock()
    house = House(
        store=DynamoBatchStore(FastDynamo(), TABLE),
        objects=objects,
        engine=PeopleEngine(objects, clock.now).use(s3, mix, seed),
        workflow=FakeWorkflow(),
        notifier=FakeNotifier(),
        clock=clock,
    )
    return house, s3


def put_clip(
    house: House, s3: FastS3, *, seed: int, sequences: int, frames: int
) -> dict[int, VideoTruth]:
    """Uploads the demo's clip, its pictures left out: `clip.manifest` and `vehicle.json`.

    Returns what is really there, by the sequence's place in the manifest.
    """
    lines, truths = [], {}
    for number in range(1, sequences + 1):
        scene = plan_scene(number, seed, 480, 270, frames)
        prefix = f"s3://{INPUTS}/frames/{scene.name}/"
        for name in scene.frame_names():
            house.objects.put_text(f"{prefix}{name}", "x", "image/jpeg")
        uri = f"s3://{INPUTS}/{scene.name}.json"
        rows = [{"frame-no": n, "frame": f} for n, f in enumerate(scene.frame_names(), start=1)]
        house.objects.put_json(
            uri,
            {
                **{"version": "2020-07-01", "seq-no": number, "prefix": prefix},
                **{"number-of-frames": len(rows), "frames": rows},
            },
        )
        truths[number - 1] = scene.truth()
        write_video_truth(s3, uri, prefix, scene.truth())
        lines.append(json.dumps({"source-ref": uri}))
    house.objects.write_lines(f"s3://{INPUTS}/clip.manifest", iter(lines))
    house.objects.put_json(f"s3://{INPUTS}/vehicle.json", vehicle_categories())
    return truths
