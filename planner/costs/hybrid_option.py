"""A hybrid as an option: base load on own instances, what is above them at an API."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from planner.costs.api_option import gateway_reaches
from planner.costs.compact import compact_cost
from planner.costs.confirming import candidate_label, finding
from planner.costs.hybrid_base import HybridBase
from planner.costs.hybrid_count import hybrid_instances
from planner.costs.hybrid_lines import HybridHardware
from planner.costs.inputs import PricingInputs
from planner.costs.purchases import Way, price_row, term_months
from planner.costs.selfhost_option import base_option, variants_of
from planner.costs.site import Site, site_of, site_servings
from planner.costs.types import CostLine, Excluded, Option
from planner.scenario.options import ApiOption, HybridOption, SelfHostOption
from planner.scenario.provenance import Assumption
from planner.serving.simulate import Share
from planner.serving.types import ServingOption

__all__ = ["ApiChoice", "hybrid_options"]

# Where the simulator finds the base's load too much for its replicas: as many more, as a share.
_SPREADS = (0.0, 0.1, 0.2, 0.3)
ONE = Decimal(1)
_STARTS = (
    "runs by the hour: when an instance type is not available at a start, its load goes to the API"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiChoice:
    """An API option as given and as priced."""

    given: ApiOption
    option: Option

    @property
    def same_weights(self) -> bool:
        """Whether it answers as the self-hosted model does."""
        return self.given.role == "same_weights"


def hybrid_options(
    inputs: PricingInputs, given: HybridOption, apis: Sequence[ApiChoice]
) -> tuple[Option, ...]:
    """One option for each way of buying the base and of scaling it."""
    site = site_of(inputs, _selfhost_named(inputs, given.selfhost))
    ways = [
        Way(purchase=purchase, scaling=scaling, term_months=term_months(purchase, site.option))
        for purchase in given.purchase
        for scaling in given.scaling
    ]
    api = _overflow_api(given, apis, inputs)
    bases = [_base(given, site, way, api) for way in ways]
    if isinstance(api, str) or all(base.reason is not None for base in bases):
        return tuple(bases)
    servings = site_servings(site)
    if isinstance(servings, str):
        return tuple(replace(base, reason=base.reason or servings) for base in bases)
    return tuple(
        base
        if base.reason is not None
        else _Search(site=site, way=way, api=api, base=base).cheapest(servings)
        for way, base in zip(ways, bases, strict=True)
    )


def _selfhost_named(inputs: PricingInputs, name: str) -> SelfHostOption:
    """The self-hosted option of this name; the scenario's rules made sure that there is one."""
    every = (each for own in inputs.scenario.options.selfhost for each in variants_of(own))
    return next(own for own in every if name == (own.name or own.model))


def _overflow_api(
    given: HybridOption, apis: Sequence[ApiChoice], inputs: PricingInputs
) -> ApiChoice | str:
    """The API that takes what the base does not: named, else the cheapest of the same weights,
    else the cheapest; the reason when none may be used.
    """
    listed = [api for api in apis if api.given.custom_model_import is None]
    if given.overflow is not None:
        named = next((api for api in listed if api.option.name == given.overflow), None)
        if named is None:
            return f"{given.overflow} cannot take the overflow: it is no API priced by the token"
        return named if named.option.feasible else f"{given.overflow}: {named.option.reason}"
    feasible = [api for api in listed if api.option.feasible]
    if not feasible:
        return "no API option may take the overflow"
    return min(
        feasible,
        key=lambda api: (
            not api.same_weights,
            compact_cost(api.option, inputs.months).total(),
            api.option.name,
        ),
    )


