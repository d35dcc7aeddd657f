"""What would flip the answer, in the units of each input."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal

from planner.costs import Ledger, Option, ledger_at
from planner.decision import Evaluated, Flip, Recommendation
from planner.decision.uncertainty.spreads import probability_beyond
from planner.money import usd_from_float
from planner.render.numbers import significant
from planner.render.payload_types import FlipView
from planner.units import TOKENS_PER_MTOK

__all__ = ["blended_api_price", "flip_views"]

_RANGE = "1/20 to 20 times"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Now:
    """Today's value of an input, and the option it belongs to."""

    value: Decimal
    unit: str
    of: str


def flip_views(recommendation: Recommendation) -> tuple[FlipView, ...]:
    """One for each input, the nearest flip first."""
    return tuple(_view(recommendation, flip) for flip in recommendation.flips)


def blended_api_price(ledger: Ledger, tokens_per_request: Decimal) -> Decimal | None:
    """USD per 1M tokens that the tokens of a ledger cost on average, input and output mixed."""
    tokens = ledger.requests_per_month * tokens_per_request
    usage = ledger.category_usd("api_usage")
    if usage is None or tokens == 0:
        return None
    return significant(usage * TOKENS_PER_MTOK / tokens, 12)


def _view(recommendation: Recommendation, flip: Flip) -> FlipView:
    now = _now(recommendation, flip)
    at_flip = None
    if now is not None and flip.factor is not None:
        at_flip = significant(now.value * flip.factor, 12)
    return FlipView(
        input=flip.input,
        factor=None if flip.factor is None else float(significant(flip.factor, 12)),
        to_option=flip.to_option,
        unit=None if now is None else now.unit,
        of=None if now is None else now.of,
        now=None if now is None else significant(now.value, 12),
        at_flip=at_flip,
        searched=_RANGE,
        probability=_probability(recommendation, flip),
    )


def _probability(recommendation: Recommendation, flip: Flip) -> float | None:
    """Of the input's lying at or beyond the flip; capacity is as uncertain as throughput."""
    found = recommendation.uncertainty
    if found is None or flip.factor is None:
        return None
    kind = "throughput" if flip.input == "capacity" else flip.input
    spread = next((each.spread for each in found.swings if each.input == kind), None)
    if spread is None:
        return None
    return float(f"{probability_beyond(spread, float(flip.factor)):.6g}")


def _now(recommendation: Recommendation, flip: Flip) -> _Now | None:
    if flip.input == "volume":
        requests = recommendation.months.requests[0]
        return _Now(value=requests, unit="requests per month", of="workload")
    if flip.input == "labour":
        return _labour(recommendation)
    option = _option_of(recommendation, flip)
    if option is None:
        return None
    if flip.input == "api_price":
        return _api_price(recommendation, option)
    if flip.input == "gpu_price":
        return _gpu_price(recommendation, option)
    return _capacity(option)


def _option_of(recommendation: Recommendation, flip: Flip) -> Option | None:
    """The option an input is quoted for: the choice, else the one it flips to, else the cheapest.

    Only options of the side that has such an input count.
    """
    wants_api = flip.input == "api_price"
    for option in _candidates(recommendation, flip.to_option):
        if option.is_api == wants_api:
            return option
    return None


def _candidates(recommendation: Recommendation, to_option: str | None) -> Iterator[Option]:
    feasible = [e.option for e in recommendation.options if e.option.feasible]
    if recommendation.chosen is not None:
        yield recommendation.chosen.option
    everything = (hardware for option in feasible for hardware in (option, *option.hardware))
    yield from (option for option in everything if option.label == to_option)
    yield from feasible


def _api_price(recommendation: Recommendation, option: Option) -> _Now | None:
    ledger = ledger_at(option, recommendation.months.requests[0])
    price = blended_api_price(ledger, recommendation.demand.tokens_per_request)
    if not price:
        return None
    return _Now(value=price, unit="USD per 1M tokens", of=option.name)


def _gpu_price(recommendation: Recommendation, option: Option) -> _Now | None:
    ledger = ledger_at(option, recommendation.months.requests[0])
    scaled = [a for a in ledger.lines if a.line.driver == "gpu_price" and a.usd is not None]
    for amount in scaled:
        resource = amount.line.resource
        if resource is not None and resource.usd_per_unit is not None:
            of = f"{option.name} on {resource.price_item}"
            return _Now(value=resource.usd_per_unit, unit=f"USD per {resource.unit}", of=of)
    total = _sum(a.usd for a in scaled)
    return _Now(value=total, unit="USD per month", of=option.name) if total else None


def _capacity(option: Option) -> _Now | None:
    if option.serving is not None and option.serving.capacity is not None:
        rps = usd_from_float(option.serving.capacity.low_rps)
        return _Now(value=rps, unit="requests per s and replica", of=option.label)
    if option.fleet is not None:
        monthly = option.fleet.capacity_requests_per_month
        return _Now(value=monthly, unit="requests per month and unit", of=option.label)
    return None


def _labour(recommendation: Recommendation) -> _Now | None:
    for evaluated in (recommendation.chosen, recommendation.runner_up):
        if evaluated is not None and (total := _labour_usd(evaluated)):
            return _Now(value=total, unit="USD per month", of=evaluated.option.name)
    return None


def _labour_usd(evaluated: Evaluated) -> Decimal:
    return _sum(a.usd for a in evaluated.mean.lines if a.line.driver == "labour")


def _sum(amounts: Iterable[Decimal | None]) -> Decimal:
    return sum((usd for usd in amounts if usd is not None), Decimal(0))
