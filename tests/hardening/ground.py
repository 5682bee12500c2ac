"""Puts one bad thing to the shipped handlers, and looks at everything that could come of it."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import jsonschema

from tests.hardening import files, form, meaning
from tests.hardening.case import FOREIGN, FOREIGN_JOB, FORM, ID, STANDING, Case, Draw
from tests.world.aws.sagemaker import DAY, Plan
from tests.world.house import Answered, World
from tests.world.scene import Scene

MAKERS: dict[str, list[Callable[[Draw], Case]]] = {
    FORM: form.MAKERS,
    "meaning": [*meaning.MAKERS, *files.MAKERS],
}
SCHEMAS = Path(__file__).resolve().parents[2] / "schemas"
MINUTES = 600.0
"""Of the world's own time, within which a bad batch must be over."""


@dataclass
class Verdict:
    """What came of one case."""

    case: Case
    code: int
    told: list[dict[str, str]] = field(default_factory=list)
    """The problems, from the answer or from the batch's row."""
    wrong: list[str] = field(default_factory=list)
    """What must not have been; empty if all is well."""


def draw(seed: int, house: World) -> Case:
    """The case of a seed: even ones fail the schema, odd ones pass it and are wrong in meaning."""
    random = Random(f"hardening-{seed}")
    makers = MAKERS[FORM] if seed % 2 == 0 else MAKERS["meaning"]
    return random.choice(makers)(Draw(random, house))


def run(seed: int, make: Callable[[Draw], Case] | None = None) -> Verdict:
    """A world of its own: a batch at work, the bad thing, then a good batch to its end."""
    with Scene(reconciler=False, seed=seed).running() as scene:
        _stand(scene)
        if make is None:
            case = draw(seed, scene.world)
        else:
            case = make(Draw(Random(f"hardening-{seed}"), scene.world))
        verdict = _try(scene, case)
        _good_batch(scene, verdict)
        return verdict


def _stand(scene: Scene) -> None:
    """What is there before: a batch whose labeling job people work on, and a foreign job."""
    world = scene.world
    world.s3.buckets.append(FOREIGN)
    world.s3.put(f"s3://{FOREIGN}/secret.manifest", '{"source-ref": "s3://foreign-bucket/a"}\n')
    scene.plans[f"{STANDING}-car"] = scene.plans[FOREIGN_JOB] = Plan(20 * DAY)
    scene.post(scene.request(scene.label(f"{STANDING}-car"), batch_id=STANDING))
    scene.run(60.0)
    [made] = world.sagemaker.jobs.values()
    request = {**made.request, "LabelingJobName": FOREIGN_JOB, "Tags": []}
    world.sagemaker.create_labeling_job(**request)
    assert scene.answers.pop().code == 200


def _try(scene: Scene, case: Case) -> Verdict:
    world = scene.world
    for uri, data in case.files.items():
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        world.s3.objects[bucket, key] = data
    objects, rows = dict(world.s3.objects), dict(world.dynamo.items)
    jobs, errors = list(world.sagemaker.jobs), len(world.lambdas.errors)
    executions = set(world.stepfunctions.executions)
    answer = send(scene, case)
    scene.run(MINUTES)
    verdict = Verdict(case, answer.code)
    wrong = verdict.wrong
    wrong += _form(case)
    wrong += [f"{name}: {error!r}" for name, error in world.lambdas.errors[errors:]]
    wrong += [f"{key} was changed" for key in objects if world.s3.objects.get(key) != objects[key]]
    wrong += [f"{key} was changed" for key in rows if world.dynamo.items.get(key) != rows[key]]
    if list(world.sagemaker.jobs) != jobs:
        wrong.append("a labeling job was created")
    if answer.code not in case.statuses:
        wrong.append(f"HTTP {answer.code}, not {case.statuses}: {json.dumps(answer.body)[:300]}")
    new_rows = world.dynamo.items.keys() - rows.keys()
    new_objects = world.s3.objects.keys() - objects.keys()
    if answer.code == 200:
        wrong += _accepted(world, verdict, new_rows, new_objects)
    else:
        verdict.told = answer.body.get("errors", []) if isinstance(answer.body, dict) else []
        if new_rows or new_objects or world.stepfunctions.executions.keys() - executions:
            wrong.append(f"refused, and something was made: {new_rows} {new_objects}")
    wrong += _told(case, verdict.told)
    return verdict


