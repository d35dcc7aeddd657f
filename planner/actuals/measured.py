"""What a store says about a workload: volume, hours, lengths, cache, retries, cost of a call."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

from planner.actuals.asking import answer, opened
from planner.actuals.coverage import CoveredDay
from planner.actuals.queries import Row, hours_of_calls, length_counts
from planner.actuals.report import Question, Read, read
from planner.actuals.spend import Cell
from planner.actuals.store import Store
from planner.demand.traffic import timezone_of
from planner.errors import InputError
from planner.money import ZERO
from planner.units import HOURS_PER_WEEK, SECONDS_PER_HOUR

if TYPE_CHECKING:
    from planner.catalog import Catalog

__all__ = ["Lengths", "Measured", "ModelCost", "exact_quantile", "measure", "newest_weeks"]

_WEEKS = 4
# Fewer complete days say little about a mean, and nothing about a week.
_FEWEST_DAYS = 3
_FEWEST_DAYS_OF_WEEK_SHAPE = 14
_FEWEST_CALLS = 1000
# Between quantiles lengths are taken as even, so that few of them would bend the mean.
_LEVELS = ("0", "1", "2", *(str(n) for n in range(5, 100, 5)), "98", "99", "99.5", "99.9", "100")


@dataclass(frozen=True, slots=True, kw_only=True)
class Lengths:
    """Tokens of a call: the mean, and quantiles (`p50`) where single calls are told."""

    mean: Decimal
    quantiles: Mapping[str, int] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelCost:
    """What one model's calls cost beside their list price, both USD; ``basis`` says who told."""

    provider: str
    model: str
    calls: int
    usd: Decimal
    list_usd: Decimal | None
    basis: str

    @property
    def factor(self) -> Decimal | None:
        """Cost ÷ list price; None without one."""
        return self.usd / self.list_usd if self.list_usd else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A workload as it was on complete days.

    ``requests_per_day`` are attempts that reached a model: ``retries`` of them beyond one a call
    are inside. ``weights`` are 24 or 168 hours in ``timezone``, None where no source tells hours.
    ``cache_read_share`` is of the input tokens. ``observed`` is the last day.
    """

    first_day: date
    observed: date
    days: int
    sources: tuple[str, ...]
    timezone: str
    requests_per_day: Decimal
    retries: Decimal
    weights: tuple[float, ...] | None
    input: Lengths
    output: Lengths
    cache_read_share: Decimal
    models: tuple[ModelCost, ...]

    @property
    def source(self) -> str:
        """Where the figures come from, for reports."""
        return (
            f"actuals of {' and '.join(self.sources)}, {self.first_day} to {self.observed} "
            f"({self.days} complete days)"
        )


def newest_weeks(store: Store) -> tuple[date, date]:
    """The last four weeks with records; InputError without any."""
    days = [part.dt for part in store.parts()]
    if not days:
        raise InputError(f"{store.path}: no records in it; import some first")
    last = date.fromisoformat(max(days))
    return last - timedelta(weeks=_WEEKS) + timedelta(days=1), last


def measure(
    store: Store, question: Question, catalog: Catalog, *, timezone: str, feature: str | None = None
) -> Measured:
    """Measure the complete days of the question; InputError with fewer than three.

    Only calls of ``feature`` count where the store has one of that name.
    """
    with opened(store, question.since, question.until, spill=question.spill) as records:
        found, tables = read(store, question, catalog, records)
        if feature is not None and any(c.feature == feature for c in found.spend.cells):
            question = replace(question, only={**question.only, "feature": feature})
            found, tables = read(store, question, catalog, records)
        complete = [each for each in found.cover.days if each.is_complete]
        if len(complete) < _FEWEST_DAYS:
            raise InputError(
                f"{store.path}: {len(complete)} complete days from {question.since} to "
                f"{question.until}, {_FEWEST_DAYS} are needed; import more, or give the figures in "
                "the scenario"
            )
        days = [each.day for each in complete]
        rows = tables.rows.filter(tables.rows.dt.isin(days))
        hours = answer(hours_of_calls(tables.hours.filter(tables.hours.dt.isin(days))))
        sent = answer(length_counts(rows, "input_tokens"))
        received = answer(length_counts(rows, "output_tokens"))
    return _measured(found, complete, hours, sent, received, timezone)


def _measured(
    found: Read,
    complete: Sequence[CoveredDay],
    hours: Sequence[Row],
    sent: Sequence[Row],
    received: Sequence[Row],
    timezone: str,
) -> Measured:
    days = {each.day for each in complete}
    cells = [each for each in found.spend.cells if each.day in days and each.all_attempts]
    attempts = sum(each.all_attempts - each.cache_hit_calls for each in cells)
    calls = sum(each.all_calls - each.cache_hit_calls for each in cells)
    if not attempts or not calls:
        raise InputError(
            "the sources in use count no calls, so there is no volume to take from them; import "
            "a log of requests, or name another source"
        )
    read_tokens = sum(each.all_cache_read_tokens for each in cells)
    input_tokens = sum(each.logical_input_tokens for each in cells)
    output_tokens = sum(each.all_output_tokens for each in cells)
    return Measured(
        first_day=min(days),
        observed=max(days),
        days=len(days),
        sources=tuple(sorted({each.source for each in cells})),
        timezone=timezone,
        requests_per_day=_mean_day(cells, days),
        retries=Decimal(attempts) / calls - 1,
        weights=_weights(hours, sorted(days), timezone),
        input=_lengths(Decimal(input_tokens) / attempts, sent),
        output=_lengths(Decimal(output_tokens) / attempts, received),
        cache_read_share=Decimal(read_tokens) / input_tokens if input_tokens else ZERO,
        models=_models(found, cells),
    )


def _mean_day(cells: Sequence[Cell], days: set[date]) -> Decimal:
    """Mean attempts a day; over the weekdays' means where every weekday was seen."""
    by_day: defaultdict[date, int] = defaultdict(int)
    for each in cells:
        by_day[each.day] += each.all_attempts - each.cache_hit_calls
    by_weekday: defaultdict[int, list[int]] = defaultdict(list)
    for day in days:
        by_weekday[day.weekday()].append(by_day[day])
    if len(by_weekday) < 7:
        return Decimal(sum(by_day.values())) / len(days)
    means = [Decimal(sum(counts)) / len(counts) for counts in by_weekday.values()]
    return sum(means, ZERO) / len(means)


