"""FOCUS cost and usage data 1.0 to 1.4 (focus.finops.org), AWS's table FOCUS_1_2_AWS included.

`BilledCost` reconciles with invoices and `EffectiveCost` with the plan; they are never added.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from planner.actuals.providers import provider_id
from planner.actuals.sources.bills import PLAN_TAG, STACK_TAG, metered_tokens, tags_of
from planner.actuals.sources.spec import (
    LABELS,
    FileFacts,
    Parsed,
    SourceSpec,
    Stateless,
    labels_of,
)
from planner.actuals.tokens import TokenFields, split_exclusive
from planner.actuals.types import ChargeKind, RowError, Usage
from planner.actuals.values import Row, first, instant, money, text

__all__ = ["FOCUS"]

_KINDS: dict[str, ChargeKind] = {
    "usage": "usage",
    "purchase": "purchase",
    "tax": "tax",
    "credit": "credit",
    "adjustment": "other",
}


def _fits(row: Row) -> bool:
    return {"billedcost", "chargeperiodstart"} <= {key.lower() for key in row}


def _parse(row: Row, facts: FileFacts) -> Iterable[Parsed]:
    row = {key.lower(): value for key, value in row.items()}
    currency = text(row, "billingcurrency", default="USD")
    if currency != "USD":
        raise RowError("BillingCurrency", f"is {currency[:3]}, not USD: two are never added")
    if text(row, "pricingunit").lower() == "requests":
        raise RowError(
            "PricingUnit",
            "counts requests: this is LiteLLM's own FOCUS log, whose rows grow through the day and "
            "hold no tokens; import its daily tables as litellm-daily",
        )
    billed, effective = money(row, "billedcost"), money(row, "effectivecost")
    if billed is None:
        raise RowError("BilledCost", "is missing: a bill's line needs its amount")
    started_at, ended_at = instant(row, "chargeperiodstart"), instant(row, "chargeperiodend")
    if ended_at < started_at:
        raise RowError("ChargePeriodEnd", "is before the start")
    tags = tags_of(row.get("tags"))
    labels = labels_of(row, facts, **{name: tags.get(name, "") for name in LABELS})
    yield Usage(
        kind="bill",
        view="focus",
        started_at=started_at,
        bucket_s=round((ended_at - started_at).total_seconds()),
        calls=0,
        attempts=0,
        provider=provider_id(text(row, "serviceprovidername", "providername", "publishername")),
        model_raw=text(row, "x_model"),
        region=text(row, "regionid") or None,
        **labels,
        **_tokens(row),
        cost_source_usd=billed,
        cost_effective_usd=effective,
        cost_basis="billed",
        charge_kind=_kind(row),
        billing_account=text(row, "billingaccountid"),
        billing_period=f"{instant(row, 'billingperiodstart'):%Y-%m}",
        line_item=text(row, "skumeter", "skuid", "x_usagetype"),
        service=text(row, "servicename", "x_servicecode"),
        resource_id=text(row, "resourceid"),
        quantity=money(row, "consumedquantity", "pricingquantity"),
        quantity_unit=text(row, "consumedunit", "pricingunit"),
        stack=tags.get(STACK_TAG, ""),
        plan_hash=tags.get(PLAN_TAG, ""),
    )


def _kind(row: Row) -> ChargeKind:
    if text(row, "chargeclass").lower() == "correction":
        return "correction"
    return _KINDS.get(text(row, "chargecategory", default="Usage").lower(), "other")


def _tokens(row: Row) -> TokenFields:
    """Tokens where the consumed unit is tokens; every other line has none."""
    amount = money(row, "consumedquantity")
    unit = text(row, "consumedunit").lower()
    if amount is None or unit not in ("tokens", "token", "1k tokens", "1m tokens"):
        return split_exclusive(uncached_input=0, output=0)
    scale = {"1k": 1000, "1m": 1_000_000}.get(unit.split(" ")[0], 1)
    name = first(row, "skumeter", "skuid", "chargedescription")[0]
    return metered_tokens(text(row, name), amount * Decimal(scale))


FOCUS = SourceSpec(
    name="focus",
    title="FOCUS 1.0 to 1.4 cost and usage data, CSV or Parquet",
    example="planner actuals import focus focus-2026-11.csv.gz",
    fields="ChargePeriodStart, ChargePeriodEnd, BilledCost, EffectiveCost, BillingPeriodStart",
    fits=_fits,
    parser=lambda facts: Stateless(_parse, facts),
    replaces_period=True,
)
