"""The lengths of a workload as one replica's queue sees them."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

from planner.catalog.types import ModelCard
from planner.demand.types import Demand, LengthBucket, LengthStats, SharedPrefixDemand
from planner.serving.prompts import StepPrompts

__all__ = [
    "Lengths",
    "fixed_lengths",
    "lengths_of",
    "longest_sequence_tokens",
    "reusable_prefix_tokens",
]

# vLLM shares whole blocks of this many tokens, and computes at least one token of each prompt.
_BLOCK_TOKENS = 16
_MODEL_LEN_STEP = 1024
# Prefixes that fill more of the cache than this would be pushed out by running requests.
_PREFIX_CACHE_SHARE = 0.5
# Classes of answers by length for a percentile over all of them.
_ANSWER_CLASSES = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Lengths:
    """Tokens of requests, prompt tokens found in the prefix cache taken off.

    ``input_tokens`` are the mean prompt tokens to compute, ``input_at_percentile`` those at the
    percentile of the TTFT objective; ``attended_tokens`` how many earlier tokens one of them
    attends to on average; ``cached_tokens`` the shared prefix in front of them.
    ``context_tokens`` is the mean context a decode step sees; ``sequence_tokens`` what a request
    holds in the cache at its end, its shared prefix not counted.
    ``input_cv2``, ``output_cv2`` and ``context_cv2`` are squared coefficients of variation, the
    last one of the contexts in a decode step. ``prompts`` and ``answers`` are the lengths by share
    of requests, answers in a few classes. ``overlap`` is the time two requests that start together
    are decoded together, over that of one.
    """

    input_tokens: float
    input_at_percentile: float
    input_cv2: float
    attended_tokens: float
    cached_tokens: float
    output_tokens: float
    output_cv2: float
    context_tokens: float
    context_cv2: float
    sequence_tokens: float
    prompts: StepPrompts
    answers: tuple[tuple[float, float], ...]
    overlap: float


@dataclass(frozen=True, slots=True)
class _Row:
    """A share of requests: prompt tokens to compute, cached ones in front, output tokens."""

    share: float
    prompt: float
    past: float
    output: float


def lengths_of(demand: Demand, *, ttft_percentile: int, cached_tokens: float = 0.0) -> Lengths:
    """Over the joint buckets of a demand."""
    rows = [_row(bucket, cached_tokens) for bucket in demand.buckets]
    at_percentile = max(_at_percentile(demand.input_tokens, ttft_percentile) - cached_tokens, 1.0)
    return _lengths(rows, input_at_percentile=at_percentile, cached_tokens=cached_tokens)


def fixed_lengths(input_tokens: float, output_tokens: float) -> Lengths:
    """Requests that are all alike."""
    rows = [_Row(1.0, input_tokens, 0.0, output_tokens)]
    return _lengths(rows, input_at_percentile=input_tokens, cached_tokens=0.0)


def _lengths(rows: list[_Row], *, input_at_percentile: float, cached_tokens: float) -> Lengths:
    """``context_tokens`` is E[O·(I + O/2)] ÷ E[O]: long answers are seen for longer.

    Over a request's decode steps its context is spread evenly from I to I + O: E[c²] is
    (I + O/2)² + O²/12.
    """
    fresh = sum(row.share * row.prompt for row in rows)
    output = sum(row.share * row.output for row in rows)
    prompts2 = sum(row.share * row.prompt**2 for row in rows)
    outputs2 = sum(row.share * row.output**2 for row in rows)
    paired = sum(row.share * row.prompt * (row.past + row.prompt / 2) for row in rows)
    # Shares of decode steps, with the tokens of their own that sequences then hold.
    decoded = [(row.share * row.output / output, row.prompt + row.output / 2, row) for row in rows]
    own = sum(share * held for share, held, _ in decoded)
    own2 = sum(share * (held**2 + row.output**2 / 12) for share, held, row in decoded)
    return Lengths(
        input_tokens=fresh,
        input_at_percentile=max(input_at_percentile, fresh),
        input_cv2=max(prompts2 / fresh**2 - 1.0, 0.0),
        attended_tokens=paired / fresh,
        cached_tokens=cached_tokens,
        output_tokens=output,
        output_cv2=max(outputs2 / output**2 - 1.0, 0.0),
        context_tokens=own + sum(share * row.past for share, _, row in decoded),
        context_cv2=max(own2 / own**2 - 1.0, 0.0),
        sequence_tokens=fresh + output,
        prompts=StepPrompts.of([(row.share, row.prompt) for row in rows]),
        answers=_classes(rows),
        overlap=_overlap(rows) / output,
    )


def _row(bucket: LengthBucket, cached_tokens: float) -> _Row:
    """At least one token of a prompt is computed."""
    prompt = max(float(bucket.input_tokens), 1.0)
    past = min(cached_tokens, prompt - 1.0)
    return _Row(float(bucket.share), prompt - past, past, max(float(bucket.output_tokens), 1.0))


def _classes(rows: list[_Row]) -> tuple[tuple[float, float], ...]:
    """Share and mean output tokens of requests between the same multiples of an equal share."""
    found: list[list[float]] = []
    passed = 0.0
    for row in sorted(rows, key=lambda row: row.output):
        number = int((passed + row.share / 2) * _ANSWER_CLASSES)
        if not found or number > found[-1][0]:
            found.append([number, 0.0, 0.0])
        found[-1][1] += row.share
        found[-1][2] += row.share * row.output
        passed += row.share
    return tuple((share, moment / share) for _, share, moment in found)


def _overlap(rows: list[_Row]) -> float:
    """E[min(O, O')] of two independent requests: the integral of the squared chance to last."""
    left, last, total = 1.0, 0.0, 0.0
    for row in sorted(rows, key=lambda row: row.output):
        total += left * left * (row.output - last)
        left = max(left - row.share, 0.0)
        last = row.output
    return total


def _at_percentile(stats: LengthStats, percentile: int) -> float:
    """A length at a percentile between 50 and 99, on straight lines between the known ones."""
    known = ((50, stats.p50), (95, stats.p95), (99, stats.p99))
    for (low, below), (high, above) in itertools.pairwise(known):
        if percentile <= high:
            return below + (above - below) * (percentile - low) / (high - low)
    return stats.p99


def longest_sequence_tokens(demand: Demand) -> int:
    """Length the engine is set up for: p99 input + p99 output, up to the next 1,024."""
    longest = demand.input_tokens.p99 + demand.output_tokens.p99
    return max(math.ceil(longest / _MODEL_LEN_STEP), 1) * _MODEL_LEN_STEP


def reusable_prefix_tokens(
    shared: SharedPrefixDemand,
    card: ModelCard,
    *,
    kv_cache_tokens: float,
    longest_sequence_tokens: int,
) -> tuple[float, str]:
    """Prompt tokens found in the replica's prefix cache, and what was assumed about it.

    Ideal reuse, in whole blocks, while all distinct prefixes fill at most half of the cache and
    leave room for the longest request; none otherwise, and none for models with a state instead
    of a cache.
    """
    whole = float(shared.tokens) // _BLOCK_TOKENS * _BLOCK_TOKENS
    stored = whole * shared.distinct_prefixes
    room = kv_cache_tokens - longest_sequence_tokens
    if card.state_bytes_per_sequence:
        return 0.0, f"no prefix reuse: {card.id} keeps a state, not a cache, in some layers"
    if not whole or stored > min(_PREFIX_CACHE_SHARE * kv_cache_tokens, room):
        return 0.0, (
            f"no prefix reuse: {shared.distinct_prefixes:,} prefixes of {whole:,.0f} tokens do not "
            f"fit in half of a cache of {kv_cache_tokens:,.0f}"
        )
    return whole, f"every request finds its shared prefix of {whole:,.0f} tokens in the cache"
