"""Requests that pass the schema and are wrong in meaning."""

import base64
import json
from collections.abc import Callable
from typing import Any

from tests.hardening.case import FOREIGN, FOREIGN_JOB, ID, INPUTS, MEANING, STANDING, Case, Draw
from tests.world.aws.sagemaker import ACCOUNT, REGION
from tests.world.house import BUCKET, team

Json = Any
MAKERS: list[Callable[[Draw], Case]] = []


def maker(make: Callable[[Draw], Case]) -> Callable[[Draw], Case]:
    MAKERS.append(make)
    return make


# --- chains ------------------------------------------------------------------------------------


@maker
def wrong_chain(draw: Draw) -> Case:
    car, audit = draw.label(), draw.review()
    code, jobs = draw.pick(
        ("CHAIN_UNKNOWN_JOB", [car, draw.review("bus")]),
        ("CHAIN_NOT_LOWER", [car, draw.review(level=1)]),
        ("CHAIN_NOT_LOWER", [{**car, "jobLevel": 5}, audit]),
        (
            "CHAIN_TO_ITSELF",
            [car, {**audit, "inputConfig": {"chainFromJobName": f"{ID}-car-audit"}}],
        ),
        ("CHAIN_OTHER_TASK", [car, {**audit, "jobModality": "VideoObjectTrackingAudit"}]),
        (
            "CHAIN_CYCLE",
            [
                car,
                {**audit, "inputConfig": {"chainFromJobName": f"{ID}-car-audit-audit"}},
                {**draw.review("car-audit", 3)},
            ],
        ),
    )
    return draw.case(MEANING, "wrong chain", code, draw.batch(*jobs), at="chainFromJobName")


@maker
def wrong_source(draw: Draw) -> Case:
    job = draw.label()
    code, config = draw.pick(
        ("NO_SOURCE", {}),
        ("NO_SOURCE", {"inputManifestS3Uri": None, "chainFromJobName": None}),
        ("TWO_SOURCES", {"inputManifestS3Uri": draw.manifest(), "chainFromJobName": f"{ID}-x"}),
        ("ONLY_WHEN_CHAINED", {"inputManifestS3Uri": draw.manifest(), "downSamplingRate": 50}),
        (
            "ONLY_FOR_REVIEWS",
            {"inputManifestS3Uri": draw.manifest(), "auditLabelAttributeName": "a"},
        ),
    )
    job["inputConfig"] = config
    return draw.case(MEANING, "wrong source", code, draw.batch(job), at="inputConfig")


@maker
def wrong_gate(draw: Draw) -> Case:
    """A gate of the right form that asks for what cannot be."""
    own = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:mine"
    promise = {"maxErrorRate": 0.05, "confidence": 0.95}
    gate, code = draw.pick(
        ({}, "GATE_EMPTY"),
        ({"where": {}}, "GATE_EMPTY"),
        ({"sample": {}}, "ONE_OF"),
        ({"sample": {"maxErrorRate": 0.1}}, "ONE_OF"),
        ({"budget": {"percent": 5, "count": 5}}, "ONE_OF"),
        ({"checks": [draw.word()]}, "UNKNOWN_CHECK"),
        ({"checks": ["missing-frame"]}, "CHECK_NOT_FOR_THIS_MODALITY"),
        ({"checks": [{"check": "box-size", "threshold": -1}]}, "OUT_OF_RANGE"),
        ({"checks": [{"check": "duplicate-box", "threshold": 2}]}, "OUT_OF_RANGE"),
        ({"checks": ["box-size", "box-size"]}, "GATE_CHECK_TWICE"),
        ({"checks": ["lambda"]}, "REQUIRED"),
        ({"checks": [{"check": "lambda", "functionArn": own}]}, "FUNCTION_NOT_ALLOWED"),
        ({"checks": [{"check": "lambda", "functionArn": "*"}]}, "FUNCTION_ARN_INVALID"),
        ({"checks": [{"check": "box-size", "functionArn": own}]}, "ONLY_FOR_LAMBDA"),
        ({"checks": ["gold"]}, "REQUIRED"),
        ({"checks": ["disagreement"]}, "CHECK_NEEDS_WORKERS"),
        ({"where": {"verdict": "fail"}}, "NO_VERDICT"),
        ({"sample": {"count": 1}, "context": 3}, "ONLY_FOR_CLIPS"),
        ({"sample": {"count": 1}, "unit": "clip"}, "NOT_FOR_THIS_MODALITY"),
        ({"sample": promise, "budget": {"count": 1}}, "NOT_WITH_A_PROMISE"),
        ({"sample": {"count": 1, "allowedErrors": 1}}, "ONLY_WITH_A_PROMISE"),
        ({"where": {"label": [draw.word()]}}, "GATE_LABEL_UNKNOWN"),
    )
    statuses = (200,) if code == "GATE_LABEL_UNKNOWN" else (400,)
    car, audit = draw.label(), draw.review()
    audit["inputConfig"]["gate"] = gate
    at = "goldManifestS3Uri" if gate == {"checks": ["gold"]} else "gate"
    return draw.case(MEANING, "wrong gate", code, draw.batch(car, audit), at=at, statuses=statuses)


