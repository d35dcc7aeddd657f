"""The reports of ``planner tokens``: two prompts compared and priced, or sampled lengths."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Literal, NamedTuple

from planner import __version__
from planner.catalog import Catalog
from planner.demand import Demand, EncodingChoice
from planner.levers.tokens import (
    AssumedCompression,
    Comparison,
    PromptCost,
    PromptCount,
    Saving,
    TokenDistribution,
    assumed_compression,
    compared,
)
from planner.render.payload_token_prices import (
    TokenPricesView,
    TokenPriceView,
    token_prices_view,
)
from planner.render.payload_types import SCHEMA_VERSION
from planner.render.yaml_tokens import workload_yaml

__all__ = [
    "AssumedSavingView",
    "DistributionView",
    "OptionSavingView",
    "PricedOption",
    "PricedScenario",
    "PromptCostView",
    "PromptView",
    "QuantileView",
    "SamplesReport",
    "SavingView",
    "TokenizerView",
    "TokensReport",
    "TokensScenarioView",
    "samples_report",
    "tokens_report",
]


class TokenizerView(NamedTuple):
    """How tokens were counted; ``tolerance_share`` is null when nothing was measured."""

    label: str
    basis: Literal["exact", "assumed", "approximate"]
    factor: float
    tolerance_share: float | None
    source: str


class PromptView(NamedTuple):
    """One prompt; means over ``texts`` where a template was filled with samples."""

    file: str
    texts: int
    characters: float
    tokens: float
    tokens_by_encoding: Mapping[str, float]


class SavingView(NamedTuple):
    """What b saves against a in each request; shares are null where they have no meaning."""

    tokens: float
    share: float | None
    ratio: float | None


class PromptCostView(NamedTuple):
    """A prompt in one option: its tokens there, its part of the bill, and the whole bill."""

    tokens: float
    prompt_monthly_usd: Decimal
    usage_monthly_usd: Decimal


class AssumedSavingView(NamedTuple):
    """What a rewrite would save if it took this share of the prompt; nothing was measured."""

    share: float
    saved_monthly_usd: Decimal


class OptionSavingView(NamedTuple):
    """One API option of the scenario; money is null, with a reason, where it has no price."""

    option: str
    provider: str
    model: str
    exact: bool
    tokenizer: TokenizerView
    a: PromptCostView | None
    b: PromptCostView | None
    saved_monthly_usd: Decimal | None
    saved_share: float | None
    short_share: float
    assumed: tuple[AssumedSavingView, ...]
    reason_unpriced: str | None
    notes: tuple[str, ...]


class TokensScenarioView(NamedTuple):
    """The scenario that the saving is priced for."""

    id: str
    file: str
    requests_per_month: float
    input_tokens_mean: float
    horizon_months: int


class TokensReport(NamedTuple):
    """Two prompts, or one: tokens, what the second saves, and what that is worth."""

    schema_version: int
    planner_version: str
    encoding: str
    exact: bool
    tokenizer: TokenizerView
    samples_file: str | None
    a: PromptView
    b: PromptView | None
    saving: SavingView | None
    scenario: TokensScenarioView | None
    pricing: tuple[OptionSavingView, ...]
    assumed_source: str | None
    prices: TokenPricesView | None
    notes: tuple[str, ...]


class QuantileView(NamedTuple):
    """Tokens that ``percentile`` % of the samples do not exceed."""

    percentile: float
    tokens: float


class DistributionView(NamedTuple):
    """Tokens of one side of the samples.

    ``quantiles`` is null when all have the same length; ``quantiles_mean`` is what a scenario
    makes of them.
    """

    mean: float
    p50: float
    p95: float
    p99: float
    maximum: int
    quantiles: tuple[QuantileView, ...] | None
    quantiles_mean: float


class SamplesReport(NamedTuple):
    """Lengths of sampled requests; ``yaml`` is the text to paste into ``workload``."""

    schema_version: int
    planner_version: str
    encoding: str
    exact: bool
    tokenizer: TokenizerView
    samples_file: str
    template_file: str | None
    samples: int
    input_tokens: DistributionView
    output_tokens: DistributionView | None
    yaml: str
    notes: tuple[str, ...]


class PricedOption(NamedTuple):
    """An API option with what was found for it; no saving where it has no price."""

    name: str
    provider: str
    model: str
    choice: EncodingChoice
    saving: Saving | None
    reason_unpriced: str | None
    notes: tuple[str, ...]
    # What each assumed share of compression would save, in the order low, expected, high.
    assumed: tuple[Saving, ...]


class PricedScenario(NamedTuple):
    """The scenario with its options."""

    id: str
    file: str
    demand: Demand
    horizon_months: int
    catalog: Catalog
    options: tuple[PricedOption, ...]
    prices: tuple[TokenPriceView, ...]
    notes: tuple[str, ...]


def tokens_report(
    choice: EncodingChoice,
    a: PromptCount,
    b: PromptCount | None,
    *,
    samples_file: str | None = None,
    priced: PricedScenario | None = None,
) -> TokensReport:
    """The report on prompts; ``choice`` is how ``a.tokens`` and ``b.tokens`` are counted."""
    saving = None if b is None else compared(a.tokens(choice), b.tokens(choice))
    assumes = priced is not None and any(option.assumed for option in priced.options)
    return TokensReport(
        schema_version=SCHEMA_VERSION,
        planner_version=__version__,
        encoding=choice.encoding,
        exact=choice.basis == "exact",
        tokenizer=_tokenizer(choice),
        samples_file=samples_file,
        a=_prompt(a, choice),
        b=None if b is None else _prompt(b, choice),
        saving=None if saving is None else _saving(saving),
        scenario=None if priced is None else _scenario(priced),
        pricing=() if priced is None else tuple(map(_option, priced.options)),
        assumed_source=assumed_compression().source if assumes else None,
        prices=None if priced is None else token_prices_view(priced.catalog, priced.prices),
        notes=() if priced is None else priced.notes,
    )


def samples_report(
    choice: EncodingChoice,
    files: tuple[str, str | None],
    inputs: TokenDistribution,
    outputs: TokenDistribution | None,
) -> SamplesReport:
    """The report on samples; ``files`` are that of the samples and that of the template."""
    notes = _samples_notes(files, inputs, outputs)
    return SamplesReport(
        schema_version=SCHEMA_VERSION,
        planner_version=__version__,
        encoding=choice.encoding,
        exact=choice.basis == "exact",
        tokenizer=_tokenizer(choice),
        samples_file=files[0],
        template_file=files[1],
        samples=inputs.samples,
        input_tokens=_distribution(inputs),
        output_tokens=None if outputs is None else _distribution(outputs),
        yaml=workload_yaml(choice, files, inputs, outputs, notes),
        notes=notes,
    )


def _samples_notes(
    files: tuple[str, str | None], inputs: TokenDistribution, outputs: TokenDistribution | None
) -> tuple[str, ...]:
    if outputs is None:
        return (
            "the samples say nothing of the answers: output_tokens stays as it is in the scenario "
            "(`output_tokens` or `completion` in each line would be counted)",
        )
    if inputs.quantiles is None or outputs.quantiles is None:
        return ()
    if files[1] is None:
        return (
            "written so, long inputs no longer come with their own outputs; "
            f"`files: [{files[0]}]` on both sides keeps them together",
        )
    return ("written so, long inputs no longer come with their own outputs",)


def _tokenizer(choice: EncodingChoice) -> TokenizerView:
    tolerance = choice.tolerance_share
    return TokenizerView(
        label=choice.label,
        basis=choice.basis,
        factor=float(choice.factor),
        tolerance_share=None if tolerance is None else float(tolerance),
        source=choice.source,
    )


def _prompt(count: PromptCount, choice: EncodingChoice) -> PromptView:
    return PromptView(
        file=count.name,
        texts=count.texts,
        characters=_number(count.characters),
        tokens=_number(count.tokens(choice)),
        tokens_by_encoding={
            name: _number(Decimal(sum(counts)) / len(counts))
            for name, counts in sorted(count.counts.items())
        },
    )


def _saving(found: Comparison) -> SavingView:
    return SavingView(
        tokens=_number(found.saved_tokens),
        share=None if found.share is None else _number(found.share),
        ratio=None if found.ratio is None else _number(found.ratio),
    )


def _scenario(priced: PricedScenario) -> TokensScenarioView:
    return TokensScenarioView(
        id=priced.id,
        file=priced.file,
        requests_per_month=_number(priced.demand.requests_per_month),
        input_tokens_mean=_number(priced.demand.input_tokens.mean),
        horizon_months=priced.horizon_months,
    )


def _option(option: PricedOption) -> OptionSavingView:
    saving = option.saving
    saved = None if saving is None else saving.saved_monthly_usd
    share = None
    if saved is not None and saving is not None and saving.a.usage_monthly_usd:
        share = _number(saved / saving.a.usage_monthly_usd)
    return OptionSavingView(
        option=option.name,
        provider=option.provider,
        model=option.model,
        exact=option.choice.basis == "exact",
        tokenizer=_tokenizer(option.choice),
        a=None if saving is None else _cost(saving.a),
        b=None if saving is None or saving.b is None else _cost(saving.b),
        saved_monthly_usd=saved,
        saved_share=share,
        short_share=0 if saving is None else _number(saving.short_share),
        assumed=_assumed(assumed_compression(), option.assumed),
        reason_unpriced=option.reason_unpriced,
        notes=option.notes,
    )


def _assumed(shares: AssumedCompression, found: Sequence[Saving]) -> tuple[AssumedSavingView, ...]:
    names = (shares.low_share, shares.expected_share, shares.high_share)
    return tuple(
        AssumedSavingView(share=float(share), saved_monthly_usd=each.saved_monthly_usd)
        for share, each in zip(names, found, strict=False)
        if each.saved_monthly_usd is not None
    )


def _cost(cost: PromptCost) -> PromptCostView:
    return PromptCostView(
        tokens=_number(cost.tokens),
        prompt_monthly_usd=cost.prompt_monthly_usd,
        usage_monthly_usd=cost.usage_monthly_usd,
    )


def _distribution(found: TokenDistribution) -> DistributionView:
    points = found.quantiles
    return DistributionView(
        mean=_number(found.mean),
        p50=_number(found.p50),
        p95=_number(found.p95),
        p99=_number(found.p99),
        maximum=found.maximum,
        quantiles=None
        if points is None
        else tuple(QuantileView(_number(level), _number(tokens)) for level, tokens in points),
        quantiles_mean=_number(found.quantiles_mean),
    )


def _number(value: Decimal) -> float:
    """12 significant digits, whole where it is whole."""
    whole = value == value.to_integral_value()
    return int(value) if whole else float(f"{value:.12g}")
