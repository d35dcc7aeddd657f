"""The lasting break-even volume in many cases at once.

The same question as ``planner.decision.breakeven`` at the first month's prices, with prices,
lengths and capacities moved. Curved costs are taken as straight around the volume that decides;
the answer is anchored on the exact one, so that with nothing moved it is that.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from planner.costs import (
    AboveFloor,
    CostLine,
    Fixed,
    Fleet,
    HourlyTerm,
    Option,
    PerInstance,
    PerRequest,
)
from planner.decision.uncertainty.arm_cost import Scene, price_inputs
from planner.decision.uncertainty.length_response import NO_RESPONSE, LengthResponse
from planner.decision.uncertainty.pace import Pace, throughput_input
from planner.decision.uncertainty.types import LastingRange
from planner.money import usd_from_float

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from planner.decision.uncertainty.draws import Floats

    Places = NDArray[np.intp]

__all__ = ["deciding_hardware", "lasting_range", "lasting_volumes"]

# Hardware beyond the most promising few does not join the ranges that begin to last.
_CANDIDATES = 6
# Requests a month of a replica where capacity is not stated: nobody buys more.
_WITHOUT_END = Decimal(10**15)
# Joined ranges won by different hardware; further ones move the volume by less than a step.
_MOST_JOINS = 40


@dataclass(frozen=True, slots=True)
class _Line:
    """An option's first month around one volume, in USD: a + b x requests + c x instances."""

    steady: Floats
    per_request: Floats
    per_instance: Floats


def lasting_volumes(
    api: Option,
    hardware: Sequence[Option],
    scene: Scene,
    response: LengthResponse,
    *,
    around: float,
) -> Floats:
    """Requests a month from which self-hosting stays cheaper in each case; infinite without one.

    ``around`` is the volume at which curved costs are made straight. ``response`` is what lengths
    do to capacity, ``scene`` has the cases; its volumes are not used.
    """
    import numpy as np

    if not hardware:
        return np.full(scene.world.rows, np.inf)
    rival = _line(api, scene, around)
    sides = [_Side.of(each, scene, response, rival, around) for each in hardware]
    return _joined(np.array([side.alone() for side in sides]).min(axis=0), sides)[0]


def deciding_hardware(
    api: Option, hardware: Sequence[Option], still: Scene, *, around: float
) -> list[Option]:
    """The hardware that makes the lasting volume with nothing moved (``still``: one such case).

    The choice is made on what is planned: picking the best of many in each case, each with luck
    of its own, would promise too much. Where none lasts, the one that comes nearest.
    """
    import numpy as np

    candidates = [each for each in hardware if _can_last(each)]
    if not candidates:
        return []
    rival = _line(api, still, around)
    sides = [_Side.of(each, still, NO_RESPONSE, rival, around) for each in candidates]
    alone = np.array([side.alone() for side in sides])
    if not np.isfinite(alone).any():
        return [candidates[int(np.argmax([side.nearness() for side in sides]))]]
    nearest = [int(i) for i in np.argsort(alone[:, 0], kind="stable")[:_CANDIDATES]]
    won = _joined(alone.min(axis=0), [sides[index] for index in nearest])[1]
    return [candidates[nearest[index]] for index in sorted({0, *won})]


def _can_last(option: Option) -> bool:
    """Only what can be bought without end can last; without a fleet nothing needs buying.

    A hybrid has an API of its own inside: where it starts to pay is another question.
    """
    fleet = option.fleet
    if option.hybrid is not None:
        return False
    return fleet is None or (fleet.max_instances is None and fleet.fixed_replicas is None)


def _line(option: Option, scene: Scene, around: float, speed: Floats | float = 1.0) -> _Line:
    """``speed`` is what a replica sustains, as a multiple of the plan's."""
    import numpy as np

    steady, rate, instance = (np.zeros(scene.world.rows) for _ in range(3))
    for line in option.lines_in_month(0):
        price = scene.price(price_inputs(option, line))
        match line.term:
            case None:
                continue
            case Fixed(monthly_usd=usd):
                steady = steady + float(usd) * price
            case PerRequest(usd_per_request=usd):
                rate = rate + float(usd) * price * scene.lengths(line.length_shares)
            case AboveFloor(monthly_usd_per_instance=usd, floor_instances=floor):
                instance = instance + float(usd) * price
                steady = steady - float(usd) * floor * price
            case PerInstance(monthly_usd_per_instance=usd):
                instance = instance + float(usd) * price
            case _:
                start, slope = _tangent(line, around)
                longer = price * scene.lengths(line.length_shares)
                # Machines that follow the load: slower ones are as good as more requests.
                each = slope / speed if isinstance(line.term, HourlyTerm) else slope
                steady, rate = steady + start * longer, rate + each * longer
    return _Line(steady, rate, instance)


def _tangent(line: CostLine, around: float) -> tuple[float, float]:
    """The straight line through a term's cost at a volume and a little above it."""
    assert line.term is not None
    low, high = around, around * 1.001
    at_low, at_high = (float(line.term.at(usd_from_float(v))) for v in (low, high))
    slope = (at_high - at_low) / (high - low)
    return at_low - slope * low, slope


