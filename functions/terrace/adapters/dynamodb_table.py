"""Calls on the one table: keys and expressions in, decoded items out. No business rule."""

import random
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from terrace.adapters.aws_errors import aws_call, code_of
from terrace.adapters.dynamodb_codec import Values, encode
from terrace.errors import BadRequestError, ConflictError, ThrottledError

CONFLICT_TRIES = 6
SLOW_DOWN = frozenset({"ThrottlingError", "ProvisionedThroughputExceeded"})
"""Reasons of a cancelled transaction that pass with time."""


@dataclass
class Update:
    """An UpdateItem being built: every name and value goes through a placeholder."""

    key: Values
    sets: list[str] = field(default_factory=list)
    removes: list[str] = field(default_factory=list)
    conditions: list[str] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)
    values: Values = field(default_factory=dict)

    def name(self, attribute: str) -> str:
        """A placeholder for an attribute path such as `park.token`."""
        parts = attribute.split(".")
        for part in parts:
            self.names[f"#{part}"] = part
        return ".".join(f"#{part}" for part in parts)

    def value(self, value: Any) -> str:
        placeholder = f":v{len(self.values)}"
        self.values[placeholder] = encode(value)
        return placeholder

    def set(self, **changes: Any) -> "Update":
        """Sets attributes; None removes one."""
        for attribute, value in changes.items():
            if value is None:
                self.removes.append(self.name(attribute))
            else:
                self.sets.append(f"{self.name(attribute)} = {self.value(value)}")
        return self

    def set_once(self, attribute: str, value: Any) -> "Update":
        name = self.name(attribute)
        self.sets.append(f"{name} = if_not_exists({name}, {self.value(value)})")
        return self

    def where(self, attribute: str, operator: str, value: Any) -> "Update":
        self.conditions.append(self.test(attribute, operator, value))
        return self

    def where_in(self, attribute: str, values: list[Any]) -> "Update":
        listed = ", ".join(self.value(value) for value in values)
        self.conditions.append(f"{self.name(attribute)} IN ({listed})")
        return self

    def where_absent(self, attribute: str) -> "Update":
        self.conditions.append(f"attribute_not_exists({self.name(attribute)})")
        return self

    def where_exists(self, attribute: str) -> "Update":
        self.conditions.append(f"attribute_exists({self.name(attribute)})")
        return self

    def where_any(self, *alternatives: str) -> "Update":
        self.conditions.append("(" + " OR ".join(alternatives) + ")")
        return self

    def test(self, attribute: str, operator: str, value: Any) -> str:
        return f"{self.name(attribute)} {operator} {self.value(value)}"

    def absent(self, attribute: str) -> str:
        return f"attribute_not_exists({self.name(attribute)})"

    def request(self, table: str) -> dict[str, Any]:
        """The parameters of UpdateItem, or of `Update` in a transaction."""
        parts = []
        if self.sets:
            parts.append("SET " + ", ".join(self.sets))
        if self.removes:
            parts.append("REMOVE " + ", ".join(self.removes))
        found: dict[str, Any] = {"TableName": table, "Key": self.key}
        if parts:
            found["UpdateExpression"] = " ".join(parts)
        return self._common(found)

    def check(self, table: str) -> dict[str, Any]:
        """The parameters of `ConditionCheck` in a transaction."""
        return self._common({"TableName": table, "Key": self.key})

    def _common(self, found: dict[str, Any]) -> dict[str, Any]:
        if self.conditions:
            found["ConditionExpression"] = " AND ".join(self.conditions)
        if self.names:
            found["ExpressionAttributeNames"] = self.names
        if self.values:
            found["ExpressionAttributeValues"] = self.values
        return found


