"""An option's mean monthly cost as a function of uncertain inputs, for thousands of cases at once.

The plan is fixed: instances are those of the scenario's own volumes, and what they cost moves with
their price alone. What follows requests moves with volume, lengths and price. The parts come from
the option's own ledgers, so that with every input at 1 they add up to its ledger's mean.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING

from planner.costs import CachedTokens, CostLine, HourlyTerm, Ledger, Option, PerRequest, Term
from planner.costs.hybrid_terms import Overflowed, Served
from planner.costs.terms import Reserved, Timed
from planner.decision.uncertainty.draws import World
from planner.decision.uncertainty.hybrid_shares import HybridShares
from planner.decision.uncertainty.pace import Pace
from planner.money import usd_from_float

if TYPE_CHECKING:
    from planner.decision.uncertainty.draws import Floats

__all__ = ["ArmCost", "Scene", "arm_cost", "price_inputs", "scene_of"]

# Volumes at which a cost that is no straight line is worked out; between them it is one.
_KNOTS = 13


@dataclass(frozen=True, slots=True)
class Scene:
    """Cases with what all options share: ``volumes`` are requests by case and month."""

    world: World
    volumes: Floats

    def price(self, inputs: Sequence[str]) -> Floats | float:
        """The product of the multiples of several inputs."""
        product: Floats | float = 1.0
        for name in inputs:
            product = product * self.world.of(name)
        return product

    def lengths(self, shares: tuple[float, float]) -> Floats | float:
        """What lengths do to a line with these shares of input and output tokens."""
        factor: Floats | float = 1.0
        for share, name in zip(shares, ("input_tokens", "output_tokens"), strict=True):
            if share:
                factor = factor + share * (self.world.of(name) - 1.0)
        return factor


def scene_of(world: World, requests: Sequence[Decimal]) -> Scene:
    """The cases of ``world`` for months with these planned volumes."""
    import numpy as np

    planned = np.array([float(each) for each in requests])
    level = np.broadcast_to(np.asarray(world.of("volume")), (world.rows,))
    growth = np.broadcast_to(np.asarray(world.of("growth")), (world.rows,))
    if (growth == 1.0).all():
        return Scene(world, level[:, None] * planned)
    months = np.arange(len(planned))
    return Scene(world, level[:, None] * np.exp(np.log(growth)[:, None] * months) * planned)


@dataclass(frozen=True, slots=True)
class _Rate:
    """Lines in proportion to requests: USD per request, by month."""

    prices: tuple[str, ...]
    shares: tuple[float, float]
    usd_per_request: list[float]


@dataclass(frozen=True, slots=True)
class _Curve:
    """A line that is no straight line over volume, and the months that have it.

    ``known`` are volumes whose cost the ledgers hold. ``part`` names the requests of a hybrid
    that it is about: those of a kind that overflow, or those that are ``served``.
    ``follows_pace``: slower replicas are as good as more requests.
    """

    term: Term
    prices: tuple[str, ...]
    shares: tuple[float, float]
    part: str | None = None
    follows_pace: bool = False
    months: list[int] = field(default_factory=lambda: list[int]())
    known: dict[float, float] = field(default_factory=lambda: dict[float, float]())


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmCost:
    """One option's mean month in parts.

    ``fixed`` is USD per mean month by the price inputs it scales with; ``rates`` and ``curves``
    follow requests.
    """

    name: str
    label: str
    months: int
    fixed: Mapping[tuple[str, ...], float]
    rates: tuple[_Rate, ...]
    curves: tuple[_Curve, ...]
    pace: Pace | None = None
    hybrid: HybridShares | None = None

    @property
    def follows_pace(self) -> bool:
        """Whether the speed of replicas alone moves the cost."""
        return self.hybrid is not None or any(curve.follows_pace for curve in self.curves)

    def total(self, scene: Scene) -> Floats:
        """USD per mean month in each case."""
        return self.steady(scene) + self.following(scene)

    def steady(self, scene: Scene) -> Floats:
        """The part that does not follow requests."""
        import numpy as np

        total = np.zeros(scene.world.rows)
        for prices, usd in self.fixed.items():
            total = total + usd * scene.price(prices)
        return total

    def following(self, scene: Scene) -> Floats:
        """The part that follows requests."""
        import numpy as np

        total = np.zeros(scene.world.rows)
        if self.rates:
            rates = np.array([rate.usd_per_request for rate in self.rates]).T / self.months
            each = scene.volumes @ rates
            for column, rate in enumerate(self.rates):
                factor = scene.price(rate.prices) * scene.lengths(rate.shares)
                total = total + each[:, column] * factor
        overflow = None if self.hybrid is None else self.hybrid.of(scene)
        for curve in self.curves:
            volumes = self._volumes(curve, scene, overflow)
            total = total + _curve_usd(curve, scene, volumes) / self.months
        return total

    def _volumes(
        self, curve: _Curve, scene: Scene, overflow: Mapping[str, Floats] | None
    ) -> Floats:
        """The requests that a line is about, by case and month."""
        import numpy as np

        volumes = scene.volumes[:, curve.months]
        if curve.part is not None and overflow is not None:
            part = "all" if curve.part == "served" else curve.part
            share = overflow[part][:, curve.months]
            return volumes * (1.0 - share if curve.part == "served" else share)
        if curve.follows_pace and self.pace is not None:
            return volumes / np.reshape(np.asarray(self.pace.factor(scene.world)), (-1, 1))
        return volumes


def _curve_usd(curve: _Curve, scene: Scene, months: Floats) -> Floats:
    """Sum over the months of a curved line at these volumes."""
    import numpy as np

    lengths = scene.lengths(curve.shares)
    if isinstance(curve.term, PerRequest):
        usd = float(curve.term.usd_per_request) * months.sum(axis=1)
        return usd * scene.price(curve.prices) * lengths
    if isinstance(curve.term, CachedTokens):
        usd = _cached_usd(curve.term, scene, months)
        return usd.sum(axis=1) * scene.price(curve.prices) * lengths
    # A tiered line counts units: longer requests are more of them.
    used = months * np.reshape(np.asarray(lengths), (-1, 1))
    knots, values = _knots(curve, float(used.min()), float(used.max()))
    return np.interp(used, knots, values).sum(axis=1) * scene.price(curve.prices)


def _cached_usd(term: CachedTokens, scene: Scene, volumes: Floats) -> Floats:
    import numpy as np

    hits = np.reshape(np.asarray(scene.world.of("cache_hits")), (-1, 1))
    hit, miss = float(term.hit_usd_per_request), float(term.miss_usd_per_request)
    cached = hit + (miss - hit) * np.exp(-term.decay_per_request * hits * volumes)
    return np.minimum(cached, float(term.plain_usd_per_request)) * volumes


def _knots(curve: _Curve, low: float, high: float) -> tuple[list[float], list[float]]:
    """Volumes from ``low`` to ``high`` with their costs: its kinks, the plan's, evenly spaced."""
    points = {kink for kink in curve.term.kinks() if low < kink < high}
    if not curve.term.linear and high > low:
        ratio = (high / low) ** (1 / (_KNOTS - 1))
        points |= {low * ratio**step for step in range(_KNOTS)}
    points |= {low, high}
    values = {point: float(curve.term.at(usd_from_float(point))) for point in points}
    values |= {volume: usd for volume, usd in curve.known.items() if low <= volume <= high}
    ordered = sorted(values)
    return ordered, [values[point] for point in ordered]


