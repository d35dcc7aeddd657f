"""An API model as an option: may it be used, what it costs, can a stack deploy it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from functools import cache
from importlib.resources import files

from planner.catalog.api_ref import api_ref
from planner.catalog.types import LlmQuote, LlmRef
from planner.costs.api import api_usage_lines, quotes_note, uses_batch
from planner.costs.imported_model import import_fleet, import_lines
from planner.costs.inputs import PricingInputs, below_floor, stack_prices
from planner.costs.months import Months
from planner.costs.people import missing_categories, ownership_lines
from planner.costs.stack import api_gateway_lines, bedrock_lines
from planner.costs.terms import ONE
from planner.costs.types import CostLine, Option
from planner.scenario.model import Scenario
from planner.scenario.options import ApiOption, Arm, CustomModelImport

__all__ = ["api_option", "gateway_reaches"]


_ROLE_ARMS: dict[str, Arm] = {
    "frontier": "api_frontier",
    "same_weights": "api_same_weights",
}


def api_option(inputs: PricingInputs, option: ApiOption) -> Option:
    """An API model, or one imported into Bedrock, with what a stack around it costs."""
    if option.custom_model_import is not None:
        return _imported(inputs, option, option.custom_model_import)
    scenario = inputs.scenario
    ref = api_ref(option, scenario.region)
    first = inputs.catalog.llm_hourly_quotes(ref, inputs.months.priced_on[0], "standard")
    is_bedrock = option.provider == "aws"
    reason = (
        _residency_forbids(scenario, ref)
        or _not_sold(ref, first, inputs.months.priced_on[0])
        or below_floor(scenario, option.quality)
    )
    usage = api_usage_lines(
        inputs.catalog, ref, inputs.demand, inputs.months, inputs.hour_weights_utc
    )
    around = _api_surroundings(inputs, is_bedrock=is_bedrock)
    deferred = inputs.demand.deferrable_share
    beside_batch = _api_surroundings(inputs, is_bedrock=is_bedrock, through=1 - deferred)
    deployable = is_bedrock or gateway_reaches(option.provider)
    return Option(
        arm="api_bedrock" if is_bedrock else _ROLE_ARMS[option.role],
        name=option.name or f"{option.provider}/{option.model}",
        kind="bedrock" if is_bedrock else "api_gateway",
        feasible=reason is None,
        reason=reason,
        deployable=deployable,
        deployable_reason=None
        if deployable
        else f"no OpenAI-shaped endpoint of {option.provider} is known to the gateway",
        provider_of_capacity=option.provider,
        lines_in_month=_joined(usage, around, beside_batch),
        missing=missing_categories(scenario.tco, scenario.tco.api),
        quality_score=None if option.quality is None else option.quality.score,
        resolved_model=option.model if first is None else first[0].resolved_id,
        warnings=()
        if first is None
        else (
            *quotes_note(first, inputs.demand),
            *_past_the_gateway(is_bedrock, usage, inputs),
            *_retires(first[0], inputs.months),
        ),
    )


def _imported(inputs: PricingInputs, option: ApiOption, given: CustomModelImport) -> Option:
    """Own weights on Bedrock: copies instead of tokens; no price of the list applies."""
    scenario = inputs.scenario
    reason = _residency_forbids(scenario, api_ref(option, scenario.region))
    reason = reason or below_floor(scenario, option.quality)
    fleet = import_fleet(inputs, given)
    lines = (
        *import_lines(inputs, given, fleet),
        *_api_surroundings(inputs, is_bedrock=True),
    )
    return Option(
        arm="api_bedrock",
        name=option.name or f"{option.provider}/{option.model}",
        kind="bedrock",
        feasible=reason is None,
        reason=reason,
        deployable=True,
        deployable_reason=None,
        provider_of_capacity="custom model import",
        lines_in_month=lambda month: lines,
        missing=missing_categories(scenario.tco, scenario.tco.api),
        fleet=fleet,
        quality_score=None if option.quality is None else option.quality.score,
        resolved_model=option.model,
        warnings=("a stopped copy starts again with the next request: seconds to minutes",),
    )


def _past_the_gateway(
    is_bedrock: bool, usage: Callable[[int], tuple[CostLine, ...]], inputs: PricingInputs
) -> tuple[str, ...]:
    if is_bedrock or not any(uses_batch(usage(month)) for month in range(len(inputs.months))):
        return ()
    waits = f"{100 * inputs.demand.deferrable_share:.0f} %"
    return (
        f"batch jobs ({waits} of requests) go to the provider's "
        "batch endpoint directly: the gateway neither meters nor caps them",
    )


def _joined(
    usage: Callable[[int], tuple[CostLine, ...]],
    around: tuple[CostLine, ...],
    beside_batch: tuple[CostLine, ...],
) -> Callable[[int], tuple[CostLine, ...]]:
    """Cached by the token lines: months with the same prices share one tuple."""

    @cache
    def with_surroundings(token_lines: tuple[CostLine, ...]) -> tuple[CostLine, ...]:
        return (*token_lines, *(beside_batch if uses_batch(token_lines) else around))

    return lambda month: with_surroundings(usage(month))


def _api_surroundings(
    inputs: PricingInputs, *, is_bedrock: bool, through: Decimal = ONE
) -> tuple[CostLine, ...]:
    scenario = inputs.scenario
    stack: tuple[CostLine, ...] = ()
    if scenario.tco.infrastructure.mode == "add":
        prices = stack_prices(inputs, scenario.region)
        stack = (
            bedrock_lines(prices)
            if is_bedrock
            else api_gateway_lines(prices, inputs.demand, scenario.deployment, through=through)
        )
    return (*stack, *ownership_lines(scenario.tco, scenario.tco.api, scenario.horizon.months))


def _residency_forbids(scenario: Scenario, ref: LlmRef) -> str | None:
    rule = scenario.limits.data_residency
    if rule is None:
        return None
    inside = ref.region in rule.allowed_regions
    if rule.forbid_apis and not (rule.allow_bedrock and ref.provider == "aws" and inside):
        return f"data residency forbids it: {rule.reason}"
    if not inside:
        where = "its region is not stated" if ref.region is None else f"{ref.region} is not allowed"
        return f"data residency: {where} ({rule.reason})"
    return None


def _not_sold(ref: LlmRef, quotes: Sequence[LlmQuote] | None, first_day: date) -> str | None:
    if quotes is None:
        return f"no price of {ref.provider}/{ref.model} is known on {first_day}"
    retires_on = quotes[0].retires_on
    if retires_on is not None and retires_on <= first_day:
        return f"{quotes[0].resolved_id} was retired on {retires_on}"
    return None


def _retires(quote: LlmQuote, months: Months) -> tuple[str, ...]:
    if quote.retires_on is None or quote.retires_on > months.priced_on[-1]:
        return ()
    return (f"† {quote.resolved_id} retires on {quote.retires_on}, inside the horizon",)


def gateway_reaches(provider: str) -> bool:
    """Whether the gateway can forward to a provider."""
    return provider in _gateway_providers()


@cache
def _gateway_providers() -> frozenset[str]:
    import yaml

    text = files("planner.costs").joinpath("data/gateway_providers.yaml").read_text("utf-8")
    return frozenset(yaml.safe_load(text)["providers"])
