"""Exact-match cache of whole answers, in the counters table."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

__all__ = ["CachedAnswer", "ExactCache"]

# DynamoDB items hold 400 KB; the rest is room for names and the other attributes.
_MOST_BYTES = 380_000


@dataclass(frozen=True, slots=True, kw_only=True)
class CachedAnswer:
    """What the client was sent."""

    content_type: str
    body: bytes


class ExactCache:
    """Answers by key. ``clock`` gives seconds since the epoch."""

    def __init__(
        self, dynamodb: Any, table: str, ttl_s: int | None, clock: Callable[[], float]
    ) -> None:
        self._dynamodb = dynamodb
        self._table = table
        self._ttl_s = ttl_s
        self._clock = clock

    def get(self, key: str) -> CachedAnswer | None:
        """The answer, unless there is none or it has expired: deletion lags by days."""
        if self._ttl_s is None:
            return None
        answer = self._dynamodb.get_item(TableName=self._table, Key={"pk": {"S": f"answer#{key}"}})
        item = answer.get("Item")
        if item is None or int(item["expires_at"]["N"]) <= self._clock():
            return None
        return CachedAnswer(
            content_type=item["content_type"]["S"], body=zlib.decompress(item["body"]["B"])
        )

    def put(self, key: str, answer: CachedAnswer) -> None:
        """Keep an answer, if it is not too large for an item."""
        if self._ttl_s is None:
            return
        # Streams repeat their envelope with every token: they shrink to about a tenth, and
        # DynamoDB charges by the kilobyte.
        body = zlib.compress(answer.body)
        if len(body) > _MOST_BYTES:
            return
        self._dynamodb.put_item(
            TableName=self._table,
            Item={
                "pk": {"S": f"answer#{key}"},
                "content_type": {"S": answer.content_type},
                "body": {"B": body},
                "expires_at": {"N": str(int(self._clock()) + self._ttl_s)},
            },
        )
