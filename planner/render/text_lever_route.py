"""Routing and cascades in blocks: the mix, every baseline by name, share against cost."""

from __future__ import annotations

from decimal import Decimal

from planner.render.blocks import Block, Bullets, Column, Grid, Heading, Paragraph
from planner.render.numbers import (
    NOT_APPLICABLE,
    duration_ms,
    money,
    per_request,
    percent,
    unit_cost,
)
from planner.render.payload_lever_route import (
    AgainstView,
    MixView,
    RouteModelView,
    RouteView,
    ShareRowView,
)
from planner.render.text_claims import claim_words

__all__ = ["route_blocks"]


def route_blocks(view: RouteView | None) -> list[Block]:
    """The whole section."""
    if view is None:
        return [
            Paragraph(
                "No route with prices: add `levers.route` with the models and the share of "
                "requests that each answers."
            )
        ]
    return [
        Paragraph(_verdict(view), strong=True),
        *_model_blocks(view),
        *_formula_blocks(view),
        *_against_blocks(view),
        *_share_blocks(view),
        Bullets(tuple(claim_words(each) for each in view.claims)),
    ]


def _mix_of(view: RouteView) -> MixView:
    return view.route if view.kind == "route" else view.cascade


def _verdict(view: RouteView) -> str:
    first, mix = view.against[0], _mix_of(view)
    cheaper = first.saving_monthly_usd >= 0
    return (
        f"The {view.kind} costs {per_request(mix.usd_per_request)} a request, "
        f"{money(mix.monthly_usd)} a month: {percent(abs(first.saving_share or Decimal(0)))} "
        f"{'less' if cheaper else 'more'} than all on {view.baseline}."
    )


def _model_blocks(view: RouteView) -> list[Block]:
    columns = (
        Column(header="model", is_name=True),
        Column(header="answers", align="decimal"),
        Column(header="is asked", align="decimal"),
        Column(header="$/request", align="decimal"),
        Column(header="input $/1M", align="decimal", priority=1),
        Column(header="output $/1M", align="decimal", priority=1),
        Column(header="latency", align="right"),
        Column(header="quality", align="decimal"),
    )
    return [Heading("Models"), Grid.of(columns, [_model_row(each) for each in view.models])]


def _model_row(each: RouteModelView) -> tuple[str, ...]:
    return (
        each.name,
        percent(each.answered_share),
        percent(each.asked_share),
        per_request(each.usd_per_request),
        _per_1m(each.prices.input_usd_per_1m_tokens),
        _per_1m(each.prices.output_usd_per_1m_tokens),
        _latency(each.latency_ms),
        percent(each.quality),
    )


def _latency(value: Decimal | None) -> str:
    return NOT_APPLICABLE if value is None else duration_ms(float(value))


def _per_1m(value: Decimal | None) -> str:
    return NOT_APPLICABLE if value is None else unit_cost(value)


def _formula_blocks(view: RouteView) -> list[Block]:
    columns = (
        Column(header=""),
        Column(header="$/request", align="decimal"),
        Column(header="a month", align="decimal"),
        Column(header="input $/1M", align="decimal"),
        Column(header="output $/1M", align="decimal"),
        Column(header="both $/1M", align="decimal"),
        Column(header="latency", align="right"),
        Column(header="quality", align="decimal"),
    )
    rows = [
        (
            f"{name} (in use)" if name == view.kind else name,
            per_request(mix.usd_per_request),
            money(mix.monthly_usd),
            _per_1m(mix.prices.input_usd_per_1m_tokens),
            _per_1m(mix.prices.output_usd_per_1m_tokens),
            _per_1m(mix.prices.mix_usd_per_1m_tokens),
            _latency(mix.latency_ms),
            percent(mix.quality),
        )
        for name, mix in (("route", view.route), ("cascade", view.cascade))
    ]
    return [
        Heading("One model each, or one after the other"),
        Grid.of(columns, rows),
        Paragraph(
            "Route: sum of share x cost, and the router. Cascade: the first model on all requests, "
            "each later one on those that reach it. Blended prices put input with input and output "
            "with output; both: in the proportion of this workload's request, router included in "
            "$/request only; – where something is paid by the request. Quality is that of the "
            "answers used."
        ),
    ]


def _against_blocks(view: RouteView) -> list[Block]:
    columns = (
        Column(header="all on", is_name=True),
        Column(header="$/request", align="decimal"),
        Column(header="a month", align="decimal"),
        Column(header="mix saves", align="decimal"),
        Column(header="of it", align="decimal"),
        Column(header="on input", align="decimal", priority=2),
        Column(header="on output", align="decimal", priority=2),
        Column(header="quality loss", align="decimal", priority=1),
    )
    rows = [_against_row(each) for each in view.against]
    return [
        Heading(f"The {view.kind} against every baseline"),
        Grid.of(columns, rows),
        Paragraph("Less than 0: the mix is dearer than that model alone."),
    ]


def _against_row(each: AgainstView) -> tuple[str, ...]:
    return (
        f"{each.baseline} (baseline)" if each.is_baseline else each.baseline,
        per_request(each.usd_per_request),
        money(each.monthly_usd),
        money(each.saving_monthly_usd),
        percent(each.saving_share),
        percent(each.input_saving_share),
        percent(each.output_saving_share),
        percent(each.quality_loss),
    )


def _share_blocks(view: RouteView) -> list[Block]:
    columns = (
        Column(header="answered by it", align="decimal"),
        Column(header="$/request", align="decimal"),
        Column(header="a month", align="decimal"),
        Column(header="saves", align="decimal"),
        Column(header="of the baseline", align="decimal"),
        Column(header="latency", align="right"),
        Column(header="quality", align="decimal"),
        Column(header=""),
    )
    return [
        Heading(f"Share of {view.models[0].name} against cost and quality"),
        Grid.of(columns, [_share_row(each) for each in view.by_first_share]),
        Paragraph(
            f"The other models keep their proportions. Savings against all on {view.baseline}. "
            "Quality keeps each model's score, which holds near the given share only."
        ),
    ]


def _share_row(each: ShareRowView) -> tuple[str, ...]:
    return (
        percent(each.first_share),
        per_request(each.usd_per_request),
        money(each.monthly_usd),
        money(each.saving_monthly_usd),
        percent(each.saving_share),
        _latency(each.latency_ms),
        percent(each.quality),
        "as given" if each.is_given else "",
    )
