"""``pulumi stack export``: a stack's state, two of which are compared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from planner.catalog.resource_values import readable
from planner.diff.pulumi.fold import KEPT, OLD_COPY
from planner.diff.pulumi.states import Json, as_list, as_object, state_of
from planner.diff.pulumi.types import Change, StackChange, State, stack_of
from planner.errors import InputError

__all__ = ["Deployment", "deployment_of", "states_change"]

_VERSIONS = (3, 4)


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """One exported state; ``pending`` is how many operations were cut off."""

    name: str
    resources: tuple[State, ...]
    pending: int = 0


def deployment_of(document: Json, name: str) -> Deployment:
    """The state of an export; InputError naming what is wrong in it."""
    version = document.get("version")
    if version not in _VERSIONS:
        raise InputError(
            f"{name}: deployment version {version!r}, this planner reads 3 and 4; "
            "export it with a current Pulumi"
        )
    body = as_object(document["deployment"], f"{name}: deployment")
    raw = as_list(body.get("resources"), f"{name}: deployment.resources")
    where = f"{name}: deployment.resources"
    states = [state_of(each, f"{where}[{index}]") for index, each in enumerate(raw)]
    pending = as_list(body.get("pending_operations"), f"{name}: deployment.pending_operations")
    return Deployment(
        name=name,
        resources=tuple(state for state in states if state is not None),
        pending=len(pending),
    )


def states_change(old: Deployment, new: Deployment) -> StackChange:
    """The change from one state to another, resources matched by URN and by alias."""
    before, after = _live(old), _live(new)
    stack, project = _stack(new) if new.resources else _stack(old)
    return StackChange(
        stack=stack,
        project=project,
        form="states",
        changes=(
            *_old_copies(old, new),
            *(_change(urn, *pair) for urn, pair in sorted(_matched(before, after).items())),
        ),
        missing_unchanged=0,
        notes=(*_notes(old), *_notes(new)),
    )


def _live(deployment: Deployment) -> Mapping[str, State]:
    """Without copies that await deletion or are gone already; of equal URNs the last."""
    return {
        state.urn: state
        for state in deployment.resources
        if not state.delete and not state.pending_replacement
    }


def _matched(
    before: Mapping[str, State], after: Mapping[str, State]
) -> dict[str, tuple[State | None, State | None]]:
    found: dict[str, tuple[State | None, State | None]] = {}
    taken: set[str] = set()
    for urn, state in after.items():
        known = [each for each in (urn, *state.aliases) if each in before and each not in taken]
        # A resource that kept its own name wins over one that claims it as an alias.
        match = next((each for each in known if each == urn or each not in after), None)
        taken.update(() if match is None else (match,))
        found[urn] = (None if match is None else before[match], state)
    found.update({urn: (state, None) for urn, state in before.items() if urn not in taken})
    return found


def _change(urn: str, before: State | None, after: State | None) -> Change:
    if before is not None and after is None and before.retain_on_delete:
        return Change(urn=urn, operation="delete", before=before, after=before, note=KEPT)
    if before is None or after is None:
        operation = "create" if before is None else "delete"
    else:
        same = readable(dict(before.inputs)) == readable(dict(after.inputs))
        operation = "same" if same else "update"
        if before.id != after.id:
            operation = "replace"
    return Change(urn=urn, operation=operation, before=before, after=after)


def _old_copies(old: Deployment, new: Deployment) -> list[Change]:
    """Copies that run until they are deleted: on a side each."""
    found = [
        Change(urn=s.urn, operation="delete-replaced", before=s, after=None, note=OLD_COPY)
        for s in old.resources
        if s.delete and not s.pending_replacement
    ]
    found += [
        Change(urn=s.urn, operation="delete-replaced", before=None, after=s, note=OLD_COPY)
        for s in new.resources
        if s.delete and not s.pending_replacement
    ]
    return _paired(found)


def _paired(copies: Sequence[Change]) -> list[Change]:
    """The same copy in both states is one line without a change."""
    by_id: dict[tuple[str, str | None], Change] = {}
    for copy in copies:
        state = copy.before or copy.after
        key = (copy.urn, None if state is None else state.id)
        known = by_id.get(key)
        by_id[key] = (
            copy
            if known is None
            else Change(
                urn=copy.urn,
                operation="same",
                before=known.before or copy.before,
                after=known.after or copy.after,
                note=OLD_COPY,
            )
        )
    return [by_id[key] for key in sorted(by_id, key=lambda each: (each[0], each[1] or ""))]


def _stack(deployment: Deployment) -> tuple[str, str]:
    return next((stack_of(state.urn) for state in deployment.resources), ("", ""))


def _notes(deployment: Deployment) -> tuple[str, ...]:
    if not deployment.pending:
        return ()
    plural = "" if deployment.pending == 1 else "s"
    return (
        f"{deployment.name}: {deployment.pending} operation{plural} cut off: what is deployed "
        "may differ; run `pulumi refresh`",
    )
