"""The whole report of ``planner tco``."""

from __future__ import annotations

from typing import NamedTuple

from planner import __version__
from planner.decision import Recommendation
from planner.errors import InputError
from planner.render.payload_context import (
    assumption_views,
    conventions_view,
    demand_view,
    prices_view,
    scenario_view,
)
from planner.render.payload_tco import arm_view
from planner.render.payload_types import (
    SCHEMA_VERSION,
    ArmView,
    AssumptionView,
    ConventionsView,
    DemandView,
    PricesView,
    ScenarioView,
)
from planner.scenario import LoadedScenario

__all__ = ["TcoReport", "tco_report"]


class TcoReport(NamedTuple):
    """Every option's total cost of ownership, cheapest feasible first."""

    schema_version: int
    planner_version: str
    scenario: ScenarioView
    arms: tuple[ArmView, ...]
    assumptions: tuple[AssumptionView, ...]
    demand: DemandView
    prices: PricesView
    conventions: ConventionsView


def tco_report(
    loaded: LoadedScenario,
    recommendation: Recommendation,
    *,
    arm: str | None = None,
    months: int | None = None,
) -> TcoReport:
    """The report; ``arm`` keeps one arm only, ``months`` limits the months that are listed.

    InputError when the scenario has no option of that arm.
    """
    wanted = [e for e in recommendation.options if arm in (None, e.option.arm)]
    if not wanted:
        known = ", ".join(sorted({e.option.arm for e in recommendation.options}))
        raise InputError(f"no option of the scenario is `{arm}`; it has {known}")
    return TcoReport(
        schema_version=SCHEMA_VERSION,
        planner_version=__version__,
        scenario=scenario_view(loaded, recommendation),
        arms=tuple(arm_view(recommendation, each, months=months) for each in wanted),
        assumptions=assumption_views(loaded, recommendation.assumptions),
        demand=demand_view(recommendation),
        prices=prices_view(recommendation),
        conventions=conventions_view(recommendation),
    )