@maker
def gate_out_of_place(draw: Draw) -> Case:
    car = draw.label()
    car["inputConfig"]["gate"] = {"sample": {"percent": 5}}
    return draw.case(MEANING, "gate out of place", "ONLY_WHEN_CHAINED", draw.batch(car), at="gate")


@maker
def gold_missing(draw: Draw) -> Case:
    car = draw.label()
    car["inputConfig"]["goldManifestS3Uri"] = f"s3://{INPUTS}/none.manifest"
    return draw.case(
        MEANING,
        "gold manifest missing",
        "GOLD_MANIFEST_UNREADABLE",
        draw.batch(car),
        at="goldManifestS3Uri",
        statuses=(200,),
    )


@maker
def review_of_nothing(draw: Draw) -> Case:
    """A review of a manifest whose label is not named, or not there."""
    job = draw.label(jobModality=draw.pick("BoundingBoxAdjustment", "BoundingBoxVerification"))
    code = draw.pick("REQUIRED", "AUDITED_LABEL_MISSING")
    if code == "AUDITED_LABEL_MISSING":
        job["inputConfig"]["auditLabelAttributeName"] = draw.word()
    statuses = (400,) if code == "REQUIRED" else (200,)
    return draw.case(MEANING, "review of nothing", code, draw.batch(job), statuses=statuses)


@maker
def two_names(draw: Draw) -> Case:
    other = draw.pick(f"{ID}-car", f"{ID}-CAR".replace("bad", "BAD"))
    request = draw.batch(draw.label(), {**draw.label("x"), "jobName": other})
    return draw.case(MEANING, "two of a name", "NAME_NOT_UNIQUE", request, at="jobName")


@maker
def wrong_attribute(draw: Draw) -> Case:
    code, name = draw.pick(
        ("NAME_INVALID", "a b"),
        ("NAME_INVALID", "$a"),
        ("NAME_INVALID", ""),
        ("NAME_TOO_LONG", "a" * 128),
        ("ATTRIBUTE_SUFFIX", "car-ref"),
        ("ATTRIBUTE_RESERVED", "source"),
        ("ATTRIBUTE_RESERVED", "source-ref"),
        ("ATTRIBUTE_RESERVED", "car-metadata"),
    )
    request = draw.batch(draw.label(labelAttributeName=name))
    return draw.case(MEANING, "wrong label attribute", code, request, at="labelAttributeName")


@maker
def shared_attribute(draw: Draw) -> Case:
    request = draw.batch(draw.label(labelAttributeName="x"), draw.review(labelAttributeName="x"))
    return draw.case(MEANING, "shared label attribute", "ATTRIBUTE_NOT_UNIQUE", request)


# --- what a request may name -------------------------------------------------------------------


