"""AWS Cost and Usage Report 2.0 (table COST_AND_USAGE_REPORT), and the legacy report.

Columns: AWS Data Exports user guide (read 2026-11-21). The whole bill comes in, services beside
models included: which lines belong to a plan is decided by tag and model, not by service name,
as newer third-party models are billed as Marketplace items.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal

from planner.actuals.sources.bills import (
    PLAN_TAG,
    STACK_TAG,
    metered_tokens,
    snake_keys,
    tags_of,
)
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
from planner.actuals.values import Row, first, instant, mapping, money, text
from planner.money import ZERO

__all__ = ["CUR"]

_KINDS: dict[str, ChargeKind] = {
    "Usage": "usage",
    "DiscountedUsage": "usage",
    "SavingsPlanCoveredUsage": "usage",
    "SavingsPlanNegation": "discount",
    "RIFee": "fee",
    "SavingsPlanRecurringFee": "fee",
    "SavingsPlanUpfrontFee": "purchase",
    "Fee": "fee",
    "Tax": "tax",
    "Credit": "credit",
    "Refund": "refund",
    "Discount": "discount",
    "BundledDiscount": "discount",
    "EdpDiscount": "discount",
    "PrivateRateDiscount": "discount",
    "RiVolumeDiscount": "discount",
}
_TOKEN_UNIT = re.compile(r"(1\s*[km]|1000|1000000)?\s*tokens?", re.IGNORECASE)
# Marketplace meters of models count millions, with the unit "Units" (grafana/cloudcost-exporter
# issue 933, 2026).
_MARKETPLACE_METER = re.compile(r"MP:.*TokenCount", re.IGNORECASE)
_THOUSAND, _MILLION = Decimal(1000), Decimal(1_000_000)


def _fits(row: Row) -> bool:
    keys = set(row)
    return {"line_item_usage_start_date", "line_item_unblended_cost"} <= keys or {
        "lineItem/UsageStartDate",
        "lineItem/UnblendedCost",
    } <= keys


def _parse(row: Row, facts: FileFacts) -> Iterable[Parsed]:
    row = snake_keys(row)
    currency = text(row, "line_item_currency_code", default="USD")
    if currency != "USD":
        raise RowError(
            "line_item_currency_code", f"is {currency[:3]}, not USD: two are never added"
        )
    billed = money(row, "line_item_unblended_cost")
    if billed is None:
        raise RowError("line_item_unblended_cost", "is missing: a bill's line needs its amount")
    line_type = text(row, "line_item_line_item_type", default="Usage")
    tags = _tags(row)
    meter = text(row, "line_item_usage_type")
    labels = labels_of(row, facts, **{name: tags.get(name, "") for name in LABELS})
    yield Usage(
        kind="bill",
        view="cur",
        started_at=instant(row, "line_item_usage_start_date"),
        bucket_s=_width_s(row),
        calls=0,
        attempts=0,
        provider="aws",
        model_raw=text(mapping(row, "product"), "model") or text(row, "product_model"),
        region=text(row, "product_region_code", "product_region") or None,
        **labels,
        **_tokens(row, meter),
        cost_source_usd=billed,
        cost_effective_usd=_effective(row, line_type, billed),
        cost_basis="billed",
        charge_kind=_KINDS.get(line_type, "other"),
        billing_account=text(row, "bill_payer_account_id"),
        billing_period=f"{instant(row, 'bill_billing_period_start_date'):%Y-%m}",
        line_item=meter,
        service=text(row, "line_item_product_code"),
        resource_id=text(row, "line_item_resource_id"),
        quantity=money(row, "line_item_usage_amount"),
        quantity_unit=text(row, "pricing_unit"),
        stack=tags.get(STACK_TAG, ""),
        plan_hash=tags.get(PLAN_TAG, ""),
    )


def _tags(row: Row) -> dict[str, str]:
    """Tags of the map column, or of the columns of a legacy report."""
    if first(row, "resource_tags")[1] is not None:
        return tags_of(row["resource_tags"])
    start = "resource_tags_"
    return tags_of({key[len(start) :]: row[key] for key in row if key.startswith(start)})


def _width_s(row: Row) -> int:
    if first(row, "line_item_usage_end_date")[1] is None:
        return 0
    start = instant(row, "line_item_usage_start_date")
    return max(0, round((instant(row, "line_item_usage_end_date") - start).total_seconds()))


def _tokens(row: Row, meter: str) -> TokenFields:
    """Tokens where the unit is tokens; every other line has none."""
    amount = money(row, "line_item_usage_amount")
    unit = text(row, "pricing_unit")
    found = _TOKEN_UNIT.fullmatch(unit)
    if amount is not None and (found or _MARKETPLACE_METER.search(meter)):
        scale = (found[1] or "").lower().replace(" ", "") if found else "1m"
        factor = {"1k": _THOUSAND, "1000": _THOUSAND, "1m": _MILLION, "1000000": _MILLION}
        return metered_tokens(meter, amount * factor.get(scale, Decimal(1)))
    return split_exclusive(uncached_input=0, output=0)


def _effective(row: Row, line_type: str, billed: Decimal) -> Decimal:
    """Amortised cost of a line (AWS: "Understanding amortized costs" of the Data Exports guide).

    Covered usage carries its share of the commitment; of the commitment's own fees only the
    unused part is left, so that the sum is the bill.
    """
    match line_type:
        case "DiscountedUsage":
            return _given(row, "reservation_effective_cost")
        case "SavingsPlanCoveredUsage":
            return _given(row, "savings_plan_savings_plan_effective_cost")
        case "SavingsPlanNegation" | "SavingsPlanUpfrontFee":
            return ZERO
        case "RIFee":
            return _given(
                row, "reservation_unused_amortized_upfront_fee_for_billing_period"
            ) + _given(row, "reservation_unused_recurring_fee")
        case "SavingsPlanRecurringFee":
            return _given(row, "savings_plan_total_commitment_to_date") - _given(
                row, "savings_plan_used_commitment"
            )
        case "Fee" if text(row, "reservation_reservation_a_r_n", "reservation_reservation_arn"):
            return ZERO
        case _:
            return billed


def _given(row: Row, name: str) -> Decimal:
    amount = money(row, name)
    if amount is None:
        raise RowError(name, "is missing: without it the line has no amortised cost")
    return amount


CUR = SourceSpec(
    name="cur",
    title="AWS Cost and Usage Report 2.0 (Data Exports), Parquet or CSV",
    example="planner actuals import cur data/BILLING_PERIOD=2026-11/*.parquet",
    fields="line_item_usage_start_date, line_item_unblended_cost, bill_billing_period_start_date",
    fits=_fits,
    parser=lambda facts: Stateless(_parse, facts),
    replaces_period=True,
)
