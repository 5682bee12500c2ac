"""A small interpreter of statemachine/batch.asl.yaml: the states and fields that it uses.

Anything it does not know is refused when the machine is loaded. That it walks as Step Functions'
interpreter does is proved in test_machine_proof.py, on the embedded AWS.
"""

import copy
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml

Json = Any
FILE = Path(__file__).resolve().parents[2] / "statemachine" / "batch.asl.yaml"
KNOWN = {
    "Task": {
        "Comment",
        "Type",
        "Resource",
        "Parameters",
        "ResultSelector",
        "ResultPath",
        "TimeoutSeconds",
        "Retry",
        "Catch",
        "Next",
        "End",
    },
    "Choice": {"Comment", "Type", "Choices", "Default"},
    "Map": {
        "Comment",
        "Type",
        "ItemsPath",
        "ItemSelector",
        "MaxConcurrency",
        "ItemProcessor",
        "ResultPath",
        "Catch",
        "Next",
    },
    "Pass": {"Comment", "Type", "Result", "ResultPath", "Next", "End"},
    "Wait": {"Comment", "Type", "Seconds", "SecondsPath", "Next"},
    "Succeed": {"Comment", "Type"},
    "Fail": {"Comment", "Type", "Error", "Cause"},
}
INVOKE = "arn:aws:states:::lambda:invoke"
WAIT = f"{INVOKE}.waitForTaskToken"
UNCAUGHT = {"States.DataLimitExceeded", "States.Runtime"}


@cache
def definition() -> Json:
    """The machine's definition; ValueError where it uses what this interpreter does not know."""
    found = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    _check(found["States"])
    return found


def _check(states: Json) -> None:
    for name, state in states.items():
        unknown = set(state) - KNOWN[state["Type"]]
        if unknown:
            raise ValueError(f"the world's interpreter does not know {unknown} of {name}")
        if state["Type"] == "Task" and state["Resource"] not in {INVOKE, WAIT}:
            raise ValueError(f"the world's interpreter does not know {state['Resource']}")
        for choice in state.get("Choices", []):
            if set(choice) != {"Variable", "StringEquals", "Next"}:
                raise ValueError(f"the world's interpreter does not know {choice} of {name}")
        if state["Type"] == "Map":
            _check(state["ItemProcessor"]["States"])


def look(path: str, data: Json, context: Json) -> Json:
    """The value at `$.a.b` or `$$.A.B`; KeyError where there is none."""
    place = context if path.startswith("$$") else data
    for part in path.lstrip("$").split("."):
        if part:
            place = place[part]
    return place


def render(template: Json, data: Json, context: Json) -> Json:
    """A payload template with its `name.$` fields filled in."""
    if isinstance(template, dict):
        return {
            name.removesuffix(".$"): look(value, data, context)
            if name.endswith(".$")
            else render(value, data, context)
            for name, value in template.items()
        }
    return template


def put(path: str | None, data: Json, result: Json) -> Json:
    """ResultPath: `$` by default, None to drop the result, else `$.name`."""
    if path is None:
        return data
    if path == "$":
        return result
    return {**data, path.removeprefix("$."): result}


def matches(names: list[str], error: str) -> bool:
    """Whether a Retry's or Catch's ErrorEquals takes an error."""
    if error in names:
        return True
    return "States.ALL" in names and error not in UNCAUGHT


Answer = Callable[[Json, str | None, str], None]
"""(payload, error name or None, cause)"""


@dataclass
class Outside:
    """What the interpreter needs of the world."""

    invoke: Callable[[str, Json, Answer, "Execution"], None]
    """Function name, payload, and who wants the answer."""
    after: Callable[[float, Callable[[], None]], None]
    uniform: Callable[[float, float], float]
    now: Callable[[], float]
    token: Callable[[], str]
    tokens: dict[str, tuple["Execution", Callable[[Json], None]]]
    """Who waits for which token."""
    entered: Callable[["Execution", str], None] = lambda execution, state: None
    ended: Callable[["Execution"], None] = lambda execution: None


