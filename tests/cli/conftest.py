"""Commands made up for one test."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from types import ModuleType

import pytest

from planner.cli.loader import load
from planner.cli.registry import COMMANDS, CommandEntry


@pytest.fixture
def register(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """``register(command=function)`` or ``register(app=typer_app)`` adds the command `probe`."""

    def add(**attributes: object) -> None:
        module = ModuleType("planner_probe")
        for name, value in attributes.items():
            setattr(module, name, value)
        monkeypatch.setitem(sys.modules, "planner_probe", module)
        entry = CommandEntry(name="probe", module="planner_probe", summary="", group="decide")
        monkeypatch.setitem(COMMANDS, "probe", entry)

    load.cache_clear()
    yield add
    load.cache_clear()
