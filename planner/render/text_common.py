"""Sections that several reports have: workload, legend, assumptions, what was left out, footer."""

from __future__ import annotations

import re
from collections.abc import Sequence

from planner import __version__
from planner.render.blocks import Block, Bullets, Column, Grid, Heading, Paragraph
from planner.render.numbers import count, percent, rate, volume
from planner.render.payload_types import (
    AssumptionView,
    ConventionsView,
    DemandView,
    ExcludedView,
    PricesView,
    ScenarioView,
)
from planner.render.wording import and_list, plural

__all__ = [
    "LEGEND",
    "assumption_blocks",
    "category_words",
    "excluded_blocks",
    "floor_cell",
    "footer",
    "workload_line",
]

LEGEND = (
    "Marks: none measured or list price, ~ estimated, ^ extrapolated outside the data, "
    "? assumed default, * usage-based, † retires within 12 months, ≥ floor: something is not "
    "priced or not given."
)
_NAMED_CANDIDATES = 3
_DEARER = re.compile(r"\$([\d,]+\.\d\d) a month dearer")
_SHOWN_HASH = 12


def category_words(category: str) -> str:
    """``api_usage`` -> ``API usage``."""
    return "API usage" if category == "api_usage" else category


def floor_cell(amount: str, *, is_floor: bool) -> str:
    """An amount of money in a table, marked where it is a floor."""
    return f"≥ {amount}" if is_floor else amount


def workload_line(scenario: ScenarioView, demand: DemandView) -> Paragraph:
    """The scenario and its load in one line."""
    growth = ""
    if demand.growth_per_month:
        growth = f", {percent(demand.growth_per_month)} more each month"
    return Paragraph(
        f"Scenario {scenario.id} ({scenario.file}): {volume(demand.requests_per_day)} requests "
        f"a day of {volume(demand.input_tokens_mean)} input and "
        f"{volume(demand.output_tokens_mean)} output tokens, {rate(demand.mean_rps)} requests/s "
        f"on average and {rate(demand.peak_rps)} at the peak{growth}; region {scenario.region}, "
        f"{plural(scenario.horizon_months, 'month')} from {scenario.starts_on}."
    )


def assumption_blocks(assumptions: Sequence[AssumptionView], scenario: ScenarioView) -> list[Block]:
    """Every assumption with where it comes from and the path that changes it."""
    if not assumptions:
        return []
    columns = (
        Column(header="mark"),
        Column(header="--set path", is_name=True),
        Column(header="value", wraps=True),
        Column(header="from", wraps=True),
    )
    rows = [
        (
            each.mark,
            each.set_path or f"({each.path})",
            each.value,
            f"{_place(each, scenario)}: {each.source}",
        )
        for each in assumptions
    ]
    return [
        Heading("Assumptions"),
        Grid.of(columns, rows),
        Paragraph("Change one with --set PATH=VALUE; a path in brackets is no field of the file."),
    ]


def _place(assumption: AssumptionView, scenario: ScenarioView) -> str:
    """``line 9`` of the scenario file, ``--set a.b=1``, or what kind of origin it is."""
    place = assumption.written_at
    if place is None:
        return assumption.origin
    file = f"{scenario.file}:"
    return f"line {place[len(file) :]}" if place.startswith(file) else place


def excluded_blocks(
    excluded: Sequence[ExcludedView], *, wide: bool, same_figures: bool = False
) -> list[Block]:
    """Candidates that were left out: each reason once with how many it holds for, or all.

    With ``same_figures`` only reasons that agree in their figures too are one.
    """
    if not excluded:
        return []
    if wide:
        columns = (
            Column(header="candidate"),
            Column(header="option"),
            Column(header="reason"),
        )
        rows = [(each.candidate, each.option, each.reason) for each in excluded]
        return [Heading("Looked at and left out"), Grid.of(columns, rows)]
    groups: dict[str, list[ExcludedView]] = {}
    for each in excluded:
        groups.setdefault(_unnamed(each) if same_figures else _alike(each), []).append(each)
    options = len({each.option for each in excluded})
    items = tuple(_group_line(group, options) for group in groups.values())
    hidden = len(excluded) > len(groups)
    own = "on its own line" if same_figures else "with its own figures"
    note = [Paragraph(f"--wide shows each {own}.")] if hidden else []
    return [Heading("Looked at and left out"), Bullets(items), *note]


def _alike(excluded: ExcludedView) -> str:
    """The reason without its figures and without the candidate's own name."""
    return re.sub(r"\d+(?:[.,]\d+)*", "#", _unnamed(excluded))


def _unnamed(excluded: ExcludedView) -> str:
    """The reason without the candidate's own name."""
    return excluded.reason.replace(excluded.candidate.split(" ")[0], "#")


def _group_line(group: Sequence[ExcludedView], options: int) -> str:
    names = list(dict.fromkeys(each.candidate for each in group))
    named = and_list(names[:_NAMED_CANDIDATES])
    more = len(names) - _NAMED_CANDIDATES
    if more > 0:
        named = f"{', '.join(names[:_NAMED_CANDIDATES])} and {count(more)} more alike"
    concerned = list(dict.fromkeys(each.option for each in group))
    line = f"{_shared_reason(group)}: {named}"
    if options == 1:
        return line
    if len(concerned) == options:
        return f"{line}, for each self-hosted option"
    return f"{line}, for {and_list(concerned)}"


def _shared_reason(group: Sequence[ExcludedView]) -> str:
    """The first one's reason; where costs differ it is that of the cheapest, and says so."""
    reasons = {each.reason for each in group}
    dearer = [
        (float(found[1].replace(",", "")), reason)
        for reason in reasons
        if (found := _DEARER.search(reason))
    ]
    if len(reasons) == 1 or len(dearer) < len(reasons):
        return group[0].reason
    _, least = min(dearer)
    return _DEARER.sub(r"at least $\1 a month dearer", least)


def footer(prices: PricesView, conventions: ConventionsView) -> Paragraph:
    """Prices, their age and hash, the month, and what this is not."""
    return Paragraph(
        f"Prices: {prices.snapshot} as of {prices.as_of}, observed {prices.oldest_observed} to "
        f"{prices.newest_observed}, sha256 {prices.snapshot_sha256[:_SHOWN_HASH]}; "
        f"planner {__version__}; {conventions.note}. Projection, not a bill."
    )
