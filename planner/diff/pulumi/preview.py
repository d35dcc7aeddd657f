"""``pulumi preview --json``: one document with all steps."""

from __future__ import annotations

from collections.abc import Mapping

from planner.diff.pulumi.fold import fold_steps
from planner.diff.pulumi.states import Json, as_list, as_object, as_text, count, state_of
from planner.diff.pulumi.types import StackChange, Step, stack_of
from planner.errors import InputError

__all__ = ["SHOW_SAMES", "first_line", "preview_change", "settings_of"]

SHOW_SAMES = "add --show-sames to see totals"


def preview_change(document: Json, name: str) -> StackChange:
    """The change a preview document describes; InputError naming what is wrong in it."""
    raw_steps = as_list(document.get("steps"), f"{name}: steps")
    steps = [_step(raw, f"{name}: steps[{index}]") for index, raw in enumerate(raw_steps)]
    stack, project = next((stack_of(step.urn) for step in steps), ("", ""))
    missing = _missing_sames(document, steps, name)
    return StackChange(
        stack=stack,
        project=project,
        form="preview",
        changes=fold_steps(steps),
        missing_unchanged=missing,
        config=settings_of(document.get("config"), name),
        notes=_notes(document, missing),
        failed=_failed(document, name),
    )


def _step(raw: object, where: str) -> Step:
    step = as_object(raw, where)
    op, urn = as_text(step.get("op"), f"{where}.op"), as_text(step.get("urn"), f"{where}.urn")
    if not op or not urn:
        raise InputError(f"{where}: a step without op or urn; give the engine's own file")
    return Step(
        op=op,
        urn=urn,
        old=state_of(step.get("oldState"), f"{where}.oldState"),
        new=state_of(step.get("newState"), f"{where}.newState"),
    )


def _missing_sames(document: Json, steps: list[Step], name: str) -> int | None:
    """How many unchanged resources have no step: the root stack's is there in any case.

    One that was refreshed and needs nothing more is shown by its refresh.
    """
    if document.get("changeSummary") is None:
        return None
    summary = as_object(document["changeSummary"], f"{name}: changeSummary")
    stated = count(summary.get("same", 0), f"{name}: changeSummary.same")
    shown = sum(1 for step in steps if step.op == "same")
    refreshed = {step.urn for step in steps if step.op == "refresh"}
    refreshed -= {step.urn for step in steps if step.op != "refresh"}
    return max(stated - shown - len(refreshed), 0)


def _notes(document: Json, missing: int | None) -> tuple[str, ...]:
    notes: list[str] = []
    if missing is None:
        notes.append(f"no change summary, so unchanged resources may be missing: {SHOW_SAMES}")
    elif missing:
        plural = "" if missing == 1 else "s"
        notes.append(f"{missing} unchanged resource{plural} not shown: {SHOW_SAMES}")
    if document.get("maybeCorrupt") is True:
        notes.append("the engine says that the stack's state may be corrupt")
    return tuple(notes)


def _failed(document: Json, name: str) -> str:
    """The first error the engine reported; empty when the preview went through."""
    for index, raw in enumerate(as_list(document.get("diagnostics"), f"{name}: diagnostics")):
        found = as_object(raw, f"{name}: diagnostics[{index}]")
        if found.get("severity") == "error":
            message = as_text(found.get("message"), f"{name}: diagnostics[{index}].message")
            return first_line(message) or "an error without a message"
    return ""


def first_line(message: str) -> str:
    """The first line of an engine's message that says something."""
    return next((line.strip() for line in message.splitlines() if line.strip()), "")[:200]


def settings_of(value: object, name: str) -> Mapping[str, str]:
    """The stack's configuration, without secrets and what is no text."""
    config = as_object(value, f"{name}: config")
    return {
        key: given
        for key, given in config.items()
        if isinstance(given, str) and given != "[secret]"
    }
