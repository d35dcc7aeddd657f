"""Previews and states of Pulumi stacks: read, priced, compared, held to a plan.

change = read_preview(path)                    # or read_states(old, new)
subject = stack_subject(change, PricingContext(prices=catalog, planned=planned), file=...)
report = diff_report("...", [subject])         # then rules of the policy, then the plan's:
report = with_plan(report, change, plan)
"""

from __future__ import annotations

from planner.diff.pulumi.plan_gate import plan_results, with_plan
from planner.diff.pulumi.plan_use import fixed_cost_usd, planned_use
from planner.diff.pulumi.reading import (
    preview_of_text,
    read_preview,
    read_states,
    states_of_texts,
)
from planner.diff.pulumi.subject import stack_subject
from planner.diff.pulumi.types import Change, StackChange, State

__all__ = [
    "Change",
    "StackChange",
    "State",
    "fixed_cost_usd",
    "plan_results",
    "planned_use",
    "preview_of_text",
    "read_preview",
    "read_states",
    "stack_subject",
    "states_of_texts",
    "with_plan",
]
