"""From a plan to the configuration of a deployable stack."""

from __future__ import annotations

from planner.emit.serving_plan import ServingPlan

__all__ = ["ServingPlan"]