@dataclass
class Execution:
    """One execution of the machine."""

    arn: str
    name: str
    input: Json
    outside: Outside
    status: str = "RUNNING"
    startedAt: float = 0.0
    endedAt: float = 0.0
    error: str = ""
    cause: str = ""
    path: list[str] = field(default_factory=list)
    """States entered, in order."""
    place: tuple[str, Json] | None = None
    """The top-level state it is in, with its input: where a redrive goes on."""
    done_items: dict[int, Json] = field(default_factory=dict)
    life: int = 0
    """Counted up when it ends: what was begun before is not listened to any more."""

    def start(self) -> None:
        self.startedAt = self.outside.now()
        found = definition()
        _Frame(self, found["States"], self._end, self._fail, {}, top=True).enter(
            found["StartAt"], copy.deepcopy(self.input)
        )

    def _end(self, output: Json) -> None:
        self._close("SUCCEEDED")

    def _fail(self, error: str, cause: str) -> None:
        self.error, self.cause = error, cause
        self._close("FAILED")

    def _close(self, status: str) -> None:
        self.status = status
        self.life += 1
        self.endedAt = self.outside.now()
        tokens = self.outside.tokens
        for token in [one for one, waiting in tokens.items() if waiting[0] is self]:
            # What an ended execution waited for is answered with TaskTimedOut.
            del tokens[token]
        self.outside.ended(self)

    def abort(self, status: str = "ABORTED") -> None:
        """Ends it from outside, wherever it is."""
        if self.status == "RUNNING":
            self._close(status)

    def redrive(self) -> None:
        """Goes on from the state in which it failed or was aborted."""
        if self.status in {"RUNNING", "SUCCEEDED"} or self.place is None:
            return
        self.status = "RUNNING"
        name, data = self.place
        _Frame(self, definition()["States"], self._end, self._fail, {}, top=True).enter(
            name, data, again=True
        )


@dataclass
class _Frame:
    """A sequence of states: the execution's own, or one iteration of a Map."""

    execution: Execution
    states: Json
    on_end: Callable[[Json], None]
    on_fail: Callable[[str, str], None]
    context: Json
    top: bool = False

    def __post_init__(self) -> None:
        self.life = self.execution.life
        self.given_up = False

    @property
    def dead(self) -> bool:
        return self.given_up or self.execution.life != self.life

    def enter(self, name: str, data: Json, *, again: bool = False) -> None:
        execution = self.execution
        execution.path.append(name)
        execution.outside.entered(execution, name)
        if self.top:
            execution.place = (name, data)
            if not again:
                execution.done_items = {}
        state = self.states[name]
        getattr(self, f"_{state['Type'].lower()}")(state, data)

    def _go(self, state: Json, data: Json) -> None:
        if state.get("End"):
            self.on_end(data)
        else:
            self.enter(state["Next"], data)

    def _pass(self, state: Json, data: Json) -> None:
        result = copy.deepcopy(state.get("Result", data))
        self._go(state, put(state.get("ResultPath", "$"), data, result))

    def _wait(self, state: Json, data: Json) -> None:
        def over() -> None:
            if not self.dead:
                self._go(state, data)

        given = state.get("SecondsPath")
        seconds = look(given, data, self.context) if given else state["Seconds"]
        self.execution.outside.after(seconds, over)

    def _succeed(self, state: Json, data: Json) -> None:
        self.on_end(data)

    def _fail(self, state: Json, data: Json) -> None:
        self.on_fail(state["Error"], state["Cause"])

    def _choice(self, state: Json, data: Json) -> None:
        for choice in state["Choices"]:
            if look(choice["Variable"], data, self.context) == choice["StringEquals"]:
                self.enter(choice["Next"], data)
                return
        self.enter(state["Default"], data)

    def _caught(self, state: Json, data: Json, error: str, cause: str) -> None:
        for catcher in state.get("Catch", []):
            if matches(catcher["ErrorEquals"], error):
                found = {"Error": error, "Cause": cause}
                self.enter(catcher["Next"], put(catcher.get("ResultPath", "$"), data, found))
                return
        self.on_fail(error, cause)

    # --- Task ----------------------------------------------------------------------------------
    def _task(self, state: Json, data: Json) -> None:
        _Attempt(self, state, data, [0] * len(state.get("Retry", []))).begin()

    # --- Map -----------------------------------------------------------------------------------
    def _map(self, state: Json, data: Json) -> None:
        items = list(enumerate(look(state["ItemsPath"], data, self.context)))
        done = self.execution.done_items
        waiting = [(number, item) for number, item in items if number not in done]
        children: list[_Frame] = []
        open_ = 0

        def begin() -> None:
            nonlocal open_
            while waiting and open_ < state["MaxConcurrency"] and not self.dead:
                number, item = waiting.pop(0)
                open_ += 1
                context = {"Map": {"Item": {"Value": item, "Index": number}}}
                processor = state["ItemProcessor"]
                child = _Frame(
                    self.execution,
                    processor["States"],
                    lambda output, number=number: one_done(number, output),
                    one_failed,
                    context,
                )
                children.append(child)
                child.enter(processor["StartAt"], render(state["ItemSelector"], data, context))
            if not waiting and open_ == 0 and not self.dead and len(done) == len(items):
                results = [done[number] for number, _ in items]
                self._go(state, put(state.get("ResultPath", "$"), data, results))

        def one_done(number: int, output: Json) -> None:
            nonlocal open_
            open_ -= 1
            done[number] = output
            if not self.dead:
                begin()

        def one_failed(error: str, cause: str) -> None:
            for child in children:
                child.given_up = True
            self._caught(state, data, error, cause)

        begin()


