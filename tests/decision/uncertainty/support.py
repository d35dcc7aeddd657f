"""Small models of uncertain costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from planner.costs import Factors, Months, Option, monthly_ledgers
from planner.costs.ledger import AS_GIVEN
from planner.decision.uncertainty.arm_cost import ArmCost, arm_cost, scene_of
from planner.decision.uncertainty.draws import points
from planner.decision.uncertainty.length_response import NO_RESPONSE, LengthResponse
from planner.decision.uncertainty.pace import Pace, throughput_input
from planner.decision.uncertainty.simulate import ArmModel, Model
from planner.decision.uncertainty.strain import flat_misses, strain_of

__all__ = ["cost_of", "mean_usd", "model_with", "totals"]


def cost_of(option: Option, months: Months) -> ArmCost:
    return arm_cost(option, monthly_ledgers(option, months))


def totals(cost: ArmCost, months: Months, *cases: Mapping[str, float]) -> list[float]:
    """USD per mean month in each case."""
    scene = scene_of(points(cases), months.requests)
    return [float(usd) for usd in cost.total(scene)]


def mean_usd(option: Option, months: Months, factors: Factors = AS_GIVEN) -> float:
    """The same from the ledgers, worked out anew."""
    ledgers = monthly_ledgers(option, months, factors=factors)
    return float(sum(each.total_usd for each in ledgers) / len(ledgers))


def model_with(
    options: Sequence[Option], months: Months, response: LengthResponse = NO_RESPONSE
) -> Model:
    """All options; machines are priced at $1,000 an instance where that matters."""
    arms = tuple(
        ArmModel(
            option=option,
            cost=cost_of(option, months),
            strain=strain_of(
                option,
                months.requests,
                misses=flat_misses,
                pace=Pace(speed=throughput_input(option), response=response, follows_peak=False),
                instance_usd=1000.0,
                price_inputs=(),
            ),
        )
        for option in options
    )
    backstop = next((arm.cost for arm in arms if arm.option.is_api), None)
    return Model(requests=months.requests, arms=arms, backstop=backstop)
