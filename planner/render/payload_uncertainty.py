"""How sure the answer is, in the units of each input."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Literal, NamedTuple

from planner.decision import Evaluated, Recommendation
from planner.decision.uncertainty import Range, Spread, Swing, Uncertainty
from planner.decision.uncertainty.arm_cost import price_inputs
from planner.decision.uncertainty.pace import throughput_input
from planner.decision.uncertainty.spreads import lognormal_band, quantile
from planner.money import usd_from_float
from planner.render.numbers import significant
from planner.render.payload_flips import blended_api_price, flip_views

__all__ = [
    "ArmRangeView",
    "FirstFlipView",
    "LastingView",
    "MoneyRange",
    "SpreadView",
    "SwingView",
    "UncertaintyView",
    "uncertainty_view",
]

_SEARCHED = "1/20 to 20 times (growth factor: 1/1.25 to 1.25)"


class MoneyRange(NamedTuple):
    """The 10th, 50th and 90th percentile of the draws."""

    p10: Decimal
    p50: Decimal
    p90: Decimal


class ArmRangeView(NamedTuple):
    """A feasible option over the draws; ``missed_share`` of its requests pass the fixed fleet."""

    option: str
    monthly_cost_usd: MoneyRange
    missed_share: float
    draws_over_capacity_share: float


class LastingView(NamedTuple):
    """The lasting break-even volume over the draws; null where too many draws have none."""

    p10_requests_per_month: int | None
    p50_requests_per_month: int | None
    p90_requests_per_month: int | None
    exists_share: float


class SwingView(NamedTuple):
    """One input moved alone; ``now``, ``at_*`` are in ``unit``, factors multiples of ``now``.

    ``flip_factor`` is the multiple at which both options cost the same; null: never in the range
    ``searched``. ``flip_probability`` is that of its lying at or beyond it.
    """

    input: str
    of: str | None
    unit: str | None
    now: Decimal | None
    at_p10: Decimal | None
    at_p90: Decimal | None
    p10_factor: float
    p90_factor: float
    saving_at_p10_monthly_usd: Decimal
    saving_at_p90_monthly_usd: Decimal
    swing_monthly_usd: Decimal
    flip_factor: float | None
    at_flip: Decimal | None
    flip_probability: float | None
    searched: str


class FirstFlipView(NamedTuple):
    """The input that moves the saving most among those that can change the answer alone.

    ``fleets`` tells whether hardware is chosen anew for the moved input, as in ``flips``, or kept
    as planned, for inputs that ``flips`` does not have. ``to_option`` is the cheapest then.
    """

    input: str
    of: str | None
    unit: str | None
    now: Decimal | None
    at_flip: Decimal | None
    factor: float
    probability: float | None
    to_option: str | None
    fleets: Literal["chosen anew", "as planned"]


class SpreadView(NamedTuple):
    """What an input was taken to be uncertain by, and why; factors hold 80 % between them."""

    input: str
    p10_factor: float
    p90_factor: float
    basis: str
    source: str
    observed: date | None


class UncertaintyView(NamedTuple):
    """How sure the choice is against ``rival``; saving is what the choice saves a month."""

    draws: int
    seed: int
    choice: str
    rival: str | None
    verdict: str | None
    p_choice_cheaper: float | None
    p_selfhost_cheaper: float | None
    p_standard_error: float | None
    saving_expected_monthly_usd: Decimal | None
    saving_monthly_usd: MoneyRange | None
    arms: tuple[ArmRangeView, ...]
    lasting: LastingView | None
    swings: tuple[SwingView, ...]
    first_flip: FirstFlipView | None
    spreads: tuple[SpreadView, ...]


def uncertainty_view(recommendation: Recommendation) -> UncertaintyView | None:
    """None when it was not assessed."""
    found = recommendation.uncertainty
    if found is None:
        return None
    swings = tuple(_swing(recommendation, each) for each in found.swings)
    lasting = found.lasting
    return UncertaintyView(
        draws=found.draws,
        seed=found.seed,
        choice=found.choice,
        rival=found.rival,
        verdict=found.verdict,
        p_choice_cheaper=found.p_choice_cheaper,
        p_selfhost_cheaper=found.p_selfhost_cheaper,
        p_standard_error=_short(found.p_error),
        saving_expected_monthly_usd=found.saving_point_usd,
        saving_monthly_usd=None if found.saving is None else _range(found.saving),
        arms=tuple(
            ArmRangeView(
                option=each.name,
                monthly_cost_usd=_range(each.monthly_usd),
                missed_share=_six(each.missed_share),
                draws_over_capacity_share=each.short_draws_share,
            )
            for each in found.arms
        ),
        lasting=None
        if lasting is None
        else LastingView(lasting.p10, lasting.p50, lasting.p90, lasting.exists_share),
        swings=swings,
        first_flip=_first_flip(recommendation, swings),
        spreads=_spreads(found),
    )


def _first_flip(
    recommendation: Recommendation, swings: Sequence[SwingView]
) -> FirstFlipView | None:
    """By swing; where hardware can be chosen anew, the flip that allows for it counts."""
    anew = {
        "throughput" if v.input == "capacity" else v.input: v for v in flip_views(recommendation)
    }
    for swing in swings:
        flip = anew.get(swing.input)
        if flip is not None and flip.factor is not None:
            return FirstFlipView(
                input=swing.input,
                of=flip.of,
                unit=flip.unit,
                now=flip.now,
                at_flip=flip.at_flip,
                factor=flip.factor,
                probability=flip.probability,
                to_option=flip.to_option,
                fleets="chosen anew",
            )
        if flip is None and swing.flip_factor is not None:
            return FirstFlipView(
                input=swing.input,
                of=swing.of,
                unit=swing.unit,
                now=swing.now,
                at_flip=swing.at_flip,
                factor=swing.flip_factor,
                probability=swing.flip_probability,
                to_option=None
                if recommendation.uncertainty is None
                else recommendation.uncertainty.rival,
                fleets="as planned",
            )
    return None


def _range(found: Range) -> MoneyRange:
    return MoneyRange(_nine(found.p10), _nine(found.p50), _nine(found.p90))


def _nine(usd: Decimal) -> Decimal:
    """Nine significant digits: what lies beyond is the machine's."""
    return significant(usd, 9)


