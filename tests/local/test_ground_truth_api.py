"""The API of the local Ground Truth: what it accepts, refuses and answers."""

import json
import time
from collections.abc import Iterator
from typing import Any

import botocore.session
import pytest
from botocore.parsers import JSONParser
from moto import mock_aws

from terrace_local.ground_truth.service import ServiceError
from tests.local.ground_truth_world import ACCOUNT, LAMBDAS, REGION, UIS, World

MODEL = botocore.session.get_session().get_service_model("sagemaker")


@pytest.fixture
def world() -> Iterator[World]:
    with mock_aws():
        yield World(workers="manual")


def check_output(action: str, answer: dict[str, Any]) -> dict[str, Any]:
    """Every required member is there, and botocore can parse the answer."""
    shape = MODEL.operation_model(action).output_shape
    assert set(shape.required_members) <= set(answer)
    body = {"body": json.dumps(answer).encode(), "headers": {}, "status_code": 200}
    return JSONParser().parse(body, shape)


def test_a_good_request_gives_an_arn_with_the_name_in_lower_case(world: World) -> None:
    answer = world.call("CreateLabelingJob", **world.video_request("Clip-13"))

    assert answer == {
        "LabelingJobArn": f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:labeling-job/clip-13"
    }
    assert world.describe("CLIP-13")["LabelingJobName"] == "Clip-13"


def test_the_same_name_in_another_case_is_in_use_for_ever(world: World) -> None:
    world.call("CreateLabelingJob", **world.video_request("Clip-13"))

    with pytest.raises(ServiceError) as refused:
        world.call("CreateLabelingJob", **world.video_request("clip-13"))

    assert refused.value.code == "ResourceInUse"
    assert "Clip-13" in refused.value.message


VIDEO_FAULTS = {
    "name with an underscore": ({"LabelingJobName": "a_b"}, "labelingJobName"),
    "name of 64 characters": ({"LabelingJobName": "a" * 64}, "labelingJobName"),
    "attribute without -ref": ({"LabelAttributeName": "cars"}, "must end with -ref"),
    "attribute ending -metadata": ({"LabelAttributeName": "a-metadata"}, "-metadata"),
    "no output": ({"OutputConfig": {}}, "S3OutputPath"),
    "no categories": ({"LabelCategoryConfigS3Uri": None}, "LabelCategoryConfigS3Uri"),
    "two workers on a video": (
        {"human": {"NumberOfHumanWorkersPerDataObject": 2}},
        "at most 1",
    ),
    "ten workers": ({"human": {"NumberOfHumanWorkersPerDataObject": 10}}, "less than or equal"),
    "both UIs": (
        {"human": {"UiConfig": {"HumanTaskUiArn": f"{UIS}/VideoObjectTracking",
                                "UiTemplateS3Uri": "s3://in-bucket/t"}}},
        "exactly one",
    ),
    "no UI": ({"human": {"UiConfig": {}}}, "exactly one"),
    "UI of another type": (
        {"human": {"UiConfig": {"HumanTaskUiArn": f"{UIS}/VideoObjectDetection"}}},
        "HumanTaskUiArn",
    ),
    "UI of another Region": (
        {"human": {"UiConfig": {"HumanTaskUiArn": f"{UIS}/VideoObjectTracking".replace(
            "us-east-1", "us-west-2")}}},
        "HumanTaskUiArn",
    ),
    "consolidation of another type": (
        {"human": {"AnnotationConsolidationConfig": {
            "AnnotationConsolidationLambdaArn": f"{LAMBDAS}:ACS-VideoObjectDetection"}}},
        "same task type",
    ),
    "function of another account": (
        {"human": {"PreHumanTaskLambdaArn":
                   f"{LAMBDAS}:PRE-VideoObjectTracking".replace("432418664414", ACCOUNT)}},
        "same task type",
    ),
    "time limit above 30 days": ({"human": {"TaskTimeLimitInSeconds": 2_592_001}}, "at most"),
    "time limit below 30 seconds": ({"human": {"TaskTimeLimitInSeconds": 29}}, "TimeLimit"),
    "availability above 30 days": (
        {"human": {"TaskAvailabilityLifetimeInSeconds": 2_592_001}},
        "at most",
    ),
    "unknown team": (
        {"human": {"WorkteamArn":
                   f"arn:aws:sagemaker:us-east-1:{ACCOUNT}:workteam/private-crowd/nobody"}},
        "work team",
    ),
    "six keywords": ({"human": {"TaskKeywords": list("abcdef")}}, "taskKeywords"),
    "streaming": (
        {"InputConfig": {"DataSource": {"SnsDataSource": {
            "SnsTopicArn": f"arn:aws:sns:us-east-1:{ACCOUNT}:t"}}}},
        "Streaming",
    ),
    "role that is none": ({"RoleArn": "arn:aws:s3:::a-bucket-not-a-role"}, "roleArn"),
}  # fmt: skip


