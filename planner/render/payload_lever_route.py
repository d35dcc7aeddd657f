"""Routing and cascades in full, for ``planner optimize --show route``."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal, NamedTuple

from planner.levers.route import Mix, MixModel
from planner.levers.together import Alone, Resolved, RouteTable, route_table
from planner.render.numbers import significant
from planner.render.payload_levers import ClaimView, claim_view, quotient
from planner.units import TOKENS_PER_MTOK

__all__ = [
    "AgainstView",
    "BlendView",
    "MixView",
    "RouteModelView",
    "RouteView",
    "ShareRowView",
    "route_view",
]

_DIGITS = 12


class BlendView(NamedTuple):
    """Prices of like with like, USD per 1M tokens: input with input, output with output, and
    tokens in the proportion of this workload's mean request.

    Input and output are null where something is paid by the request, whatever its tokens.
    """

    input_usd_per_1m_tokens: Decimal | None
    output_usd_per_1m_tokens: Decimal | None
    mix_usd_per_1m_tokens: Decimal | None


class RouteModelView(NamedTuple):
    """One model: the share whose answer it gives, the share it is asked, one request on it."""

    name: str
    answered_share: Decimal
    asked_share: Decimal
    usd_per_request: Decimal
    prices: BlendView
    latency_ms: Decimal | None
    quality: Decimal | None


class MixView(NamedTuple):
    """A mean request over all models, router included in cost and latency.

    Unknown latency or quality is null: some model has none. ``quality`` is that of the answers
    used, weighted by their shares.
    """

    usd_per_request: Decimal
    router_usd_per_request: Decimal
    monthly_usd: Decimal
    prices: BlendView
    latency_ms: Decimal | None
    quality: Decimal | None


class AgainstView(NamedTuple):
    """Everything on one named model, and what the mix saves against it (less than 0: dearer)."""

    baseline: str
    is_baseline: bool
    usd_per_request: Decimal
    monthly_usd: Decimal
    prices: BlendView
    saving_monthly_usd: Decimal
    saving_share: Decimal | None
    input_saving_share: Decimal | None
    output_saving_share: Decimal | None
    quality_loss: Decimal | None


class ShareRowView(NamedTuple):
    """The mix with another share on its first model, the others in proportion."""

    first_share: Decimal
    usd_per_request: Decimal
    monthly_usd: Decimal
    saving_monthly_usd: Decimal
    saving_share: Decimal | None
    latency_ms: Decimal | None
    quality: Decimal | None
    is_given: bool


class RouteView(NamedTuple):
    """Routing alone, first month's prices at the mean month's volume, no other lever.

    ``route`` asks one model, ``cascade`` one after the other, both on the same shares; ``kind`` is
    the one in use. ``baseline`` names what savings are counted against.
    """

    kind: Literal["route", "cascade"]
    baseline: str
    models: tuple[RouteModelView, ...]
    route: MixView
    cascade: MixView
    against: tuple[AgainstView, ...]
    by_first_share: tuple[ShareRowView, ...]
    claims: tuple[ClaimView, ...]


class _Units(NamedTuple):
    """Mean tokens of a request and requests of the mean month."""

    input_tokens: Decimal
    output_tokens: Decimal
    requests: Decimal


def route_view(resolved: Resolved) -> RouteView | None:
    """The view; None without a route, or when a model in it has no price."""
    table = route_table(resolved)
    if table is None:
        return None
    demand = resolved.inputs.demand
    units = _Units(
        input_tokens=demand.input_tokens.mean,
        output_tokens=demand.output_tokens.mean,
        requests=resolved.inputs.months.mean_requests,
    )
    against = tuple(_against(each, table, units) for each in table.alone)
    first = against[0]
    return RouteView(
        kind=table.kind,
        baseline=table.baseline.name,
        models=_models(table, units),
        route=_mix(table.route, units),
        cascade=_mix(table.cascade, units),
        against=against,
        by_first_share=_shares(table, units),
        claims=(
            claim_view("route_saving", first.saving_share),
            claim_view("route_quality_loss", first.quality_loss),
        ),
    )


def _models(table: RouteTable, units: _Units) -> tuple[RouteModelView, ...]:
    return tuple(
        RouteModelView(
            name=model.name,
            answered_share=model.answered_share,
            asked_share=asked,
            usd_per_request=_exact(model.usd),
            prices=_blend(model, units),
            latency_ms=model.latency_ms,
            quality=model.quality,
        )
        for model, asked in zip(table.models, table.reached, strict=True)
    )


def _mix(mix: Mix, units: _Units) -> MixView:
    return MixView(
        usd_per_request=_exact(mix.usd),
        router_usd_per_request=mix.router_usd,
        monthly_usd=_exact(mix.usd * units.requests),
        prices=_blend(mix, units),
        latency_ms=mix.latency_ms,
        quality=mix.quality,
    )


def _against(alone: Alone, table: RouteTable, units: _Units) -> AgainstView:
    mix = table.chosen
    saved = alone.usd - mix.usd
    known = alone.quality is not None and mix.quality is not None
    by_token = not alone.request_usd and not mix.request_usd
    return AgainstView(
        baseline=alone.name,
        is_baseline=alone.is_baseline,
        usd_per_request=_exact(alone.usd),
        monthly_usd=_exact(alone.usd * units.requests),
        prices=_blend(alone, units),
        saving_monthly_usd=_exact(saved * units.requests),
        saving_share=quotient(saved, alone.usd),
        input_saving_share=quotient(alone.input_usd - mix.input_usd, alone.input_usd)
        if by_token
        else None,
        output_saving_share=quotient(alone.output_usd - mix.output_usd, alone.output_usd)
        if by_token
        else None,
        quality_loss=(alone.quality or Decimal(0)) - (mix.quality or Decimal(0)) if known else None,
    )


def _shares(table: RouteTable, units: _Units) -> tuple[ShareRowView, ...]:
    base = table.baseline.usd
    return tuple(
        ShareRowView(
            first_share=share,
            usd_per_request=_exact(mix.usd),
            monthly_usd=_exact(mix.usd * units.requests),
            saving_monthly_usd=_exact((base - mix.usd) * units.requests),
            saving_share=quotient(base - mix.usd, base),
            latency_ms=None if mix.latency_ms is None else _exact(mix.latency_ms),
            quality=None if mix.quality is None else _exact(mix.quality),
            is_given=share == table.models[0].answered_share,
        )
        for share, mix in table.by_first_share
    )


def _blend(of: MixModel | Mix | Alone, units: _Units) -> BlendView:
    def per_1m(usd: Decimal, tokens: Decimal) -> Decimal | None:
        return quotient(usd * TOKENS_PER_MTOK, tokens)

    by_token = not of.request_usd
    return BlendView(
        input_usd_per_1m_tokens=per_1m(of.input_usd, units.input_tokens) if by_token else None,
        output_usd_per_1m_tokens=per_1m(of.output_usd, units.output_tokens) if by_token else None,
        mix_usd_per_1m_tokens=per_1m(
            of.input_usd + of.output_usd + of.request_usd, units.input_tokens + units.output_tokens
        ),
    )


def _exact(value: Decimal) -> Decimal:
    return significant(value, _DIGITS)
