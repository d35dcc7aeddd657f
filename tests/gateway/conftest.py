"""One fake account for the folder; a provider and gateways for each test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.gateway.support import Bench, FakeProvider, default_rules, fake_account


@pytest.fixture(scope="session")
def account() -> Iterator[str]:
    """The URL of the fake account."""
    with fake_account() as url:
        yield url


@pytest.fixture
def provider() -> Iterator[FakeProvider]:
    """A provider that answers as told."""
    fake = FakeProvider()
    yield fake
    fake.close()


@pytest.fixture
def bench_with(account: str, provider: FakeProvider) -> Iterator[Callable[..., Bench]]:
    """Makes gateways; ``rules`` changes fields of the default rules."""
    made: list[Bench] = []

    def make(rules: dict[str, Any] | None = None, **options: Any) -> Bench:
        bench = Bench(account, {**default_rules(provider.url), **(rules or {})}, **options)
        made.append(bench)
        return bench

    yield make
    for bench in made:
        bench.close()


@pytest.fixture
def bench(bench_with: Callable[..., Bench]) -> Bench:
    """A gateway with the default rules."""
    return bench_with()
