"""Plan against actual: the calls as groups of the variance, the machines as another."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction

from planner.actuals.compare_machines import MachineComparison, compare_machines
from planner.actuals.coverage import Coverage
from planner.actuals.planned import PlannedCalls, PlannedSpend
from planner.actuals.spend import Cell, Spend
from planner.actuals.variance import CallGroup, GroupKey, Method, Side, variance
from planner.units import TOKENS_PER_MTOK

__all__ = [
    "Comparison",
    "RateLookup",
    "TokenRates",
    "actual_side",
    "compare",
    "matched",
    "planned_side",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRates:
    """List prices of a model on a day, USD per 1M tokens."""

    input: Fraction
    read: Fraction
    write: Fraction
    output: Fraction


# (model, day, mean input tokens of a call) -> its list prices, None when there are none.
RateLookup = Callable[[str, date, Fraction], TokenRates | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Tokens over the covered hours, USD: the parts and the two others add up to the difference.

    ``unattributed_usd`` is what bills have beside usage, ``beside_tokens_usd`` what rows cost
    without tokens (a search, a fee for each call). ``calls_assumed`` names sources that do not
    count calls: the plan's length stands for them. ``by_tokens_only`` are models without list
    prices, whose tokens all count the same. ``machines`` is None where no bill tells of the stack.
    """

    method: Method
    covered_hours: int
    planned_calls: Fraction
    actual_calls: Fraction
    planned_usd: Fraction
    actual_usd: Fraction
    parts: Mapping[str, Fraction]
    unattributed_usd: Fraction
    beside_tokens_usd: Fraction
    cache_answers: int
    calls_assumed: tuple[str, ...]
    by_tokens_only: tuple[str, ...]
    only_planned: tuple[str, ...]
    only_actual: tuple[str, ...]
    outside_plan: bool
    machines: MachineComparison | None


def compare(
    plan: PlannedSpend, spend: Spend, cover: Coverage, rates: RateLookup, method: Method
) -> Comparison:
    """Hold what was spent in the covered hours against the plan of these hours."""
    planned = planned_side(plan, plan.requests_of(cover.days), rates)
    found = _Actual.of(spend.cells, plan, rates)
    left, right = matched(planned, found.side, lambda key: _plan_rates(key, found, plan, rates))
    unattributed = Fraction(spend.bill.unattributed_usd)
    beside = Fraction(spend.figures.usd) - right.usd
    return Comparison(
        method=method,
        covered_hours=cover.hours,
        planned_calls=left.calls,
        actual_calls=right.calls,
        planned_usd=left.usd,
        actual_usd=right.usd + beside + unattributed,
        parts=variance(left, right, method),
        unattributed_usd=unattributed,
        beside_tokens_usd=beside,
        cache_answers=sum(each.cache_hit_calls for each in spend.cells),
        calls_assumed=found.calls_assumed,
        by_tokens_only=found.by_tokens_only,
        only_planned=tuple(sorted(key[0] for key in planned.groups.keys() - found.side.groups)),
        only_actual=tuple(sorted(key[0] for key in found.side.groups.keys() - planned.groups)),
        outside_plan=not all(plan.covers(each.day) for each in cover.days),
        machines=compare_machines(plan, spend, method),
    )


# --- Both sides as groups ----------------------------------------------------------------------


def planned_side(plan: PlannedSpend, requests: Fraction, rates: RateLookup) -> Side:
    """The plan's calls of so many requests; batch and standard calls of a model are one group."""
    by_model: defaultdict[str, list[PlannedCalls]] = defaultdict(list)
    for each in plan.calls:
        by_model[each.model].append(each)
    per_request = sum((each.calls_per_request for each in plan.calls), Fraction(0))
    return Side(
        calls=requests * per_request,
        retries=Fraction(0),
        groups={
            (model,): _planned_group(calls, per_request, plan.priced_on, rates)
            for model, calls in sorted(by_model.items())
        },
    )


