"""Routing and cascades: what a mix of models costs, how long it takes, how good it is."""

from __future__ import annotations

from planner.levers.route.mix import (
    Kind,
    Mix,
    MixModel,
    mix_cost,
    reaching_shares,
    with_first_share,
)

__all__ = ["Kind", "Mix", "MixModel", "mix_cost", "reaching_shares", "with_first_share"]
