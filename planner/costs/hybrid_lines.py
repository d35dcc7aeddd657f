"""The cost lines of a hybrid: a GPU service with the gateway in front, and tokens for the rest."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from planner.catalog.types import PriceRow
from planner.costs.api import is_batch, uses_batch
from planner.costs.hybrid_base import HybridBase
from planner.costs.hybrid_terms import HybridInstances, HybridMost, Overflowed, Part, Served
from planner.costs.load_duration import week_load
from planner.costs.purchases import Way, starts_factor
from planner.costs.quantities import quantities
from planner.costs.selfhost import checkpoint_gb, instance_line, request_seconds
from planner.costs.site import Site, cold_start_s, extras_usd_per_hour
from planner.costs.stack import (
    IMAGE_PULLS,
    gateway_fixed_lines,
    gateway_request_lines,
    hybrid_request_lines,
    internet_line,
    provider_lines,
    text_gb_per_request,
    vllm_instance_lines,
    vllm_shared_lines,
)
from planner.costs.terms import Fleet, PerInstance, Timed
from planner.costs.types import CostLine
from planner.serving.types import ServingOption

__all__ = ["HybridHardware"]

_HOURS_PER_DAY = 24
# Each of the two meters has a set of its own.
_IN_BOTH = ("alarms", "composite alarms")


@dataclass(frozen=True, slots=True, kw_only=True)
class HybridHardware:
    """A kind of instance as the base of a hybrid.

    ``spread`` is the share of replicas beyond what capacity says. ``on_demand`` has a price;
    ``committed`` is the price of a term, None where nothing is bought for one.
    """

    site: Site
    way: Way
    serving: ServingOption
    on_demand: PriceRow
    committed: PriceRow | None
    spread: float

    def base(self, usage: Sequence[CostLine], requests: Decimal) -> HybridBase:
        """The decision how many instances to run, at the token lines of a month's volume."""
        site, serving = self.site, self.serving
        assert serving.capacity is not None and self.on_demand.usd is not None
        extras = extras_usd_per_hour(site, serving)
        limit = site.limits.of(site.inputs.catalog.instance_type(serving.instance_type))
        interactive, deferrable = self._saved(usage, requests)
        committed = self.committed
        return HybridBase(
            week=week_load(site.inputs.demand),
            instance_rps=serving.capacity.low_rps
            * serving.replicas_per_instance
            / (1 + self.spread),
            saved_interactive_usd=interactive,
            saved_deferrable_usd=deferrable,
            usd_per_instance_hour=self.on_demand.usd + extras,
            committed_usd_per_instance_hour=None
            if committed is None or committed.usd is None
            else committed.usd + extras,
            term_months=self.way.term_months or 1,
            hours_per_month=site.prices.hours_per_month,
            volume_hours_per_month=site.inputs.demand.days_per_month * _HOURS_PER_DAY,
            max_instances=None if limit is None else limit[0],
            scheduled=self.way.scaling == "hourly",
            cold_start_s=float(cold_start_s(site.option)),
        )

    def _saved(self, usage: Sequence[CostLine], requests: Decimal) -> tuple[float, float]:
        """USD that a request served here saves, interactive and deferrable."""
        deferred = self.site.inputs.demand.deferrable_share
        here = _per_request(self._served(), requests) - _per_request(self._to_api(), requests)
        if not uses_batch(usage):
            saved = float(_per_request(usage, requests) - here)
            return saved, saved
        batch = [line for line in usage if is_batch(line)]
        rest = [line for line in usage if not is_batch(line)]
        interactive = _per_request(rest, requests) / (1 - deferred) if deferred < 1 else Decimal(0)
        return (
            float(interactive - here),
            float(_per_request(batch, requests) / deferred - here),
        )

    def lines(self, usage: Sequence[CostLine], base: HybridBase) -> tuple[CostLine, ...]:
        """All lines at these token lines."""
        batched = uses_batch(usage)
        return (
            *(_overflowed(line, base, _part(line, batched)) for line in usage),
            *self._instances(base),
            *self._around(base, through=self._through(batched)),
            *self.site.ownership,
        )

    def _through(self, batched: bool) -> Decimal:
        """Share of the requests that pass the gateway: batch jobs do not."""
        return 1 - self.site.inputs.demand.deferrable_share if batched else Decimal(1)

    def _instances(self, base: HybridBase) -> Iterable[CostLine]:
        """The instances and what comes with each."""
        site = self.site
        price = self.on_demand if self.committed is None else self.committed
        single = Fleet(capacity_requests_per_month=Decimal(1))
        hours = site.prices.hours_per_month
        assert self.on_demand.usd is not None
        line = instance_line(price, single, hours, self.on_demand)
        yield replace(
            line,
            formula=self._by_the_hour() if base.scheduled else line.formula,
            term=HybridInstances(
                base=base,
                usd_per_hour=self.on_demand.usd,
                committed_usd_per_hour=None if self.committed is None else self.committed.usd,
            ),
        )
        if site.replaced:
            return
        for line in vllm_instance_lines(
            site.prices,
            site.scenario.deployment,
            single,
            zones=site.scenario.slo.zones,
            weights_gb=checkpoint_gb(self.serving),
        ):
            if not isinstance(line.term, PerInstance):
                yield line
            elif line.name == IMAGE_PULLS and base.scheduled:
                each = line.term.monthly_usd_per_instance * starts_factor(site)
                yield replace(line, term=HybridMost(base=base, usd_per_instance_month=each))
            else:
                each = line.term.monthly_usd_per_instance / hours
                yield replace(line, term=HybridInstances(base=base, usd_per_hour=each))

    def _by_the_hour(self) -> str:
        """The formula of instances that do not all run always."""
        item, usd, committed = self.on_demand.item, self.on_demand.usd, self.committed
        assert usd is not None
        scheduled = f"${usd:f} an hour (on_demand) x the hours that pay, starts included"
        if committed is None or committed.usd is None:
            return f"{item} x {scheduled}"
        return (
            f"{item} x ${committed.usd:f} an hour ({committed.purchase}) x every hour, for the "
            f"committed ones; above them {scheduled}"
        )

    def _around(self, base: HybridBase, *, through: Decimal) -> Iterable[CostLine]:
        """The gateway and the service behind it; what both kinds of stack have is there once."""
        site, demand = self.site, self.site.inputs.demand
        if site.replaced:
            return
        deployment = site.scenario.deployment
        once = quantities()["hybrid"]["once"]
        _, received = text_gb_per_request(demand)
        yield from gateway_fixed_lines(site.prices)
        yield from gateway_request_lines(site.prices, demand, deployment, through=through)
        yield from hybrid_request_lines(site.prices, through=through)
        yield replace(
            internet_line(site.prices, Decimal(0), received * through), name="answers to clients"
        )
        yield from (_overflowed(line, base, "all") for line in self._to_api())
        for line in self._service():
            if not line.follows_requests and line.name not in once:
                name = f"service {line.name}" if line.name in _IN_BOTH else line.name
                yield replace(line, name=name)
        for line in self._served():
            inner = line.term
            term = None if inner is None else Served(base=base, inner=inner)
            yield replace(line, name=f"service {line.name}", term=term)

    def _service(self) -> tuple[CostLine, ...]:
        """What the GPU service costs beside its instances."""
        site = self.site
        return vllm_shared_lines(
            site.prices,
            site.inputs.demand,
            # The gateway logs prompts, for both ways.
            site.scenario.deployment.model_copy(update={"log_prompts": False}),
            zones=site.scenario.slo.zones,
            weights_gb=checkpoint_gb(self.serving),
            request_seconds=request_seconds(site.scenario.slo, site.inputs.demand, self.serving),
            needs_nat=True,
        )

    def _served(self) -> tuple[CostLine, ...]:
        """What each request served here costs beside the instances."""
        if self.site.replaced:
            return ()
        return tuple(line for line in self._service() if line.follows_requests)

    def _to_api(self) -> tuple[CostLine, ...]:
        """What each request to the provider costs beside its tokens."""
        if self.site.replaced:
            return ()
        return provider_lines(self.site.prices, self.site.inputs.demand)


def _part(line: CostLine, batched: bool) -> Part:
    """Which requests a token line is about."""
    if not batched:
        return "all"
    return "deferrable" if is_batch(line) else "interactive"


def _overflowed(line: CostLine, base: HybridBase, part: Part) -> CostLine:
    if line.term is None or isinstance(line.term, Timed):
        return line
    return replace(line, term=Overflowed(base=base, inner=line.term, part=part))


def _per_request(lines: Iterable[CostLine], requests: Decimal) -> Decimal:
    """USD per request at a volume, of the lines that follow requests."""
    total = sum(
        (
            line.term.at(requests)
            for line in lines
            if line.term is not None and line.follows_requests
        ),
        Decimal(0),
    )
    return total / requests
