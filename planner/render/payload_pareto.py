"""The report of ``planner pareto``: points, who beats whom, and what a mix beats."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Literal, NamedTuple

from planner import __version__
from planner.levers.pareto import (
    COST,
    LATENCY,
    MOST_FOR_MIXES,
    QUALITY,
    SENSES,
    WILSON_Z,
    Axis,
    Measured,
    Mix,
    Point,
    Standing,
    best_mixes,
    overlapping,
    standings,
    usd_per_success,
)
from planner.render.numbers import significant
from planner.render.payload_types import SCHEMA_VERSION, PricesView

__all__ = [
    "AxisView",
    "Candidate",
    "FrontierInput",
    "IntervalRuleView",
    "LeftOutView",
    "MixView",
    "ParetoReport",
    "PointView",
    "chosen_axes",
    "pareto_report",
]

_QUOTIENT_DIGITS = 12


class AxisView(NamedTuple):
    """A value that points are compared on; ``known`` of them have one."""

    name: str
    sense: Literal["min", "max"]
    known: int


class MixView(NamedTuple):
    """``share_a`` of the traffic to one configuration, the rest to the other, and what that gives.

    ``values`` are those of the axes without their own field here.
    """

    a: str
    share_a: float
    b: str
    share_b: float
    cost_usd_per_request: Decimal | None
    quality: float | None
    latency_ms: float | None
    values: Mapping[str, float]


class PointView(NamedTuple):
    """One configuration; ``line`` is that of the CSV file, ``arm`` that of a scenario's option.

    ``standing`` is ``not_comparable`` where a value is missing on an axis. ``low_sample`` means
    that its success rate cannot be told from that of ``overlaps``, on which its place rests.
    """

    name: str
    line: int | None
    arm: str | None
    cost_usd_per_request: Decimal | None
    cost_is_floor: bool
    usd_per_success: Decimal | None
    quality: float | None
    quality_low: float | None
    quality_high: float | None
    successes: int | None
    trials: int | None
    latency_ms: float | None
    values: Mapping[str, float]
    standing: Literal["frontier", "dominated", "not_comparable"]
    dominated_by: tuple[str, ...]
    equal_to: tuple[str, ...]
    beaten_by_mix: MixView | None
    low_sample: bool
    overlaps: tuple[str, ...]


class LeftOutView(NamedTuple):
    """An option of the scenario that is not compared, or an axis that is not used, and why."""

    name: str
    reason: str


class IntervalRuleView(NamedTuple):
    """How the intervals of success rates are made."""

    rule: str
    confidence: float
    z: float


class ParetoReport(NamedTuple):
    """The frontier; points are sorted by the first axis, best first.

    ``reason_no_mixes`` says why mixes were not searched.
    """

    schema_version: int
    planner_version: str
    file: str
    kind: Literal["csv", "scenario"]
    axes: tuple[AxisView, ...]
    frontier: tuple[str, ...]
    points: tuple[PointView, ...]
    mixes_searched: bool
    reason_no_mixes: str | None
    interval: IntervalRuleView
    left_out: tuple[LeftOutView, ...]
    prices: PricesView | None
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A point with what the report says of it beside its values."""

    point: Point
    measured: Measured | None = None
    line: int | None = None
    arm: str | None = None
    is_floor: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontierInput:
    """What is compared, on which axes (at least one), and what the reader must know of it.

    ``reason_no_mixes`` is set where costs do not split with the traffic.
    """

    file: str
    kind: Literal["csv", "scenario"]
    candidates: Sequence[Candidate]
    axes: tuple[Axis, ...]
    left_out: tuple[LeftOutView, ...] = ()
    prices: PricesView | None = None
    notes: tuple[str, ...] = ()
    reason_no_mixes: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """Everything about the points, in the order of the report."""

    candidates: list[Candidate]
    standings: tuple[Standing, ...]
    mixes: dict[int, Mix]
    overlaps: dict[int, tuple[int, ...]]
    axes: tuple[Axis, ...]

    def names(self, indexes: Iterable[int]) -> tuple[str, ...]:
        return tuple(self.candidates[index].point.name for index in indexes)


def chosen_axes(
    points: Sequence[Point], wanted: tuple[Axis, ...]
) -> tuple[tuple[Axis, ...], tuple[LeftOutView, ...]]:
    """The axes asked for; without any, of cost, quality and latency those that all points have.

    Those that only some have are left out, each with the reason: a point without a value can be
    compared with none.
    """
    if wanted:
        return wanted, ()
    used: list[Axis] = []
    left_out: list[LeftOutView] = []
    for name, sense in SENSES.items():
        lacking = [point.name for point in points if name not in point.values]
        if not lacking:
            used.append(Axis(name, sense))
        elif len(lacking) < len(points):
            verb = "has" if len(lacking) == 1 else "have"
            reason = (
                f"not an axis, since {len(lacking)} of {len(points)} {verb} no value, "
                f"{min(lacking)} among them; --axis {name} takes it nevertheless"
            )
            left_out.append(LeftOutView(name, reason))
        else:
            left_out.append(LeftOutView(name, "not an axis, since none has a value"))
    return tuple(used), tuple(left_out)


