"""The template with a host for the skeleton page's script: deployed, filled by the first job."""

import hashlib
import json
import re
from pathlib import Path

import pytest

from tests.machine.world import private_world

pytestmark = pytest.mark.local_aws

ROOT = Path(__file__).resolve().parents[2]
RIG = ROOT / "docs" / "skeleton" / "rigs" / "coco-person.json"
SCRIPT = ROOT / "functions" / "worker_ui" / "crowd-2d-skeleton.js"


def test_the_first_skeleton_job_hosts_the_script_that_its_page_names(tmp_path: Path) -> None:
    with private_world(
        tmp_path / ".terrace", fresh=True, parameters={"HostSkeletonUi": "yes"}
    ) as world:
        # Given a picture and a rig
        s3 = world.client("s3")
        image = world.put("pose/a.png", "x")
        job = {
            "jobName": "pose",
            "jobLevel": 1,
            "jobModality": "Custom",
            "inputConfig": {
                "inputManifestS3Uri": world.put(
                    "pose/images.manifest", json.dumps({"source-ref": image})
                )
            },
            "labelCategoryConfigS3Uri": world.put("pose/rig.json", RIG.read_text("utf-8")),
        }
        # When its job is created, under the role of the template
        world.create("b", [job])
        world.until_job("b", "pose", "IN_PROGRESS")
        # Then the script is in the bucket of the distribution, as it ships
        [bucket] = [
            one["Name"]
            for one in s3.list_buckets()["Buckets"]
            if one["Name"].endswith("-skeleton-ui")
        ]
        [stored] = s3.list_objects_v2(Bucket=bucket)["Contents"]
        text = s3.get_object(Bucket=bucket, Key=stored["Key"])["Body"].read()
        assert text == SCRIPT.read_bytes()
        assert stored["Key"] == f"crowd-2d-skeleton-{hashlib.sha256(text).hexdigest()[:16]}.js"
        # And the page loads it from there
        page = s3.get_object(
            Bucket=world.contract["batchBucket"], Key="batches/b/ui/pose.liquid.html"
        )["Body"].read()
        address = re.search(r'src="(https://[^"]+\.js)" integrity="sha256-', page.decode())
        assert address is not None
        assert re.fullmatch(
            rf"https://[a-z0-9]+\.cloudfront\.net/{stored['Key']}", address.group(1)
        )
