"""The prices and hardware of one answer: a snapshot and what a scenario changes in it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING

from planner.catalog.age import AgePolicy, PriceAge, age_of_class, ages_of_rows
from planner.catalog.hardware import accelerators, instances_of
from planner.catalog.names import did_you_mean
from planner.catalog.overrides import PriceChanges, price_changes
from planner.catalog.quotas import Quota, parse_quotas
from planner.catalog.rows import iso_date
from planner.catalog.snapshot import Snapshot, find_snapshot, load_snapshot
from planner.catalog.types import (
    Accelerator,
    InstanceType,
    LlmQuote,
    LlmRef,
    ModelCard,
    PriceRow,
    Processing,
)
from planner.errors import InputError, PriceFileError

if TYPE_CHECKING:
    from planner.scenario.economics import Prices

__all__ = ["LIST_REGION", "Catalog", "catalog_of", "load_catalog"]

_NOON_UTC = time(12, tzinfo=UTC)

# Where service prices are known; other regions borrow them and say so.
LIST_REGION = "us-east-1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalog:
    """Prices of one snapshot on one day, with the scenario's overrides and discounts worked in.

    ``instances`` are all known types by name. Lookups are exact; nothing is ever guessed: a price
    that is not known is a row without ``usd`` and with the reason.
    """

    snapshot: Snapshot
    as_of: date
    instances: Mapping[str, InstanceType]
    quotas: Mapping[tuple[str, str], Quota]
    changes: PriceChanges

    @property
    def snapshot_name(self) -> str:
        """``shipped`` or the path of the price file."""
        return self.snapshot.name

    @property
    def snapshot_sha256(self) -> str:
        """Content hash over all prices in use."""
        return self.snapshot.sha256

    @property
    def oldest_observed(self) -> date:
        """Day of the oldest AWS price."""
        return self.snapshot.oldest_observed

    @property
    def newest_observed(self) -> date:
        """Day of the newest AWS price."""
        return self.snapshot.newest_observed

    @property
    def accelerators(self) -> Mapping[str, Accelerator]:
        """All accelerators by name."""
        return accelerators()

    def accelerator(self, name: str) -> Accelerator:
        """One accelerator; InputError with a near name when it is not known."""
        found = accelerators().get(name)
        if found is None:
            raise InputError(
                f"no accelerator `{name}` in the catalog{did_you_mean(name, accelerators())}; "
                f"known: {', '.join(accelerators())}"
            )
        return found

    def instance_type(self, name: str) -> InstanceType:
        """One instance type; InputError with a near name when it is not known."""
        found = self.instances.get(name)
        if found is None:
            raise InputError(
                f"no instance type `{name}` in the catalog{did_you_mean(name, self.instances)}; "
                "`planner prices list --kind instance` shows them"
            )
        return found

    def instance_types(self, region: str) -> tuple[InstanceType, ...]:
        """Types offered in a region, or given a price there by the scenario, sorted by name."""
        given = {name for name, place, _ in self.changes.instances if place == region}
        return tuple(
            self.instances[name]
            for name in sorted(self.instances)
            if region in self.instances[name].regions or name in given
        )

    def instance_price(self, name: str, region: str, purchase: str) -> PriceRow:
        """USD per hour of a type bought in a certain way; InputError for an unknown type."""
        instance = self.instance_type(name)
        given = self.changes.instance_row(name, region, purchase)
        if given is not None:
            return given
        row = self.snapshot.row("instance", region, name, purchase)
        if row is not None:
            return self.changes.discounted_row(row)
        return PriceRow(
            kind="instance",
            region=region,
            item=name,
            purchase=purchase,
            unit="hour",
            usd=None,
            source=self.snapshot_name,
            observed=None,
            reason_null=_why_no_instance_price(instance, region, purchase, self.snapshot_name),
        )

    def service_price(self, item: str, region: str) -> PriceRow:
        """USD per unit of a service item; borrowed from us-east-1 when the region has no own row.

        InputError for an item no snapshot knows.
        """
        here = self.snapshot.row("service", region, item, "on_demand")
        row = here or self._borrowed(item, region)
        return self.changes.service_row(item, region, row.unit) or self.changes.discounted_row(row)

    def _borrowed(self, item: str, region: str) -> PriceRow:
        listed = self.snapshot.row("service", LIST_REGION, item, "on_demand")
        if listed is not None:
            return replace(listed, region=region, extrapolated_from=LIST_REGION)
        shipped = load_snapshot(None).row("service", LIST_REGION, item, "on_demand")
        if shipped is None:
            known = self.snapshot.items("service")
            raise InputError(f"no service item `{item}` in the catalog{did_you_mean(item, known)}")
        return replace(
            shipped,
            region=region,
            usd=None,
            source=self.snapshot_name,
            observed=None,
            reason_null=f"not in {self.snapshot_name}: run `planner prices pin` again",
        )

    def vcpu_quota(self, region: str, code: str) -> Quota | None:
        """The account's quota as `planner prices refresh --quotas` saw it; None when it did not."""
        return self.quotas.get((region, code))

    def llm_quote(self, ref: LlmRef, at: datetime, processing: Processing) -> LlmQuote | None:
        """What a model charges at an aware moment; None when that processing is not sold.

        InputError for an unknown provider or model without an override.
        """
        from planner.catalog import llm

        if not self.changes.has_llm_override(ref, processing):
            listed = llm.quote(ref, at, processing, rows=self.snapshot.llm_rows)
            return None if listed is None else self.changes.discounted_quote(listed)
        return self.changes.llm_quote(ref, at, processing, self._listed(ref, at))

    def _listed(self, ref: LlmRef, at: datetime) -> LlmQuote | None:
        """The list quote of a model with an override, if the price data know it at all."""
        from planner.catalog import llm

        try:
            return llm.quote(ref, at, "standard", rows=self.snapshot.llm_rows)
        except InputError:
            return None

    def llm_hourly_quotes(
        self, ref: LlmRef, day: date, processing: Processing
    ) -> tuple[LlmQuote, ...] | None:
        """One quote for a day (UTC), or 24 by hour where the price depends on it.

        None and errors as of ``llm_quote``.
        """
        from planner.catalog import llm

        if self.changes.has_llm_override(ref, processing):
            noon = datetime.combine(day, _NOON_UTC)
            given = self.llm_quote(ref, noon, processing)
            return None if given is None else (given,)
        listed = llm.hourly_quotes(ref, day, processing, rows=self.snapshot.llm_rows)
        if listed is None:
            return None
        return tuple(self.changes.discounted_quote(quote) for quote in listed)

    def model_card(self, model: str, *, config: Path | None = None) -> ModelCard | None:
        """Architecture of an open-weight model by id or alias; None when it is not known.

        With ``config``, a folder, that of the config.json in it; InputError when it is no use.
        """
        if config is not None:
            from planner.catalog.own_model import card_of_config

            return card_of_config(config, model)
        from planner.catalog.models import model_card

        return model_card(model)

    def ages(
        self, as_of: date, policy: AgePolicy, used: Iterable[PriceRow] | None = None
    ) -> tuple[PriceAge, ...]:
        """Age of each class of prices; ``used`` narrows the AWS rows to those of an answer."""
        rows = self.snapshot.rows() if used is None else used
        llm_age = age_of_class("llm", self._llm_observed(), as_of, policy)
        found = (*ages_of_rows(rows, as_of, policy), *((llm_age,) if llm_age else ()))
        return tuple(sorted(found, key=lambda age: age.price_class))

    def stale(
        self, as_of: date, policy: AgePolicy, used: Iterable[PriceRow] | None = None
    ) -> tuple[PriceAge, ...]:
        """The classes that are past their age to warn, or to fail under ``policy``."""
        return tuple(age for age in self.ages(as_of, policy, used) if age.level != "ok")

    def _llm_observed(self) -> tuple[date | None, ...]:
        from planner.catalog.llm import shipped_source

        if self.snapshot.llm_rows is None:
            return (shipped_source()[1],)
        return tuple(_observed(row, self.snapshot_name) for row in self.snapshot.llm_rows)


