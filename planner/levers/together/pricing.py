"""What the requests that reach a model cost, under any set of levers."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from decimal import Decimal

from planner.catalog.api_ref import api_ref
from planner.catalog.types import LlmRef
from planner.costs.api import api_usage_lines
from planner.costs.inputs import PricingInputs
from planner.costs.terms import PerRequest
from planner.costs.types import CostLine
from planner.demand.types import Demand
from planner.levers.route import reaching_shares
from planner.levers.together.declared import Lever
from planner.levers.together.dilution import diluted
from planner.levers.together.stream import Part, Settings, passing_share, stream_parts
from planner.money import usd_text
from planner.scenario.levers import RouteModel
from planner.scenario.options import ApiOption, ManualOption
from planner.units import TOKENS_PER_MTOK

__all__ = ["Baseline", "LinesByMonth", "StreamPricing", "mean_monthly_usd", "route_ref"]

LinesByMonth = Callable[[int], tuple[CostLine, ...]]
Baseline = ApiOption | ManualOption


@dataclass(frozen=True, slots=True)
class _Asked:
    """A model, and the share of the requests reaching any model that it is asked."""

    name: str
    model: Baseline | RouteModel
    share: Decimal


class StreamPricing:
    """Token lines of API models for the stream that a set of levers leaves.

    Lines are restated over all requests, so that they price a month's whole volume.
    """

    def __init__(self, inputs: PricingInputs, settings: Settings) -> None:
        self.inputs = inputs
        self.settings = settings
        self._known: dict[object, LinesByMonth] = {}

    def token_lines(self, baseline: Baseline, levers: AbstractSet[Lever]) -> LinesByMonth:
        """Token lines by month: of the baseline, or of the models it is routed to."""
        passing = passing_share(self.settings, levers)
        parts = stream_parts(self.inputs.demand, self.settings, levers)
        asked = self._asked(baseline, levers)
        priced = [
            self._of(each, part, passing * each.share * part.share, alone=len(asked) == 1)
            for each in asked
            for part in parts
        ]
        return _joined(priced)

    def model_lines(self, model: Baseline | RouteModel, demand: Demand) -> LinesByMonth:
        """Token lines of one model for a demand of its own."""
        part = Part(share=Decimal(1), demand=demand)
        return self._of(_Asked("", model, Decimal(1)), part, Decimal(1), alone=True)

    def _asked(self, baseline: Baseline, levers: AbstractSet[Lever]) -> tuple[_Asked, ...]:
        route = self.settings.given.route
        if route is None or "route" not in levers:
            return (_Asked("", baseline, Decimal(1)),)
        shares = reaching_shares(route.kind, [m.answered_share for m in route.models])
        return tuple(
            _Asked(model.name or f"{model.provider}/{model.model}", model, share)
            for model, share in zip(route.models, shares, strict=True)
            if share
        )

    def _of(self, asked: _Asked, part: Part, share: Decimal, *, alone: bool) -> LinesByMonth:
        words = [word for word in ("" if alone else asked.name, part.label) if word]
        lines = self._undiluted(asked.model, part, share)
        known: dict[int, tuple[CostLine, ...]] = {}

        def of_month(month: int) -> tuple[CostLine, ...]:
            found = lines(month)
            if id(found) not in known:
                known[id(found)] = tuple(_named(diluted(line, share), words) for line in found)
            return known[id(found)]

        return of_month

    def _undiluted(self, model: Baseline | RouteModel, part: Part, share: Decimal) -> LinesByMonth:
        demand = part.demand
        both = demand.shared_prefix is not None and bool(demand.deferrable_share)
        # How many requests there are decides only between a cached and a batch price.
        key = (
            id(model),
            demand.input_tokens.mean,
            demand.shared_prefix,
            demand.deferrable_share,
            share if both else None,
        )
        if key not in self._known:
            self._known[key] = self._priced(model, demand, share)
        return self._known[key]

    def _priced(self, model: Baseline | RouteModel, demand: Demand, share: Decimal) -> LinesByMonth:
        if isinstance(model, ManualOption):
            return _every_month(_manual_lines(model, demand))
        if isinstance(model, RouteModel) and model.usd_per_request is not None:
            return _every_month((_hand_line(model, model.usd_per_request),))
        ref = self._ref(model)
        months = self.inputs.months
        return api_usage_lines(
            self.inputs.catalog,
            ref,
            demand,
            replace(months, requests=tuple(requests * share for requests in months.requests)),
            self.inputs.hour_weights_utc,
        )

    def _ref(self, model: ApiOption | RouteModel) -> LlmRef:
        region = self.inputs.scenario.region
        return api_ref(model, region) if isinstance(model, ApiOption) else route_ref(model, region)


def route_ref(model: RouteModel, region: str) -> LlmRef:
    """The API model of a route; it has provider and model. ``region`` is the scenario's."""
    assert model.provider is not None and model.model is not None
    own = model.region or (region if model.provider == "aws" else None)
    return LlmRef(provider=model.provider, model=model.model, region=own, endpoint=model.endpoint)


def _every_month(lines: tuple[CostLine, ...]) -> LinesByMonth:
    return lambda month: lines


def _joined(parts: list[LinesByMonth]) -> LinesByMonth:
    """All lines of a month in one tuple; months with the same lines share it."""
    known: dict[tuple[int, ...], tuple[CostLine, ...]] = {}

    def of_month(month: int) -> tuple[CostLine, ...]:
        found = [part(month) for part in parts]
        key = tuple(id(lines) for lines in found)
        if key not in known:
            known[key] = tuple(line for lines in found for line in lines)
        return known[key]

    return of_month


def _named(line: CostLine, words: list[str]) -> CostLine:
    return replace(line, name=": ".join((*words, line.name))) if words else line


def _manual_lines(option: ManualOption, demand: Demand) -> tuple[CostLine, ...]:
    """Rates on tokens and requests; the fixed part does not depend on the stream."""
    lines: list[CostLine] = []
    rate = option.marginal_usd_per_1m_tokens
    if rate is not None:
        tokens = demand.tokens_per_request
        lines.append(
            _hand(
                "per token",
                tokens * rate / TOKENS_PER_MTOK,
                f"{usd_text(tokens)} tokens x ${usd_text(rate)} per 1M",
                option.source,
            )
        )
    if option.marginal_usd_per_request is not None:
        each = option.marginal_usd_per_request
        lines.append(_hand("per request", each, f"${usd_text(each)} a request", option.source))
    return tuple(lines)


def _hand_line(model: RouteModel, usd_per_request: Decimal) -> CostLine:
    formula = f"${usd_text(usd_per_request)} a request"
    return _hand("requests", usd_per_request, formula, "levers.route of the scenario")


def _hand(name: str, usd_per_request: Decimal, formula: str, source: str) -> CostLine:
    return CostLine(
        name=name,
        category="api_usage",
        billed_by="other",
        driver="api_price",
        term=PerRequest(usd_per_request),
        formula=formula,
        source=source,
    )


def mean_monthly_usd(lines: LinesByMonth, inputs: PricingInputs) -> Decimal | None:
    """Mean month over the horizon; None when a price is not known."""
    total = Decimal(0)
    for month, requests in enumerate(inputs.months.requests):
        for line in lines(month):
            if line.term is None:
                return None
            total += line.term.at(requests)
    return total / len(inputs.months)