@pytest.mark.parametrize(("changes", "words"), VIDEO_FAULTS.values(), ids=VIDEO_FAULTS.keys())
def test_a_bad_request_is_refused_in_words_and_no_job_exists(
    world: World, changes: dict[str, Any], words: str
) -> None:
    request = {k: v for k, v in world.video_request("job", **changes).items() if v is not None}

    with pytest.raises(ServiceError) as refused:
        world.call("CreateLabelingJob", **request)

    assert (refused.value.code, refused.value.status) == ("ValidationException", 400)
    assert words in refused.value.message
    assert world.call("ListLabelingJobs")["LabelingJobSummaryList"] == []


def test_an_image_attribute_must_not_end_with_ref(world: World) -> None:
    with pytest.raises(ServiceError, match="must not end with -ref"):
        world.call("CreateLabelingJob", **world.image_request("j", LabelAttributeName="a-ref"))


def test_the_lambdas_may_be_left_out_where_the_worker_ui_says_the_type(world: World) -> None:
    request = world.video_request("job", task="VideoObjectDetection")
    for field in ("PreHumanTaskLambdaArn", "AnnotationConsolidationConfig"):
        del request["HumanTaskConfig"][field]

    world.call("CreateLabelingJob", **request)

    assert world.control("GET", "jobs/job")[1]["taskType"] == "VideoObjectDetection"


def test_describe_answers_in_the_shape_of_the_api(world: World) -> None:
    tags = [{"Key": "batch", "Value": "b 1"}]
    world.call("CreateLabelingJob", **world.video_request("job", Tags=tags))

    parsed = check_output("DescribeLabelingJob", world.describe("job"))

    assert parsed["LabelingJobStatus"] == "Initializing"
    assert parsed["Tags"] == tags
    assert parsed["LabelCounters"]["TotalLabeled"] == 0
    assert "FailureReason" not in parsed


def test_an_unknown_job_is_not_found(world: World) -> None:
    for action in ("DescribeLabelingJob", "StopLabelingJob"):
        with pytest.raises(ServiceError) as refused:
            world.call(action, LabelingJobName="nobody")
        assert refused.value.code == "ResourceNotFound"


def test_an_operation_it_has_not_is_refused_with_those_it_has(world: World) -> None:
    with pytest.raises(ServiceError, match="CreateLabelingJob"):
        world.call("CreateTrainingJob")


def test_pages_hold_every_job_once_even_when_jobs_are_added_meanwhile(world: World) -> None:
    for number in range(5):
        world.call("CreateLabelingJob", **world.video_request(f"job-{number}"))

    names: list[str] = []
    token: dict[str, str] = {}
    while True:
        page = world.call("ListLabelingJobs", MaxResults=2, SortBy="Name", **token)
        check_output("ListLabelingJobs", page)
        names += [row["LabelingJobName"] for row in page["LabelingJobSummaryList"]]
        if len(names) == 2:
            world.call("CreateLabelingJob", **world.video_request("a-new-one"))
        if "NextToken" not in page:
            break
        token = {"NextToken": page["NextToken"]}

    assert names == [f"job-{number}" for number in range(5)]


