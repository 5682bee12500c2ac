"""Bad requests that fail the schema: no JSON, wrong types, unknown fields, values out of range."""

import base64
import json
from collections.abc import Callable
from typing import Any

from tests.hardening.case import FORM, ID, Case, Draw

Json = Any
MAKERS: list[Callable[[Draw], Case]] = []


def maker(make: Callable[[Draw], Case]) -> Callable[[Draw], Case]:
    MAKERS.append(make)
    return make


@maker
def no_json(draw: Draw) -> Case:
    """A body that is cut, garbled, empty, or not JSON at all."""
    text = json.dumps(draw.usual())
    cut = draw.random.randrange(1, len(text))
    body, code = draw.pick(
        (text[:cut], "INVALID_JSON"),
        (text[:cut] + "\x00" + text[cut:], "INVALID_JSON"),
        (text + "}", "INVALID_JSON"),
        (text.replace('"', "'"), "INVALID_JSON"),
        ("<request/>", "INVALID_JSON"),
        ("", "EMPTY_BODY"),
        (" \n\t", "EMPTY_BODY"),
        ("\ufeff", "EMPTY_BODY"),
    )
    return draw.case(FORM, "no JSON", code, body)


@maker
def not_utf8(draw: Draw) -> Case:
    raw = json.dumps(draw.usual()).encode()
    cut = draw.random.randrange(len(raw))
    body = raw[:cut] + draw.pick(b"\xff", b"\xc3(", b"\xed\xa0\x80", b"\xf8\x88") + raw[cut:]
    return draw.case(FORM, "not UTF-8", "NOT_UTF8", base64.b64encode(body).decode(), base64=True)


@maker
def not_base64(draw: Draw) -> Case:
    body = draw.pick("{", "é", "abc", "====", "\ud800")
    return draw.case(FORM, "not base64", "NOT_BASE64", body, base64=True)


@maker
def no_object(draw: Draw) -> Case:
    value = draw.pick([], [draw.usual()], "text", 7, -0.5, True, None, [[]])
    return draw.case(FORM, "no object", "WRONG_TYPE", json.dumps(value), at="$")


@maker
def too_deep(draw: Draw) -> Case:
    deep = draw.pick(17, 100, 900, 990, 5_000, 100_000, 1_000_000)
    opened, closed = draw.pick(("[", "]"), ('{"a":', "}"))
    inner = opened * deep + "1" + closed * deep
    text = json.dumps(draw.usual())[:-1] + f', "{draw.pick("extra", "pacing")}": {inner}}}'
    body = text if opened == "[" else draw.pick(text, inner)
    code = "NESTED_TOO_DEEPLY"
    if len(body) > 5 * 1024 * 1024:
        return draw.case(FORM, "too deep", "BODY_TOO_LARGE", body, statuses=(413,))
    return draw.case(FORM, "too deep", code, body)


@maker
def too_large(draw: Draw) -> Case:
    over = draw.pick(1, 1_000)
    most = 5 * 1024 * 1024
    body = json.dumps(draw.usual())[:-1] + ',"x":"' + "x" * most + "y" * over + '"}'
    return draw.case(FORM, "body over 5 MB", "BODY_TOO_LARGE", body, statuses=(413,))


@maker
def too_many_values(draw: Draw) -> Case:
    request = draw.usual()
    request[draw.pick("extra", "pacing")] = [0] * draw.pick(100_001, 300_000)
    return draw.case(FORM, "too many values", "TOO_MANY_VALUES", request)


@maker
def unknown_field(draw: Draw) -> Case:
    name = draw.pick("JobName", "batchID", "workTeamArn", "x", "", "$ref", "__proto__", "a b", "ü")
    request = draw.usual()
    where = draw.pick("request", "job", "input", "instructions", "stopping")
    value = draw.pick(1, "x", [], {}, {"a": [1]})
    job = request["labelingJobs"][0]
    if where == "request":
        request[name] = value
    elif where == "job":
        job[name] = value
    elif where == "input":
        job["inputConfig"][name] = value
    else:
        key = "instructions" if where == "instructions" else "stoppingConditions"
        job[key] = {name: value}
    return draw.case(FORM, "unknown field", "UNKNOWN_FIELD", request)


