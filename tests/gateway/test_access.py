"""Who may use the gateway: keys, the authorizer in front, the switch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from stacks.gateway_lambda import authorizer
from stacks.gateway_lambda.keys import Keys, bearer_token
from tests.gateway.support import KEY, Bench, FakeProvider, ask, chat

_ARN = "arn:aws:execute-api:us-east-1:123456789012:abc/live/POST/v1/chat/completions"


@pytest.mark.parametrize("key", [None, "", "sk-wrong", KEY + "x"])
def test_a_bad_key_is_refused_before_anything_is_spent(
    bench: Bench, provider: FakeProvider, key: str | None
) -> None:
    got = bench.post(chat(), key=key)
    assert (got.status, got.error["code"], provider.seen) == (401, "invalid_api_key", [])
    assert bench.lines == []


@pytest.mark.parametrize("scheme", ["Basic", "bearer", "BEARER"])
def test_only_bearer_is_a_scheme(bench: Bench, provider: FakeProvider, scheme: str) -> None:
    headers = {"authorization": f"{scheme} {KEY}"}
    got = ask(bench.port, "GET", "/v1/models", None, headers)
    assert got.status == (401 if scheme == "Basic" else 200)


def test_a_revoked_key_is_refused_at_once(bench: Bench, provider: FakeProvider) -> None:
    assert bench.post(chat()).status == 200
    bench.add_key(KEY, state="revoked")
    assert bench.post(chat()).status == 401


def test_an_expired_key_is_refused_before_it_is_deleted(
    bench: Bench, provider: FakeProvider
) -> None:
    bench.add_key(KEY, expires_at=int(bench.clock_s) + 10)
    assert bench.post(chat()).status == 200
    bench.clock_s += 11
    assert bench.post(chat()).status == 401


def test_the_table_holds_no_key(bench: Bench) -> None:
    assert KEY not in str(bench.dynamodb.scan(TableName=bench.keys_table)["Items"])


def test_a_closed_switch_refuses_within_a_minute(bench: Bench, provider: FakeProvider) -> None:
    assert bench.post(chat()).status == 200
    bench.ssm.put_parameter(Name=bench.environment.switch_parameter, Value="closed", Overwrite=True)
    bench.clock_s += 61
    got = bench.post(chat())
    assert (got.status, got.error["code"], len(provider.seen)) == (503, "gateway_closed", 1)
    assert got.headers["x-should-retry"] == "false"
    assert bench.lines[-1]["BlockedBy"] == "switch"


def test_while_parameters_cannot_be_read_the_last_ones_hold(
    bench: Bench, provider: FakeProvider
) -> None:
    assert bench.post(chat()).status == 200
    bench.ssm.delete_parameter(Name=bench.environment.rules_parameter)
    bench.clock_s += 61
    assert bench.post(chat()).status == 200


def test_bearer_tokens_are_trimmed() -> None:
    assert bearer_token("  Bearer   sk-1 ") == "sk-1"
    assert bearer_token("Bearer") is None


@pytest.fixture
def authorizing(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    """The authorizer over the bench's keys."""
    keys = Keys(bench.dynamodb, bench.keys_table, lambda: bench.clock_s)
    monkeypatch.setattr(authorizer, "_keys", lambda: keys)
    yield bench


def _event(authorization: str | None) -> dict[str, Any]:
    headers = None if authorization is None else {"Authorization": authorization}
    return {"type": "REQUEST", "methodArn": _ARN, "headers": headers}


def test_the_authorizer_lets_a_key_use_every_method_of_the_stage(authorizing: Bench) -> None:
    found = authorizer.handler(_event(f"Bearer {KEY}"), None)
    # Its answer is kept for the key: were it for one method, the next would be denied.
    assert found == {
        "principalId": "key_1",
        "policyDocument": {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Action": "execute-api:Invoke",
                    "Effect": "Allow",
                    "Resource": "arn:aws:execute-api:us-east-1:123456789012:abc/live/*",
                }
            ],
        },
        "context": {"keyId": "key_1", "tenant": "team-a"},
    }


@pytest.mark.parametrize("authorization", [None, "Bearer sk-wrong", "Basic x"])
def test_the_authorizer_answers_strangers_with_the_word_for_401(
    authorizing: Bench, authorization: str | None
) -> None:
    with pytest.raises(Exception, match=r"^Unauthorized$"):
        authorizer.handler(_event(authorization), None)
