"""What each factor adds to the change of cost between two scenarios: an exact Shapley split."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

from planner.catalog import Catalog
from planner.costs import Option, PricingInputs, pricing_inputs
from planner.decision.recommendation import evaluate
from planner.demand import Demand, build_demand
from planner.diff.factors import MINOR_FIRST, Factor
from planner.diff.mixing import Mixture
from planner.diff.picks import Pick
from planner.diff.shapley import shapley_values
from planner.errors import PlannerError
from planner.levers.together import price_with_levers
from planner.scenario import Scenario
from planner.scenario.economics import Prices

__all__ = ["Block", "Priced", "split"]

# 2^n sets of factors are priced. One with machines is sized and simulated, which takes a hundred
# times as long as one of an API alone.
_MOST_BLOCKS = 8
_MOST_BLOCKS_SIZED = 5

# Several factors that change together, in the order of FACTORS.
Block = tuple[Factor, ...]
# The catalog for a scenario's own prices, at the prices both sides are compared at.
Priced = Callable[[Prices], Catalog]

_FOR_DEMAND: frozenset[Factor] = frozenset[Factor](
    (
        "request volume",
        "input length",
        "output length",
        "workload trace",
        "traffic shape",
        "cache share",
        "batch and compression",
        "horizon and month length",
    )
)


@dataclass(slots=True)
class _Pricer:
    """The cost of mixtures in exact USD a month; None where one cannot be had."""

    mixture: Mixture
    priced: Priced
    demands: dict[frozenset[Factor], Demand] = field(
        default_factory=lambda: dict[frozenset[Factor], Demand]()
    )
    known: dict[frozenset[Factor], Fraction | None] = field(
        default_factory=lambda: dict[frozenset[Factor], Fraction | None]()
    )

    def cost(self, taken: frozenset[Factor]) -> Fraction | None:
        if taken not in self.known:
            self.known[taken] = self._cost(taken)
        return self.known[taken]

    def _cost(self, taken: frozenset[Factor]) -> Fraction | None:
        try:
            scenario, pick = self.mixture.scenario(taken)
            inputs = pricing_inputs(
                scenario, self._demand(scenario, taken), self.priced(scenario.prices)
            )
            option = _only(price_with_levers(inputs), pick)
            return _usd(option, inputs)
        except PlannerError:
            return None

    def _demand(self, scenario: Scenario, taken: frozenset[Factor]) -> Demand:
        key = taken & _FOR_DEMAND
        if key not in self.demands:
            self.demands[key] = build_demand(scenario, Path())
        return self.demands[key]


def _usd(option: Option | None, inputs: PricingInputs) -> Fraction | None:
    if option is None or not option.feasible:
        return None
    return Fraction(evaluate(option, inputs).monthly_cost_usd)


def _only(options: Sequence[Option], pick: Pick) -> Option | None:
    if pick.kind in ("api", "manual"):
        return next((each for each in options if each.name == pick.name), None)
    is_hybrid = pick.kind == "hybrid"
    return next(
        (each for each in options if not each.is_api and (each.arm == "hybrid") == is_hybrid), None
    )


def split(
    mixture: Mixture, priced: Priced, before_usd: Fraction, after_usd: Fraction
) -> Mapping[Block, Fraction]:
    """Parts that sum to ``after_usd`` - ``before_usd`` exactly; only factors that differ have one.

    ``before_usd`` and ``after_usd`` are the costs of the two scenarios' own choices. Factors that
    are too many, or that cannot change one without the other (a model that cannot serve the other
    scenario's lengths), are one block.
    """
    blocks = _few([(factor,) for factor in mixture.factors], mixture)
    if not blocks:
        return {}
    pricer = _Pricer(mixture, priced)
    pricer.known[frozenset[Factor]()] = before_usd
    pricer.known[frozenset(mixture.factors)] = after_usd
    for last in range(1, len(blocks) + 1):
        tried = (*blocks[: len(blocks) - last], _joined(blocks[len(blocks) - last :]))
        parts = _parts(tried, pricer)
        if parts is not None:
            return parts
    raise AssertionError("the two scenarios themselves have a cost")


def _few(blocks: Sequence[Block], mixture: Mixture) -> list[Block]:
    """At most as many as can be priced; the least told ones together, before the deployment."""
    sized = any(track.before.kind in ("selfhost", "hybrid") for track in mixture.tracks) or any(
        track.after.kind in ("selfhost", "hybrid") for track in mixture.tracks
    )
    most = _MOST_BLOCKS_SIZED if sized else _MOST_BLOCKS
    if len(blocks) <= most:
        return list(blocks)
    there = {block[0] for block in blocks}
    minor = [factor for factor in MINOR_FIRST if factor in there][: len(blocks) - most + 1]
    kept = [block for block in blocks if block[0] not in minor]
    rest = _joined([block for block in blocks if block[0] in minor])
    deployment = ("model and route mix", "switch of arm")
    place = next((i for i, block in enumerate(kept) if block[0] in deployment), len(kept))
    return [*kept[:place], rest, *kept[place:]]


def _joined(blocks: Sequence[Block]) -> Block:
    return tuple(factor for block in blocks for factor in block)


def _parts(blocks: Sequence[Block], pricer: _Pricer) -> Mapping[Block, Fraction] | None:
    """The split over these blocks; None when a mixture of them has no cost."""

    def value(chosen: int) -> Fraction:
        taken = frozenset[Factor](
            factor for place, block in enumerate(blocks) if chosen >> place & 1 for factor in block
        )
        found = pricer.cost(taken)
        if found is None:
            raise _NoCost
        return found

    try:
        values = shapley_values(len(blocks), value)
    except _NoCost:
        return None
    return dict(zip(blocks, values, strict=True))


class _NoCost(Exception):
    """A mixture that cannot be priced."""