# --- From ledgers ------------------------------------------------------------------------------


def arm_cost(
    option: Option,
    ledgers: Sequence[Ledger],
    *,
    pace: Pace | None = None,
    hybrid: HybridShares | None = None,
) -> ArmCost:
    """The parts of an option's months; lines without a price count nothing."""
    fixed: dict[tuple[str, ...], float] = {}
    rates: dict[tuple[tuple[str, ...], tuple[float, float]], _Rate] = {}
    curves: dict[tuple[int, str], _Curve] = {}
    count = len(ledgers)
    for months in _alike(ledgers):
        ledger = ledgers[months[0]]
        for amount in ledger.lines:
            line, usd = amount.line, amount.usd
            if usd is None:
                continue
            prices = price_inputs(option, line)
            if _is_planned(line):
                share = float(usd) * len(months) / count
                fixed[prices] = fixed.get(prices, 0.0) + share
            elif isinstance(line.term, PerRequest):
                rate = rates.setdefault(
                    (prices, line.length_shares),
                    _Rate(prices, line.length_shares, [0.0] * count),
                )
                for month in months:
                    rate.usd_per_request[month] += float(line.term.usd_per_request)
            elif line.term is not None:
                curve = curves.setdefault((id(line.term), line.name), _curve_of(line, prices))
                curve.months.extend(months)
                if curve.part is None:
                    curve.known[float(ledger.requests_per_month)] = float(usd)
    return ArmCost(
        name=option.name,
        label=option.label,
        months=count,
        fixed=fixed,
        rates=tuple(rates.values()),
        curves=tuple(curves.values()),
        pace=pace,
        hybrid=hybrid,
    )


def _curve_of(line: CostLine, prices: tuple[str, ...]) -> _Curve:
    match line.term:
        case Overflowed(inner=inner, part=part):
            return _Curve(inner, prices, line.length_shares, part=part)
        case Served(inner=inner):
            return _Curve(inner, prices, line.length_shares, part="served")
        case None:
            raise AssertionError("a line without a price has no amount")
        case term:
            follows_pace = isinstance(term, HourlyTerm)
            return _Curve(term, prices, line.length_shares, follows_pace=follows_pace)


def _alike(ledgers: Sequence[Ledger]) -> list[list[int]]:
    """Months by ledger: those with the same prices and volume share one."""
    groups: dict[int, list[int]] = {}
    for month, ledger in enumerate(ledgers):
        groups.setdefault(id(ledger), []).append(month)
    return list(groups.values())


def _is_planned(line: CostLine) -> bool:
    """Whether the plan fixes the amount: money granted, what is paid by the hour or month.

    Machines whose number follows the load by the hour are not planned for a month.
    """
    return line.is_credit or (
        isinstance(line.term, Timed) and not isinstance(line.term, HourlyTerm)
    )


def price_inputs(option: Option, line: CostLine) -> tuple[str, ...]:
    """The uncertain prices a line scales with."""
    if line.is_credit or line.driver == "other":
        return ()
    if line.driver == "labour":
        return ("labour",)
    if line.driver == "api_price":
        return (f"api_price:{line.provider or option.name}",)
    if option.serving is None:
        return (f"gpu_price:{option.name}",)
    return _instance_inputs(option, line)


def _instance_inputs(option: Option, line: CostLine) -> tuple[str, ...]:
    if "interruptions" in line.name:
        return ("spot_price", "spot_interruptions")
    if "spot" in line.name:
        return ("spot_price",)
    committed = isinstance(line.term, Reserved) or option.commitment_months > 0
    return ("gpu_price:committed",) if committed else ("gpu_price:on_demand",)
