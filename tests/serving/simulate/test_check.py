"""Both answers about one candidate, and the replicas that the simulator adds."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from planner.scenario.economics import Slo
from planner.serving.batching import Limits, Replica
from planner.serving.lengths import lengths_of
from planner.serving.operating import operating_at
from planner.serving.queueing import full_state
from planner.serving.simulate import Share, check_capacity
from planner.serving.types import Capacity, ServingOption
from tests.serving.simulate.support import Straight, demand

_DEMAND = demand(("1", 100, 50))
_SLO = Slo(ttft_ms=Decimal(500), tpot_ms=Decimal(40))


def _serving(*, steps: Straight, slowdown: float = 2.0) -> ServingOption:
    replica = Replica(
        steps=steps,
        lengths=lengths_of(_DEMAND, ttft_percentile=95),
        limits=Limits(max_num_seqs=32, max_num_batched_tokens=2048, kv_cache_tokens=50_000.0),
        arrival_cv2=1.0,
        host_ms_per_sequence=0.0,
        front_end_ms=20.0,
        slowdown=slowdown,
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
        capacity=Capacity(
            low_rps=9.0,
            mid_rps=12.0,
            high_rps=15.0,
            ttft_ms=500.0,
            tpot_ms=40.0,
            concurrency=20.0,
            provider="test",
            band_low=1.0 / slowdown,
            band_high=1.5,
            source_ids=(),
            replica=replica,
        ),
        reason=None,
    )


# Alone 10.5 ms a token, doubled by the band; with n sequences 10 + n/2, doubled.
_STEPS = Straight(base_ms=10.0, per_sequence_ms=0.5, per_prompt_token_ms=0.05)


def _shares(load_rps: float, replicas: int, more: int = 3) -> dict[int, Share]:
    return {k: Share(load_rps=load_rps, replicas=replicas + k) for k in range(more + 1)}


def test_a_load_that_is_held_needs_no_more() -> None:
    found = check_capacity(_serving(steps=_STEPS), _DEMAND, _SLO, _shares(4.0, 1), seed=1)
    assert found is not None
    assert (found.held, found.extra_replicas, len(found.attempts)) == (True, 0, 1)
    assert found.simulated.result.measured == 2000
    assert found.reason is None


def test_replicas_are_added_until_the_simulator_holds() -> None:
    # A step takes 20 + n ms for n sequences, and each prompt 10 ms more. 8 requests/s keep
    # n = 8 x 0.05 x (20 + n) = 13 busy on average: 33 ms a token and 8 % for prompts, so that the
    # 95th percentile is past 40 ms. 5.3 keep 7 busy: 27 ms and 5 %.
    found = check_capacity(_serving(steps=_STEPS), _DEMAND, _SLO, _shares(16.0, 2), seed=1)
    assert found is not None
    assert found.held
    assert found.extra_replicas == 1
    assert found.share == Share(load_rps=16.0, replicas=3)
    assert [(a.replicas, a.held) for a in found.attempts] == [(2, False), (3, True)]


def test_both_answers_are_about_the_same_replica_at_the_same_rate() -> None:
    found = check_capacity(_serving(steps=_STEPS), _DEMAND, _SLO, _shares(16.0, 2), seed=1)
    assert found is not None
    assert found.analytic.rate_rps == found.simulated.rate_rps == found.share.rate_rps
    capacity = _serving(steps=_STEPS).capacity
    assert capacity is not None and capacity.replica is not None
    assert found.analytic == operating_at(capacity.replica, found.share.rate_rps, _SLO)
    offered = found.simulated.result.offered_rps
    full = full_state(capacity.replica).rate_rps
    assert found.simulated.result.load_share == pytest.approx(offered / full)


def test_a_candidate_that_three_more_do_not_mend_is_refused_with_the_numbers() -> None:
    found = check_capacity(
        _serving(steps=Straight(base_ms=30.0)), _DEMAND, _SLO, _shares(4.0, 2), seed=1
    )
    assert found is not None
    assert not found.held
    assert found.extra_replicas == 3
    assert found.reason == "TPOT p95 60 ms > 40 ms in simulation, with 2 to 5 working replicas"


def test_a_pinned_number_is_refused_as_it_is() -> None:
    found = check_capacity(
        _serving(steps=Straight(base_ms=30.0)), _DEMAND, _SLO, _shares(4.0, 2, more=0), seed=1
    )
    assert found is not None
    assert found.reason == "TPOT p95 60 ms > 40 ms in simulation, with 2 working replicas"


def test_a_capacity_that_was_given_has_nothing_to_simulate() -> None:
    serving = _serving(steps=_STEPS)
    assert serving.capacity is not None
    given = replace(serving, capacity=replace(serving.capacity, replica=None))
    assert check_capacity(given, _DEMAND, _SLO, _shares(4.0, 1), seed=1) is None
    assert check_capacity(replace(serving, capacity=None), _DEMAND, _SLO, {}, seed=1) is None


def test_the_same_seed_gives_the_same_check() -> None:
    first, second = (
        check_capacity(_serving(steps=_STEPS), _DEMAND, _SLO, _shares(16.0, 2), seed=5)
        for _ in range(2)
    )
    assert first == second
