"""The hard cap: the most a request can cost is reserved before it, settled after it.

One counter item per scope and calendar month (UTC) holds the month's committed micro-dollars, one
attribute per day, and what is reserved and not settled. DynamoDB conditions cannot add, so that
the limit less the reservation is computed here.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from .rules import Caps

__all__ = ["CapReached", "Counters", "Reservation"]

_KEPT_DAYS = 400
_MOST_TRIES = 4
# Refused before anything was written: the only errors after which writing again is safe.
_NOT_WRITTEN = frozenset(
    {"ThrottlingException", "ProvisionedThroughputExceededException", "RequestLimitExceeded"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reservation:
    """Micro-dollars held in one counter item."""

    item: str
    day: str
    microusd: int


class CapReached(Exception):
    """No room left under a cap; ``scope`` says whose, ``period`` month or day."""

    def __init__(self, scope: str, retry_after_s: int) -> None:
        super().__init__(scope)
        self.scope = scope
        self.retry_after_s = retry_after_s


class Counters:
    """The counters table. ``dynamodb`` must not retry by itself: a settlement is no retry-safe
    write, and one applied twice would let more be spent than the cap allows."""

    def __init__(self, dynamodb: Any, table: str, clock: Callable[[], float]) -> None:
        self._dynamodb = dynamodb
        self._table = table
        self._clock = clock

    def reserve(self, scope: str, caps: Caps, microusd: int) -> Reservation:
        """Hold ``microusd``; CapReached when that would pass the month's or the day's cap."""
        now = datetime.fromtimestamp(self._clock(), UTC)
        first = random.randrange(caps.shards)
        for step in range(caps.shards):
            shard = (first + step) % caps.shards
            held = Reservation(
                item=f"cap#{scope}#{now:%Y-%m}#{shard}", day=f"d{now:%d}", microusd=microusd
            )
            if self._hold(held, caps, now):
                return held
        raise CapReached(scope, _seconds_to_tomorrow(now))

    def _hold(self, held: Reservation, caps: Caps, now: datetime) -> bool:
        """Whether the counter had room. An absent one has none for more than the whole cap."""
        month = caps.month_microusd // caps.shards - held.microusd
        day = None if caps.day_microusd is None else caps.day_microusd // caps.shards
        if month < 0 or (day is not None and day < held.microusd):
            return False
        values = {
            ":amount": {"N": str(held.microusd)},
            ":month": {"N": str(month)},
            ":expires": {"N": str(int(now.timestamp()) + _KEPT_DAYS * 86400)},
        }
        condition = "(attribute_not_exists(committed) OR committed <= :month)"
        if day is not None:
            values[":day"] = {"N": str(day - held.microusd)}
            condition += " AND (attribute_not_exists(#day) OR #day <= :day)"
        try:
            self._update(
                held.item,
                "SET expires_at = if_not_exists(expires_at, :expires) "
                "ADD committed :amount, unsettled :amount, #day :amount",
                values,
                names={"#day": held.day},
                condition=condition,
            )
        except Exception as error:
            if _code(error) == "ConditionalCheckFailedException":
                return False
            raise
        return True

    def settle(self, held: Reservation, actual_microusd: int) -> int:
        """Put what it really cost in place of the reservation; micro-dollars still unsettled."""
        answer = self._update(
            held.item,
            "ADD committed :change, #day :change, unsettled :release",
            {
                ":change": {"N": str(actual_microusd - held.microusd)},
                ":release": {"N": str(-held.microusd)},
            },
            names={"#day": held.day},
        )
        return int(answer["Attributes"]["unsettled"]["N"])

    def enter(self, name: str, most: int, shards: int = 1) -> str | None:
        """A place among ``most`` at once, as the item to leave; None when all are taken.

        Counted per ten minutes, so that places lost by a crash come back; and, like the caps, in
        ``shards`` parts, of which one chosen at random is asked.
        """
        now = datetime.fromtimestamp(self._clock(), UTC)
        shard = random.randrange(shards)
        share = most // shards + (shard < most % shards)
        if share < 1:
            # An absent counter has room for one.
            return None
        item = f"busy#{name}#{now:%Y-%m-%dT%H}:{now.minute // 10}0#{shard}"
        try:
            self._update(
                item,
                "SET expires_at = if_not_exists(expires_at, :expires) ADD places :one",
                {
                    ":one": {"N": "1"},
                    ":most": {"N": str(share - 1)},
                    ":expires": {"N": str(int(now.timestamp()) + 86400)},
                },
                condition="attribute_not_exists(places) OR places <= :most",
            )
        except Exception as error:
            if _code(error) == "ConditionalCheckFailedException":
                return None
            raise
        return item

    def leave(self, item: str) -> None:
        """Give the place of ``enter`` back."""
        self._update(item, "ADD places :one", {":one": {"N": "-1"}})

    def _update(
        self,
        item: str,
        expression: str,
        values: dict[str, Any],
        *,
        names: dict[str, str] | None = None,
        condition: str | None = None,
    ) -> dict[str, Any]:
        request: dict[str, Any] = {
            "TableName": self._table,
            "Key": {"pk": {"S": item}},
            "UpdateExpression": expression,
            "ExpressionAttributeValues": values,
            "ReturnValues": "UPDATED_NEW",
        }
        if names:
            request["ExpressionAttributeNames"] = names
        if condition:
            request["ConditionExpression"] = condition
        for _ in range(_MOST_TRIES - 1):
            try:
                return self._dynamodb.update_item(**request)
            except Exception as error:
                if _code(error) not in _NOT_WRITTEN:
                    raise
        return self._dynamodb.update_item(**request)


def _code(error: Exception) -> str:
    """The AWS error code of a botocore ClientError; of others nothing."""
    response: dict[str, Any] = getattr(error, "response", None) or {}
    return response.get("Error", {}).get("Code", "")


def _seconds_to_tomorrow(now: datetime) -> int:
    return 86400 - (now.hour * 3600 + now.minute * 60 + now.second)
