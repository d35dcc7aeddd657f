"""The ``spend`` part of a serving plan: what budgets and alarms are set to."""

from __future__ import annotations

from decimal import Decimal

from planner.emit.reading import Read
from planner.emit.serving_plan import MonthSpend, SpendPart
from planner.money import ZERO, round_usd, usd_text
from planner.units import SECONDS_PER_HOUR

__all__ = ["spend_part"]

_HOURS_PER_DAY = 24
_PER_THOUSAND = 1000
# Purchases that are paid for whether or not they are used.
_COMMITTED = ("ri_1y_no_upfront", "savings_plan")


def spend_part(read: Read) -> SpendPart:
    """The projection; amounts of a month are rounded to the cent."""
    hourly = [Decimal(usd) for usd in read.spend["hourly_usd_utc"]]
    budget = read.budget.get("monthly_usd")
    return SpendPart(
        hourly_usd_utc=tuple(hourly),
        api_usage_hourly_usd_utc=tuple(
            Decimal(usd) for usd in read.spend["api_usage_hourly_usd_utc"]
        ),
        day_usd=_dearest_day_usd(hourly),
        months=tuple(
            MonthSpend(
                month=month["month"],
                requests=month["requests"],
                aws_billed_usd=round_usd(Decimal(month["aws_billed_usd"])),
                provider_billed_usd=round_usd(Decimal(month["provider_billed_usd"])),
            )
            for month in read.months
        ),
        unit_cost_usd_per_1k_requests=_unit_cost_usd(read),
        requests_by_hour_utc=_requests_by_hour(read),
        tokens_per_request=usd_text(read.tokens_per_request),
        headroom_ratio=read.spend["headroom_ratio"],
        budget_monthly_usd=None if budget is None else Decimal(budget),
        breakeven_tokens_per_hour=_breakeven_tokens_per_hour(read),
        committed=read.chosen.get("purchase") in _COMMITTED,
        notify_emails=tuple(read.budget.get("notify_emails", ())),
        notify_sns_topic_arns=tuple(read.budget.get("notify_sns_topic_arns", ())),
    )


def _dearest_day_usd(hourly: list[Decimal]) -> Decimal:
    """The dearest 24 hours in a row of the week: no local day is dearer, in any zone."""
    around = [*hourly, *hourly]
    return round_usd(
        max(sum(around[first : first + _HOURS_PER_DAY], ZERO) for first in range(len(hourly)))
    )


def _unit_cost_usd(read: Read) -> Decimal:
    """What is metered for 1,000 requests: tokens where they are paid for, else the whole bill."""
    weights = [Decimal(str(weight)) for weight in read.demand["hour_weights_utc"]]
    requests_per_week = sum(weights, ZERO) * _mean_requests_per_hour(read)
    usage = [Decimal(usd) for usd in read.spend["api_usage_hourly_usd_utc"]]
    week = sum(usage, ZERO) or sum((Decimal(u) for u in read.spend["hourly_usd_utc"]), ZERO)
    step = Decimal("0.000001")
    return round_usd(week / requests_per_week * _PER_THOUSAND, step) if requests_per_week else ZERO


def _mean_requests_per_hour(read: Read) -> Decimal:
    return Decimal(str(read.demand["mean_rps"])) * SECONDS_PER_HOUR


def _requests_by_hour(read: Read) -> tuple[str, ...]:
    mean = float(_mean_requests_per_hour(read))
    return tuple(f"{mean * float(weight):.6g}" for weight in read.demand["hour_weights_utc"])


def _breakeven_tokens_per_hour(read: Read) -> str | None:
    """Tokens an hour below which the cheapest API would cost less than what is paid anyway.

    None where nothing runs by the hour, or no API could do the work.
    """
    if not read.instance_prices():
        return None
    requests = [Decimal(month["requests"]) for month in read.months]
    tokens = sum(requests, ZERO) / len(requests) * read.tokens_per_request
    bills = [
        Decimal(each["bill_monthly_usd"])
        for each in read.content["alternatives"]
        if each["feasible"] and each["arm"].startswith("api_") and each["bill_monthly_usd"]
    ]
    if not bills or not tokens:
        return None
    api_usd_per_token = min(bills) / tokens
    hours = Decimal(str(read.section("conventions").get("hours_per_month", 730)))
    if not api_usd_per_token:
        return None
    return f"{read.fixed_cost_usd / hours / api_usd_per_token:.0f}"
