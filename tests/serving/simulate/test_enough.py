"""Replicas that are enough, found without the figures of how they are."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.demand.types import Demand
from planner.scenario.economics import Slo
from planner.serving.batching import Limits, Replica
from planner.serving.lengths import lengths_of
from planner.serving.simulate import Share, check_capacity, enough, enough_replicas
from planner.serving.simulate.enough import Turn
from planner.serving.types import Capacity, ServingOption
from tests.serving.simulate.support import Straight, demand

_DEMAND = demand(("1", 100, 50))
_SLO = Slo(ttft_ms=Decimal(500), tpot_ms=Decimal(40))
# Alone 10.5 ms a token, doubled by the band; with n sequences 10 + n/2, doubled.
_STEPS = Straight(base_ms=10.0, per_sequence_ms=0.5, per_prompt_token_ms=0.05)


def _serving(steps: Straight = _STEPS, load: Demand = _DEMAND) -> ServingOption:
    replica = Replica(
        steps=steps,
        lengths=lengths_of(load, ttft_percentile=95),
        limits=Limits(max_num_seqs=32, max_num_batched_tokens=2048, kv_cache_tokens=50_000.0),
        arrival_cv2=1.0,
        host_ms_per_sequence=0.0,
        front_end_ms=20.0,
        slowdown=2.0,
    )
    capacity = Capacity(
        low_rps=9.0,
        mid_rps=12.0,
        high_rps=15.0,
        ttft_ms=500.0,
        tpot_ms=40.0,
        concurrency=20.0,
        provider="test",
        band_low=0.5,
        band_high=1.5,
        source_ids=(),
        replica=replica,
    )
    return ServingOption(
        model_id="m",
        precision="bf16",
        kv_cache_dtype="auto",
        instance_type="g6e.xlarge",
        accelerator="L40S",
        tensor_parallel_size=1,
        replicas_per_instance=1,
        max_model_len=8192,
        max_num_seqs=32,
        max_num_batched_tokens=2048,
        weights_bytes=1.6e10,
        kv_cache_tokens=50_000,
        capacity=capacity,
        reason=None,
    )


def _shares(load_rps: float, replicas: int, more: int = 3) -> dict[int, Share]:
    return {k: Share(load_rps=load_rps, replicas=replicas + k) for k in range(more + 1)}


@pytest.fixture
def simulated(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The rates that are simulated, in their order."""
    rates: list[float] = []
    real = enough.confirm

    def counted(*args: object, load_rps: float, **given: object) -> object:
        rates.append(load_rps)
        return real(*args, load_rps=load_rps, **given)  # type: ignore[arg-type]

    monkeypatch.setattr(enough, "confirm", counted)
    return rates


def test_as_many_replicas_as_the_full_check_finds() -> None:
    serving = _serving()
    for load in (4.0, 11.0, 12.5, 14.0, 16.0, 20.0, 24.0):
        shares = _shares(load, 2)
        check = check_capacity(serving, _DEMAND, _SLO, shares, seed=1)
        found = enough_replicas(serving, _DEMAND, _SLO, shares, seed=1)
        assert check is not None
        assert found is not None
        assert found.extra_replicas == check.extra_replicas
        assert (found.reason is None) == check.held


def test_a_rate_below_one_that_held_is_not_simulated(simulated: list[float]) -> None:
    serving = _serving()
    for load in (5.0, 4.0, 3.0):
        found = enough_replicas(serving, _DEMAND, _SLO, _shares(load, 1), seed=1)
        assert found is not None
        assert found.extra_replicas == 0
    assert simulated == [5.0]


def test_a_rate_above_one_that_missed_is_not_simulated(simulated: list[float]) -> None:
    serving = _serving()
    for load in (9.0, 10.0, 11.0):
        found = enough_replicas(serving, _DEMAND, _SLO, _shares(load, 1, more=0), seed=1)
        assert found is not None
        assert found.reason == ("misses the service level in simulation, with 1 working replicas")
    assert simulated == [9.0]


def test_other_lengths_are_another_question(simulated: list[float]) -> None:
    serving = _serving()
    for load in (_DEMAND, demand(("1", 90, 50))):
        enough_replicas(serving, load, _SLO, _shares(4.0, 1), seed=1)
    assert simulated == [4.0, 4.0]


def test_another_objective_is_another_question(simulated: list[float]) -> None:
    serving = _serving()
    for level in (_SLO, Slo(ttft_ms=Decimal(500), tpot_ms=Decimal(41))):
        enough_replicas(serving, _DEMAND, level, _shares(4.0, 1), seed=1)
    assert simulated == [4.0, 4.0]


def test_bursty_arrivals_are_checked_in_full(simulated: list[float]) -> None:
    # How milder bursts are on one of many replicas depends on their number.
    bursty = replace(_DEMAND, interarrival_cv=2.0)
    shares = _shares(8.0, 2)
    found = enough_replicas(_serving(), bursty, _SLO, shares, seed=1)
    check = check_capacity(_serving(), bursty, _SLO, shares, seed=1)
    assert found is not None
    assert check is not None
    assert (found.extra_replicas, found.reason) == (check.extra_replicas, check.reason)
    assert simulated == []


def test_nothing_known_of_the_steps_is_nothing_found() -> None:
    given_capacity = replace(_serving(), capacity=None)
    assert enough_replicas(given_capacity, _DEMAND, _SLO, _shares(1.0, 1), seed=1) is None


# --- The rate at which it turns -------------------------------------------------------------------


@given(turn=st.floats(1.0, 100.0), rates=st.lists(st.floats(0.5, 150.0), min_size=1, max_size=30))
def test_what_is_known_never_changes_an_answer(turn: float, rates: list[float]) -> None:
    known = Turn()
    for rate in rates:
        assert known.holds(rate, lambda each: each <= turn) == (rate <= turn)


@given(turn=st.floats(1.0, 100.0), rates=st.lists(st.floats(0.5, 150.0), min_size=1, max_size=30))
def test_a_blurred_turn_gives_the_simulated_answers_in_any_order(
    turn: float, rates: list[float]
) -> None:
    def simulated(rate: float) -> bool:
        # Within 0.4 % chance decides; here the last digits of the rate.
        if abs(rate / turn - 1.0) < 0.002:
            return int(rate * 1e6) % 2 == 0
        return rate <= turn

    known = Turn()
    for rate in rates:
        assert known.holds(rate, simulated) == simulated(rate)


def test_many_rates_near_each_other_take_few_runs() -> None:
    asked: list[float] = []

    def simulated(rate: float) -> bool:
        asked.append(rate)
        return rate <= 10.0

    known = Turn()
    for step in range(1000):
        known.holds(5.0 + step / 1000.0, simulated)
    # Each run from the second on covers 2 % more, and 5 to 6 are 9 such steps.
    assert len(asked) < 30
