"""A preview held to a saved plan: one result for each rule, beside those of the policy."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from planner.diff.pulumi.plan_rules import (
    RULES,
    Departure,
    PlannedStack,
    Rule,
    departures_of,
    missing_from,
    planned_stack,
)
from planner.diff.pulumi.subject import is_priced
from planner.diff.pulumi.types import StackChange, State, name_of
from planner.diff.types import DiffReport, RuleResult, RuleVerdict

if TYPE_CHECKING:
    from planner.decision.plan import Plan

__all__ = ["plan_results", "with_plan"]

_MOST = 5
_PARTIAL = "unchanged resources are not shown, so what is missing cannot be told: add --show-sames"


def with_plan(report: DiffReport, change: StackChange, plan: Plan) -> DiffReport:
    """The report with the plan's rules after those of the policy; see ``plan_results``."""
    return replace(report, rules=(*report.rules, *plan_results(change, plan)))


def plan_results(change: StackChange, plan: Plan) -> tuple[RuleResult, ...]:
    """One result for each of instance type, count, purchase option and alarm thresholds.

    A certain departure is a violation, one that cannot be told yet is inconclusive. InputError
    when no stack of ours deploys the plan.
    """
    from planner.emit.build import serving_plan

    ready = any(
        key.endswith(":weightsReady") and value == "true" for key, value in change.config.items()
    )
    serving = serving_plan(plan, change.stack or str(plan.content["stack_id"]))
    planned = planned_stack(serving, weights_ready=ready or not change.config)
    found = list(_departures(change, planned))
    return tuple(_result(rule, found, change, plan.plan_hash) for rule in RULES)


def _departures(change: StackChange, planned: PlannedStack) -> Iterator[Departure]:
    after = list(_after(change))
    for state in after:
        for each in departures_of(state.type, state.inputs, planned):
            yield replace(each, message=f"{name_of(state.urn)}: {each.message}")
    complete = change.missing_unchanged == 0 and not change.failed
    for each in missing_from(((state.type, state.inputs) for state in after), planned):
        yield each if complete else replace(each, message=_PARTIAL, certain=False)


def _after(change: StackChange) -> Iterator[State]:
    """What the stack runs when it is deployed; an old copy is on its way out."""
    for each in change.changes:
        kept = each.operation == "delete" and each.after is not None
        if each.after is not None and is_priced(each) and not kept and not each.after.delete:
            yield each.after


def _result(
    rule: Rule, departures: list[Departure], change: StackChange, plan_hash: str
) -> RuleResult:
    own = [each for each in departures if each.rule == rule]
    certain = [each.message for each in own if each.certain]
    verdict: RuleVerdict = "ok"
    if own:
        verdict = "violated" if certain else "inconclusive"
    messages = list(dict.fromkeys(certain or [each.message for each in own]))
    more = len(messages) - _MOST
    shown = "; ".join(messages[:_MOST]) + (f"; {more} more" if more > 0 else "")
    return RuleResult(
        rule=f"plan-{rule}",
        kind="plan",
        subject=change.stack or None,
        verdict=verdict,
        message=shown or f"as in plan {plan_hash}",
    )
