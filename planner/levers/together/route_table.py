"""Routing alone: both formulas on the same shares, against every baseline that has a name."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal

from planner.levers.route import Kind, Mix, MixModel, mix_cost, reaching_shares, with_first_share
from planner.levers.together.request_price import model_name, request_price
from planner.levers.together.resolve import Resolved
from planner.scenario.levers import Route, RouteModel

__all__ = ["Alone", "RouteTable", "route_table"]

_SHARE_STEPS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Alone:
    """All requests on one model; ``is_baseline`` for the option savings are counted against."""

    name: str
    input_usd: Decimal
    output_usd: Decimal
    request_usd: Decimal
    latency_ms: Decimal | None
    quality: Decimal | None
    is_baseline: bool

    @property
    def usd(self) -> Decimal:
        """One request."""
        return self.input_usd + self.output_usd + self.request_usd


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteTable:
    """USD of a mean request, first month's prices, without any other lever.

    ``route`` and ``cascade`` are both formulas on the shares given, ``kind`` the one in use.
    ``by_first_share`` moves the share of the first model from 0 to 1, the rest in proportion.
    """

    kind: Kind
    models: tuple[MixModel, ...]
    reached: tuple[Decimal, ...]
    route: Mix
    cascade: Mix
    alone: tuple[Alone, ...]
    by_first_share: tuple[tuple[Decimal, Mix], ...]

    @property
    def chosen(self) -> Mix:
        """The mix of the kind in use."""
        return self.route if self.kind == "route" else self.cascade

    @property
    def baseline(self) -> Alone:
        """What savings are counted against."""
        return next(each for each in self.alone if each.is_baseline)


def route_table(resolved: Resolved) -> RouteTable | None:
    """The table; None without a route, or when a model in it has no price."""
    route = resolved.settings.given.route
    baseline = _baseline(resolved)
    if route is None or baseline is None:
        return None
    models: list[MixModel] = []
    for each in route.models:
        priced = _mix_model(resolved, each)
        if priced is None:
            return None
        models.append(priced)
    return _table(route, tuple(models), baseline)


def _table(route: Route, models: tuple[MixModel, ...], baseline: Alone) -> RouteTable:
    def mix(kind: Kind, of: tuple[MixModel, ...]) -> Mix:
        return mix_cost(kind, of, router_usd=route.usd_per_request, router_ms=route.latency_ms)

    steps = [Decimal(step) / _SHARE_STEPS for step in range(_SHARE_STEPS + 1)]
    shares = sorted({*steps, models[0].answered_share})
    same = next((model for model in models if model.name == baseline.name), None)
    if same is not None:
        baseline = replace(baseline, latency_ms=same.latency_ms)
    others = (_alone(model) for model in models if model.name != baseline.name)
    return RouteTable(
        kind=route.kind,
        models=models,
        reached=reaching_shares(route.kind, [m.answered_share for m in models]),
        route=mix("route", models),
        cascade=mix("cascade", models),
        alone=(baseline, *others),
        by_first_share=tuple(
            (share, mix(route.kind, with_first_share(models, share))) for share in shares
        ),
    )


def _alone(model: MixModel) -> Alone:
    """Its quality on the requests it does not answer now is not known."""
    return Alone(
        name=model.name,
        input_usd=model.input_usd,
        output_usd=model.output_usd,
        request_usd=model.request_usd,
        latency_ms=model.latency_ms,
        quality=None,
        is_baseline=False,
    )


def _mix_model(resolved: Resolved, model: RouteModel) -> MixModel | None:
    price = request_price(resolved.inputs, model, resolved.inputs.demand)
    if price is None:
        return None
    return MixModel(
        name=model_name(model),
        answered_share=model.answered_share,
        input_usd=price.input_usd,
        output_usd=price.output_usd,
        request_usd=price.request_usd,
        latency_ms=model.latency_ms,
        quality=None if model.quality is None else model.quality.score,
    )


def _baseline(resolved: Resolved) -> Alone | None:
    option = resolved.baseline
    if option is None:
        return None
    price = request_price(resolved.inputs, option, resolved.inputs.demand)
    if price is None:
        return None
    return Alone(
        name=model_name(option),
        input_usd=price.input_usd,
        output_usd=price.output_usd,
        request_usd=price.request_usd,
        latency_ms=None,
        quality=None if option.quality is None else option.quality.score,
        is_baseline=True,
    )
