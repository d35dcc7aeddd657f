"""What a fixed fleet misses when the load is higher or the replicas slower than planned."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from planner.costs import Option
from planner.costs.load_duration import week_load
from planner.decision.uncertainty.arm_cost import Scene
from planner.decision.uncertainty.pace import Pace
from planner.decision.uncertainty.spreads import lognormal_band
from planner.decision.uncertainty.week_overflow import week_shares
from planner.demand import Demand, capacity_needed_rps

if TYPE_CHECKING:
    from planner.decision.uncertainty.draws import Floats

__all__ = ["MissCurve", "Strain", "flat_misses", "strain_of", "week_misses"]

# Shares of what the sizing rule asks for, at which the week is worked through.
_RATIOS = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 1.0)


@dataclass(frozen=True, slots=True)
class MissCurve:
    """Share of requests missed over the capacity had ÷ the capacity that the sizing rule asks for.

    From ``ratios`` ascending to 1, where it is 0; below the first it runs on to 1 at 0.
    """

    ratios: tuple[float, ...]
    shares: tuple[float, ...]

    def at(self, ratio: Floats) -> Floats:
        """The share missed for each ratio; none from 1 up."""
        import numpy as np

        return np.interp(ratio, (0.0, *self.ratios), (1.0, *self.shares))


def flat_misses() -> MissCurve:
    """Of a capacity stated for a month as a whole: what is above it."""
    return MissCurve((1.0,), (0.0,))


def week_misses(demand: Demand) -> MissCurve:
    """Of the week's load with its bursts, less what the sizing rule itself accepts."""
    import numpy as np

    week = week_load(demand)
    needed = capacity_needed_rps(demand, demand.requests_per_month) / demand.mean_rps
    shares = week_shares(week, np.ones(week.hours), needed * np.array(_RATIOS)).everything
    return MissCurve(_RATIOS, tuple(float(v) for v in np.maximum(shares - shares[-1], 0.0)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Strain:
    """The fixed fleet of one option.

    ``holds`` are the requests a month that it is sized to hold, by month; ``margin`` what the
    median capacity of a replica is over the one it is sized on; ``misses`` is asked only when some
    case needs it; ``usd_per_request`` is what own capacity costs when fully used.
    """

    holds: tuple[float, ...]
    margin: float
    pace: Pace
    misses: Callable[[], MissCurve]
    usd_per_request: float
    price_inputs: tuple[str, ...]

    def missed(self, scene: Scene) -> Floats | None:
        """Share of the requests of each case and month that the fleet does not hold; None when
        it holds them all.
        """
        import numpy as np

        capacity = self.margin * self.pace.factor(scene.world)
        column = np.reshape(np.asarray(capacity), (-1, 1))
        ratios = np.array(self.holds) * column / scene.volumes
        return self.misses().at(ratios) if (ratios < 1.0).any() else None


def strain_of(
    option: Option,
    requests: Sequence[Decimal],
    *,
    misses: Callable[[], MissCurve],
    pace: Pace,
    instance_usd: float,
    price_inputs: tuple[str, ...],
) -> Strain | None:
    """None for an option without a fleet. ``instance_usd`` is a month of one instance, which
    ``price_inputs`` scale; ``misses`` that of a modelled service.
    """
    fleet = option.fleet
    if fleet is None:
        return None
    capacity = None if option.serving is None else option.serving.capacity
    margin = 1.0
    if capacity is not None and capacity.low_rps > 0:
        margin = lognormal_band(capacity.low_rps, capacity.high_rps)[0] / capacity.low_rps
    one = float(fleet.capacity_requests_per_month)
    return Strain(
        holds=tuple(fleet.replicas(each) * one for each in requests),
        margin=margin,
        pace=pace,
        misses=misses if capacity is not None else flat_misses,
        usd_per_request=instance_usd / (one * fleet.replicas_per_instance),
        price_inputs=price_inputs,
    )
