"""Own weights on Amazon Bedrock: copies of the model, billed in windows of five minutes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from planner.costs.hourly_terms import HourlyFleet, HourlyTerm, hourly_fleet
from planner.costs.inputs import PricingInputs
from planner.costs.load_duration import hourly_needs, levelled, week_load
from planner.costs.terms import ONE, Fixed, Fleet
from planner.costs.types import CostLine
from planner.money import usd_from_float, usd_text
from planner.scenario.options import CustomModelImport

__all__ = ["ImportedCopies", "import_fleet", "import_lines"]

# Bedrock pricing page, Custom Model Import: a copy is billed in windows of 5 minutes from its
# first successful invocation on, and is stopped when a window passes without one.
_WINDOW_S = 300
_MINUTES_PER_HOUR = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedCopies(HourlyTerm):
    """Copies of each hour, paid in the windows that have a request.

    ``active`` are the shares of windows with one, for each distinct share of ``fleet``, at the
    scenario's volume: at a larger one nearly all have, and the cost per window is what counts.
    """

    usd_per_copy_hour: Decimal
    active: tuple[Decimal, ...]

    def at(self, requests: Decimal, capacity_factor: Decimal = ONE) -> Decimal:
        counts = self.fleet.counts(requests, capacity_factor)
        hours = sum(
            (
                hours * count * active
                for (_, hours), count, active in zip(
                    self.fleet.grouped, counts, self.active, strict=True
                )
            ),
            Decimal(0),
        )
        return self.usd_per_copy_hour * hours * self.weeks

    @property
    def dearest_usd_per_instance(self) -> Decimal:
        return self.usd_per_copy_hour * self.hours_per_month

    def slope(self, capacity_factor: Decimal = ONE) -> Decimal:
        hours = sum(
            (
                share * hours * active
                for (share, hours), active in zip(self.fleet.grouped, self.active, strict=True)
            ),
            Decimal(0),
        )
        rate = self.usd_per_copy_hour * hours * self.weeks
        return rate / self._requests_per_instance(capacity_factor)


def import_fleet(inputs: PricingInputs, given: CustomModelImport) -> Fleet:
    """Copies for the peak; AWS starts and stops them."""
    per_copy = float(given.requests_per_s_per_copy) / inputs.peak_rps_per_monthly_request
    return Fleet(capacity_requests_per_month=Decimal(max(math.floor(per_copy), 1)))


def import_lines(
    inputs: PricingInputs, given: CustomModelImport, fleet: Fleet
) -> tuple[CostLine, ...]:
    """Copies by the hour, and the storage of the weights."""
    week = week_load(inputs.demand)
    needs = hourly_needs(week)
    hours = hourly_fleet(fleet, needs)
    unit = given.usd_per_unit_minute
    copy_hour = unit * given.units_per_copy * _MINUTES_PER_HOUR
    term = ImportedCopies(
        fleet=hours,
        hours_per_month=Decimal(inputs.scenario.conventions.hours_per_month),
        usd_per_copy_hour=copy_hour,
        active=_active(hours, needs, levelled(week), inputs.demand.mean_rps),
    )
    copies = CostLine(
        name="custom model units",
        category="api_usage",
        billed_by="aws",
        driver="api_price",
        term=term,
        formula=f"{given.units_per_copy} units x ${usd_text(unit)} a minute for each copy of each "
        "hour, in windows of 5 minutes with a request",
        source=given.source,
        observed=given.observed,
        provider="aws",
    )
    storage = CostLine(
        name="imported weights",
        category="api_usage",
        billed_by="aws",
        driver="other",
        term=Fixed(given.storage_monthly_usd),
        formula=f"${usd_text(given.storage_monthly_usd)} a month",
        source=given.source,
        observed=given.observed,
        provider="aws",
    )
    return (copies, storage) if given.storage_monthly_usd else (copies,)


def _active(
    hours: HourlyFleet, needs: Sequence[float], loads: Sequence[float], mean_rps: float
) -> tuple[Decimal, ...]:
    """Shares of windows with a request, Poisson arrivals, for each distinct share of the fleet."""
    load_of = dict(zip(hours.shares, loads, strict=True))
    return tuple(
        usd_from_float(-math.expm1(-load_of[share] * mean_rps * _WINDOW_S))
        for share, _ in hours.grouped
    )
