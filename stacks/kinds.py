"""Refuses to turn a live stack into another kind of stack.

The old kind's resources would be deleted in the update that creates the new ones: the endpoint is
gone before the other one answers. A second stack, a shift of traffic, and then a destroy is the
way without a gap.
"""

from __future__ import annotations

import pulumi

from config import Settings

__all__ = ["KIND_OUTPUT", "refuse_change_of_kind"]

KIND_OUTPUT = "kind"


def refuse_change_of_kind(settings: Settings) -> None:
    """Compares with what the stack put out at its last update; a new one has put out nothing.

    Only in previews, which every `pulumi up` begins with unless told not to: during the update
    the engine writes the state that the reference reads, and from a backend of plain files half
    of it may be read ("failed to load checkpoint: EOF").
    """
    if settings.allow_kind_change or not pulumi.runtime.is_dry_run():
        return
    own = pulumi.StackReference(
        "itself",
        stack_name=f"{pulumi.get_organization()}/{settings.project}/{settings.stack}",
    )
    wanted = settings.plan.kind

    def check(deployed: str | None) -> None:
        if deployed is not None and deployed != wanted:
            raise pulumi.RunError(
                f"stack {settings.stack} is a live {deployed} stack and the plan is for {wanted}; "
                "emit the plan to a second stack, shift the traffic and destroy this one, or set "
                "allowKindChange to true and accept the gap"
            )

    own.get_output(KIND_OUTPUT).apply(check)
