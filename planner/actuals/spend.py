"""What was spent: by model, endpoint, feature and environment, and what the bill adds to it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from planner.actuals.chosen import Choice
from planner.actuals.queries import AXES, Axis, Row
from planner.money import ZERO

__all__ = [
    "BillPart",
    "Cell",
    "Figures",
    "Group",
    "InstanceHours",
    "ProviderBill",
    "Spend",
    "bill_part",
    "cells_of",
    "figures_of",
    "grouped",
]


_OWN_SERVERS = "vllm"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """Sums of a day's rows with the same provider, model, endpoint, feature and environment.

    ``usd`` and the tokens of the second block leave out rows whose price is not known; those are
    counted in ``unpriced_*``. ``list_usd`` is the list price of the rows that have one,
    ``listed_usd`` what those cost. ``logical_input_tokens`` and ``all_*`` are of every row.
    """

    day: date
    source: str
    provider: str
    model: str
    endpoint: str
    feature: str
    environment: str
    all_calls: int
    all_attempts: int
    all_cache_read_tokens: int
    logical_input_tokens: int
    all_output_tokens: int
    failed_calls: int
    cache_hit_calls: int
    unpriced_calls: int
    unpriced_rows: int
    unpriced_tokens: int
    usd: Decimal
    list_usd: Decimal | None
    listed_usd: Decimal
    evaluation_usd: Decimal
    calls: int
    attempts: int
    uncached_input_tokens: int
    cache_read_tokens: int
    cache_write_tokens: int
    output_tokens: int
    first_second: int
    last_second: int


def cells_of(rows: Iterable[Row]) -> tuple[Cell, ...]:
    """The answered query ``cells`` in types."""
    return tuple(_cell(row) for row in rows)


def _cell(row: Row) -> Cell:
    def whole(name: str) -> int:
        return int(row[name] or 0)

    return Cell(
        day=row["dt"],
        source=row["source"],
        provider=row["provider"],
        model=row["model"],
        endpoint=row["endpoint"],
        feature=row["feature"],
        environment=row["environment"],
        all_calls=whole("all_calls"),
        all_attempts=whole("all_attempts"),
        all_cache_read_tokens=whole("all_cache_read_tokens"),
        logical_input_tokens=whole("all_input_tokens"),
        all_output_tokens=whole("all_output_tokens"),
        failed_calls=whole("failed_calls"),
        cache_hit_calls=whole("cache_hit_calls"),
        unpriced_calls=whole("unpriced_calls"),
        unpriced_rows=whole("unpriced_rows"),
        unpriced_tokens=whole("unpriced_tokens"),
        usd=row["cost_usd"] or ZERO,
        list_usd=row["list_usd"],
        listed_usd=row["listed_usd"] or ZERO,
        evaluation_usd=row["evaluation_usd"] or ZERO,
        calls=whole("calls"),
        attempts=whole("attempts"),
        uncached_input_tokens=whole("uncached_input_tokens"),
        cache_read_tokens=whole("cache_read_tokens"),
        cache_write_tokens=whole("write_tokens"),
        output_tokens=whole("output_tokens"),
        first_second=whole("first_second"),
        last_second=whole("last_second"),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Sums of cells; ``usd`` is a floor when rows without a price are among them.

    ``is_own``: calls of one's own servers alone, whose money is in the bill of the machines.
    """

    usd: Decimal
    calls: int
    failed_calls: int
    input_tokens: int
    output_tokens: int
    unpriced_rows: int
    unpriced_calls: int
    unpriced_tokens: int
    is_own: bool

    @property
    def is_floor(self) -> bool:
        """Whether something in it has no price."""
        return self.unpriced_rows > 0

    @property
    def unpriced_token_share(self) -> float | None:
        """Tokens without a price ÷ all tokens; None without tokens."""
        tokens = self.input_tokens + self.output_tokens
        return self.unpriced_tokens / tokens if tokens else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Figures of the cells that share these labels."""

    labels: tuple[str, ...]
    figures: Figures


def figures_of(cells: Iterable[Cell]) -> Figures:
    """The sum of cells."""
    mine = tuple(cells)
    return Figures(
        usd=sum((each.usd for each in mine), ZERO),
        calls=sum(each.all_calls for each in mine),
        failed_calls=sum(each.failed_calls for each in mine),
        input_tokens=sum(each.logical_input_tokens for each in mine),
        output_tokens=sum(each.all_output_tokens for each in mine),
        unpriced_rows=sum(each.unpriced_rows for each in mine),
        unpriced_calls=sum(each.unpriced_calls for each in mine),
        unpriced_tokens=sum(each.unpriced_tokens for each in mine),
        is_own=bool(mine) and all(each.provider == _OWN_SERVERS for each in mine),
    )


def grouped(cells: Iterable[Cell], axes: Sequence[Axis]) -> tuple[Group, ...]:
    """Groups by these axes, the dearest first; their figures add up to those of all cells."""
    found: defaultdict[tuple[str, ...], list[Cell]] = defaultdict(list)
    for cell in cells:
        found[tuple(getattr(cell, axis) for axis in axes)].append(cell)
    groups = [Group(labels=labels, figures=figures_of(mine)) for labels, mine in found.items()]
    return tuple(sorted(groups, key=lambda each: (-each.figures.usd, each.labels)))


# --- The bill ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderBill:
    """A provider's bill for models, beside the usage of the days that both tell.

    ``unattributed_usd`` is what the bill has more (or less) than the usage: it is never spread.
    ``by_day`` are (billed, usage) of each day.
    """

    provider: str
    source: str
    by_day: Mapping[date, tuple[Decimal, Decimal]]

    @property
    def billed_usd(self) -> Decimal:
        """The bill for models."""
        return sum((billed for billed, _ in self.by_day.values()), ZERO)

    @property
    def usage_usd(self) -> Decimal:
        """The usage of the same days."""
        return sum((usage for _, usage in self.by_day.values()), ZERO)

    @property
    def unattributed_usd(self) -> Decimal:
        """Bill less usage."""
        return self.billed_usd - self.usage_usd


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceHours:
    """Hours of one instance type bought in one way, with their amortised cost."""

    instance_type: str
    purchase: str
    hours: Decimal
    usd: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class BillPart:
    """What the bills add: models by provider, the stack's infrastructure, and what is beside.

    ``services`` are of the stack (every tagged stack when none is named); ``elsewhere_usd`` is
    what AWS bills outside it. ``listed`` are charges that no run-rate holds: tax, credits and so
    on. ``days_of_stack`` are those with lines of the stack. ``unsettled_days`` are left out of all
    this: a bill's last two days still change.
    """

    providers: tuple[ProviderBill, ...]
    services: tuple[tuple[str, Decimal], ...]
    instances: tuple[InstanceHours, ...]
    elsewhere_usd: Decimal
    listed: tuple[tuple[str, Decimal], ...]
    days_of_stack: tuple[date, ...]
    unsettled_days: tuple[date, ...]

    @property
    def unattributed_usd(self) -> Decimal:
        """Bills for models less usage, all providers."""
        return sum((each.unattributed_usd for each in self.providers), ZERO)

    @property
    def infrastructure_usd(self) -> Decimal:
        """The stack's services."""
        return sum((usd for _, usd in self.services), ZERO)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spend:
    """Everything about the spend of some days."""

    since: date
    until: date
    choice: Choice
    cells: tuple[Cell, ...]
    bill: BillPart

    @property
    def figures(self) -> Figures:
        """Sums of all usage."""
        return figures_of(self.cells)

    @property
    def model_usd(self) -> Decimal:
        """Usage and what bills add to it."""
        return self.figures.usd + self.bill.unattributed_usd

    @property
    def total_usd(self) -> Decimal:
        """Models and infrastructure of the stack."""
        return self.model_usd + self.bill.infrastructure_usd

    def by_day(self) -> dict[date, Decimal]:
        """Usage of each day that has some, USD."""
        found: defaultdict[date, Decimal] = defaultdict(lambda: ZERO)
        for cell in self.cells:
            found[cell.day] += cell.usd
        return dict(sorted(found.items()))

    def axes(self) -> dict[Axis, tuple[Group, ...]]:
        """Groups by each axis alone."""
        return {axis: grouped(self.cells, (axis,)) for axis in AXES}


