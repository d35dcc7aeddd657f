"""A plan from what a command is given: a saved plan, or a scenario to decide on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from planner.cli.evaluation import PriceOptions, evaluate_file
from planner.errors import GateFailed, InputError

if TYPE_CHECKING:
    from planner.decision import Plan

__all__ = ["plan_of"]

_DRAWS, _SEED = 2_000, 1


def plan_of(file: Path, arm: str | None, sets: Sequence[str], prices: PriceOptions) -> Plan:
    """The plan in ``file``, or the one that its scenario comes to.

    InputError for ``--arm`` or ``--set`` beside a saved plan; GateFailed when nothing is feasible.
    """
    from planner.decision import build_plan, read_plan

    if file.suffix.lower() == ".json":
        if arm is not None or sets:
            raise InputError(
                f"{file} is a saved plan: --arm and --set would need its scenario; give that file"
            )
        return read_plan(file)
    # As `recommend` and `emit` do with their defaults, so that all name the same plan.
    evaluation = (
        evaluate_file(file, sets, prices).with_arm(arm).with_uncertainty(draws=_DRAWS, seed=_SEED)
    )
    chosen = evaluation.recommendation.chosen
    if chosen is None:
        raise GateFailed(f"{file}: no option is feasible, so there is nothing to drill")
    return build_plan(evaluation.recommendation, chosen)
