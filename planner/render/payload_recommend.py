"""The whole report of ``planner recommend`` for one scenario."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import NamedTuple

from planner import __version__
from planner.decision import Evaluated, Recommendation
from planner.render.payload_arms import (
    DeclineView,
    PaybackView,
    decline_views,
    payback_view,
)
from planner.render.payload_breakeven import breakeven_view, breakeven_views
from planner.render.payload_context import (
    assumption_views,
    conventions_view,
    demand_view,
    excluded_views,
    prices_view,
    scenario_view,
)
from planner.render.payload_flips import flip_views
from planner.render.payload_levers import ChecklistView
from planner.render.payload_options import option_view
from planner.render.payload_provenance import provenance
from planner.render.payload_recommend_levers import RecommendLeversView, lever_effects
from planner.render.payload_tco import arm_view
from planner.render.payload_types import (
    SCHEMA_VERSION,
    ArmView,
    AssumptionView,
    BreakevenView,
    ConventionsView,
    DemandView,
    ExcludedView,
    FlipView,
    OptionView,
    PricesView,
    ProvenanceView,
    ScenarioView,
)
from planner.render.payload_uncertainty import UncertaintyView, uncertainty_view
from planner.render.sentence import confidence, verdict, why
from planner.scenario import LoadedScenario

__all__ = [
    "RecommendReport",
    "VerdictView",
    "recommend_report",
    "verdict_view",
]


class VerdictView(NamedTuple):
    """The answer; everything but the sentence is null when no option is feasible.

    ``cheapest_option`` differs from ``option`` only where another arm was asked for.
    """

    arm: str | None
    option: str | None
    cheapest_option: str | None
    monthly_cost_usd: Decimal | None
    bill_monthly_usd: Decimal | None
    is_floor: bool
    order_uncertain: bool
    over_budget_monthly_usd: Decimal | None
    sentence: str
    why: tuple[str, ...]
    confidence: str


class RecommendReport(NamedTuple):
    """One scenario's recommendation. ``tco`` holds the chosen option and the runner-up."""

    schema_version: int
    planner_version: str
    scenario: ScenarioView
    recommendation: VerdictView
    options: tuple[OptionView, ...]
    breakeven: BreakevenView
    breakevens: tuple[BreakevenView, ...]
    flips: tuple[FlipView, ...]
    uncertainty: UncertaintyView | None
    tco: tuple[ArmView, ...]
    payback: PaybackView | None
    api_price_declines: tuple[DeclineView, ...]
    levers: RecommendLeversView | None
    checklist: tuple[ChecklistView, ...]
    excluded: tuple[ExcludedView, ...]
    assumptions: tuple[AssumptionView, ...]
    demand: DemandView
    prices: PricesView
    conventions: ConventionsView
    provenance: Mapping[str, ProvenanceView]


def recommend_report(loaded: LoadedScenario, recommendation: Recommendation) -> RecommendReport:
    """The report of one scenario."""
    effects = lever_effects(loaded, recommendation)
    compared = [e for e in (recommendation.chosen, recommendation.runner_up) if e is not None]
    return RecommendReport(
        schema_version=SCHEMA_VERSION,
        planner_version=__version__,
        scenario=scenario_view(loaded, recommendation),
        recommendation=verdict_view(recommendation),
        options=tuple(_option(recommendation, each) for each in recommendation.options),
        breakeven=breakeven_view(recommendation, recommendation.breakeven),
        breakevens=breakeven_views(recommendation),
        flips=flip_views(recommendation),
        uncertainty=uncertainty_view(recommendation),
        tco=tuple(arm_view(recommendation, each) for each in compared),
        payback=payback_view(recommendation),
        api_price_declines=decline_views(recommendation),
        levers=effects.levers,
        checklist=effects.checklist,
        excluded=excluded_views(recommendation.excluded),
        assumptions=assumption_views(loaded, recommendation.assumptions),
        demand=demand_view(recommendation),
        prices=prices_view(recommendation),
        conventions=conventions_view(recommendation),
        provenance=provenance(recommendation),
    )


def _option(recommendation: Recommendation, evaluated: Evaluated) -> OptionView:
    if evaluated is recommendation.chosen:
        return option_view(recommendation, evaluated, "chosen")
    is_next = evaluated is recommendation.runner_up
    return option_view(recommendation, evaluated, "runner_up" if is_next else None)


def verdict_view(recommendation: Recommendation) -> VerdictView:
    """The answer of one scenario."""
    chosen = recommendation.chosen
    first = recommendation.options[0] if recommendation.options else None
    return VerdictView(
        arm=None if chosen is None else chosen.option.arm,
        option=None if chosen is None else chosen.option.name,
        cheapest_option=None if chosen is None or first is None else first.option.name,
        monthly_cost_usd=None if chosen is None else chosen.monthly_cost_usd,
        bill_monthly_usd=None if chosen is None else chosen.mean.bill_usd,
        is_floor=chosen is not None and chosen.mean.is_floor,
        order_uncertain=recommendation.order_uncertain,
        over_budget_monthly_usd=recommendation.over_budget_usd,
        sentence=verdict(recommendation),
        why=why(recommendation),
        confidence=confidence(recommendation),
    )
