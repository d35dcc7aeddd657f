"""A self-hosted model as options, one for each way of buying: on the cheapest hardware for it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from planner.catalog.types import PriceRow
from planner.costs.compact import compact_cost
from planner.costs.confirming import Finding, candidate_label
from planner.costs.hourly_terms import hourly_fleet
from planner.costs.inputs import PricingInputs, over_limit
from planner.costs.people import missing_categories
from planner.costs.purchases import (
    PURCHASE_ARMS,
    Way,
    extras_by_hour,
    forbidden,
    instance_lines,
    price_row,
    ways_of,
)
from planner.costs.selfhost import checkpoint_gb, request_seconds, worth_pricing
from planner.costs.site import Site, extras_usd_per_hour, needs_ahead, site_of, site_servings
from planner.costs.stack import vllm_instance_lines, vllm_shared_lines
from planner.costs.terms import Fleet
from planner.costs.types import CostLine, Excluded, Option
from planner.money import usd_text
from planner.scenario.economics import Slo
from planner.scenario.options import SelfHostOption
from planner.scenario.provenance import Assumption
from planner.serving.types import ServingOption

__all__ = ["base_option", "selfhost_options", "variants_of"]

_PLANNED_WEEK = (
    "sized hour by hour for the planned week: traffic that comes early waits for a cold start, and "
    "each start needs the instance type to be available"
)


def selfhost_options(inputs: PricingInputs, option: SelfHostOption) -> tuple[Option, ...]:
    """One option for each variant and way of buying; what hardware can serve is worked out once."""
    return tuple(found for each in variants_of(option) for found in _options(site_of(inputs, each)))


def variants_of(option: SelfHostOption) -> tuple[SelfHostOption, ...]:
    """The option itself and each other precision of its model, under a name of its own."""
    name = option.name or option.model
    return (
        option,
        *(
            option.model_copy(
                update={
                    "name": f"{name} {variant.precision}",
                    "precision": variant.precision,
                    "quality": variant.quality,
                    "measured": variant.measured,
                    "weights": variant.weights,
                    "variants": [],
                }
            )
            for variant in option.variants
        ),
    )


def _options(site: Site) -> tuple[Option, ...]:
    ways = ways_of(site.option)
    bases = [base_option(site, way) for way in ways]
    if all(base.reason is not None for base in bases):
        return tuple(bases)
    candidates = site_servings(site)
    if isinstance(candidates, str):
        return tuple(replace(base, reason=base.reason or candidates) for base in bases)
    return tuple(
        base if base.reason is not None else _on_hardware(site, way, base, candidates)
        for way, base in zip(ways, bases, strict=True)
    )


def base_option(site: Site, way: Way) -> Option:
    """The option before any hardware, with the reason that rules out this way of buying."""
    option, tco = site.option, site.scenario.tco
    return Option(
        arm=PURCHASE_ARMS[way.purchase],
        name=f"{option.name or option.model} ({way.words})",
        kind="vllm_gpu",
        feasible=False,
        reason=forbidden(site, way),
        deployable=True,
        deployable_reason=None,
        provider_of_capacity=None,
        lines_in_month=_no_lines,
        missing=missing_categories(tco, tco.selfhost),
        purchase=way.purchase,
        commitment_months=way.term_months,
        quality_score=None if option.quality is None else option.quality.score,
        resolved_model=option.model,
    )


def _no_lines(month: int) -> tuple[CostLine, ...]:
    """An option that cannot be built has nothing to pay, in any month."""
    return ()


def _on_hardware(site: Site, way: Way, base: Option, candidates: Iterable[ServingOption]) -> Option:
    """The option on the cheapest hardware that the simulator confirms and that has a price."""
    excluded: list[Excluded] = []
    priced: list[_Candidate] = []
    for serving in candidates:
        label = candidate_label(serving)
        if serving.capacity is None:
            excluded.append(_excluded(base, label, serving.reason or "cannot serve the workload"))
            continue
        price = price_row(site, way, serving.instance_type)
        if price.usd is None:
            excluded.append(_excluded(base, label, price.reason_null or "no price"))
        else:
            priced.append(_Candidate(label=label, serving=serving, price=price))
    return site.confirmer.confirmed(_Picks(site, way, base, priced, excluded).pick)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Candidate:
    """Hardware that can serve the workload and has a price."""

    label: str
    serving: ServingOption
    price: PriceRow


class _Picks:
    """The candidates for one way of buying; each is made an option once for the same replicas."""

    def __init__(
        self,
        site: Site,
        way: Way,
        base: Option,
        priced: Sequence[_Candidate],
        excluded: Sequence[Excluded],
    ) -> None:
        self._site, self._way, self._base = site, way, base
        self._priced, self._excluded = priced, excluded
        self._built: dict[object, Option | None] = {}

    def pick(self, known: Mapping[str, Finding]) -> Option:
        """The cheapest candidate in the light of what simulation has found."""
        site, base = self._site, self._base
        reasons = {label: f.reason for label, f in known.items() if f.reason is not None}
        extra = {label: found.extra_replicas for label, found in known.items()}
        dropped = [_excluded(base, label, reason) for label, reason in reasons.items()]
        left = [each for each in self._priced if each.label not in reasons]
        # Above a floor at another price, the cheaper spot price is not the whole comparison.
        if site.limits.none and left and self._way.purchase != "spot":
            # One that needs more replicas than its capacity says beats nobody beforehand.
            plain = [each for each in left if not extra.get(each.label)]
            dearer = _dearer_everywhere(plain, extras_usd_per_hour(site, left[0].serving))
            dropped += [
                _excluded(base, each.label, "another candidate serves as much for less")
                for each in plain
                if each.label in dearer
            ]
            left = [each for each in left if each.label not in dearer]
        hardware = self._hardware(left, extra)
        return _cheapest(site.inputs, base, hardware, [*self._excluded, *dropped])

    def _hardware(self, left: Sequence[_Candidate], extra: Mapping[str, int]) -> list[Option]:
        """Each candidate as an option of its own; what surrounds the instances is priced once."""
        if not left:
            return []
        around = _around(self._site, left)
        found: list[Option] = []
        for each in left:
            key = (each.label, extra.get(each.label, 0), around.largest_gb, around.request_seconds)
            if key not in self._built:
                self._built[key] = _hardware_option(
                    self._site, self._way, self._base, each, around, extra.get(each.label, 0)
                )
            option = self._built[key]
            if option is not None:
                found.append(option)
        return found


def _dearer_everywhere(plain: Sequence[_Candidate], extras_usd_per_hour: Decimal) -> set[str]:
    """Labels of those that another one beats at every volume."""
    worth = worth_pricing([(each.serving, each.price) for each in plain], extras_usd_per_hour)
    kept = {candidate_label(serving) for serving, _ in worth}
    return {each.label for each in plain} - kept


@dataclass(frozen=True, slots=True, kw_only=True)
class _Around:
    """What surrounds the instances, and what its size follows."""

    largest_gb: Decimal
    request_seconds: Decimal
    lines: tuple[CostLine, ...]


def _around(site: Site, priced: Sequence[_Candidate]) -> _Around:
    largest = max(checkpoint_gb(each.serving) for each in priced)
    seconds = request_seconds(site.scenario.slo, site.inputs.demand, priced[0].serving)
    shared = ()
    if not site.replaced:
        shared = vllm_shared_lines(
            site.prices,
            site.inputs.demand,
            site.scenario.deployment,
            zones=site.scenario.slo.zones,
            weights_gb=largest,
            request_seconds=seconds,
        )
    return _Around(largest_gb=largest, request_seconds=seconds, lines=(*shared, *site.ownership))


def _excluded(base: Option, candidate: str, reason: str) -> Excluded:
    return Excluded(option=base.name, candidate=candidate, reason=reason)


def _hardware_option(
    site: Site,
    way: Way,
    base: Option,
    candidate: _Candidate,
    around: _Around,
    extra_replicas: int,
) -> Option | None:
    """None when a replica would serve less than one request a month."""
    slo, serving = site.scenario.slo, candidate.serving
    fleet = site.fleet_of(serving)
    if fleet is None or serving.capacity is None:
        return None
    fleet = replace(fleet, extra_replicas=extra_replicas)
    hourly = hourly_fleet(fleet, needs_ahead(site)) if way.scaling == "hourly" else None
    paid = instance_lines(site, way, serving, candidate.price, fleet)
    own = list(paid.lines)
    if not site.replaced:
        extras = vllm_instance_lines(
            site.prices,
            site.scenario.deployment,
            fleet,
            zones=slo.zones,
            weights_gb=around.largest_gb,
        )
        own += extras if hourly is None else extras_by_hour(site, extras, hourly)
    lines = (*own, *around.lines)

    def every_month(month: int) -> tuple[CostLine, ...]:
        return lines

    return replace(
        base,
        feasible=True,
        lines_in_month=every_month,
        fleet=fleet,
        hourly=hourly,
        purchases=paid.purchases,
        serving=serving,
        provider_of_capacity=serving.capacity.provider,
        warnings=(
            *serving.capacity.warnings,
            *(() if hourly is None else (_PLANNED_WEEK,)),
            *_shares_instance(fleet, slo, site),
            *_no_discount(site, way, candidate.price),
        ),
    )


def _no_discount(site: Site, way: Way, price: PriceRow) -> tuple[str, ...]:
    """A spot price that is not below on demand is no reason to be interrupted."""
    listed = site.inputs.catalog.instance_price(price.item, site.region, "on_demand")
    if way.purchase != "spot" or price.usd is None or listed.usd is None:
        return ()
    if price.usd < listed.usd:
        return ()
    return (
        f"the spot price of {price.item}, ${usd_text(price.usd)} an hour, is not below on demand, "
        f"${usd_text(listed.usd)}: check it",
    )


def _shares_instance(fleet: Fleet, slo: Slo, site: Site) -> tuple[str, ...]:
    """A spare on the same machine does not survive the loss of that machine."""
    needed = max(fleet.instances(requests) for requests in site.inputs.months.requests)
    if slo.redundancy == "n_plus_1" and needed == 1:
        return ("the spare replica shares the only instance; slo.redundancy zones buys a second",)
    return ()


def _cheapest(
    inputs: PricingInputs, base: Option, hardware: list[Option], excluded: list[Excluded]
) -> Option:
    """The candidate with the lowest mean monthly cost within its limit; ties by name."""
    within: list[tuple[Decimal, str, Option]] = []
    for candidate in hardware:
        assert candidate.serving is not None
        label = candidate_label(candidate.serving)
        over = over_limit(candidate, inputs.months)
        if over is not None:
            excluded.append(_excluded(base, label, over))
            continue
        cost = compact_cost(candidate, inputs.months).total()
        within.append((cost, label, candidate))
    if not within:
        return replace(
            base,
            reason=_why_none(excluded),
            hardware=tuple(hardware),
            excluded=tuple(excluded),
        )
    within.sort(key=lambda entry: entry[:2])
    best_cost, _, best = within[0]
    dearer = [
        _excluded(base, label, f"can serve it, ${cost - best_cost:,.2f} a month dearer")
        for cost, label, _ in within[1:]
    ]
    return replace(
        best,
        hardware=tuple(hardware),
        excluded=(*dearer, *excluded),
        assumptions=_assumptions(best),
    )


def _assumptions(best: Option) -> tuple[Assumption, ...]:
    """What the size of the fleet stands on."""
    serving = best.serving
    if serving is None or serving.capacity is None:
        return ()
    capacity = serving.capacity
    return (
        Assumption(
            path=f"serving.{best.purchase}.capacity",
            value=f"{capacity.low_rps:.3g} requests/s a replica on {candidate_label(serving)}, "
            f"{capacity.mid_rps:.3g} expected",
            origin="measured" if capacity.provider == "measured" else "model",
            source=f"{capacity.provider}, sized at the lower edge of its 80 % band "
            f"({capacity.band_low:g} to {capacity.band_high:g} of the predicted speed)",
            mark="~",
        ),
        Assumption(
            path=f"serving.{best.purchase}.engine",
            value=f"vLLM, {serving.precision} weights, {serving.kv_cache_dtype} KV cache, "
            f"max_num_seqs {serving.max_num_seqs}, "
            f"max_num_batched_tokens {serving.max_num_batched_tokens}, "
            f"max_model_len {serving.max_model_len}",
            origin="default",
            source="options.selfhost[].limits; max_model_len holds the 99th percentile",
        ),
    )


def _how_near(reason: str) -> int:
    """How far a candidate got: past its limit, for want of a price, speed, memory, or data."""
    marks = ("beyond", "price", " ms > ", " usable")
    return next((rank for rank, mark in enumerate(marks) if mark in reason), len(marks))


def _why_none(excluded: list[Excluded]) -> str:
    """One sentence for an option that nothing can serve: the nearest miss stands for all."""
    if not excluded:
        return "no instance type to consider is offered in the region"
    nearest = min(excluded, key=lambda entry: _how_near(entry.reason))
    others = len(excluded) - 1
    more = f"; {others} other candidates cannot either" if others else ""
    return f"{nearest.candidate}: {nearest.reason}{more}"
