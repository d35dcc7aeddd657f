"""Total cost of ownership as it stands in the reports: five categories, shares, volumes, months."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import cache
from importlib.resources import files
from typing import Literal

from planner.costs import CATEGORIES, Category, Ledger, Option, ledger_at
from planner.decision import Evaluated, Recommendation
from planner.decision.time_value import net_present_value
from planner.render.payload_options import idle_usd, per_1m_tokens, per_request_usd
from planner.render.payload_types import (
    ApiHalf,
    ArmView,
    BandView,
    CategoriesView,
    CategoryView,
    LineView,
    MonthView,
    VolumeView,
)

__all__ = ["VOLUME_FACTORS", "arm_view", "half_api_requests", "shares", "typical_bands"]

VOLUME_FACTORS = (1, 10, 100, 200)
# A search for half the bill beyond this many requests a month finds nothing anybody runs.
_MOST_REQUESTS = 10**13


@dataclass(frozen=True, slots=True)
class _Band:
    low: float
    high: float


@cache
def typical_bands() -> Mapping[Category, _Band]:
    """Typical share of each category; the data file names the source."""
    text = files("planner.render").joinpath("data/tco_share_bands.json").read_text("utf-8")
    bands: dict[str, list[str]] = json.loads(text)["bands"]
    return {name: _Band(float(bands[name][0]), float(bands[name][1])) for name in CATEGORIES}


def shares(ledger: Ledger) -> dict[Category, Fraction | None]:
    """Exact share of each category in the known total; the known ones add up to exactly 1.

    Money is a Decimal, so its quotient is an exact Fraction; nothing is rounded. None for a
    category that was not given, and for all of them when the total is 0.
    """
    total = Fraction(ledger.total_usd)
    found: dict[Category, Fraction | None] = {}
    for category in CATEGORIES:
        usd = ledger.category_usd(category)
        found[category] = None if usd is None or total == 0 else Fraction(usd) / total
    return found


def arm_view(
    recommendation: Recommendation, evaluated: Evaluated, *, months: int | None = None
) -> ArmView:
    """One option; ``months`` limits the months listed (None: all of the horizon)."""
    option, mean = evaluated.option, evaluated.mean
    tokens = recommendation.demand.tokens_per_request
    rate = recommendation.scenario.horizon.discount_rate_per_year
    totals = [ledger.total_usd for ledger in evaluated.months]
    known = option.feasible
    share_of = shares(mean)
    return ArmView(
        arm=option.arm,
        name=option.name,
        feasible=option.feasible,
        reason=option.reason,
        requests_per_month=float(mean.requests_per_month),
        monthly_total_usd=mean.total_usd if known else None,
        bill_monthly_usd=mean.bill_usd if known else None,
        idle_monthly_usd=idle_usd(evaluated) if known else None,
        horizon_total_usd=sum(totals, Decimal(0)) if known else None,
        npv_usd=net_present_value(totals, rate) if known else None,
        is_floor=mean.is_floor,
        missing=mean.missing,
        notes=_notes(mean),
        categories=_categories(mean, share_of, known=known),
        bands=_bands(mean, share_of) if known else (),
        lines=_lines(mean) if known else (),
        usd_per_request=per_request_usd(mean) if known else None,
        usd_per_1m_tokens=per_1m_tokens(mean, tokens) if known else None,
        volumes=_volumes(recommendation, option) if known else (),
        api_half=_api_half(recommendation, option) if known and option.is_api else None,
        months=_months(recommendation, evaluated)[:months] if known else (),
    )


def _notes(ledger: Ledger) -> tuple[str, ...]:
    return (
        *(f"{category}_missing" for category in ledger.missing),
        *(f"unpriced: {line.name}" for line in ledger.unpriced),
    )


def _categories(
    ledger: Ledger, share_of: Mapping[Category, Fraction | None], *, known: bool
) -> CategoriesView:
    def view(category: Category) -> CategoryView:
        if not known:
            return CategoryView(monthly_usd=None, share=None)
        share = share_of[category]
        return CategoryView(
            monthly_usd=ledger.category_usd(category),
            share=None if share is None else float(share),
        )

    return CategoriesView(
        api_usage=view("api_usage"),
        infrastructure=view("infrastructure"),
        engineering=view("engineering"),
        quality=view("quality"),
        operational=view("operational"),
    )


def _bands(ledger: Ledger, share_of: Mapping[Category, Fraction | None]) -> tuple[BandView, ...]:
    """A missing category counts 0, so its share is below every band."""
    views: list[BandView] = []
    for category, band in typical_bands().items():
        share, is_missing = share_of[category], category in ledger.missing
        compared = Fraction(0) if is_missing and ledger.total_usd else share
        views.append(
            BandView(
                category=category,
                share=None if share is None else float(share),
                typical_low=band.low,
                typical_high=band.high,
                verdict=_against(band, compared),
                is_missing=is_missing,
            )
        )
    return tuple(views)


def _against(band: _Band, share: Fraction | None) -> Literal["low", "within", "high", "undefined"]:
    if share is None:
        return "undefined"
    if share < Fraction(str(band.low)):
        return "low"
    return "high" if share > Fraction(str(band.high)) else "within"


def _lines(ledger: Ledger) -> tuple[LineView, ...]:
    return tuple(
        LineView(
            name=amount.line.name,
            category=amount.line.category,
            billed_by=amount.line.billed_by,
            monthly_usd=amount.usd,
            formula=amount.line.formula,
            source=amount.line.source,
            observed=amount.line.observed,
            mark=amount.line.mark,
            reason_unpriced=amount.line.reason_unpriced,
        )
        for amount in ledger.lines
    )


def _volumes(recommendation: Recommendation, option: Option) -> tuple[VolumeView, ...]:
    now = recommendation.months.requests[0]
    return tuple(_volume(recommendation, option, now, factor) for factor in VOLUME_FACTORS)


def _volume(
    recommendation: Recommendation, option: Option, now: Decimal, factor: int
) -> VolumeView:
    """At first-month prices, labour and fixed items as they are."""
    requests = now * factor
    most = None if option.fleet is None else option.fleet.max_requests()
    beyond = most is not None and requests > most
    ledger = None if beyond else ledger_at(option, requests)
    share = None if ledger is None else shares(ledger)["api_usage"]
    limit = "" if option.fleet is None else option.fleet.limit_name or "its replicas are fixed"
    return VolumeView(
        factor=factor,
        requests_per_month=float(requests),
        requests_per_day=float(requests / recommendation.demand.days_per_month),
        total_usd=None if ledger is None else ledger.total_usd,
        api_usage_usd=None if ledger is None else ledger.category_usd("api_usage"),
        api_share=None if share is None else float(share),
        reason=f"beyond {limit}" if beyond else None,
    )


def _api_half(recommendation: Recommendation, option: Option) -> ApiHalf | None:
    days = recommendation.demand.days_per_month
    per_month = half_api_requests(option, Decimal(1))
    per_day = half_api_requests(option, days)
    if per_month is None or per_day is None:
        return None
    return ApiHalf(requests_per_month=per_month, requests_per_day=per_day)


def half_api_requests(option: Option, unit: Decimal) -> int | None:
    """Smallest n such that tokens are at least half the cost of n x ``unit`` requests a month.

    None when they never are. The tokens' share rises with volume while everything else is fixed
    or grows slower, so one change of sign is searched for.
    """

    def is_half(number: int) -> bool:
        ledger = ledger_at(option, number * unit)
        usage = ledger.category_usd("api_usage")
        return bool(usage) and 2 * usage >= ledger.total_usd

    low, high = 0, 1
    while not is_half(high):
        if high * unit > _MOST_REQUESTS:
            return None
        low, high = high, high * 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if is_half(middle) else (middle, high)
    return high


def _months(recommendation: Recommendation, evaluated: Evaluated) -> tuple[MonthView, ...]:
    return tuple(
        MonthView(
            month=month,
            starts_on=day,
            requests=float(ledger.requests_per_month),
            total_usd=ledger.total_usd,
            bill_usd=ledger.bill_usd,
        )
        for month, (day, ledger) in enumerate(
            zip(recommendation.months.priced_on, evaluated.months, strict=True)
        )
    )
