"""API against self-hosting over volume: costs at chosen volumes, and factor by factor."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Literal, NamedTuple

from planner.costs import Ledger, Option, PerInstance, ledger_at
from planner.decision import Recommendation
from planner.decision.curve import CostCurve, curve_of
from planner.money import usd_from_float
from planner.render.numbers import significant
from planner.units import TOKENS_PER_MTOK

__all__ = ["CurvePoint", "FactorView", "StepView", "curve_points", "default_range", "factor_view"]


class CurvePoint(NamedTuple):
    """One volume: what the API costs, and the cheapest hardware that can serve it."""

    requests_per_month: int
    requests_per_s: float
    api_monthly_usd: Decimal
    selfhost_monthly_usd: Decimal | None
    selfhost_option: str | None
    instance_type: str | None
    instances: int | None
    cheaper: Literal["api", "selfhost"]


class StepView(NamedTuple):
    """Capacity comes in whole instances: one more for every so many requests a month."""

    usd: Decimal
    requests_per_month: float


class FactorView(NamedTuple):
    """One option by the factors of build against buy, at the scenario's volume.

    ``fixed_monthly_usd`` is paid without a single request, labour left out; ``labour_monthly_usd``
    is engineering, quality and operational cost, null when none was given.
    """

    option: str
    arm: str
    is_api: bool
    fixed_monthly_usd: Decimal
    usage_usd_per_request: Decimal
    usage_usd_per_1m_tokens: Decimal | None
    step: StepView | None
    breakeven_requests_per_month: int | None
    breakeven_status: str | None
    latency_control: str
    labour_monthly_usd: Decimal | None
    labour_missing: tuple[str, ...]
    access: str


def default_range(recommendation: Recommendation) -> tuple[int, int]:
    """A decade below and above every volume that matters: today's and the breakeven's edges."""
    pair, now = recommendation.breakeven, int(recommendation.months.requests[0])
    edges = [
        span.from_requests_per_month for span in pair.spans if span.from_requests_per_month > 1
    ]
    marks = [max(now, 1), *edges]
    return max(min(marks) // 10, 1), max(marks) * 10


def curve_points(
    recommendation: Recommendation, api: Option, low: int, high: int, count: int
) -> tuple[CurvePoint, ...]:
    """``count`` volumes from ``low`` to ``high``, evenly spaced in ratio, at first-month prices."""
    rival = curve_of(api)
    hardware = [
        (each, curve_of(each))
        for evaluated in recommendation.options
        if not evaluated.option.is_api
        for each in evaluated.option.hardware
    ]
    seconds = recommendation.demand.days_per_month * 86_400
    return tuple(
        _point(volume, rival, hardware, float(significant(volume / seconds, 12)))
        for volume in _volumes(low, high, count)
    )


def _volumes(low: int, high: int, count: int) -> list[int]:
    """Rounded to three digits inside, exact at the ends."""
    if count < 2 or low == high:
        return [low]
    ratio = high / low
    inner = (
        int(significant(usd_from_float(low * ratio ** (i / (count - 1))), 3))
        for i in range(1, count - 1)
    )
    return sorted({low, high, *(each for each in inner if low < each < high)})


def _point(
    requests: int,
    rival: CostCurve,
    hardware: Sequence[tuple[Option, CostCurve]],
    per_second: float,
) -> CurvePoint:
    volume = Decimal(requests)
    api_usd = rival.at(volume)
    able = [
        (curve.at(volume), option.label, option)
        for option, curve in hardware
        if curve.max_requests is None or volume <= curve.max_requests
    ]
    if not able:
        return CurvePoint(
            requests_per_month=requests,
            requests_per_s=per_second,
            api_monthly_usd=api_usd,
            selfhost_monthly_usd=None,
            selfhost_option=None,
            instance_type=None,
            instances=None,
            cheaper="api",
        )
    usd, _, best = min(able, key=lambda entry: entry[:2])
    return CurvePoint(
        requests_per_month=requests,
        requests_per_s=per_second,
        api_monthly_usd=api_usd,
        selfhost_monthly_usd=usd,
        selfhost_option=best.name,
        instance_type=None if best.serving is None else best.serving.instance_type,
        instances=None if best.fleet is None else best.fleet.instances(volume),
        cheaper="selfhost" if usd <= api_usd else "api",
    )


# --- Factors -----------------------------------------------------------------------------------


def factor_view(
    recommendation: Recommendation, option: Option, status: str | None, lasting: int | None
) -> FactorView:
    """The factors of one option; ``status`` and ``lasting`` are its own breakeven's."""
    volume = recommendation.months.requests[0]
    ledger = ledger_at(option, volume)
    usage = _usage_usd(ledger) / volume
    tokens = recommendation.demand.tokens_per_request
    return FactorView(
        option=option.name,
        arm=option.arm,
        is_api=option.is_api,
        fixed_monthly_usd=ledger_at(option, Decimal(0)).bill_usd,
        usage_usd_per_request=significant(usage, 12),
        usage_usd_per_1m_tokens=significant(usage * TOKENS_PER_MTOK / tokens, 12)
        if tokens
        else None,
        step=_step(option, ledger),
        breakeven_requests_per_month=lasting,
        breakeven_status=status,
        latency_control=_latency(recommendation, option),
        labour_monthly_usd=_labour_usd(ledger),
        labour_missing=ledger.missing,
        access=_access(option),
    )


def _usage_usd(ledger: Ledger) -> Decimal:
    return sum(
        (a.usd for a in ledger.lines if a.usd is not None and a.line.follows_requests), Decimal(0)
    )


def _step(option: Option, ledger: Ledger) -> StepView | None:
    fleet = option.fleet
    if fleet is None:
        return None
    usd = sum(
        (
            amount.line.term.monthly_usd_per_instance
            for amount in ledger.lines
            if isinstance(amount.line.term, PerInstance)
        ),
        Decimal(0),
    )
    served = fleet.capacity_requests_per_month * fleet.replicas_per_instance
    return StepView(usd=usd, requests_per_month=float(served))


def _labour_usd(ledger: Ledger) -> Decimal | None:
    known = [ledger.category_usd(name) for name in ("engineering", "quality", "operational")]
    given = [usd for usd in known if usd is not None]
    return sum(given, Decimal(0)) if given else None


def _latency(recommendation: Recommendation, option: Option) -> str:
    slo = recommendation.scenario.slo
    asked = [
        f"{name} p{percentile} {limit:f} ms"
        for name, limit, percentile in (
            ("TTFT", slo.ttft_ms, slo.ttft_percentile),
            ("TPOT", slo.tpot_ms, slo.tpot_percentile),
        )
        if limit is not None
    ]
    target = f"asked: {', '.join(asked)}" if asked else "no limit asked"
    if option.is_api:
        promise = ", which no provider promises" if asked else ""
        return f"the provider's; {target}{promise}"
    capacity = None if option.serving is None else option.serving.capacity
    if capacity is None:
        return f"yours, not modelled; {target}"
    return f"yours: TTFT {capacity.ttft_ms:,.0f} ms, TPOT {capacity.tpot_ms:,.1f} ms; {target}"


def _access(option: Option) -> str:
    ends = [warning for warning in option.warnings if "retire" in warning]
    if option.is_api:
        model = option.resolved_model or option.name
        return "; ".join((f"{model} of {option.provider_of_capacity}", *ends))
    if option.serving is None:
        return "open weights or a quote, as its source says"
    return f"open weights {option.serving.model_id} ({option.serving.precision})"