@maker
def foreign_bucket(draw: Draw) -> Case:
    job = draw.label()
    uri = draw.pick(
        f"s3://{FOREIGN}/secret.manifest",
        "s3://another/x",
        f"s3://{INPUTS}x/a",
        f"s3://x{BUCKET}/a",
    )
    field = draw.pick("inputManifestS3Uri", "labelCategoryConfigS3Uri", "uiTemplateS3Uri")
    (job["inputConfig"] if field.startswith("input") else job)[field] = uri
    request = draw.batch(job)
    return draw.case(MEANING, "foreign bucket", "BUCKET_NOT_ALLOWED", request, at=field)


@maker
def broken_uri(draw: Draw) -> Case:
    job = draw.label()
    uri = draw.pick(
        "",
        "clip.manifest",
        "/input-bucket/clip.manifest",
        "https://input-bucket.s3.amazonaws.com/clip.manifest",
        "S3://input-bucket/clip.manifest",
        "s3:/input-bucket/clip.manifest",
        f"s3://{INPUTS}",
        f"s3://{INPUTS}/",
        "s3:///clip.manifest",
        f"s3://{INPUTS}:443/clip.manifest",
        f"s3://me@{INPUTS}/clip.manifest",
        f"s3://{INPUTS.upper()}/clip.manifest",
        "s3://10.0.0.1/clip.manifest",
        "arn:aws:s3:::input-bucket/clip.manifest",
        f"s3://{INPUTS}/" + "k" * 1_100,
        f"s3://{INPUTS}/" + "😀" * 300,
        f"s3://{INPUTS}/a\nb",
        f" s3://{INPUTS}/clip.manifest",
    )
    field = draw.pick("inputManifestS3Uri", "labelCategoryConfigS3Uri")
    (job["inputConfig"] if field.startswith("input") else job)[field] = uri
    return draw.case(MEANING, "broken S3 URI", "S3_URI_INVALID", draw.batch(job), at=field)


@maker
def secret_of_terrace(draw: Draw) -> Case:
    """Terrace's own working files of another batch, and requests of others."""
    standing = f"s3://{BUCKET}/batches/{STANDING}"
    uri = draw.pick(
        f"s3://{BUCKET}/batches-working/{STANDING}/transform-1.json",
        f"{standing}/request-0123456789abcdef.json",
        f"{standing}/reports/validation-problems.json",
        f"{standing}/../{STANDING}/final/x.manifest",
        f"{standing}/final/../request-0123456789abcdef.json",
        f"s3://{BUCKET}/worker-ui/x.html",
        f"s3://{BUCKET}/anything",
    )
    job = draw.label()
    field = draw.pick("inputManifestS3Uri", "labelCategoryConfigS3Uri")
    (job["inputConfig"] if field.startswith("input") else job)[field] = uri
    request = draw.batch(job)
    return draw.case(MEANING, "file of another batch", "PREFIX_NOT_ALLOWED", request, at=field)


@maker
def foreign_team(draw: Draw) -> Case:
    code, arn = draw.pick(
        ("WORKTEAM_NOT_ALLOWED", team("third")),
        ("WORKTEAM_NOT_ALLOWED", team("first").replace(ACCOUNT, "999999999999")),
        ("WORKTEAM_NOT_ALLOWED", team("first").replace("private", "vendor")),
        ("WRONG_REGION", team("first").replace(REGION, "eu-west-1")),
        ("WORKTEAM_ARN_INVALID", ""),
        ("WORKTEAM_ARN_INVALID", "first"),
        ("WORKTEAM_ARN_INVALID", team("first") + "\n"),
        ("WORKTEAM_ARN_INVALID", team("*")),
        ("WORKTEAM_ARN_INVALID", f"arn:aws:iam::{ACCOUNT}:role/labeling"),
        ("NOT_BUILT_YET", team("default").replace("private-crowd", "public-crowd")),
    )
    request = draw.batch(draw.label(workteamArn=arn))
    return draw.case(MEANING, "foreign work team", code, request, at="workteamArn")


