"""A commented scenario whose workload is what was measured."""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Sequence
from decimal import Decimal

from planner.actuals.measured import Lengths, Measured, ModelCost
from planner.money import usd_text

__all__ = ["started_text"]

_WIDTH = 98
_MOST_MODELS = 5
_WORKLOAD = re.compile(r"^workload:\n.*?(?=^slo:)", re.MULTILINE | re.DOTALL)
_API = re.compile(r"^  api:\n.*?(?=^  selfhost:)", re.MULTILINE | re.DOTALL)
_DESCRIPTION = re.compile(r"^description:.*\n", re.MULTILINE)
_HAS_FLOOR = re.compile(r"^quality:", re.MULTILINE)


def started_text(preset: str, measured: Measured, known: Sequence[ModelCost]) -> str:
    """A preset's text with the measured workload, and the called models among its options.

    ``known`` are the measured models that have a price. A preset with a quality floor keeps its
    options: each needs a score, which nobody measured here.
    """
    description = json.dumps(f"{measured.requests_per_day:,.0f} requests a day, measured")
    text = _DESCRIPTION.sub(lambda _: f"description: {description}\n", preset, count=1)
    text = _WORKLOAD.sub(lambda _: _workload(measured), text, count=1)
    others = [each.model for each in measured.models if each not in known and each.model]
    comment = f"    # called, and without a price here: {', '.join(others)}\n" if others else ""
    if not known or _HAS_FLOOR.search(text):
        return text
    options = "".join(
        f"    - {{provider: {_word(each.provider)}, model: {_word(each.model)}}}"
        f"  # {each.calls:,} calls\n"
        for each in known[:_MOST_MODELS]
    )
    return _API.sub(lambda _: f"  api:\n{options}{comment}", text, count=1)


def _word(text: str) -> str:
    plain = re.fullmatch(r"[A-Za-z][A-Za-z0-9_./-]*", text)
    return text if plain else json.dumps(text)


def _workload(measured: Measured) -> str:
    prefix = "  # shared_prefix: {tokens: 1200, distinct_prefixes: 1, ttl_s: 300}"
    if measured.cache_read_share >= Decimal("0.01"):
        tokens = int(measured.cache_read_share * measured.input.mean)
        share = f"{measured.cache_read_share * 100:.1f}"
        prefix = (
            f"  # {share} % of the input was read from the cache\n"
            f"  shared_prefix: {{tokens: {tokens}, distinct_prefixes: 1, ttl_s: 300}}"
        )
    lines = [
        "workload:",
        f"  # Measured: {measured.source}.",
        f"  requests_per_day: {_plain(measured.requests_per_day)}",
        *_lengths("input", measured.input),
        *_lengths("output", measured.output),
        *_traffic(measured),
        "  growth_per_month: 0          # 0.05 is +5 % a month",
        "  deferrable_share: 0          # share that may wait a day: batch prices",
        prefix,
        f"  source: {json.dumps(measured.source)}",
    ]
    return "\n".join(lines) + "\n\n"


def _plain(value: Decimal) -> str:
    return usd_text(Decimal(f"{value:.6g}"))


def _lengths(side: str, lengths: Lengths) -> list[str]:
    mean = max(Decimal(f"{lengths.mean:.6g}"), Decimal(1))
    if lengths.quantiles is None:
        return [f"  {side}_tokens: {_plain(mean)}  # mean; single calls were too few for a spread"]
    inside = ", ".join(f"{level}: {tokens}" for level, tokens in lengths.quantiles.items())
    return [
        f"  {side}_tokens:                 # mean {mean:,.1f}",
        *_wrapped(f"quantiles: {{{inside}}}"),
    ]


def _traffic(measured: Measured) -> list[str]:
    if measured.weights is None:
        return ["  traffic:", "    profile: flat              # no source tells the hours"]
    weights = ", ".join(f"{each:g}" for each in measured.weights)
    return [
        f"  traffic:                     # hours in {measured.timezone}, Monday 00:00 first",
        *_wrapped(f"weights: [{weights}]"),
        "    burst_within_hour: 1.5     # busiest minute ÷ its hour: not measured",
    ]


def _wrapped(text: str) -> list[str]:
    """Lines that never part a key from its value."""
    lines = textwrap.wrap(
        text.replace(": ", ":~"),
        _WIDTH,
        initial_indent="    ",
        subsequent_indent="      ",
        break_long_words=False,
        break_on_hyphens=False,
    )
    return [line.replace(":~", ": ") for line in lines]