_RUNNING = ("usage", "fee", "discount")


def bill_part(
    lines: Sequence[Row],
    choice: Choice,
    cells: Sequence[Cell],
    *,
    stack: str | None,
    unsettled_from: Mapping[str, date],
) -> BillPart:
    """The answered query ``bill_lines`` beside the usage; ``stack`` is the tag to look for.

    ``unsettled_from`` is the first day of each source that its next export may change.
    """
    used = {(each.source, each.provider) for each in choice.bills}
    every = [line for line in lines if (line["source"], line["provider"]) in used]
    mine = [line for line in every if line["dt"] < unsettled_from.get(line["source"], date.max)]
    running = [line for line in mine if line["charge_kind"] in _RUNNING]
    other = [line for line in running if not line["is_of_models"]]
    of_stack = [line for line in other if _is_of_stack(line, stack)]
    return BillPart(
        providers=tuple(
            bill
            for each in choice.bills
            if each.view not in choice.usage_views
            and (bill := _provider_bill(each.provider, each.source, running, cells)).by_day
        ),
        services=_sums(of_stack, lambda line: line["service"]),
        instances=_instances(of_stack),
        elsewhere_usd=sum((_usd(line) for line in other), ZERO)
        - sum((_usd(line) for line in of_stack), ZERO),
        listed=_sums(
            [line for line in mine if line["charge_kind"] not in _RUNNING],
            lambda line: line["charge_kind"],
        ),
        days_of_stack=tuple(sorted({line["dt"] for line in of_stack})),
        unsettled_days=tuple(
            sorted({line["dt"] for line in every} - {line["dt"] for line in mine})
        ),
    )


