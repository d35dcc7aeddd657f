"""Sampled lengths as lines to paste into a scenario's ``workload``."""

from __future__ import annotations

from collections.abc import Iterator

from planner.demand import EncodingChoice
from planner.levers.tokens import TokenDistribution
from planner.money import usd_text
from planner.render.numbers import count, percent, volume
from planner.render.wording import plural

__all__ = ["workload_yaml"]


def workload_yaml(
    choice: EncodingChoice,
    files: tuple[str, str | None],
    inputs: TokenDistribution,
    outputs: TokenDistribution | None,
    notes: tuple[str, ...],
) -> str:
    """``input_tokens`` and ``output_tokens``, indented as they stand below ``workload:``.

    ``files`` are that of the samples and that of the template; ``notes`` become comments.
    """
    filled = "" if files[1] is None else f" filled into {_one_line(files[1])}"
    lines = [
        f"# Counted in {plural(inputs.samples, 'sample')} of {_one_line(files[0])}{filled}.",
        f"# Tokens: {choice.label}{_tolerance(choice)}.",
        *(f"# Note: {_one_line(note)}." for note in notes),
        *_side("input_tokens", inputs),
    ]
    if outputs is not None:
        lines += _side("output_tokens", outputs)
    return "".join(f"  {line}\n" for line in lines)


def _tolerance(choice: EncodingChoice) -> str:
    if choice.basis != "approximate":
        return ""
    if choice.tolerance_share is None:
        return ", error not known"
    return f", within {percent(choice.tolerance_share)} on English and code"


def _side(field: str, found: TokenDistribution) -> Iterator[str]:
    if found.quantiles is None:
        yield f"{field}: {found.maximum}"
        return
    yield (
        f"# {field}: mean {volume(found.mean)} in the samples, {volume(found.quantiles_mean)} in "
        f"the quantiles; longest {count(found.maximum)}"
    )
    yield f"{field}:"
    yield "  quantiles:"
    for level, tokens in found.quantiles:
        yield f"    p{usd_text(level)}: {usd_text(tokens)}"


def _one_line(text: str) -> str:
    """Text that cannot end a comment."""
    return " ".join(text.split())
