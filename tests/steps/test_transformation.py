"""The transformation: a user's function makes the manifests before anything is checked."""

from dataclasses import replace
from typing import Any

import pytest

from terrace.domain.places import Places
from terrace.domain.records import Stop
from terrace.domain.request import BatchRequest, StopMode
from terrace.domain.status import BatchStatus
from terrace.domain.validation import check_request
from terrace.errors import BadRequestError, OwnFunctionError, ThrottledError, TransientError
from terrace.steps.transform_batch import TransformBatchInput
from tests.fakes.house import BUCKET, INPUTS, LIMITS, House, function
from tests.steps.crashing import CrashError, a_world

OWN = function("own-transformation")
CALLABLE = replace(LIMITS, function_arns=frozenset({OWN}))
STEP = TransformBatchInput(batchId="b", generation=1)


@pytest.fixture
def house() -> House:
    """One in memory: quicker than moto's, and at peace until a test says otherwise."""
    return a_world(0)


def request(**more: Any) -> dict[str, Any]:
    """A lane that says not what it starts from, and an audit of it."""
    return {
        "batchId": "b",
        "transformation": {"functionArn": OWN, "payload": {"fps": 2}},
        "labelingJobs": [
            {
                "jobName": "car",
                "jobLevel": 1,
                "jobModality": "VideoObjectTracking",
                "inputConfig": {},
            },
            {
                "jobName": "car-audit",
                "jobLevel": 2,
                "jobModality": "VideoObjectTrackingAudit",
                "inputConfig": {"chainFromJobName": "car"},
            },
        ],
        **more,
    }


def made(house: House) -> dict[str, Any]:
    """What a transformation answers that has made a manifest and a category file."""
    given = {
        "inputManifestS3Uri": house.manifest("made"),
        "labelCategoryConfigS3Uri": house.categories("made"),
    }
    return {"inputs": {"car": given}}


def answers(house: House, *told: Any) -> None:
    """The function answers so, call by call; an exception is its failure. Then it stands still."""
    waiting = list(told)

    def answer(_: Any) -> Any:
        found = waiting.pop(0)
        if isinstance(found, BaseException):
            raise found
        return found

    house.functions.answers[OWN] = answer


def problems(house: House) -> list[tuple[str, str]]:
    """What the batch was refused for, and that nothing was paid."""
    batch = house.batch()
    assert batch.status is BatchStatus.VALIDATION_FAIL
    assert batch.mark is not None
    assert house.engine.jobs == {}
    assert house.store.get_claim("car") is None
    assert {found.path for found in batch.mark.problems} == {"$.transformation"}
    return [(found.code, found.problem) for found in batch.mark.problems]


def events(house: House) -> list[Any]:
    return [event for arn, event in house.functions.calls if arn == OWN]


# --- what it is called with, and what becomes of its answer --------------------------------------
def test_the_manifests_that_it_made_are_what_people_are_given(house: House) -> None:
    answer = made(house)
    answers(house, answer)
    house.post(request())

    house.turn()

    given = answer["inputs"]["car"]
    job = house.jobs()["car"]
    assert job.spec.inputConfig.inputManifestS3Uri == given["inputManifestS3Uri"]
    assert job.jobInputS3Uri == given["inputManifestS3Uri"]
    assert job.spec.labelCategoryConfigS3Uri == given["labelCategoryConfigS3Uri"]
    assert job.numItems == 3
    assert house.statuses() == {"car": "IN_PROGRESS", "car-audit": "PENDING"}


def test_it_is_told_what_it_needs(house: House) -> None:
    answers(house, made(house))
    house.post(request())

    house.turn()

    (event,) = events(house)
    own = event.pop("idempotencyId")
    assert event == {
        "version": 1,
        "event": "transformation",
        "batchId": "b",
        "call": 1,
        "payload": {"fps": 2},
        "requestS3Uri": house.batch().requestS3Uri,
        "request": request(),
        "outputPrefixS3Uri": f"s3://{BUCKET}/batches/b/inputs/transformation/{own}/",
    }


