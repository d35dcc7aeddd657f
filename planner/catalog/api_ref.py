"""The API model an option names, as the price data know it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from planner.catalog.types import LlmRef

if TYPE_CHECKING:
    from planner.scenario.options import ApiOption

__all__ = ["api_ref"]


def api_ref(option: ApiOption, region: str) -> LlmRef:
    """``region`` is the scenario's: Bedrock without a region of its own is called there."""
    own = option.region or (region if option.provider == "aws" else None)
    return LlmRef(
        provider=option.provider, model=option.model, region=own, endpoint=option.endpoint
    )
