"""Levers as they stand in the reports: the waterfall, and the seven-step checklist."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Literal, NamedTuple

from planner.levers.together import (
    ORDER,
    Declared,
    Lever,
    Resolved,
    Step,
    Waterfall,
    claim,
    counting,
    interactions,
    lever_waterfall,
    model_name,
)
from planner.render.numbers import money, per_request, significant
from planner.render.wording import plural

__all__ = [
    "BaselineView",
    "ChecklistView",
    "ClaimView",
    "LeverStepView",
    "WaterfallView",
    "baseline_view",
    "checklist_views",
    "claim_view",
    "lever_words",
    "quotient",
    "waterfall_view",
]

_DIGITS = 12

Status = Literal["measured", "documented", "assumed", "not measured yet"]


class BaselineView(NamedTuple):
    """What savings are counted against: one API option, mean month, no lever."""

    option: str
    requests_per_month: Decimal
    monthly_usd: Decimal
    usd_per_request: Decimal


class ClaimView(NamedTuple):
    """A quoted range beside this scenario's figure (shares, 0 to 1); a check, never an input."""

    text: str
    low: Decimal | None
    high: Decimal | None
    figure: Decimal | None
    within: bool | None
    source: str


class LeverStepView(NamedTuple):
    """One lever, USD a month; less than 0: it costs more than it saves.

    ``saves_usd`` on what is left by the levers before it, ``left_usd`` after it. As checks:
    ``reverse_usd`` in the opposite order, ``shapley_usd`` the mean over all orders; both add up to
    the same total. ``stand_alone_usd`` (the only lever) and ``last_in_usd`` (after all others) do
    not add up to anything. One that is not applied (``setting`` says why) saves 0.
    """

    lever: str
    applied: bool
    setting: str
    basis: Literal["measured", "documented", "assumed"]
    mark: str
    counts_in_recommend: bool
    source: str
    rank: int
    saves_usd: Decimal
    saves_share: float
    left_usd: Decimal
    stand_alone_usd: Decimal
    last_in_usd: Decimal
    reverse_usd: Decimal
    shapley_usd: Decimal


class WaterfallView(NamedTuple):
    """Levers one after the other in the stated order; ``saves_usd`` add up to ``saved_usd``.

    ``counted_left_usd`` is the cost with those levers alone that a recommendation may rest on.
    """

    order: tuple[str, ...]
    base_usd: Decimal
    left_usd: Decimal
    counted_left_usd: Decimal
    saved_usd: Decimal
    saved_share: float
    ranking: tuple[str, ...]
    steps: tuple[LeverStepView, ...]
    interactions: tuple[str, ...]


class ChecklistView(NamedTuple):
    """One of the seven steps with this scenario's own figure.

    ``usd`` is what the step is about in USD a month, null where that is not money or not known.
    """

    step: int
    name: str
    status: Status
    figure: str
    usd: Decimal | None
    where: str


def lever_words(lever: str) -> str:
    """``exact_cache`` -> ``exact cache``."""
    return lever.replace("_", " ").replace("multi item", "multi-item")


def quotient(amount: Decimal, by: Decimal) -> Decimal | None:
    """At 12 significant digits; None for nothing to divide by."""
    return None if by == 0 else significant(amount / by, _DIGITS)


def baseline_view(resolved: Resolved) -> BaselineView | None:
    """The baseline; None where no API option has a price."""
    if resolved.baseline is None or resolved.base_usd is None:
        return None
    requests = resolved.inputs.months.mean_requests
    return BaselineView(
        option=model_name(resolved.baseline),
        requests_per_month=significant(requests, _DIGITS),
        monthly_usd=resolved.base_usd,
        usd_per_request=quotient(resolved.base_usd, requests) or Decimal(0),
    )


def claim_view(name: str, figure: Decimal | None) -> ClaimView:
    """A claim of the shipped list beside this scenario's figure."""
    found = claim(name, figure)
    return ClaimView(
        text=found.text,
        low=found.low,
        high=found.high,
        figure=found.figure,
        within=found.within,
        source=found.source,
    )


def waterfall_view(resolved: Resolved, found: Waterfall) -> WaterfallView:
    """The waterfall with each lever's setting and source."""
    declared = {each.lever: each for each in resolved.declared}
    ranking = found.ranking
    return WaterfallView(
        order=tuple(ORDER),
        base_usd=found.base_usd,
        left_usd=found.left_usd,
        counted_left_usd=_counted_left(resolved, found),
        saved_usd=found.saved_usd,
        saved_share=_share(found.saved_usd, found.base_usd),
        ranking=ranking,
        steps=tuple(_step(each, declared[each.lever], found, ranking) for each in found.steps),
        interactions=interactions(resolved, frozenset(ranking)),
    )


def _counted_left(resolved: Resolved, found: Waterfall) -> Decimal:
    counts = counting(resolved)
    counted = counts.counted & frozenset(found.ranking)
    if counts is resolved and counted == frozenset(found.ranking) - resolved.not_applied.keys():
        return found.left_usd
    return lever_waterfall(counts, counted).left_usd


