"""``pulumi preview --json`` as a stream: one event in each line.

Events have no property dependencies, so what is linked with another resource by an id that is not
known yet stays unpriced.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from planner.diff.pulumi.fold import fold_steps
from planner.diff.pulumi.preview import first_line, settings_of
from planner.diff.pulumi.states import Json, as_object, as_text, state_of
from planner.diff.pulumi.types import StackChange, Step, stack_of
from planner.errors import InputError

__all__ = ["events_change"]

_LINKS = "an event stream has no links between resources: use the form without streaming"
_CUT = "the stream ends without a summary: resources may be missing"


def events_change(events: Sequence[tuple[int, Json]], name: str) -> StackChange:
    """The change a stream of events describes; InputError when it is none."""
    if not events or "sequence" not in events[0][1]:
        raise InputError(
            f"{name}: neither a preview nor an export of Pulumi; save one with "
            "`pulumi preview --json --show-sames > preview.json`"
        )
    steps = list(_steps(events, name))
    stack, project = next((stack_of(step.urn) for step in steps), ("", ""))
    ended = any("summaryEvent" in event for _, event in events)
    return StackChange(
        stack=stack,
        project=project,
        form="events",
        changes=fold_steps(steps),
        missing_unchanged=0 if ended else None,
        config=_config(events, name),
        notes=(_LINKS,) if ended else (_LINKS, _CUT),
        failed=_failed(events, name),
    )


def _steps(events: Sequence[tuple[int, Json]], name: str) -> Iterator[Step]:
    """The steps, and what a refresh found: its outputs come as an update or a delete.

    Outputs of other updates and deletes repeat their step, which changes nothing.
    """
    for number, event in events:
        where = f"{name}: line {number}"
        if "resourcePreEvent" in event:
            yield _step(event["resourcePreEvent"], where)
        elif "resOutputsEvent" in event:
            step = _step(event["resOutputsEvent"], where)
            if step.op in ("update", "delete"):
                yield step


def _step(raw: object, where: str) -> Step:
    metadata = as_object(as_object(raw, where).get("metadata"), f"{where}: metadata")
    op = as_text(metadata.get("op"), f"{where}: op")
    urn = as_text(metadata.get("urn"), f"{where}: urn")
    if not op or not urn:
        raise InputError(f"{where}: an event without op or urn; give the engine's own file")
    return Step(
        op=op,
        urn=urn,
        old=state_of(metadata.get("old"), f"{where}: old"),
        new=state_of(metadata.get("new"), f"{where}: new"),
    )


def _config(events: Sequence[tuple[int, Json]], name: str) -> Mapping[str, str]:
    for number, event in events:
        if "preludeEvent" in event:
            prelude = as_object(event["preludeEvent"], f"{name}: line {number}")
            return settings_of(prelude.get("config"), f"{name}: line {number}")
    return {}


def _failed(events: Sequence[tuple[int, Json]], name: str) -> str:
    for number, event in events:
        where = f"{name}: line {number}"
        if "cancelEvent" in event and not any("summaryEvent" in each for _, each in events):
            return "the preview was cancelled"
        found = as_object(event.get("diagnosticEvent"), where)
        if found.get("severity") == "error":
            return first_line(as_text(found.get("message"), where)) or "an error without a message"
    return ""
