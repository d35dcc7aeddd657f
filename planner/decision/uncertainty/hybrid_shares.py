"""Which share of a hybrid's requests goes to the API when the load is not the planned one."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from planner.costs import Option
from planner.costs.hybrid_base import BasePlan, HybridBase
from planner.decision.uncertainty.pace import Pace
from planner.decision.uncertainty.week_overflow import week_shares

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from planner.decision.uncertainty.arm_cost import Scene

    Floats = NDArray[np.float64]

__all__ = ["HybridShares", "hybrid_shares"]

# Loads relative to the planned ones, at which the week is worked through: closer around 1.
_FARTHEST, _STEPS = 40.0, 80
_ONE = Decimal(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Curve:
    """Shares over the monthly volume that the planned capacity would have to serve."""

    months: list[int]
    volumes: Floats
    shares: Mapping[str, Floats]


@dataclass(frozen=True, slots=True, kw_only=True)
class HybridShares:
    """The fixed plan of a hybrid: instances of each month, and what they leave to the API."""

    curves: tuple[_Curve, ...]
    months: int
    pace: Pace

    def of(self, scene: Scene) -> dict[str, Floats]:
        """By part of the requests, the share that goes to the API in each case and month.

        Slower replicas leave as much as a load that is higher by as much.
        """
        import numpy as np

        pace = np.reshape(np.asarray(self.pace.factor(scene.world)), (-1, 1))
        asked = scene.volumes / pace
        found = {
            part: np.zeros((scene.world.rows, self.months))
            for part in ("interactive", "deferrable", "all")
        }
        for curve in self.curves:
            for part, shares in found.items():
                shares[:, curve.months] = np.interp(
                    asked[:, curve.months], curve.volumes, curve.shares[part]
                )
        return found


def hybrid_shares(
    option: Option, base: HybridBase, requests: Sequence[Decimal], pace: Pace
) -> HybridShares:
    """The plan of ``option`` for months with these volumes."""
    groups: dict[tuple[int, ...], list[int]] = {}
    plans = _plans(option, base, requests)
    for month, plan in enumerate(plans):
        groups.setdefault(plan.instances, []).append(month)
    return HybridShares(
        curves=tuple(_curve(base, plans, requests, months) for months in groups.values()),
        months=len(requests),
        pace=pace,
    )


def _plans(option: Option, base: HybridBase, requests: Sequence[Decimal]) -> list[BasePlan]:
    if option.purchases is None:
        return [base.plan(each) for each in requests]
    bought = option.purchases.of_months(requests, _ONE)
    return [base.plan_bought(each, volume) for each, volume in zip(bought, requests, strict=True)]


def _curve(
    base: HybridBase, plans: Sequence[BasePlan], requests: Sequence[Decimal], months: list[int]
) -> _Curve:
    """Shares over volume, exact where the months themselves lie."""
    import numpy as np

    planned = {float(requests[month]): plans[month] for month in months}
    steps = np.linspace(-1.0, 1.0, 2 * _STEPS + 1)
    ratios = _FARTHEST ** (np.sign(steps) * steps**2)
    middle = math.exp(sum(math.log(volume) for volume in planned) / len(planned))
    volumes = np.unique(np.concatenate((ratios * middle, np.array(list(planned)))))
    rates = np.array([base.mean_rps(Decimal(1)) * volume for volume in volumes])
    instances = np.array(plans[months[0]].instances, dtype=np.float64)
    found = week_shares(base.week, instances, base.instance_rps / rates)
    shares = {
        "interactive": found.interactive,
        "deferrable": found.deferrable,
        "all": found.everything,
    }
    for volume, plan in planned.items():
        place = int(np.argmin(np.abs(volumes - volume)))
        shares["interactive"][place] = float(plan.interactive_overflow_share)
        shares["deferrable"][place] = float(plan.deferrable_overflow_share)
        shares["all"][place] = float(plan.overflow_share)
    return _Curve(months=months, volumes=volumes, shares=shares)