def test_a_manifest_of_the_request_may_be_replaced_and_may_stand(house: House) -> None:
    own = house.manifest("own")
    jobs = request()["labelingJobs"][:1]
    jobs[0]["inputConfig"] = {"inputManifestS3Uri": own}
    jobs[0]["labelCategoryConfigS3Uri"] = house.categories()
    jobs.append({**jobs[0], "jobName": "road"})
    answers(house, made(house))
    house.post(request(labelingJobs=jobs))

    house.turn()

    inputs = {name: job.spec.inputConfig for name, job in house.jobs().items()}
    assert inputs["car"].inputManifestS3Uri != own
    assert inputs["road"].inputManifestS3Uri == own


def test_a_function_of_the_stack_serves_requests_that_name_none(house: House) -> None:
    house.limits = replace(CALLABLE, transformation_arn=OWN)
    answers(house, made(house))
    sent = request()
    del sent["transformation"]
    house.post(sent)

    house.turn()

    assert house.statuses()["car"] == "IN_PROGRESS"
    assert events(house)[0]["payload"] is None


def test_where_the_stacks_function_is_taken_away_what_is_missing_is_told(house: House) -> None:
    house.limits = replace(CALLABLE, transformation_arn=OWN)
    sent = request()
    del sent["transformation"]
    house.post(sent)
    house.limits = CALLABLE

    house.turn()

    batch = house.batch()
    assert batch.status is BatchStatus.VALIDATION_FAIL
    assert batch.mark is not None
    assert {(found.path, found.code) for found in batch.mark.problems} == {
        ("$.labelingJobs[0].inputConfig", "NO_SOURCE"),
        ("$.labelingJobs[0].labelCategoryConfigS3Uri", "REQUIRED"),
    }
    assert house.engine.jobs == {}
    assert house.store.get_claim("car") is None


def test_a_long_request_is_named_by_its_uri_alone(house: House) -> None:
    text = "x" * 2_000
    jobs = request()["labelingJobs"]
    more = [
        {
            "jobName": f"fill{n}",
            "jobLevel": 1,
            "jobModality": "VideoObjectTracking",
            "inputConfig": {},
            "instructions": {"shortInstruction": "x", "fullInstruction": text},
        }
        for n in range(900)
    ]
    sent = request(labelingJobs=[*jobs, *(job | {"tags": {"t": text}} for job in more)])
    answers(house, {"nonsense": 1})
    house.post(sent)

    house.turn()

    assert events(house)[0]["request"] is None
    assert house.objects.get_json(events(house)[0]["requestS3Uri"]) == sent


# --- not done yet --------------------------------------------------------------------------------
def test_one_that_needs_three_calls_gets_them_with_one_id_and_growing_waits(house: House) -> None:
    answers(house, {"done": False}, {"done": False}, made(house))
    house.post(request())

    waits = [house.transform.run(STEP) for _ in range(2)]
    assert house.transform.run(STEP).next == "plan"

    assert [(found.next, found.seconds) for found in waits] == [("wait", 2), ("wait", 4)]
    assert [event["call"] for event in events(house)] == [1, 2, 3]
    assert len({event["idempotencyId"] for event in events(house)}) == 1


def test_one_that_never_gets_done_is_given_up_after_an_hour(house: House) -> None:
    house.functions.answers[OWN] = lambda _: {"done": False}
    house.post(request())
    began = house.clock.now()

    house.turn()

    ((code, text),) = problems(house)
    assert code == "TRANSFORMATION_FAILED"
    assert "not done after 3,600 s" in text
    assert 3_600 < house.clock.now() - began < 3_800
    assert len(events(house)) < 80


def test_a_batch_that_is_stopped_meanwhile_is_not_asked_for_again(house: House) -> None:
    answers(house, {"done": False})
    house.post(request())
    assert house.transform.run(STEP).next == "wait"
    house.store.set_stop("b", Stop(mode=StopMode.stop, at=house.clock.now()))

    house.turn()

    assert house.batch().status is BatchStatus.STOPPED
    assert len(events(house)) == 1


