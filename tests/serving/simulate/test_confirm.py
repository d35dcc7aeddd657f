"""A pick is confirmed at the lower edge of the band, or gets a replica more."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from planner.scenario.economics import Slo
from planner.serving.batching import Limits, Replica
from planner.serving.lengths import lengths_of
from planner.serving.simulate import (
    Check,
    Confirmation,
    Engine,
    burst,
    confirm,
    confirm_with_replicas,
    engine_of,
    simulate,
)
from planner.serving.types import ServingOption
from tests.serving.simulate.support import Straight, demand, engine, equal

_STEPS = Straight(base_ms=10.0, per_sequence_ms=0.1, per_prompt_token_ms=0.05)
_DEMAND = demand(("0.5", 100, 40), ("0.5", 200, 60))
_ENGINE = engine(max_num_seqs=32, max_num_batched_tokens=2048, front_end_ms=20.0)


def _slo(ttft: str | None = None, tpot: str | None = None, percentile: int = 95) -> Slo:
    return Slo(
        ttft_ms=None if ttft is None else Decimal(ttft),
        tpot_ms=None if tpot is None else Decimal(tpot),
        ttft_percentile=percentile,
        tpot_percentile=percentile,
    )


def _confirmed(
    slo: Slo,
    *,
    load_rps: float = 8.0,
    replicas: int = 2,
    slowdown: float = 2.0,
    limits: Engine = _ENGINE,
) -> Confirmation:
    return confirm(
        _STEPS,
        replace(limits, slowdown=slowdown),
        _DEMAND,
        slo,
        load_rps=load_rps,
        replicas=replicas,
        seed=1,
    )


def test_two_thousand_requests_are_counted() -> None:
    assert _confirmed(_slo("1000", "100")).result.measured >= 2000


def test_each_objective_is_checked_with_its_numbers() -> None:
    done = _confirmed(_slo("1000", "100"))
    assert [(c.metric, c.percentile, c.allowed_ms) for c in done.checks] == [
        ("TTFT", 95, 1000.0),
        ("TPOT", 95, 100.0),
    ]
    assert [c.found_ms for c in done.checks] == [
        done.result.ttft_ms.at(95),
        done.result.tpot_ms.at(95),
    ]
    assert done.held
    assert done.reason is None


def test_the_percentile_is_that_of_the_objective() -> None:
    done = _confirmed(_slo("1000", percentile=60))
    assert done.checks[0].found_ms == done.result.ttft_ms.at(60)


def test_without_objectives_there_is_nothing_to_check() -> None:
    assert _confirmed(_slo()).checks == ()
    assert _confirmed(_slo()).held


def test_steps_take_as_long_as_at_the_lower_edge_of_the_band() -> None:
    # Alone, a step takes 10.1 ms; at half the speed nobody is faster than 20.2 ms.
    slow = _confirmed(_slo(tpot="100"), load_rps=0.001, replicas=1, slowdown=2.0)
    assert slow.checks[0].found_ms == pytest.approx(20.2)
    assert slow.result.ttft_ms.values[0] == pytest.approx(20.0 + 2.0 * (10.0 + 0.05 * 100))


def test_the_replicas_share_the_load() -> None:
    done = _confirmed(_slo(), load_rps=9.0, replicas=3)
    assert done.rate_rps == pytest.approx(3.0)
    assert done.result.offered_rps == pytest.approx(3.0, rel=0.1)
    assert done.replicas == 3


def test_a_missed_objective_says_by_how_much() -> None:
    done = _confirmed(_slo("1000", "20"))
    assert not done.held
    found = done.checks[1].found_ms
    assert done.reason == f"TPOT p95 {found:,.0f} ms > 20 ms in simulation"


def test_a_queue_that_grows_is_not_held_even_without_objectives() -> None:
    # Two steps of about 26 ms give 32 places · 1 ÷ (26 ms · 50) = 25 requests a second at most.
    done = _confirmed(_slo(), load_rps=60.0, replicas=1)
    assert done.reason is not None
    assert done.reason.startswith("the queue grows:")


def test_requests_longer_than_the_cache_are_not_held() -> None:
    limits = engine(max_num_seqs=32, max_num_batched_tokens=2048, kv_cache_tokens=240)
    done = _confirmed(_slo(), load_rps=1.0, limits=limits)
    assert done.reason == "1,250 of 2,500 requests are longer than the KV cache"


def test_answers_of_one_token_have_no_time_per_token_to_miss() -> None:
    done = confirm(
        _STEPS,
        _ENGINE,
        demand(("1", 100, 1)),
        _slo("1000", "1"),
        load_rps=1.0,
        replicas=1,
        seed=1,
    )
    assert [c.metric for c in done.checks] == ["TTFT"]
    assert done.held


def _first_token_ms(cv: float, replicas: int) -> float:
    """The same load a replica, 14 requests/s of which each has its share."""
    done = confirm(
        _STEPS,
        replace(_ENGINE, slowdown=1.25),
        demand(("1", 200, 60), cv=cv),
        _slo("1000"),
        load_rps=14.0 * replicas,
        replicas=replicas,
        seed=1,
    )
    return done.checks[0].found_ms


def test_the_variation_of_arrivals_is_that_of_the_demand() -> None:
    assert _first_token_ms(3.0, 1) > 1.5 * _first_token_ms(1.0, 1)


def test_replicas_that_share_bursts_see_milder_ones() -> None:
    assert _first_token_ms(3.0, 20) < 0.8 * _first_token_ms(3.0, 1)


def test_a_miss_is_known_before_the_end() -> None:
    whole, cut = (
        confirm(
            _STEPS,
            _ENGINE,
            _DEMAND,
            _slo("500"),
            load_rps=60.0,
            replicas=1,
            seed=1,
            to_the_end=to_the_end,
        )
        for to_the_end in (True, False)
    )
    assert not whole.held
    assert not cut.held
    assert cut.result.completed < 0.7 * whole.result.completed


def test_the_same_seed_confirms_the_same() -> None:
    assert _confirmed(_slo("1000")) == _confirmed(_slo("1000"))


def _attempt(replicas: int, enough: int) -> Confirmation:
    return Confirmation(
        rate_rps=1.0 / replicas,
        replicas=replicas,
        checks=(),
        result=simulate(burst(equal(1, 1, 1)), _STEPS, _ENGINE),
        reason=None if replicas >= enough else "missed",
    )


class _Service:
    """``enough`` replicas hold; remembers what was checked, and what was only scouted."""

    def __init__(self, enough: int, *, far: int = 0) -> None:
        self.checked: list[int] = []
        self.probed: list[int] = []
        self.scouted: list[int] = []
        self._enough, self._far = enough, far

    def check(self, extra: int) -> Confirmation:
        self.checked.append(extra)
        return self._attempt(extra)

    def probe(self, extra: int) -> Confirmation:
        self.probed.append(extra)
        return self.check(extra)

    def scout(self, extra: int) -> Confirmation:
        self.scouted.append(extra)
        return self._attempt(extra)

    def _attempt(self, extra: int) -> Confirmation:
        missed = _attempt(2 + extra, self._enough)
        if 2 + extra >= self._far:
            return missed
        return replace(missed, checks=(replace(_HELD, found_ms=131.0, allowed_ms=100.0),))


_HELD = Check(metric="TTFT", percentile=95, found_ms=1.0, allowed_ms=100.0)


@pytest.mark.parametrize(
    ("enough", "tried", "held"),
    [
        (1, [2], True),
        (2, [2], True),
        (3, [2, 3], True),
        (4, [2, 3, 4], True),
        (5, [2, 3, 4, 5], True),
        # The most are tried before those between, which do no better.
        (6, [2, 5], False),
    ],
)
def test_one_replica_is_added_up_to_three_times(enough: int, tried: list[int], held: bool) -> None:
    service = _Service(enough)
    attempts = confirm_with_replicas(
        service.check, range(4), probe=service.probe, scout=service.scout
    )
    assert [attempt.replicas for _, attempt in attempts] == tried
    assert [extra for extra, _ in attempts] == [number - 2 for number in tried]
    assert attempts[-1][1].held is held


def test_what_three_more_miss_by_far_is_not_even_checked_in_full() -> None:
    service = _Service(enough=99, far=99)
    attempts = confirm_with_replicas(
        service.check, range(4), probe=service.probe, scout=service.scout
    )
    assert (service.checked, service.scouted) == ([0], [3])
    assert [extra for extra, _ in attempts] == [0, 3]
    assert not attempts[-1][1].held


def test_numbers_that_are_far_too_small_are_passed_over() -> None:
    # 14 replicas hold; 12 and fewer miss by far: only 11 and 12 more are worth a full check.
    service = _Service(enough=14, far=13)
    attempts = confirm_with_replicas(
        service.check, range(20), probe=service.probe, scout=service.scout
    )
    assert attempts[-1][0] == 12
    assert attempts[-1][1].held
    assert [extra for extra, _ in attempts] == service.checked
    assert len(service.checked) <= 3


def test_many_more_replicas_are_scouted_before_any_is_checked_in_full() -> None:
    service = _Service(enough=14, far=13)
    attempts = confirm_with_replicas(
        service.check, range(5, 20), probe=service.probe, scout=service.scout
    )
    assert attempts[-1][0] == 12
    assert service.checked == [11, 12] or service.checked == [10, 11, 12]
    assert service.scouted[0] == 19


@pytest.mark.parametrize(("enough", "probed", "to_the_end"), [(6, [0], [3]), (5, [0, 1, 2], [3])])
def test_the_most_that_may_be_tried_are_never_cut_short(
    enough: int, probed: list[int], to_the_end: list[int]
) -> None:
    service = _Service(enough)
    confirm_with_replicas(service.check, range(4), probe=service.probe, scout=service.scout)
    assert service.probed == probed
    assert [extra for extra in service.checked if extra not in service.probed] == to_the_end


def test_a_single_number_is_checked_once() -> None:
    service = _Service(enough=9)
    attempts = confirm_with_replicas(service.check, (0,), probe=service.probe, scout=service.scout)
    assert (service.checked, service.probed, service.scouted) == ([0], [], [])
    assert not attempts[-1][1].held


@pytest.mark.parametrize(("found", "far"), [(100.0, False), (130.0, False), (130.1, True)])
def test_an_objective_is_missed_by_far_from_thirty_percent_on(found: float, far: bool) -> None:
    missed = Check(metric="TPOT", percentile=95, found_ms=found, allowed_ms=100.0)
    assert missed.missed_by_far is far


def test_more_replicas_mend_a_load_too_high_for_one() -> None:
    def check(extra: int) -> Confirmation:
        return _confirmed(_slo("500"), load_rps=60.0, replicas=2 + extra)

    attempts = confirm_with_replicas(check, range(6), probe=check, scout=check)
    assert len(attempts) > 1
    assert not attempts[0][1].held
    assert attempts[-1][1].held


def test_the_engine_of_a_candidate_has_its_limits_and_what_its_replica_is_sized_with() -> None:
    option = ServingOption(
        model_id="m",
        precision="bf16",
        kv_cache_dtype="auto",
        instance_type="g6e.xlarge",
        accelerator="L40S",
        tensor_parallel_size=1,
        replicas_per_instance=1,
        max_model_len=8192,
        max_num_seqs=128,
        max_num_batched_tokens=4096,
        weights_bytes=1.6e10,
        kv_cache_tokens=170_000,
        capacity=None,
        reason=None,
        prefix_caching=True,
    )
    replica = Replica(
        steps=_STEPS,
        lengths=lengths_of(_DEMAND, ttft_percentile=95),
        # Without what shared prefixes take; the simulator keeps these itself.
        limits=Limits(max_num_seqs=128, max_num_batched_tokens=4096, kv_cache_tokens=150_000.0),
        arrival_cv2=1.0,
        host_ms_per_sequence=0.06,
        front_end_ms=25.0,
        slowdown=1.6,
    )
    assert engine_of(option, replica) == Engine(
        max_num_seqs=128,
        max_num_batched_tokens=4096,
        kv_cache_tokens=170_000,
        host_ms_per_sequence=0.06,
        front_end_ms=25.0,
        slowdown=1.6,
        prefix_caching=True,
        warm_prefixes=True,
    )
