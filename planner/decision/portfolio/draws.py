"""A choice's cost in draws that all scenarios of a portfolio have in common.

Prices and speeds are one draw for everybody, the load of a scenario is its own: costs of different
scenarios then move together as far as their prices do, and no further. Each input has a stream
made from its name, stratified into as many slices as there are draws.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING

from planner.decision.recommendation import Recommendation
from planner.decision.uncertainty.draws import World, values_at
from planner.decision.uncertainty.simulate import input_spreads, model_of
from planner.decision.uncertainty.sobol import shuffled_strata
from planner.decision.uncertainty.spreads import spreads_of

if TYPE_CHECKING:
    from planner.decision.uncertainty.draws import Floats

__all__ = ["choice_draws"]

# Inputs that are a scenario's own.
_OWN = frozenset(
    ("volume", "growth", "input_tokens", "output_tokens", "peak", "cache_hits", "labour")
)


def choice_draws(
    recommendation: Recommendation, *, draws: int, seed: int, own: str | None = None
) -> tuple[float, ...]:
    """The chosen option's USD per mean month in each draw; () without draws or a choice.

    ``own`` names the stream of the scenario's own inputs, by default its id: two sides of one
    comparison share a stream.
    """
    chosen = recommendation.chosen
    if chosen is None or draws == 0:
        return ()
    model = model_of(_deciding(recommendation))
    spreads = input_spreads(model, spreads_of(recommendation.scenario))
    columns: dict[str, Floats] = {}
    mine = own or recommendation.scenario.id
    for name, spread in sorted(spreads.items()):
        if spread.is_point:
            continue
        stream = f"{seed}:{mine}:{name}" if name in _OWN else f"{seed}:{name}"
        columns[name] = values_at(spread, _levels(draws, stream))
    arm = next(arm for arm in model.arms if arm.option.name == chosen.option.name)
    usd = model.usd(arm, model.scene(World(draws, columns)))
    return tuple(float(each) for each in usd)


def _deciding(recommendation: Recommendation) -> Recommendation:
    """With the choice alone, and the cheapest API, which takes what a fixed fleet does not hold."""
    feasible = [each for each in recommendation.options if each.option.feasible]
    api = next((each for each in feasible if each.option.is_api), None)
    kept = (each for each in feasible if each is recommendation.chosen or each is api)
    return replace(recommendation, options=tuple(kept))


@lru_cache(maxsize=64)
def _levels(draws: int, stream: str) -> Floats:
    """Of inputs in common the same for every scenario, so they are kept."""
    return shuffled_strata(draws, stream)
