"""Keys of the gateway's clients: made here, kept by hash, each with a cap of its own.

A key is 256 random bits. Nobody finds such a number by trying, so one round of SHA-256 without salt
or pepper protects it as well as any slower hash would, and the gateway finds it in one read.
``stacks/gateway_lambda/keys.py`` reads the same items; a test holds the two together.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import ROUND_FLOOR, Decimal
from typing import Any, Literal

from planner.errors import InputError

__all__ = [
    "KEY_BYTES",
    "KeyRecord",
    "client_key",
    "item_of",
    "key_hash",
    "key_id_of",
    "new_record",
    "record_of",
    "rotated",
]

KEY_BYTES = 32
_PREFIX = "sk-llmp-"
_ID_DIGITS = 12
_MICRO = Decimal(1_000_000)
_SECONDS_PER_HOUR = 3600
# The smallest cap a counter in micro-dollars can hold.
_LEAST_CAP_USD = 1 / _MICRO

Item = Mapping[str, Mapping[str, Any]]  # attributes in DynamoDB's own notation


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRecord:
    """One stored key. ``expires_at_s`` is in seconds since 1970; caps are in calendar months and
    days of UTC. Keys that took over from one another have the same ``key_id``, and so one cap."""

    key_hash: str
    key_id: str
    tenant: str
    state: Literal["active", "revoked"]
    cap_month_usd: Decimal
    created_on: str
    cap_day_usd: Decimal | None = None
    expires_at_s: int | None = None
    own_metrics: bool = False

    def state_at(self, now_s: float) -> str:
        """active, revoked or expired."""
        if self.state == "active" and self.expires_at_s is not None and self.expires_at_s <= now_s:
            return "expired"
        return self.state


def client_key(random_bytes: bytes) -> str:
    """The key a client sends, from ``KEY_BYTES`` random bytes."""
    if len(random_bytes) != KEY_BYTES:
        raise ValueError(f"a key is made of {KEY_BYTES} bytes, not {len(random_bytes)}")
    return _PREFIX + base64.urlsafe_b64encode(random_bytes).decode().rstrip("=")


def key_hash(key: str) -> str:
    """What it is stored under."""
    return hashlib.sha256(key.encode()).hexdigest()


def key_id_of(key: str) -> str:
    """A name for it that gives nothing of it away."""
    return f"key_{key_hash(key_hash(key))[:_ID_DIGITS]}"


def new_record(
    key: str,
    *,
    tenant: str,
    cap_month_usd: Decimal,
    cap_day_usd: Decimal | None,
    created_on: str,
    expires_at_s: int | None = None,
    own_metrics: bool = False,
) -> KeyRecord:
    """The record of a new key; InputError for an empty tenant or a cap that allows nothing."""
    if not tenant.strip():
        raise InputError("--tenant is empty; name the team or application the key is for")
    for option, cap in (("--cap-month-usd", cap_month_usd), ("--cap-day-usd", cap_day_usd)):
        if cap is not None and (not cap.is_finite() or cap < _LEAST_CAP_USD):
            raise InputError(f"{option} is {cap}; a key needs a cap above 0 US dollars")
    return KeyRecord(
        key_hash=key_hash(key),
        key_id=key_id_of(key),
        tenant=tenant.strip(),
        state="active",
        cap_month_usd=cap_month_usd,
        cap_day_usd=cap_day_usd,
        created_on=created_on,
        expires_at_s=expires_at_s,
        own_metrics=own_metrics,
    )


def rotated(
    old: KeyRecord, key: str, *, created_on: str, now_s: float, overlap_hours: int
) -> tuple[KeyRecord, KeyRecord]:
    """The new record and the old one, which ends after the overlap, or sooner if it did before."""
    ends = int(now_s) + overlap_hours * _SECONDS_PER_HOUR
    if old.expires_at_s is not None:
        ends = min(ends, old.expires_at_s)
    new = replace(old, key_hash=key_hash(key), created_on=created_on)
    return new, replace(old, expires_at_s=ends)


def item_of(record: KeyRecord) -> dict[str, dict[str, Any]]:
    """As DynamoDB stores it; caps in whole micro-dollars, rounded down."""
    optional: dict[str, dict[str, Any]] = {}
    if record.cap_day_usd is not None:
        optional["cap_day_microusd"] = {"N": _microusd(record.cap_day_usd)}
    if record.expires_at_s is not None:
        optional["expires_at"] = {"N": str(record.expires_at_s)}
    return {
        "key_hash": {"S": record.key_hash},
        "key_id": {"S": record.key_id},
        "tenant": {"S": record.tenant},
        "state": {"S": record.state},
        "cap_month_microusd": {"N": _microusd(record.cap_month_usd)},
        "created_on": {"S": record.created_on},
        "own_metrics": {"BOOL": record.own_metrics},
        **optional,
    }


def record_of(item: Item) -> KeyRecord:
    """The record in an item; KeyError when it is none of ours."""
    day, expires = item.get("cap_day_microusd"), item.get("expires_at")
    return KeyRecord(
        key_hash=item["key_hash"]["S"],
        key_id=item["key_id"]["S"],
        tenant=item["tenant"]["S"],
        state="active" if item["state"]["S"] == "active" else "revoked",
        cap_month_usd=Decimal(item["cap_month_microusd"]["N"]) / _MICRO,
        cap_day_usd=None if day is None else Decimal(day["N"]) / _MICRO,
        created_on=item["created_on"]["S"],
        expires_at_s=None if expires is None else int(expires["N"]),
        own_metrics=bool(item["own_metrics"]["BOOL"]),
    )


def _microusd(usd: Decimal) -> str:
    return str(int((usd * _MICRO).to_integral_value(ROUND_FLOOR)))