# --- failures: nothing is paid, and the user reads why -------------------------------------------
@pytest.mark.parametrize(
    ("told", "words"),
    [
        (OwnFunctionError("no such film"), "no such film"),
        ({}, "inputs belong to an answer that is done"),
        ({"done": False, "inputs": {}}, "inputs belong to an answer that is done"),
        ({"inputs": {"car": "s3://x/y"}}, "$.inputs.*"),
        ({"inputs": {"car": {"inputManifestS3Uri": 7}}}, "$.inputs.*.inputManifestS3Uri"),
        ({"statusCode": 200, "body": "{}"}, "at $.*:"),
        (None, "at $"),
        ([1], "at $"),
        ("done", "at $"),
        ({"inputs": {"car": {"inputManifestS3Uri": "s3://x/\ud800"}}}, "INVALID_CHARACTER"),
        ({"inputs": {"car": {"inputManifestS3Uri": float("nan")}}}, "NOT_A_FINITE_NUMBER"),
        ({"done": "false"}, "$.done"),
        # Keys may be data, of any length: none is quoted.
        ({"https://b/k?X-Amz-Signature=SECRET" + "x" * 200_000: 1}, "at $.*:"),
        ({"https://b/k?X-Amz-Signature=SECRET": float("inf")}, "NOT_A_FINITE_NUMBER"),
        ({"inputs": {"SECRET": {"more": 1}}}, "at $.inputs.*"),
    ],
)
def test_a_failure_or_nonsense_refuses_the_batch_with_the_reason(
    house: House, told: Any, words: str
) -> None:
    answers(house, told)
    house.post(request())

    house.turn()

    ((code, text),) = problems(house)
    assert code == "TRANSFORMATION_FAILED"
    assert words in text
    assert OWN in text
    assert "SECRET" not in text
    assert len(text) < 1_000


@pytest.mark.parametrize(
    ("inputs", "code", "words"),
    [
        ({}, "NO_SOURCE", "$.labelingJobs[0].inputConfig"),
        (
            {"cat": {"inputManifestS3Uri": "s3://x/y"}},
            "TRANSFORMATION_UNKNOWN_JOB",
            "no job of this batch",
        ),
        (
            {"car-audit": {"inputManifestS3Uri": "s3://x/y"}},
            "TRANSFORMATION_CHAINED_JOB",
            '"car-audit"',
        ),
        (
            {"car": {"inputManifestS3Uri": "s3://of-others/y"}},
            "BUCKET_NOT_ALLOWED",
            "inputManifestS3Uri",
        ),
        ({"car": {"inputManifestS3Uri": "file:///etc/passwd"}}, "S3_URI_INVALID", "file:///etc"),
        (
            {"car": {"inputManifestS3Uri": f"s3://{INPUTS}/y"}},
            "REQUIRED",
            "labelCategoryConfigS3Uri",
        ),
    ],
)
def test_what_it_made_is_held_to_the_rules_of_a_request(
    house: House, inputs: Any, code: str, words: str
) -> None:
    answers(house, {"inputs": inputs})
    house.post(request())

    house.turn()

    found = dict(problems(house))
    assert code in found
    assert words in found[code]


def test_a_manifest_that_it_did_not_write_is_found_like_a_users_own(house: House) -> None:
    given = made(house)
    given["inputs"]["car"]["inputManifestS3Uri"] = f"s3://{INPUTS}/nowhere.manifest"
    answers(house, given)
    house.post(request())

    house.turn()

    batch = house.batch()
    assert batch.status is BatchStatus.VALIDATION_FAIL
    assert batch.mark is not None
    (found,) = batch.mark.problems
    assert found.code == "MANIFEST_UNREADABLE"


