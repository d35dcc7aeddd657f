"""Usage and forecast as FOCUS 1.2 rows (focus.finops.org, version 1.2, May 2025).

One row for each day, label and token bucket: input, cached input, cache write, output. ListCost is
ListUnitPrice x PricingQuantity exactly, and the costs of a call's buckets add up to what it cost.
FOCUS has no charge category for a forecast, so projections are rows of a file of their own.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction

from planner.actuals.compare import RateLookup, TokenRates
from planner.actuals.month_ahead import MonthAhead
from planner.actuals.queries import AXES
from planner.actuals.spend import Cell, Spend
from planner.actuals.variance import decimal_of, largest_remainder
from planner.money import usd_text
from planner.units import TOKENS_PER_MTOK

__all__ = ["FOCUS_COLUMNS", "PROJECTION_COLUMNS", "FocusLabels", "focus_rows", "projection_rows"]

# The mandatory columns of version 1.2, in the order of the specification's list.
_MANDATORY = (
    *("BilledCost", "BillingAccountId", "BillingAccountName", "BillingCurrency"),
    *("BillingPeriodStart", "BillingPeriodEnd", "ChargeCategory", "ChargeClass"),
    *("ChargeDescription", "ChargePeriodStart", "ChargePeriodEnd", "ContractedCost"),
    *("EffectiveCost", "InvoiceIssuerName", "ListCost", "PricingQuantity", "PricingUnit"),
    *("ProviderName", "PublisherName", "ServiceCategory", "ServiceName"),
)
_OPTIONAL = (
    *("ChargeFrequency", "ConsumedQuantity", "ConsumedUnit", "ListUnitPrice"),
    *("ServiceSubcategory", "SkuId", "SkuMeter", "Tags"),
)
FOCUS_COLUMNS = (*_MANDATORY, *_OPTIONAL, "x_Model", "x_Source")
PROJECTION_COLUMNS = (
    *_MANDATORY,
    *("ServiceSubcategory", "Tags"),
    *("x_High", "x_Low", "x_PlanHash", "x_RecordType", "x_ScenarioId"),
)

_PRICING_UNIT = f"{TOKENS_PER_MTOK} Tokens"
_CATEGORY, _SUBCATEGORY = "AI and Machine Learning", "Generative AI"
# As stored money: USD at twelve decimals.
_STEP = Decimal("1E-12")

FocusRow = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class FocusLabels:
    """What no record says: the billing account; None takes the provider's id."""

    billing_account: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Meter:
    name: str
    tokens: int
    usd_per_1m_tokens: Fraction


def focus_rows(spend: Spend, rates: RateLookup, labels: FocusLabels) -> Iterator[FocusRow]:
    """Usage that has a cost, by day; then what bills have beside it, one row a provider and day.

    A model without list prices has one row a day and label, whose list price is its cost.
    """
    for cell in sorted(spend.cells, key=_order):
        meters = _meters(cell, rates)
        shown = _shares(cell.usd, meters)
        for meter, usd in zip(meters, shown, strict=True):
            yield _usage_row(cell, meter, usd, labels)
        if not meters and cell.usd:
            yield _usage_row(cell, None, cell.usd, labels)
    for bill in spend.bill.providers:
        for day, (billed, usage) in bill.by_day.items():
            if billed != usage:
                yield _unattributed_row(bill.provider, bill.source, day, billed - usage, labels)


def _order(cell: Cell) -> tuple[object, ...]:
    return (cell.day, cell.provider, *(getattr(cell, axis) for axis in AXES), cell.source)


def _meters(cell: Cell, rates: RateLookup) -> tuple[_Meter, ...]:
    sent = cell.uncached_input_tokens + cell.cache_read_tokens + cell.cache_write_tokens
    mean = Fraction(sent, cell.attempts) if cell.attempts else Fraction(0)
    rate = rates(cell.model, cell.day, mean)
    if rate is None:
        return ()
    return tuple(each for each in _all_meters(cell, rate) if each.tokens)


def _all_meters(cell: Cell, rate: TokenRates) -> tuple[_Meter, ...]:
    def meter(name: str, tokens: int, usd: Fraction) -> _Meter:
        return _Meter(name=name, tokens=tokens, usd_per_1m_tokens=usd)

    return (
        meter("Input tokens", cell.uncached_input_tokens, rate.input),
        meter("Cached input tokens", cell.cache_read_tokens, rate.read),
        meter("Cache write tokens", cell.cache_write_tokens, rate.write),
        meter("Output tokens", cell.output_tokens, rate.output),
    )


def _shares(usd: Decimal, meters: tuple[_Meter, ...]) -> list[Decimal]:
    """The cost of the calls over their buckets, as list prices divide it; they add up to it."""
    if not meters:
        return []
    listed = [each.tokens * each.usd_per_1m_tokens for each in meters]
    whole = sum(listed, Fraction(0))
    if not whole:
        listed = [Fraction(each.tokens) for each in meters]
        whole = sum(listed, Fraction(0))
    return largest_remainder([Fraction(usd) * part / whole for part in listed], _STEP)


