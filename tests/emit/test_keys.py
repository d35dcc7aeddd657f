"""Keys of the gateway's clients: how they are made, stored and replaced."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.emit.keys import (
    KEY_BYTES,
    KeyRecord,
    client_key,
    item_of,
    key_hash,
    key_id_of,
    new_record,
    record_of,
    rotated,
)
from planner.errors import InputError

_BYTES = bytes(range(KEY_BYTES))
_KEY = client_key(_BYTES)
_NOW_S = 1_797_336_000.5


def _record(**changes: object) -> KeyRecord:
    made = new_record(
        _KEY,
        tenant="search",
        cap_month_usd=Decimal("12.5"),
        cap_day_usd=Decimal(1),
        created_on="2026-11-22",
    )
    return replace(made, **changes)


def test_a_key_holds_all_its_random_bytes() -> None:
    import base64

    text = _KEY.removeprefix("sk-llmp-")
    assert base64.urlsafe_b64decode(text + "=") == _BYTES


def test_fewer_random_bytes_are_refused() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        client_key(b"short")


def test_the_record_has_only_the_hash_of_the_key() -> None:
    record = _record()
    assert record.key_hash == hashlib.sha256(_KEY.encode()).hexdigest()
    assert _KEY not in repr(item_of(record))


def test_the_id_is_not_the_beginning_of_the_hash() -> None:
    # It is shown in logs, and so must not help to look the hash up.
    assert key_id_of(_KEY).removeprefix("key_") not in key_hash(_KEY)


def test_a_cap_is_stored_in_whole_micro_dollars_rounded_down() -> None:
    item = item_of(_record(cap_month_usd=Decimal("0.1234567")))
    assert item["cap_month_microusd"] == {"N": "123456"}


@given(
    month=st.integers(min_value=1, max_value=10**12),
    day=st.none() | st.integers(min_value=1, max_value=10**12),
    expires=st.none() | st.integers(min_value=0, max_value=2**40),
    own=st.booleans(),
)
def test_a_record_comes_back_as_it_was_stored(
    month: int, day: int | None, expires: int | None, own: bool
) -> None:
    micro = Decimal(1_000_000)
    record = _record(
        cap_month_usd=month / micro,
        cap_day_usd=None if day is None else day / micro,
        expires_at_s=expires,
        own_metrics=own,
    )
    assert record_of(item_of(record)) == record


@pytest.mark.parametrize("cap", ["0", "-1", "0.0000001", "NaN", "Infinity"])
def test_a_cap_that_allows_nothing_or_everything_is_refused(cap: str) -> None:
    with pytest.raises(InputError, match="cap above 0"):
        new_record(
            _KEY, tenant="a", cap_month_usd=Decimal(cap), cap_day_usd=None, created_on="2026-11-22"
        )


def test_a_key_without_a_tenant_is_refused() -> None:
    with pytest.raises(InputError, match="tenant"):
        new_record(
            _KEY, tenant=" ", cap_month_usd=Decimal(1), cap_day_usd=None, created_on="2026-11-22"
        )


def test_a_rotated_key_keeps_its_id_and_caps_and_the_old_one_ends() -> None:
    old = _record()
    new, ending = rotated(old, "sk-new", created_on="2026-11-23", now_s=_NOW_S, overlap_hours=2)
    assert new == replace(old, key_hash=key_hash("sk-new"), created_on="2026-11-23")
    assert ending == replace(old, expires_at_s=int(_NOW_S) + 7200)


def test_a_rotation_does_not_make_an_old_key_last_longer() -> None:
    old = _record(expires_at_s=int(_NOW_S) + 60)
    _, ending = rotated(old, "sk-new", created_on="2026-11-23", now_s=_NOW_S, overlap_hours=2)
    assert ending.expires_at_s == int(_NOW_S) + 60


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({}, "active"),
        ({"expires_at_s": int(_NOW_S) + 1}, "active"),
        ({"expires_at_s": int(_NOW_S)}, "expired"),
        ({"state": "revoked", "expires_at_s": 0}, "revoked"),
    ],
)
def test_states(changes: dict[str, object], state: str) -> None:
    assert _record(**changes).state_at(_NOW_S) == state
