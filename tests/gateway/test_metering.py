"""What is metered equals the provider's usage to the token, and the metric line's exact form."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stacks.gateway_lambda.metrics import METRICS, Metering, metric_line
from stacks.gateway_lambda.rules import Route
from stacks.gateway_lambda.stream import StreamTap
from stacks.gateway_lambda.usage import Usage, cost_usd, microusd, most_cost_microusd, usage_of
from tests.gateway.support import (
    DONE,
    TEXT,
    Bench,
    FakeProvider,
    Stream,
    Whole,
    chat,
    chunk,
    completion,
    usage_chunk,
)

_TOKENS = st.integers(min_value=0, max_value=2_000_000)
_PRICES = st.decimals(min_value=0, max_value=200, places=4)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(("prompt", "output", "cached"), [(10, 5, 0), (12_345, 678, 12_000)])
def test_tokens_are_the_providers(
    bench: Bench, provider: FakeProvider, stream: bool, prompt: int, output: int, cached: int
) -> None:
    numbers = (prompt, output, cached)
    provider.default = (
        Stream(pieces=(*TEXT, usage_chunk(*numbers), DONE)) if stream else completion(*numbers)
    )
    bench.post(chat(stream=stream))
    line = bench.lines[0]
    found = (line["InputTokens"], line["OutputTokens"], line["CachedTokens"])
    assert found == numbers
    # $1, $2 and $0.50 per 1M.
    cost = (prompt - cached) * 1 + output * 2 + cached * 0.5
    assert line["SpendUSD"] == cost / 1_000_000
    assert (line["Requests"], line["Estimated"]) == (1, 0)


def test_the_sum_over_many_requests_is_exact(bench: Bench, provider: FakeProvider) -> None:
    sizes = [(17 * n, 3 * n + 1) for n in range(1, 21)]
    provider.script = [completion(*size) for size in sizes]
    for _ in sizes:
        bench.post(chat())
    assert sum(line["InputTokens"] for line in bench.lines) == sum(size[0] for size in sizes)
    assert sum(line["OutputTokens"] for line in bench.lines) == sum(size[1] for size in sizes)
    assert bench.counter()["committed"] == sum(prompt + 2 * out for prompt, out in sizes)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        # Reasoning tokens only in the total, as xAI counts: 40 - 10 are billed as output.
        (
            {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 40},
            Usage(input_tokens=10, output_tokens=30),
        ),
        # DeepSeek's name for cached input.
        (
            {"prompt_tokens": 10, "completion_tokens": 5, "prompt_cache_hit_tokens": 8},
            Usage(input_tokens=10, cached_tokens=8, output_tokens=5),
        ),
        # More cached than input is nobody's real count.
        (
            {"prompt_tokens": 3, "prompt_tokens_details": {"cached_tokens": 9}},
            Usage(input_tokens=3, cached_tokens=3),
        ),
        # Embeddings have no output.
        ({"prompt_tokens": 8, "total_tokens": 8}, Usage(input_tokens=8)),
        ({"prompt_tokens": None, "prompt_tokens_details": None}, Usage()),
    ],
)
def test_every_providers_usage_is_read(found: dict[str, object], expected: Usage) -> None:
    assert usage_of(found) == expected


def test_a_stream_without_usage_is_estimated_and_says_so(
    bench: Bench, provider: FakeProvider
) -> None:
    # One event of 40 bytes: 10 tokens by size, which is more than one by events.
    provider.default = Stream(pieces=(chunk("x" * 40), chunk(finish="stop"), DONE))
    bench.post(chat(stream=True))
    assert (bench.lines[0]["OutputTokens"], bench.lines[0]["Estimated"]) == (10, 1)


def test_an_answer_without_usage_is_estimated_and_says_so(
    bench: Bench, provider: FakeProvider
) -> None:
    provider.default = Whole(body=b'{"choices":[]}      ')
    bench.post(chat())
    assert (bench.lines[0]["OutputTokens"], bench.lines[0]["Estimated"]) == (5, 1)


def test_tool_calls_and_reasoning_count_as_output_where_usage_is_missing() -> None:
    tap = StreamTap(hide_usage=True)
    call = [{"index": 0, "function": {"arguments": "12345678"}}]
    for delta in ({"tool_calls": call}, {"reasoning_content": "x" * 400}):
        row = {"choices": [{"delta": {"role": "assistant", **delta}}]}
        tap.feed(b"data: " + json.dumps(row).encode() + b"\n\n")
    # 400 bytes of reasoning and the call as JSON, at 4 bytes a token.
    size = 400 + len(json.dumps(call))
    assert tap.estimate(7).output_tokens == -(-size // 4)


def test_the_keys_own_metrics_are_a_third_set(
    bench_with: Callable[..., Bench], provider: FakeProvider
) -> None:
    bench = bench_with()
    bench.add_key("sk-own", key_id="key_2", tenant="team-b", own_metrics=True)
    bench.post(chat(), key="sk-own")
    directive = bench.lines[0]["_aws"]["CloudWatchMetrics"][0]
    assert directive["Dimensions"] == [["Stack"], ["Stack", "Model"], ["Stack", "Tenant"]]
    assert bench.lines[0]["Tenant"] == "team-b"


def test_nobody_elses_tenant_is_a_dimension(bench: Bench, provider: FakeProvider) -> None:
    bench.post(chat())
    assert "Tenant" not in bench.lines[0]


def test_own_gpus_are_metered_by_stack_only(
    bench_with: Callable[..., Bench], provider: FakeProvider
) -> None:
    # Their models would be billed as 8 metrics more, and their engine has its own.
    own = {"name": "own", "provider": "selfhost", "model": "o", "in": "0", "out": "0"}
    bench = bench_with({"providers": {"selfhost": provider.url}, "routes": [own]})
    bench.post(chat("own"))
    assert bench.lines[0]["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == [["Stack"]]
    assert bench.lines[0]["InputTokens"] == 10


def test_prompts_and_keys_are_in_no_line(bench: Bench, provider: FakeProvider) -> None:
    bench.post(chat(messages=[{"role": "user", "content": "very private"}]))
    text = json.dumps(bench.lines)
    assert "private" not in text
    assert "sk-" not in text


def test_the_metric_line_is_exactly_this() -> None:
    metering = Metering(
        stack="prod",
        model="acme-large",
        spend_usd=Decimal("0.00123"),
        input_tokens=100,
        output_tokens=20,
        cached_tokens=50,
        requests=1,
        unsettled_usd=Decimal("0.5"),
        facts={"KeyId": "key_1", "Estimated": 0},
    )
    # CloudWatch user guide, embedded metric format specification: the structure; our names. No
    # other dimension, or alarms on [Stack] would have no data.
    assert metric_line(metering, 1_797_336_000_123) == (
        '{"_aws":{"Timestamp":1797336000123,"CloudWatchMetrics":[{"Namespace":"LlmPlanner",'
        '"Dimensions":[["Stack"],["Stack","Model"]],"Metrics":['
        '{"Name":"SpendUSD","Unit":"None"},{"Name":"InputTokens","Unit":"Count"},'
        '{"Name":"OutputTokens","Unit":"Count"},{"Name":"CachedTokens","Unit":"Count"},'
        '{"Name":"Requests","Unit":"Count"},{"Name":"CacheHits","Unit":"Count"},'
        '{"Name":"Blocked","Unit":"Count"},{"Name":"UnsettledUSD","Unit":"None"}]}]},'
        '"Stack":"prod","Model":"acme-large","SpendUSD":0.00123,"InputTokens":100,'
        '"OutputTokens":20,"CachedTokens":50,"Requests":1,"CacheHits":0,"Blocked":0,'
        '"UnsettledUSD":0.5,"KeyId":"key_1","Estimated":0}'
    )


def test_the_metrics_are_those_that_alarms_may_use() -> None:
    # The stacks' own list, read without the program's imports.
    from tests.stacks.program_path import metrics as listed

    gateway = {m for m in listed.METRICS if m.namespace == listed.GATEWAY_NAMESPACE}
    assert {m.name for m in gateway} == set(METRICS)
    assert {m.dimensions for m in gateway} == {("Stack",), ("Stack", "Model")}


def _route(price_in: Decimal, cached: Decimal, price_out: Decimal) -> Route:
    return Route(
        name="r",
        provider="p",
        model="m",
        usd_per_1m_input_tokens=price_in,
        usd_per_1m_cached_tokens=cached,
        usd_per_1m_output_tokens=price_out,
    )


@given(price_in=_PRICES, cached=_PRICES, out=_PRICES, tokens=_TOKENS, hits=_TOKENS, answer=_TOKENS)
def test_nothing_within_its_bounds_costs_more_than_was_held(
    price_in: Decimal, cached: Decimal, out: Decimal, tokens: int, hits: int, answer: int
) -> None:
    route = _route(price_in, cached, out)
    usage = Usage(input_tokens=tokens, cached_tokens=min(hits, tokens), output_tokens=answer)
    assert microusd(cost_usd(route, usage)) <= most_cost_microusd((route,), tokens, answer)


@given(pieces=st.lists(st.integers(min_value=1, max_value=40), max_size=30))
def test_a_stream_is_the_same_however_it_is_cut(pieces: list[int]) -> None:
    whole = b"".join(TEXT) + usage_chunk() + DONE
    tap = StreamTap(hide_usage=True)
    out, at = b"", 0
    for size in pieces:
        out += tap.feed(whole[at : at + size])
        at += size
    out += tap.feed(whole[at:]) + tap.rest()
    assert out == b"".join(TEXT) + DONE
    assert tap.usage == Usage(input_tokens=10, output_tokens=5)
    assert tap.done
