"""Shared prefixes: computed once, found by those who come later, thrown out for room."""

from __future__ import annotations

from dataclasses import replace

from planner.serving.simulate import SimRequest, Workload, burst, simulate
from tests.serving.simulate.support import Straight, engine, request

_STEPS = Straight(base_ms=1.0)


def _shared(prefix: int, arrival_ms: float, *, tokens: int = 40, prompt: int = 60) -> SimRequest:
    return request(prompt, 2, arrival_ms, prefix=prefix, prefix_tokens=tokens)


def test_a_prefix_is_computed_by_the_first_and_found_by_the_others() -> None:
    # Two whole blocks of 16 out of 40 tokens.
    workload = Workload(
        requests=(_shared(0, 0.0), _shared(0, 100.0), _shared(0, 200.0)), arrivals="open_loop"
    )
    result = simulate(workload, _STEPS, engine(prefix_caching=True))
    assert result.cached_tokens == 2 * 32
    assert result.computed_tokens == 3 * 61 - 64


def test_without_prefix_caching_nothing_is_found() -> None:
    workload = Workload(requests=(_shared(0, 0.0), _shared(0, 100.0)), arrivals="open_loop")
    assert simulate(workload, _STEPS, engine()).cached_tokens == 0


def test_each_prefix_has_its_own_first() -> None:
    workload = Workload(
        requests=tuple(_shared(n % 2, 100.0 * n) for n in range(4)), arrivals="open_loop"
    )
    assert simulate(workload, _STEPS, engine(prefix_caching=True)).cached_tokens == 2 * 32


def test_the_last_token_of_a_prompt_is_always_computed() -> None:
    # The prompt is the prefix: of 64 tokens, 63 could be found, which is three whole blocks.
    workload = Workload(
        requests=tuple(_shared(0, 100.0 * n, tokens=64, prompt=64) for n in range(2)),
        arrivals="open_loop",
    )
    assert simulate(workload, _STEPS, engine(prefix_caching=True)).cached_tokens == 48


def test_a_request_in_the_same_step_finds_the_prefix_of_the_one_before() -> None:
    limits = engine(prefix_caching=True, max_num_batched_tokens=512)
    assert simulate(burst((_shared(0, 0.0),) * 3), _STEPS, limits).cached_tokens == 64


def test_a_prefix_takes_its_room_once() -> None:
    limits = engine(prefix_caching=True, max_num_batched_tokens=512)
    together = simulate(burst((_shared(0, 0.0),) * 3), _STEPS, limits)
    # Two blocks shared, and two more for the rest of each of 61 tokens.
    assert together.peak_kv_tokens == (2 + 3 * 2) * 16


def test_an_unused_prefix_goes_when_its_room_is_needed() -> None:
    # Room for 96 tokens: the second request needs all of it, so that the third finds nothing.
    workload = Workload(
        requests=(_shared(0, 0.0), request(90, 2, 100.0), _shared(0, 200.0)),
        arrivals="open_loop",
    )
    result = simulate(workload, _STEPS, engine(prefix_caching=True, kv_cache_tokens=96))
    assert result.cached_tokens == 0
    assert result.preemptions == 0


def test_the_prefix_unused_for_longest_goes_first() -> None:
    # Room for 128 tokens. Prefixes 0, 1, then 0 again: 1 is the older one when the long request
    # needs 6 blocks of 8, and 0 is found at the end.
    workload = Workload(
        requests=(
            _shared(0, 0.0),
            _shared(1, 100.0),
            _shared(0, 200.0),
            request(90, 2, 300.0),
            _shared(0, 400.0),
        ),
        arrivals="open_loop",
    )
    result = simulate(workload, _STEPS, engine(prefix_caching=True, kv_cache_tokens=128))
    assert result.cached_tokens == 2 * 32


def test_unused_prefixes_go_before_a_running_request_does() -> None:
    # Room for 8 blocks; an unused prefix holds 2. Two requests of 33 + 20 tokens begin with 3
    # blocks each and need 4 each at their end: the prefix makes room, and nobody is sent back.
    workload = Workload(
        requests=(_shared(0, 0.0), request(33, 20, 100.0), request(33, 20, 100.0)),
        arrivals="open_loop",
    )
    limits = engine(prefix_caching=True, kv_cache_tokens=128, max_num_batched_tokens=128)
    result = simulate(workload, _STEPS, limits)
    assert result.preemptions == 0
    assert result.peak_kv_tokens == 128


def test_all_unused_prefixes_go_before_a_request_is_sent_back() -> None:
    # Room for 6 blocks: an unused prefix of 1, and two requests of 2 blocks that grow by one at the
    # same step. One block is free and one can be had: enough, if it is asked for.
    workload = Workload(
        requests=(
            _shared(0, 0.0, tokens=16, prompt=20),
            request(20, 20, 100.0),
            request(20, 20, 100.0),
        ),
        arrivals="open_loop",
    )
    limits = engine(prefix_caching=True, kv_cache_tokens=96, max_num_batched_tokens=64)
    result = simulate(workload, _STEPS, limits)
    assert result.preemptions == 0
    # With room for 5 it is not: the prefix goes too, and then the younger one.
    tight = engine(prefix_caching=True, kv_cache_tokens=80, max_num_batched_tokens=64)
    late = Workload(
        requests=(*workload.requests, _shared(0, 400.0, tokens=16, prompt=20)),
        arrivals="open_loop",
    )
    result = simulate(late, _STEPS, tight)
    assert result.preemptions == 1
    assert result.cached_tokens == 0


def test_a_warm_engine_finds_the_prefix_of_the_first_request_already() -> None:
    workload = Workload(requests=(_shared(0, 0.0), _shared(1, 100.0)), arrivals="open_loop")
    warm = replace(engine(prefix_caching=True), warm_prefixes=True)
    assert simulate(workload, _STEPS, warm).cached_tokens == 2 * 32


def test_warm_prefixes_fill_half_of_the_cache_at_most() -> None:
    # 160 tokens: half is 80, two prefixes of 32; the third and fourth are computed when they come.
    workload = Workload(
        requests=tuple(_shared(n, 100.0 * n) for n in range(4)), arrivals="open_loop"
    )
    limits = replace(engine(prefix_caching=True, kv_cache_tokens=160), warm_prefixes=True)
    assert simulate(workload, _STEPS, limits).cached_tokens == 2 * 32
