"""Costs of both sides along one input."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal, NamedTuple

from planner.costs import Option
from planner.decision import Recommendation
from planner.decision.axis import Axis, AxisCurve, AxisPoint, axis_curve
from planner.money import usd_from_float
from planner.render.numbers import significant

__all__ = ["AxisCrossingView", "AxisPointView", "AxisRequest", "AxisView", "axis_view"]


class AxisRequest(NamedTuple):
    """What is asked for; without a range one around the scenario's own value."""

    axis: Axis
    points: int
    range: tuple[float, float] | None = None


class AxisPointView(NamedTuple):
    """One value: what the API costs, and the cheapest hardware that can serve it."""

    value: Decimal
    api_monthly_usd: Decimal
    selfhost_monthly_usd: Decimal | None
    cheaper: Literal["api", "selfhost"]
    selfhost_option: str | None
    instance_type: str | None
    instances: int | None


class AxisCrossingView(NamedTuple):
    """Where the cheaper side changes: ``then`` is cheaper from ``value`` up."""

    value: Decimal
    then: Literal["api", "selfhost"]


class AxisView(NamedTuple):
    """``now`` is the scenario's own value in ``unit``; ``of`` what it belongs to."""

    axis: str
    unit: str
    of: str
    now: Decimal
    api: str
    points: tuple[AxisPointView, ...]
    crossings: tuple[AxisCrossingView, ...]


def axis_view(recommendation: Recommendation, api: Option, asked: AxisRequest) -> AxisView:
    """The curve; InputError when the scenario has nothing the axis could be about."""
    found: AxisCurve = axis_curve(
        recommendation, api, asked.axis, points=asked.points, range_=asked.range
    )
    return AxisView(
        axis=found.axis,
        unit=found.unit,
        of=found.of,
        now=_value(found.now),
        api=api.name,
        points=tuple(_point(each) for each in found.points),
        crossings=tuple(
            AxisCrossingView(value=_value(each.value), then=each.then) for each in found.crossings
        ),
    )


def _value(value: float) -> Decimal:
    """Nine significant digits: a crossing is found by halving, not solved."""
    return significant(usd_from_float(value), 9)


def _point(point: AxisPoint) -> AxisPointView:
    option = point.option
    serving = None if option is None else option.serving
    return AxisPointView(
        value=_value(point.value),
        api_monthly_usd=significant(point.api_usd, 12),
        selfhost_monthly_usd=None
        if point.selfhost_usd is None
        else significant(point.selfhost_usd, 12),
        cheaper=point.cheaper,
        selfhost_option=None if option is None else option.name,
        instance_type=None if serving is None else serving.instance_type,
        instances=point.instances,
    )
