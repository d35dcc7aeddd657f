"""Time per output token of a replica in a steady state, at a percentile over requests.

A request's mean over its O − 1 steps; the percentile is over requests of different length, of which
short ones vary more. Around the mean of ``batching`` it varies with

- the number beside it, averaged over its stay: k·g·(1 − x ÷ 3) for a stay of x ≤ 1 times the
  typical one, k·g·(1 ÷ x − 1 ÷ 3x²) above (a window over an M/D/∞ queue);
- the prompts computed meanwhile, and both together, since who comes brings both.

All of it comes back: time that steps take longer lets more in. A number that is the sum over a
window of what came in it, and lengthens the steps it comes in by a share G, has 1 ÷ (1 − G) times
the variance V, its mean over a window V − 1/3 − G ÷ 10 (from its spectrum |h|² ÷ |1 − G·h|², h the
window's), and (V + G·that) ÷ 2 goes with the prompts. Prompts take 1 ÷ (1 − ρ) of it again.
A request never sees more than all places taken.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from planner.serving.batching import Replica, State
from planner.serving.bursts import bursts
from planner.serving.waits import skewed_quantile, skewed_tail

__all__ = ["tpot_ms"]

_MOST_SHARE = 0.95
_MOST_GAIN = 0.9
# Places that are free this often do not bound what a request sees.
_MOSTLY_FREE = 0.999
_ROUNDS = 24
_PRECISION = 1e-7
_NEAR = 1e-6
_STEP = 1.05
_NO_TAIL = 1e-30


@dataclass(frozen=True, slots=True)
class _Class:
    """Requests of one length: their share, and mean and variance of their time per token."""

    share: float
    mean_ms: float
    variance: float


def tpot_ms(replica: Replica, state: State, percentile: float) -> float:
    """See the module; 0 for one output token."""
    free = _classes(replica, state, packed=False)
    if not free:
        return 0.0
    found = _quantile(free, state, percentile)
    if state.free_share < _MOSTLY_FREE:
        found = min(found, _quantile(_classes(replica, state, packed=True), state, percentile))
    return found


@dataclass(frozen=True, slots=True)
class _Gain:
    """Variance of numbers that come back: whole, averaged over a window, and with what came in."""

    whole: float
    averaged: float
    together: float

    @classmethod
    def of(cls, share: float) -> _Gain:
        """``share`` is G of the module."""
        whole = 1.0 / (1.0 - share)
        averaged = whole - 1.0 / 3.0 - share / 10.0
        return cls(whole, averaged, (whole + share * averaged) / 2.0)


def _classes(replica: Replica, state: State, *, packed: bool) -> list[_Class]:
    """The classes of answers with two tokens and more; ``packed``: with all places taken."""
    share = min(state.rate_per_ms * state.prompt_ms, _MOST_SHARE)
    slope, seen_ms = state.ms_per_sequence, state.seen_ms
    if packed:
        beyond = max(replica.places.held - state.seen_sequences, 0.0)
        slope, seen_ms = 0.0, seen_ms + slope * beyond
    gain = _Gain.of(min(slope * state.sequences / seen_ms * state.free_share, _MOST_GAIN))
    return [
        _class(replica, state, part, output - 1.0, share, slope, seen_ms, gain)
        for part, output in replica.lengths.answers
        if output > 1.0
    ]


def _class(
    replica: Replica,
    state: State,
    part: float,
    steps: float,
    share: float,
    slope: float,
    seen_ms: float,
    gain: _Gain,
) -> _Class:
    lengths, arrivals = replica.lengths, bursts(replica.arrival_cv2)
    further, free = state.further_prompt_ms, state.free_share
    came = state.rate_per_ms * state.mean_step_ms * steps
    near = (arrivals.dispersion(state.prompts / 2.0) - 1.0) / 2.0
    late = max(arrivals.companions(came) - near, 0.0)
    fade = share * (1.0 - share**steps)
    plain_ms = seen_ms + share * state.mean_step_ms
    room_ms = max(state.full_step_ms - plain_ms, 1e-9 * plain_ms)
    own_ms = free * further * (state.cluster * fade + late) / steps
    crowd = state.sequences * state.dispersion * free
    window = steps / (lengths.output_tokens * (1.0 + lengths.output_cv2))
    averaged = _stay_variance(window) + gain.averaged - 2.0 / 3.0
    together = _stay_covariance(window) + gain.together - 0.5
    clustered = (arrivals.dispersion(came) + lengths.input_cv2) / (
        state.cluster + lengths.input_cv2
    )
    variance = (
        slope * slope * crowd * averaged
        + 2.0 * slope * further * crowd * together / steps
        + state.work_variance * clustered * gain.whole / steps
        + further * further * state.cluster * state.prompts * (fade / steps) ** 2
    )
    return _Class(
        part,
        plain_ms - room_ms * math.expm1(-own_ms / room_ms),
        variance / (1.0 - share) ** 2,
    )


def _stay_variance(window: float) -> float:
    return 1.0 - window / 3.0 if window <= 1.0 else (1.0 - 1.0 / (3.0 * window)) / window


def _stay_covariance(window: float) -> float:
    return window / 2.0 if window <= 1.0 else 1.0 - 1.0 / (2.0 * window)


def _quantile(classes: list[_Class], state: State, percentile: float) -> float:
    """Where the classes' tails, gamma above an engine with nothing to do, add up to the rest.

    Never above full chunks in every step.
    """
    least, most = state.least_step_ms, state.full_step_ms
    total = sum(one.share for one in classes)
    beyond = (1.0 - percentile) * total
    mean = sum(one.share * one.mean_ms for one in classes) / total - least
    if mean <= 0.0 or most <= least:
        return max(least, min(mean + least, most))
    variance = sum(
        one.share * (one.variance + (one.mean_ms - least - mean) ** 2) for one in classes
    )
    guess = skewed_quantile(mean, variance / total, percentile)

    def excess(value: float) -> float:
        """Logarithm of the tail ÷ what it may be: falls with the value."""
        tail = sum(
            one.share * skewed_tail(one.mean_ms - least, one.variance, value) for one in classes
        )
        return math.log(max(tail, _NO_TAIL) / beyond)

    return least + falling_root(excess, guess, most - least)


def falling_root(excess: Callable[[float], float], guess: float, most: float) -> float:
    """Where a falling function is 0 between 0 and ``most``, one of the two where it is not.

    Secants from a guess, halves of the bracket where they leave it.
    """
    low, high = 0.0, most
    at = min(max(guess, _PRECISION * most), most)
    value = excess(at)
    step = _STEP if value > 0.0 else 1.0 / _STEP
    for _ in range(_ROUNDS):
        if value > 0.0:
            low = at
        else:
            high = at
        if low >= most or high - low < _PRECISION * high:
            break
        following = at * step
        if not low < following < high:
            following = (low + high) / 2.0 if high < most or low > 0.0 else most
        found = excess(following)
        slope = (found - value) / math.log(following / at)
        at, value = following, found
        if abs(value) < _NEAR:
            break
        step = math.exp(min(max(-value / slope, -1.0), 1.0)) if slope < 0.0 else 1.0
    return at
