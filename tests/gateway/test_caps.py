"""The hard cap: what is reserved, refused, settled, under many callers at once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from stacks.gateway_lambda.caps import CapReached, Counters
from stacks.gateway_lambda.rules import Caps
from tests.gateway.support import (
    Bench,
    FakeProvider,
    Got,
    Whole,
    aws_client,
    chat,
    completion,
    make_table,
)

# JSON of chat(): {"model":"large","messages":[{"role":"user","content":"hi"}]}
_BODY_BYTES = 61
# At $1 and $2 per 1M tokens: a byte is at most a token; 100 output tokens.
_MOST = _BODY_BYTES * 1 + 100 * 2


def _capped(month: int, day: int | None = None) -> dict[str, Any]:
    return {"caps": {"month_microusd": month, "day_microusd": day}}


def test_a_request_is_charged_what_it_cost(bench: Bench, provider: FakeProvider) -> None:
    # 6 fresh at $1, 4 cached at $0.5, 5 output at $2 per 1M: 6 + 2 + 10 micro-dollars.
    provider.default = completion(prompt=10, output=5, cached=4)
    bench.post(chat())
    assert bench.counter() == {"committed": 18, "unsettled": 0}
    assert bench.counter("key#key_1") == {"committed": 18, "unsettled": 0}


def test_a_part_of_a_micro_dollar_is_charged_as_a_whole_one(
    bench: Bench, provider: FakeProvider
) -> None:
    # 10 cached at $0.5 per 1M is 5; 1 cached is a half.
    provider.default = completion(prompt=1, output=0, cached=1)
    bench.post(chat())
    assert bench.counter()["committed"] == 1
    assert bench.lines[0]["SpendUSD"] == 5e-7


def test_a_request_that_could_pass_the_cap_is_refused_for_good(
    bench_with: Callable[..., Bench], provider: FakeProvider
) -> None:
    bench = bench_with(_capped(_MOST - 1))
    got = bench.post(chat())
    assert (got.status, got.error["code"]) == (429, "spend_cap_reached")
    assert got.error["type"] == "insufficient_quota"
    assert got.headers["x-should-retry"] == "false"
    assert 0 < int(got.headers["retry-after"]) <= 86400
    assert provider.seen == []
    assert bench.lines[0]["Blocked"] == 1
    assert bench.lines[0]["Requests"] == 0


def test_a_request_that_just_fits_is_forwarded(
    bench_with: Callable[..., Bench], provider: FakeProvider
) -> None:
    assert bench_with(_capped(_MOST)).post(chat()).status == 200


def test_the_cap_counts_the_dearest_route_that_may_answer(
    bench_with: Callable[..., Bench], provider: FakeProvider
) -> None:
    cheap = {"name": "m", "provider": "acme", "model": "a", "in": "0", "out": "0"}
    dear = {"name": "m", "provider": "acme", "model": "b", "in": "1", "out": "2"}
    bench = bench_with({"routes": [cheap, dear], **_capped(100)})
    assert bench.post(chat("m")).status == 429


def test_several_answers_reserve_as_many_times_the_output(
    bench_with: Callable[..., Bench], provider: FakeProvider
) -> None:
    # One answer fits, two do not.
    bench = bench_with(_capped(_MOST + 50))
    assert bench.post(chat(n=2)).status == 429
    assert bench.post(chat()).status == 200


def test_a_day_cap_holds_where_the_month_has_room(
    bench_with: Callable[..., Bench], provider: FakeProvider
) -> None:
    bench = bench_with(_capped(1_000_000, day=_MOST))
    assert [bench.post(chat()).status for _ in range(2)] == [200, 429]


def test_a_new_day_has_room_again(bench_with: Callable[..., Bench], provider: FakeProvider) -> None:
    bench = bench_with(_capped(1_000_000, day=_MOST))
    # The middle of a month, so that tomorrow is in it.
    bench.clock_s = 1_797_336_000.0
    statuses = [bench.post(chat()).status, bench.post(chat()).status]
    bench.clock_s += 86400
    assert [*statuses, bench.post(chat()).status] == [200, 429, 200]


def test_a_new_month_has_room_again(
    bench_with: Callable[..., Bench], provider: FakeProvider
) -> None:
    bench = bench_with(_capped(_MOST))
    statuses = [bench.post(chat()).status, bench.post(chat()).status]
    bench.clock_s += 32 * 86400
    assert [*statuses, bench.post(chat()).status] == [200, 429, 200]


def test_a_key_has_its_own_cap_and_gives_back_what_it_held(
    bench_with: Callable[..., Bench], provider: FakeProvider
) -> None:
    bench = bench_with(cap_month_microusd=_MOST - 1)
    bench.add_key("sk-other", key_id="key_2", tenant="team-b")
    got = bench.post(chat())
    assert (got.status, got.error["message"].startswith("the spend cap of this key")) == (429, True)
    assert bench.lines[0]["BlockedBy"] == "key"
    assert bench.post(chat(), key="sk-other").status == 200


def test_when_the_stack_refuses_the_key_gets_its_reservation_back(
    bench_with: Callable[..., Bench], provider: FakeProvider
) -> None:
    bench = bench_with(_capped(_MOST - 1))
    bench.post(chat())
    assert bench.counter("key#key_1") == {"committed": 0, "unsettled": 0}


@pytest.mark.parametrize(("callers", "shards"), [(200, 1), (40, 4)])
def test_the_cap_holds_under_many_callers_at_once(
    bench_with: Callable[..., Bench], provider: FakeProvider, callers: int, shards: int
) -> None:
    # Room for a fifth of the requests at their most; each really costs 20.
    cap = callers // 5 * _MOST
    bench = bench_with({"caps": {"month_microusd": cap, "shards": shards}})
    provider.default = completion(prompt=10, output=5)
    start = threading.Barrier(callers)

    def call(_: int) -> Got:
        start.wait()
        return bench.post(chat())

    with ThreadPoolExecutor(callers) as pool:
        got = list(pool.map(call, range(callers)))
    answered = [each for each in got if each.status == 200]
    assert {each.status for each in got} == {200, 429}
    assert len(provider.seen) == len(answered)
    # Never more than the cap, even at the most each one could have cost.
    assert len(answered) * 20 <= cap
    assert bench.counter() == {"committed": 20 * len(answered), "unsettled": 0}
    assert bench.counter("key#key_1") == {"committed": 20 * len(answered), "unsettled": 0}


def test_no_more_requests_are_under_way_than_the_cap_has_room_for(
    bench_with: Callable[..., Bench], provider: FakeProvider
) -> None:
    # Requests that cost all they may: exactly 10 fit, whoever comes first.
    bench = bench_with(_capped(10 * _MOST))
    provider.default = completion(prompt=_BODY_BYTES, output=100)
    with ThreadPoolExecutor(40) as callers:
        got = list(callers.map(lambda _: bench.post(chat()), range(40)))
    assert sum(each.status == 200 for each in got) == 10
    assert bench.counter()["committed"] == 10 * _MOST


def test_without_its_tables_the_gateway_forwards_nothing(
    bench: Bench, provider: FakeProvider
) -> None:
    bench.dynamodb.delete_table(TableName=bench.counters_table)
    got = bench.post(chat())
    assert (got.status, provider.seen) == (503, [])
    assert got.headers["x-should-retry"] == "false"


def test_what_is_reserved_and_not_yet_settled_is_told(
    bench: Bench, provider: FakeProvider, account: str
) -> None:
    # A reservation that a crash left behind.
    lost = Counters(aws_client(account)("dynamodb"), bench.counters_table, lambda: bench.clock_s)
    lost.reserve("stack", Caps(month_microusd=10**9), 500)
    bench.post(chat())
    assert bench.lines[0]["UnsettledUSD"] == 0.0005


class _Throttled:
    """A table that refuses the first write."""

    def __init__(self, dynamodb: Any, code: str) -> None:
        self._dynamodb = dynamodb
        self._code = code
        self.calls = 0

    def update_item(self, **request: Any) -> Any:
        from botocore.exceptions import ClientError

        self.calls += 1
        if self.calls == 1:
            raise ClientError({"Error": {"Code": self._code, "Message": ""}}, "UpdateItem")
        return self._dynamodb.update_item(**request)


@pytest.fixture
def table(account: str) -> Iterator[tuple[Any, str]]:
    """A counters table of its own."""
    dynamodb, name = aws_client(account)("dynamodb"), f"counters-{time.monotonic_ns()}"
    make_table(dynamodb, name, "pk")
    yield dynamodb, name


def test_a_throttled_write_is_made_again(table: tuple[Any, str]) -> None:
    dynamodb, name = table
    throttled = _Throttled(dynamodb, "ProvisionedThroughputExceededException")
    Counters(throttled, name, time.time).reserve("stack", Caps(month_microusd=10), 10)
    assert throttled.calls == 2


def test_a_write_that_may_have_happened_is_not_made_again(table: tuple[Any, str]) -> None:
    # Settling twice would give back more than was held.
    dynamodb, name = table
    failing = _Throttled(dynamodb, "InternalServerError")
    with pytest.raises(Exception, match="InternalServerError"):
        Counters(failing, name, time.time).reserve("stack", Caps(month_microusd=10), 10)
    assert failing.calls == 1


def test_the_shards_together_hold_the_cap_and_no_more(table: tuple[Any, str]) -> None:
    dynamodb, name = table
    counters = Counters(dynamodb, name, time.time)
    caps = Caps(month_microusd=40, shards=4)
    for _ in range(4):
        counters.reserve("stack", caps, 10)
    with pytest.raises(CapReached):
        counters.reserve("stack", caps, 1)


def test_places_on_the_own_gpus_are_taken_and_given_back(table: tuple[Any, str]) -> None:
    dynamodb, name = table
    counters = Counters(dynamodb, name, lambda: 1_797_336_000.0)
    taken = [counters.enter("selfhost", 2) for _ in range(3)]
    assert taken[2] is None
    assert taken[0] is not None
    counters.leave(taken[0])
    assert counters.enter("selfhost", 2) is not None


def test_places_may_be_counted_in_parts(table: tuple[Any, str]) -> None:
    dynamodb, name = table
    counters = Counters(dynamodb, name, lambda: 1_797_336_000.0)
    # Two in one part and one in the other, whichever is asked.
    taken = [counters.enter("selfhost", 3, shards=2) for _ in range(30)]
    assert len([place for place in taken if place is not None]) == 3


def test_an_answer_that_costs_more_than_was_held_is_charged_in_full(
    bench: Bench, provider: FakeProvider
) -> None:
    provider.default = Whole(body=completion(prompt=10_000, output=0).body)
    bench.post(chat())
    assert bench.counter()["committed"] == 10_000
