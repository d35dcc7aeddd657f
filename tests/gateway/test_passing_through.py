"""What reaches the client and the provider when nothing goes wrong."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from tests.gateway.support import (
    DONE,
    KEY,
    PROVIDER_KEY,
    TEXT,
    Bench,
    FakeProvider,
    Stream,
    Whole,
    ask,
    chat,
    completion,
    usage_chunk,
)

_ASKING = {"stream": True, "stream_options": {"include_usage": True}}


def test_an_answer_in_one_piece_is_passed_on_byte_for_byte(
    bench: Bench, provider: FakeProvider
) -> None:
    # Spaces and key order as no JSON library would write them.
    body = b'{ "usage":{"completion_tokens":5 ,"prompt_tokens":10},"choices": []}\n'
    provider.default = Whole(body=body, headers={"x-request-id": "r-1"})
    got = bench.post(chat())
    assert (got.status, got.body, got.headers["x-request-id"]) == (200, body, "r-1")


def test_a_stream_whose_usage_the_client_asked_for_is_passed_on_byte_for_byte(
    bench: Bench, provider: FakeProvider
) -> None:
    pieces = (*TEXT, usage_chunk(), DONE)
    provider.default = Stream(pieces=pieces)
    got = bench.post(chat(**_ASKING))
    assert got.body == b"".join(pieces)
    assert got.headers["content-type"] == "text/event-stream"


def test_only_the_usage_chunk_is_left_out_when_the_client_did_not_ask(
    bench: Bench, provider: FakeProvider
) -> None:
    provider.default = Stream(pieces=(*TEXT, usage_chunk(), DONE))
    got = bench.post(chat(stream=True))
    assert got.body == b"".join(TEXT) + DONE
    assert provider.seen[0].body["stream_options"] == {"include_usage": True}


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_events_survive_any_cut_of_the_network(
    bench: Bench, provider: FakeProvider, size: int
) -> None:
    whole = b": comment\r\n\r\n" + b"".join(TEXT) + usage_chunk() + b"event: x\ndata: y\n\n" + DONE
    pieces = tuple(whole[at : at + size] for at in range(0, len(whole), size))
    provider.default = Stream(pieces=pieces)
    got = bench.post(chat(stream=True))
    assert got.body == whole.replace(usage_chunk(), b"")


def test_events_may_end_in_carriage_returns(bench: Bench, provider: FakeProvider) -> None:
    pieces = tuple(piece.replace(b"\n\n", b"\r\n\r\n") for piece in (*TEXT, usage_chunk(), DONE))
    provider.default = Stream(pieces=pieces)
    got = bench.post(chat(stream=True))
    assert got.body == b"".join((*pieces[:3], pieces[4]))


def test_usage_on_a_chunk_that_also_has_text_stays(bench: Bench, provider: FakeProvider) -> None:
    # Mistral's way: usage unasked, on the last chunk with a choice.
    last = json.dumps(
        {
            "choices": [{"delta": {"content": "o"}, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 3, "completion_tokens": 2},
        }
    )
    pieces = (TEXT[0], f"data: {last}\n\n".encode(), DONE)
    provider.default = Stream(pieces=pieces)
    got = bench.post(chat(stream=True))
    assert got.body == b"".join(pieces)
    assert bench.lines[0]["InputTokens"] == 3


def test_the_first_event_arrives_before_the_last_is_made(
    bench: Bench, provider: FakeProvider
) -> None:
    import http.client

    provider.default = Stream(pieces=(*TEXT, DONE), gap_s=0.2)
    connection = http.client.HTTPConnection("127.0.0.1", bench.port, timeout=10)
    body = json.dumps(chat(stream=True))
    connection.request("POST", "/v1/chat/completions", body, {"authorization": f"Bearer {KEY}"})
    answer = connection.getresponse()
    assert answer.read1(65536) == TEXT[0]
    answer.read()
    connection.close()


def test_the_provider_gets_its_own_key_the_routes_model_and_a_bound(
    bench: Bench, provider: FakeProvider
) -> None:
    bench.post(chat(top_p=0.5))
    seen = provider.seen[0]
    assert seen.path == "/v1/chat/completions"
    assert seen.headers["authorization"] == f"Bearer {PROVIDER_KEY}"
    assert seen.body == {
        "model": "acme-large",
        "messages": [{"role": "user", "content": "hi"}],
        "top_p": 0.5,
        "max_tokens": 100,
    }


@pytest.mark.parametrize(
    ("provider_id", "field", "asks"),
    [("openai", "max_completion_tokens", True), ("mistral", "max_tokens", False)],
)
def test_each_provider_is_asked_in_its_own_dialect(
    bench_with: Callable[..., Bench],
    provider: FakeProvider,
    provider_id: str,
    field: str,
    asks: bool,
) -> None:
    route = {"name": "m", "provider": provider_id, "model": "m", "in": "1", "out": "1"}
    bench = bench_with({"providers": {provider_id: provider.url}, "routes": [route]})
    provider.default = Stream(pieces=(*TEXT, DONE))
    bench.post(chat("m", stream=True, max_tokens=7, stream_options={"include_usage": True}))
    sent = provider.seen[0].body
    assert sent[field] == 7
    assert [name for name in sent if name.startswith("max_")] == [field]
    assert ("stream_options" in sent) == asks


def test_the_clients_own_mistake_is_answered_in_the_providers_words(
    bench: Bench, provider: FakeProvider
) -> None:
    body = b'{"error":{"message":"bad temperature"}}'
    provider.default = Whole(status=400, body=body)
    got = bench.post(chat(temperature=9))
    assert (got.status, got.body, len(provider.seen)) == (400, body, 1)
    assert bench.counter() == {"committed": 0, "unsettled": 0}


def test_completions_and_embeddings_go_to_their_own_paths(
    bench: Bench, provider: FakeProvider
) -> None:
    provider.default = completion()
    bench.post({"model": "large", "prompt": "hi"}, path="/v1/completions")
    bench.post({"model": "large", "input": "hi"}, path="/v1/embeddings")
    assert [seen.path for seen in provider.seen] == ["/v1/completions", "/v1/embeddings"]
    assert "max_tokens" not in provider.seen[1].body


def test_models_are_those_of_the_rules(bench: Bench) -> None:
    got = ask(bench.port, "GET", "/v1/models", None, {"authorization": f"Bearer {KEY}"})
    assert [row["id"] for row in json.loads(got.body)["data"]] == ["auto", "large"]


@pytest.mark.parametrize(
    ("body", "word"),
    [
        (b"{", "JSON"),
        (b"[]", "object"),
        (b'{"messages":[]}', "model"),
        (b'{"model":"large","max_tokens":101}', "at most 100"),
        (b'{"model":"large","max_tokens":0}', "at least 1"),
        (b'{"model":"large","n":"2"}', "`n`"),
        # Dearer than what is metered, so that the cap would not hold.
        (b'{"model":"large","service_tier":"priority"}', "service_tier"),
    ],
)
def test_requests_that_nobody_could_answer_never_reach_the_provider(
    bench: Bench, provider: FakeProvider, body: bytes, word: str
) -> None:
    headers = {"authorization": f"Bearer {KEY}"}
    got = ask(bench.port, "POST", "/v1/chat/completions", body, headers)
    assert got.status == 400
    assert word in got.error["message"]
    assert provider.seen == []


def test_an_unknown_path_is_404(bench: Bench, provider: FakeProvider) -> None:
    got = bench.post(chat(), path="/v1/files")
    assert (got.status, got.error["code"], provider.seen) == (404, "not_found", [])


def test_a_body_larger_than_lambda_takes_is_refused_unread(bench: Bench) -> None:
    headers = {"authorization": f"Bearer {KEY}", "content-length": str(7 * 1024 * 1024)}
    got = ask(bench.port, "POST", "/v1/chat/completions", None, headers)
    assert (got.status, got.error["type"]) == (413, "invalid_request_error")


def test_health_needs_no_key(bench: Bench) -> None:
    assert ask(bench.port, "GET", "/health", None, {}).body == b"ok"