@dataclass(frozen=True, slots=True)
class _Side:
    """One kind of hardware against the API: both costs apart, per request and per instance.

    ``dearer`` is what self-hosting costs more without a request or an instance; ``gain`` what a
    request saves; ``one`` the requests a month of one replica.
    """

    dearer: Floats
    gain: Floats
    instance: Floats
    one: Floats
    fleet: Fleet

    @classmethod
    def of(
        cls, option: Option, scene: Scene, response: LengthResponse, rival: _Line, around: float
    ) -> _Side:
        fleet = option.fleet or Fleet(capacity_requests_per_month=_WITHOUT_END)
        pace = Pace(
            speed=throughput_input(option),
            response=response,
            follows_peak=option.serving is not None,
        )
        speed = pace.factor(scene.world)
        own = _line(option, scene, around, speed)
        return cls(
            dearer=own.steady - rival.steady,
            gain=rival.per_request - own.per_request,
            instance=own.per_instance,
            one=float(fleet.capacity_requests_per_month) * (speed + own.steady * 0.0),
            fleet=fleet,
        )

    @property
    def least(self) -> int:
        """Instances that are paid at the smallest volume."""
        return self.fleet.instances(usd_from_float(1.0))

    @property
    def beyond(self) -> int:
        """Replicas that serve no planned load: the spare and extra ones."""
        return self.fleet.spare_replicas + self.fleet.extra_replicas

    def alone(self) -> Floats:
        """The volume from which this hardware alone stays cheaper; infinite without one.

        Cost jumps after each volume that fills the instances; the dearest point of n instances is
        its start. The start of n is cheaper from some n on, when a full instance saves more than
        it costs, so the last n whose start is dearer decides.
        """
        import numpy as np

        held = self.one * self.fleet.replicas_per_instance
        surplus = self.gain * held - self.instance
        lasts = (surplus > 0.0) & (self.gain > 0.0)
        safe = np.where(lasts, surplus, 1.0)
        lost = self.gain * self.one * (self.fleet.replicas_per_instance + self.beyond)
        last = np.ceil((self.dearer + lost) / safe) - 1.0
        paid = np.maximum(last, self.least)
        volume = np.ceil((self.dearer + self.instance * paid) / np.where(lasts, self.gain, 1.0))
        return np.where(lasts, np.maximum(volume, 1.0), np.inf)

    def nearness(self) -> float:
        """What a full instance saves ÷ what it costs, in the first case; it lasts from 1 up."""
        held = float(self.one[0]) * self.fleet.replicas_per_instance
        cost = float(self.instance[0])
        return float(self.gain[0]) * held / cost if cost else 0.0

    def won_from(self, volume: Floats) -> Floats:
        """Where the step that holds ``volume`` begins to be cheaper; above it when it is not."""
        import numpy as np

        each = self.fleet.replicas_per_instance
        replicas = np.ceil(volume / self.one) + self.beyond
        paid = np.maximum(np.ceil(replicas / each), self.least)
        start = np.floor(self.one * (each * (paid - 1.0) - self.beyond)) + 1.0
        start = np.where(paid <= self.least, 1.0, np.maximum(start, 1.0))
        cost = self.dearer + self.instance * paid
        saves = self.gain > 0.0
        equal = np.where(saves, np.ceil(cost / np.where(saves, self.gain, 1.0)), 1.0)
        return np.where(cost <= self.gain * volume, np.maximum(start, equal), np.inf)

    def rows(self, chosen: Places) -> _Side:
        """The side in some cases only."""
        return _Side(
            self.dearer[chosen], self.gain[chosen], self.instance[chosen], self.one[chosen],
            self.fleet,
        )  # fmt: skip


def _joined(found: Floats, sides: Sequence[_Side]) -> tuple[Floats, set[int]]:
    """Ranges won by any hardware that reach up to the volume found extend it downwards.

    With the places of the sides that did so.
    """
    import numpy as np

    volumes, used = found.copy(), set[int]()
    active = np.flatnonzero(np.isfinite(volumes) & (volumes > 1.0))
    for _ in range(_MOST_JOINS):
        if not len(active):
            break
        below = volumes[active] - 1.0
        starts = np.array([side.rows(active).won_from(below) for side in sides])
        lowest = starts.min(axis=0)
        better = lowest <= below
        used |= {int(place) for place in starts.argmin(axis=0)[better]}
        active = active[better]
        volumes[active] = lowest[better]
        active = active[volumes[active] > 1.0]
    return volumes, used


def lasting_range(volumes: Floats, base: float, exact: int | None) -> LastingRange:
    """Percentiles of ``volumes``, scaled so that ``base`` (nothing moved) is the ``exact`` one."""
    import numpy as np

    anchor = 1.0 if exact is None or not np.isfinite(base) else exact / base
    found = np.quantile(volumes, (0.1, 0.5, 0.9), method="inverted_cdf")
    p10, p50, p90 = (max(round(v * anchor), 1) if np.isfinite(v) else None for v in found)
    return LastingRange(p10=p10, p50=p50, p90=p90, exists_share=float(np.isfinite(volumes).mean()))
