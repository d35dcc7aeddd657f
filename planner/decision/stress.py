"""Stresses that a report shows beside the expected case: ``data/stress.yaml``."""

from __future__ import annotations

from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Any

__all__ = ["api_price_declines", "gpu_price_cuts", "stress_source"]


@cache
def _stress() -> dict[str, Any]:
    """The file's own structure; tests check its keys."""
    import yaml

    text = files("planner.decision").joinpath("data/stress.yaml").read_text(encoding="utf-8")
    return yaml.safe_load(text)


def gpu_price_cuts() -> tuple[Decimal, ...]:
    """Cuts of the on-demand price, in percent."""
    return _figures("gpu_price_cuts_pct")


def api_price_declines() -> tuple[Decimal, ...]:
    """Shares of an API price that are left after a year."""
    return _figures("api_price_left_after_a_year")


def stress_source(name: str) -> str:
    """Where the figures of a stress come from."""
    return str(_stress()[name]["source"])


def _figures(name: str) -> tuple[Decimal, ...]:
    return tuple(Decimal(str(value)) for value in _stress()[name]["value"])