@maker
def foreign_topic(draw: Draw) -> Case:
    own = f"arn:aws:sns:{REGION}:{ACCOUNT}:of-one-batch"
    code, arn = draw.pick(
        ("TOPIC_NOT_ALLOWED", f"{own}-x"),
        ("TOPIC_NOT_ALLOWED", own.replace(ACCOUNT, "999999999999")),
        ("TOPIC_NOT_ALLOWED", own.replace("arn:aws:", "arn:aws-cn:")),
        ("WRONG_REGION", own.replace(REGION, "eu-west-1")),
        ("TOPIC_ARN_INVALID", f"{own}.fifo"),
        ("TOPIC_ARN_INVALID", f"{own}:subscription"),
        ("TOPIC_ARN_INVALID", "https://example.com/hook"),
        ("TOPIC_ARN_INVALID", ""),
        ("TOPIC_ARN_INVALID", own.replace("sns", "sqs")),
        ("TOPIC_ARN_INVALID", f"{own} "),
    )
    request = draw.batch(destinationSnsArn=arn)
    return draw.case(MEANING, "foreign topic", code, request, at="destinationSnsArn")


@maker
def foreign_function(draw: Draw) -> Case:
    field = draw.pick("preHumanTaskLambdaArn", "annotationConsolidationLambdaArn")
    arn, code = draw.pick(
        (f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:mine", "FUNCTION_NOT_ALLOWED"),
        (f"arn:aws:lambda:{REGION}:999999999999:function:theirs", "FUNCTION_NOT_ALLOWED"),
        (f"arn:aws:lambda:eu-north-1:{ACCOUNT}:function:mine", "WRONG_REGION"),
        ("mine", "FUNCTION_ARN_INVALID"),
        ("", "FUNCTION_ARN_INVALID"),
        (f"arn:aws:iam::{ACCOUNT}:role/admin", "FUNCTION_ARN_INVALID"),
    )
    if draw.pick(True, False):
        job = draw.label(**{field: arn})
        code = "NOT_FOR_THIS_MODALITY"
    else:
        job = draw.label(jobModality="Custom", **{field: arn})
    return draw.case(MEANING, "own Lambda function", code, draw.batch(job), at=field)


@maker
def function_around_the_batch(draw: Draw) -> Case:
    """Before the checks, or behind the end: one that may not be called, or a payload too large."""
    point = draw.pick("transformation", "postProcessing")
    given, code = draw.pick(
        ({"functionArn": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:mine"}, "NOT_ALLOWED"),
        ({"functionArn": f"arn:aws:lambda:eu-north-1:{ACCOUNT}:function:mine"}, "WRONG_REGION"),
        ({"functionArn": "*"}, "ARN_INVALID"),
        ({"functionArn": "*", "payload": {"x": "é" * 11_000}}, "PAYLOAD_TOO_LARGE"),
    )
    code = f"FUNCTION_{code}" if code in {"NOT_ALLOWED", "ARN_INVALID"} else code
    # Nothing is said of what it might have made.
    job = draw.pick(draw.label(), {**draw.label(), "inputConfig": {}})
    request = draw.batch(job, **{point: given})
    code = "NO_SOURCE" if point == "postProcessing" and not job["inputConfig"] else code
    at = "inputConfig" if code == "NO_SOURCE" else point
    return draw.case(MEANING, "function around the batch", code, request, at=at)


@maker
def foreign_key(draw: Draw) -> Case:
    key = draw.pick("", "a b", "key\n", "x" * 2_049, "*", "alias/theirs")
    request = draw.batch(draw.label(outputKmsKeyId=key))
    return draw.case(
        MEANING, "foreign KMS key", "KMS_KEY_NOT_ALLOWED", request, at="outputKmsKeyId"
    )


# --- numbers and texts -------------------------------------------------------------------------


@maker
def passed_limits(draw: Draw) -> Case:
    name, value, code = draw.pick(
        ("taskTimeLimitInSeconds", 28_801, "OUT_OF_RANGE"),
        ("taskTimeLimitInSeconds", 10**12, "OUT_OF_RANGE"),
        ("taskAvailabilityLifetimeInSeconds", 2_592_001, "OUT_OF_RANGE"),
        ("instructions", {"shortInstruction": "x" * 256}, "WRONG_LENGTH"),
        ("instructions", {"fullInstruction": "x" * 2_049}, "WRONG_LENGTH"),
        ("taskKeywords", [], "WRONG_LENGTH"),
        ("taskKeywords", ["a"] * 6, "WRONG_LENGTH"),
        ("taskKeywords", ["a" * 31], "KEYWORD_INVALID"),
        ("taskKeywords", ["a,b"], "KEYWORD_INVALID"),
        ("taskKeywords", ["é"], "KEYWORD_INVALID"),
        ("contentClassifiers", ["Free"], "UNKNOWN_VALUE"),
        ("contentClassifiers", ["FreeOfAdultContent"] * 101 + ["x"], "WRONG_LENGTH"),
        ("tags", {f"k{i}": "v" for i in range(47)}, "WRONG_LENGTH"),
        ("tags", {"k" * 129: "v"}, "TAG_INVALID"),
        ("tags", {"k": "v" * 257}, "TAG_INVALID"),
        ("tags", {"k": "a<b"}, "TAG_INVALID"),
        ("tags", {"": "v"}, "TAG_INVALID"),
        ("tags", {"aws:x": "v"}, "TAG_RESERVED"),
        ("tags", {"Terrace:batch": "v"}, "TAG_RESERVED"),
        ("uiTemplateS3Uri", None, "NOT_FOR_THIS_MODALITY"),
        ("taskTitle", "Cars 😀", "TEXT_INVALID"),
        ("taskDescription", "two\nlines", "TEXT_INVALID"),
    )
    job = draw.label()
    if name == "uiTemplateS3Uri":
        value = draw.manifest()
        job["jobModality"] = "VideoObjectTracking"
    job[name] = value
    return draw.case(MEANING, "limit passed", code, draw.batch(job), at=name)


@maker
def too_little_time(draw: Draw) -> Case:
    job = draw.label(
        jobCompletionTimeoutInSeconds=draw.pick(3_600, 864_000 - 1),
        taskAvailabilityLifetimeInSeconds=864_000,
    )
    request = draw.batch(job)
    return draw.case(MEANING, "too little time", "TIMEOUT_TOO_SHORT", request, at="jobCompletion")


@maker
def reserved_name(draw: Draw) -> Case:
    job = {**draw.label(), "jobName": draw.pick(f"{ID}-a2", f"{ID}-A10", "x-a0")}
    return draw.case(MEANING, "reserved name", "NAME_RESERVED", draw.batch(job), at="jobName")


@maker
def key_twice(draw: Draw) -> Case:
    """A parser would take the last of them: the author may have meant the first."""
    text = json.dumps(draw.usual())
    name, first = draw.pick(
        ("batchId", '"x"'), ("jobLevel", "9"), ("jobModality", '"BoundingBox"'), ("jobName", '"x"')
    )
    body = text.replace(f'"{name}":', f'"{name}": {first}, "{name}":', 1)
    return draw.case(MEANING, "key twice", "DUPLICATE_KEY", body, at=name)


@maker
def odd_characters(draw: Draw) -> Case:
    odd = draw.pick("\x00", "\x1b[2J", "\ud800", "\x7f")
    field = draw.pick("taskTitle", "taskDescription", "labelAttributeName", "workteamArn")
    request = draw.batch(draw.label(**{field: f"x{odd}"}))
    return draw.case(MEANING, "odd characters", "INVALID_CHARACTER", request, at=field)


@maker
def several_at_once(draw: Draw) -> Case:
    """Each of several jobs that are wrong in meaning is told."""
    jobs = [
        draw.label("a", workteamArn=team("third")),
        draw.review("b"),
        draw.label("c", taskKeywords=["?"]),
        draw.label("d", labelCategoryConfigS3Uri=f"s3://{FOREIGN}/x.json"),
    ]
    codes = "WORKTEAM_NOT_ALLOWED CHAIN_UNKNOWN_JOB KEYWORD_INVALID BUCKET_NOT_ALLOWED"
    return draw.case(MEANING, "several at once", codes, draw.batch(*jobs))


# --- what is there already ---------------------------------------------------------------------


@maker
def other_content(draw: Draw) -> Case:
    """The id of a batch that runs, with another request."""
    request = {**draw.usual(), "batchId": STANDING}
    return draw.case(
        MEANING, "id taken by other content", "BATCH_EXISTS", request, at="batchId", statuses=(409,)
    )


@maker
def name_taken(draw: Draw) -> Case:
    name = draw.pick(f"{STANDING}-car", f"{STANDING}-CAR", FOREIGN_JOB)
    request = draw.batch(draw.label(), {**draw.label(), "jobName": name})
    return draw.case(
        MEANING, "name taken", "JOB_NAME_TAKEN", request, at="[1].jobName", statuses=(200,)
    )


@maker
def file_missing(draw: Draw) -> Case:
    job = draw.label()
    code, field = draw.pick(
        ("MANIFEST_UNREADABLE", "inputManifestS3Uri"),
        ("CATEGORY_FILE_UNREADABLE", "labelCategoryConfigS3Uri"),
    )
    key = draw.pick("none", "a b+c%20d", "ü/😀", "a//b", "../clip.manifest", "x?versionId=1", "x#y")
    holder = job["inputConfig"] if field.startswith("input") else job
    holder[field] = f"s3://{INPUTS}/{key}"
    request = draw.batch(job)
    return draw.case(MEANING, "file missing", code, request, at=field, statuses=(200,))


@maker
def team_gone(draw: Draw) -> Case:
    draw.house.sagemaker.teams.discard("second")
    request = draw.batch(draw.label(workteamArn=team("second")))
    return draw.case(
        MEANING, "team gone", "WORKTEAM_UNUSABLE", request, at="workteamArn", statuses=(200,)
    )


@maker
def unknown_batch(draw: Draw) -> Case:
    what = draw.pick("stop", "retry", "show")
    name = draw.pick("none", "x" * 63, "a-1")
    if what == "show":
        odd = draw.pick(name, "a b", "../x", "x" * 5_000, "\x00", "😀", "BATCH#standing", "")
        query, method, body = {"batchId": odd}, "GET", ""
    else:
        query, method, body = None, "POST", json.dumps({"batchId": name})
    return Case(
        MEANING,
        "unknown batch",
        ("UNKNOWN_BATCH",),
        method=method,
        path=f"/batch/{what}",
        body=body,
        query=query,
        statuses=(404,),
    )


@maker
def not_retryable(draw: Draw) -> Case:
    """A retry of a batch that runs, or of jobs that it has not."""
    body = {"batchId": STANDING}
    if draw.random.random() < 0.5:
        body["jobNames"] = draw.pick(["none"], [""], ["x" * 10_000], ["😀"] * 100)
    return Case(
        MEANING,
        "not retryable",
        (),
        path="/batch/retry",
        body=json.dumps(body),
        statuses=(400, 409),
    )


@maker
def foreign_token(draw: Draw) -> Case:
    """Tokens of the right shape that this API never gave out."""
    key = {
        "PK": {"S": draw.pick("BATCH#x", "ATTEMPT#x", "", "x" * 3_000)},
        "SK": {"S": "BATCH"},
        "batchStatus": {"S": "COMPLETE"},
        "createdAt": draw.pick({"N": "x"}, {"N": "1e999"}, {"S": "1"}, {"N": ""}),
    }
    inner = base64.urlsafe_b64encode(json.dumps(key).encode()).decode()
    token = base64.urlsafe_b64encode(json.dumps({"FAILED": inner}).encode()).decode()
    return Case(
        MEANING,
        "foreign page token",
        ("INVALID_TOKEN",),
        method="GET",
        path="/batch/show",
        query={"nextToken": token},
    )