def test_a_function_that_there_is_not_is_told_so(house: House) -> None:
    house.post(request())

    house.turn()

    ((code, text),) = problems(house)
    assert (code, "ResourceNotFound" in text) == ("TRANSFORMATION_FAILED", True)


def test_the_same_batch_posted_again_asks_again_under_another_id(house: House) -> None:
    answers(house, OwnFunctionError("not today"), made(house))
    house.post(request())
    house.turn()
    assert problems(house)

    house.post(request())
    house.turn()

    assert house.statuses()["car"] == "IN_PROGRESS"
    first, second = events(house)
    assert first["idempotencyId"] != second["idempotencyId"]
    # The first call may still be at work: what it writes is not what is checked now.
    assert first["outputPrefixS3Uri"] != second["outputPrefixS3Uri"]
    assert second["outputPrefixS3Uri"].endswith(f"/{second['idempotencyId']}/")


def test_where_only_some_folders_are_allowed_its_own_is_one_of_them(house: House) -> None:
    only = Places(batch_bucket=BUCKET, prefixes=frozenset({f"s3://{INPUTS}/team/"}))
    house.limits = replace(CALLABLE, places=only)

    def answer(event: Any) -> Any:
        given = {
            "inputManifestS3Uri": f"{event['outputPrefixS3Uri']}y.manifest",
            "labelCategoryConfigS3Uri": f"s3://{BUCKET}/batches/b/inputs/transformation/c.json",
        }
        return {"inputs": {"car": given}}

    house.functions.answers[OWN] = answer
    house.post(request())

    house.turn()

    # Another posting's folder is none of them.
    ((code, text),) = problems(house)
    assert code == "PREFIX_NOT_ALLOWED"
    assert "labelCategoryConfigS3Uri" in text


# --- answered once, never called again -----------------------------------------------------------
def test_throttling_is_waited_out(house: House) -> None:
    house.post(request())
    answer = made(house)

    class Busy:
        calls = 0

        def call(self, arn: str, event: Any) -> Any:
            Busy.calls += 1
            if Busy.calls < 3:
                raise ThrottledError("TooManyRequests")
            return answer

    house.functions = Busy()  # type: ignore[assignment]
    assert [house.transform.run(STEP).seconds for _ in range(2)] == [2, 4]
    assert house.transform.run(STEP).next == "plan"


class Dying:
    """A port of which the n-th call of all is the last, before or after it took effect."""

    def __init__(self, port: Any, count: list[int], last: int, *, after: bool) -> None:
        self._port, self._count, self._last, self._after = port, count, last, after

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._port, name)
        if not callable(found):
            return found

        def call(*args: Any, **more: Any) -> Any:
            self._count[0] += 1
            here = self._count[0] == self._last
            if here and not self._after:
                raise CrashError(f"before {name}")
            answer = found(*args, **more)
            if here:
                raise CrashError(f"after {name}")
            return answer

        return call


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_whatever_call_is_the_last_one_an_answer_that_is_kept_is_the_only_one(
    after: bool,
) -> None:
    """Each call of the step dies in turn; the machine then calls it again."""
    kept_at_death = 0
    house = a_world(0)
    given = made(house)["inputs"]["car"]
    # Every answer is another one, so that two of them cannot pass for one.
    others = [house.manifest(f"made{n}", items=1) for n in range(3)]
    for last in range(1, 200):
        batch_id = f"b{last}"
        names = {"car": f"car{last}", "car-audit": f"car-audit{last}"}
        jobs = request()["labelingJobs"]
        jobs[0]["jobName"], jobs[1]["jobName"] = names.values()
        jobs[1]["inputConfig"]["chainFromJobName"] = names["car"]
        house.functions.calls.clear()

        def answer(event: Any, name: str = names["car"]) -> Any:
            if event["call"] == 1:
                return {"done": False}
            nth = len(house.functions.calls)
            return {"inputs": {name: given | {"inputManifestS3Uri": others[nth % 3]}}}

        house.functions.answers[OWN] = answer
        house.post(request(batchId=batch_id, labelingJobs=jobs))
        count = [0]
        step = TransformBatchInput(batchId=batch_id, generation=1)
        real = house.transform
        dying: dict[str, Any] = {
            port: Dying(getattr(real, port), count, last, after=after)
            for port in ("store", "objects", "engine", "notifier")
        }
        own = replace(
            real.transformation,
            store=dying["store"],
            objects=dying["objects"],
            functions=Dying(real.transformation.functions, count, last, after=after),  # type: ignore[arg-type]
        )
        mortal = replace(real, transformation=own, **dying)
        died = False
        try:
            while mortal.run(step).next in {"wait", "again"}:
                pass
        except CrashError:
            died = True
        kept = house.objects.exists(own_kept(house, batch_id))
        before = len(house.functions.calls)
        while house.transform.run(step).next in {"wait", "again"}:
            pass
        if kept:
            kept_at_death += died
            assert len(house.functions.calls) == before, f"called again after call {last}"
        batch = house.batch(batch_id)
        assert batch.transformedAt is not None, batch.mark
        job = house.jobs(batch_id)[names["car"]]
        told = house.objects.get_json(own_kept(house, batch_id))["answer"]["inputs"][names["car"]]
        assert job.spec.inputConfig.inputManifestS3Uri == told["inputManifestS3Uri"]
        assert len({event["idempotencyId"] for _, event in house.functions.calls}) == 1
        if count[0] < last:
            # There is no such call any more: every one has been the last.
            assert last > 15
            assert kept_at_death > 8
            return
    raise AssertionError("the step never comes to its end")


