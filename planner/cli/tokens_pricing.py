"""Prices prompts for every API option of a scenario."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path

from planner.catalog import LlmRef
from planner.catalog.api_ref import api_ref
from planner.cli.evaluation import PriceOptions, ReadScenario, errors_of, read_scenario
from planner.costs import plan_months
from planner.costs.months import Months
from planner.demand import encoding_for, utc_hour_weights
from planner.demand.problems import did_you_mean
from planner.errors import InputError
from planner.levers.tokens import (
    PromptCount,
    Saving,
    UsagePricing,
    assumed_compression,
    prompt_saving,
)
from planner.render.payload_token_prices import AskedModel, UsedPrices, token_price_views
from planner.render.payload_tokens import PricedOption, PricedScenario
from planner.scenario import Scenario
from planner.scenario.options import ApiOption

__all__ = ["priced_scenario"]

# Prompt a, and prompt b where there is one.
Prompts = tuple[PromptCount, PromptCount | None]


def priced_scenario(
    path: Path, wanted: str | None, sets: Sequence[str], prices: PriceOptions, prompts: Prompts
) -> PricedScenario:
    """The prompts in each API option of the scenario, or in the one that is ``wanted``.

    InputError when the scenario has no such option, or its requests cannot contain prompt a.
    """
    read = read_scenario(path, sets, prices)
    with errors_of(read.loaded):
        options = _chosen(read.loaded.scenario, wanted)
        priced = tuple(_priced(read, option, prompts) for option in options)
    return PricedScenario(
        id=read.loaded.scenario.id,
        file=str(path),
        demand=read.demand,
        horizon_months=read.loaded.scenario.horizon.months,
        catalog=read.catalog,
        options=priced,
        prices=token_price_views(
            read.catalog,
            [
                AskedModel(_name(each), api_ref(each, read.loaded.scenario.region))
                for each in options
            ],
            _months(read).priced_on,
            UsedPrices.by(read.demand, _longest_of_b(options, prompts)),
        ),
        notes=_notes(read.loaded.scenario),
    )


def _name(option: ApiOption) -> str:
    return option.name or f"{option.provider}/{option.model}"


def _chosen(scenario: Scenario, wanted: str | None) -> list[ApiOption]:
    named = {_name(option): option for option in scenario.options.api}
    if not named:
        raise InputError(
            "no option under `options.api`, and only an API is paid by the token; add one "
            "to see what a shorter prompt saves"
        )
    if wanted is None:
        return list(named.values())
    if wanted not in named:
        hint = did_you_mean(wanted, named)
        raise InputError(f"no API option `{wanted}`{hint}; there are {', '.join(named)}")
    return [named[wanted]]


def _priced(read: ReadScenario, option: ApiOption, prompts: Prompts) -> PricedOption:
    scenario, demand = read.loaded.scenario, read.demand
    choice = encoding_for(option.provider, option.model)
    pricing = _pricing(read, api_ref(option, scenario.region))
    a, b = prompts
    tokens_a = a.tokens(choice)
    saving = prompt_saving(pricing, demand, tokens_a, None if b is None else b.tokens(choice))
    assumed: tuple[Saving, ...] = ()
    if b is None and saving is not None:
        assumed = _assumed(pricing, read, tokens_a)
    return PricedOption(
        name=_name(option),
        provider=option.provider,
        model=option.model,
        choice=choice,
        saving=saving,
        reason_unpriced=None if saving is not None else f"no price of {option.model} is known",
        notes=() if saving is None else _option_notes(pricing, read, saving),
        assumed=assumed,
    )


def _pricing(read: ReadScenario, ref: LlmRef) -> UsagePricing:
    return UsagePricing(
        prices=read.catalog,
        ref=ref,
        months=_months(read),
        hour_weights_utc=utc_hour_weights(read.demand, _first_day(read)),
    )


def _longest_of_b(options: Sequence[ApiOption], prompts: Prompts) -> Decimal:
    """Tokens that prompt b may add to a request."""
    b = prompts[1]
    if b is None:
        return Decimal(0)
    return max(b.tokens(encoding_for(each.provider, each.model)) for each in options)


def _first_day(read: ReadScenario) -> date:
    return read.loaded.scenario.starts_on or read.catalog.as_of


def _months(read: ReadScenario) -> Months:
    return plan_months(
        first_day=_first_day(read),
        months=read.loaded.scenario.horizon.months,
        requests=read.demand.requests_per_month,
        growth_per_month=read.demand.growth_per_month,
    )


def _assumed(pricing: UsagePricing, read: ReadScenario, tokens: Decimal) -> tuple[Saving, ...]:
    shares = assumed_compression()
    found = (
        prompt_saving(pricing, read.demand, tokens, tokens * (1 - share))
        for share in (shares.low_share, shares.expected_share, shares.high_share)
    )
    return tuple(each for each in found if each is not None)


def _option_notes(pricing: UsagePricing, read: ReadScenario, saving: Saving) -> tuple[str, ...]:
    notes: list[str] = []
    if saving.short_share:
        notes.append(
            f"{saving.short_share * 100:.1f} % of the requests have fewer input tokens than "
            "prompt a: no more than they have is counted as its part"
        )
    if read.demand.shared_prefix is not None:
        notes.append(
            "the prompt is taken to lie in the shared prefix, so its tokens cost what cached "
            "ones cost while a prefix is warm"
        )
    quotes = pricing.prices.llm_hourly_quotes(pricing.ref, pricing.months.priced_on[0], "standard")
    retires = None if quotes is None else quotes[0].retires_on
    if retires is not None and retires <= pricing.months.priced_on[-1]:
        notes.append(f"† the model retires on {retires}, inside the horizon")
    return tuple(notes)


def _notes(scenario: Scenario) -> tuple[str, ...]:
    notes: list[str] = []
    if scenario.levers is not None:
        notes.append(
            "before what the scenario has under `levers`: routing and caches leave less to save; "
            "`planner optimize` has compression in order with them"
        )
    if scenario.options.selfhost or scenario.options.manual:
        notes.append(
            "self-hosted and manual options are not paid by the token; `planner recommend --set "
            "workload.input_tokens=...` shows what shorter requests do to them"
        )
    return tuple(notes)
