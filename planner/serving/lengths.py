"""The lengths of a workload as one replica's queue sees them."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

from planner.catalog.types import ModelCard
from planner.demand.types import Demand, LengthBucket, LengthStats, SharedPrefixDemand

__all__ = ["Lengths", "lengths_of", "longest_sequence_tokens", "reusable_prefix_tokens"]

# vLLM shares whole blocks of this many tokens, and computes at least one token of each prompt.
_BLOCK_TOKENS = 16
_MODEL_LEN_STEP = 1024
# Prefixes that fill more of the cache than this would be pushed out by running requests.
_PREFIX_CACHE_SHARE = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Lengths:
    """Tokens of requests, prompt tokens found in the prefix cache taken off.

    ``input_tokens`` are the mean prompt tokens to compute, ``input_at_percentile`` those at the
    percentile of the TTFT objective; ``attended_tokens`` how many earlier tokens one of them
    attends to on average; ``cached_tokens`` the shared prefix in front of them.
    ``context_tokens`` is the mean context a decode step sees; ``sequence_tokens`` what a request
    holds in the cache at its end, its shared prefix not counted.
    ``input_cv2`` and ``output_cv2`` are squared coefficients of variation.
    """

    input_tokens: float
    input_at_percentile: float
    input_cv2: float
    attended_tokens: float
    cached_tokens: float
    output_tokens: float
    output_cv2: float
    context_tokens: float
    sequence_tokens: float


def lengths_of(demand: Demand, *, ttft_percentile: int, cached_tokens: float = 0.0) -> Lengths:
    """Means over the joint buckets of a demand.

    ``context_tokens`` is E[O·(I + O/2)] ÷ E[O]: long answers are seen for longer.
    """
    rows = [_bucket(bucket, cached_tokens) for bucket in demand.buckets]
    fresh = sum(share * prompt for share, prompt, _, _ in rows)
    output = sum(share * out for share, _, _, out in rows)
    second = sum(share * prompt * prompt for share, prompt, _, _ in rows)
    paired = sum(share * prompt * (past + prompt / 2) for share, prompt, past, _ in rows)
    seen = sum(share * out * (past + prompt + out / 2) for share, prompt, past, out in rows)
    at_percentile = max(_at_percentile(demand.input_tokens, ttft_percentile) - cached_tokens, 1.0)
    return Lengths(
        input_tokens=fresh,
        input_at_percentile=max(at_percentile, fresh),
        input_cv2=max(second / (fresh * fresh) - 1.0, 0.0),
        attended_tokens=paired / fresh,
        cached_tokens=cached_tokens,
        output_tokens=output,
        output_cv2=_output_cv2(rows, output),
        context_tokens=seen / output,
        sequence_tokens=fresh + output,
    )


def _bucket(bucket: LengthBucket, cached_tokens: float) -> tuple[float, float, float, float]:
    """Share, prompt tokens to compute, cached tokens in front of them, output tokens."""
    prompt = max(float(bucket.input_tokens), 1.0)
    past = min(cached_tokens, prompt - 1.0)
    return float(bucket.share), prompt - past, past, max(float(bucket.output_tokens), 1.0)


def _output_cv2(rows: list[tuple[float, float, float, float]], mean: float) -> float:
    second = sum(share * out * out for share, _, _, out in rows)
    return max(second / (mean * mean) - 1.0, 0.0)


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
