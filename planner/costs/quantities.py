"""The quantities of ``data/quantities.yaml``: what stacks consist of, and why."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Any

__all__ = ["Item", "number", "quantities"]

# The file's own structure: names, numbers, lists and maps. Tests check its keys.
Item = Mapping[str, Any]


@cache
def quantities() -> Item:
    """The whole file, read once."""
    import yaml

    text = files("planner.costs").joinpath("data/quantities.yaml").read_text(encoding="utf-8")
    return yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))


def number(value: float | str) -> Decimal:
    """A figure of the file as money-grade decimal: the text that was written there."""
    return Decimal(str(value))
