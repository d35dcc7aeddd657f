"""Percentiles of time to first token and time per output token of a replica in a steady state.

TTFT = front end + wait for a slot + wait for the prompt's turn + the prompt's own steps.

TPOT. Decoding O − 1 tokens takes (O − 1)·T0 without prompts. Each prompt that comes meanwhile adds
its work w = (Tk − T0)·E[I] ÷ k, and makes room for more to come: a delay busy period with mean
V ÷ (1 − λw) and variance V·λw²·(ca² + cs²) ÷ (1 − λw)³ for V the time of the decode steps and of
the prompts left in the queue when the own prompt is through, λw·(wait + own steps). Never above a
full chunk in every step. The batch varies too: averaged over a stay its variance is 2/3·g·ca² (a
window as long as the stay over an M/D/∞ queue).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from planner.serving.batching import (
    Replica,
    State,
    decode_step_ms,
    largest_sequences,
    mixed_step_ms,
    step_budget_tokens,
)
from planner.serving.waits import (
    Delay,
    many_servers_wait,
    normal_quantile,
    one_server_wait,
    skewed_quantile,
    sum_at,
)

__all__ = ["Latency", "latency_at"]

_STAY_VARIANCE = 2.0 / 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """Time to first token and time per output token after it, at their percentiles."""

    ttft_ms: float
    tpot_ms: float


def latency_at(
    replica: Replica,
    state: State,
    full: State,
    *,
    ttft_percentile: float,
    tpot_percentile: float,
) -> Latency:
    """Both percentiles; ``full`` is the state with every slot taken.

    TTFT is infinite where prompts come faster than full chunks can take them in.
    """
    slot = _slot_wait(replica, state, full, ttft_percentile)
    rest, ahead = _turn_wait(replica, state, ttft_percentile)
    lengths = replica.lengths
    own = Delay(
        mean=_prompt_ms(replica, state, lengths.input_tokens),
        late=_prompt_ms(replica, state, lengths.input_at_percentile),
    )
    left = rest.mean + ahead.mean + own.mean
    return Latency(
        ttft_ms=replica.front_end_ms + sum_at((slot, rest, ahead, own)),
        tpot_ms=_tpot_ms(replica, state, left, tpot_percentile),
    )


def _slot_wait(replica: Replica, state: State, full: State, percentile: float) -> Delay:
    """Wait for one of g_max slots, which together serve at the full rate."""
    return many_servers_wait(
        servers=max(int(full.sequences), 1),
        rate=state.rate_per_ms,
        full_rate=full.rate_per_ms,
        arrival_cv2=replica.arrival_cv2,
        service_cv2=replica.lengths.output_cv2,
        percentile=percentile,
    )


def _turn_wait(replica: Replica, state: State, percentile: float) -> tuple[Delay, Delay]:
    """Rest of the step under way; then prompts ahead in the queue, taken in by full chunks."""
    lengths = replica.lengths
    chunk = step_budget_tokens(replica, state.sequences)
    each = lengths.input_tokens * mixed_step_ms(replica, chunk, state.sequences) / chunk
    ahead = one_server_wait(
        rate=state.rate_per_ms,
        service=each,
        arrival_cv2=replica.arrival_cv2,
        service_cv2=lengths.input_cv2,
        percentile=percentile,
    )
    return _rest_of_step(replica, state, percentile), ahead


def _rest_of_step(replica: Replica, state: State, percentile: float) -> Delay:
    """Rest of the step a request finds under way, uniform over steps by their share of time.

    An engine with less than one sequence on average is idle the rest of the time.
    """
    chunks = state.rate_per_ms * replica.lengths.input_tokens / state.chunk_tokens
    mixed = min(chunks * state.mixed_step_ms, 1.0)
    running = max(min(state.sequences, 1.0), mixed)
    decode = running - mixed
    mean = (state.decode_step_ms * decode + state.mixed_step_ms * mixed) / 2.0
    beyond = 1.0 - percentile
    if running <= beyond:
        return Delay(mean=mean, late=0.0)
    # Past the shorter steps only the longer ones are left: share·(1 − t ÷ length) = beyond.
    tail = state.mixed_step_ms * (1.0 - beyond / mixed) if mixed > beyond else 0.0
    if tail < state.decode_step_ms:
        slope = decode / state.decode_step_ms + mixed / state.mixed_step_ms
        tail = (running - beyond) / slope
    return Delay(mean=mean, late=tail)


def _prompt_ms(replica: Replica, state: State, tokens: float) -> float:
    """The steps that take in one prompt, others' tokens filling them up as usual."""
    budget = step_budget_tokens(replica, state.sequences)
    count = math.ceil(tokens / budget)
    chunk = min(max(tokens / count, state.chunk_tokens * state.mixed_share), budget)
    attended = replica.lengths.cached_tokens + tokens / 2.0
    return count * mixed_step_ms(replica, chunk, state.sequences, attended)


def _tpot_ms(replica: Replica, state: State, left_ms: float, percentile: float) -> float:
    """See the module; ``left_ms`` is the mean of wait and own steps. 0 for one output token."""
    lengths, rate = replica.lengths, state.rate_per_ms
    steps = lengths.output_tokens - 1.0
    if steps <= 0.0:
        return 0.0
    z = normal_quantile(percentile)
    crowd = state.sequences + z * math.sqrt(_STAY_VARIANCE * state.sequences * replica.arrival_cv2)
    crowd = max(min(crowd, largest_sequences(replica)), state.sequences)
    decode = decode_step_ms(replica, crowd)
    budget = step_budget_tokens(replica, crowd)
    most = mixed_step_ms(replica, budget, crowd)
    chunk = min(state.chunk_tokens, budget)
    extra = max(mixed_step_ms(replica, chunk, crowd) - decode, 0.0)
    work = extra * lengths.input_tokens / chunk
    load = rate * work
    if load >= 1.0 or math.isinf(left_ms):
        return max(most, decode)
    start = steps * decode + load * left_ms
    mean = start / (1.0 - load) - steps * decode
    variance = start * load * work / (1.0 - load) ** 3
    variance *= replica.arrival_cv2 + lengths.input_cv2
    excess = skewed_quantile(mean, variance, percentile)
    return min(decode + excess / steps, max(most, decode))