def own_kept(house: House, batch_id: str) -> str:
    return house.transform.transformation.kept_uri(house.batch(batch_id))


def test_of_two_that_ask_at_a_time_the_first_answer_that_is_kept_counts(house: House) -> None:
    mine, other = made(house), made(house)
    other["inputs"]["car"]["inputManifestS3Uri"] = house.manifest("other")
    house.post(request())

    def answer(event: Any) -> Any:
        if event["call"] == 1:
            # Another call asks, and is answered, while this one waits.
            assert house.transform.run(STEP).next == "plan"
            return mine
        return other

    house.functions.answers[OWN] = answer
    assert house.transform.run(STEP).next == "plan"

    spec = house.jobs()["car"].spec
    assert spec.inputConfig.inputManifestS3Uri == other["inputs"]["car"]["inputManifestS3Uri"]
    kept = house.objects.get_json(own_kept(house, "b"))
    assert kept["answer"]["inputs"]["car"]["inputManifestS3Uri"].endswith("other.manifest")


def test_two_answers_at_once_and_the_one_that_is_kept_is_checked_whole(house: House) -> None:
    """Another call asked as well, and kept its answer last, while this one's was half checked."""
    answers(house, made(house))
    house.post(request())
    house.transform_seconds = 0.0
    assert house.transform.run(STEP).next == "again"
    batch = house.batch()
    kept = house.objects.get_json(own_kept(house, "b"))
    kept["answer"]["inputs"]["car"]["inputManifestS3Uri"] = f"s3://{INPUTS}/nowhere.manifest"
    progress = house.transform._progress_uri(batch)
    while "manifest car" not in house.objects.get_json(progress)["done"]:
        assert house.transform.run(STEP).next == "again"
    house.objects.put_json(own_kept(house, "b"), kept)

    house.turn()

    assert house.batch().status is BatchStatus.VALIDATION_FAIL


def test_a_passing_error_is_not_held_against_the_function(house: House) -> None:
    house.post(request())

    class Gone:
        def call(self, arn: str, event: Any) -> Any:
            raise TransientError("connection lost")

    functions, house.functions = house.functions, Gone()  # type: ignore[assignment]
    assert house.transform.run(STEP).next == "wait"
    house.functions = functions
    answers(house, made(house))
    assert house.transform.run(STEP).next == "plan"
    assert events(house)[0]["call"] == 2


