"""Resources and steps from the engine's JSON, with the place of what is wrong in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

from planner.diff.pulumi.types import State
from planner.errors import InputError

__all__ = ["Json", "as_list", "as_object", "as_text", "count", "state_of"]

Json = Mapping[str, object]

_LONGEST_NAME = 1000


def as_object(value: object, where: str) -> Json:
    """An object; empty for null; InputError for anything else."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise InputError(f"{where}: not an object; give the engine's own file, unchanged")
    return cast(Json, value)


def as_list(value: object, where: str) -> Sequence[object]:
    """A list; empty for null; InputError for anything else."""
    if value is None:
        return ()
    if not isinstance(value, list):
        raise InputError(f"{where}: not a list; give the engine's own file, unchanged")
    return cast(Sequence[object], value)


def as_text(value: object, where: str) -> str:
    """Text that can be written anywhere; empty for null; InputError for anything else."""
    if value is None:
        return ""
    if not isinstance(value, str):
        raise InputError(f"{where}: not text; give the engine's own file, unchanged")
    return _clean(value)


def _clean(text: str) -> str:
    """Without half characters, which no output can hold, and no longer than a name is."""
    if text.isascii():
        return text[:_LONGEST_NAME]
    return text[:_LONGEST_NAME].encode("utf-8", "replace").decode("utf-8")


def count(value: object, where: str) -> int:
    """A whole number of zero or more; InputError for anything else."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise InputError(f"{where}: not a count; give the engine's own file, unchanged")
    return value


def state_of(value: object, where: str) -> State | None:
    """A resource of a preview, an event or a state; None for null."""
    if value is None:
        return None
    raw = as_object(value, where)
    urn = as_text(raw.get("urn"), f"{where}.urn")
    if not urn:
        raise InputError(f"{where}.urn: missing; give the engine's own file, unchanged")
    outputs = as_object(raw.get("outputs"), f"{where}.outputs")
    region = outputs.get("region")
    identity = as_text(raw.get("id"), f"{where}.id")
    return State(
        urn=urn,
        type=as_text(raw.get("type"), f"{where}.type"),
        custom=raw.get("custom") is True,
        inputs=as_object(raw.get("inputs"), f"{where}.inputs"),
        id=identity or None,
        external=raw.get("external") is True,
        provider=as_text(raw.get("provider"), f"{where}.provider"),
        property_dependencies=_dependencies(raw.get("propertyDependencies"), where),
        outputs_region=_clean(region) if isinstance(region, str) else None,
        delete=raw.get("delete") is True,
        pending_replacement=raw.get("pendingReplacement") is True,
        retain_on_delete=raw.get("retainOnDelete") is True,
        view_of=as_text(raw.get("viewOf"), f"{where}.viewOf"),
        aliases=_aliases(raw.get("aliases")),
    )


def _dependencies(value: object, where: str) -> Mapping[str, Sequence[str]]:
    found = as_object(value, f"{where}.propertyDependencies")
    return {
        name: [each for each in cast(list[object], urns) if isinstance(each, str)]
        for name, urns in found.items()
        if isinstance(urns, list)
    }


def _aliases(value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        return ()
    return tuple(each for each in cast(list[object], value) if isinstance(each, str))
