"""What prices an option, and the rules every kind of option obeys."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path

from planner.catalog.catalog import Catalog
from planner.costs.months import Months, plan_months
from planner.costs.stack import StackPrices
from planner.costs.types import Option
from planner.demand.load import capacity_needed_rps, utc_hour_weights
from planner.demand.types import Demand
from planner.scenario.model import Scenario
from planner.scenario.options import Quality

__all__ = ["PricingInputs", "below_floor", "over_limit", "pricing_inputs", "stack_prices"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PricingInputs:
    """What prices an option: the scenario, its demand, the prices, the months.

    ``peak_rps_per_monthly_request`` is the capacity needed at the peak per request of the month;
    ``hour_weights_utc`` the 168 weights in UTC, for prices that depend on the hour; ``base_dir``
    the folder that files named in the scenario are relative to. ``brief``: only the answer is
    wanted, not the figures of what confirms it.
    """

    scenario: Scenario
    demand: Demand
    catalog: Catalog
    months: Months
    hour_weights_utc: tuple[float, ...]
    peak_rps_per_monthly_request: float
    base_dir: Path = Path()
    brief: bool = False


def pricing_inputs(
    scenario: Scenario,
    demand: Demand,
    catalog: Catalog,
    *,
    base_dir: Path = Path(),
    brief: bool = False,
) -> PricingInputs:
    """The inputs of a scenario, its months beginning on `starts_on` or the prices' own day."""
    first_day = scenario.starts_on or catalog.as_of
    peak = capacity_needed_rps(demand, demand.requests_per_month)
    return PricingInputs(
        scenario=scenario,
        demand=demand,
        catalog=catalog,
        months=plan_months(
            first_day=first_day,
            months=scenario.horizon.months,
            requests=demand.requests_per_month,
            growth_per_month=demand.growth_per_month,
        ),
        hour_weights_utc=utc_hour_weights(demand, first_day),
        peak_rps_per_monthly_request=peak / float(demand.requests_per_month),
        base_dir=base_dir,
        brief=brief,
    )


def below_floor(scenario: Scenario, quality: Quality | None) -> str | None:
    """Why the option's quality rules it out; None when it does not."""
    floor = scenario.quality
    if floor is None or quality is None or quality.score >= floor.floor:
        return None
    return f"quality {quality.score} < floor {floor.floor} ({floor.metric})"


def stack_prices(inputs: PricingInputs, region: str) -> StackPrices:
    """Service prices of a region for this scenario's month."""
    hours = Decimal(inputs.scenario.conventions.hours_per_month)
    return StackPrices(inputs.catalog, region, hours)


def over_limit(option: Option, months: Months) -> str | None:
    """The first month that needs more than the limit allows."""
    fleet = option.fleet
    if fleet is None:
        return None
    most = fleet.max_requests()
    for month, requests in enumerate(months.requests):
        if most is not None and requests > most:
            needed = replace(fleet, fixed_replicas=None).instances(requests)
            limit = fleet.limit_name or f"fixed_replicas {fleet.fixed_replicas}"
            return f"month {month} needs {needed} instances or units, beyond {limit}"
    return None
