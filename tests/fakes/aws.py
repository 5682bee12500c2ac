"""DynamoDB and S3 in a few dictionaries: what our adapters ask of them, some 50 times faster.

For tests that run thousands of calls. The adapters' own contract is tested over moto; that these
fakes say the same is tested in `test_fakes_aws.py`.
"""

import io
import re
from collections import defaultdict
from collections.abc import Callable
from functools import cache
from typing import Any

from botocore.exceptions import ClientError

Item = dict[str, Any]
Test = Callable[[Item, "Ask"], bool]
_TOKEN = re.compile(r"[#:]?[A-Za-z_][\w.#]*|<>|<=|>=|[=<>(),]")


def client_error(code: str, what: str, **more: Any) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": code}, **more}, what)  # type: ignore[arg-type]


class Ask:
    """The placeholders of one call."""

    def __init__(self, call: dict[str, Any]) -> None:
        self.names = call.get("ExpressionAttributeNames", {})
        self.values = call.get("ExpressionAttributeValues", {})

    def path(self, text: str) -> list[str]:
        return [self.names.get(part, part) for part in text.split(".")]


def look(item: Item, path: list[str]) -> Any:
    found: Any = {"M": item}
    for part in path:
        found = found.get("M", {}).get(part) if found else None
    return found


def plain(value: Any) -> Any:
    """A value that compares: numbers as numbers."""
    [(kind, inner)] = value.items()
    return float(inner) if kind == "N" else inner


class Parser:
    """Conditions as our adapter writes them: AND, OR, NOT, brackets, comparisons, IN, functions."""

    def __init__(self, text: str) -> None:
        self.tokens = _TOKEN.findall(text)
        self.at = 0

    def next(self) -> str:
        self.at += 1
        return str(self.tokens[self.at - 1])

    def peek(self) -> str | None:
        return self.tokens[self.at] if self.at < len(self.tokens) else None

    def any(self) -> Test:
        tests = [self.all()]
        while self.peek() == "OR":
            self.next()
            tests.append(self.all())
        return lambda item, ask: any(test(item, ask) for test in tests)

    def all(self) -> Test:
        tests = [self.one()]
        while self.peek() == "AND":
            self.next()
            tests.append(self.one())
        return lambda item, ask: all(test(item, ask) for test in tests)

    def listed(self) -> list[str]:
        assert self.next() == "("
        found = []
        while (token := self.next()) != ")":
            if token != ",":
                found.append(token)
        return found

    def one(self) -> Test:
        if self.peek() == "(":
            self.next()
            inner = self.any()
            assert self.next() == ")"
            return inner
        left = self.next()
        if left == "NOT":
            negated = self.one()
            return lambda item, ask: not negated(item, ask)
        if self.peek() == "(":
            arguments = self.listed()
            path = arguments[0]
            if left == "attribute_not_exists":
                return lambda item, ask: look(item, ask.path(path)) is None
            if left == "attribute_exists":
                return lambda item, ask: look(item, ask.path(path)) is not None
            if left == "contains":
                return lambda item, ask: (
                    ask.values[arguments[1]] in (look(item, ask.path(path)) or {"L": []})["L"]
                )
            assert left == "begins_with", left
            return lambda item, ask: plain(look(item, ask.path(path))).startswith(
                plain(ask.values[arguments[1]])
            )
        operator = self.next()
        rights = self.listed() if operator == "IN" else [self.next()]
        return lambda item, ask: _compare(
            look(item, ask.path(left)), operator, [ask.values[right] for right in rights]
        )


def _compare(found: Any, operator: str, rights: list[Any]) -> bool:
    if found is None:
        return operator == "<>"
    left, all_right = plain(found), [plain(right) for right in rights]
    right = all_right[0]
    if operator in {"=", "IN"}:
        return left in all_right
    if operator == "<>":
        return bool(left != right)
    return bool({"<": left < right, "<=": left <= right, ">": left > right}[operator])


@cache
def condition(text: str) -> Test:
    parser = Parser(text)
    found = parser.any()
    assert parser.peek() is None, text
    return found


_CHANGE = re.compile(
    r"(?P<path>\S+) = (?:(?P<how>if_not_exists|list_append)\(\S+, (?P<more>:\w+)\)|(?P<value>:\w+))"
)


@cache
def changes(text: str) -> tuple[tuple[tuple[str, str, str], ...], tuple[str, ...]]:
    """SET as (path, value, how) and REMOVE as paths."""
    sets, _, removes = text.partition("REMOVE ")
    found = []
    for part in re.split(r", (?=#)", sets.strip().removeprefix("SET ")) if sets.strip() else []:
        match = _CHANGE.fullmatch(part.strip())
        assert match, part
        found.append((match["path"], match["more"] or match["value"], match["how"] or ""))
    return tuple(found), tuple(one.strip() for one in removes.split(",") if one.strip())


def put(item: Item, path: list[str], value: Any) -> Item:
    """A copy of the item with a value at a path; None removes it."""
    first, *rest = path
    if rest:
        value = {"M": put(item[first]["M"], rest, value)}
    if value is None:
        return {name: inner for name, inner in item.items() if name != first}
    return {**item, first: value}


