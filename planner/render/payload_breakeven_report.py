"""The whole report of ``planner breakeven``."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from planner import __version__
from planner.costs import Option
from planner.decision import Breakeven, Recommendation
from planner.decision.breakeven import breakeven
from planner.decision.hybrid_breakeven import hybrid_breakeven
from planner.errors import InputError
from planner.render.payload_axis import AxisRequest, AxisView, axis_view
from planner.render.payload_breakeven import breakeven_view, breakeven_views
from planner.render.payload_context import (
    assumption_views,
    conventions_view,
    demand_view,
    prices_view,
    scenario_view,
)
from planner.render.payload_curve import (
    CurvePoint,
    FactorView,
    curve_points,
    default_range,
    factor_view,
)
from planner.render.payload_types import (
    SCHEMA_VERSION,
    AssumptionView,
    BreakevenView,
    ConventionsView,
    DemandView,
    PricesView,
    ScenarioView,
)
from planner.render.sentence import breakeven_sentence
from planner.scenario import LoadedScenario

__all__ = ["BreakevenReport", "CurveRequest", "CurveView", "PairView", "breakeven_report"]


class CurveRequest(NamedTuple):
    """Volumes asked for; None for the range means one that holds every edge."""

    points: int
    range: tuple[int, int] | None = None


class CurveView(NamedTuple):
    """Costs over volume for one API option against all self-hosted ones."""

    api: str | None
    points: tuple[CurvePoint, ...]


class PairView(NamedTuple):
    """One API option against one self-hosted option alone."""

    selfhost: str
    breakeven: BreakevenView


class BreakevenReport(NamedTuple):
    """``breakeven`` is the pair that decides, or of the API that was asked for.

    ``breakevens`` holds every API against all self-hosted options together, ``pairs`` against
    each alone. ``axis`` has both sides along the input asked for, null without an API option or
    without anything self-hosted.
    """

    schema_version: int
    planner_version: str
    scenario: ScenarioView
    sentence: str
    breakeven: BreakevenView
    breakevens: tuple[BreakevenView, ...]
    pairs: tuple[PairView, ...]
    factors: tuple[FactorView, ...]
    curve: CurveView
    axis: AxisView | None
    assumptions: tuple[AssumptionView, ...]
    demand: DemandView
    prices: PricesView
    conventions: ConventionsView


def breakeven_report(
    loaded: LoadedScenario,
    recommendation: Recommendation,
    curve: CurveRequest,
    *,
    api: str | None = None,
    axis: AxisRequest | None = None,
) -> BreakevenReport:
    """The report; ``api`` names the API option to look at; InputError when there is none such.

    ``axis`` asks for another input than volume.
    """
    recommendation = _looking_at(recommendation, api)
    main = recommendation.breakeven
    option = _api_option(recommendation, main.api)
    selfhost = [e.option for e in recommendation.options if not e.option.is_api]
    pairs = [] if option is None else [(s, _alone(recommendation, option, s)) for s in selfhost]
    return BreakevenReport(
        schema_version=SCHEMA_VERSION,
        planner_version=__version__,
        scenario=scenario_view(loaded, recommendation),
        sentence=_sentence(recommendation),
        breakeven=breakeven_view(recommendation, main),
        breakevens=breakeven_views(recommendation),
        pairs=tuple(
            PairView(selfhost=one.name, breakeven=breakeven_view(recommendation, pair))
            for one, pair in pairs
        ),
        factors=_factors(recommendation, option, pairs),
        curve=(volumes := _curve(recommendation, option, curve)),
        axis=_axis(recommendation, option, volumes, axis),
        assumptions=assumption_views(loaded, recommendation.assumptions),
        demand=demand_view(recommendation),
        prices=prices_view(recommendation),
        conventions=conventions_view(recommendation),
    )


def _looking_at(recommendation: Recommendation, api: str | None) -> Recommendation:
    """With the breakeven of the named API option in the place of the deciding one."""
    if api is None:
        return recommendation
    by_name = {pair.api: pair for pair in recommendation.breakevens}
    if api not in by_name:
        from planner.scenario.shape import did_you_mean

        known = sorted(name for name in by_name if name is not None)
        listed = f"it has {', '.join(known)}" if known else "it has none"
        raise InputError(f"no API option is named `{api}`{did_you_mean(api, known)}; {listed}")
    return replace(recommendation, breakeven=by_name[api])


def _api_option(recommendation: Recommendation, name: str | None) -> Option | None:
    return next(
        (e.option for e in recommendation.options if e.option.is_api and e.option.name == name),
        None,
    )


def _sentence(recommendation: Recommendation) -> str:
    """The breakeven in words, beginning with the API it belongs to."""
    said, pair = breakeven_sentence(recommendation), recommendation.breakeven
    if pair.api is None or pair.status == "not_applicable" or said.startswith("Against "):
        return said
    return f"Against {pair.api}: {said[:1].lower()}{said[1:]}"


def _alone(recommendation: Recommendation, api: Option, selfhost: Option) -> Breakeven:
    """Against one option; one that is out says why."""
    if selfhost.hybrid is not None and selfhost.feasible:
        return hybrid_breakeven(api, selfhost, recommendation.months)
    pair = breakeven(api, [selfhost], recommendation.months)
    if pair.status == "not_applicable":
        return replace(pair, reason=selfhost.reason or pair.reason)
    return pair


def _factors(
    recommendation: Recommendation,
    api: Option | None,
    pairs: list[tuple[Option, Breakeven]],
) -> tuple[FactorView, ...]:
    """The API, then each self-hosted option that has a cost."""
    first = () if api is None else (factor_view(recommendation, api, None, None),)
    return (
        *first,
        *(
            factor_view(recommendation, one, pair.status, pair.lasting_requests_per_month)
            for one, pair in pairs
            if one.hardware
        ),
    )


def _axis(
    recommendation: Recommendation,
    api: Option | None,
    volumes: CurveView,
    asked: AxisRequest | None,
) -> AxisView | None:
    """The input asked for; by default volume, at the points of the curve's own range."""
    hosted = any(e.option.hardware for e in recommendation.options if not e.option.is_api)
    if api is None or not hosted:
        if asked is None:
            return None
        missing = "API option" if api is None else "self-hosted option that can serve it"
        raise InputError(f"the scenario has no {missing}: there is nothing to compare")
    if asked is not None:
        return axis_view(recommendation, api, asked)
    ends = volumes.points[0], volumes.points[-1]
    low, high = (float(point.requests_per_month) for point in ends)
    points = max(len(volumes.points), 2)
    return axis_view(recommendation, api, AxisRequest("volume", points, (low, high)))


def _curve(recommendation: Recommendation, api: Option | None, asked: CurveRequest) -> CurveView:
    if api is None:
        return CurveView(api=None, points=())
    low, high = asked.range or default_range(recommendation)
    return CurveView(
        api=api.name, points=curve_points(recommendation, api, low, high, asked.points)
    )
