"""Ways of buying instances: which are possible, at what price, and the lines they are paid in."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from decimal import Decimal

from planner.catalog.types import PriceRow
from planner.costs.commitments import HourlyPurchases
from planner.costs.hourly_terms import (
    HourlyCommitted,
    HourlyFleet,
    HourlyInstances,
    HourlySavingsPlan,
    hourly_fleet,
)
from planner.costs.inputs import below_floor
from planner.costs.quantities import number, quantities
from planner.costs.selfhost import instance_line, request_seconds
from planner.costs.site import Site, cold_start_s, needs_ahead
from planner.costs.stack import IMAGE_PULLS
from planner.costs.terms import AboveFloor, Fixed, Fleet, PerInstance, Term
from planner.costs.types import BuysByTheTerm, CostLine, Resource
from planner.money import usd_text
from planner.scenario.options import Arm, Purchase, SavingsPlan, Scaling, SelfHostOption
from planner.serving.types import ServingOption
from planner.units import SECONDS_PER_HOUR

__all__ = [
    "PURCHASE_ARMS",
    "PaidLines",
    "Way",
    "extras_by_hour",
    "forbidden",
    "instance_lines",
    "interruptions_per_hour",
    "price_row",
    "starts_factor",
    "term_months",
    "ways_of",
]

PURCHASE_ARMS: dict[Purchase, Arm] = {
    "on_demand": "selfhost_ondemand",
    "ri_1y_no_upfront": "selfhost_ri_1y",
    "savings_plan": "selfhost_ri_1y",
    "spot": "selfhost_spot",
}
_MONTHS_PER_YEAR = 12
_HUNDRED = Decimal(100)


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """How instances are bought and whether their number follows the load."""

    purchase: Purchase
    scaling: Scaling = "fixed"
    term_months: int = 0

    @property
    def words(self) -> str:
        """``on demand, autoscaled``"""
        return self._words("autoscaled")

    @property
    def hybrid_words(self) -> str:
        """``on demand, scheduled``: a base runs in the hours that pay, not in those that need."""
        return self._words("scheduled")

    def _words(self, hourly: str) -> str:
        words = self.purchase.replace("_", " ")
        return f"{words}, {hourly}" if self.scaling == "hourly" else words


@dataclass(frozen=True, slots=True, kw_only=True)
class PaidLines:
    """The lines of the instances themselves; ``purchases`` where commitments are decided apart."""

    lines: tuple[CostLine, ...]
    purchases: BuysByTheTerm | None = None


def ways_of(option: SelfHostOption) -> tuple[Way, ...]:
    """Every way of buying with every way of scaling, in the order given."""
    return tuple(
        Way(purchase=purchase, scaling=scaling, term_months=term_months(purchase, option))
        for purchase in option.purchase
        for scaling in option.scaling
    )


def term_months(purchase: Purchase, option: SelfHostOption) -> int:
    """Months that a purchase binds for; 0 without a term."""
    if purchase == "ri_1y_no_upfront":
        return _MONTHS_PER_YEAR
    plan = option.savings_plan
    if purchase != "savings_plan" or plan is None:
        return 0
    return plan.term_years * _MONTHS_PER_YEAR


def forbidden(site: Site, way: Way) -> str | None:
    """Why nothing can be bought this way, whatever the hardware."""
    scenario, rule = site.scenario, site.scenario.limits.data_residency
    if rule is not None and site.region not in rule.allowed_regions:
        return f"data residency: {site.region} is not allowed ({rule.reason})"
    if way.purchase == "spot" and (reason := _no_spot(site)) is not None:
        return reason
    if way.purchase == "savings_plan" and site.option.savings_plan is None:
        return (
            "no Savings Plan rate is known: give options.selfhost[].savings_plan with percent_off "
            "and its source"
        )
    if way.term_months > scenario.horizon.months:
        return (
            f"its term of {way.term_months} months is longer than the horizon of "
            f"{scenario.horizon.months}"
        )
    return below_floor(scenario, site.option.quality)


def _no_spot(site: Site) -> str | None:
    least = int(quantities()["spot"]["least_pools"]["value"])
    if site.scenario.slo.zones < least:
        return (
            f"spot needs at least {least} pools (an instance type in a zone): slo.zones is "
            f"{site.scenario.slo.zones}"
        )
    if site.option.spot is not None:
        return None
    catalog = site.inputs.catalog
    wanted = site.option.instance_types
    names = [i.name for i in catalog.instance_types(site.region)] if wanted == "any" else wanted
    rows = (catalog.instance_price(name, site.region, "spot_az_median") for name in names)
    if any(row.usd is not None for row in rows):
        return None
    return (
        "no spot price is known: run `planner prices refresh --kinds spot`, or give "
        "options.selfhost[].spot with its source"
    )


def price_row(site: Site, way: Way, instance_type: str) -> PriceRow:
    """USD an hour of an instance bought this way; its ``usd`` is None with the reason if unknown.

    A spot price is the median over zones: of the scenario, else of the price file.
    """
    catalog, option = site.inputs.catalog, site.option

    def listed(purchase: str) -> PriceRow:
        return catalog.instance_price(instance_type, site.region, purchase)

    if way.purchase == "spot":
        if "spot" not in catalog.instance_type(instance_type).usage_classes:
            none = listed("on_demand")
            return replace(none, usd=None, reason_null=f"{instance_type} is not sold as spot")
        return _given_spot(option, listed("spot_az_median"))
    if way.purchase == "savings_plan" and option.savings_plan is not None:
        return _plan_rate(option.savings_plan, listed)
    return listed(way.purchase)


def _given_spot(option: SelfHostOption, listed: PriceRow) -> PriceRow:
    """The scenario's spot price where it is of this type; its type is the only one considered."""
    spot = option.spot
    if spot is None:
        return listed
    only = option.instance_types[0] if isinstance(option.instance_types, list) else None
    if (spot.instance_type or only) != listed.item:
        return listed
    return replace(
        listed,
        usd=spot.usd_per_hour,
        source=f"options.selfhost[].spot: {spot.source}",
        observed=spot.observed,
        reason_null=None,
    )


