"""Providers that fail: what is retried, what is passed on, and that no storm comes of it."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from stacks.gateway_lambda.gateway import Request
from stacks.gateway_lambda.upstream import Timeouts
from tests.gateway.support import (
    DONE,
    KEY,
    TEXT,
    Bench,
    Drop,
    FakeProvider,
    Hang,
    Stream,
    Whole,
    chat,
    completion,
    usage_chunk,
)

_ERROR = b'{"error":{"message":"overloaded"}}'
_QUICK = Timeouts(connect_s=0.5, first_byte_s=0.3, next_byte_s=0.3, whole_s=0.3)


def _failing(status: int, **headers: str) -> Whole:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Whole(status=status, body=_ERROR, headers=named)


@pytest.mark.parametrize("failure", [_failing(500), _failing(503), _failing(529), Drop()])
def test_a_passing_failure_is_tried_once_more(
    bench: Bench, provider: FakeProvider, failure: Any
) -> None:
    provider.script = [failure]
    assert bench.post(chat()).status == 200
    assert len(provider.seen) == 2
    assert bench.counter() == {"committed": 20, "unsettled": 0}


def test_a_lasting_failure_is_passed_on_with_the_providers_words(
    bench: Bench, provider: FakeProvider
) -> None:
    provider.default = _failing(503)
    got = bench.post(chat())
    assert (got.status, got.body, len(provider.seen)) == (503, _ERROR, 2)
    # Our retry and an SDK's would multiply.
    assert got.headers["x-should-retry"] == "false"
    assert bench.counter() == {"committed": 0, "unsettled": 0}
    assert bench.lines[0]["Requests"] == 0


def test_a_rate_limit_that_asks_for_a_long_wait_is_passed_on_at_once(
    bench: Bench, provider: FakeProvider
) -> None:
    provider.default = _failing(429, retry_after="30", x_ratelimit_remaining_tokens="0")
    got = bench.post(chat())
    assert (got.status, len(provider.seen)) == (429, 1)
    assert got.headers["retry-after"] == "30"
    assert got.headers["x-ratelimit-remaining-tokens"] == "0"
    # The client should wait, and then come again.
    assert "x-should-retry" not in got.headers


def test_a_rate_limit_with_a_short_wait_is_waited_for(bench: Bench, provider: FakeProvider) -> None:
    provider.script = [_failing(429, retry_after="0.3")]
    began = time.monotonic()
    assert bench.post(chat()).status == 200
    assert time.monotonic() - began >= 0.3


def test_an_outage_does_not_become_a_storm(bench: Bench, provider: FakeProvider) -> None:
    provider.default = _failing(500)
    with ThreadPoolExecutor(20) as callers:
        list(callers.map(lambda _: bench.post(chat()), range(50)))
    # One saved up, and a fifth of a retry for each request.
    assert 50 < len(provider.seen) <= 50 + 1 + 10


def test_a_timeout_is_not_retried_since_it_may_be_billed(
    bench_with: Callable[..., Bench], provider: FakeProvider
) -> None:
    bench = bench_with(timeouts=_QUICK)
    provider.default = Hang(seconds=1)
    got = bench.post(chat())
    assert (got.status, got.error["code"], len(provider.seen)) == (504, "provider_timeout", 1)
    assert got.headers["x-should-retry"] == "false"
    # 61 bytes are about 16 tokens, at $1 per 1M.
    assert bench.counter() == {"committed": 16, "unsettled": 0}
    assert bench.lines[0]["Estimated"] == 1


def test_a_provider_that_cannot_be_reached_is_502(bench: Bench, provider: FakeProvider) -> None:
    provider.close()
    got = bench.post(chat())
    assert (got.status, got.error["code"]) == (502, "provider_unreachable")
    assert bench.counter() == {"committed": 0, "unsettled": 0}


def test_a_provider_that_refuses_our_key_does_not_look_like_the_clients_mistake(
    bench: Bench, provider: FakeProvider
) -> None:
    provider.default = _failing(401)
    got = bench.post(chat())
    assert (got.status, got.error["code"]) == (502, "provider_refused_gateway")
    assert len(provider.seen) == 1


def test_a_stream_that_closes_before_its_first_event_is_tried_again(
    bench: Bench, provider: FakeProvider
) -> None:
    provider.script = [Stream(pieces=(), cut=True)]
    provider.default = Stream(pieces=(*TEXT, usage_chunk(), DONE))
    got = bench.post(chat(stream=True))
    assert got.body == b"".join(TEXT) + DONE
    assert len(provider.seen) == 2


def test_a_stream_that_breaks_off_ends_with_an_error_and_is_charged_by_what_came(
    bench: Bench, provider: FakeProvider
) -> None:
    provider.default = Stream(pieces=TEXT[:2], cut=True)
    got = bench.post(chat(stream=True))
    assert got.body.startswith(b"".join(TEXT[:2]))
    tail = got.body.removeprefix(b"".join(TEXT[:2]))
    assert json.loads(tail.removeprefix(b"data: "))["error"]["code"] == "stream_broken"
    assert b"[DONE]" not in got.body
    assert len(provider.seen) == 1
    # "Hel" and "lo": two events. The request with stream and its limits is 76 bytes: 19 tokens.
    assert (bench.lines[0]["InputTokens"], bench.lines[0]["OutputTokens"]) == (19, 2)
    assert bench.lines[0]["Estimated"] == 1
    assert bench.counter() == {"committed": 19 + 4, "unsettled": 0}


def test_a_stream_that_falls_silent_is_ended(
    bench_with: Callable[..., Bench], provider: FakeProvider
) -> None:
    bench = bench_with(timeouts=_QUICK)
    provider.default = Stream(pieces=(*TEXT[:2], *TEXT[2:]), gap_s=1)
    got = bench.post(chat(stream=True))
    assert b"stream_broken" in got.body
    assert bench.counter()["unsettled"] == 0


def test_a_stream_without_an_end_mark_is_not_taken_for_a_whole_one(
    bench: Bench, provider: FakeProvider
) -> None:
    provider.default = Stream(pieces=TEXT[:2])
    assert b"stream_broken" in bench.post(chat(stream=True)).body


def test_an_answer_cut_in_half_is_502_and_not_sent_again(
    bench: Bench, provider: FakeProvider
) -> None:
    provider.default = Whole(body=completion().body, cut=20)
    got = bench.post(chat())
    assert (got.status, got.error["code"], len(provider.seen)) == (502, "answer_broken", 1)
    assert bench.counter()["unsettled"] == 0


def test_a_client_that_leaves_ends_the_generation_and_pays_for_what_it_got(
    bench: Bench, provider: FakeProvider
) -> None:
    provider.default = Stream(pieces=TEXT[:1] * 200, gap_s=0.02)
    connection = http.client.HTTPConnection("127.0.0.1", bench.port, timeout=10)
    body = json.dumps(chat(stream=True))
    connection.request("POST", "/v1/chat/completions", body, {"authorization": f"Bearer {KEY}"})
    answer = connection.getresponse()
    answer.read1(100)
    answer.close()
    connection.close()
    bench.wait_for_lines(1)
    assert provider.closed_by_client.wait(10)
    assert 1 <= bench.lines[0]["OutputTokens"] < 100
    assert bench.counter()["unsettled"] == 0


def test_a_client_that_leaves_before_the_first_byte_is_settled_too(
    bench: Bench, provider: FakeProvider
) -> None:
    provider.default = Stream(pieces=(*TEXT, DONE))
    headers = {"authorization": f"Bearer {KEY}"}
    body = json.dumps(chat(stream=True)).encode()
    request = Request(method="POST", path="/v1/chat/completions", headers=headers, body=body)
    reply = bench.gateway.answer(request)
    # What the server does when it cannot even write the headers.
    assert isinstance(reply.body, Generator)
    reply.body.close()
    assert bench.counter()["unsettled"] == 0
    assert len(bench.lines) == 1


def test_a_kept_connection_that_was_closed_meanwhile_is_replaced(
    bench: Bench, provider: FakeProvider
) -> None:
    bench.post(chat())
    # The drop on the kept connection is no failure yet: the one after it is, and is tried again.
    provider.script = [Drop(), _failing(500)]
    assert bench.post(chat()).status == 200
    assert len(provider.seen) == 4


def test_a_missing_provider_key_says_how_to_store_it(bench: Bench, provider: FakeProvider) -> None:
    manager = bench.client("secretsmanager")
    for arn in bench.environment.provider_secrets.values():
        manager.delete_secret(SecretId=arn, ForceDeleteWithoutRecovery=True)
    got = bench.post(chat())
    assert (got.status, got.error["code"]) == (503, "provider_key_missing")
    assert "put-secret-value" in got.error["message"]
    assert bench.counter() == {"committed": 0, "unsettled": 0}
