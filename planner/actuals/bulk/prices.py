"""List prices of a batch: what each kind of request costs a token, times the tokens.

The pricer is asked once for every kind: model, day, tier. The sum is in whole units of 1E-12 USD,
so it is the one that the pricer would give each row. Any: numpy and pyarrow arrays of n rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast

from planner.actuals.bulk.columns import Columns, Words, decimals
from planner.actuals.bulk.usages import BulkUsages
from planner.actuals.engines import pyarrow_module
from planner.actuals.pricing import ListPrice, Pricer, TokenRates
from planner.actuals.types import Status, Usage

__all__ = ["Prices", "priced"]

_KINDS = ("uncached_input", "cache_read", "cache_write", "cache_write_1h", "output")
_OPTIONAL = ("region", "service_tier")
_MOST_UNITS = 9 * 10**18


@dataclass(frozen=True, slots=True, kw_only=True)
class Prices:
    """The columns of the price, and the model of every row that has none."""

    columns: Mapping[str, Any]
    _kinds: Any
    _lists: list[ListPrice]
    _names: list[str]

    def unpriced(self, kept: Any) -> dict[str, int]:
        """How many of these rows have no price, by provider and model."""
        import numpy as np

        counts = np.bincount(self._kinds[kept], minlength=len(self._lists))
        found: dict[str, int] = {}
        for price, name, count in zip(self._lists, self._names, counts.tolist(), strict=True):
            if count and price.status == "unpriced":
                found[name] = found.get(name, 0) + count
        return found


def priced(usages: BulkUsages, columns: Columns, pricer: Pricer) -> Prices:
    """Prices of every row; rows whose price hangs on more than their kind are not regular."""
    import numpy as np

    examples, kinds = _kinds(usages, usages.days())
    lists = [pricer.price(example) for example in examples]
    tokens = _tokens(usages)
    logical = tokens[0] + tokens[1] + tokens[2] + tokens[3]
    units = np.zeros(columns.rows, dtype=np.int64)
    known = np.zeros(columns.rows, dtype=bool)
    for kind, (example, price) in enumerate(zip(examples, lists, strict=True)):
        if price.usd is None:
            continue
        here = np.flatnonzero(kinds == kind)
        tiers = pricer.rates(example)
        if tiers is None:
            columns.regular[here] = False
            continue
        known[here] = True
        units[here] = _units(tiers, [each[here] for each in tokens], logical[here])
    # Writes for 12 hours have no price beside the others', and no sum may overflow.
    columns.require((usages.number("cache_write_12h_tokens") == 0) | ~known)
    columns.require(units >= 0)
    return Prices(
        columns={
            "model": _texts(kinds, [price.model for price in lists]),
            "price_status": _texts(kinds, [price.status for price in lists]),
            "price_ref": _texts(kinds, [price.reference for price in lists]),
            "cost_list_usd": decimals(units, known),
        },
        _kinds=kinds,
        _lists=lists,
        _names=[
            f"{example.provider or '?'}/{price.model or '?'}"
            for example, price in zip(examples, lists, strict=True)
        ],
    )


def _kinds(usages: BulkUsages, days: Any) -> tuple[list[Usage], Any]:
    """One empty request of each kind that there is, and the kind of every row."""
    import numpy as np

    words = {
        "provider": usages.provider,
        "model_raw": usages.model_raw,
        "status": usages.status,
        **{
            name: usages.optional_words[name] for name in _OPTIONAL if name in usages.optional_words
        },
    }
    parts = {name: (each.codes, len(each.values)) for name, each in words.items()}
    missing = usages.notes.get("usage_missing", np.zeros(len(days), dtype=bool))
    batch = usages.number("is_batch").astype(bool)
    first = int(days.min()) if len(days) else 0
    parts["day"] = (days - first, int(days.max()) - first + 1 if len(days) else 1)
    parts["usage_missing"], parts["is_batch"] = (missing, 2), (batch, 2)
    code = np.zeros(len(days), dtype=np.int64)
    for codes, size in parts.values():
        code = code * size + codes.astype(np.int64)
    _, firsts, kinds = np.unique(code, return_index=True, return_inverse=True)
    examples = [
        Usage(
            started_at=datetime.fromtimestamp(int(days[row]) * 86_400, UTC),
            provider=_at(words, "provider", row),
            model_raw=_at(words, "model_raw", row),
            status=cast(Status, _at(words, "status", row)),
            region=_at(words, "region", row) or None,
            service_tier=_at(words, "service_tier", row) or None,
            is_batch=bool(batch[row]),
            notes=("usage_missing",) if missing[row] else (),
        )
        for row in firsts.tolist()
    ]
    return examples, kinds


def _at(words: Mapping[str, Words], name: str, row: int) -> str:
    each = words.get(name)
    return "" if each is None else each.values[int(each.codes[row])]


def _tokens(usages: BulkUsages) -> list[Any]:
    """Tokens of every kind of rate, in its order; the first four are the logical input."""
    number = usages.number
    return [
        number("uncached_input_tokens"),
        number("cache_read_tokens"),
        number("cache_write_5m_tokens")
        + number("cache_write_30m_tokens")
        + number("cache_write_unknown_tokens"),
        number("cache_write_1h_tokens"),
        number("output_tokens"),
    ]


def _units(tiers: tuple[TokenRates, ...], tokens: list[Any], logical: Any) -> Any:
    """1E-12 USD of each row; -1 where they would not fit."""
    import numpy as np

    starts = np.array([tier.above_input_tokens for tier in tiers], dtype=np.int64)
    # The last tier that starts below the request.
    tier = np.sum(starts[:, None] < logical[None, :], axis=0) - 1
    found = np.zeros(len(logical), dtype=np.int64)
    about = np.zeros(len(logical), dtype=np.float64)
    for name, counts in zip(_KINDS, tokens, strict=True):
        rate = np.array([getattr(each, name) for each in tiers], dtype=np.int64)[tier]
        found += rate * counts
        about += rate.astype(np.float64) * counts
    return np.where(about < _MOST_UNITS, found, -1)


def _texts(codes: Any, values: list[str]) -> Any:
    pa = pyarrow_module()
    return pa.DictionaryArray.from_arrays(pa.array(codes.astype("int32")), pa.array(values))
