"""One DynamoDB table with two indexes that are read late: conditions, updates, transactions."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from tests.world.aws import expressions
from tests.world.aws.errors import aws_error

Item = dict[str, Any]
Key = tuple[str, str]
Hook = Callable[[Key, Item | None, Item | None], None]

PAGE = 9
"""Items on a page of a query: small, so that every reader must turn pages."""
INDEXES = {"open": "openKey", "byStatus": "batchStatus"}


class DynamoDb:
    """`hooks` see every write after it is done: (key, old item, new item)."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self.items: dict[Key, Item] = {}
        self._partitions: dict[str, dict[str, Item]] = {}
        self.hooks: list[Hook] = []
        self.index_lag = 0.0
        """Seconds until an index shows a write."""
        self._index: dict[Key, Item] = {}
        self._late: list[tuple[float, Key, Item | None]] = []

    # --- reads -----------------------------------------------------------------------------
    def get_item(self, **p: Any) -> dict[str, Any]:
        if not p.get("ConsistentRead"):
            raise aws_error("ValidationException", "this world wants every read consistent")
        item = self.items.get(_key(p["Key"]))
        return {"Item": item} if item is not None else {}

    def query(self, **p: Any) -> dict[str, Any]:
        test = expressions.condition(p["KeyConditionExpression"])
        names = p.get("ExpressionAttributeNames", {})
        values = p["ExpressionAttributeValues"]
        index = p.get("IndexName")
        if index is None:
            partition = self._partitions.get(values[":pk"]["S"], {})
            prefix = expressions.prefix_of(p["KeyConditionExpression"], values)
            found = [partition[sk] for sk in sorted(partition) if sk.startswith(prefix)]
        else:
            self._catch_up()
            has = INDEXES[index]
            rows = [row for row in self._index.values() if has in row]
            rows.sort(key=lambda row: (Decimal(row["createdAt"]["N"]), row["PK"]["S"]))
            found = [{name: row[name] for name in ("PK", "SK", has, "createdAt")} for row in rows]
        found = [item for item in found if test(item, names, values)]
        if not p.get("ScanIndexForward", True):
            found.reverse()
        start = p.get("ExclusiveStartKey")
        if start is not None:
            keys = [_key(item) for item in found]
            if _key(start) in keys:
                found = found[keys.index(_key(start)) + 1 :]
        size = min(PAGE, p.get("Limit", PAGE))
        page = {"Items": found[:size]}
        if len(found) > size:
            last = found[size - 1]
            names_of_key = (
                ("PK", "SK") if index is None else ("PK", "SK", INDEXES[index], "createdAt")
            )
            page["LastEvaluatedKey"] = {name: last[name] for name in names_of_key}
        return page

    # --- writes ----------------------------------------------------------------------------
    def put_item(self, **p: Any) -> dict[str, Any]:
        key = _key(p["Item"])
        self._check(p, key)
        self._write(key, p["Item"])
        return {}

    def update_item(self, **p: Any) -> dict[str, Any]:
        key = _key(p["Key"])
        self._check(p, key)
        self._write(key, self._updated(p, key))
        return {}

    def delete_item(self, **p: Any) -> dict[str, Any]:
        key = _key(p["Key"])
        self._check(p, key)
        if key in self.items:
            self._write(key, None)
        return {}

    def transact_write_items(self, **p: Any) -> dict[str, Any]:
        reasons, writes = [], []
        keys: set[Key] = set()
        for action in p["TransactItems"]:
            [(kind, given)] = action.items()
            key = _key(given.get("Key") or given["Item"])
            if key in keys:
                raise aws_error("ValidationException", "two actions on one item")
            keys.add(key)
            reasons.append(
                {"Code": "None" if self._holds(given, key) else "ConditionalCheckFailed"}
            )
            if kind == "Update" and reasons[-1]["Code"] == "None":
                writes.append((key, self._updated(given, key)))
            elif kind not in {"ConditionCheck", "Update"}:
                raise aws_error("ValidationException", f"{kind} is not used here")
        if any(reason["Code"] != "None" for reason in reasons):
            raise aws_error("TransactionCanceledException", CancellationReasons=reasons)
        for key, item in writes:
            self._write(key, item, quiet=True)
        for key, item in writes:
            self._tell(key, item)
        return {}

    def _holds(self, p: dict[str, Any], key: Key) -> bool:
        text = p.get("ConditionExpression")
        if text is None:
            return True
        return expressions.condition(text)(
            self.items.get(key, {}),
            p.get("ExpressionAttributeNames", {}),
            p.get("ExpressionAttributeValues", {}),
        )

    def _check(self, p: dict[str, Any], key: Key) -> None:
        if not self._holds(p, key):
            raise aws_error("ConditionalCheckFailedException", "The conditional request failed")

    def _updated(self, p: dict[str, Any], key: Key) -> Item:
        old = self.items.get(key, {})
        new = {**old, "PK": {"S": key[0]}, "SK": {"S": key[1]}}
        if "UpdateExpression" in p:
            names = p.get("ExpressionAttributeNames", {})
            values = p.get("ExpressionAttributeValues", {})
            for change in expressions.update(p["UpdateExpression"]):
                change(old, names, values, new)
        return new

    def _write(self, key: Key, item: Item | None, *, quiet: bool = False) -> None:
        self._old = getattr(self, "_old", {})
        self._old[key] = self.items.get(key)
        partition = self._partitions.setdefault(key[0], {})
        if item is None:
            self.items.pop(key, None)
            partition.pop(key[1], None)
        else:
            self.items[key] = item
            partition[key[1]] = item
        if key[1] == "BATCH":
            self._late.append((self._now() + self.index_lag, key, item))
        if not quiet:
            self._tell(key, item)

    def _tell(self, key: Key, item: Item | None) -> None:
        old = self._old.pop(key)
        for hook in self.hooks:
            hook(key, old, item)

    def _catch_up(self) -> None:
        while self._late and self._late[0][0] <= self._now():
            _, key, item = self._late.pop(0)
            if item is None:
                self._index.pop(key, None)
            else:
                self._index[key] = item


def _key(item: Item) -> Key:
    return item["PK"]["S"], item["SK"]["S"]