def _plan_rate(plan: SavingsPlan, listed: Callable[[str], PriceRow]) -> PriceRow:
    if plan.percent_off is None:
        kind = "compute" if plan.plan == "compute" else "ec2"
        return listed(f"sp_{kind}_{plan.term_years}y")
    on_demand = listed("on_demand")
    if on_demand.usd is None:
        return on_demand
    off = usd_text(plan.percent_off)
    return replace(
        on_demand,
        purchase="savings_plan",
        usd=on_demand.usd * (1 - plan.percent_off / _HUNDRED),
        source=f"on demand less {off} % ({plan.source}); on demand: {on_demand.source}",
        observed=plan.observed,
    )


def interruptions_per_hour(option: SelfHostOption) -> tuple[Decimal, str, bool]:
    """Reclaims of a spot instance an hour, the source, and whether that is an assumption."""
    spot = option.spot
    if spot is not None and spot.interruptions_per_instance_hour is not None:
        return spot.interruptions_per_instance_hour, spot.source, False
    assumed = quantities()["spot"]["interruptions_per_instance_hour"]
    return number(assumed["value"]), str(assumed["source"]), True


def instance_lines(
    site: Site, way: Way, serving: ServingOption, price: PriceRow, fleet: Fleet
) -> PaidLines:
    """The lines for the instances of a fleet; ``price`` is that of ``price_row``, known."""
    assert price.usd is not None
    on_demand = site.inputs.catalog.instance_price(price.item, site.region, "on_demand")
    if way.purchase == "spot":
        return PaidLines(lines=_spot_lines(site, way, serving, price, fleet, on_demand))
    plain = instance_line(price, fleet, site.prices.hours_per_month, on_demand)
    given = site.option.savings_plan
    committed_usd = None if given is None else given.commitment_usd_per_hour
    if way.purchase == "savings_plan" and committed_usd is not None:
        return PaidLines(
            lines=(_committed_money(site, way, price, fleet, on_demand, plain, committed_usd),)
        )
    if way.scaling == "fixed":
        return PaidLines(lines=(plain,))
    hours = hourly_fleet(fleet, needs_ahead(site))
    if way.purchase == "on_demand":
        term = _by_the_hour(site, hours, price.usd)
        return PaidLines(lines=(_hourly(plain, term),))
    term = HourlyCommitted(
        fleet=hours,
        hours_per_month=site.prices.hours_per_month,
        committed_usd_per_hour=price.usd,
        on_demand_usd_per_hour=price.usd if on_demand.usd is None else on_demand.usd,
    )
    return PaidLines(
        lines=(_hourly(plain, term),),
        purchases=HourlyPurchases(term=term, term_months=way.term_months),
    )


def _hourly(line: CostLine, term: Term) -> CostLine:
    return replace(line, term=term, formula=f"{line.formula}, for the instances of each hour")


def _by_the_hour(
    site: Site, fleet: HourlyFleet, usd_per_hour: Decimal, beyond: int = 0
) -> HourlyInstances:
    return HourlyInstances(
        fleet=fleet,
        hours_per_month=site.prices.hours_per_month,
        usd_per_instance_hour=usd_per_hour,
        beyond=beyond,
    )


def _committed_money(
    site: Site,
    way: Way,
    price: PriceRow,
    fleet: Fleet,
    on_demand: PriceRow,
    plain: CostLine,
    commitment_usd: Decimal,
) -> CostLine:
    """A Savings Plan of a given hourly amount: paid whatever is used, the rest on demand."""
    assert price.usd is not None
    list_usd = price.usd if on_demand.usd is None else on_demand.usd
    hours = hourly_fleet(fleet, needs_ahead(site) if way.scaling == "hourly" else [1.0])
    term = HourlySavingsPlan(
        fleet=hours,
        hours_per_month=site.prices.hours_per_month,
        on_demand_usd_per_hour=list_usd,
        commitment_usd_per_hour=commitment_usd,
        discount=1 - price.usd / list_usd,
    )
    return replace(
        plain,
        term=term,
        formula=f"${usd_text(commitment_usd)} an hour committed, used at ${usd_text(price.usd)}; "
        f"above it {price.item} at ${usd_text(list_usd)} an hour",
    )


