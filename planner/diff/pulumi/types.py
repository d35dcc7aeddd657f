"""A change of a Pulumi stack, however it was read: resources before and after."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

__all__ = ["Change", "Form", "StackChange", "State", "Step", "name_of", "stack_of", "type_of"]

Form = Literal["preview", "events", "states"]


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """One resource as the engine records it; ``inputs`` as they came, sentinels included."""

    urn: str
    type: str
    custom: bool
    inputs: Mapping[str, object]
    id: str | None = None
    external: bool = False
    provider: str = ""
    property_dependencies: Mapping[str, Sequence[str]] = field(default_factory=dict[str, list[str]])
    outputs_region: str | None = None
    delete: bool = False
    pending_replacement: bool = False
    retain_on_delete: bool = False
    view_of: str = ""
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of a preview; ``op`` is the engine's word for it."""

    op: str
    urn: str
    old: State | None
    new: State | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One resource before and after, all its steps folded.

    ``operation`` is the engine's word for the whole. A side that should be there and is not has
    its reason in ``hidden_before`` or ``hidden_after``. ``note`` says what is special: kept,
    adopted, an old copy.
    """

    urn: str
    operation: str
    before: State | None
    after: State | None
    hidden_before: str = ""
    hidden_after: str = ""
    note: str = ""

    @property
    def type(self) -> str:
        """The resource's type token."""
        state = self.after or self.before
        return type_of(self.urn) if state is None else state.type


@dataclass(frozen=True, slots=True, kw_only=True)
class StackChange:
    """Everything that is said of one stack.

    ``missing_unchanged`` is how many unchanged resources are left out, None when nobody can tell:
    totals are known only when it is 0. ``config`` are the stack's settings that are text and no
    secret, where the form has them.
    """

    stack: str
    project: str
    form: Form
    changes: tuple[Change, ...]
    missing_unchanged: int | None
    config: Mapping[str, str] = field(default_factory=dict[str, str])
    notes: tuple[str, ...] = ()
    failed: str = ""

    @property
    def region(self) -> str | None:
        """The configured region, which resources of the default provider lie in."""
        return self.config.get("aws:region")


def stack_of(urn: str) -> tuple[str, str]:
    """Stack and project of a URN; empty text where it is none."""
    parts = urn.split("::")
    if len(parts) < 4 or not parts[0].startswith("urn:pulumi:"):
        return "", ""
    return parts[0].removeprefix("urn:pulumi:"), parts[1]


def type_of(urn: str) -> str:
    """The type token of a URN, without those of its parents."""
    parts = urn.split("::")
    return parts[2].rsplit("$", 1)[-1] if len(parts) > 3 else ""


def name_of(urn: str) -> str:
    """The program's name for a resource; the whole URN where it is none."""
    parts = urn.split("::", 3)
    return parts[3] if len(parts) > 3 else urn
