"""What the drill reads back from the program is what was meant to be registered."""

from __future__ import annotations

from dataclasses import replace

import pytest

from planner.drill.registered import watch_of
from planner.emit.guard import AlarmSpec, Expression, MetricRef, budget_specs, guard_plan, guard_set
from tests.stacks.graphs import graph, plan_of
from tests.stacks.sample_plans import KINDS

_variants = pytest.mark.parametrize("variant", [*KINDS, "committed"])


def _bare(alarm: AlarmSpec) -> AlarmSpec:
    """Without what the stack fills in or makes up: dimension values, labels."""
    queries = [
        replace(query, label="") if isinstance(query, Expression) else replace(query, dimensions={})
        for query in alarm.queries
    ]
    return replace(alarm, queries=tuple(queries))


@_variants
def test_alarms_are_registered_as_defined(variant: str) -> None:
    defined = guard_set(guard_plan(plan_of(variant)))
    seen = watch_of(graph(variant))
    wanted = sorted(defined.alarms, key=lambda each: each.name)
    assert [_bare(each) for each in seen.alarms] == [_bare(each) for each in wanted]
    assert list(seen.composites) == sorted(defined.composites, key=lambda each: each.name)


@_variants
def test_no_dimension_is_left_to_be_filled_in(variant: str) -> None:
    metrics = [
        query
        for alarm in watch_of(graph(variant)).alarms
        for query in alarm.queries
        if isinstance(query, MetricRef)
    ]
    assert [each for each in metrics if any("<" in v for v in each.dimensions.values())] == []
    assert all(each.dimensions for each in metrics)


@_variants
def test_budgets_are_registered_to_the_cent(variant: str) -> None:
    seen = {each.name: each for each in watch_of(graph(variant)).budgets}
    # The first month depends on the day of the deployment, the limits of a month do not.
    first = (
        next(month for spec in seen.values() for month in _months(spec.monthly_limits))
        if any(spec.monthly_limits for spec in seen.values())
        else "2026-01"
    )
    for spec in budget_specs(plan_of(variant), first):
        assert seen[spec.name] == spec


def _months(limits: tuple[tuple[str, str], ...]) -> list[str]:
    return [month for month, _ in limits]