def _planned_group(
    calls: Sequence[PlannedCalls], per_request: Fraction, day: date, rates: RateLookup
) -> CallGroup:
    count = sum((each.calls_per_request for each in calls), Fraction(0))

    def mean(value: Callable[[PlannedCalls], Fraction]) -> Fraction:
        total = sum((each.calls_per_request * value(each) for each in calls), Fraction(0))
        return total / count if count else Fraction(0)

    sent, received = mean(lambda c: c.input_tokens), mean(lambda c: c.output_tokens)
    sent_usd = mean(lambda c: c.input_tokens * c.input_usd)
    received_usd = mean(lambda c: c.output_tokens * c.output_usd)
    rate = sent_usd / sent if sent else Fraction(0)
    group = CallGroup(
        weight=count / per_request if per_request else Fraction(0),
        input_tokens=sent,
        output_tokens=received,
        input_usd=rate,
        read_usd=rate,
        write_usd=rate,
        output_usd=received_usd / received if received else Fraction(0),
    )
    listed = rates(calls[0].model, day, sent)
    if listed is None:
        return group
    return _with_cache(group, calls, listed, mean)


def _with_cache(
    group: CallGroup,
    calls: Sequence[PlannedCalls],
    listed: TokenRates,
    mean: Callable[[Callable[[PlannedCalls], Fraction]], Fraction],
) -> CallGroup:
    """The share read from the cache, which the plan has only as a lower price of input.

    Without one, reads and writes keep the list's ratio to the plain price, so that the factor
    cache has its effect where calls are cached in fact.
    """
    plain = mean(lambda c: c.list_input_usd or c.input_usd)
    if not plain or not listed.input:
        return group
    read = listed.read * plain / listed.input
    write = listed.write * plain / listed.input
    share = (plain - group.input_usd) / (plain - read) if plain != read else Fraction(0)
    if not 0 < share <= 1:
        base = group.input_usd / plain
        return replace(group, read_usd=read * base, write_usd=write * base)
    return replace(group, input_usd=plain, read_usd=read, write_usd=write, read_share=share)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Actual:
    side: Side
    days: Mapping[str, date]
    calls_assumed: tuple[str, ...]
    by_tokens_only: tuple[str, ...]

    @classmethod
    def of(cls, cells: Sequence[Cell], plan: PlannedSpend, rates: RateLookup) -> _Actual:
        by_model: defaultdict[str, list[Cell]] = defaultdict(list)
        for cell in cells:
            by_model[cell.model].append(cell)
        mean_input = _mean_planned_input(plan)
        sums = {model: _Sums.of(mine, mean_input) for model, mine in sorted(by_model.items())}
        days = {model: max(each.day for each in mine) for model, mine in by_model.items()}
        return cls(
            side=actual_side({(model,): each for model, each in sums.items()}, days, rates),
            days=days,
            calls_assumed=tuple(sorted({c.source for c in cells if not c.attempts and _tokens(c)})),
            by_tokens_only=tuple(
                model
                for model, each in sums.items()
                if each.usd and rates(model, days[model], each.mean_input) is None
            ),
        )


def _tokens(cell: Cell) -> int:
    return cell.uncached_input_tokens + cell.cache_read_tokens + cell.output_tokens