def _is_of_stack(line: Row, stack: str | None) -> bool:
    return bool(line["stack"]) if stack is None else line["stack"] == stack


def _provider_bill(
    provider: str, source: str, lines: Sequence[Row], cells: Sequence[Cell]
) -> ProviderBill:
    """Only of the days that the bill has: a bill is behind by a day or two."""
    billed: defaultdict[date, Decimal] = defaultdict(lambda: ZERO)
    for line in lines:
        if line["provider"] == provider and line["is_of_models"]:
            billed[line["dt"]] += _usd(line)
    usage = {day: ZERO for day in billed}
    for each in cells:
        if each.provider == provider and each.day in usage:
            usage[each.day] += each.usd
    return ProviderBill(
        provider=provider,
        source=source,
        by_day={day: (billed[day], usage[day]) for day in sorted(billed)},
    )


def _usd(line: Row) -> Decimal:
    return line["usd"] or ZERO


def _sums(lines: Sequence[Row], name: Callable[[Row], str]) -> tuple[tuple[str, Decimal], ...]:
    found: defaultdict[str, Decimal] = defaultdict(lambda: ZERO)
    for line in lines:
        found[name(line)] += _usd(line)
    return tuple(sorted(found.items(), key=lambda each: (-each[1], each[0])))


def _instances(lines: Sequence[Row]) -> tuple[InstanceHours, ...]:
    hours: defaultdict[tuple[str, str], Decimal] = defaultdict(lambda: ZERO)
    usd: defaultdict[tuple[str, str], Decimal] = defaultdict(lambda: ZERO)
    for line in lines:
        if not line["is_instance"] or line["charge_kind"] != "usage":
            continue
        key = (line["line_item"].rpartition(":")[2], _purchase(line))
        hours[key] += line["quantity"] or ZERO
        usd[key] += _usd(line)
    return tuple(
        InstanceHours(instance_type=key[0], purchase=key[1], hours=hours[key], usd=usd[key])
        for key in sorted(hours)
    )


def _purchase(line: Row) -> str:
    """A bill's amortised cost differs from the billed one where a commitment covers the hour."""
    if line["is_spot"]:
        return "spot"
    return "committed" if line["is_covered"] or "HeavyUsage" in line["line_item"] else "on_demand"
