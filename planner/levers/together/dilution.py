"""Cost lines of a part of the requests, restated over all requests."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal

from planner.costs.commitments import HourlyPurchases
from planner.costs.hourly_terms import HourlyTerm
from planner.costs.hybrid_base import HybridBase
from planner.costs.hybrid_terms import HybridTerm
from planner.costs.terms import (
    CachedTokens,
    Fixed,
    Fleet,
    PerInstance,
    PerRequest,
    Term,
    Tiered,
)
from planner.costs.types import BuysByTheTerm, CostLine

__all__ = ["diluted", "diluted_base", "diluted_fleet", "diluted_purchases"]

_ONE = Decimal(1)


@dataclass(frozen=True, slots=True)
class _Part:
    """Any other term, asked for a share of the volume."""

    term: Term
    share: Decimal

    @property
    def linear(self) -> bool:
        return self.term.linear

    def at(self, requests: Decimal, capacity_factor: Decimal = _ONE) -> Decimal:
        return self.term.at(requests * self.share, capacity_factor)

    def kinks(self) -> tuple[float, ...]:
        return tuple(kink / float(self.share) for kink in self.term.kinks())


def diluted(line: CostLine, share: Decimal) -> CostLine:
    """The line when only ``share`` (0-1, or above 1 for work done again) of the requests cause it:
    at volume v it costs what it cost at share x v.
    """
    if share == 1 or line.term is None:
        return line
    return replace(line, term=_diluted(line.term, share))


def _diluted(term: Term, share: Decimal) -> Term:
    match term:
        case Fixed():
            return term
        case PerInstance():
            return replace(term, fleet=diluted_fleet(term.fleet, share))
        case HourlyTerm():
            fleet = replace(term.fleet, peak=diluted_fleet(term.fleet.peak, share))
            return replace(term, fleet=fleet)
        case HybridTerm():
            return replace(term, base=diluted_base(term.base, share))
        case _ if share == 0:
            return PerRequest(Decimal(0))
        case PerRequest(usd_per_request=usd):
            return PerRequest(usd * share)
        case Tiered(units_per_request=units):
            return replace(term, units_per_request=units * share)
        case CachedTokens():
            return CachedTokens(
                term.plain_usd_per_request * share,
                term.hit_usd_per_request * share,
                term.miss_usd_per_request * share,
                term.decay_per_request * float(share),
            )
        case _:
            return _Part(term, share)


def diluted_base(base: HybridBase, share: Decimal) -> HybridBase:
    """The same decision when only a share of the requests reaches the model."""
    return replace(base, reaching_share=base.reaching_share * share)


def diluted_purchases(purchases: BuysByTheTerm | None, share: Decimal) -> BuysByTheTerm | None:
    """Who commits, for the share of the requests that reaches the model."""
    if isinstance(purchases, HybridBase):
        return diluted_base(purchases, share)
    if isinstance(purchases, HourlyPurchases):
        peak = diluted_fleet(purchases.term.fleet.peak, share)
        fleet = replace(purchases.term.fleet, peak=peak)
        return replace(purchases, term=replace(purchases.term, fleet=fleet))
    return purchases


def diluted_fleet(fleet: Fleet, share: Decimal) -> Fleet:
    """A replica serves its part of more requests in all; ``share`` is above 0."""
    capacity = fleet.capacity_requests_per_month / share
    return replace(fleet, capacity_requests_per_month=capacity)
