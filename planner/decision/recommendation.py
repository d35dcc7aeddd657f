"""Which option to choose, what stands against it, and where the answer turns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path

from planner.catalog import Catalog
from planner.costs import (
    Excluded,
    Ledger,
    Months,
    Option,
    PricingInputs,
    mean_ledger,
    monthly_ledgers,
    pricing_inputs,
)
from planner.decision.breakeven import Breakeven, breakeven
from planner.decision.flips import Flip, find_flips
from planner.decision.machines import instances_by_month, utilisation
from planner.decision.uncertainty.types import Uncertainty
from planner.demand import Demand, utc_hour_weights
from planner.levers.together import price_with_levers
from planner.scenario import Assumption, Scenario
from planner.scenario.economics import Credit

__all__ = ["Evaluated", "Recommendation", "bill_over_budget_usd", "recommend"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluated:
    """An option with its cost: month by month, and the mean month that it is ranked by.

    ``instances`` are those of the first month, None where an option has no whole units.
    """

    option: Option
    months: tuple[Ledger, ...]
    mean: Ledger
    instances: int | None
    peak_instances: int | None
    utilisation: float | None

    @property
    def monthly_cost_usd(self) -> Decimal:
        """Mean monthly total cost of ownership over the horizon."""
        return self.mean.total_usd


@dataclass(frozen=True, slots=True, kw_only=True)
class Recommendation:
    """The answer for one scenario.

    ``options`` are cheapest feasible first, then the infeasible ones in the scenario's order.
    ``chosen`` is None when nothing is feasible. ``breakeven`` is the pair that decides: the best
    API option against all self-hosted ones; ``breakevens`` has every API option's.
    ``order_uncertain`` is True when an unpriced line could change the order of the first two.
    ``uncertainty`` says how sure the choice is, None until that is assessed.
    """

    scenario: Scenario
    demand: Demand
    catalog: Catalog
    months: Months
    options: tuple[Evaluated, ...]
    chosen: Evaluated | None
    runner_up: Evaluated | None
    breakeven: Breakeven
    breakevens: tuple[Breakeven, ...]
    flips: tuple[Flip, ...]
    excluded: tuple[Excluded, ...]
    assumptions: tuple[Assumption, ...]
    order_uncertain: bool
    over_budget_usd: Decimal | None
    uncertainty: Uncertainty | None = None

    @property
    def hour_weights_utc(self) -> tuple[float, ...]:
        """The 168 hour weights in UTC for the first month."""
        return utc_hour_weights(self.demand, self.months.priced_on[0])


def recommend(
    scenario: Scenario,
    demand: Demand,
    catalog: Catalog,
    *,
    base_dir: Path = Path(),
    detail: bool = True,
) -> Recommendation:
    """Price every option, rank by mean monthly total cost, find breakeven and flips.

    ``base_dir`` is the folder that files named in the scenario are relative to. Without ``detail``
    there is no breakeven but that of the pair that decides, and no flip (portfolios).
    InputError when an API model, an instance type or a region is not known to the catalog, or a
    benchmark file of the scenario cannot be used.
    """
    inputs = pricing_inputs(scenario, demand, catalog, base_dir=base_dir, brief=not detail)
    options = price_with_levers(inputs)
    if inputs.brief and not any(option.feasible for option in options):
        # Then the answer is why: the figures of what was missed.
        options = price_with_levers(replace(inputs, brief=False))
    evaluated = [evaluate(option, inputs) for option in options]
    feasible = sorted(
        (e for e in evaluated if e.option.feasible),
        key=lambda e: (e.monthly_cost_usd, e.option.name),
    )
    chosen = feasible[0] if feasible else None
    runner_up = _runner_up(feasible)
    deciding = _deciding_api(feasible, evaluated)
    pairs = _pairs(options, evaluated if detail else deciding, inputs.months)
    main = _main_pair(pairs, deciding, evaluated)
    return Recommendation(
        scenario=scenario,
        demand=demand,
        catalog=catalog,
        months=inputs.months,
        options=(*feasible, *(e for e in evaluated if not e.option.feasible)),
        chosen=chosen,
        runner_up=runner_up,
        breakeven=main,
        breakevens=pairs,
        flips=find_flips(chosen.option, options, inputs.months, main) if chosen and detail else (),
        excluded=tuple(e for option in options for e in option.excluded),
        assumptions=(*demand.assumptions, *_assumptions(chosen, runner_up)),
        order_uncertain=_order_uncertain(chosen, feasible),
        over_budget_usd=bill_over_budget_usd(scenario, chosen),
    )


def _assumptions(*evaluated: Evaluated | None) -> tuple[Assumption, ...]:
    """Those of the options the answer is about."""
    return tuple(a for e in evaluated if e is not None for a in e.option.assumptions)


def evaluate(option: Option, inputs: PricingInputs) -> Evaluated:
    """Cost of one option over the horizon; an option without lines costs nothing yet."""
    credits: Sequence[Credit] = inputs.scenario.prices.credits
    ledgers = monthly_ledgers(option, inputs.months, credits=credits)
    volumes = inputs.months.requests
    instances = instances_by_month(option, volumes)
    return Evaluated(
        option=option,
        months=ledgers,
        mean=mean_ledger(ledgers),
        instances=None if instances is None else instances[0],
        peak_instances=None if instances is None else max(instances),
        utilisation=utilisation(option, inputs.demand, volumes),
    )


def _runner_up(feasible: Sequence[Evaluated]) -> Evaluated | None:
    """The cheapest option of another kind, else the second cheapest."""
    if len(feasible) < 2:
        return None
    api = feasible[0].option.is_api
    others = [e for e in feasible[1:] if e.option.is_api != api]
    return others[0] if others else feasible[1]


def _pairs(
    options: Sequence[Option], evaluated: Sequence[Evaluated], months: Months
) -> tuple[Breakeven, ...]:
    selfhost = [option for option in options if not option.is_api]
    apis = [e.option for e in evaluated if e.option.is_api]
    return tuple(breakeven(api, selfhost, months) for api in apis)


def _deciding_api(
    feasible: Sequence[Evaluated], evaluated: Sequence[Evaluated]
) -> tuple[Evaluated, ...]:
    """The cheapest feasible API; without one, the cheapest that is forbidden; or none."""
    for entry in feasible:
        if entry.option.is_api:
            return (entry,)
    forbidden = [e for e in evaluated if e.option.is_api]
    return (min(forbidden, key=lambda e: (e.monthly_cost_usd, e.option.name)),) if forbidden else ()


def _main_pair(
    pairs: Sequence[Breakeven], deciding: Sequence[Evaluated], evaluated: Sequence[Evaluated]
) -> Breakeven:
    by_name = {pair.api: pair for pair in pairs}
    for entry in deciding:
        return by_name[entry.option.name]
    return breakeven(None, [e.option for e in evaluated], Months(priced_on=(), requests=()))


def _order_uncertain(chosen: Evaluated | None, feasible: Sequence[Evaluated]) -> bool:
    """A floor under the choice may rise past the next; a floor under the next cannot fall."""
    if chosen is None or len(feasible) < 2:
        return chosen is not None and bool(chosen.mean.unpriced)
    return bool(chosen.mean.unpriced)


def bill_over_budget_usd(scenario: Scenario, chosen: Evaluated | None) -> Decimal | None:
    """USD a month by which the dearest month's bill passes the budget; None within it."""
    budget = scenario.budget.monthly_usd
    if budget is None or chosen is None:
        return None
    over = max(ledger.bill_usd for ledger in chosen.months) - budget
    return over if over > 0 else None