def _share(part: Decimal, of: Decimal) -> float:
    return 0.0 if of == 0 else float(significant(part / of, _DIGITS))


def _step(
    step: Step, declared: Declared, found: Waterfall, ranking: tuple[Lever, ...]
) -> LeverStepView:
    return LeverStepView(
        lever=step.lever,
        applied=declared.not_applied is None,
        setting=declared.setting,
        basis=declared.basis,
        mark=declared.mark,
        counts_in_recommend=declared.counts,
        source=declared.source,
        rank=ranking.index(step.lever) + 1,
        saves_usd=step.saves_usd,
        saves_share=_share(step.saves_usd, found.base_usd),
        left_usd=step.left_usd,
        stand_alone_usd=step.stand_alone_usd,
        last_in_usd=step.last_in_usd,
        reverse_usd=step.reverse_usd,
        shapley_usd=step.shapley_usd,
    )


# --- Checklist ---------------------------------------------------------------------------------

_NOT_YET: Status = "not measured yet"


def checklist_views(
    resolved: Resolved, saves: Mapping[Lever, Decimal]
) -> tuple[ChecklistView, ...]:
    """Measure, frontier, route, compress, cache, batch, monitor.

    ``saves`` is what each lever saves in order: all of them, or those that count; empty where
    there is no baseline.
    """
    return (
        _measure(resolved),
        _frontier(resolved),
        *_lever_steps(resolved, saves),
        _monitor(resolved),
    )


def _measure(resolved: Resolved) -> ChecklistView:
    workload = resolved.inputs.scenario.workload
    known = workload.trace is not None or workload.source is not None
    view = baseline_view(resolved)
    figure = resolved.reason or "no API option"
    if view is not None:
        figure = (
            f"{money(view.monthly_usd)} a month for tokens of {view.option}, "
            f"{per_request(view.usd_per_request)} a request"
        )
    if not known:
        figure = f"{figure}; the workload names no source"
    return ChecklistView(
        step=1,
        name="measure",
        status="measured" if known else _NOT_YET,
        figure=figure,
        usd=None if view is None else view.monthly_usd,
        where="planner tco",
    )


def _frontier(resolved: Resolved) -> ChecklistView:
    options = resolved.inputs.scenario.options
    every = (*options.api, *options.selfhost, *options.manual)
    scored = [each for each in every if each.quality is not None]
    some = f"{len(scored)} of {len(every)} options have a quality score"
    return ChecklistView(
        step=2,
        name="frontier",
        status="measured" if len(scored) == len(every) else _NOT_YET,
        figure=some if scored else "no option has a quality score",
        usd=None,
        where="planner pareto",
    )


_STEPS: tuple[tuple[int, str, tuple[Lever, ...], str], ...] = (
    (3, "route", ("route",), "planner optimize --show route"),
    (4, "compress", ("compress",), "planner tokens"),
    (
        5,
        "cache",
        ("exact_cache", "semantic_cache", "prompt_cache"),
        "planner optimize --show cache",
    ),
    (6, "batch", ("batch", "multi_item"), "planner optimize --show batch"),
)
_WEAKEST: tuple[Status, ...] = ("assumed", "documented", "measured")


def _lever_steps(resolved: Resolved, saves: Mapping[Lever, Decimal]) -> Iterator[ChecklistView]:
    declared = {each.lever: each for each in resolved.declared}
    for number, name, levers, where in _STEPS:
        own = [declared[lever] for lever in levers if lever in declared]
        used = [each for each in own if each.lever in saves]
        usd = sum((saves[each.lever] for each in used), Decimal(0)) if used else None
        settings = "; ".join(_setting(each, saves) for each in own)
        saved = f", saves {money(usd)} a month on what the steps before leave" if used else ""
        yield ChecklistView(
            step=number,
            name=name,
            status=_weakest(used or own),
            figure=f"{settings}{saved}" if own else "nothing declared",
            usd=usd,
            where=where,
        )


def _setting(declared: Declared, saves: Mapping[Lever, Decimal]) -> str:
    """The setting, and whether it is left out of the saving beside it."""
    left_out = declared.assumed and declared.not_applied is None and declared.lever not in saves
    return f"{declared.setting} (assumed, not counted)" if left_out else declared.setting


def _weakest(levers: Sequence[Declared]) -> Status:
    for basis in _WEAKEST:
        if any(each.basis == basis for each in levers):
            return basis
    return _NOT_YET


def _monitor(resolved: Resolved) -> ChecklistView:
    budget = resolved.inputs.scenario.budget
    limit = budget.monthly_usd
    figure = "no budget is set"
    if limit is not None:
        told = len(budget.notify_emails) + len(budget.notify_sns_topic_arns)
        figure = f"budget {money(limit)} a month, {plural(told, 'recipient')} told"
    return ChecklistView(
        step=7,
        name="monitor",
        status=_NOT_YET if limit is None else "documented",
        figure=figure,
        usd=limit,
        where="budget.monthly_usd",
    )
