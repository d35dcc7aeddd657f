"""The largest rate one replica sustains while every objective holds."""

from __future__ import annotations

import math
from dataclasses import dataclass

from planner.serving.batching import Replica, State, largest_sequences, state_at
from planner.serving.latency import Latency, latency_at

__all__ = ["Load", "Objective", "full_state", "largest_load"]

_ROUNDS = 40
# How near to its limit the strain must come, and how narrow the bracket may get.
_TOLERANCE = 5e-4
_LEAST_PART = 0.02
# Where nothing is known of the upper end but that it is too far: most loads are nearer to it.
_FAR_PART = 0.6
# Beyond this much over the limit the strain says no more than that it is.
_STRAIN_CAP = 1e3
# Sequences decoded together in an engine that is all but idle.
_IDLE_SEQUENCES = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class Objective:
    """What must hold; None: no objective. Percentiles as shares below 1."""

    ttft_ms: float | None
    ttft_percentile: float
    tpot_ms: float | None
    tpot_percentile: float
    max_utilisation: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """The largest load that meets an objective; ``state`` None with the reason when none does.

    ``latency`` is that of an idle engine then. ``full`` is the state with every place taken.
    """

    state: State | None
    latency: Latency
    full: State
    reason: str | None


def full_state(replica: Replica) -> State:
    """The state of an engine in which every place is taken, as with an endless queue."""
    return state_at(replica, largest_sequences(replica))


def largest_load(replica: Replica, objective: Objective, *, near: Load | None = None) -> Load:
    """The root of the strain on g between an idle engine and the full state.

    Latencies and utilisation grow with g, so that the feasible ones are an interval. ``near`` is
    the answer for a similar replica, to start from.
    """
    full = full_state(replica)
    low = high = None
    if near is not None and near.state is not None:
        start = _probe(replica, min(near.state.sequences, full.sequences), full, objective)
        low, high = (start, None) if start.strain <= 1.0 else (None, start)
    if low is None:
        low = _probe(replica, _IDLE_SEQUENCES, full, objective)
    if low.strain > 1.0:
        return Load(
            state=None,
            latency=low.latency,
            full=full,
            reason=f"{_broken(low.latency, objective)} with no load",
        )
    if high is None:
        high = _probe(replica, full.sequences, full, objective)
    best = high if high.strain <= 1.0 else _root(replica, low, high, full, objective)
    return Load(state=best.state, latency=best.latency, full=full, reason=None)


@dataclass(frozen=True, slots=True)
class _Probe:
    """A state with its ``strain``: the largest of each figure ÷ what is allowed."""

    state: State
    latency: Latency
    strain: float


def _probe(replica: Replica, sequences: float, full: State, objective: Objective) -> _Probe:
    state = full if sequences == full.sequences else state_at(replica, sequences)
    latency = latency_at(
        replica,
        state,
        full,
        ttft_percentile=objective.ttft_percentile,
        tpot_percentile=objective.tpot_percentile,
    )
    strain = state.rate_rps / (objective.max_utilisation * full.rate_rps)
    if objective.tpot_ms is not None:
        strain = max(strain, latency.tpot_ms / objective.tpot_ms)
    if objective.ttft_ms is not None:
        strain = max(strain, latency.ttft_ms / objective.ttft_ms)
    return _Probe(state, latency, strain)


def _root(replica: Replica, low: _Probe, high: _Probe, full: State, objective: Objective) -> _Probe:
    """The largest feasible probe, by regula falsi (Illinois) on the logarithm of the strain."""
    below, above = math.log(low.strain), math.log(min(high.strain, _STRAIN_CAP))
    side = 0
    for _ in range(_ROUNDS):
        width = high.state.sequences - low.state.sequences
        if -below < _TOLERANCE or width <= _TOLERANCE * high.state.sequences:
            break
        part = min(max(-below / (above - below), _LEAST_PART), 1.0 - _LEAST_PART)
        if high.strain > _STRAIN_CAP:
            part = _FAR_PART
        probe = _probe(replica, low.state.sequences + width * part, full, objective)
        if probe.strain <= 1.0:
            low, below = probe, math.log(probe.strain)
            above = above / 2.0 if side < 0 else above
            side = -1
        else:
            high, above = probe, math.log(min(probe.strain, _STRAIN_CAP))
            below = below / 2.0 if side > 0 else below
            side = 1
    return low


def _broken(latency: Latency, objective: Objective) -> str:
    """The latency objective that does not hold, with its numbers."""
    found = (
        ("TPOT", objective.tpot_percentile, latency.tpot_ms, objective.tpot_ms),
        ("TTFT", objective.ttft_percentile, latency.ttft_ms, objective.ttft_ms),
    )
    return ", ".join(
        f"{name} p{percentile * 100:.0f} {predicted:,.0f} ms > {allowed:,.0f} ms"
        for name, percentile, predicted, allowed in found
        if allowed is not None and predicted > allowed
    )
