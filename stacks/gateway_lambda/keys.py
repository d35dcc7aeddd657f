"""Keys of clients: looked up by hash, so that the table gives none away.

A key is 256 random bits, which nobody finds by trying, so plain SHA-256 without salt or
stretching is enough, and it can be looked up in one read.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["ClientKey", "Keys", "bearer_token", "key_hash"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientKey:
    """Whose requests these are, and what they may spend."""

    key_id: str
    tenant: str
    cap_month_microusd: int
    cap_day_microusd: int | None = None
    own_metrics: bool = False


def bearer_token(header: str | None) -> str | None:
    """The key in an ``Authorization`` header."""
    scheme, _, token = (header or "").strip().partition(" ")
    token = token.strip()
    return token if scheme.lower() == "bearer" and token else None


def key_hash(token: str) -> str:
    """What a key is stored under."""
    return hashlib.sha256(token.encode()).hexdigest()


class Keys:
    """The keys table. ``clock`` gives seconds since the epoch."""

    def __init__(self, dynamodb: Any, table: str, clock: Callable[[], float]) -> None:
        self._dynamodb = dynamodb
        self._table = table
        self._clock = clock

    def find(self, authorization: str | None) -> ClientKey | None:
        """The key of a header, unless there is none, or it is revoked or has expired."""
        token = bearer_token(authorization)
        if token is None:
            return None
        # A consistent read: a key is refused from the moment it is revoked.
        answer = self._dynamodb.get_item(
            TableName=self._table,
            Key={"key_hash": {"S": key_hash(token)}},
            ConsistentRead=True,
        )
        item = answer.get("Item")
        return None if item is None else _client_key(item, self._clock())


def _client_key(item: Mapping[str, Any], now: float) -> ClientKey | None:
    # Time to live deletes late, hence the check here.
    if item["state"]["S"] != "active" or (
        "expires_at" in item and int(item["expires_at"]["N"]) <= now
    ):
        return None
    day = item.get("cap_day_microusd")
    return ClientKey(
        key_id=item["key_id"]["S"],
        tenant=item["tenant"]["S"],
        cap_month_microusd=int(item["cap_month_microusd"]["N"]),
        cap_day_microusd=None if day is None else int(day["N"]),
        own_metrics=item.get("own_metrics", {}).get("BOOL", False),
    )
