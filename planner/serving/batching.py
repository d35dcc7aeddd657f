"""Continuous batching in a steady state: step times and rate with g sequences decoded together.

A step decodes one token of each sequence; while prompts wait, it takes in up to M − g of their
tokens besides (chunked prefill). With r prompt tokens per output token:

- c = g·r prompt tokens come in per step; a chunk is k = min(M − g, max(E[I], c)) tokens; the share
  of steps with a chunk is s = min(1, c ÷ k); the mean step is T = (1 − s)·T0(g) + s·Tk(g)
- X(g) = g ÷ (T·E[O]) requests per unit of time, so a rate λ needs the g with X(g) = λ
- g_max = min(S, KV tokens ÷ tokens of a sequence, M ÷ (1 + r)); capacity is max X(g) up to g_max
"""

from __future__ import annotations

from dataclasses import dataclass

from planner.serving.lengths import Lengths
from planner.serving.steps import StepTimes

__all__ = [
    "Limits",
    "Replica",
    "State",
    "decode_step_ms",
    "largest_sequences",
    "mixed_step_ms",
    "state_at",
    "step_budget_tokens",
]

_MS_PER_S = 1e3


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Engine limits of a replica; ``kv_cache_tokens`` without what shared prefixes take."""

    max_num_seqs: int
    max_num_batched_tokens: int
    kv_cache_tokens: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Replica:
    """A replica and the requests it gets.

    ``arrival_cv2`` is the squared coefficient of variation of gaps between arrivals (Poisson: 1).
    ``slowdown`` multiplies every step time: 1 ÷ edge of the throughput band.
    """

    steps: StepTimes
    lengths: Lengths
    limits: Limits
    arrival_cv2: float
    host_ms_per_sequence: float
    front_end_ms: float
    slowdown: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """A replica that decodes ``sequences`` at a time on average while it runs."""

    sequences: float
    rate_rps: float
    mixed_share: float
    chunk_tokens: float
    decode_step_ms: float
    mixed_step_ms: float

    @property
    def mean_step_ms(self) -> float:
        """Mean time per output token."""
        return self.decode_step_ms + self.mixed_share * (self.mixed_step_ms - self.decode_step_ms)

    @property
    def rate_per_ms(self) -> float:
        """Requests per millisecond."""
        return self.rate_rps / _MS_PER_S


def largest_sequences(replica: Replica) -> float:
    """g_max: slots, cache, and prompt tokens that fit into a step beside the decoded ones."""
    lengths, limits = replica.lengths, replica.limits
    per_output = lengths.input_tokens / lengths.output_tokens
    return min(
        float(limits.max_num_seqs),
        limits.kv_cache_tokens / lengths.sequence_tokens,
        limits.max_num_batched_tokens / (1.0 + per_output),
    )


def step_budget_tokens(replica: Replica, sequences: float) -> float:
    """Prompt tokens a step has room for beside the decoded ones."""
    return max(replica.limits.max_num_batched_tokens - sequences, 1.0)


def state_at(replica: Replica, sequences: float) -> State:
    """Step times and rate with so many sequences decoded together."""
    lengths = replica.lengths
    incoming = sequences * lengths.input_tokens / lengths.output_tokens
    chunk = min(step_budget_tokens(replica, sequences), max(lengths.input_tokens, incoming))
    share = min(1.0, incoming / chunk)
    decode = decode_step_ms(replica, sequences)
    mixed = mixed_step_ms(replica, chunk, sequences)
    mean = decode + share * (mixed - decode)
    return State(
        sequences=sequences,
        rate_rps=sequences / (mean * lengths.output_tokens) * _MS_PER_S,
        mixed_share=share,
        chunk_tokens=chunk,
        decode_step_ms=decode,
        mixed_step_ms=mixed,
    )


def decode_step_ms(replica: Replica, sequences: float) -> float:
    """A step without prompt tokens, host included; never below that for one sequence."""
    number = sequences if sequences > 1.0 else 1.0
    step = replica.steps.decode_ms(number, replica.lengths.context_tokens)
    return (step + replica.host_ms_per_sequence * number) * replica.slowdown


def mixed_step_ms(
    replica: Replica, tokens: float, sequences: float, attended: float | None = None
) -> float:
    """A step with so many prompt tokens, host included.

    ``attended``: earlier tokens each of them attends to; default the workload's mean.
    """
    lengths = replica.lengths
    step = replica.steps.mixed_ms(
        tokens,
        lengths.attended_tokens if attended is None else attended,
        sequences,
        lengths.context_tokens,
    )
    number = sequences if sequences > 1.0 else 1.0
    return (step + replica.host_ms_per_sequence * number) * replica.slowdown