def _base(given: HybridOption, site: Site, way: Way, api: ApiChoice | str) -> Option:
    """The option before any hardware, with the reason that rules it out."""
    own = site.option.name or site.option.model
    plain = replace(base_option(site, way), arm="hybrid", kind="hybrid")
    if isinstance(api, str):
        name = given.name or f"{own} + API"
        return replace(plain, name=f"{name} ({way.hybrid_words})", reason=plain.reason or api)
    reachable = gateway_reaches(api.given.provider)
    quality = (plain.quality_score, api.option.quality_score)
    return replace(
        plain,
        name=f"{given.name or f'{own} + {api.option.name}'} ({way.hybrid_words})",
        overflow=api.option.name,
        # An answer may come from either: the lower score is what can be promised.
        quality_score=None if None in quality else min(score for score in quality if score),
        deployable=reachable,
        deployable_reason=None
        if reachable
        else f"the gateway cannot forward to {api.given.provider}",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Search:
    """The cheapest hardware for a hybrid bought in one way."""

    site: Site
    way: Way
    api: ApiChoice
    base: Option

    @property
    def _months(self) -> Sequence[Decimal]:
        return self.site.inputs.months.requests

    def cheapest(self, servings: Sequence[ServingOption]) -> Option:
        """The cheapest candidate whose base the simulator confirms; ties by name."""
        excluded: list[Excluded] = []
        open_: dict[str, tuple[ServingOption, Option]] = {}
        for serving in servings:
            found = self._on(serving, spread=0.0)
            if isinstance(found, str):
                excluded.append(self._excluded(serving, found))
            else:
                open_[candidate_label(serving)] = (serving, found)
        costs = {label: self._usd(option) for label, (_, option) in open_.items()}
        confirmed: set[str] = set()
        while costs:
            label = min(costs, key=lambda each: (costs[each], each))
            serving, option = open_[label]
            if label in confirmed:
                return self._chosen(option, costs, excluded)
            confirmed.add(label)
            checked = self._checked(serving, option)
            if isinstance(checked, str):
                del costs[label]
                excluded.append(self._excluded(serving, checked))
            else:
                open_[label] = (serving, checked)
                costs[label] = self._usd(checked)
        return replace(self.base, reason=_why_none(excluded), excluded=tuple(excluded))

    def _usd(self, option: Option) -> Decimal:
        return compact_cost(option, self.site.inputs.months).total()

    def _excluded(self, serving: ServingOption, reason: str) -> Excluded:
        return Excluded(option=self.base.name, candidate=candidate_label(serving), reason=reason)

    def _on(self, serving: ServingOption, *, spread: float) -> Option | str:
        """The hybrid on one kind of hardware, or why not."""
        if serving.capacity is None:
            return serving.reason or "cannot serve the workload"
        on_demand = price_row(self.site, Way(purchase="on_demand"), serving.instance_type)
        bought = price_row(self.site, self.way, serving.instance_type)
        for row in (on_demand, bought):
            if row.usd is None:
                return row.reason_null or "no price"
        hardware = HybridHardware(
            site=self.site,
            way=self.way,
            serving=serving,
            on_demand=on_demand,
            committed=bought if self.way.term_months else None,
            spread=spread,
        )
        return self._assembled(hardware)

    def _assembled(self, hardware: HybridHardware) -> Option | str:
        serving = hardware.serving
        assert serving.capacity is not None
        known: dict[int, tuple[tuple[CostLine, ...], tuple[CostLine, ...]]] = {}

        def lines_in_month(month: int) -> tuple[CostLine, ...]:
            """Months with the same API lines share one tuple; the API's are kept alive by it."""
            priced = self.api.option.lines_in_month(month)
            if id(priced) not in known:
                usage = tuple(line for line in priced if line.category == "api_usage")
                decided = hardware.base(usage, self._months[month])
                known[id(priced)] = (priced, hardware.lines(usage, decided))
            return known[id(priced)][1]

        usage = [x for x in self.api.option.lines_in_month(0) if x.category == "api_usage"]
        first = hardware.base(usage, self._months[0])
        option = replace(
            self.base,
            feasible=True,
            lines_in_month=lines_in_month,
            hybrid=first,
            purchases=first if self.way.term_months else None,
            serving=serving,
            provider_of_capacity=serving.capacity.provider,
        )
        if not any(hybrid_instances(option, self._months)):
            return f"no instance pays for itself beside {self.api.option.name}"
        return replace(
            option,
            warnings=(*serving.capacity.warnings, *self._warnings()),
            assumptions=self._assumptions(option, first),
        )

    def _checked(self, serving: ServingOption, option: Option) -> Option | str:
        """The base at the full load of its replicas, spread over more where that is too much."""
        assert serving.capacity is not None
        working = max(hybrid_instances(option, self._months)) * serving.replicas_per_instance
        load = serving.capacity.low_rps * working
        extras = sorted({math.ceil(working * spread) for spread in _SPREADS})
        simulated = finding(
            serving,
            self.site.inputs,
            {extra: Share(load_rps=load, replicas=working + extra) for extra in extras},
        )
        if simulated is None:
            return option
        if simulated.reason is not None:
            return simulated.reason
        spread = simulated.extra_replicas / working
        found = self._on(serving, spread=spread) if spread else option
        return found if isinstance(found, str) else replace(found, check=simulated.check)

    def _chosen(
        self, best: Option, costs: dict[str, Decimal], excluded: Sequence[Excluded]
    ) -> Option:
        least = self._usd(best)
        dearer = [
            Excluded(
                option=best.name,
                candidate=label,
                reason=f"can serve it, ${usd - least:,.2f} a month dearer",
            )
            for label, usd in sorted(costs.items(), key=lambda entry: (entry[1], entry[0]))
            if best.serving is None or label != candidate_label(best.serving)
        ]
        return replace(best, excluded=(*dearer, *excluded))

    def _warnings(self) -> tuple[str, ...]:
        found = [_STARTS] if self.way.scaling == "hourly" else list[str]()
        if not self.api.same_weights:
            found.append(
                f"the overflow goes to another model ({self.api.option.name}): answers differ"
            )
        for warning in self.api.option.warnings:
            if "depends on the hour" in warning:
                found.append("the overflow is priced at the API's mean price of the week")
            elif warning.startswith("†"):
                found.append(warning)
        return tuple(found)

    def _assumptions(self, option: Option, base: HybridBase) -> tuple[Assumption, ...]:
        requests = self._months[0]
        count = hybrid_instances(option, self._months)[0]
        plan = base.plan(requests)
        if option.purchases is not None:
            bought = option.purchases.of_months(self._months, ONE)[0]
            plan = base.plan_bought(bought, requests)
        return (
            Assumption(
                path=f"hybrid.{self.way.purchase}.split",
                value=f"{100 * (1 - plan.overflow_share):.1f} % of requests on up to {count} "
                f"instances, {100 * plan.overflow_share:.1f} % at {self.api.option.name}",
                origin="model",
                source="instances are added while what one saves at the API exceeds its price; "
                "minutes of an hour are lognormal with the scenario's burst",
                mark="~",
            ),
            Assumption(
                path=f"hybrid.{self.way.purchase}.redundancy",
                value="none of its own: the API takes the whole load when an instance fails",
                origin="model",
                source="the provider's rate limits must allow the whole peak",
            ),
        )


def _why_none(excluded: Sequence[Excluded]) -> str:
    """One sentence for a hybrid that no hardware makes sense for: the best candidate's reason."""
    if not excluded:
        return "no instance type to consider is offered in the region"
    nearest = min(excluded, key=lambda entry: "pays for itself" not in entry.reason)
    if "pays for itself" in nearest.reason:
        return f"{nearest.reason}: the hybrid would be the API alone"
    return f"{nearest.candidate}: {nearest.reason}"
