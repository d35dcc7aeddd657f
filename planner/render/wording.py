"""Small pieces of English that several reports share."""

from __future__ import annotations

from collections.abc import Sequence

from planner.decision import Evaluated
from planner.render.numbers import count

__all__ = ["and_list", "hardware", "name_with_hardware", "plural"]


def plural(number: int, noun: str) -> str:
    """``1 month``, ``12 months``."""
    return f"{count(number)} {noun}" if number == 1 else f"{count(number)} {noun}s"


def and_list(words: Sequence[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} and {words[-1]}"


def hardware(instances: int | None, instance_type: str | None) -> str | None:
    """``2 x g6e.12xlarge``; for an option priced by hand ``2 units``; None without either."""
    if instances is None:
        return None
    if instance_type is None:
        return plural(instances, "unit")
    return f"{count(instances)} x {instance_type}"


def name_with_hardware(evaluated: Evaluated) -> str:
    """An option's name, and what it runs on in the first month."""
    serving = evaluated.option.serving
    runs_on = hardware(evaluated.instances, None if serving is None else serving.instance_type)
    return evaluated.option.name if runs_on is None else f"{evaluated.option.name} on {runs_on}"