def _usage_row(cell: Cell, meter: _Meter | None, usd: Decimal, labels: FocusLabels) -> FocusRow:
    row = _common(cell.provider, cell.day, cell.day + timedelta(days=1), usd, labels)
    tokens = meter.tokens if meter is not None else _tokens(cell)
    name = meter.name if meter is not None else "Tokens"
    quantity = Decimal(tokens) / TOKENS_PER_MTOK
    listed = usd if meter is None else _decimal(meter.usd_per_1m_tokens) * quantity
    unit = "" if meter is None else usd_text(_decimal(meter.usd_per_1m_tokens))
    tags = {axis: getattr(cell, axis) for axis in ("endpoint", "environment", "feature")}
    return row | {
        "ChargeCategory": "Usage",
        "ChargeDescription": f"{cell.model}: {name.lower()}",
        "ChargeFrequency": "Usage-Based",
        "ConsumedQuantity": str(tokens),
        "ConsumedUnit": "Tokens",
        "ListCost": usd_text(listed),
        "ListUnitPrice": unit,
        "PricingQuantity": usd_text(quantity),
        "PricingUnit": _PRICING_UNIT,
        "SkuId": f"{cell.model}/{name.lower().replace(' ', '-')}",
        "SkuMeter": name,
        "Tags": json.dumps(tags, sort_keys=True),
        "x_Model": cell.model,
        "x_Source": cell.source,
    }


def _tokens(cell: Cell) -> int:
    return (
        cell.uncached_input_tokens
        + cell.cache_read_tokens
        + cell.cache_write_tokens
        + cell.output_tokens
    )


def _unattributed_row(
    provider: str, source: str, day: date, usd: Decimal, labels: FocusLabels
) -> FocusRow:
    return _common(provider, day, day + timedelta(days=1), usd, labels) | {
        "ChargeCategory": "Adjustment",
        "ChargeDescription": "unattributed: the bill less the usage of the day",
        "ListCost": usd_text(usd),
        "x_Source": source,
    }


def _common(
    provider: str, start: date, end: date, usd: Decimal, labels: FocusLabels
) -> dict[str, str]:
    """Columns that every row has; ``end`` is the first day after the charge."""
    month = start.replace(day=1)
    name = provider or "unknown"
    cost = usd_text(usd)
    return {
        "BilledCost": cost,
        "BillingAccountId": labels.billing_account or name,
        "BillingCurrency": "USD",
        "BillingPeriodStart": _moment(month),
        "BillingPeriodEnd": _moment((month + timedelta(days=32)).replace(day=1)),
        "ChargePeriodStart": _moment(start),
        "ChargePeriodEnd": _moment(end),
        "ContractedCost": cost,
        "EffectiveCost": cost,
        "InvoiceIssuerName": name,
        "ProviderName": name,
        "PublisherName": name,
        "ServiceCategory": _CATEGORY,
        "ServiceName": f"{name} models",
        "ServiceSubcategory": _SUBCATEGORY,
    }


def _moment(day: date) -> str:
    return f"{datetime.combine(day, time(), UTC):%Y-%m-%dT%H:%M:%SZ}"


def _decimal(value: Fraction) -> Decimal:
    """Exact: list prices are decimals."""
    return Decimal(value.numerator) / value.denominator


# --- Projections -------------------------------------------------------------------------------


def projection_rows(ahead: MonthAhead, labels: FocusLabels) -> Iterator[FocusRow]:
    """The rest of the month: models with their range, and the stack's fixed cost.

    Nothing where there is no forecast.
    """
    month = ahead.forecast
    if month is None:
        return
    complete = {each.day for each in ahead.cover.days if each.is_complete}
    rest = sorted(day for day in month.by_day if day not in complete)
    if not rest:
        return
    known = month.spent + month.committed
    fixed = sum((ahead.committed_by_day[day] for day in rest), Fraction(0))
    parts = (
        ("models", month.expected - known, month.low - known, month.high - known),
        ("resources of the stack", fixed, fixed, fixed),
    )
    end = ahead.question.until + timedelta(days=1)
    for what, expected, low, high in parts:
        usd = decimal_of(expected)
        row = _common("projection", rest[0], end, usd, labels)
        yield row | {
            "ChargeCategory": "Usage",
            "ChargeDescription": f"expected {what}, {len(rest)} days not complete yet",
            "ListCost": usd_text(usd),
            "PricingQuantity": str(len(rest)),
            "PricingUnit": "Days",
            "Tags": json.dumps({"llm-planner:stack": ahead.plan.stack_id}),
            "x_High": usd_text(decimal_of(high)),
            "x_Low": usd_text(decimal_of(low)),
            "x_PlanHash": ahead.plan.plan_hash,
            "x_RecordType": "Projection",
            "x_ScenarioId": ahead.plan.scenario_id,
        }
