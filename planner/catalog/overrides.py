"""What a scenario's ``prices`` block changes: prices of its own, percentages off list.

An override is a price somebody was quoted: it replaces the list price and no discount is taken
off it. Of several discounts that fit, the most specific one applies: one that names the model or
the instance type before one for the whole provider.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, TypeVar

from planner.catalog.llm_request import rate_at
from planner.catalog.llm_rows import flat_rate, scaled_rate
from planner.catalog.names import did_you_mean
from planner.catalog.types import LlmQuote, LlmRate, LlmRef, PriceRow, Processing
from planner.errors import InputError
from planner.money import usd_text

if TYPE_CHECKING:
    from planner.scenario.economics import (
        Discount,
        InstancePriceOverride,
        LlmPriceOverride,
        Prices,
        ServicePriceOverride,
    )

__all__ = ["AWS", "NO_CHANGES", "PriceChanges", "price_changes"]

AWS = "aws"

_HUNDRED = Decimal(100)

_Key = TypeVar("_Key")
_Given = TypeVar("_Given")


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceChanges:
    """Overrides and discounts of a scenario, looked up by what they apply to."""

    instances: Mapping[tuple[str, str, str], InstancePriceOverride]
    services: Mapping[tuple[str, str], ServicePriceOverride]
    llm: Mapping[tuple[str, str, str], LlmPriceOverride]
    discounts: Mapping[tuple[str, str | None, str | None], Discount]

    def instance_row(self, name: str, region: str, purchase: str) -> PriceRow | None:
        """The scenario's own price of an instance type."""
        given = self.instances.get((name, region, purchase))
        if given is None:
            return None
        return PriceRow(
            kind="instance",
            region=region,
            item=name,
            purchase=purchase,
            unit="hour",
            usd=given.usd_per_hour,
            source=given.source,
            observed=given.observed,
        )

    def service_row(self, item: str, region: str, unit: str) -> PriceRow | None:
        """The scenario's own price of a service item, per ``unit`` of the catalog."""
        given = self.services.get((item, region))
        if given is None:
            return None
        return PriceRow(
            kind="service",
            region=region,
            item=item,
            purchase="on_demand",
            unit=unit,
            usd=given.usd,
            source=given.source,
            observed=given.observed,
        )

    def llm_quote(
        self, ref: LlmRef, at: datetime, processing: Processing, listed: LlmQuote | None
    ) -> LlmQuote | None:
        """The scenario's own token price; ``listed`` gives what no override says: retirement."""
        given = self.llm.get((ref.provider, ref.model, processing))
        if given is None:
            return None
        read, write = _cache_rates(given, listed if processing == "standard" else None)
        return LlmQuote(
            ref=ref,
            resolved_id=ref.model if listed is None else listed.resolved_id,
            processing=processing,
            at=at,
            input=flat_rate(given.input_usd_per_1m_tokens),
            output=flat_rate(given.output_usd_per_1m_tokens),
            cache_read=read,
            cache_write=write,
            cache_write_1h=None,
            time_of_day=False,
            retires_on=None if listed is None else listed.retires_on,
            source=given.source,
            observed=given.observed,
            notes=("price given in the scenario", *_override_notes(given, listed)),
        )

    def has_llm_override(self, ref: LlmRef, processing: Processing) -> bool:
        """Whether the scenario gives its own price of this model."""
        return (ref.provider, ref.model, processing) in self.llm

    def discounted_row(self, row: PriceRow) -> PriceRow:
        """A list price less the discount that fits it, if any."""
        named = (AWS, None, row.item if row.kind == "instance" else None)
        given = self.discounts.get(named) or self.discounts.get((AWS, None, None))
        if given is None or row.usd is None:
            return row
        return replace(row, usd=row.usd * _left(given), source=_reduced_source(given, row.source))

    def discounted_quote(self, quote: LlmQuote) -> LlmQuote:
        """List token rates less the discount that fits the model, if any."""
        provider, model = quote.ref.provider, quote.ref.model
        given = self.discounts.get((provider, model, None))
        given = given or self.discounts.get((provider, None, None))
        if given is None:
            return quote
        left = _left(given)
        return replace(
            quote,
            input=scaled_rate(quote.input, left),
            output=scaled_rate(quote.output, left),
            cache_read=_scaled(quote.cache_read, left),
            cache_write=_scaled(quote.cache_write, left),
            cache_write_1h=_scaled(quote.cache_write_1h, left),
            source=_reduced_source(given, quote.source),
        )


