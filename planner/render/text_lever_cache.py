"""The semantic cache in blocks: thresholds, the best one, what the sample proves, two layers."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from planner.render.blocks import Block, Bullets, Column, Grid, Heading, Paragraph
from planner.render.numbers import (
    NOT_APPLICABLE,
    count,
    money,
    per_request,
    percent,
    unit_cost,
    unit_price,
)
from planner.render.payload_lever_cache import (
    BestSpanView,
    CacheView,
    CertifyView,
    LayersView,
    ThresholdView,
)
from planner.render.payload_levers import lever_words
from planner.render.text_claims import claim_words
from planner.render.wording import and_list

__all__ = ["cache_blocks"]


def cache_blocks(view: CacheView) -> list[Block]:
    """The whole section."""
    if not view.semantic:
        return [
            Paragraph(
                "No semantic cache is declared: add `levers.semantic_cache` with a table of "
                "thresholds or a file of labelled pairs."
            ),
            *(_layer_blocks(view.layers) if view.layers.exact_hit_rate else []),
        ]
    return [
        Paragraph(_verdict(view), strong=True),
        *_threshold_blocks(view),
        *_guard_blocks(view.thresholds),
        *_span_blocks(view.best_by_error_cost),
        *_sample_blocks(view),
        *_layer_blocks(view.layers),
    ]


def _verdict(view: CacheView) -> str:
    best, cost = view.best_threshold, unit_price(view.usd_per_wrong_answer)
    if best is None:
        if view.threshold_in_use is not None:
            return (
                f"At {cost} a wrong answer no threshold saves more than it costs{_behind(view)}; "
                f"in use is {view.threshold_in_use:f}, as the scenario says."
            )
        return (
            f"At {cost} a wrong answer, exact match only: the semantic cache is not applied and "
            f"saves $0 ({view.not_applied}{_behind(view)})."
        )
    row = next(each for each in view.thresholds if each.threshold == best)
    words = (
        f"At {cost} a wrong answer the best threshold{_of_what(view, row)} is {best:f}: it saves "
        f"{money(row.net_saving_usd)} a month net{_behind(view)}, with "
        f"{count(row.wrong_answers_per_month)} wrong answers{_unproved(row)}"
    )
    used = view.threshold_in_use
    if used is None:
        return f"{words}; the scenario's own threshold does not qualify."
    if used != best:
        return f"{words}; in use is {used:f}."
    return f"{words}."


def _of_what(view: CacheView, best: ThresholdView) -> str:
    """Without a limit that must be proved, the best is the best of a sample."""
    if view.false_hit_limit is not None or best.sample is None:
        return ""
    return " on these pairs" if view.pairs_file is not None else " on these samples"


def _behind(view: CacheView) -> str:
    if not view.judged_behind:
        return ""
    return f" behind {and_list([lever_words(lever) for lever in view.judged_behind])}"


def _unproved(row: ThresholdView) -> str:
    """What was seen is not what is: the most that the sample does not rule out, and its cost."""
    sample, most = row.sample, row.wrong_answers_upper_95_per_month
    if sample is None or most is None:
        return ""
    return (
        f" ({count(sample.wrong)} of {count(sample.pairs)} pairs: at 95 % up to "
        f"{_rate(sample.upper_95)}, {count(most)} wrong answers and "
        f"{money(row.error_upper_95_usd)} a month, a net saving of "
        f"{money(row.net_saving_upper_95_usd)})"
    )


def _threshold_blocks(view: CacheView) -> list[Block]:
    columns = (
        Column(header="similarity", align="decimal"),
        Column(header="hits", align="decimal"),
        Column(header="false hits", align="decimal"),
        Column(header="wrong a month", align="right"),
        Column(header="gross", align="decimal", priority=4),
        Column(header="look-up", align="decimal", priority=3),
        Column(header="store", align="decimal", priority=2),
        Column(header="errors", align="decimal", priority=1),
        Column(header="net", align="decimal"),
        Column(header="risk", priority=5),
        Column(header=""),
    )
    basis = "hits" if view.false_hit_basis == "hits" else "queries"
    return [
        Heading("Thresholds, a month"),
        Grid.of(columns, [_threshold_row(each) for each in view.thresholds]),
        Paragraph(
            f"{count(view.queries_per_month or 0)} look-ups a month at "
            f"{per_request(view.usd_per_query)} a model call{_residual(view)}. False hits are a "
            f"share of {basis}. Risk: HIGH above 5 % false hits, MEDIUM above 1 %. Money counts "
            f"wrong answers at the rates shown{_upper_words(view)}.{_basis(view)}"
        ),
    ]


def _residual(view: CacheView) -> str:
    """A call costs less behind other levers than alone."""
    if not view.judged_behind or view.baseline_usd_per_query is None:
        return ""
    return f"{_behind(view)} ({per_request(view.baseline_usd_per_query)} without any lever)"


def _upper_words(view: CacheView) -> str:
    if all(row.sample is None for row in view.thresholds):
        return ""
    return ", not at the upper bounds below"


def _basis(view: CacheView) -> str:
    said = f" Rates: {view.basis}, {view.source}"
    if view.pairs_file is not None:
        said = f" Rates: counted on {view.pairs_file}"
    if not view.counts_in_recommend:
        return f"{said} (?: assumed, does not count in `recommend`)."
    return f"{said}."


def _threshold_row(row: ThresholdView) -> tuple[str, ...]:
    notes = [
        word
        for word, holds in (
            ("best", row.is_best),
            ("in use", row.is_in_use),
            ("not proved", not row.qualifies),
        )
        if holds
    ]
    return (
        f"{row.threshold:f}",
        percent(row.hit_rate),
        _rate(row.false_hit_rate),
        count(row.wrong_answers_per_month),
        money(row.gross_saving_usd),
        money(row.lookup_usd),
        money(row.store_usd),
        money(row.error_usd),
        money(row.net_saving_usd),
        row.risk,
        ", ".join(notes),
    )


def _rate(value: Decimal) -> str:
    """A small share: two decimals, so that 0.2 % and 0.25 % differ."""
    return f"{value * 100:.2f} %"


def _guard_blocks(rows: Sequence[ThresholdView]) -> list[Block]:
    guarded = [(row, row.guard) for row in rows if row.guard is not None]
    if not guarded:
        return []
    columns = (
        Column(header="similarity", align="decimal"),
        Column(header="wrong ones prevented", align="decimal"),
        Column(header="right ones lost", align="decimal"),
    )
    cells = [
        (f"{row.threshold:f}", percent(g.wrong_prevented_share), percent(g.right_lost_share))
        for row, g in guarded
    ]
    return [
        Heading("The guard: different numbers, dates or negations force a miss"),
        Grid.of(columns, cells),
        Paragraph(
            "Shares of the different and of the same pairs of the sample; the rates above are "
            "with the guard."
        ),
    ]


def _span_blocks(spans: Sequence[BestSpanView]) -> list[Block]:
    columns = (
        Column(header="a wrong answer costs from", align="decimal"),
        Column(header="to below", align="decimal"),
        Column(header="best threshold"),
    )
    rows = [
        (
            unit_cost(each.from_usd_per_wrong_answer),
            "and more"
            if each.to_usd_per_wrong_answer is None
            else unit_cost(each.to_usd_per_wrong_answer),
            "no semantic cache" if each.threshold is None else f"{each.threshold:f}",
        )
        for each in spans
    ]
    return [Heading("Best threshold by the cost of a wrong answer"), Grid.of(columns, rows)]


def _sample_blocks(view: CacheView) -> list[Block]:
    sampled = [(row, row.sample) for row in view.thresholds if row.sample is not None]
    columns = (
        Column(header="similarity", align="decimal"),
        Column(header="wrong", align="right"),
        Column(header="of pairs", align="right"),
        Column(header="95 % interval", align="right"),
        Column(header="proved at most", align="decimal"),
        Column(header="errors then", align="decimal"),
        Column(header="net then", align="decimal", priority=1),
        Column(header="recall", align="decimal"),
    )
    rows = [
        (
            f"{row.threshold:f}",
            count(sample.wrong),
            count(sample.pairs),
            f"{_rate(sample.low_95)} to {_rate(sample.high_95)}",
            _rate(sample.upper_95),
            money(row.error_upper_95_usd),
            money(row.net_saving_upper_95_usd),
            percent(row.recall),
        )
        for row, sample in sampled
    ]
    limit = view.false_hit_limit
    limited = ""
    if limit is not None:
        limited = f" The scenario's limit is {_rate(limit)}: a threshold must prove it to qualify."
    return [
        Heading("What the sample proves"),
        *([Grid.of(columns, rows)] if rows else [Paragraph("No sample is given.")]),
        Paragraph(
            "Exact binomial (Clopper-Pearson) bounds; the one-sided one certifies. Errors and net "
            "then: USD a month if that bound were the rate. "
            f"{_certify(view.certification)}{limited}"
        ),
    ]


def _certify(rows: Sequence[CertifyView]) -> str:
    parts = [f"{_rate(row.limit)}: {count(row.pairs)}" for row in rows]
    return f"Pairs without an error that prove a limit: {', '.join(parts)}."


def _layer_blocks(layers: LayersView) -> list[Block]:
    items = [
        f"exact match answers {percent(layers.exact_hit_rate)} of all requests, the semantic "
        f"cache {percent(layers.semantic_hit_rate)} of the rest: {percent(layers.hit_rate)} "
        f"together, {money(layers.gross_saving_usd)} a month before costs and errors",
    ]
    if layers.mean_added_ms_low is not None and layers.mean_added_ms_high is not None:
        items.append(
            f"look-ups take {_span(layers.lookup_ms_low, layers.lookup_ms_high)} ms on exact "
            "misses, "
            f"{_span(layers.mean_added_ms_low, layers.mean_added_ms_high)} ms on average"
        )
    if layers.claim.figure is not None:
        items.append(claim_words(layers.claim))
    return [Heading("Two layers, exact match first"), Bullets(tuple(items))]


def _span(low: Decimal | None, high: Decimal | None) -> str:
    if low is None or high is None:
        return NOT_APPLICABLE
    shown = [f"{value.normalize():f}" for value in (low, high)]
    return shown[0] if low == high else f"{shown[0]} to {shown[1]}"
