"""An API against self-hosting along one input, hardware chosen again at each of its values."""

from __future__ import annotations

import bisect
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Literal

from planner.costs import AS_GIVEN, Factors, Ledger, Option, ledger_at
from planner.costs.terms import Timed
from planner.decision.breakeven import Breakeven
from planner.decision.recommendation import Evaluated, Recommendation
from planner.decision.uncertainty.length_response import capacity_ratio
from planner.decision.uncertainty.pace import throughput_input
from planner.errors import InputError
from planner.money import usd_from_float
from planner.units import SECONDS_PER_DAY, TOKENS_PER_MTOK

__all__ = ["AXES", "Axis", "AxisCrossing", "AxisCurve", "AxisPoint", "axis_curve"]

Axis = Literal["volume", "output_tokens", "gpu_price", "api_price", "utilisation"]
Side = Literal["api", "selfhost"]
AXES: tuple[Axis, ...] = ("volume", "output_tokens", "gpu_price", "api_price", "utilisation")

# Values looked at for a change of the answer, besides the points of the curve.
_LOOKED_AT = 120
_ROUNDS = 50
# Ways from today's value down and up when no range is asked for.
_REACH = 10.0
_LEAST_UTILISATION = 0.01
# Answer lengths at which capacity is judged; between them logarithms are linear.
_LENGTH_STEPS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class AxisPoint:
    """One value of the input: a month of the API, and of the cheapest hardware for it.

    ``selfhost_usd`` is None where no hardware can serve it within its limits.
    """

    value: float
    api_usd: Decimal
    selfhost_usd: Decimal | None
    option: Option | None
    instances: int | None

    @property
    def cheaper(self) -> Side:
        """Ties go to self-hosting, as in the breakeven."""
        beaten = self.selfhost_usd is None or self.selfhost_usd > self.api_usd
        return "api" if beaten else "selfhost"


@dataclass(frozen=True, slots=True, kw_only=True)
class AxisCrossing:
    """Where the cheaper side changes; ``then`` is the cheaper one above ``value``."""

    value: float
    then: Side