NO_CHANGES = PriceChanges(instances={}, services={}, llm={}, discounts={})


def price_changes(
    prices: Prices | None, *, instance_types: Sequence[str], service_items: Sequence[str]
) -> PriceChanges:
    """The changes of a scenario; InputError for unknown names and for two of the same thing."""
    if prices is None:
        return NO_CHANGES
    instances: dict[tuple[str, str, str], InstancePriceOverride] = {}
    services: dict[tuple[str, str], ServicePriceOverride] = {}
    llm: dict[tuple[str, str, str], LlmPriceOverride] = {}
    for index, given in enumerate(prices.overrides):
        where = f"prices.overrides.{index}"
        if given.kind == "instance":
            _check_known(f"{where}.instance_type", given.instance_type, instance_types, "instance")
            _add(instances, (given.instance_type, given.region, given.purchase), given, where)
        elif given.kind == "service":
            _check_known(f"{where}.item", given.item, service_items, "service")
            _add(services, (given.item, given.region), given, where)
        else:
            _add(llm, (given.provider, given.model, given.processing), given, where)
    return PriceChanges(
        instances=instances,
        services=services,
        llm=llm,
        discounts=_discounts(prices.discounts, instance_types),
    )


def _discounts(
    given: Iterable[Discount], instance_types: Sequence[str]
) -> dict[tuple[str, str | None, str | None], Discount]:
    discounts: dict[tuple[str, str | None, str | None], Discount] = {}
    for index, discount in enumerate(given):
        where = f"prices.discounts.{index}"
        if discount.instance_type is not None:
            name = discount.instance_type
            _check_known(f"{where}.instance_type", name, instance_types, "instance")
            if discount.provider != AWS or discount.model is not None:
                raise InputError(
                    f"{where}: instance types are sold by `{AWS}` and are no models; "
                    f"give `provider: {AWS}` and no model beside `instance_type`"
                )
        key = (discount.provider, discount.model, discount.instance_type)
        _add(discounts, key, discount, where)
    return discounts


def _check_known(path: str, name: str, known: Sequence[str], kind: str) -> None:
    if name not in known:
        what = "instance type" if kind == "instance" else "service item"
        raise InputError(
            f"{path}: no {what} `{name}` in the catalog{did_you_mean(name, known)}; "
            f"`planner prices list --kind {kind}` shows them"
        )


def _add(found: dict[_Key, _Given], key: _Key, value: _Given, where: str) -> None:
    if key in found:
        raise InputError(f"{where}: the same thing is priced twice; keep one of the two")
    found[key] = value


def _left(discount: Discount) -> Decimal:
    return 1 - Decimal(discount.percent) / _HUNDRED


def _reduced_source(discount: Discount, list_source: str) -> str:
    percent = usd_text(Decimal(discount.percent))
    return f"list less {percent} % ({discount.source}); list: {list_source}"


def _cache_rates(
    given: LlmPriceOverride, listed: LlmQuote | None
) -> tuple[LlmRate | None, LlmRate | None]:
    """The override's own cache prices; those not given keep their list ratio to the input price."""
    read = _optional_rate(given.cache_read_usd_per_1m_tokens)
    write = _optional_rate(given.cache_write_usd_per_1m_tokens)
    base = Decimal(0) if listed is None else rate_at(listed.input, Decimal(0))
    if listed is None or not base:
        return read, write
    ratio = given.input_usd_per_1m_tokens / base
    if read is None and listed.cache_read is not None:
        read = flat_rate(rate_at(listed.cache_read, Decimal(0)) * ratio)
    if write is None and listed.cache_write is not None:
        write = flat_rate(rate_at(listed.cache_write, Decimal(0)) * ratio)
    return read, write


def _override_notes(given: LlmPriceOverride, listed: LlmQuote | None) -> tuple[str, ...]:
    """What the override leaves open and how it was filled."""
    notes: list[str] = []
    open_cache = given.cache_read_usd_per_1m_tokens is None
    if open_cache and listed is not None and listed.cache_read is not None:
        notes.append("its cache price keeps the list ratio to the input price")
    if listed is not None and len(listed.input) > 1:
        notes.append("a flat price: the list's tiers by input length do not apply")
    return tuple(notes)


def _optional_rate(value: Decimal | None) -> LlmRate | None:
    return None if value is None else flat_rate(value)


def _scaled(rate: LlmRate | None, factor: Decimal) -> LlmRate | None:
    return None if rate is None else scaled_rate(rate, factor)