def _observed(row: Mapping[str, object], where: str) -> date | None:
    value = row.get("observed")
    try:
        return iso_date(value if isinstance(value, str) else None)
    except ValueError as error:
        raise PriceFileError(f"{where}: llm: observed is {error}") from None


def _why_no_instance_price(
    instance: InstanceType, region: str, purchase: str, snapshot_name: str
) -> str:
    if region not in instance.regions:
        return f"{instance.name} is not offered in {region}"
    what = f"no {purchase} price of {instance.name} in {region} in the {snapshot_name} prices"
    if purchase.startswith("spot"):
        return f"{what}: run `planner prices refresh`, or give spot.usd_per_hour and its source"
    if purchase.startswith("sp_"):
        return f"{what}: run `planner prices refresh`"
    return f"{what}: refresh or pin them again for this region"


def load_catalog(
    *,
    prices: Prices | None,
    base_dir: Path,
    prices_file: Path | None = None,
    as_of: date | None = None,
) -> Catalog:
    """The catalog for a scenario.

    ``prices`` is the scenario's block, ``base_dir`` its folder, ``prices_file`` the option that
    wins over both; see ``find_snapshot``. ``as_of`` defaults to the day of the snapshot.
    InputError (PriceFileError) when the file or the scenario's overrides cannot be used.
    """
    wanted = None if prices is None else prices.snapshot
    snapshot = load_snapshot(*find_snapshot(prices_file, wanted, base_dir))
    return catalog_of(snapshot, prices, as_of=as_of)


def catalog_of(snapshot: Snapshot, prices: Prices | None, *, as_of: date | None = None) -> Catalog:
    """The catalog of a snapshot with a scenario's own prices; errors as of ``load_catalog``."""
    instances = instances_of(snapshot)
    changes = price_changes(
        prices,
        instance_types=tuple(sorted(instances)),
        service_items=snapshot.items("service"),
    )
    return Catalog(
        snapshot=snapshot,
        as_of=as_of or snapshot.as_of,
        instances=instances,
        quotas=parse_quotas(snapshot.quotas, snapshot.name),
        changes=changes,
    )
