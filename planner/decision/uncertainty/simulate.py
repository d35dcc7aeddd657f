"""All options in the same cases: their costs, and what the choice saves against its rival."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING

from planner.costs import Option, PerInstance
from planner.decision.uncertainty.arm_cost import ArmCost, Scene, arm_cost, price_inputs, scene_of
from planner.decision.uncertainty.draws import World
from planner.decision.uncertainty.hybrid_shares import hybrid_shares
from planner.decision.uncertainty.length_response import (
    NO_RESPONSE,
    LengthResponse,
    length_response,
)
from planner.decision.uncertainty.pace import Pace, throughput_input
from planner.decision.uncertainty.spreads import ZERO_SPREAD, capacity_spread
from planner.decision.uncertainty.strain import MissCurve, Strain, strain_of, week_misses
from planner.decision.uncertainty.types import ArmRange, Range, Spread
from planner.money import usd_from_float

if TYPE_CHECKING:
    from planner.decision.recommendation import Evaluated, Recommendation
    from planner.decision.uncertainty.draws import Floats

__all__ = ["ArmModel", "Model", "Outcome", "input_spreads", "model_of", "outcome_of", "range_of"]

# A percentile is averaged over this share of the draws on either side.
_SMOOTHED = 0.02
# Inputs that every scenario has.
_COMMON = ("volume", "growth", "input_tokens", "output_tokens", "peak", "cache_hits", "labour")


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmModel:
    """An option as a function of the uncertain inputs."""

    option: Option
    cost: ArmCost
    strain: Strain | None

    def inputs(self) -> set[str]:
        """The prices and speeds that it depends on."""
        cost = self.cost
        parts = (*cost.fixed, *(r.prices for r in cost.rates), *(c.prices for c in cost.curves))
        found = {name for prices in parts for name in prices}
        if self.strain is not None:
            found.add(self.strain.pace.speed)
        if cost.follows_pace and cost.pace is not None:
            found.add(cost.pace.speed)
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """The feasible options of a scenario; ``backstop`` is the cheapest API that may be used.

    Requests that a fixed fleet does not hold go to it, so that every option serves the same
    requests; without one they cost as much as own capacity fully used.
    """

    requests: tuple[Decimal, ...]
    arms: tuple[ArmModel, ...]
    backstop: ArmCost | None

    def scene(self, world: World) -> Scene:
        """The cases of ``world`` over this scenario's months."""
        return scene_of(world, self.requests)

    def usd(self, arm: ArmModel, scene: Scene) -> Floats:
        """USD per mean month of one option in each case."""
        return self.usd_and_missed(arm, scene)[0]

    def usd_and_missed(self, arm: ArmModel, scene: Scene) -> tuple[Floats, Floats | None]:
        """As ``usd``, with the share of requests beyond the fleet; None when no case has any."""
        total = arm.cost.total(scene)
        if arm.strain is None:
            return total, None
        missed = arm.strain.missed(scene)
        if missed is None:
            return total, None
        requests = (missed * scene.volumes).mean(axis=1)
        total = total + requests * self._usd_per_missed(arm.strain, scene)
        return total, requests / scene.volumes.mean(axis=1)

    def _usd_per_missed(self, strain: Strain, scene: Scene) -> Floats | float:
        if self.backstop is not None:
            return self.backstop.following(scene) / scene.volumes.mean(axis=1)
        return strain.usd_per_request * scene.price(strain.price_inputs)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One option over the draws."""

    model: ArmModel
    usd: Floats
    missed: Floats | None

    def range(self) -> ArmRange:
        """Its percentiles."""
        missed = self.missed
        return ArmRange(
            name=self.model.option.name,
            label=self.model.option.label,
            monthly_usd=range_of(self.usd),
            missed_share=0.0 if missed is None else float(missed.mean()),
            short_draws_share=0.0 if missed is None else float((missed > 0.0).mean()),
        )


def outcome_of(model: Model, arm: ArmModel, scene: Scene) -> Outcome:
    """One option in all cases."""
    usd, missed = model.usd_and_missed(arm, scene)
    return Outcome(model=arm, usd=usd, missed=missed)


def range_of(values: Floats) -> Range:
    """The 10th, 50th and 90th percentile in USD.

    Each is the mean of the draws from two points below it to two above: half the noise of a
    single one from seed to seed, and a bias below 0.3 % of the standard deviation.
    """
    import numpy as np

    ordered = np.sort(values)
    found = [usd_from_float(_around(ordered, level)) for level in (0.1, 0.5, 0.9)]
    return Range(p10=found[0], p50=found[1], p90=found[2])


def _around(ordered: Floats, level: float) -> float:
    count = len(ordered)
    first = min(int((level - _SMOOTHED) * count), count - 1)
    last = max(int((level + _SMOOTHED) * count), first + 1)
    return float(ordered[first:last].mean())


# --- From a recommendation ---------------------------------------------------------------------


def model_of(recommendation: Recommendation) -> Model:
    """Every feasible option as a function of the uncertain inputs."""
    demand = recommendation.demand
    misses = cache(lambda: week_misses(demand))
    responses: dict[str, LengthResponse] = {}
    arms: list[ArmModel] = []
    for each in recommendation.options:
        option = each.option
        if not option.feasible:
            continue
        key = throughput_input(option)
        if option.serving is not None and key not in responses:
            responses[key] = length_response(option, demand, recommendation.scenario.slo)
        pace = Pace(
            speed=key,
            response=responses.get(key, NO_RESPONSE),
            # The base of a hybrid is sized by what pays, not by the peak.
            follows_peak=option.serving is not None and option.hybrid is None,
        )
        arms.append(_arm_model(recommendation, each, pace, misses))
    backstop = next((arm.cost for arm in arms if arm.option.is_api), None)
    return Model(requests=recommendation.months.requests, arms=tuple(arms), backstop=backstop)


def _arm_model(
    recommendation: Recommendation,
    evaluated: Evaluated,
    pace: Pace,
    misses: Callable[[], MissCurve],
) -> ArmModel:
    option, requests = evaluated.option, recommendation.months.requests
    usd, prices = _one_instance(evaluated)
    strain = None
    # Where the number of machines follows the load, the load finds machines.
    if option.hourly is None:
        strain = strain_of(
            option, requests, misses=misses, pace=pace, instance_usd=usd, price_inputs=prices
        )
    hybrid = None
    if option.hybrid is not None:
        hybrid = hybrid_shares(option, option.hybrid, requests, pace)
    cost = arm_cost(option, evaluated.months, pace=pace, hybrid=hybrid)
    return ArmModel(option=option, cost=cost, strain=strain)


def _one_instance(evaluated: Evaluated) -> tuple[float, tuple[str, ...]]:
    """A month of one instance in USD, and the prices it scales with."""
    usd, prices = 0.0, ()
    for amount in evaluated.months[0].lines:
        if isinstance(amount.line.term, PerInstance):
            usd += float(amount.line.term.monthly_usd_per_instance)
            prices = price_inputs(evaluated.option, amount.line) or prices
    return usd, prices


def input_spreads(model: Model, spreads: Mapping[str, Spread]) -> dict[str, Spread]:
    """The spread of every input of the model, by name.

    A provider's token prices move together, on-demand prices too. What is committed or quoted is
    a contract: it does not vary. Throughput has the band of each candidate's own answer unless
    ``spreads`` has one.
    """
    found = {name: spreads.get(name, ZERO_SPREAD) for name in _COMMON}
    for arm in model.arms:
        for name in sorted(arm.inputs()):
            kind, _, of = name.partition(":")
            if kind == "throughput":
                found[name] = spreads.get(kind) or capacity_spread(arm.option)
            elif kind == "gpu_price" and of != "on_demand":
                found[name] = ZERO_SPREAD
            else:
                found[name] = spreads.get(kind, ZERO_SPREAD)
    return found