@dataclass
class _Attempt:
    """A Task state: its tries, one after the other."""

    frame: _Frame
    state: Json
    data: Json
    counts: list[int]
    number: int = 0
    token: str | None = None

    def begin(self) -> None:
        frame, state = self.frame, self.state
        if frame.dead:
            return
        self.number += 1
        number = self.number
        outside = frame.execution.outside
        context = {**frame.context, "State": {"RetryCount": sum(self.counts)}}
        waits = state["Resource"] == WAIT
        if waits:
            self.token = outside.token()
            context["Task"] = {"Token": self.token}
            waiting = frame.execution, lambda output: self._done(number, output)
            outside.tokens[self.token] = waiting
        given = render(state["Parameters"], self.data, context)
        function = given["FunctionName"].removeprefix("${").removesuffix("FunctionArn}")

        def answered(payload: Json, error: str | None, cause: str) -> None:
            if error is not None:
                self._error(number, error, cause)
            elif not waits:
                self._done(number, {"Payload": payload})

        outside.after(state["TimeoutSeconds"], lambda: self._error(number, "States.Timeout", ""))
        outside.invoke(function, given["Payload"], answered, frame.execution)

    def _over(self, number: int) -> bool:
        """True if this try was answered already, or nobody listens any more."""
        if number != self.number or self.frame.dead:
            return True
        self.number += 1
        if self.token is not None:
            self.frame.execution.outside.tokens.pop(self.token, None)
        return False

    def _done(self, number: int, output: Json) -> None:
        if self._over(number):
            return
        state = self.state
        if "ResultSelector" in state:
            output = render(state["ResultSelector"], output, self.frame.context)
        self.frame._go(state, put(state.get("ResultPath", "$"), self.data, output))

    def _error(self, number: int, error: str, cause: str) -> None:
        if self._over(number):
            return
        for index, rule in enumerate(self.state.get("Retry", [])):
            if not matches(rule["ErrorEquals"], error):
                continue
            if self.counts[index] >= rule["MaxAttempts"]:
                break
            delay = rule["IntervalSeconds"] * rule["BackoffRate"] ** self.counts[index]
            delay = min(delay, rule["MaxDelaySeconds"])
            self.counts[index] += 1
            outside = self.frame.execution.outside
            outside.after(outside.uniform(0, delay), self.begin)
            return
        self.frame._caught(self.state, self.data, error, cause)
