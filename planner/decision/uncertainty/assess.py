"""How sure a recommendation is: draws, percentiles, probabilities, and what would flip it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from planner.costs import CachedTokens
from planner.decision.uncertainty.draws import World, drawn
from planner.decision.uncertainty.lasting import deciding_hardware, lasting_range, lasting_volumes
from planner.decision.uncertainty.length_response import NO_RESPONSE
from planner.decision.uncertainty.pace import throughput_input
from planner.decision.uncertainty.simulate import (
    ArmModel,
    Model,
    Outcome,
    input_spreads,
    model_of,
    outcome_of,
    range_of,
)
from planner.decision.uncertainty.spreads import capacity_spread, spreads_of
from planner.decision.uncertainty.tornado import tornado
from planner.decision.uncertainty.types import LastingRange, Spread, Swing, Uncertainty
from planner.decision.uncertainty.verdict import verdict_word

if TYPE_CHECKING:
    from planner.decision.recommendation import Recommendation
    from planner.decision.uncertainty.draws import Floats

__all__ = ["DEFAULT_DRAWS", "DEFAULT_SEED", "PORTFOLIO_DRAWS", "assess", "with_uncertainty"]

DEFAULT_DRAWS = 2_000
PORTFOLIO_DRAWS = 500
DEFAULT_SEED = 1


def with_uncertainty(
    recommendation: Recommendation,
    *,
    draws: int = DEFAULT_DRAWS,
    seed: int = DEFAULT_SEED,
    detail: bool = True,
) -> Recommendation:
    """``recommendation`` with how sure it is; as it was with 0 draws or without a choice.

    ``detail`` as in ``assess``.
    """
    if draws == 0 or recommendation.chosen is None:
        return recommendation
    found = assess(recommendation, draws=draws, seed=seed, detail=detail)
    return replace(recommendation, uncertainty=found)


def assess(
    recommendation: Recommendation,
    *,
    draws: int = DEFAULT_DRAWS,
    seed: int = DEFAULT_SEED,
    spreads: Mapping[str, Spread] | None = None,
    detail: bool = True,
) -> Uncertainty:
    """How sure the choice is; ValueError when there is none.

    ``spreads`` by kind of input stand for the scenario's and the shipped ones; what they lack
    does not vary. Without ``detail`` there is no tornado, no lasting volume and no option but the
    choice and its rival (portfolios).
    """
    chosen, rival = recommendation.chosen, recommendation.runner_up
    if chosen is None:
        raise ValueError("a recommendation without a choice has nothing to be sure of")
    model = model_of(recommendation)
    given = spreads_of(recommendation.scenario) if spreads is None else spreads
    inputs = input_spreads(model, given)
    scene = model.scene(drawn(inputs, draws=draws, seed=seed))
    pair = [each.option.name for each in (chosen, rival) if each is not None]
    outcomes = {
        arm.option.name: outcome_of(model, arm, scene)
        for arm in model.arms
        if detail or arm.option.name in pair
    }
    own = outcomes[chosen.option.name]
    other = None if rival is None else outcomes[rival.option.name]
    saving = None if other is None else other.usd - own.usd
    p_choice = None if saving is None else _share_from_zero(saving)
    return Uncertainty(
        draws=scene.world.rows,
        seed=seed,
        choice=chosen.option.name,
        rival=None if rival is None else rival.option.name,
        arms=tuple(outcome.range() for outcome in outcomes.values()),
        saving=None if saving is None else range_of(saving),
        saving_point_usd=None
        if rival is None
        else rival.monthly_cost_usd - chosen.monthly_cost_usd,
        p_choice_cheaper=p_choice,
        p_selfhost_cheaper=None if other is None else _p_selfhost(own, other),
        p_error=None if p_choice is None else _sampling_error(p_choice, scene.world.rows),
        verdict=None if p_choice is None else verdict_word(p_choice),
        lasting=_lasting(recommendation, model, given, draws, seed) if detail else None,
        swings=_swings(model, own, other, inputs) if detail and other is not None else (),
        spreads=tuple(sorted(inputs.items())),
    )


def _share_from_zero(saving: Floats) -> float:
    return float((saving >= 0.0).mean())


def _sampling_error(probability: float, draws: int) -> float:
    """Standard error of a share of independent draws: sqrt(p(1 - p) ÷ n)."""
    return math.sqrt(probability * (1.0 - probability) / draws)


def _p_selfhost(own: Outcome, other: Outcome) -> float | None:
    """Share of draws in which self-hosting costs no more; None unless it is one against an API."""
    api, machines = (own, other) if own.model.option.is_api else (other, own)
    hosted = machines.model.option
    if not api.model.option.is_api or hosted.is_api or hosted.arm == "hybrid":
        return None
    return _share_from_zero(api.usd - machines.usd)


# --- Tornado -----------------------------------------------------------------------------------


def _swings(
    model: Model, own: Outcome, other: Outcome, inputs: Mapping[str, Spread]
) -> tuple[Swing, ...]:
    concerned = _relevant(model, (own.model, other.model))

    def saving(world: World) -> Floats:
        scene = model.scene(world)
        return model.usd(other.model, scene) - model.usd(own.model, scene)

    return tornado(saving, {name: inputs[name] for name in concerned})


def _relevant(model: Model, pair: tuple[ArmModel, ArmModel]) -> list[str]:
    """Inputs that can move either of two options."""
    names = {"volume", "input_tokens", "output_tokens", *(n for arm in pair for n in arm.inputs())}
    if len(model.requests) > 1:
        names.add("growth")
    if any(arm.strain is not None or arm.cost.follows_pace for arm in pair):
        names.add("peak")
    if any(isinstance(c.term, CachedTokens) for arm in pair for c in arm.cost.curves):
        names.add("cache_hits")
    return sorted(names)


# --- Lasting break-even ------------------------------------------------------------------------


def _lasting(
    recommendation: Recommendation,
    model: Model,
    spreads: Mapping[str, Spread],
    draws: int,
    seed: int,
) -> LastingRange | None:
    """Of the pair that decides; None when there is no such pair."""
    pair = recommendation.breakeven
    if pair.status == "not_applicable":
        return None
    api = next((e.option for e in recommendation.options if e.option.name == pair.api), None)
    hardware = [
        each
        for evaluated in recommendation.options
        if not evaluated.option.is_api
        for each in evaluated.option.hardware
    ]
    if api is None:
        return None
    around = float(pair.lasting_requests_per_month or recommendation.months.requests[0])
    still = model.scene(World(1, {}))
    deciding = deciding_hardware(api, hardware, still, around=around)
    inputs = input_spreads(model, spreads)
    for each in deciding:
        inputs[throughput_input(each)] = spreads.get("throughput") or capacity_spread(each)
    response = next(
        (a.strain.pace.response for a in model.arms if a.strain is not None), NO_RESPONSE
    )
    scene = model.scene(drawn(inputs, draws=draws, seed=seed))
    volumes = lasting_volumes(api, deciding, scene, response, around=around)
    base = lasting_volumes(api, deciding, still, response, around=around)
    return lasting_range(volumes, float(base[0]), pair.lasting_requests_per_month)