# --- Hours of the week -------------------------------------------------------------------------


def _weights(hours: Sequence[Row], days: Sequence[date], timezone: str) -> tuple[float, ...] | None:
    """Mean calls of each hour of the week, of the day with fewer than two weeks; mean 1."""
    if not hours:
        return None
    zone = timezone_of(timezone)
    slots = HOURS_PER_WEEK if len(days) >= _FEWEST_DAYS_OF_WEEK_SHAPE else 24
    calls: defaultdict[int, int] = defaultdict(int)
    for row in hours:
        calls[int(row["hour"])] += int(row["calls"])
    totals, seen = [0] * slots, [0] * slots
    for day in days:
        first = int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())
        for hour in range(first // SECONDS_PER_HOUR, first // SECONDS_PER_HOUR + 24):
            local = datetime.fromtimestamp(hour * SECONDS_PER_HOUR, zone)
            slot = (local.weekday() * 24 + local.hour) % slots
            totals[slot] += calls[hour]
            seen[slot] += 1
    means = [total / max(count, 1) for total, count in zip(totals, seen, strict=True)]
    whole = sum(means) / slots
    return tuple(float(f"{each / whole:.4g}") for each in means) if whole else None


# --- Lengths -----------------------------------------------------------------------------------


def _lengths(mean: Decimal, counts: Sequence[Row]) -> Lengths:
    calls = sum(int(row["calls"]) for row in counts)
    if calls < _FEWEST_CALLS:
        return Lengths(mean=mean, quantiles=None)
    pairs = [(int(row["tokens"]), int(row["calls"])) for row in counts]
    return Lengths(
        mean=mean,
        quantiles={f"p{level}": exact_quantile(pairs, Fraction(level) / 100) for level in _LEVELS},
    )


def exact_quantile(counts: Sequence[tuple[int, int]], level: Fraction) -> int:
    """The smallest length that at least this share of the calls do not exceed.

    ``counts`` are (tokens, calls) by rising length.
    """
    needed = level * sum(calls for _, calls in counts)
    below = 0
    for tokens, calls in counts:
        below += calls
        if below >= needed:
            return tokens
    return counts[-1][0]


# --- Cost of calls -----------------------------------------------------------------------------


def _models(found: Read, cells: Sequence[Cell]) -> tuple[ModelCost, ...]:
    """The most called first; a bill of the provider counts before what the source says."""
    by_model: defaultdict[tuple[str, str], list[Cell]] = defaultdict(list)
    for cell in cells:
        by_model[cell.provider, cell.model].append(cell)
    models = [_model(found, *key, mine) for key, mine in by_model.items()]
    return tuple(sorted(models, key=lambda each: (-each.calls, each.provider, each.model)))


def _model(found: Read, provider: str, model: str, cells: Sequence[Cell]) -> ModelCost:
    usd = sum((each.listed_usd for each in cells), ZERO)
    listed = [each.list_usd for each in cells if each.list_usd is not None]
    bill = next((b for b in found.spend.bill.providers if b.provider == provider), None)
    basis = "source"
    if bill is not None and bill.usage_usd:
        usd = usd * bill.billed_usd / bill.usage_usd
        basis = f"bill ({bill.source})"
    return ModelCost(
        provider=provider,
        model=model,
        calls=sum(each.all_calls for each in cells),
        usd=usd,
        list_usd=sum(listed, ZERO) if listed else None,
        basis=basis,
    )