def pareto_report(given: FrontierInput) -> ParetoReport:
    """Compare the candidates; the order in which they are given changes nothing."""
    candidates = sorted(given.candidates, key=lambda each: _place(each.point, given.axes))
    points = [candidate.point for candidate in candidates]
    stands = standings(points, given.axes)
    frontier = [index for index, stand in enumerate(stands) if stand.on_frontier]
    no_mixes = given.reason_no_mixes
    if no_mixes is None and len(frontier) > MOST_FOR_MIXES:
        no_mixes = f"the frontier has more than {MOST_FOR_MIXES} points to try in pairs"
    found = _Found(
        candidates=candidates,
        standings=stands,
        mixes={} if no_mixes else best_mixes(points, given.axes, frontier),
        overlaps=_overlaps(candidates, stands, given.axes),
        axes=given.axes,
    )
    return ParetoReport(
        schema_version=SCHEMA_VERSION,
        planner_version=__version__,
        file=given.file,
        kind=given.kind,
        axes=tuple(
            AxisView(axis.name, axis.sense, sum(axis.name in point.values for point in points))
            for axis in given.axes
        ),
        frontier=found.names(frontier),
        points=tuple(_point(found, index) for index in range(len(candidates))),
        mixes_searched=no_mixes is None,
        reason_no_mixes=no_mixes,
        interval=IntervalRuleView(rule="Wilson, two-sided", confidence=0.95, z=WILSON_Z),
        left_out=given.left_out,
        prices=given.prices,
        notes=given.notes,
    )


def _place(point: Point, axes: Sequence[Axis]) -> tuple[object, ...]:
    """Best on the first axis first, then on the next; what has no value last; then by name."""
    keys: list[tuple[bool, Decimal]] = []
    for axis in axes:
        value = point.values.get(axis.name)
        if value is None:
            keys.append((True, Decimal(0)))
        else:
            keys.append((False, value if axis.sense == "min" else -value))
    return (*keys, point.name)


def _overlaps(
    candidates: Sequence[Candidate], stands: Sequence[Standing], axes: Sequence[Axis]
) -> dict[int, tuple[int, ...]]:
    """Of the points with trials; nothing rests on them when quality is no axis."""
    if all(axis.name != QUALITY for axis in axes):
        return {}
    return overlapping(
        {i: each.measured for i, each in enumerate(candidates) if each.measured is not None},
        (i for i, stand in enumerate(stands) if stand.on_frontier),
        {i: stand.dominated_by for i, stand in enumerate(stands) if stand.dominated_by},
    )


def _point(found: _Found, index: int) -> PointView:
    candidate, stand = found.candidates[index], found.standings[index]
    values, measured = candidate.point.values, candidate.measured
    mix, overlaps = found.mixes.get(index), found.overlaps.get(index, ())
    interval = None if measured is None else measured.interval
    cost, quality = values.get(COST), values.get(QUALITY)
    success = None if cost is None or quality is None else usd_per_success(cost, quality)
    return PointView(
        name=candidate.point.name,
        line=candidate.line,
        arm=candidate.arm,
        cost_usd_per_request=_money(cost),
        cost_is_floor=candidate.is_floor,
        usd_per_success=_money(success),
        quality=_float(quality),
        quality_low=None if interval is None else _twelve(interval.low),
        quality_high=None if interval is None else _twelve(interval.high),
        successes=None if measured is None else measured.successes,
        trials=None if measured is None else measured.trials,
        latency_ms=_float(values.get(LATENCY)),
        values=_others(values),
        standing=_standing(stand),
        dominated_by=found.names(stand.dominated_by),
        equal_to=found.names(stand.equal_to),
        beaten_by_mix=None if mix is None else _mix(found, mix),
        low_sample=bool(overlaps),
        overlaps=found.names(overlaps),
    )


def _standing(stand: Standing) -> Literal["frontier", "dominated", "not_comparable"]:
    if not stand.comparable:
        return "not_comparable"
    return "frontier" if stand.on_frontier else "dominated"


def _mix(found: _Found, mix: Mix) -> MixView:
    values = {
        axis.name: _fraction(value) for axis, value in zip(found.axes, mix.values, strict=True)
    }
    a, b = found.names((mix.a, mix.b))
    return MixView(
        a=a,
        share_a=_twelve(float(mix.share_a)),
        b=b,
        share_b=_twelve(float(1 - mix.share_a)),
        cost_usd_per_request=_money(values.get(COST)),
        quality=_float(values.get(QUALITY)),
        latency_ms=_float(values.get(LATENCY)),
        values=_others(values),
    )


def _others(values: Mapping[str, Decimal]) -> dict[str, float]:
    own = (COST, QUALITY, LATENCY)
    return {name: _twelve(float(value)) for name, value in values.items() if name not in own}


def _fraction(value: Fraction) -> Decimal:
    return Decimal(value.numerator) / Decimal(value.denominator)


def _money(value: Decimal | None) -> Decimal | None:
    """A quotient has no last digit; twelve are more than its inputs have."""
    return None if value is None else significant(value, _QUOTIENT_DIGITS)


def _float(value: Decimal | None) -> float | None:
    return None if value is None else _twelve(float(value))


def _twelve(value: float) -> float:
    return float(f"{value:.12g}")
