"""Where a resource lies: its own region, its provider's, or the stack's."""

from __future__ import annotations

from planner.catalog.resource_values import readable
from planner.diff.pulumi.types import StackChange, State, name_of

__all__ = ["Regions"]

_PROVIDER = "pulumi:providers:aws"


class Regions:
    """The regions of a stack's providers; what was deployed says its own."""

    def __init__(self, change: StackChange) -> None:
        self._default = change.region
        self._of_provider: dict[str, str | None] = {}
        for each in change.changes:
            state = each.after or each.before
            if state is not None and state.type == _PROVIDER:
                self._of_provider[state.urn] = _text(state.inputs.get("region"))

    def of(self, state: State) -> str | None:
        """The region, None where nothing says it."""
        own = state.inputs.get("region")
        if own is not None:
            # A region that is not known yet is not the provider's.
            return _text(own)
        return state.outputs_region or self._providers(state.provider)

    def _providers(self, reference: str) -> str | None:
        urn = reference.rpartition("::")[0]
        known = self._of_provider.get(urn)
        if known is not None:
            return known
        # Only the default provider takes its region from the stack's configuration.
        is_default = not urn or name_of(urn).startswith("default")
        return self._default if is_default else None


def _text(value: object) -> str | None:
    shown = readable(value)
    return shown if isinstance(shown, str) and shown else None
