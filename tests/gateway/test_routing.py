"""Which route answers: complexity, names, fallback, the own GPUs and their overflow."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from stacks.gateway_lambda.asked import read_request
from stacks.gateway_lambda.refusals import Refusal
from stacks.gateway_lambda.routing import routes_for
from stacks.gateway_lambda.rules import Rules, parse_rules
from stacks.gateway_lambda.upstream import Timeouts
from tests.gateway.support import Bench, FakeProvider, Hang, Whole, chat, default_rules

_SMALL = {"name": "small", "provider": "acme", "model": "s", "in": "1", "out": "1"}
_LARGE = {"name": "large", "provider": "other", "model": "l", "in": "2", "out": "2"}
_OWN = {"name": "own", "provider": "selfhost", "model": "o", "in": "0", "out": "0"}


def _rules(*routes: dict[str, Any]) -> Rules:
    return parse_rules(json.dumps({**default_rules("http://x/v1"), "routes": list(routes)}))


def _names(model: str, rules: Rules, **fields: Any) -> list[str]:
    raw = json.dumps(chat(model, **fields)).encode()
    asked = read_request("/v1/chat/completions", raw, 100)
    return [route.name for route in routes_for(asked, rules)]


_BY_SIZE = _rules(_LARGE, {**_SMALL, "most_input_tokens": 100})


def test_auto_sends_a_short_request_to_the_small_model() -> None:
    assert _names("auto", _BY_SIZE) == ["small", "large"]


def test_auto_sends_a_long_request_to_the_large_model() -> None:
    long = [{"role": "user", "content": "word " * 200}]
    assert _names("auto", _BY_SIZE, messages=long) == ["large"]


def test_auto_sends_requests_with_tools_to_the_large_model() -> None:
    assert _names("auto", _BY_SIZE, tools=[{"type": "function"}]) == ["large"]


def test_the_same_request_is_routed_the_same_way_every_time() -> None:
    assert len({tuple(_names("auto", _BY_SIZE)) for _ in range(20)}) == 1


def test_where_every_route_has_a_limit_the_widest_takes_the_rest() -> None:
    rules = _rules({**_SMALL, "most_input_tokens": 10}, {**_LARGE, "most_input_tokens": 11})
    assert _names("auto", rules, tools=[{"type": "function"}]) == ["large"]


@pytest.mark.parametrize("asked", ["large", "l"])
def test_a_named_model_is_not_replaced_by_another(asked: str) -> None:
    assert _names(asked, _BY_SIZE) == ["large"]


def test_a_named_model_falls_back_on_its_other_provider() -> None:
    second = {**_LARGE, "provider": "third"}
    assert _names("large", _rules(_LARGE, second, _SMALL)) == ["large", "large"]


def test_the_own_gpus_overflow_to_the_api() -> None:
    assert _names("own", _rules(_OWN, _LARGE)) == ["own", "large"]


def test_auto_uses_the_own_gpus_before_any_api() -> None:
    rules = _rules(_LARGE, {**_SMALL, "most_input_tokens": 100}, _OWN)
    assert _names("auto", rules) == ["own", "small", "large"]


def test_an_unknown_model_is_refused_with_what_there_is() -> None:
    with pytest.raises(Refusal, match="auto, large, small") as refused:
        _names("gpt", _BY_SIZE)
    assert refused.value.status == 404


def test_media_make_a_request_larger_than_its_text() -> None:
    # A data URL is not text: only the allowance for one part counts.
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64," + "A" * 90_000}}
    message = {"role": "user", "content": [{"type": "text", "text": "what is it"}, image]}
    raw = json.dumps(chat(messages=[message])).encode()
    asked = read_request("/v1/chat/completions", raw, 100)
    assert 4096 < asked.input_bound < 4096 + 200


@pytest.fixture
def two(bench_with: Callable[..., Bench], provider: FakeProvider) -> Bench:
    """Two routes of one name, both at the same fake provider."""
    rules = {
        "providers": {"acme": provider.url, "other": provider.url},
        "routes": [{**_SMALL, "name": "m"}, {**_LARGE, "name": "m"}],
    }
    return bench_with(rules)


@pytest.mark.parametrize("status", [429, 500, 503, 401])
def test_a_failing_provider_is_replaced_at_once(
    two: Bench, provider: FakeProvider, status: int
) -> None:
    provider.script = [Whole(status=status, body=b"{}", headers={"retry-after": "60"})]
    got = two.post(chat("m"))
    assert (got.status, [seen.body["model"] for seen in provider.seen]) == (200, ["s", "l"])
    # Metered at the prices of the one that answered: 10 and 5 tokens at $2.
    assert (two.lines[0]["Model"], two.lines[0]["SpendUSD"]) == ("l", 3e-5)


def test_the_clients_mistake_is_not_sent_to_the_next_provider(
    two: Bench, provider: FakeProvider
) -> None:
    provider.script = [Whole(status=400, body=b"{}")]
    assert (two.post(chat("m")).status, len(provider.seen)) == (400, 1)


def _hybrid(provider: FakeProvider, **more: Any) -> dict[str, Any]:
    urls = {"selfhost": provider.url, "other": provider.url}
    return {"providers": urls, "routes": [_OWN, _LARGE], **more}


def test_a_full_engine_overflows_and_only_the_overflow_is_paid_by_the_token(
    bench_with: Callable[..., Bench], provider: FakeProvider
) -> None:
    bench = bench_with(_hybrid(provider))
    provider.script = [Whole(status=503, body=b"{}")]
    bench.post(chat("auto"))
    bench.post(chat("auto"))
    assert [seen.body["model"] for seen in provider.seen] == ["o", "l", "o"]
    assert [line["SpendUSD"] for line in bench.lines] == [3e-5, 0]


def test_requests_above_the_engines_places_overflow(
    bench_with: Callable[..., Bench], provider: FakeProvider
) -> None:
    bench = bench_with(_hybrid(provider, selfhost_in_flight=0))
    bench.post(chat("own"))
    assert [seen.body["model"] for seen in provider.seen] == ["l"]


def test_places_are_given_back_after_each_request(
    bench_with: Callable[..., Bench], provider: FakeProvider
) -> None:
    bench = bench_with(_hybrid(provider, selfhost_in_flight=1))
    for _ in range(3):
        bench.post(chat("own"))
    assert [seen.body["model"] for seen in provider.seen] == ["o", "o", "o"]


def test_a_failed_request_gives_its_place_back(
    bench_with: Callable[..., Bench], provider: FakeProvider
) -> None:
    bench = bench_with(_hybrid(provider, selfhost_in_flight=1))
    provider.script = [Whole(status=503, body=b"{}")]
    for _ in range(2):
        bench.post(chat("own"))
    assert [seen.body["model"] for seen in provider.seen] == ["o", "l", "o"]


def test_a_request_that_timed_out_is_not_sent_to_the_next_provider(
    bench_with: Callable[..., Bench], provider: FakeProvider
) -> None:
    quick = Timeouts(connect_s=1, first_byte_s=0.2, next_byte_s=0.2, whole_s=0.2)
    bench = bench_with(_hybrid(provider), timeouts=quick)
    provider.script = [Hang(seconds=0.5)]
    got = bench.post(chat("own"))
    assert (got.status, len(provider.seen)) == (504, 1)


def test_where_places_cannot_be_counted_the_own_gpus_answer(
    bench_with: Callable[..., Bench], provider: FakeProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> str:
        raise RuntimeError("throttled")

    monkeypatch.setattr("stacks.gateway_lambda.caps.Counters.enter", fail)
    bench = bench_with(_hybrid(provider, selfhost_in_flight=1))
    assert bench.post(chat("own")).status == 200
    assert [seen.body["model"] for seen in provider.seen] == ["o"]


def test_places_go_by_the_hour_of_the_week(
    bench_with: Callable[..., Bench], provider: FakeProvider
) -> None:
    # None in any hour but Monday 00:00 to 01:00, UTC.
    bench = bench_with(_hybrid(provider, selfhost_in_flight=[5] + [0] * 167))
    # 2026-11-23 is a Monday.
    bench.clock_s = 1_795_392_000.0 + 600
    bench.post(chat("own"))
    bench.clock_s += 3600
    bench.post(chat("own"))
    assert [seen.body["model"] for seen in provider.seen] == ["o", "l"]
