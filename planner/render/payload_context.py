"""What an answer rests on: scenario, prices, conventions, demand, assumptions, exclusions."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from planner.catalog import Catalog
from planner.costs import Excluded
from planner.decision import Recommendation
from planner.render.payload_types import (
    AssumptionView,
    ConventionsView,
    DemandView,
    ExcludedView,
    PricesView,
    ScenarioView,
)
from planner.scenario import Assumption, LoadedScenario

__all__ = [
    "assumption_views",
    "catalog_view",
    "conventions_view",
    "demand_view",
    "excluded_views",
    "prices_view",
    "scenario_view",
    "settable_path",
]


def scenario_view(loaded: LoadedScenario, recommendation: Recommendation) -> ScenarioView:
    """The scenario and the file it was read from, as the user named it."""
    scenario = loaded.scenario
    return ScenarioView(
        id=scenario.id,
        file=str(loaded.path),
        description=scenario.description,
        region=scenario.region,
        horizon_months=scenario.horizon.months,
        starts_on=recommendation.months.priced_on[0],
    )


def prices_view(recommendation: Recommendation) -> PricesView:
    """Which prices the answer used."""
    return catalog_view(recommendation.catalog)


def catalog_view(catalog: Catalog) -> PricesView:
    """Which prices a catalog holds."""
    return PricesView(
        as_of=catalog.as_of,
        snapshot=catalog.snapshot_name,
        snapshot_sha256=catalog.snapshot_sha256,
        oldest_observed=catalog.oldest_observed,
        newest_observed=catalog.newest_observed,
    )


def conventions_view(recommendation: Recommendation) -> ConventionsView:
    """Length of a month, and that hours and days need not agree."""
    scenario = recommendation.scenario
    hours = Decimal(scenario.conventions.hours_per_month)
    days = Decimal(scenario.conventions.days_per_month)
    in_days = (hours / 24).quantize(Decimal("0.01"))
    return ConventionsView(
        days_per_month=float(days),
        hours_per_month=float(hours),
        discount_rate_per_year=float(scenario.horizon.discount_rate_per_year),
        note=f"volumes: {days:f} days a month; hourly resources: {hours:f} h = {in_days:f} d",
    )


def demand_view(recommendation: Recommendation) -> DemandView:
    """The load of the first month."""
    demand = recommendation.demand
    return DemandView(
        requests_per_month=_number(demand.requests_per_month),
        requests_per_day=_number(demand.requests_per_month / demand.days_per_month),
        mean_rps=_twelve(demand.mean_rps),
        peak_rps=_twelve(demand.peak_rps),
        peak_to_mean=_twelve(demand.peak_to_mean),
        burst_within_hour=_twelve(demand.burst_within_hour),
        input_tokens_mean=_number(demand.input_tokens.mean),
        input_tokens_p95=_twelve(demand.input_tokens.p95),
        output_tokens_mean=_number(demand.output_tokens.mean),
        output_tokens_p95=_twelve(demand.output_tokens.p95),
        tokens_per_month=_number(demand.requests_per_month * demand.tokens_per_request),
        growth_per_month=float(demand.growth_per_month),
        deferrable_share=float(demand.deferrable_share),
    )


def _number(value: Decimal) -> float:
    return int(value) if value == value.to_integral_value() else _twelve(float(value))


def _twelve(value: float) -> float:
    """12 significant digits: the last bits of a float depend on the machine."""
    return float(f"{value:.12g}")


def excluded_views(excluded: Iterable[Excluded]) -> tuple[ExcludedView, ...]:
    """Candidates that were left out, in the order they were looked at."""
    return tuple(
        ExcludedView(option=each.option, candidate=each.candidate, reason=each.reason)
        for each in excluded
    )


def assumption_views(
    loaded: LoadedScenario, assumptions: Iterable[Assumption]
) -> tuple[AssumptionView, ...]:
    """Each assumption once, with the place in the file that sets it."""
    views: dict[tuple[str, str], AssumptionView] = {}
    for assumption in assumptions:
        path = settable_path(assumption.path)
        views.setdefault(
            (assumption.path, assumption.value),
            AssumptionView(
                path=assumption.path,
                value=assumption.value,
                origin=assumption.origin,
                source=assumption.source,
                mark=assumption.mark,
                written_at=None if path is None else loaded.place(path),
                set_path=path,
            ),
        )
    return tuple(views.values())


def settable_path(path: str) -> str | None:
    """``path`` when it names a field of the scenario that ``--set`` can change, else None."""
    from planner.scenario.shape import field_at

    parts = tuple(int(part) if part.isdigit() else part for part in path.split("."))
    return path if field_at(parts) is not None else None
