"""A run through the queue model: what it predicts for it, and the slowdown that reproduces it.

With times per step T(g) (mean) and Tk(g) (with a chunk of a prompt), host included, g sequences
decoded together, O output tokens, C requests in flight and a front end F:

- closed loop: a request takes F + 1.5·Tk + (O − 1)·T, half a step to wait and one for its prompt;
  the rate is C ÷ that, and g = C·(O − 1)·T ÷ that, never above g_max. The slowdown f solves
  C ÷ rate = F + f·(1.5·Tk(g) + (O − 1)·T(g)), so that the measured throughput comes out.
- open loop below saturation: the throughput is the arrivals and says nothing, so f = measured
  time per output token ÷ T(g) at g = rate·TPOT·O (Little's law).
- saturated (arrivals above what came out, or all at once): f = largest rate ÷ measured rate.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from planner.serving.batching import Replica, largest_sequences, state_at
from planner.serving.measured.types import Run
from planner.serving.queueing import full_state

__all__ = ["Point", "Replayed", "decoded_together", "is_saturated", "point_of", "replay"]

_MS_PER_S = 1e3
# A run that puts out less than this share of the requests that arrive is saturated.
_KEEPS_UP = 0.95
_FIRST_TOKEN_STEPS = 1.5
_ROUNDS = 200
_TOLERANCE = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """``slowdown`` of every step, 1: as predicted, with ``sequences`` decoded together."""

    sequences: float
    slowdown: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """What the model predicts for a run: output tokens per second, time per output token."""

    output_tokens_per_s: float
    tpot_ms: float


def is_saturated(run: Run) -> bool:
    """Whether more arrived than was put out."""
    if run.load_kind == "open":
        return run.output_tokens_per_s / run.output_tokens < _KEEPS_UP * run.load
    return run.load_kind == "burst"


def decoded_together(run: Run) -> float:
    """Sequences decoded at a time by Little's law, rate · TPOT · tokens; 0 without a TPOT."""
    return run.output_tokens_per_s * (run.tpot_ms or 0.0) / _MS_PER_S


def point_of(replica: Replica, run: Run) -> Point | None:
    """The slowdown of ``replica`` that reproduces the run; None when no slowdown does."""
    if is_saturated(run):
        return _saturated(replica, run)
    if run.load_kind == "closed":
        return _closed(replica, run)
    if run.tpot_ms is None:
        return None
    sequences = decoded_together(run)
    if sequences >= largest_sequences(replica):
        return _saturated(replica, run)
    slowdown = run.tpot_ms / state_at(replica, sequences).mean_step_ms
    return Point(sequences=sequences, slowdown=slowdown)


def _saturated(replica: Replica, run: Run) -> Point:
    full = full_state(replica)
    most = full.rate_rps * run.output_tokens
    return Point(sequences=full.sequences, slowdown=most / run.output_tokens_per_s)


def _closed(replica: Replica, run: Run) -> Point | None:
    top, steps = largest_sequences(replica), run.output_tokens - 1.0
    stay_ms = run.load * run.output_tokens / run.output_tokens_per_s * _MS_PER_S
    in_steps_ms = stay_ms - replica.front_end_ms
    if in_steps_ms <= 0.0 or steps <= 0.0:
        return None
    sequences = min(run.load, top)
    slowdown = 1.0
    for _ in range(_ROUNDS):
        state = state_at(replica, sequences)
        first = _FIRST_TOKEN_STEPS * state.mixed_step_ms
        decode = steps * state.mean_step_ms
        slowdown = in_steps_ms / (first + decode)
        wanted = run.load * slowdown * decode / stay_ms
        if wanted >= top and sequences >= top:
            return _saturated(replica, run)
        wanted = min(wanted, top)
        if math.isclose(wanted, sequences, rel_tol=_TOLERANCE):
            break
        sequences = (sequences + wanted) / 2.0
    return Point(sequences=sequences, slowdown=slowdown)


def replay(replica: Replica, run: Run) -> Replayed:
    """The run's throughput and time per output token as the queue model predicts them."""
    full = full_state(replica)
    if run.load_kind == "closed":
        return _replay_closed(replica, run, full.rate_rps)
    rate = full.rate_rps if run.load_kind == "burst" else min(run.load, full.rate_rps)
    sequences = full.sequences
    if rate < full.rate_rps:
        sequences = _sequences_at(replica, rate, full.sequences)
    return Replayed(
        output_tokens_per_s=rate * run.output_tokens,
        tpot_ms=state_at(replica, sequences).mean_step_ms,
    )


def _sequences_at(replica: Replica, rate_rps: float, most: float) -> float:
    """The fewest sequences that give a rate, by bisection."""
    low, high = 0.0, most
    for _ in range(_ROUNDS):
        middle = (low + high) / 2.0
        if state_at(replica, middle).rate_rps < rate_rps:
            low = middle
        else:
            high = middle
        if high - low <= _TOLERANCE * high:
            break
    return high


def _replay_closed(replica: Replica, run: Run, most_rps: float) -> Replayed:
    top, steps = largest_sequences(replica), run.output_tokens - 1.0
    sequences = min(run.load, top)
    for _ in range(_ROUNDS):
        state = state_at(replica, sequences)
        decode = steps * state.mean_step_ms
        stay = replica.front_end_ms + _FIRST_TOKEN_STEPS * state.mixed_step_ms + decode
        wanted = min(run.load * decode / stay, top)
        if math.isclose(wanted, sequences, rel_tol=_TOLERANCE):
            break
        sequences = (sequences + wanted) / 2.0
    state = state_at(replica, sequences)
    stay = replica.front_end_ms + _FIRST_TOKEN_STEPS * state.mixed_step_ms
    # An engine full to the last place may do less: it sends requests back.
    most_rps = max(most_rps, state.rate_rps)
    rate = min(run.load / (stay + steps * state.mean_step_ms) * _MS_PER_S, most_rps)
    return Replayed(output_tokens_per_s=rate * run.output_tokens, tpot_ms=state.mean_step_ms)
