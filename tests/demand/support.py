"""Scenarios for the demand tests: only what demand reads, and one option to be valid."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from planner.scenario.model import Scenario

__all__ = ["scenario", "workload"]


def workload(**fields: Any) -> dict[str, Any]:
    """10,000 requests a day of 500/200 tokens, with changes; None takes a field out."""
    base: dict[str, Any] = {"requests_per_day": 10_000, "input_tokens": 500, "output_tokens": 200}
    merged = {**base, **fields}
    return {key: value for key, value in merged.items() if value is not None}


def scenario(load: dict[str, Any] | None = None, **fields: Any) -> Scenario:
    """A valid scenario around a workload."""
    option = {
        "name": "own",
        "arm": "selfhost_ondemand",
        "fixed_monthly_usd": Decimal(1000),
        "source": "test",
    }
    document = {
        "version": 1,
        "id": "test",
        "workload": workload() if load is None else load,
        "options": {"manual": [option]},
        **fields,
    }
    return Scenario.model_validate(document)
