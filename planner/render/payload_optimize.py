"""The whole report of ``planner optimize``."""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from planner import __version__
from planner.costs import PricingInputs
from planner.levers.together import Lever, Resolved, lever_waterfall
from planner.render.payload_lever_batch import BatchView, batch_view
from planner.render.payload_lever_cache import CacheView, cache_view
from planner.render.payload_lever_route import RouteView, route_view
from planner.render.payload_levers import (
    BaselineView,
    ChecklistView,
    WaterfallView,
    baseline_view,
    checklist_views,
    waterfall_view,
)
from planner.render.payload_token_prices import (
    TokenPricesView,
    asked_by_levers,
    token_prices_view,
)
from planner.render.payload_types import SCHEMA_VERSION

__all__ = ["OptimizeReport", "OptimizeScenarioView", "optimize_report"]


class OptimizeScenarioView(NamedTuple):
    """Which scenario, as read, and its load: ``requests_per_month`` of the first month."""

    id: str
    file: str
    description: str | None
    region: str
    horizon_months: int
    requests_per_month: Decimal
    input_tokens_mean: Decimal
    output_tokens_mean: Decimal


class OptimizeReport(NamedTuple):
    """The levers of one scenario on one named baseline.

    ``waterfall`` is null, with ``reason``, where there is no API option with a price; ``route`` is
    null without a route. Money is USD in the mean month of the horizon.
    """

    schema_version: int
    planner_version: str
    scenario: OptimizeScenarioView
    baseline: BaselineView | None
    reason: str | None
    waterfall: WaterfallView | None
    cache: CacheView
    batch: BatchView | None
    route: RouteView | None
    checklist: tuple[ChecklistView, ...]
    prices: TokenPricesView


def optimize_report(
    resolved: Resolved, file: str, only: frozenset[Lever] | None = None
) -> OptimizeReport:
    """The report; ``only`` limits the waterfall to some levers, ``file`` is the scenario's."""
    found = None if resolved.baseline is None else lever_waterfall(resolved, only)
    return OptimizeReport(
        schema_version=SCHEMA_VERSION,
        planner_version=__version__,
        scenario=_scenario(resolved.inputs, file),
        baseline=baseline_view(resolved),
        reason=resolved.reason,
        waterfall=None if found is None else waterfall_view(resolved, found),
        cache=cache_view(resolved),
        batch=batch_view(resolved),
        route=route_view(resolved),
        checklist=checklist_views(
            resolved, {} if found is None else {s.lever: s.saves_usd for s in found.steps}
        ),
        prices=token_prices_view(resolved.inputs.catalog, asked_by_levers(resolved)),
    )


def _scenario(inputs: PricingInputs, file: str) -> OptimizeScenarioView:
    scenario, demand = inputs.scenario, inputs.demand
    return OptimizeScenarioView(
        id=scenario.id,
        file=file,
        description=scenario.description,
        region=scenario.region,
        horizon_months=scenario.horizon.months,
        requests_per_month=demand.requests_per_month,
        input_tokens_mean=demand.input_tokens.mean,
        output_tokens_mean=demand.output_tokens.mean,
    )
