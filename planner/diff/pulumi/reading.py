"""Files of the Pulumi engine: which form they have is told by their content, never by the name."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import cast

from planner.diff.pulumi.events import events_change
from planner.diff.pulumi.export import Deployment, deployment_of, states_change
from planner.diff.pulumi.preview import preview_change
from planner.diff.pulumi.states import Json
from planner.diff.pulumi.types import StackChange
from planner.errors import InputError
from planner.files import read_text

__all__ = ["preview_of_text", "read_preview", "read_states", "states_of_texts"]

_HOW = "save one with `pulumi preview --json --show-sames > preview.json`"
_HOW_STATE = "save one with `pulumi stack export > state.json`"


def read_preview(path: Path) -> StackChange:
    """The change a preview file describes; InputError when it is none."""
    return preview_of_text(read_text(path), str(path))


def preview_of_text(text: str, name: str) -> StackChange:
    """The change a preview describes, of either form; ``name`` names it in errors."""
    found = _parsed(text, name)
    if isinstance(found, list):
        return events_change(found, name)
    if "steps" in found or "changeSummary" in found:
        return preview_change(found, name)
    if "sequence" in found:
        return events_change([(1, found)], name)
    if "deployment" in found:
        raise InputError(f"{name}: a stack export, no preview; compare two with --state OLD NEW")
    if "result" in found and "summary" in found:
        raise InputError(
            f"{name}: a summary without inputs (`--output json`), from which nothing can be "
            f"priced; {_HOW}"
        )
    raise InputError(f"{name}: neither form of a preview of Pulumi; {_HOW}")


def read_states(old: Path, new: Path) -> StackChange:
    """The change from one stack export to another; an empty file is an empty stack."""
    return states_of_texts(read_text(old), str(old), read_text(new), str(new))


def states_of_texts(old: str, old_name: str, new: str, new_name: str) -> StackChange:
    """As ``read_states``, from their texts."""
    return states_change(_deployment(old, old_name), _deployment(new, new_name))


def _deployment(text: str, name: str) -> Deployment:
    if not text.strip():
        return Deployment(name=name, resources=())
    found = _parsed(text, name)
    if isinstance(found, list) or "deployment" not in found:
        what = "a preview" if isinstance(found, list) or "steps" in found else "no stack export"
        raise InputError(f"{name}: {what}; {_HOW_STATE}")
    return deployment_of(found, name)


def _parsed(text: str, name: str) -> Json | list[tuple[int, Json]]:
    """One object, or the objects of a file with one in each line, with their line numbers."""
    try:
        found = json.loads(text)
    except RecursionError:
        raise InputError(f"{name}: nested deeper than any file of Pulumi; {_HOW}") from None
    except ValueError as error:
        lines = _lines(text)
        if len(lines) < 2 or not lines[0][1].startswith("{"):
            raise InputError(
                f"{name}: not JSON ({error}); save standard output only, the engine's messages "
                "are on standard error"
            ) from None
        return [(number, _line(line, name, number)) for number, line in lines]
    if not isinstance(found, dict):
        raise InputError(f"{name}: neither a preview nor an export of Pulumi; {_HOW}")
    return cast(Json, found)


def _lines(text: str) -> Sequence[tuple[int, str]]:
    return [
        (number, line.strip()) for number, line in enumerate(text.split("\n"), 1) if line.strip()
    ]


def _line(line: str, name: str, number: int) -> Json:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        raise InputError(
            f"{name}: line {number} is not JSON: the file is cut short or not one of Pulumi; {_HOW}"
        ) from None
    if not isinstance(found, dict):
        raise InputError(f"{name}: line {number} is no event; {_HOW}")
    return cast(Json, found)
