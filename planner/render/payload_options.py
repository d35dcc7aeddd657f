"""Options as they stand in the reports: cost, hardware, what applies to them."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Literal

from planner.costs import Ledger, idle_ledger
from planner.decision import Evaluated, Recommendation
from planner.decision.machines import mean_instances
from planner.money import usd_from_float
from planner.render.numbers import significant
from planner.render.payload_arms import commitment_view, overflow_view
from planner.render.payload_check import capacity_check_view
from planner.render.payload_types import CapacityView, OptionView
from planner.units import TOKENS_PER_MTOK

if TYPE_CHECKING:
    from planner.serving.types import ServingOption

__all__ = [
    "idle_usd",
    "marks_of",
    "option_view",
    "per_1m_tokens",
    "per_request_usd",
    "would_cost_usd",
]

# A figure per unit is a quotient with no end; 12 digits are more than any of its inputs has.
_QUOTIENT_DIGITS = 12
_MARKS_IN_ORDER = "~^?*†"


def option_view(
    recommendation: Recommendation,
    evaluated: Evaluated,
    choice: Literal["chosen", "runner_up"] | None,
) -> OptionView:
    """One option of a recommendation."""
    option, mean = evaluated.option, evaluated.mean
    feasible, fleet, serving = option.feasible, option.fleet, option.serving
    tokens = recommendation.demand.tokens_per_request
    return OptionView(
        arm=option.arm,
        name=option.name,
        choice=choice,
        feasible=feasible,
        reason=option.reason,
        deployable=option.deployable,
        deployable_reason=option.deployable_reason,
        kind=option.kind,
        model=option.resolved_model,
        purchase=option.purchase,
        monthly_cost_usd=evaluated.monthly_cost_usd if feasible else None,
        bill_monthly_usd=mean.bill_usd if feasible else None,
        would_cost_monthly_usd=would_cost_usd(evaluated),
        idle_monthly_usd=idle_usd(evaluated) if feasible else None,
        usd_per_1m_tokens=per_1m_tokens(mean, tokens) if feasible else None,
        usd_per_request=per_request_usd(mean) if feasible else None,
        is_floor=mean.is_floor,
        missing=mean.missing,
        unpriced=tuple(line.reason_unpriced or line.name for line in mean.unpriced),
        instance_type=None if serving is None else serving.instance_type,
        instances=evaluated.instances if feasible else None,
        peak_instances=evaluated.peak_instances if feasible else None,
        tensor_parallel_size=None if serving is None else serving.tensor_parallel_size,
        precision=None if serving is None else serving.precision,
        utilisation=_twelve(evaluated.utilisation)
        if feasible and evaluated.utilisation is not None
        else None,
        mean_instances=_mean_instances(recommendation, evaluated),
        overflow=overflow_view(recommendation, evaluated),
        commitment=commitment_view(recommendation, evaluated),
        capacity_requests_per_month_per_replica=None
        if fleet is None
        else float(fleet.capacity_requests_per_month),
        provider_of_capacity=option.provider_of_capacity,
        capacity=_capacity(serving),
        capacity_check=capacity_check_view(recommendation, option),
        quality_score=None if option.quality_score is None else float(option.quality_score),
        marks=marks_of(evaluated),
        warnings=option.warnings,
    )


def _mean_instances(recommendation: Recommendation, evaluated: Evaluated) -> float | None:
    if not evaluated.option.feasible:
        return None
    mean = mean_instances(evaluated.option, recommendation.months.requests)
    return None if mean is None else _twelve(mean)


def would_cost_usd(evaluated: Evaluated) -> Decimal | None:
    """Mean monthly cost of an option that is out, None where it has no cost or is not out."""
    if evaluated.option.feasible or not evaluated.mean.lines:
        return None
    return evaluated.monthly_cost_usd


def idle_usd(evaluated: Evaluated) -> Decimal:
    """The bill of a month without a single request: what stands there anyway."""
    planned = [ledger.requests_per_month for ledger in evaluated.months]
    return idle_ledger(evaluated.option, planned).bill_usd


def per_1m_tokens(ledger: Ledger, tokens_per_request: Decimal) -> Decimal | None:
    """Cost per 1M logical tokens, input (cached included) and output together."""
    tokens = ledger.requests_per_month * tokens_per_request
    return _quotient(ledger.total_usd * TOKENS_PER_MTOK, tokens)


def per_request_usd(ledger: Ledger) -> Decimal | None:
    """Cost per request."""
    return _quotient(ledger.total_usd, ledger.requests_per_month)


def _quotient(amount: Decimal, by: Decimal) -> Decimal | None:
    return None if by == 0 else significant(amount / by, _QUOTIENT_DIGITS)


def marks_of(evaluated: Evaluated) -> str:
    """The marks of the legend that apply to an option's cost, in the order of the legend."""
    option = evaluated.option
    found = {amount.line.mark for amount in evaluated.mean.lines}
    if any(amount.line.follows_requests for amount in evaluated.mean.lines):
        found.add("*")
    if option.serving is not None and option.provider_of_capacity != "measured":
        found.add("~")
    if any(warning.startswith("†") for warning in option.warnings):
        found.add("†")
    return "".join(mark for mark in _MARKS_IN_ORDER if mark in found)


def _capacity(serving: ServingOption | None) -> CapacityView | None:
    if serving is None or serving.capacity is None:
        return None
    found = serving.capacity
    return CapacityView(
        provider=found.provider,
        low_rps=_twelve(found.low_rps),
        mid_rps=_twelve(found.mid_rps),
        high_rps=_twelve(found.high_rps),
        ttft_ms=_twelve(found.ttft_ms),
        tpot_ms=_twelve(found.tpot_ms),
        concurrency=_twelve(found.concurrency),
        band_low=found.band_low,
        band_high=found.band_high,
        source_ids=found.source_ids,
    )


def _twelve(value: float) -> float:
    """The float nearest to 12 significant digits: the last bits depend on the machine."""
    return float(usd_from_float(value))
