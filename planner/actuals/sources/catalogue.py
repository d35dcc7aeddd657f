"""The sources by name, and which of them a file is."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from planner.actuals.sources.anthropic import ANTHROPIC_COST, ANTHROPIC_USAGE
from planner.actuals.sources.bedrock import BEDROCK
from planner.actuals.sources.cur import CUR
from planner.actuals.sources.focus import FOCUS
from planner.actuals.sources.langfuse import LANGFUSE
from planner.actuals.sources.litellm import LITELLM
from planner.actuals.sources.litellm_daily import LITELLM_DAILY
from planner.actuals.sources.openai import OPENAI_COSTS, OPENAI_USAGE
from planner.actuals.sources.otel import OTEL
from planner.actuals.sources.plain import PLAIN
from planner.actuals.sources.spec import SourceSpec
from planner.actuals.sources.vllm import VLLM
from planner.actuals.types import SourceName
from planner.actuals.values import Row
from planner.errors import InputError

__all__ = ["SPECS", "fitting_sources", "source_spec"]

# A log of one's own fits many tables: it is asked last.
SPECS: dict[SourceName, SourceSpec] = {
    spec.name: spec
    for spec in (
        OTEL,
        LITELLM,
        LITELLM_DAILY,
        OPENAI_USAGE,
        OPENAI_COSTS,
        ANTHROPIC_USAGE,
        ANTHROPIC_COST,
        BEDROCK,
        CUR,
        FOCUS,
        LANGFUSE,
        VLLM,
        PLAIN,
    )
}


def source_spec(name: str) -> SourceSpec:
    """The source of a name; InputError with the nearest names."""
    known: dict[str, SourceSpec] = {str(each): spec for each, spec in SPECS.items()}
    found = known.get(name.lower())
    if found is not None:
        return found
    near = get_close_matches(name.lower(), known, n=1, cutoff=0.6)
    hint = f" (did you mean `{near[0]}`?)" if near else ""
    raise InputError(f"no source `{name}`{hint}; there are: {', '.join(known)}")


def fitting_sources(rows: Iterable[Row]) -> tuple[SourceSpec, ...]:
    """Sources that any of these rows looks like, the most particular first."""
    sample = tuple(rows)
    return tuple(spec for spec in SPECS.values() if any(spec.fits(row) for row in sample))