@maker
def broken_exports(draw: Draw) -> Case:
    """Exports of the wrong form, or of formats that are none or cannot hold the labels."""
    exports, code = draw.pick(
        ("coco", "WRONG_TYPE"),
        ({"format": "coco"}, "WRONG_TYPE"),
        ([None], "WRONG_TYPE"),
        ([[]], "WRONG_TYPE"),
        ([{}], "REQUIRED"),
        (["csv"] * 51, "WRONG_LENGTH"),
        ([""], "FORMAT_UNKNOWN"),
        (["COCO\ud800"], "FORMAT_UNKNOWN"),
        ([{"format": "csv", "include": "accepted"}], "WRONG_TYPE"),
        ([{"format": "csv", "include": ["all"]}], "UNKNOWN_VALUE"),
        ([{"format": "csv", "attributes": [7]}], "WRONG_TYPE"),
        ([{"format": "csv", "valPercent": "1_0"}], "WRONG_TYPE"),
        ([{"format": "csv", "valPercent": -1}], "OUT_OF_RANGE"),
        ([{"format": "csv", "folder": "x"}], "UNKNOWN_FIELD"),
        (["csv", "csv"], "EXPORT_TWICE"),
    )
    request = draw.usual()
    request["exports"] = exports
    return draw.case(FORM, "broken exports", code, request)


@maker
def broken_gate(draw: Draw) -> Case:
    """A gate of the wrong form, at every depth."""
    gate, code = draw.pick(
        ("x", "WRONG_TYPE"),
        ([], "WRONG_TYPE"),
        ({"checks": "duplicate-box"}, "WRONG_TYPE"),
        ({"checks": []}, "WRONG_LENGTH"),
        ({"checks": [[]]}, "WRONG_TYPE"),
        ({"checks": [{}]}, "REQUIRED"),
        ({"checks": [{"check": "x", "chek": 1}]}, "UNKNOWN_FIELD"),
        ({"checks": [{"check": "x", "severity": "bad"}]}, "UNKNOWN_VALUE"),
        ({"combine": "none"}, "UNKNOWN_VALUE"),
        ({"unit": "frame"}, "UNKNOWN_VALUE"),
        ({"where": {"label": []}}, "WRONG_LENGTH"),
        ({"where": {"label": [7]}}, "WRONG_TYPE"),
        ({"where": {"verdict": "maybe"}}, "UNKNOWN_VALUE"),
        ({"where": {"attribute": ["a"]}}, "WRONG_TYPE"),
        ({"sample": {"percent": draw.pick(0, 101, -5)}}, "OUT_OF_RANGE"),
        ({"sample": {"count": draw.pick(0, -1)}}, "OUT_OF_RANGE"),
        ({"sample": {"maxErrorRate": draw.pick(0, 1, 2), "confidence": 0.9}}, "OUT_OF_RANGE"),
        ({"sample": {"stratify": "class", "count": 1}}, "UNKNOWN_VALUE"),
        ({"budget": {"percent": "half"}}, "WRONG_TYPE"),
        ({"context": draw.pick(-1, 1_001), "unit": "clip"}, "OUT_OF_RANGE"),
        ({"cheks": ["x"]}, "UNKNOWN_FIELD"),
    )
    car, audit = draw.label(), draw.review()
    audit["inputConfig"]["gate"] = gate
    return draw.case(FORM, "broken gate", code, draw.batch(car, audit), at="gate")


@maker
def missing_field(draw: Draw) -> Case:
    request = draw.usual()
    job = draw.pick(*request["labelingJobs"])
    name, holder = draw.pick(
        ("batchId", request),
        ("labelingJobs", request),
        ("jobName", job),
        ("jobLevel", job),
        ("jobModality", job),
        ("inputConfig", job),
    )
    if draw.random.random() < 0.5:
        del holder[name]
    else:
        holder[name] = None
    return draw.case(FORM, "missing field", "REQUIRED", request, at=name)


_WRONG: dict[str, tuple[Json, ...]] = {
    "jobName": (7, [], {}, True),
    "jobLevel": ("one", [], {}, True, 1.5, "1_0", "", "٣"),
    "jobModality": (7, [], {}),
    "inputConfig": (7, [], "s3://input-bucket/clip.manifest", True),
    "labelCategoryConfigS3Uri": (7, [], {}),
    "labelAttributeName": (7, [], {}),
    "workteamArn": (7, [], {}),
    "taskTitle": (7, [], {}),
    "taskKeywords": ("a", {}, [7], [["a"]]),
    "instructions": ("a", [], 7),
    "stoppingConditions": ("a", [], 7),
    "contentClassifiers": ("a", {}, [7]),
    "tags": ("a", [], 7, {"a": 7}, {"a": {}}),
    "taskTimeLimitInSeconds": ("soon", [], {}, True, 100.5),
    "maxConcurrentTaskCount": ("many", [], {}, False),
}


