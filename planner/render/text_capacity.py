"""The report of ``planner capacity`` in blocks, the cheapest hardware first."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from planner import __version__
from planner.render.blocks import Block, Bullets, Column, Grid, Heading, Paragraph
from planner.render.numbers import (
    NO_PRICE,
    NOT_APPLICABLE,
    count,
    duration_ms,
    money,
    rate,
    unit_cost,
    unit_price,
    volume,
)
from planner.render.payload_capacity import (
    CapacityOptionView,
    CapacityQuestionView,
    CapacityReport,
)
from planner.render.payload_types import AssumptionView, ExcludedView, PricesView
from planner.render.text_common import excluded_blocks
from planner.render.wording import and_list, hardware, plural

__all__ = ["capacity_blocks"]

_BYTES_PER_GB = 1e9
_SHOWN_HASH = 12
_NAMED = 3

_COLUMNS = (
    Column(header="hardware", is_name=True),
    Column(header="req/s low", align="decimal"),
    Column(header="expected", align="decimal"),
    Column(header="high", align="decimal", priority=4),
    Column(header="output tok/s", align="right", priority=5),
    Column(header="saturated", align="decimal", priority=7),
    Column(header="TTFT ms", align="right", priority=3),
    Column(header="TPOT ms", align="decimal", priority=3),
    Column(header="$/1M tokens", align="decimal"),
    Column(header="at low", align="decimal", priority=3),
    Column(header="$ an hour", align="decimal", priority=2),
    Column(header="from", priority=1),
    Column(header="band", priority=6),
    Column(header="replicas", align="right", priority=6),
    Column(header="KV tokens", align="right", priority=8),
    Column(header="weights GB", align="decimal", priority=9),
)
_FLEET_COLUMNS = (
    Column(header="replicas needed", align="right", priority=2),
    Column(header="instances", align="right"),
    Column(header="$ an hour, all", align="decimal", priority=1),
)


def capacity_blocks(report: CapacityReport, *, wide: bool = False) -> list[Block]:
    """The report; ``wide`` also lists dearer sizes of the same GPUs and every reason."""
    feasible = [option for option in report.options if option.feasible]
    shown = feasible if wide else _cheapest_of_each(feasible, report.question)
    return [
        Paragraph(_sentence(report.question, feasible), strong=True),
        Paragraph(_asked(report.question)),
        *_table(report.question, shown, hidden=len(feasible) - len(shown)),
        *_notes(shown),
        *excluded_blocks(_excluded(report), wide=wide, same_figures=True),
        *_assumptions(report.assumptions),
        _footer(report.prices),
    ]


# --- What was asked, and the short answer ----------------------------------------------------


def _sentence(question: CapacityQuestionView, feasible: Sequence[CapacityOptionView]) -> str:
    if not feasible:
        return f"No instance type looked at serves {question.model} {_limits(question)}."
    best = feasible[0]
    if best.usd_per_1m_tokens is None:
        return (
            f"{plural(len(feasible), 'candidate')} can serve {question.model} "
            f"{_limits(question)}; none has a price in {question.region}."
        )
    served, prices = best.requests_per_s_range, best.usd_per_1m_tokens_range
    assert served is not None and prices is not None
    text = (
        f"{_label(best)} serves {question.model} {_limits(question)} at the lowest expected price "
        f"per token: {rate(served.expected)} requests/s a replica ({rate(served.low)} to "
        f"{rate(served.high)}), {unit_cost(prices.expected)} per 1M tokens at full use "
        f"({unit_cost(prices.high)} at the low rate)."
    )
    parts = (text, _surest_sentence(feasible), _fleet_sentence(question, feasible))
    return " ".join(part for part in parts if part)


def _surest_sentence(feasible: Sequence[CapacityOptionView]) -> str:
    """What costs least at the low rate, which a fleet is sized on; empty when it is the same."""

    def at_low(option: CapacityOptionView) -> Decimal:
        prices = option.usd_per_1m_tokens_range
        return Decimal("Infinity") if prices is None else prices.high

    surest = min(feasible, key=at_low)
    if at_low(surest) == at_low(feasible[0]):
        return ""
    return (
        f"At the low rate, which a fleet is sized on, {_label(surest)} costs least: "
        f"{unit_cost(at_low(surest))}."
    )


def _fleet_sentence(question: CapacityQuestionView, feasible: Sequence[CapacityOptionView]) -> str:
    """The cheapest fleet for the rate asked for; empty when none was."""
    if question.requests_per_s is None or question.peak_requests_per_s is None:
        return ""
    held = (
        f"{rate(question.requests_per_s)} requests/s on average, "
        f"{rate(question.peak_requests_per_s)} at the peak,"
    )
    fleets = [o for o in feasible if o.usd_per_hour_of_instances is not None]
    if not fleets:
        return f"{held[:1].upper()}{held[1:]} cannot be priced."
    best = min(fleets, key=lambda o: (o.usd_per_hour_of_instances or Decimal(0), _label(o)))
    assert best.replicas is not None
    return (
        f"{held} cost least on {hardware(best.instances, best.instance_type)} with "
        f"{plural(best.replicas, 'replica')}, the spare included: "
        f"{money(best.usd_per_hour_of_instances)} an hour."
    )


def _limits(question: CapacityQuestionView) -> str:
    """``inside TTFT p95 1,000 ms and TPOT p95 50 ms``"""
    found = [
        f"{name} p{percentile} {duration_ms(limit)}"
        for name, percentile, limit in (
            ("TTFT", question.ttft_percentile, question.ttft_ms),
            ("TPOT", question.tpot_percentile, question.tpot_ms),
        )
        if limit is not None
    ]
    return f"inside {and_list(found)}" if found else "without a limit on latency"


def _asked(question: CapacityQuestionView) -> str:
    degrees = question.tensor_parallel_sizes
    parallel = "" if degrees is None else f", tensor parallel {and_list([str(d) for d in degrees])}"
    return (
        f"Requests of {volume(question.input_tokens_mean)} input and "
        f"{volume(question.output_tokens_mean)} output tokens on average; {question.engine}, "
        f"{question.precision} weights, {question.kv_cache_dtype} KV cache, "
        f"max_num_seqs {question.max_num_seqs}, "
        f"max_num_batched_tokens {question.max_num_batched_tokens}, at most "
        f"{100 * question.max_utilisation:.0f} % utilised{parallel}; region {question.region}."
    )


# --- The table ---------------------------------------------------------------------------------


def _cheapest_of_each(
    feasible: Sequence[CapacityOptionView], question: CapacityQuestionView
) -> list[CapacityOptionView]:
    """Of sizes with the same GPUs and degree the cheapest, unless the types were named."""
    if question.instance_types != ("any",):
        return list(feasible)
    kept: dict[tuple[str, int], CapacityOptionView] = {}
    for option in feasible:
        kept.setdefault((option.accelerator, option.tensor_parallel_size), option)
    return list(kept.values())


def _table(
    question: CapacityQuestionView, shown: Sequence[CapacityOptionView], *, hidden: int
) -> list[Block]:
    if not shown:
        return []
    sized = question.requests_per_s is not None
    rows = [(*_row(option), *(_fleet_cells(option) if sized else ())) for option in shown]
    return [
        Heading("What one replica serves"),
        Grid.of((*_COLUMNS, *(_FLEET_COLUMNS if sized else ())), rows),
        Paragraph(_legend(question, sized=sized, hidden=hidden)),
    ]


def _legend(question: CapacityQuestionView, *, sized: bool, hidden: int) -> str:
    text = (
        "Rates are of one replica: low and high are the edges of the 80 % band, and latencies "
        f"(p{question.ttft_percentile}, p{question.tpot_percentile}) are those at the low rate, on "
        "which replicas are sized. $/1M tokens counts input and output tokens at full use: every "
        "GPU of an instance busy at the expected rate in every hour, no spare, no idle hours, no "
        "network, no people. Use `planner recommend` for the cost of a real load."
    )
    if sized:
        text += (
            f" Instances hold the peak with redundancy {question.redundancy}; a spare on the only "
            "instance does not survive the loss of it. `planner recommend` also confirms its pick "
            "in a simulation."
        )
    if hidden:
        sizes = plural(hidden, "dearer size")
        text += f" {sizes} of the same GPUs left out; --wide and --format json show them."
    return text


def _row(option: CapacityOptionView) -> tuple[str, ...]:
    rates = option.requests_per_s_range
    assert rates is not None
    return (
        _label(option),
        rate(rates.low),
        rate(rates.expected),
        rate(rates.high),
        _count(option.output_tokens_per_s),
        _rate(option.saturated_requests_per_s),
        "not predicted" if option.ttft_ms is None else count(option.ttft_ms),
        NOT_APPLICABLE if option.tpot_ms is None else f"{option.tpot_ms:,.1f}",
        *_prices_per_token(option),
        unit_price(option.usd_per_hour),
        option.provider or NOT_APPLICABLE,
        f"{option.band_low:g} to {option.band_high:g}",
        count(option.replicas_per_instance),
        _count(option.kv_cache_tokens),
        NOT_APPLICABLE
        if option.weights_bytes_per_gpu is None
        else f"{option.weights_bytes_per_gpu / _BYTES_PER_GB:,.1f}",
    )


def _prices_per_token(option: CapacityOptionView) -> tuple[str, str]:
    prices = option.usd_per_1m_tokens_range
    if prices is None:
        return NO_PRICE, NOT_APPLICABLE
    return unit_cost(prices.expected), unit_cost(prices.high)


def _fleet_cells(option: CapacityOptionView) -> tuple[str, ...]:
    return (
        _count(option.replicas),
        _count(option.instances),
        money(option.usd_per_hour_of_instances),
    )


def _count(value: float | None) -> str:
    return NOT_APPLICABLE if value is None else count(value)


def _rate(value: float | None) -> str:
    return NOT_APPLICABLE if value is None else rate(value)


def _label(option: CapacityOptionView) -> str:
    return f"{option.instance_type} tp{option.tensor_parallel_size}"


# --- Below the table ---------------------------------------------------------------------------


def _notes(shown: Sequence[CapacityOptionView]) -> list[Block]:
    """What must be said about candidates, each thing once with some of those it holds for."""
    notes: dict[str, list[str]] = {}
    for option in shown:
        ttft = () if option.ttft_reason is None else (f"TTFT {option.ttft_reason}",)
        for note in (*option.warnings, *ttft):
            notes.setdefault(note, []).append(_label(option))
    if not notes:
        return []
    return [Bullets(tuple(f"{note}: {_some(names)}" for note, names in notes.items()))]


def _some(names: Sequence[str]) -> str:
    if len(names) <= _NAMED:
        return and_list(names)
    return f"{', '.join(names[:_NAMED])} and {len(names) - _NAMED} more"


def _excluded(report: CapacityReport) -> list[ExcludedView]:
    return [
        ExcludedView(option=report.question.model, candidate=_label(option), reason=option.reason)
        for option in report.options
        if option.reason is not None
    ]


def _assumptions(assumptions: Sequence[AssumptionView]) -> list[Block]:
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
            each.source if each.written_at is None else each.written_at,
        )
        for each in assumptions
    ]
    return [
        Heading("Assumptions"),
        Grid.of(columns, rows),
        Paragraph("Change one with --set PATH=VALUE, as in a scenario; ? is an assumed default."),
    ]


def _footer(prices: PricesView) -> Paragraph:
    return Paragraph(
        f"Prices: on demand, {prices.snapshot} as of {prices.as_of}, observed "
        f"{prices.oldest_observed} to {prices.newest_observed}, sha256 "
        f"{prices.snapshot_sha256[:_SHOWN_HASH]}; planner {__version__}. Projection, not a bill."
    )
