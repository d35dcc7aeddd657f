"""Steps of one resource as one change: a replacement once, a refresh and what follows it once.

Rules and their sources: the engine's step generator and its JSON display (pulumi 3.259,
``pkg/resource/deploy/step.go``, ``pkg/backend/display/json.go``).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from planner.diff.pulumi.types import Change, State, Step

__all__ = ["KEPT", "OLD_COPY", "fold_steps"]

_HAS_OLD = frozenset({"same", "update", "delete", "replace", "refresh"})
_HAS_NEW = frozenset(
    {"same", "create", "update", "replace", "create-replacement", "read", "refresh", "import"}
)
_REPLACES = frozenset({"replace", "create-replacement"})
_EXTERNAL = frozenset({"read", "read-replacement", "discard", "discard-replaced"})
# Steps that the engine takes for itself.
_INTERNAL = frozenset({"remove-pending-replace", "extend-parameterize", "diff"})
_KNOWN = _HAS_OLD | _HAS_NEW | _EXTERNAL | {"delete-replaced", "import-replacement"}
KEPT = "stays in the account: retainOnDelete"
_ADOPTED = "adopted: on the bill already"
OLD_COPY = "old copy awaiting deletion"


def fold_steps(steps: Iterable[Step]) -> tuple[Change, ...]:
    """One change for each resource, ordered by URN; the order of steps of one URN counts."""
    by_urn: dict[str, list[Step]] = {}
    for step in steps:
        if step.op not in _INTERNAL:
            by_urn.setdefault(step.urn, []).append(step)
    return tuple(change for urn in sorted(by_urn) for change in _folded(urn, by_urn[urn]))


def _folded(urn: str, steps: Sequence[Step]) -> list[Change]:
    unknown = next((step for step in steps if step.op not in _KNOWN), None)
    if unknown is not None:
        # The state is left out: nobody knows what becomes of it.
        reason = f"operation `{unknown.op}` is not known to this planner"
        return [Change(urn=urn, operation=unknown.op, before=None, after=None, hidden_after=reason)]
    ops = {step.op for step in steps}
    if "import-replacement" in ops:
        return _import_replacement(urn, steps)
    found: list[Change] = []
    if "delete-replaced" in ops and not ops & _REPLACES:
        found = [_old_copy(step) for step in steps if step.op == "delete-replaced"]
        steps = [step for step in steps if step.op != "delete-replaced"]
    elif "replace" in ops:
        physical = ("create-replacement", "delete-replaced")
        steps = [step for step in steps if step.op not in physical]
    return [*found, *_whole(urn, steps)] if steps else found


def _old_copy(step: Step) -> Change:
    return Change(
        urn=step.urn,
        operation="delete-replaced",
        before=step.old,
        after=None,
        hidden_before="" if step.old is not None else _hidden("before", step.op),
        note=OLD_COPY,
    )


def _import_replacement(urn: str, steps: Sequence[Step]) -> list[Change]:
    """The old resource goes, another that is on the bill already takes its place."""
    old = next((step.old for step in steps if step.old is not None), None)
    new = next((step.new for step in reversed(steps) if step.new is not None), None)
    return [
        *_gone(urn, old),
        Change(
            urn=urn,
            operation="import",
            before=new,
            after=new,
            hidden_after="" if new is not None else _hidden("after", "import-replacement"),
            note=_ADOPTED,
        ),
    ]


def _gone(urn: str, old: State | None) -> list[Change]:
    if old is None:
        return []
    gone = Change(urn=urn, operation="delete", before=old, after=None)
    return [replace(gone, after=old, note=KEPT)] if old.retain_on_delete else [gone]


def _whole(urn: str, steps: Sequence[Step]) -> list[Change]:
    operation = _operation(steps)
    first, last = steps[0], steps[-1]
    olds = [step.old for step in steps if step.old is not None]
    news = [step.new for step in steps if step.new is not None]
    before = olds[0] if olds and first.op not in ("create", "import") else None
    after = news[-1] if news and last.op != "delete" else None
    found = Change(urn=urn, operation=operation, before=before, after=after)
    if operation == "import":
        hidden = "" if after is not None else _hidden("after", operation)
        return [replace(found, before=after, hidden_after=hidden, note=_ADOPTED)]
    if before is not None and before.retain_on_delete and operation in ("delete", "replace"):
        fresh = Change(urn=urn, operation="create", before=None, after=after)
        return [*_gone(urn, before), *((fresh,) if after is not None else ())]
    wants_old = first.op in _HAS_OLD or (first.op in _REPLACES and before is None)
    return [
        replace(
            found,
            hidden_before=_hidden("before", operation) if wants_old and before is None else "",
            hidden_after=_hidden("after", operation)
            if last.op in _HAS_NEW and after is None
            else "",
        )
    ]


def _operation(steps: Sequence[Step]) -> str:
    """The word for all of it: what a refresh found is an update of what the program wants."""
    ops = [step.op for step in steps]
    if any(op in _REPLACES for op in ops) or (
        ops[0] in ("delete", "refresh") and ops[-1] == "create"
    ):
        return "replace"
    if any(op in _EXTERNAL for op in ops):
        return "read"
    for op in (ops[-1], *ops):
        if op not in ("same", "refresh"):
            return op
    return "same" if "same" in ops else ops[-1]


def _hidden(side: str, operation: str) -> str:
    return f"the preview does not show it {side} the {operation}"
