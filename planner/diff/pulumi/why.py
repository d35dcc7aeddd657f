"""What changed in a resource, in a few words and without any value that could be a secret."""

from __future__ import annotations

from collections.abc import Mapping

from planner.catalog.resource_values import readable
from planner.diff.pulumi.types import Change

__all__ = ["why_of"]

# Inputs that decide a price and are no secret by their nature; of others only the name is shown.
_SHOWN = frozenset(
    {
        *("instanceType", "minSize", "maxSize", "desiredCapacity", "desiredCount"),
        *("size", "type", "iops", "throughput", "tier", "billingMode", "cpu", "memory"),
        *("loadBalancerType", "internal", "vpcEndpointType", "threshold", "period", "region"),
    }
)
_MOST = 3
_LONGEST = 40


def why_of(change: Change) -> str:
    """``replaced; instanceType g6e.xlarge → g6e.2xlarge``"""
    words = [change.note] if change.note else []
    if change.operation == "replace":
        words.append("replaced")
    if change.before is not None and change.after is not None:
        words += _changed(change.before.inputs, change.after.inputs)
    return "; ".join(words)


def _changed(before: Mapping[str, object], after: Mapping[str, object]) -> list[str]:
    if before == after:
        return []
    names = sorted(
        name
        for name in {*before, *after}
        if not name.startswith("__")
        and before.get(name) != after.get(name)
        and readable(before.get(name)) != readable(after.get(name))
    )
    names.sort(key=lambda name: name not in _SHOWN)
    words = [_word(name, before.get(name), after.get(name)) for name in names[:_MOST]]
    more = len(names) - _MOST
    return [*words, f"{more} more"] if more > 0 else words


def _word(name: str, before: object, after: object) -> str:
    shown = name[:_LONGEST].encode("utf-8", "replace").decode("utf-8")
    if name not in _SHOWN:
        return shown
    return f"{shown} {_value(before)} → {_value(after)}"


def _value(value: object) -> str:
    found = readable(value)
    if found is None:
        return "not set"
    if isinstance(found, bool):
        return "yes" if found else "no"
    if isinstance(found, int | float):
        return f"{found:g}"
    if isinstance(found, str) and len(found) <= _LONGEST:
        return found.encode("utf-8", "replace").decode("utf-8")
    return "block" if isinstance(found, Mapping | list) else "(not shown)"