class FastDynamo:
    """One table; items are never changed in place."""

    def __init__(self) -> None:
        self.rows: dict[str, dict[str, Item]] = defaultdict(dict)
        self.watch: Callable[[Item, Item], None] = lambda before, after: None
        """Called with the row before ({} if it is new) and after each write."""

    def get_item(self, **call: Any) -> dict[str, Any]:
        found = self._find(call["Key"])
        return {"Item": found} if found else {}

    def put_item(self, **call: Any) -> dict[str, Any]:
        self._check(call["Item"], call, "PutItem")
        self._store(call["Item"])
        return {}

    def update_item(self, **call: Any) -> dict[str, Any]:
        self._check(call["Key"], call, "UpdateItem")
        self._update(call)
        return {}

    def delete_item(self, **call: Any) -> dict[str, Any]:
        self._check(call["Key"], call, "DeleteItem")
        self.rows[call["Key"]["PK"]["S"]].pop(call["Key"]["SK"]["S"], None)
        return {}

    def transact_write_items(self, TransactItems: list[dict[str, Any]]) -> dict[str, Any]:
        calls = [next(iter(action.items())) for action in TransactItems]
        held = [self._holds(call["Key"], call) for _, call in calls]
        if not all(held):
            codes = [{"Code": "None" if one else "ConditionalCheckFailed"} for one in held]
            raise client_error(
                "TransactionCanceledException", "TransactWriteItems", CancellationReasons=codes
            )
        for kind, call in calls:
            assert kind in {"Update", "ConditionCheck"}
            if kind == "Update":
                self._update(call)
        return {}

    def query(self, **call: Any) -> dict[str, Any]:
        test, ask = condition(call["KeyConditionExpression"]), Ask(call)
        index = call.get("IndexName")
        if index is None:
            [pk] = [v["S"] for k, v in ask.values.items() if k == ":pk"]
            rows, order = list(self.rows[pk].values()), "SK"
        else:
            key = {"open": "openKey", "byStatus": "batchStatus"}[index]
            rows = [row for part in self.rows.values() for row in part.values() if key in row]
            order = "createdAt"
        found = [row for row in rows if test(row, ask)]
        return {"Items": sorted(found, key=lambda row: plain(row[order]))}

    def _find(self, key: Item) -> Item | None:
        return self.rows[key["PK"]["S"]].get(key["SK"]["S"])

    def _store(self, item: Item) -> None:
        self.watch(self._find(item) or {}, item)
        self.rows[item["PK"]["S"]][item["SK"]["S"]] = item

    def _holds(self, key: Item, call: dict[str, Any]) -> bool:
        text = call.get("ConditionExpression")
        return text is None or condition(text)(self._find(key) or {}, Ask(call))

    def _check(self, key: Item, call: dict[str, Any], what: str) -> None:
        if not self._holds(key, call):
            raise client_error("ConditionalCheckFailedException", what)

    def _update(self, call: dict[str, Any]) -> None:
        ask = Ask(call)
        item = self._find(call["Key"]) or dict(call["Key"])
        sets, removes = changes(call.get("UpdateExpression", ""))
        for path, value, how in sets:
            before, after = look(item, ask.path(path)), ask.values[value]
            if how == "list_append":
                after = {"L": [*before["L"], *after["L"]]}
            if how != "if_not_exists" or before is None:
                item = put(item, ask.path(path), after)
        for path in removes:
            item = put(item, ask.path(path), None)
        self._store(item)


class FastS3:
    """All buckets; every one has the CORS rules that video jobs need."""

    def __init__(self, cors: dict[str, Any]) -> None:
        self.objects: dict[tuple[str, str], bytes] = {}
        self.cors = cors

    def _find(self, call: dict[str, Any], what: str, code: str) -> bytes:
        found = self.objects.get((call["Bucket"], call["Key"]))
        if found is None:
            raise client_error(code, what)
        return found

    def head_object(self, **call: Any) -> dict[str, Any]:
        found = self._find(call, "HeadObject", "404")
        return {"ContentLength": len(found), "ETag": f'"{hash(found)}"'}

    def get_object(self, **call: Any) -> dict[str, Any]:
        found = self._find(call, "GetObject", "NoSuchKey")
        first, _, last = call.get("Range", "bytes=0-").removeprefix("bytes=").partition("-")
        part = found[int(first) : int(last) + 1 if last else None]
        return {"ContentLength": len(part), "Body": io.BytesIO(part)}

    def put_object(self, **call: Any) -> dict[str, Any]:
        self.objects[call["Bucket"], call["Key"]] = call["Body"]
        return {}

    def delete_object(self, **call: Any) -> dict[str, Any]:
        self.objects.pop((call["Bucket"], call["Key"]), None)
        return {}

    def list_objects_v2(self, **call: Any) -> dict[str, Any]:
        keys = sorted(
            key
            for bucket, key in self.objects
            if bucket == call["Bucket"] and key.startswith(call["Prefix"])
        )
        return {"Contents": [{"Key": key} for key in keys], "IsTruncated": False}

    def get_bucket_location(self, **call: Any) -> dict[str, Any]:
        return {"LocationConstraint": None}

    def get_bucket_cors(self, **call: Any) -> dict[str, Any]:
        return {"CORSRules": [self.cors]}