@maker
def wrong_type(draw: Draw) -> Case:
    request = draw.usual()
    name = draw.pick(*_WRONG)
    request["labelingJobs"][0][name] = draw.pick(*_WRONG[name])
    return draw.case(FORM, "wrong type", "WRONG_TYPE", request, at=name)


@maker
def jobs_of_wrong_type(draw: Draw) -> Case:
    request = draw.usual()
    request["labelingJobs"] = draw.pick({}, "jobs", 7, True, [7], [[]], ["job"])
    return draw.case(FORM, "jobs of a wrong type", "WRONG_TYPE", request, at="labelingJobs")


@maker
def out_of_range(draw: Draw) -> Case:
    request = draw.usual()
    job = request["labelingJobs"][0]
    name, value = draw.pick(
        ("jobLevel", draw.pick(0, 11, -1, 10**30)),
        ("numberOfHumanWorkersPerDataObject", draw.pick(0, 10, -5)),
        ("maxConcurrentTaskCount", draw.pick(0, 5001)),
        ("taskTimeLimitInSeconds", draw.pick(0, 29, -1)),
        ("taskAvailabilityLifetimeInSeconds", draw.pick(0, 59)),
        ("jobCompletionTimeoutInSeconds", draw.pick(0, 59, 2_592_001)),
        ("maxAttempts", draw.pick(0, 10, 1000)),
    )
    job[name] = value
    return draw.case(FORM, "out of range", "OUT_OF_RANGE", request, at=name)


@maker
def no_finite_number(draw: Draw) -> Case:
    """NaN, infinities and whole numbers of ten thousand digits: JSON has none of the first."""
    number = draw.pick("NaN", "Infinity", "-Infinity", "1e999", "-1e999", "9" * 10_000)
    name = draw.pick("maxAttempts", "jobLevel", "taskTimeLimitInSeconds")
    request = draw.usual()
    request["labelingJobs"][0][name] = "HERE"
    text = json.dumps(request).replace('"HERE"', number)
    return draw.case(FORM, "no finite number", "NOT_A_FINITE_NUMBER", text, at=name)


@maker
def wrong_length(draw: Draw) -> Case:
    request = draw.usual()
    job = request["labelingJobs"][0]
    code = "WRONG_LENGTH"
    what = draw.pick("title", "description", "jobs", "many", "name", "id")
    if what == "title":
        job["taskTitle"] = draw.pick("", "x" * 129)
    elif what == "description":
        job["taskDescription"] = draw.pick("", "x" * 256)
    elif what == "jobs":
        request["labelingJobs"] = []
    elif what == "many":
        code = "TOO_MANY_JOBS"
        request["labelingJobs"] = [draw.label(f"n{i}") for i in range(draw.pick(1_001, 2_100))]
    elif what == "name":
        job["jobName"], code = "n" * 61, "NAME_TOO_LONG"
    else:
        request["batchId"], code = "n" * 64, "NAME_TOO_LONG"
    return draw.case(FORM, "wrong length", code, request)


@maker
def wrong_name(draw: Draw) -> Case:
    request = draw.usual()
    name = draw.pick(
        "a b", "a_b", "-a", "a-", "a/b", "../a", "ü", "a" * 20 + "!", "٣", "a\u200b", "😀"
    )
    holder, field = draw.pick((request, "batchId"), (request["labelingJobs"][0], "jobName"))
    holder[field] = name
    return draw.case(FORM, "wrong name", "NAME_INVALID", request, at=field)


@maker
def unknown_value(draw: Draw) -> Case:
    request = draw.usual()
    job = request["labelingJobs"][0]
    code = "UNKNOWN_VALUE"
    what = draw.pick("pacing", "onJobFailure", "onIncomplete", "jobModality", "jobType")
    value = draw.pick("x", "", "LEVEL", "fail ", "BoundingBoxes", "DROP TABLE", "x" * 10_000)
    if what in {"pacing", "onJobFailure"}:
        request[what] = value
    else:
        job[what] = value
        code = "UNKNOWN_MODALITY" if what == "jobModality" else code
    return draw.case(FORM, "unknown value", code, request, at=what)