class Table:
    """Get, put, update, query and transactions, with conditional failures as False."""

    def __init__(self, client: Any, name: str) -> None:
        self._client = client
        self.name = name

    def get(self, key: Values) -> Values | None:
        with aws_call("DynamoDB GetItem"):
            found = self._client.get_item(TableName=self.name, Key=key, ConsistentRead=True)
        item: Values | None = found.get("Item")
        return item

    def put(self, item: Values, *, only_new: bool = False) -> bool:
        """Writes an item; False if `only_new` and the key is taken."""
        parameters: dict[str, Any] = {"TableName": self.name, "Item": item}
        if only_new:
            parameters["ConditionExpression"] = "attribute_not_exists(PK)"
        return self._conditional("PutItem", self._client.put_item, parameters)

    def replace(self, item: Values, condition: Update) -> bool:
        """Writes an item where the condition holds."""
        parameters = {**condition.check(self.name), "Item": item}
        del parameters["Key"]
        return self._conditional("PutItem", self._client.put_item, parameters)

    def update(self, update: Update) -> bool:
        """Runs an UpdateItem; False if its condition does not hold."""
        return self._conditional("UpdateItem", self._client.update_item, update.request(self.name))

    def delete(self, condition: Update) -> bool:
        return self._conditional("DeleteItem", self._client.delete_item, condition.check(self.name))

    def _conditional(self, what: str, call: Any, parameters: dict[str, Any]) -> bool:
        for attempt in range(CONFLICT_TRIES):
            try:
                with aws_call(f"DynamoDB {what}"):
                    call(**parameters)
            except ConflictError as error:
                # A transaction on the same item is in flight: not a failed condition.
                if "TransactionConflict" in str(error) and attempt + 1 < CONFLICT_TRIES:
                    _pause(attempt)
                    continue
                if "TransactionConflict" in str(error):
                    raise
                return False
            return True
        raise AssertionError("unreachable: the loop returns or raises")

    def transact(self, actions: list[dict[str, Any]]) -> list[bool]:
        """Runs a transaction; [] if it was done, else for each action whether it held.

        Raises ConflictError if other transactions were in the way every time, ThrottledError if
        the table was throttled.
        """
        codes: list[str] = []
        for attempt in range(CONFLICT_TRIES):
            codes = self._cancelled(actions)
            if not codes:
                return []
            if "ConditionalCheckFailed" in codes:
                return [code != "ConditionalCheckFailed" for code in codes]
            if attempt + 1 < CONFLICT_TRIES:
                _pause(attempt)
        if not SLOW_DOWN.isdisjoint(codes):
            raise ThrottledError("DynamoDB TransactWriteItems: the table is throttled")
        raise ConflictError("DynamoDB TransactWriteItems: other transactions were in the way")

    def _cancelled(self, actions: list[dict[str, Any]]) -> list[str]:
        """Why a transaction was cancelled, action by action; [] if it was done."""
        what = "DynamoDB TransactWriteItems"
        try:
            with aws_call(what):
                self._client.transact_write_items(TransactItems=actions)
        except BadRequestError as error:
            reasons = _cancellation_reasons(error.__cause__)
            passing = {"None", "ConditionalCheckFailed", "TransactionConflict", *SLOW_DOWN}
            if not reasons or not passing.issuperset(reasons):
                raise
            return reasons
        return []

    def query(self, **parameters: Any) -> Iterator[Values]:
        """All items of a query, page by page."""
        while True:
            with aws_call("DynamoDB Query"):
                page = self._client.query(TableName=self.name, **parameters)
            yield from page["Items"]
            if "LastEvaluatedKey" not in page:
                return
            parameters["ExclusiveStartKey"] = page["LastEvaluatedKey"]

    def query_page(self, **parameters: Any) -> tuple[list[Values], Values | None]:
        """One page of a query and where the next one starts."""
        with aws_call("DynamoDB Query"):
            page = self._client.query(TableName=self.name, **parameters)
        return page["Items"], page.get("LastEvaluatedKey")


def _cancellation_reasons(error: BaseException | None) -> list[str]:
    if not isinstance(error, ClientError) or code_of(error) != "TransactionCanceledException":
        return []
    return [str(reason.get("Code")) for reason in error.response.get("CancellationReasons", [])]


def _pause(attempt: int) -> None:
    """Full jitter, at most 0.8 s: items of one batch are contended only for moments."""
    time.sleep(random.uniform(0, 0.025 * 2**attempt))
