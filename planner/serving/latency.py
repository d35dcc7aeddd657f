"""Time to first token of a replica in a steady state, at a percentile; and both times together.

TTFT = front end + wait for a place + rest of the step under way, with the prompts that come in it
+ wait for room in a step + the prompt's own steps.

A request finds a step of length-biased length under way (mean Y = E[T²] ÷ E[T]), waits U·Y for its
end, U uniform, and then shares its own step with the λ·Y others that came in it. In bursts its
companions come in the same step, or have found the engine idle before it. Prompts for which a step
has no room wait like customers for one of as many servers as prompts fit into a step.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from planner.serving.batching import Replica, State, mixed_step_ms, step_budget_tokens
from planner.serving.bursts import bursts
from planner.serving.token_time import tpot_ms
from planner.serving.waits import (
    Delay,
    delay_chance,
    exponential_wait,
    no_delay,
    one_server_wait,
    skewed_quantile,
    sum_at,
)

__all__ = ["Latency", "latency_at"]


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
    """Both percentiles; ``full`` is the state with every place taken.

    TTFT is infinite where prompts come faster than full chunks can take them in.
    """
    return Latency(
        ttft_ms=_ttft_ms(replica, state, full, ttft_percentile),
        tpot_ms=tpot_ms(replica, state, tpot_percentile),
    )


def _ttft_ms(replica: Replica, state: State, full: State, percentile: float) -> float:
    place = _place_wait(replica, state, full, percentile)
    room = _room_wait(replica, state, percentile)
    if math.isinf(place.mean + room.mean):
        return math.inf
    lengths = replica.lengths
    own = Delay(
        mean=_prompt_ms(replica, state, lengths.input_tokens),
        late=_prompt_ms(replica, state, lengths.input_at_percentile),
    )
    turn = _turn_wait(replica, state, own.mean, percentile)
    return replica.front_end_ms + sum_at((place, turn, room, own))


def _place_wait(replica: Replica, state: State, full: State, percentile: float) -> Delay:
    """Wait for a slot and cache: what comes too much leaves at full rate − rate (Kimura)."""
    if state.rate_rps >= full.rate_rps:
        return no_delay(math.inf)
    variation = bursts(replica.arrival_cv2).dispersion(state.sequences) + replica.lengths.output_cv2
    conditional = variation / (2.0 * (full.rate_per_ms - state.rate_per_ms))
    return exponential_wait(state.wait_chance, conditional, percentile)


def _room_wait(replica: Replica, state: State, percentile: float) -> Delay:
    """Wait for room in a step: servers are the prompts that fit into one, full chunks the service.

    A prompt that fills a step has a server to itself; between one and two, in part.
    """
    lengths = replica.lengths
    budget = step_budget_tokens(replica, state.sequences)
    each = lengths.input_tokens * state.full_step_ms / budget
    load = state.rate_per_ms * each
    if load >= 1.0:
        return no_delay(math.inf)
    shared = _shared_share(replica, state)
    many = one = no_delay(0.0)
    if shared > 0.0:
        # Bursts as far as they last while a step's queue empties.
        window = state.rate_per_ms * state.full_step_ms / (1.0 - load)
        dispersion = bursts(replica.arrival_cv2).dispersion(window)
        many = exponential_wait(
            delay_chance(_fitting(replica, state) / dispersion, load),
            each * (dispersion + lengths.input_cv2) / (2.0 * (1.0 - load)),
            percentile,
        )
    if shared < 1.0:
        one = one_server_wait(
            rate=state.rate_per_ms,
            service=each,
            arrival_cv2=replica.arrival_cv2,
            service_cv2=lengths.input_cv2,
            percentile=percentile,
        )
    return Delay(
        mean=shared * many.mean + (1.0 - shared) * one.mean,
        late=shared * many.late + (1.0 - shared) * one.late,
    )


def _fitting(replica: Replica, state: State) -> float:
    """Prompts that fit into a step, long ones counted as often as they take up room; 1 at least."""
    lengths = replica.lengths
    budget = step_budget_tokens(replica, state.sequences)
    return max(budget / (lengths.input_tokens * (1.0 + lengths.input_cv2)), 1.0)


def _shared_share(replica: Replica, state: State) -> float:
    """0 where a prompt fills its step, 1 from two in a step on."""
    return min(_fitting(replica, state) - 1.0, 1.0)


def _turn_wait(replica: Replica, state: State, own_ms: float, percentile: float) -> Delay:
    """Rest of the step under way, and what others add to the own step."""
    lengths, rate, arrivals = replica.lengths, state.rate_per_ms, bursts(replica.arrival_cv2)
    mean = state.step_ms
    variance = state.work_variance + state.ms_per_sequence**2 * max(state.sequences, 1.0)
    uneven = 1.0 + variance / (mean * mean)
    # First and second moment of the step under way, of gamma steps.
    step, step2 = mean * uneven, mean * mean * uneven * (2.0 * uneven - 1.0)
    busy = -math.expm1(-state.sequences / state.dispersion)
    each = state.further_prompt_ms
    share = min(rate * each, 1.0)
    burst_ms = min(max(step, own_ms), state.full_step_ms)
    near = max(arrivals.companions(rate * burst_ms), 0.0)
    beside = max(arrivals.dispersion(rate * burst_ms) - 1.0, 0.0)
    # Of those that would find the engine idle, as many as have a companion shortly before them.
    woken = (1.0 - busy) * near / (1.0 + near)
    part = 0.5 + share
    found = busy * part * step
    begun = woken * burst_ms / 2.0
    spread = busy * (1.0 / 12.0 + part * part) * step2 - found * found
    spread += woken * burst_ms * burst_ms / 3.0 - begun * begun
    spread += each * each * busy * rate * step * (1.0 + lengths.input_cv2)
    spread += each * each * beside * (1.0 + beside + lengths.input_cv2)
    shared = _shared_share(replica, state)
    # A prompt that fills its step shares it with none; rest of prompts counts as their service.
    alone = busy * state.decode_step_ms / 2.0
    whole = shared * (found + begun + each * beside) + (1.0 - shared) * alone
    spread = shared * spread + (1.0 - shared) * alone * alone / 3.0
    return Delay(mean=whole, late=skewed_quantile(whole, spread, percentile))


def _prompt_ms(replica: Replica, state: State, tokens: float) -> float:
    """The steps that take in one prompt."""
    count = math.ceil(tokens / step_budget_tokens(replica, state.sequences))
    attended = replica.lengths.cached_tokens + tokens / 2.0
    return count * mixed_step_ms(replica, tokens / count, state.sequences, attended)