def send(scene: Scene, case: Case) -> Answered:
    """Calls the handler with an event of API Gateway's; its answer must be there at once."""
    event = {
        "resource": case.path,
        "path": case.path,
        "httpMethod": case.method,
        "headers": {"Content-Type": "application/json"},
        "multiValueHeaders": {"Content-Type": ["application/json"]},
        "queryStringParameters": case.query,
        "multiValueQueryStringParameters": {k: [v] for k, v in (case.query or {}).items()} or None,
        "pathParameters": None,
        "stageVariables": None,
        "requestContext": {"requestId": "r", "httpMethod": case.method, "path": case.path},
        "body": case.body if case.method == "POST" else None,
        "isBase64Encoded": case.base64,
    }
    found: list[Answered] = []

    def answered(payload: Any, error: str | None, cause: str) -> None:
        if error is not None:
            found.append(Answered(502, {"message": f"{error}: {cause}"}))
        else:
            payload["body"].encode()
            found.append(Answered(payload["statusCode"], json.loads(payload["body"])))

    scene.world.lambdas.invoke("api", event, answered)
    scene.world.scheduler.run(lambda: bool(found), scene.world.scheduler.now + 60.0)
    return found[0] if found else Answered(504, {"message": "no answer in a minute"})


def _accepted(world: World, verdict: Verdict, rows: set[Any], objects: set[Any]) -> list[str]:
    """A batch that `create` took: it must have ended as invalid, and left nothing but its own."""
    batch = world.batch(ID)
    if batch is None:
        return ["HTTP 200, and there is no batch"]
    mark = batch.mark
    verdict.told = [one.model_dump() for one in mark.problems] if mark else []
    wrong = []
    if batch.status != "VALIDATION_FAIL":
        reason = mark.reason if mark else "no mark"
        wrong.append(f"the batch is {batch.status} ({reason})")
    left = [key for key in rows if key[0] != f"BATCH#{ID}"]
    if left:
        wrong.append(f"rows were left behind: {left}")
    places = (f"batches/{ID}/", f"batches-working/{ID}/")
    strange = [key for bucket, key in objects if not key.startswith(places)]
    if strange:
        wrong.append(f"objects outside of the batch: {strange}")
    return wrong


def _told(case: Case, told: list[dict[str, str]]) -> list[str]:
    """Every problem has a place and a remedy, and the ones that were made are among them."""
    wrong = [] if told else ["no problem is told"]
    for one in told:
        if not all(one.get(part, "").strip() for part in ("path", "code", "problem", "fix")):
            wrong.append(f"a problem lacks its place or its remedy: {one}")
        if max(len(text) for text in one.values()) > 4_000:
            wrong.append(f"a problem quotes too much: {one['code']}")
    codes = [one.get("code") for one in told]
    wrong += [f"{code} is not among {codes[:12]}" for code in case.codes if code not in codes]
    if case.at and not any(case.at in o["path"] for o in told if o["code"] == case.codes[0]):
        wrong.append(f"no {case.codes[0]} at {case.at}: {[o['path'] for o in told][:5]}")
    return wrong


def _form(case: Case) -> list[str]:
    """Holds the makers to their word: what is said to fail the schema must, and the rest not."""
    schema = _SCHEMAS.get(case.path)
    if schema is None:
        return []
    try:
        value = json.loads(case.body)
    except (ValueError, RecursionError):
        value = None
    try:
        fits = value is not None and _validator(schema).is_valid(value)
    except RecursionError:
        fits = False
    if fits and case.group == FORM:
        return ["the case was to fail the schema, and passes it"]
    if not fits and case.group != FORM:
        return ["the case was to pass the schema, and fails it"]
    return []


_SCHEMAS = {
    "/batch/create": "batch-request",
    "/batch/stop": "stop-request",
    "/batch/retry": "retry-request",
}


@cache
def _validator(name: str) -> Any:
    text = (SCHEMAS / f"{name}.schema.json").read_text(encoding="utf-8")
    return jsonschema.Draft202012Validator(json.loads(text))


def _good_batch(scene: Scene, verdict: Verdict) -> None:
    """The stack still does its work, also under the names that the bad batch gave back."""
    scene.post(scene.request(scene.label(f"{ID}-car"), batch_id="good"))
    try:
        status = scene.until_over("good")
    except AssertionError as error:
        verdict.wrong.append(f"a good batch afterwards: {error}")
        return
    if status != "COMPLETE":
        verdict.wrong.append(f"a good batch afterwards ended {status}")