def _six(value: float) -> float:
    """Six significant digits: the last bits of a float depend on the machine."""
    return float(f"{value:.6g}")


def _short(value: float | None) -> float | None:
    return None if value is None else _six(value)


def _spreads(found: Uncertainty) -> tuple[SpreadView, ...]:
    return tuple(
        SpreadView(
            input=name,
            p10_factor=_six(quantile(spread, 0.1)),
            p90_factor=_six(quantile(spread, 0.9)),
            basis=spread.basis,
            source=spread.source or "taken as given",
            observed=spread.observed,
        )
        for name, spread in found.spreads
    )


# --- Inputs in their units ---------------------------------------------------------------------


def _swing(recommendation: Recommendation, swing: Swing) -> SwingView:
    now, unit = _now(recommendation, swing)

    def value(factor: float | None) -> Decimal | None:
        if now is None or factor is None:
            return None
        if swing.input == "growth":
            return significant((1 + now) * usd_from_float(factor) - 1, 6)
        return significant(now * usd_from_float(factor), 6)

    spread: Spread = swing.spread
    return SwingView(
        input=swing.input,
        of=swing.of or None,
        unit=unit,
        now=None if now is None else significant(now, 6),
        at_p10=value(swing.at_p10),
        at_p90=value(swing.at_p90),
        p10_factor=_six(quantile(spread, 0.1)),
        p90_factor=_six(quantile(spread, 0.9)),
        saving_at_p10_monthly_usd=_nine(swing.saving_p10_usd),
        saving_at_p90_monthly_usd=_nine(swing.saving_p90_usd),
        swing_monthly_usd=_nine(swing.swing_usd),
        flip_factor=_short(swing.flip),
        at_flip=value(swing.flip),
        flip_probability=_short(swing.flip_probability),
        searched=_SEARCHED,
    )


def _now(recommendation: Recommendation, swing: Swing) -> tuple[Decimal | None, str | None]:
    """Today's value of an input and its unit; None for one that has no single value."""
    demand = recommendation.demand
    match swing.input:
        case "volume":
            return demand.requests_per_month, "requests per month"
        case "growth":
            return demand.growth_per_month, "growth per month"
        case "input_tokens":
            return demand.input_tokens.mean, "input tokens per request"
        case "output_tokens":
            return demand.output_tokens.mean, "output tokens per request"
        case "peak":
            return usd_from_float(demand.peak_to_mean), "busiest hour ÷ mean"
        case "labour":
            return _labour_usd(recommendation), "USD per month"
        case "throughput":
            return _throughput(recommendation, swing.of)
        case "api_price":
            return _api_price(recommendation, swing.of), "USD per 1M tokens"
        case "gpu_price" | "spot_price":
            return _machine_price(recommendation, swing)
        case _:
            return None, None


def _pair(recommendation: Recommendation) -> list[Evaluated]:
    both = (recommendation.chosen, recommendation.runner_up)
    return [each for each in both if each is not None]


def _labour_usd(recommendation: Recommendation) -> Decimal | None:
    """Labour of the choice, else of its rival; None when neither has any."""
    for evaluated in _pair(recommendation):
        lines = evaluated.mean.lines
        total = sum(
            (a.usd for a in lines if a.usd is not None and a.line.driver == "labour"), Decimal(0)
        )
        if total:
            return total
    return None


def _throughput(recommendation: Recommendation, of: str) -> tuple[Decimal | None, str | None]:
    """The median of the serving answer's band."""
    for evaluated in _pair(recommendation):
        option = evaluated.option
        if throughput_input(option) != f"throughput:{of}" or option.serving is None:
            continue
        capacity = option.serving.capacity
        if capacity is None:
            continue
        median, _ = lognormal_band(capacity.low_rps, capacity.high_rps)
        return usd_from_float(median), "requests per s and replica"
    return None, None


def _api_price(recommendation: Recommendation, provider: str) -> Decimal | None:
    """What the tokens of an option of this provider cost on average."""
    for evaluated in _pair(recommendation):
        option = evaluated.option
        if option.is_api and provider in (option.provider_of_capacity, option.name):
            tokens = recommendation.demand.tokens_per_request
            return blended_api_price(evaluated.months[0], tokens)
    return None


def _machine_price(
    recommendation: Recommendation, swing: Swing
) -> tuple[Decimal | None, str | None]:
    """The hourly price of the instances, or all that is quoted of an option priced by hand."""
    name = ":".join((swing.input, swing.of)).rstrip(":")
    for evaluated in _pair(recommendation):
        quoted = Decimal(0)
        for amount in evaluated.months[0].lines:
            line = amount.line
            if line.driver != "gpu_price" or amount.usd is None:
                continue
            if name not in price_inputs(evaluated.option, line):
                continue
            resource = line.resource
            if resource is not None and resource.usd_per_unit is not None:
                return resource.usd_per_unit, f"USD per {resource.unit}"
            quoted += amount.usd
        if quoted:
            return quoted, "USD per month"
    return None, None
