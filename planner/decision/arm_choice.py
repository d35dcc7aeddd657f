"""The same comparison with another arm taken than the cheapest."""

from __future__ import annotations

from dataclasses import replace

from planner.decision.recommendation import Recommendation, bill_over_budget_usd
from planner.errors import GateFailed, InputError

__all__ = ["for_arm"]


def for_arm(recommendation: Recommendation, arm: str) -> Recommendation:
    """``recommendation`` with the cheapest feasible option of ``arm`` as the choice.

    The runner-up is then the cheapest option of all. Flips are left out: they tell when the
    cheapest option stops being so. InputError when the scenario has no such arm, GateFailed when
    none of its options is feasible.
    """
    of_arm = [e for e in recommendation.options if e.option.arm == arm]
    if not of_arm:
        known = sorted({e.option.arm for e in recommendation.options})
        raise InputError(f"no option of the scenario is `{arm}`; it has {', '.join(known)}")
    chosen = next((e for e in of_arm if e.option.feasible), None)
    if chosen is None:
        reasons = "; ".join(f"{e.option.name}: {e.option.reason}" for e in of_arm)
        raise GateFailed(f"no option of `{arm}` is feasible: {reasons}")
    if chosen is recommendation.chosen:
        return recommendation
    cheapest = recommendation.chosen
    compared = (chosen,) if cheapest is None else (chosen, cheapest)
    return replace(
        recommendation,
        chosen=chosen,
        runner_up=cheapest,
        assumptions=(
            *recommendation.demand.assumptions,
            *(each for one in compared for each in one.option.assumptions),
        ),
        flips=(),
        order_uncertain=bool(chosen.mean.unpriced),
        over_budget_usd=bill_over_budget_usd(recommendation.scenario, chosen),
    )