@dataclass(frozen=True, slots=True, kw_only=True)
class AxisCurve:
    """``now`` is the scenario's own value in ``unit``; ``of`` says what it belongs to."""

    axis: Axis
    unit: str
    of: str
    now: float
    points: tuple[AxisPoint, ...]
    crossings: tuple[AxisCrossing, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scale:
    """An input's value today and the two sides at any other."""

    unit: str
    of: str
    now: float
    at: Callable[[float], AxisPoint]
    whole: bool = False


def axis_curve(
    recommendation: Recommendation,
    api: Option,
    axis: Axis,
    *,
    points: int,
    range_: tuple[float, float] | None = None,
) -> AxisCurve:
    """``points`` values evenly spaced in ratio, at the first month's prices and volume.

    InputError when the scenario has nothing the axis could be about.
    """
    scale = _SCALES[axis](recommendation, api)
    exact = next((pair for pair in recommendation.breakevens if pair.api == api.name), None)
    low, high = range_ or _default_range(axis, scale.now)
    values = _spaced(low, high, points, whole=scale.whole)
    return AxisCurve(
        axis=axis,
        unit=scale.unit,
        of=scale.of,
        now=scale.now,
        points=tuple(scale.at(value) for value in values),
        crossings=tuple(
            _crossings(scale, values)
            if axis != "volume" or exact is None
            else _span_edges(exact, values)
        ),
    )


def _default_range(axis: Axis, now: float) -> tuple[float, float]:
    if axis == "utilisation":
        return _LEAST_UTILISATION, 1.0
    return now / _REACH, now * _REACH


def _spaced(low: float, high: float, count: int, *, whole: bool) -> list[float]:
    ratio = high / low
    found = [low * ratio ** (step / (count - 1)) for step in range(count)]
    found[-1] = high
    return sorted({float(round(value)) for value in found}) if whole else found


def _span_edges(pair: Breakeven, values: Sequence[float]) -> list[AxisCrossing]:
    """The breakeven's own edges inside the range: exact, however close they lie."""
    return [
        AxisCrossing(value=float(span.from_requests_per_month), then=span.cheaper)
        for span in pair.spans[1:]
        if values[0] <= span.from_requests_per_month <= values[-1]
    ]


def _crossings(scale: _Scale, values: Sequence[float]) -> list[AxisCrossing]:
    """Changes between neighbours among many values, each narrowed by bisection."""
    looked = sorted({*values, *_spaced(values[0], values[-1], _LOOKED_AT, whole=scale.whole)})
    sides: list[Side] = [scale.at(value).cheaper for value in looked]
    found: list[AxisCrossing] = []
    for place in range(1, len(looked)):
        side, then = sides[place - 1], sides[place]
        if side == then:
            continue
        low, high = looked[place - 1], looked[place]
        for _ in range(_ROUNDS):
            middle = math.sqrt(low * high)
            low, high = (middle, high) if scale.at(middle).cheaper == side else (low, middle)
        found.append(AxisCrossing(value=float(math.ceil(high)) if scale.whole else high, then=then))
    return found


# --- The two sides -----------------------------------------------------------------------------


def _month_usd(
    option: Option, requests: Decimal, factors: Factors = AS_GIVEN, longer: float = 1.0
) -> Decimal:
    """A month at the first month's prices, with answers ``longer`` times as long."""
    total = Decimal(0)
    for line in option.lines_in_month(0):
        if line.term is None:
            continue
        share = line.length_shares[1]
        length = usd_from_float(1.0 + share * (longer - 1.0)) if share else Decimal(1)
        total += line.term.at(requests, factors.capacity) * factors.of(line.driver) * length
    return total


def _hardware(recommendation: Recommendation) -> list[Option]:
    """Everything self-hosted that could serve, once each."""
    found = [
        each
        for evaluated in recommendation.options
        if not evaluated.option.is_api
        for each in evaluated.option.hardware
    ]
    if not found:
        raise InputError("no self-hosted option of the scenario can serve it: nothing to compare")
    return found


def _point(
    value: float,
    api_usd: Decimal,
    hardware: Sequence[Option],
    requests: Decimal,
    usd: Callable[[Option], tuple[Decimal, Decimal]],
) -> AxisPoint:
    """``usd`` gives an option's cost and the capacity of its replicas relative to today's."""
    found: list[tuple[Decimal, str, Option, Decimal]] = []
    for option in hardware:
        cost, capacity = usd(option)
        most = None if option.fleet is None else option.fleet.max_requests(capacity)
        if most is None or requests <= most:
            found.append((cost, option.label, option, capacity))
    if not found:
        return AxisPoint(
            value=value, api_usd=api_usd, selfhost_usd=None, option=None, instances=None
        )
    cost, _, best, capacity = min(found, key=lambda entry: entry[:2])
    fleet = best.fleet
    return AxisPoint(
        value=value,
        api_usd=api_usd,
        selfhost_usd=cost,
        option=best,
        instances=None if fleet is None else fleet.instances(requests, capacity),
    )


def _cheapest_hosted(recommendation: Recommendation) -> Evaluated:
    for evaluated in recommendation.options:
        option = evaluated.option
        if option.feasible and not option.is_api and option.hybrid is None:
            return evaluated
    raise InputError("no self-hosted option of the scenario is feasible: nothing to compare")


# --- Axes --------------------------------------------------------------------------------------


def _volume(recommendation: Recommendation, api: Option) -> _Scale:
    hardware = _hardware(recommendation)

    def at(value: float) -> AxisPoint:
        requests = usd_from_float(value)
        return _point(
            value,
            _month_usd(api, requests),
            hardware,
            requests,
            lambda option: (_month_usd(option, requests), Decimal(1)),
        )

    now = float(recommendation.months.requests[0])
    return _Scale(unit="requests per month", of="workload", now=now, at=at, whole=True)


def _api_price(recommendation: Recommendation, api: Option) -> _Scale:
    requests, hardware = recommendation.months.requests[0], _hardware(recommendation)
    now = _blended(ledger_at(api, requests), recommendation.demand.tokens_per_request)
    if not now:
        raise InputError(f"{api.name} has no price per token: it cannot be moved")

    def at(value: float) -> AxisPoint:
        factors = Factors(api_price=usd_from_float(value / now))
        return _point(
            value,
            _month_usd(api, requests, factors),
            hardware,
            requests,
            lambda option: (_month_usd(option, requests), Decimal(1)),
        )

    return _Scale(unit="USD per 1M tokens", of=api.name, now=now, at=at)


def _blended(ledger: Ledger, tokens_per_request: Decimal) -> float:
    """USD per 1M tokens, input and output mixed; 0 without tokens."""
    tokens = ledger.requests_per_month * tokens_per_request
    usage = ledger.category_usd("api_usage")
    return float(usage * TOKENS_PER_MTOK / tokens) if usage and tokens else 0.0


def _gpu_price(recommendation: Recommendation, api: Option) -> _Scale:
    requests, hardware = recommendation.months.requests[0], _hardware(recommendation)
    chosen = _cheapest_hosted(recommendation)
    now, unit, of = _machine_price(chosen)

    def at(value: float) -> AxisPoint:
        factors = Factors(gpu_price=usd_from_float(value / now))
        return _point(
            value,
            _month_usd(api, requests, factors),
            hardware,
            requests,
            lambda option: (_month_usd(option, requests, factors), Decimal(1)),
        )

    return _Scale(unit=unit, of=of, now=now, at=at)


def _machine_price(evaluated: Evaluated) -> tuple[float, str, str]:
    """The price all others are moved in step with: value, unit, whose it is.

    An option priced by hand has no hourly price: all that is quoted for its machines moves.
    """
    option, quoted = evaluated.option, 0.0
    for amount in evaluated.months[0].lines:
        if amount.line.driver != "gpu_price" or not amount.usd:
            continue
        resource = amount.line.resource
        if resource is not None and resource.usd_per_unit:
            return float(resource.usd_per_unit), f"USD per {resource.unit}", option.label
        quoted += float(amount.usd)
    if quoted:
        return quoted, "USD per month", option.label
    raise InputError(f"{option.name} has no machine with a price: it cannot be moved")


def _output_tokens(recommendation: Recommendation, api: Option) -> _Scale:
    requests, hardware = recommendation.months.requests[0], _hardware(recommendation)
    demand, slo = recommendation.demand, recommendation.scenario.slo
    now = float(demand.output_tokens.mean)
    if not now:
        raise InputError("the workload has no output tokens: they cannot be moved")
    by_input = {throughput_input(option): option for option in hardware}

    @cache
    def ratios(name: str) -> tuple[list[float], list[float]]:
        steps = range(-_LENGTH_STEPS, _LENGTH_STEPS + 1)
        logs = [math.log(_REACH) * step / _LENGTH_STEPS for step in steps]
        found = [
            capacity_ratio(by_input[name], demand, slo, outputs=math.exp(each)) for each in logs
        ]
        return logs, [math.log(each) for each in found]

    def at(value: float) -> AxisPoint:
        longer = value / now

        def usd(option: Option) -> tuple[Decimal, Decimal]:
            logs, capacities = ratios(throughput_input(option))
            capacity = usd_from_float(math.exp(_between(math.log(longer), logs, capacities)))
            return _month_usd(option, requests, Factors(capacity=capacity), longer), capacity

        api_usd = _month_usd(api, requests, longer=longer)
        return _point(value, api_usd, hardware, requests, usd)

    return _Scale(unit="output tokens per request", of="workload", now=now, at=at)


def _between(x: float, xs: Sequence[float], ys: Sequence[float]) -> float:
    """Straight lines between the points, the end values beyond them."""
    place = bisect.bisect_left(xs, x)
    if place == 0:
        return ys[0]
    if place == len(xs):
        return ys[-1]
    share = (x - xs[place - 1]) / (xs[place] - xs[place - 1])
    return ys[place - 1] + share * (ys[place] - ys[place - 1])


def _utilisation(recommendation: Recommendation, api: Option) -> _Scale:
    """The machines of the plan, more or less busy, against the API for the same requests."""
    chosen = _cheapest_hosted(recommendation)
    option, fleet = chosen.option, chosen.option.fleet
    planned = recommendation.months.requests[0]
    if fleet is None or option.hourly is not None:
        raise InputError(
            f"{option.name} has no fixed number of machines: nothing is more or less busy"
        )
    full = _full_requests(recommendation, option, planned)

    def at(value: float) -> AxisPoint:
        requests = usd_from_float(full * value)
        total = Decimal(0)
        for line in option.lines_in_month(0):
            if line.term is not None:
                total += line.term.at(planned if isinstance(line.term, Timed) else requests)
        return AxisPoint(
            value=value,
            api_usd=_month_usd(api, requests),
            selfhost_usd=total,
            option=option,
            instances=fleet.instances(planned),
        )

    unit = "mean load ÷ expected capacity"
    return _Scale(unit=unit, of=option.label, now=float(planned) / full, at=at)


def _full_requests(recommendation: Recommendation, option: Option, planned: Decimal) -> float:
    """Requests a month of all planned replicas busy all the time, spare included."""
    fleet = option.fleet
    assert fleet is not None
    replicas = fleet.replicas(planned)
    capacity = None if option.serving is None else option.serving.capacity
    if capacity is None:
        return replicas * float(fleet.capacity_requests_per_month)
    seconds = float(recommendation.demand.days_per_month) * SECONDS_PER_DAY
    return replicas * capacity.mid_rps * seconds


_SCALES: dict[Axis, Callable[[Recommendation, Option], _Scale]] = {
    "volume": _volume,
    "output_tokens": _output_tokens,
    "gpu_price": _gpu_price,
    "api_price": _api_price,
    "utilisation": _utilisation,
}
