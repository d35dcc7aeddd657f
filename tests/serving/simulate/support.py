"""Step times, engines and demands that the simulator's tests share."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from planner.demand.types import Demand, LengthBucket, LengthStats, SharedPrefixDemand
from planner.serving.simulate import Engine, SimRequest

__all__ = ["Straight", "demand", "engine", "equal", "request"]


@dataclass(kw_only=True)
class Straight:
    """Step times on straight lines; remembers the largest step it was asked for."""

    base_ms: float = 8.0
    per_sequence_ms: float = 0.0
    per_context_token_ms: float = 0.0
    per_prompt_token_ms: float = 0.0
    per_pair_ms: float = 0.0
    most_sequences: float = field(default=0.0, init=False)
    most_tokens: float = field(default=0.0, init=False)

    def decode_ms(self, sequences: float, context_tokens: float) -> float:
        self.most_sequences = max(self.most_sequences, sequences)
        each = self.per_sequence_ms + self.per_context_token_ms * context_tokens
        return self.base_ms + sequences * each

    def mixed_ms(
        self,
        prefill_tokens: float,
        attended_tokens: float,
        sequences: float,
        context_tokens: float,
    ) -> float:
        self.most_tokens = max(self.most_tokens, prefill_tokens + sequences)
        pairs = prefill_tokens * attended_tokens
        prompt = self.per_prompt_token_ms * prefill_tokens + self.per_pair_ms * pairs
        each = self.per_sequence_ms + self.per_context_token_ms * context_tokens
        return self.base_ms + sequences * each + prompt


def engine(
    *,
    max_num_seqs: int = 8,
    max_num_batched_tokens: int = 64,
    kv_cache_tokens: int = 1_000_000,
    host_ms_per_sequence: float = 0.0,
    front_end_ms: float = 0.0,
    slowdown: float = 1.0,
    prefix_caching: bool = False,
    block_tokens: int = 16,
) -> Engine:
    """An engine without overheads, and with a cache that is never full."""
    return Engine(
        max_num_seqs=max_num_seqs,
        max_num_batched_tokens=max_num_batched_tokens,
        kv_cache_tokens=kv_cache_tokens,
        host_ms_per_sequence=host_ms_per_sequence,
        front_end_ms=front_end_ms,
        slowdown=slowdown,
        prefix_caching=prefix_caching,
        block_tokens=block_tokens,
    )


def request(
    input_tokens: int,
    output_tokens: int,
    arrival_ms: float = 0.0,
    *,
    prefix: int | None = None,
    prefix_tokens: int = 0,
) -> SimRequest:
    """One request."""
    return SimRequest(
        input_tokens=input_tokens,
        output_tokens=output_tokens,
        arrival_ms=arrival_ms,
        prefix=prefix,
        prefix_tokens=prefix_tokens,
    )


def equal(count: int, input_tokens: int, output_tokens: int) -> tuple[SimRequest, ...]:
    """Requests of one length."""
    return (request(input_tokens, output_tokens),) * count


def demand(
    *buckets: tuple[str, int, int],
    cv: float = 1.0,
    prefix: SharedPrefixDemand | None = None,
) -> Demand:
    """A demand of (share, input, output) buckets; the rest does not matter to a simulation."""
    whole = [
        LengthBucket(share=Decimal(share), input_tokens=Decimal(i), output_tokens=Decimal(o))
        for share, i, o in buckets
    ]
    return Demand(
        requests_per_month=Decimal(1),
        days_per_month=Decimal(30),
        mean_rps=1.0,
        timezone="UTC",
        hour_weights=(1.0,) * 168,
        burst_within_hour=1.0,
        interarrival_cv=cv,
        buckets=tuple(whole),
        input_tokens=_stats([(float(share), i) for share, i, _ in buckets]),
        output_tokens=_stats([(float(share), o) for share, _, o in buckets]),
        growth_per_month=Decimal(0),
        deferrable_share=Decimal(0),
        shared_prefix=prefix,
        assumptions=(),
    )


def _stats(rows: list[tuple[float, int]]) -> LengthStats:
    mean = sum(share * tokens for share, tokens in rows)
    most = float(max(tokens for _, tokens in rows))
    return LengthStats(mean=Decimal(str(mean)), p50=mean, p95=most, p99=most, maximum=most)
