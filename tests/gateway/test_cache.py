"""The exact-match cache: the same request, of the same tenant, at temperature 0."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.gateway.support import (
    DONE,
    TEXT,
    Bench,
    FakeProvider,
    Stream,
    Whole,
    chat,
    usage_chunk,
)

_COLD: dict[str, Any] = {"temperature": 0}


@pytest.fixture
def caching(bench_with: Callable[..., Bench]) -> Bench:
    """A gateway that keeps answers for a minute."""
    return bench_with({"exact_cache_ttl_s": 60})


@pytest.mark.parametrize("stream", [False, True])
def test_a_repeated_request_costs_nothing_and_gets_the_same_bytes(
    caching: Bench, provider: FakeProvider, stream: bool
) -> None:
    if stream:
        provider.default = Stream(pieces=(*TEXT, usage_chunk(), DONE))
    first = caching.post(chat(**_COLD, stream=stream))
    second = caching.post(chat(**_COLD, stream=stream))
    assert len(provider.seen) == 1
    assert second.body == first.body
    assert second.headers["content-type"] == first.headers["content-type"]
    assert second.headers["x-llm-planner-cache"] == "hit"
    assert [line["CacheHits"] for line in caching.lines] == [0, 1]
    assert [line["Requests"] for line in caching.lines] == [1, 1]
    assert caching.lines[1]["SpendUSD"] == 0


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"temperature": 0.1}, {"temperature": 0.1}),
        ({}, {}),
        (_COLD, {**_COLD, "seed": 1}),
        (_COLD, {**_COLD, "stream": True}),
        ({**_COLD, "n": 2}, {**_COLD, "n": 2}),
    ],
)
def test_anything_else_is_asked_again(
    caching: Bench, provider: FakeProvider, first: dict[str, Any], second: dict[str, Any]
) -> None:
    caching.post(chat(**first))
    caching.post(chat(**second))
    assert len(provider.seen) == 2


def test_tenants_do_not_see_each_others_answers(caching: Bench, provider: FakeProvider) -> None:
    caching.add_key("sk-b", key_id="key_2", tenant="team-b")
    caching.post(chat(**_COLD))
    caching.post(chat(**_COLD), key="sk-b")
    assert len(provider.seen) == 2


def test_an_expired_answer_is_not_given_though_it_is_still_there(
    caching: Bench, provider: FakeProvider
) -> None:
    caching.post(chat(**_COLD))
    caching.clock_s += 61
    caching.post(chat(**_COLD))
    assert len(provider.seen) == 2


def test_a_client_can_ask_for_a_fresh_answer(caching: Bench, provider: FakeProvider) -> None:
    for _ in range(2):
        caching.post(chat(**_COLD), headers={"cache-control": "no-cache"})
    assert len(provider.seen) == 2


@pytest.mark.parametrize(
    "broken",
    [
        Stream(pieces=TEXT[:2], cut=True),
        Stream(pieces=(*TEXT, b'data: {"error":{"message":"x"}}\n\n', DONE)),
    ],
)
def test_a_broken_answer_is_not_kept(
    caching: Bench, provider: FakeProvider, broken: Stream
) -> None:
    provider.default = broken
    for _ in range(2):
        caching.post(chat(**_COLD, stream=True))
    assert len(provider.seen) == 2


def test_an_error_is_not_kept(caching: Bench, provider: FakeProvider) -> None:
    provider.script = [Whole(status=400, body=b"{}")]
    assert [caching.post(chat(**_COLD)).status for _ in range(2)] == [400, 200]


def test_without_a_time_to_live_nothing_is_kept(bench: Bench, provider: FakeProvider) -> None:
    for _ in range(2):
        bench.post(chat(**_COLD))
    assert len(provider.seen) == 2