def _spot_lines(
    site: Site,
    way: Way,
    serving: ServingOption,
    price: PriceRow,
    fleet: Fleet,
    on_demand: PriceRow,
) -> tuple[CostLine, ...]:
    """An on-demand floor (what the service holds without any load), spot above it, and what
    interruptions cost: boots that serve nothing, on-demand cover meanwhile, answers begun anew.
    """
    assert price.usd is not None
    floor = fleet.instances(Decimal(0))
    hours = site.prices.hours_per_month
    by_hour = hourly_fleet(fleet, needs_ahead(site)) if way.scaling == "hourly" else None

    def above(usd: Decimal) -> Term:
        if by_hour is None:
            return AboveFloor(fleet, usd * hours, floor)
        return _by_the_hour(site, by_hour, usd, floor)

    plain = instance_line(on_demand, fleet, hours, on_demand)
    floor_usd = None if on_demand.usd is None else on_demand.usd * hours * floor
    held = replace(
        plain,
        name="instances (floor)",
        term=None if floor_usd is None else Fixed(floor_usd),
        formula=f"{floor} x {plain.formula}: spot is not for the floor",
    )
    spot = replace(
        plain,
        name="instances (spot)",
        term=above(price.usd),
        formula=f"{price.item} x ${usd_text(price.usd)} an hour (spot) beyond the first {floor}",
        source=price.source,
        observed=price.observed,
        resource=_resource(plain, price),
        reason_unpriced=None,
    )
    return held, spot, _interruptions(site, serving, plain, price.usd, on_demand.usd, above)


def _interruptions(
    site: Site,
    serving: ServingOption,
    plain: CostLine,
    spot_usd: Decimal,
    on_demand_usd: Decimal | None,
    above: Callable[[Decimal], Term],
) -> CostLine:
    """What interruptions cost, for the instances above the floor."""
    rate, source, is_assumed = interruptions_per_hour(site.option)
    lost = _usd_per_interruption(site, serving, spot_usd, on_demand_usd)
    each = "no price" if lost is None else f"${lost:.4f}"
    return replace(
        plain,
        name="spot interruptions",
        term=None if lost is None else above(rate * lost),
        formula=f"{usd_text(rate)} interruptions an instance hour x {each}",
        source=source,
        mark="?" if is_assumed else "",
        resource=None,
    )


def _usd_per_interruption(
    site: Site, serving: ServingOption, spot_usd: Decimal, on_demand_usd: Decimal | None
) -> Decimal | None:
    """The replacement boots for a cold start, an on-demand instance covers that time, and what
    takes longer than the notice is answered again.
    """
    if on_demand_usd is None:
        return None
    start = cold_start_s(site.option)
    notice = number(quantities()["spot"]["notice_s"]["value"])
    longer = request_seconds(site.scenario.slo, site.inputs.demand, serving) - notice
    lost_s = max(longer, Decimal(0))
    return (spot_usd * (start + lost_s) + on_demand_usd * start) / SECONDS_PER_HOUR


def _resource(line: CostLine, price: PriceRow) -> Resource | None:
    """The resource of a line at another price."""
    return None if line.resource is None else replace(line.resource, usd_per_unit=price.usd)


def starts_factor(site: Site) -> Decimal:
    """Starts of an instance that follows the load ÷ those of one that runs always."""
    usual = number(quantities()["vllm_gpu"]["image_pull"]["pulls_per_instance_month"]["value"])
    a_day = number(quantities()["scaling"]["starts_per_instance_day"]["value"])
    return a_day * site.inputs.demand.days_per_month / usual


def extras_by_hour(site: Site, lines: Iterable[CostLine], fleet: HourlyFleet) -> list[CostLine]:
    """What comes with every instance, for instances that follow the load.

    Volumes and metrics last as long as the instance; it pulls its image at each start.
    """
    factor = starts_factor(site)
    changed: list[CostLine] = []
    for line in lines:
        if not isinstance(line.term, PerInstance):
            changed.append(line)
        elif line.name == IMAGE_PULLS:
            each = line.term.monthly_usd_per_instance * factor
            text = f"{line.formula} x {usd_text(factor)}: a start a day"
            term = replace(line.term, monthly_usd_per_instance=each)
            changed.append(replace(line, term=term, formula=text))
        else:
            per_hour = line.term.monthly_usd_per_instance / site.prices.hours_per_month
            changed.append(_hourly(line, _by_the_hour(site, fleet, per_hour)))
    return changed
