"""Tokens of prompts: counted, compared, priced; and the lengths of sampled requests."""

from __future__ import annotations

from planner.levers.tokens.compression import AssumedCompression, assumed_compression
from planner.levers.tokens.counts import (
    Comparison,
    Prompt,
    PromptCount,
    compared,
    counted,
    plain_choice,
)
from planner.levers.tokens.distribution import TokenDistribution, token_distribution
from planner.levers.tokens.samples import (
    Sample,
    filled,
    read_samples,
    request_lengths,
)
from planner.levers.tokens.saving import (
    PromptCost,
    Saving,
    UsagePricing,
    monthly_usage_usd,
    prompt_saving,
)
from planner.levers.tokens.templates import fill, template_variables

__all__ = [
    "AssumedCompression",
    "Comparison",
    "Prompt",
    "PromptCost",
    "PromptCount",
    "Sample",
    "Saving",
    "TokenDistribution",
    "UsagePricing",
    "assumed_compression",
    "compared",
    "counted",
    "fill",
    "filled",
    "monthly_usage_usd",
    "plain_choice",
    "prompt_saving",
    "read_samples",
    "request_lengths",
    "template_variables",
    "token_distribution",
]