@maker
def several_at_once(draw: Draw) -> Case:
    """Each of several broken jobs is told, not only the first."""
    jobs = [draw.label(f"n{i}") for i in range(3)]
    jobs[0]["jobLevel"] = 0
    jobs[1]["taskKeywords"] = "none"
    jobs[2]["jobName"] = "a b"
    jobs[2]["extra"] = 1
    codes = "OUT_OF_RANGE WRONG_TYPE NAME_INVALID UNKNOWN_FIELD"
    return draw.case(FORM, "several at once", codes, draw.batch(*jobs))


@maker
def small_body(draw: Draw) -> Case:
    """What stop and retry are sent."""
    path = draw.pick("/batch/stop", "/batch/retry")
    deep = "[" * 100_000
    body, code = draw.pick(
        ("", "EMPTY_BODY"),
        ("{", "INVALID_JSON"),
        ("[]", "WRONG_TYPE"),
        ("null", "WRONG_TYPE"),
        ("{}", "REQUIRED"),
        ('{"batchId": null}', "REQUIRED"),
        ('{"batchId": 7}', "WRONG_TYPE"),
        ('{"batchId": ""}', "NAME_INVALID"),
        ('{"batchId": "a b"}', "NAME_INVALID"),
        ('{"batchId": "' + "a" * 64 + '"}', "NAME_TOO_LONG"),
        ('{"batchId": "b", "x": 1}', "UNKNOWN_FIELD"),
        ('{"batchId": "b", "x": ' + deep + "1" + deep.replace("[", "]") + "}", "NESTED_TOO_DEEPLY"),
        ('{"batchId": "\\ud800"}', "INVALID_CHARACTER"),
        ('{"batchId": "b", "mode": ["stop"], "jobNames": "x"}', "UNKNOWN_FIELD"),
    )
    return Case(FORM, "stop and retry", (code,), path=path, body=body)


@maker
def small_body_too_large(draw: Draw) -> Case:
    path = draw.pick("/batch/stop", "/batch/retry")
    body = '{"batchId": "b", "x": "' + "x" * 300_000 + '"}'
    return Case(FORM, "stop and retry", ("BODY_TOO_LARGE",), path=path, body=body, statuses=(413,))


def _token(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode()


@maker
def query(draw: Draw) -> Case:
    """What the list of batches is asked with."""
    inner = _token("[" * 3_000)
    asked, code = draw.pick(
        ({"limit": draw.pick("0", "501", "-1", "x", "", "1e2", "٣", " 7")}, "OUT_OF_RANGE"),
        ({"status": draw.pick("", "x", "complete", "COMPLETE ", "\x00", "😀")}, "UNKNOWN_VALUE"),
        ({"nextToken": draw.pick("x", "====", "é", "\ud800", "%00", "e30=x")}, "INVALID_TOKEN"),
        ({"nextToken": _token("[" * 6_000)}, "INVALID_TOKEN"),
        ({"nextToken": _token(json.dumps({"COMPLETE": inner}))}, "INVALID_TOKEN"),
        ({"nextToken": _token('{"COMPLETE": 7}')}, "INVALID_TOKEN"),
        ({"nextToken": _token('{"X": "e30="}')}, "INVALID_TOKEN"),
        ({"nextToken": _token(json.dumps({"FAILED": _token("7")}))}, "INVALID_TOKEN"),
        ({"nextToken": _token(json.dumps({"FAILED": _token('{"PK": 7}')}))}, "INVALID_TOKEN"),
    )
    return Case(FORM, "query", (code,), method="GET", path="/batch/show", query=asked)


@maker
def route(draw: Draw) -> Case:
    path, method, code = draw.pick(
        ("/batch/none", "POST", 404),
        ("/", "GET", 404),
        ("/batch/create/..", "POST", 404),
        ("/batch/create", "GET", 405),
        ("/batch/show", "POST", 405),
        ("/batch/stop", "GET", 405),
        ("/" + "x" * 5_000, "GET", 404),
        ("/batch/\ud800", "GET", 404),
    )
    return Case(FORM, "route", ("UNKNOWN_ROUTE",), method=method, path=path, statuses=(code,))


@maker
def control_characters(draw: Draw) -> Case:
    """Half characters and control characters, in texts that the schema limits otherwise."""
    odd = draw.pick("\x00", "\ud800", "\x1b[31m", "\x7f", "\udfff")
    request = draw.usual()
    holder, field = draw.pick((request, "batchId"), (request["labelingJobs"][0], "jobName"))
    holder[field] = f"{ID}{odd}"
    return draw.case(FORM, "control character", "INVALID_CHARACTER", request, at=field)