def _mean_planned_input(plan: PlannedSpend) -> Fraction:
    count = sum((each.calls_per_request for each in plan.calls), Fraction(0))
    total = sum((each.calls_per_request * each.input_tokens for each in plan.calls), Fraction(0))
    return total / count if count else Fraction(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sums:
    """Priced calls of one group; ``attempts`` that a source does not count are worked out."""

    calls: Fraction
    attempts: Fraction
    plain: int
    read: int
    write: int
    output: int
    usd: Fraction

    @property
    def mean_input(self) -> Fraction:
        sent = self.plain + self.read + self.write
        return sent / self.attempts if self.attempts else Fraction(0)

    @classmethod
    def of(cls, cells: Sequence[Cell], planned_input: Fraction) -> _Sums:
        told = [each for each in cells if each.attempts]
        untold = sum(
            each.uncached_input_tokens + each.cache_read_tokens + each.cache_write_tokens
            for each in cells
            if not each.attempts
        )
        assumed = untold / planned_input if planned_input else Fraction(0)
        hits = sum(each.cache_hit_calls for each in told)
        return cls(
            calls=sum(each.calls for each in cells) - hits + assumed,
            attempts=sum(each.attempts for each in told) - hits + assumed,
            plain=sum(each.uncached_input_tokens for each in cells),
            read=sum(each.cache_read_tokens for each in cells),
            write=sum(each.cache_write_tokens for each in cells),
            output=sum(each.output_tokens for each in cells),
            usd=sum((Fraction(each.usd) for each in cells), Fraction(0)),
        )


def actual_side(
    sums: Mapping[GroupKey, _Sums], days: Mapping[str, date], rates: RateLookup
) -> Side:
    """What was spent as groups; each costs what its rows cost, exactly.

    Rows say what they cost, not what each kind of token cost: the list prices of the day, scaled
    to the cost, say that; without list prices all tokens cost the same.
    """
    calls = sum((each.calls for each in sums.values()), Fraction(0))
    attempts = sum((each.attempts for each in sums.values()), Fraction(0))
    groups: dict[GroupKey, CallGroup] = {}
    for key, each in sums.items():
        if not each.attempts:
            continue
        sent = each.plain + each.read + each.write
        rate = _scaled(each, rates(key[0], days[key[0]], each.mean_input))
        groups[key] = CallGroup(
            weight=each.attempts / attempts,
            input_tokens=sent / each.attempts,
            output_tokens=each.output / each.attempts,
            read_share=Fraction(each.read, sent) if sent else Fraction(0),
            write_share=Fraction(each.write, sent) if sent else Fraction(0),
            input_usd=rate.input,
            read_usd=rate.read,
            write_usd=rate.write,
            output_usd=rate.output,
        )
    return Side(
        calls=calls if calls else attempts,
        retries=attempts / calls - 1 if calls else Fraction(0),
        groups=groups,
    )


def _scaled(sums: _Sums, listed: TokenRates | None) -> TokenRates:
    even = TokenRates(input=Fraction(1), read=Fraction(1), write=Fraction(1), output=Fraction(1))
    base = listed or even
    at_list = (
        sums.plain * base.input
        + sums.read * base.read
        + sums.write * base.write
        + sums.output * base.output
    ) / TOKENS_PER_MTOK
    if not at_list:
        return base
    factor = sums.usd / at_list
    return TokenRates(
        input=base.input * factor,
        read=base.read * factor,
        write=base.write * factor,
        output=base.output * factor,
    )


def matched(
    plan: Side, actual: Side, plan_rates: Callable[[GroupKey], TokenRates | None]
) -> tuple[Side, Side]:
    """Both sides with the groups of both.

    A group only in actual takes lengths and cache share from it and its price at the plan's
    date; one only in the plan takes everything from the plan: the mix alone carries them.
    """
    left, right = dict(plan.groups), dict(actual.groups)
    nothing = Fraction(0)
    for key in actual.groups.keys() - plan.groups.keys():
        there = replace(actual.groups[key], weight=nothing)
        rate = plan_rates(key)
        if rate is not None:
            there = replace(
                there,
                input_usd=rate.input,
                read_usd=rate.read,
                write_usd=rate.write,
                output_usd=rate.output,
            )
        left[key] = there
    for key in plan.groups.keys() - actual.groups.keys():
        right[key] = replace(plan.groups[key], weight=nothing)
    order = sorted(left)
    return (
        replace(plan, groups={key: left[key] for key in order}),
        replace(actual, groups={key: right[key] for key in order}),
    )


def _plan_rates(
    key: GroupKey, found: _Actual, plan: PlannedSpend, rates: RateLookup
) -> TokenRates | None:
    return rates(key[0], plan.priced_on, found.side.groups[key].input_tokens)