def test_lists_are_filtered_and_sorted_as_asked(world: World) -> None:
    for name in ("lane", "vehicle", "vehicle-audit"):
        world.call("CreateLabelingJob", **world.video_request(name))
    world.service.start()
    for name in ("lane", "vehicle", "vehicle-audit"):
        world.ended(name)  # categories are missing, so all fail

    def listed(**filters: Any) -> list[str]:
        rows = world.call("ListLabelingJobs", **filters)["LabelingJobSummaryList"]
        return [row["LabelingJobName"] for row in rows]

    assert listed(NameContains="VEHICLE", SortBy="Name", SortOrder="Descending") == [
        "vehicle-audit",
        "vehicle",
    ]
    assert listed(StatusEquals="Failed") == ["lane", "vehicle", "vehicle-audit"]
    assert listed(StatusEquals="Completed") == []
    assert listed(CreationTimeAfter=time.time() + 1) == []
    assert listed(LastModifiedTimeBefore=time.time() + 1) == ["lane", "vehicle", "vehicle-audit"]
    world.service.stop()


def test_jobs_of_a_team_are_listed_with_that_teams_counters(world: World) -> None:
    world.call("CreateLabelingJob", **world.video_request("job"))

    answer = world.call("ListLabelingJobsForWorkteam", WorkteamArn=world.team)

    row = check_output("ListLabelingJobsForWorkteam", answer)["LabelingJobSummaryList"][0]
    assert row["WorkRequesterAccountId"] == ACCOUNT
    assert row["LabelCounters"] == {"HumanLabeled": 0, "PendingHuman": 0, "Total": 0}
    with pytest.raises(ServiceError, match="not found"):
        world.call("ListLabelingJobsForWorkteam", WorkteamArn=world.team + "-x")


def test_other_accounts_and_regions_do_not_see_a_job(world: World) -> None:
    world.call("CreateLabelingJob", **world.video_request("job"))

    for region, account in (("us-west-2", ACCOUNT), (REGION, "000000000000")):
        rows = world.service.handle("ListLabelingJobs", {}, region, account)
        assert rows["LabelingJobSummaryList"] == []


def test_work_teams_are_made_changed_listed_and_deleted(world: World) -> None:
    made = world.call("DescribeWorkteam", WorkteamName="first-level")
    check_output("DescribeWorkteam", made)
    world.call("UpdateWorkteam", WorkteamName="first-level", Description="other people")

    listed = world.call("ListWorkteams", NameContains="FIRST")["Workteams"]
    assert [team["Description"] for team in listed] == ["other people"]
    assert world.call("DeleteWorkteam", WorkteamName="first-level") == {"Success": True}
    with pytest.raises(ServiceError, match="The work team"):
        world.call("DescribeWorkteam", WorkteamName="first-level")


def test_a_team_that_exists_is_in_use(world: World) -> None:
    team = world.call("DescribeWorkteam", WorkteamName="first-level")["Workteam"]
    again = {k: team[k] for k in ("WorkteamName", "Description", "MemberDefinitions")}

    with pytest.raises(ServiceError) as refused:
        world.call("CreateWorkteam", **again)

    assert refused.value.code == "ResourceInUse"


def test_tags_are_added_replaced_and_listed(world: World) -> None:
    arn = world.call("CreateLabelingJob", **world.video_request("job"))["LabelingJobArn"]

    world.call("AddTags", ResourceArn=arn, Tags=[{"Key": "a", "Value": "1"}])
    world.call("AddTags", ResourceArn=arn, Tags=[{"Key": "a", "Value": "2"}])

    assert world.call("ListTags", ResourceArn=arn)["Tags"] == [{"Key": "a", "Value": "2"}]
    with pytest.raises(ServiceError, match="no resource"):
        world.call("ListTags", ResourceArn=arn + "x")


def test_a_job_that_is_over_cannot_be_stopped(world: World) -> None:
    world.service.start()
    world.run(world.video_request("job"))

    with pytest.raises(ServiceError, match="status Failed"):
        world.call("StopLabelingJob", LabelingJobName="job")
    world.service.stop()
