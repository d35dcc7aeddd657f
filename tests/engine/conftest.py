"""The real engine, a stand-in provider and a made-up account."""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from tests.engine.account import Account, serve_moto
from tests.engine.provider import Provider, serve_provider
from tests.stacks.checks import problems

ROOT = Path(__file__).resolve().parents[2]


def _finder() -> ModuleType:
    spec = importlib.util.spec_from_file_location(
        "build_engine", ROOT / "scripts" / "build_engine.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def pulumi() -> Path:
    """The engine; without one, one clear message."""
    finder = _finder()
    try:
        return finder.find_engine(os.environ.get("PATH"))
    except finder.NoEngine as error:
        pytest.fail(str(error), pytrace=False)


@pytest.fixture(scope="session")
def moto_port() -> Iterator[int]:
    """A moto server for the session."""
    server = serve_moto()
    yield server.get_host_and_port()[1]
    server.stop()


@pytest.fixture
def account(moto_port: int) -> Iterator[Account]:
    """An account of its own: what another test left is gone."""
    account = Account(port=moto_port)
    yield account
    account.reset()


@pytest.fixture
def provider(account: Account) -> Iterator[tuple[Provider, int]]:
    """The stand-in provider of the account, and its port."""
    provider = Provider(account, problems)
    server, port = serve_provider(provider)
    yield provider, port
    server.stop(0)
