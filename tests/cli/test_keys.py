"""`planner keys` against a fake account, and the gateway function reading what it wrote."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from stacks.gateway_lambda.keys import Keys
from tests.support import CliResult

_TABLE = "prod-gateway-keys"
_CREATE = ("keys", "create", "--table", _TABLE, "--format", "json")


@pytest.fixture
def dynamodb() -> Iterator[Any]:
    """An account with an empty keys table."""
    with mock_aws():
        client = boto3.client("dynamodb", region_name="us-east-1")
        client.create_table(
            TableName=_TABLE,
            KeySchema=[{"AttributeName": "key_hash", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "key_hash", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        yield client


@pytest.fixture
def create(dynamodb: Any, run_cli: Callable[..., CliResult]) -> Callable[..., Any]:
    """Makes a key; its JSON."""

    def make(*options: str) -> Any:
        result = run_cli(*_CREATE, "--tenant", "search", "--cap-month-usd", "12.50", *options)
        assert result.code == 0, result.stderr
        return result.json()

    return make


def _found(dynamodb: Any, key: str, after_s: float = 0) -> Any:
    """The key as the gateway function finds it."""
    return Keys(dynamodb, _TABLE, lambda: time.time() + after_s).find(f"Bearer {key}")


def test_the_gateway_takes_a_created_key_with_its_tenant_and_caps(
    dynamodb: Any, create: Callable[..., Any]
) -> None:
    made = create("--cap-day-usd", "0.5", "--own-metrics")
    found = _found(dynamodb, made["key"])
    assert (found.key_id, found.tenant) == (made["key_id"], "search")
    assert (found.cap_month_microusd, found.cap_day_microusd) == (12_500_000, 500_000)
    assert found.own_metrics


def test_the_key_is_stored_nowhere(dynamodb: Any, create: Callable[..., Any]) -> None:
    key = create()["key"]
    assert key not in str(dynamodb.scan(TableName=_TABLE)["Items"])


def test_two_keys_are_different(create: Callable[..., Any]) -> None:
    assert create()["key"] != create()["key"]


def test_the_table_form_shows_the_key_once(
    dynamodb: Any, run_cli: Callable[..., CliResult]
) -> None:
    result = run_cli(
        *("keys", "create", "--table", _TABLE, "--tenant", "ci", "--cap-month-usd", "20")
    )
    assert result.stdout.startswith("sk-llmp-")
    assert "Shown this once" in result.stdout
    listed = run_cli("keys", "list", "--table", _TABLE)
    assert "ci" in listed.stdout
    assert "$20" in listed.stdout
    assert "sk-llmp-" not in listed.stdout


def test_a_key_can_end_by_itself(dynamodb: Any, create: Callable[..., Any]) -> None:
    key = create("--expires-in-days", "1")["key"]
    assert _found(dynamodb, key) is not None
    assert _found(dynamodb, key, after_s=86_401) is None


def test_list_goes_by_tenant(dynamodb: Any, run_cli: Callable[..., CliResult]) -> None:
    for tenant in ("web", "app"):
        run_cli(*_CREATE, "--tenant", tenant, "--cap-month-usd", "1")
    rows = run_cli("keys", "list", "--table", _TABLE, "--format", "json").json()["keys"]
    assert [row["tenant"] for row in rows] == ["app", "web"]
    assert {row["state"] for row in rows} == {"active"}


def test_after_a_rotation_both_keys_work_under_one_id_until_the_overlap_ends(
    dynamodb: Any, create: Callable[..., Any], run_cli: Callable[..., CliResult]
) -> None:
    old = create()
    new = run_cli(
        *("keys", "rotate", old["key_id"], "--table", _TABLE, "--overlap-hours", "1"),
        *("--format", "json"),
    ).json()
    assert new["key"] != old["key"]
    ids = {_found(dynamodb, each["key"]).key_id for each in (old, new)}
    assert ids == {old["key_id"]}
    assert _found(dynamodb, old["key"], after_s=3_601) is None
    assert _found(dynamodb, new["key"], after_s=3_601) is not None


def test_without_an_overlap_the_old_key_ends_at_once(
    dynamodb: Any, create: Callable[..., Any], run_cli: Callable[..., CliResult]
) -> None:
    old = create()
    run_cli("keys", "rotate", old["key_id"], "--table", _TABLE, "--overlap-hours", "0")
    assert _found(dynamodb, old["key"]) is None


def test_revoking_ends_every_key_of_an_id(
    dynamodb: Any, create: Callable[..., Any], run_cli: Callable[..., CliResult]
) -> None:
    old = create()
    new = run_cli("keys", "rotate", old["key_id"], "--table", _TABLE, "--format", "json").json()
    assert run_cli("keys", "revoke", old["key_id"], "--table", _TABLE).code == 0
    assert _found(dynamodb, old["key"]) is None
    assert _found(dynamodb, new["key"]) is None


def test_a_revoked_key_cannot_be_rotated(
    create: Callable[..., Any], run_cli: Callable[..., CliResult]
) -> None:
    key_id = create()["key_id"]
    run_cli("keys", "revoke", key_id, "--table", _TABLE)
    result = run_cli("keys", "rotate", key_id, "--table", _TABLE)
    assert result.code == 2
    assert "no active key" in result.stderr


def test_an_unknown_id_is_answered_with_a_near_one(
    create: Callable[..., Any], run_cli: Callable[..., CliResult]
) -> None:
    key_id = create()["key_id"]
    result = run_cli("keys", "revoke", key_id[:-1], "--table", _TABLE)
    assert result.code == 2
    assert f"did you mean `{key_id}`" in result.stderr


def test_an_unknown_table_says_where_its_name_is(
    dynamodb: Any, run_cli: Callable[..., CliResult]
) -> None:
    result = run_cli("keys", "list", "--table", "none")
    assert result.code == 2
    assert "pulumi stack output keysTable" in result.stderr


def test_a_table_of_something_else_is_refused(
    dynamodb: Any, run_cli: Callable[..., CliResult]
) -> None:
    dynamodb.put_item(TableName=_TABLE, Item={"key_hash": {"S": "x"}})
    result = run_cli("keys", "list", "--table", _TABLE)
    assert result.code == 2
    assert "no table of gateway keys" in result.stderr


@pytest.mark.parametrize("cap", ["0", "ten"])
def test_a_cap_must_be_an_amount(
    dynamodb: Any, run_cli: Callable[..., CliResult], cap: str
) -> None:
    result = run_cli(*_CREATE, "--tenant", "a", "--cap-month-usd", cap)
    assert result.code == 2
    assert dynamodb.scan(TableName=_TABLE)["Items"] == []


def test_without_the_extra_it_says_how_to_install_it(
    run_cli: Callable[..., CliResult], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "boto3", None)
    result = run_cli("keys", "list", "--table", _TABLE)
    assert result.code == 2
    assert "aws" in result.stderr
    assert "planner keys" in result.stderr
