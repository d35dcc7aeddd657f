"""What the bills of AWS and of FOCUS share: tags, tokens by the name of a meter."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from planner.actuals.tokens import CacheWrites, TokenFields, split_exclusive
from planner.actuals.types import RowError
from planner.actuals.values import Row, as_list, as_row, json_value

__all__ = ["PLAN_TAG", "STACK_TAG", "metered_tokens", "snake_keys", "tag_key", "tags_of"]

STACK_TAG = "llm_planner_stack"
PLAN_TAG = "llm_planner_plan"

_NOT_WORD = re.compile(r"[^a-z0-9]+")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def tag_key(key: str) -> str:
    """A tag's name as all deliveries agree on it: lower case, `_` for the rest, no `user_`."""
    return _NOT_WORD.sub("_", key.lower()).strip("_").removeprefix("user_")


def tags_of(value: Any) -> dict[str, str]:
    """Tags by normalised name, from a mapping, the pairs of a Parquet map, or JSON text."""
    found = json_value(value)
    named = as_row(found)
    pairs: list[tuple[str, Any]] = (
        list(named.items())
        if named is not None
        else [pair for pair in as_list(found) if isinstance(pair, tuple)]
    )
    return {
        tag_key(str(key)): text
        for key, text in pairs
        if isinstance(text, str) and len(text) <= 256 and text.isprintable()
    }


def snake_keys(row: Row) -> Row:
    """Keys of a legacy report (`lineItem/UsageStartDate`) as the newer ones write them."""
    if not any("/" in key for key in row):
        return row
    return {_CAMEL.sub("_", key.replace("/", "_")).lower(): value for key, value in row.items()}


def metered_tokens(meter: str, tokens: Decimal) -> TokenFields:
    """The bucket that a billed number of tokens belongs to, by the words of its meter."""
    if tokens < 0:
        raise RowError("usage_amount", "is below zero for a meter of tokens")
    count = int(tokens.to_integral_value())
    word = _NOT_WORD.sub("", meter.lower())
    if "cache" in word and "write" in word:
        return split_exclusive(uncached_input=0, output=0, writes=_lifetime(word, count))
    if "cache" in word:
        return split_exclusive(uncached_input=0, output=0, read=count)
    if "output" in word or "completion" in word:
        return split_exclusive(uncached_input=0, output=count)
    return split_exclusive(uncached_input=count, output=0)


def _lifetime(word: str, count: int) -> CacheWrites:
    if "1h" in word or "1hour" in word:
        return CacheWrites(h1=count)
    if "5m" in word:
        return CacheWrites(m5=count)
    return CacheWrites(total=count)