class Refusing:
    """Lambda, which does not come to calling the function."""

    def __init__(self, error: Exception) -> None:
        self.error, self.calls = error, 0

    def call(self, arn: str, event: Any) -> Any:
        self.calls += 1
        raise self.error


def test_throttling_all_the_while_ends_the_batch_with_the_reason(house: House) -> None:
    aws = Refusing(ThrottledError("Lambda Invoke: TooManyRequestsException: rate exceeded"))
    house.functions = aws  # type: ignore[assignment]
    house.post(request())
    began = house.clock.now()

    house.turn()

    ((code, text),) = problems(house)
    assert code == "TRANSFORMATION_FAILED"
    assert "AWS could not call it, 3,600 s long" in text
    assert "TooManyRequestsException" in text
    assert 3_600 < house.clock.now() - began < 3_800
    assert aws.calls < 80


def test_a_function_that_cannot_run_is_told_at_once(house: House) -> None:
    gone = "Lambda Invoke: InvalidSubnetIDException: the subnet is gone"
    aws = Refusing(BadRequestError(gone))
    house.functions = aws  # type: ignore[assignment]
    house.post(request())

    house.turn()

    ((code, text),) = problems(house)
    assert aws.calls == 1
    assert (code, gone in text) == ("TRANSFORMATION_FAILED", True)


# --- at create -----------------------------------------------------------------------------------
def refused(limits: Any = CALLABLE, **more: Any) -> set[tuple[str, str]]:
    found, wrong = check_request(request(**more), limits)
    assert (found is None) == bool(wrong)
    return {(one.path, one.code) for one in wrong}


def test_a_request_may_leave_to_it_what_it_makes() -> None:
    assert refused() == set()


def test_without_it_the_same_request_is_refused() -> None:
    assert refused(transformation=None) == {
        ("$.labelingJobs[0].inputConfig", "NO_SOURCE"),
        ("$.labelingJobs[0].labelCategoryConfigS3Uri", "REQUIRED"),
    }


def test_a_function_of_the_stack_stands_in_for_it() -> None:
    stack = replace(CALLABLE, transformation_arn=OWN)
    assert refused(stack, transformation=None) == set()


@pytest.mark.parametrize("point", ["transformation", "postProcessing"])
@pytest.mark.parametrize(
    ("given", "inner", "code"),
    [
        ({"functionArn": f"{OWN}-of-others"}, ".functionArn", "FUNCTION_NOT_ALLOWED"),
        ({"functionArn": OWN.replace("us-east-1", "eu-west-1")}, ".functionArn", "WRONG_REGION"),
        ({"functionArn": "my-function"}, ".functionArn", "FUNCTION_ARN_INVALID"),
        ({}, ".functionArn", "REQUIRED"),
        ({"functionArn": OWN, "payload": "x"}, ".payload", "WRONG_TYPE"),
        ({"functionArn": OWN, "payload": {"x": "y" * 65_536}}, ".payload", "PAYLOAD_TOO_LARGE"),
        ({"functionArn": OWN, "timeout": 3}, ".timeout", "UNKNOWN_FIELD"),
        (OWN, "", "WRONG_TYPE"),
    ],
)
def test_a_function_that_may_not_be_called_is_refused_at_create(
    point: str, given: Any, inner: str, code: str
) -> None:
    assert refused(**{point: given}) == {(f"$.{point}{inner}", code)}


def test_a_review_of_what_it_makes_says_which_label_it_reviews() -> None:
    job = request()["labelingJobs"][1]
    job["inputConfig"] = {}
    wrong = refused(labelingJobs=[job])
    assert wrong == {("$.labelingJobs[0].inputConfig.auditLabelAttributeName", "REQUIRED")}


def test_a_request_without_own_functions_has_the_digest_that_it_had() -> None:
    plain = request()
    del plain["transformation"]
    content = BatchRequest.model_validate(plain).model_dump(mode="json", exclude_defaults=True)
    assert set(content) == {"batchId", "labelingJobs"}
