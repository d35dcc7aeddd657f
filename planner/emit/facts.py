"""Figures of ``data/engine.yaml``: how engine and gateway are run where the plan is silent."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, cast

from planner.files import read_text

__all__ = ["fact", "text_fact"]

_FILE = Path(__file__).parent / "data/engine.yaml"


@cache
def _facts() -> Mapping[str, Mapping[str, Any]]:
    import yaml

    return cast("Mapping[str, Mapping[str, Any]]", yaml.safe_load(read_text(_FILE)))


def fact(part: str, name: str) -> float:
    """A figure by its part and name."""
    return float(_facts()[part][name]["value"])


def text_fact(part: str, name: str) -> str:
    """A value that is no figure."""
    return str(_facts()[part][name]["value"])
