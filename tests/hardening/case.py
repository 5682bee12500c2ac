"""One bad thing that somebody sends, and what Terrace must say of it."""

import json
from dataclasses import dataclass, field
from random import Random
from typing import Any

from tests.world.house import BUCKET, INPUTS, REGION, team
from tests.world.house import World as House

Json = Any
FORM, MEANING = "form", "meaning"
ID = "bad"
"""The batch that a case tries to create."""
STANDING = "standing"
"""The batch that was there before, with a labeling job that people work on."""
FOREIGN = "foreign-bucket"
"""A bucket that exists and is not on the stack's list."""
FOREIGN_JOB = "job-of-somebody-else"
"""A labeling job of the account that Terrace did not make."""
PREFIX = f"s3://{INPUTS}/wrong/"
"""Where a case puts its files."""


@dataclass
class Case:
    """What is sent, what lies in S3, and the problems that the answer must name."""

    group: str
    kind: str
    codes: tuple[str, ...]
    """At least one problem with each of these codes must be told."""
    method: str = "POST"
    path: str = "/batch/create"
    body: str = ""
    query: dict[str, str] | None = None
    base64: bool = False
    at: str = ""
    """What the path of a problem with the first code must hold."""
    files: dict[str, bytes] = field(default_factory=dict)
    statuses: tuple[int, ...] = (400,)
    """HTTP codes that are right; 200 means that the batch must end VALIDATION_FAIL."""


@dataclass
class Draw:
    """What a maker of cases works with: its random numbers, and where to put files."""

    random: Random
    house: House
    files: dict[str, bytes] = field(default_factory=dict)

    def pick(self, *options: Any) -> Any:
        return self.random.choice(options)

    def word(self, most: int = 8) -> str:
        letters = "abcdefghijklmnopqrstuvwxyz0123456789"
        return "".join(self.random.choice(letters) for _ in range(self.random.randint(1, most)))

    def file(self, name: str, content: Json) -> str:
        """Puts an object there (text, bytes, or JSON); its URI."""
        uri = name if name.startswith("s3://") else f"{PREFIX}{name}"
        if isinstance(content, str):
            content = content.encode("utf-8", "surrogatepass")
        elif not isinstance(content, bytes):
            content = json.dumps(content).encode()
        self.files[uri] = content
        return uri

    # --- what is right, to be spoiled ------------------------------------------------------
    def image(self) -> str:
        return f"s3://{INPUTS}/clip/0.jpg"

    def manifest(self) -> str:
        """Four images that exist."""
        return f"s3://{INPUTS}/clip.manifest"

    def config(self) -> str:
        return f"s3://{INPUTS}/categories.json"

    def label(self, name: str = "car", **more: Json) -> Json:
        return {
            "jobName": f"{ID}-{name}",
            "jobLevel": 1,
            "jobModality": "BoundingBox",
            "inputConfig": {"inputManifestS3Uri": self.manifest()},
            "labelCategoryConfigS3Uri": self.config(),
            **more,
        }

    def review(self, source: str = "car", level: int = 2, **more: Json) -> Json:
        return {
            "jobName": f"{ID}-{source}-audit",
            "jobLevel": level,
            "jobModality": "BoundingBoxAdjustment",
            "inputConfig": {"chainFromJobName": f"{ID}-{source}"},
            **more,
        }

    def frames(self, count: int = 3) -> Json:
        """A sequence file that is right; its first and last frame exist."""
        names = [f"{number:06}.jpg" for number in range(count)]
        for name in names:
            self.file(f"frames/{name}", b"x")
        return {
            "seq-no": 1,
            "prefix": f"{PREFIX}frames/",
            "number-of-frames": count,
            "frames": [{"frame-no": i, "frame": name} for i, name in enumerate(names)],
        }

    def video(self, sequence: Json, **more: Json) -> Json:
        """A video job of one sequence file."""
        place = self.file("sequence.json", sequence)
        uri = self.file("video.manifest", json.dumps({"source-ref": place}) + "\n")
        return self.label(
            jobModality=self.pick("VideoObjectTracking", "VideoObjectDetection"),
            inputConfig={"inputManifestS3Uri": uri},
            labelCategoryConfigS3Uri=self.file("video.json", {"labels": [{"label": "Car"}]}),
            **more,
        )

    def batch(self, *jobs: Json, **more: Json) -> Json:
        return {"batchId": ID, "labelingJobs": list(jobs) or [self.label()], **more}

    def usual(self) -> Json:
        """A request in which nothing is wrong, with one to four jobs."""
        jobs = [self.label()]
        if self.random.random() < 0.6:
            jobs.append(self.review())
        if self.random.random() < 0.4:
            jobs.append(self.label("road", workteamArn=team("second")))
        return self.batch(*jobs)

    # --- the case -----------------------------------------------------------------------------
    def case(self, group: str, kind: str, codes: str, request: Json, **more: Any) -> Case:
        """A case of `POST /batch/create`; `codes` are parted by blanks."""
        body = request if isinstance(request, str) else json.dumps(request)
        return Case(group, kind, tuple(codes.split()), body=body, files=self.files, **more)


__all__ = ["BUCKET", "FOREIGN", "FOREIGN_JOB", "FORM", "ID", "INPUTS", "MEANING", "REGION"]
