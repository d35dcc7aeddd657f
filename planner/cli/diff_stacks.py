"""``planner diff --pulumi`` and ``--state``: from the engine's files to a priced comparison."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from planner.catalog import Catalog, InstanceType, PriceRow, load_catalog
from planner.catalog.resource_prices import PricingContext
from planner.cli.evaluation import PriceOptions
from planner.diff import DiffReport, diff_report
from planner.diff.pulumi import (
    StackChange,
    planned_use,
    read_preview,
    read_states,
    stack_subject,
    with_plan,
)

if TYPE_CHECKING:
    from planner.decision import Plan

__all__ = ["StackComparison", "compare_stack"]


@dataclass(frozen=True, slots=True, kw_only=True)
class StackComparison:
    """The comparison before its rules, and the prices it rests on."""

    report: DiffReport
    change: StackChange
    catalog: Catalog
    used: tuple[PriceRow, ...]
    plan: Plan | None
    file: Path

    def held(self, report: DiffReport) -> DiffReport:
        """A report with the plan's rules after those it has."""
        return report if self.plan is None else with_plan(report, self.change, self.plan)


def compare_stack(
    preview: Path | None, state: tuple[Path, Path] | None, plan: Path | None, prices: PriceOptions
) -> StackComparison:
    """Both sides of a preview or of two exports, at one set of prices.

    InputError for a file that is none of the engine's, PlanFileError for one that is no plan.
    """
    file = preview if preview is not None else (state or (Path(), Path()))[1]
    saved = None if plan is None else _read(plan)
    change = read_preview(file) if preview is not None or state is None else read_states(*state)
    catalog = _catalog(saved, file, prices)
    seen = _Seen(catalog)
    context = PricingContext(
        prices=seen,
        hours_per_month=_hours(saved),
        # Its use beside the instances is in no resource, so it is no part of a change.
        planned=None if saved is None else replace(planned_use(saved), usage={}),
    )
    subject = stack_subject(change, context, file=str(file))
    subject = replace(
        subject,
        prices=(
            f"{catalog.snapshot_name} as of {catalog.as_of.isoformat()}, sha256 "
            f"{catalog.snapshot_sha256[:12]}",
        ),
        plan_hashes=() if saved is None else (saved.plan_hash,),
    )
    title = str(file) if state is None else f"{state[0]} → {state[1]}"
    return StackComparison(
        report=diff_report(title, [subject]),
        change=change,
        catalog=catalog,
        used=tuple(seen.rows.values()),
        plan=saved,
        file=file,
    )


@dataclass(frozen=True, slots=True)
class _Seen:
    """A catalog that remembers which rows were looked at: only their age matters."""

    catalog: Catalog
    rows: dict[tuple[str, str, str], PriceRow] = field(
        default_factory=dict[tuple[str, str, str], PriceRow]
    )

    @property
    def instances(self) -> Mapping[str, InstanceType]:
        return self.catalog.instances

    def service_price(self, item: str, region: str) -> PriceRow:
        return self._kept(self.catalog.service_price(item, region))

    def instance_price(self, name: str, region: str, purchase: str) -> PriceRow:
        return self._kept(self.catalog.instance_price(name, region, purchase))

    def _kept(self, row: PriceRow) -> PriceRow:
        self.rows[row.item, row.region, row.purchase] = row
        return row


def _read(path: Path) -> Plan:
    from planner.decision.plan import read_plan

    return read_plan(path)


def _catalog(plan: Plan | None, file: Path, prices: PriceOptions) -> Catalog:
    """The prices of the option or the nearest file, with the plan's own overrides."""
    own = None
    if plan is not None:
        from planner.scenario.economics import Prices

        given = plan.content["scenario"].get("prices")
        own = None if given is None else Prices.model_validate({**given, "snapshot": None})
    return load_catalog(
        prices=own,
        base_dir=file.resolve().parent,
        prices_file=prices.prices_file,
        as_of=prices.as_of,
    )


def _hours(plan: Plan | None) -> Decimal:
    conventions: Mapping[str, object] = {}
    if plan is not None:
        conventions = plan.content["scenario"].get("conventions", {})
    return Decimal(str(conventions.get("hours_per_month", 730)))
