"""The whole report of ``planner recommend``, and of several scenarios together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple

from planner import __version__
from planner.decision import Evaluated, Recommendation
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
from planner.render.payload_options import option_view
from planner.render.payload_provenance import provenance
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
from planner.render.sentence import CONFIDENCE, verdict, why
from planner.scenario import LoadedScenario

__all__ = [
    "PortfolioReport",
    "PortfolioView",
    "RecommendReport",
    "VerdictView",
    "portfolio_report",
    "recommend_report",
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
    tco: tuple[ArmView, ...]
    excluded: tuple[ExcludedView, ...]
    assumptions: tuple[AssumptionView, ...]
    demand: DemandView
    prices: PricesView
    conventions: ConventionsView
    provenance: Mapping[str, ProvenanceView]


class PortfolioView(NamedTuple):
    """Plain sums over the scenarios with a recommendation; ``undecided`` names the others."""

    total_monthly_cost_usd: Decimal
    total_bill_monthly_usd: Decimal
    is_floor: bool
    options_by_arm: Mapping[str, int]
    undecided: tuple[str, ...]


class PortfolioReport(NamedTuple):
    """Several scenarios and their sum."""

    schema_version: int
    scenarios: tuple[RecommendReport, ...]
    portfolio: PortfolioView


def recommend_report(loaded: LoadedScenario, recommendation: Recommendation) -> RecommendReport:
    """The report of one scenario."""
    compared = [e for e in (recommendation.chosen, recommendation.runner_up) if e is not None]
    return RecommendReport(
        schema_version=SCHEMA_VERSION,
        planner_version=__version__,
        scenario=scenario_view(loaded, recommendation),
        recommendation=_verdict(recommendation),
        options=tuple(_option(recommendation, each) for each in recommendation.options),
        breakeven=breakeven_view(recommendation, recommendation.breakeven),
        breakevens=breakeven_views(recommendation),
        flips=flip_views(recommendation),
        tco=tuple(arm_view(recommendation, each) for each in compared),
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


def _verdict(recommendation: Recommendation) -> VerdictView:
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
        confidence=CONFIDENCE,
    )


def portfolio_report(reports: Sequence[RecommendReport]) -> PortfolioReport:
    """Several reports and the sums of their recommendations."""
    decided = [r.recommendation for r in reports if r.recommendation.arm is not None]
    arms = Counter(each.arm for each in decided if each.arm is not None)
    undecided = tuple(r.scenario.id for r in reports if r.recommendation.arm is None)
    return PortfolioReport(
        schema_version=SCHEMA_VERSION,
        scenarios=tuple(reports),
        portfolio=PortfolioView(
            total_monthly_cost_usd=_sum([each.monthly_cost_usd for each in decided]),
            total_bill_monthly_usd=_sum([each.bill_monthly_usd for each in decided]),
            is_floor=bool(undecided) or any(each.is_floor for each in decided),
            options_by_arm=dict(sorted(arms.items())),
            undecided=undecided,
        ),
    )


def _sum(amounts: Sequence[Decimal | None]) -> Decimal:
    return sum((usd for usd in amounts if usd is not None), Decimal(0))
