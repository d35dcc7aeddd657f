"""One mean request on one model, input and output apart, at the first month's prices."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from planner.catalog.api_ref import api_ref
from planner.catalog.types import Processing
from planner.costs.inputs import PricingInputs
from planner.costs.tokens import token_cost
from planner.demand.types import Demand
from planner.levers.together.pricing import Baseline, route_ref
from planner.scenario.levers import RouteModel
from planner.scenario.options import ApiOption, ManualOption
from planner.units import TOKENS_PER_MTOK

__all__ = ["RequestPrice", "model_name", "request_price"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestPrice:
    """USD of the input and the output of a mean request, without prompt caching.

    ``request_usd`` is what a price by hand asks for the request, however long it is.
    """

    input_usd: Decimal
    output_usd: Decimal
    request_usd: Decimal = Decimal(0)


def model_name(model: Baseline | RouteModel) -> str:
    """The name reports show."""
    if isinstance(model, ManualOption):
        return model.name
    return model.name or f"{model.provider}/{model.model}"


def request_price(
    inputs: PricingInputs,
    model: Baseline | RouteModel,
    demand: Demand,
    processing: Processing = "standard",
) -> RequestPrice | None:
    """The price of a mean request of ``demand``; None where it is not sold or has no price."""
    if isinstance(model, ManualOption):
        return _by_hand(model, demand) if processing == "standard" else None
    if isinstance(model, RouteModel) and model.usd_per_request is not None:
        zero = Decimal(0)
        hand = RequestPrice(input_usd=zero, output_usd=zero, request_usd=model.usd_per_request)
        return hand if processing == "standard" else None
    region = inputs.scenario.region
    ref = api_ref(model, region) if isinstance(model, ApiOption) else route_ref(model, region)
    quotes = inputs.catalog.llm_hourly_quotes(ref, inputs.months.priced_on[0], processing)
    if quotes is None:
        return None
    cost = token_cost(quotes, demand, inputs.hour_weights_utc, cache=False)
    return RequestPrice(input_usd=cost.input_plain_usd, output_usd=cost.output_usd)


def _by_hand(option: ManualOption, demand: Demand) -> RequestPrice:
    rate = (option.marginal_usd_per_1m_tokens or Decimal(0)) / TOKENS_PER_MTOK
    return RequestPrice(
        input_usd=rate * demand.input_tokens.mean,
        output_usd=rate * demand.output_tokens.mean,
        request_usd=option.marginal_usd_per_request or Decimal(0),
    )
