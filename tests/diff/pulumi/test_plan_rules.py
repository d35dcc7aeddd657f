"""A stack held to its plan: the rules alone, and on what the program registers."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest

from planner.catalog.resource_prices import PricingContext, ResourceInputs, price_graph
from planner.diff.pulumi.plan_rules import (
    Departure,
    PlannedAlarm,
    PlannedStack,
    departures_of,
    missing_from,
    planned_stack,
)
from planner.emit.capture import CapturedGraph
from tests.catalog.resource_support import GROUP, TEMPLATE, UNKNOWN, shipped
from tests.stacks.graphs import graph, plan_of
from tests.stacks.sample_plans import sample_plan

_ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
_PLANNED = PlannedStack(
    plan_hash="p-0123456789ab",
    instance_type="g6e.xlarge",
    min_instances=(2,),
    max_instances=4,
    spot_floor=None,
    alarms={
        "chat-spend-day": PlannedAlarm(
            threshold=Decimal("26.5"),
            comparison="GreaterThanThreshold",
            evaluation_periods=1,
            datapoints_to_alarm=1,
            expressions={"ratio": "s/12.5"},
        )
    },
)
_DAY = {
    "name": "chat-spend-day",
    "threshold": 26.5,
    "comparisonOperator": "GreaterThanThreshold",
    "evaluationPeriods": 1.0,
    "datapointsToAlarm": 1.0,
    "metricQueries": [
        {"id": "s", "metric": {"metricName": "SpendUSD", "period": 86400}},
        {"id": "ratio", "expression": "s/12.5"},
    ],
}


def _of(
    token: str, inputs: dict[str, Any], planned: PlannedStack = _PLANNED
) -> list[tuple[str, str]]:
    return [(each.rule, each.message) for each in departures_of(token, inputs, planned)]


@pytest.mark.parametrize(
    ("token", "inputs"),
    [
        (TEMPLATE, {"instanceType": "g6e.xlarge"}),
        (GROUP, {"minSize": 2.0, "maxSize": 4.0}),
        (GROUP, {"minSize": 2, "maxSize": 4, "desiredCapacity": 3}),
        (_ALARM, _DAY),
        (_ALARM, {**_DAY, "name": "another", "threshold": 1}),
        ("aws:iam/role:Role", {}),
    ],
)
def test_what_is_as_planned_passes(token: str, inputs: dict[str, Any]) -> None:
    assert _of(token, inputs) == []


@pytest.mark.parametrize(
    ("token", "inputs", "rule", "words"),
    [
        (TEMPLATE, {"instanceType": "g6e.2xlarge"}, "instance-type", "planned is g6e.xlarge"),
        (TEMPLATE, {}, "instance-type", "none, planned is g6e.xlarge"),
        ("aws:ec2/instance:Instance", {}, "instance-count", "not in the plan"),
        (GROUP, {"minSize": 1, "maxSize": 4}, "instance-count", "at least 1, planned is 2"),
        (GROUP, {"minSize": 2, "maxSize": 40}, "instance-count", "at most 40, planned is 4"),
        (
            GROUP,
            {"minSize": 2, "maxSize": 4, "desiredCapacity": 9},
            "instance-count",
            "9 wanted",
        ),
        (
            TEMPLATE,
            {"instanceType": "g6e.xlarge", "instanceMarketOptions": {"marketType": "spot"}},
            "purchase-option",
            "buys spot",
        ),
        (
            GROUP,
            {
                "minSize": 2,
                "maxSize": 4,
                "mixedInstancesPolicy": {
                    "instancesDistribution": {"onDemandPercentageAboveBaseCapacity": 0}
                },
            },
            "purchase-option",
            "planned are none",
        ),
        (_ALARM, {**_DAY, "threshold": 265}, "alarm-threshold", "265, planned is 26.5"),
        (_ALARM, {**_DAY, "evaluationPeriods": 30}, "alarm-threshold", "evaluationPeriods 30"),
        (_ALARM, {**_DAY, "comparisonOperator": "LessThanThreshold"}, "alarm-threshold", "Less"),
        (_ALARM, {**_DAY, "metricQueries": []}, "alarm-threshold", "ratio is not the plan's"),
        (
            _ALARM,
            {**_DAY, "metricQueries": [{"id": "ratio", "expression": "s/125"}]},
            "alarm-threshold",
            "ratio is not the plan's",
        ),
    ],
)
def test_a_departure_names_what_is_there_and_what_was_planned(
    token: str, inputs: dict[str, Any], rule: str, words: str
) -> None:
    ((found, message),) = _of(token, inputs)
    assert found == rule
    assert words in message


def test_a_type_that_a_mixed_group_may_start_counts_too() -> None:
    override = {"overrides": [{"instanceType": "p5.48xlarge"}]}
    inputs = {"minSize": 2, "maxSize": 4, "mixedInstancesPolicy": {"launchTemplate": override}}
    assert ("instance-type", "p5.48xlarge, planned is g6e.xlarge") in _of(GROUP, inputs)


@pytest.mark.parametrize(
    ("token", "inputs"),
    [
        (TEMPLATE, {"instanceType": UNKNOWN}),
        (GROUP, {"minSize": UNKNOWN, "maxSize": 4}),
        (_ALARM, {**_DAY, "threshold": "[secret]"}),
    ],
)
def test_what_is_hidden_cannot_be_told_yet(token: str, inputs: dict[str, Any]) -> None:
    (found,) = departures_of(token, inputs, _PLANNED)
    assert not found.certain


def test_a_planned_alarm_that_is_not_there_is_missing() -> None:
    (found,) = missing_from([(GROUP, {})], _PLANNED)
    assert found == Departure(
        rule="alarm-threshold", message="alarm chat-spend-day is planned and not there"
    )


def test_no_group_and_a_second_group_are_counts() -> None:
    for groups in (0, 2):
        found = missing_from([(_ALARM, _DAY), *[(GROUP, {})] * groups], _PLANNED)
        assert [each.rule for each in found] == ["instance-count"]


# --- What the program registers ----------------------------------------------------------------


_DEPLOYED = ("vllm_gpu", "api_gateway", "bedrock", "hybrid", "spot")


def _all(graph: CapturedGraph, planned: PlannedStack) -> list[Departure]:
    own = [each for r in graph.resources for each in departures_of(r.type, r.inputs, planned)]
    return [*own, *missing_from(((r.type, r.inputs) for r in graph.resources), planned)]


@pytest.mark.parametrize("name", _DEPLOYED)
def test_the_program_deploys_its_plan(name: str) -> None:
    planned = planned_stack(plan_of(name), weights_ready=False)
    assert _all(graph(name), planned) == []


@pytest.mark.parametrize(
    ("changes", "rules"),
    [
        ({"gpu__instance_type": "g6e.2xlarge"}, {"instance-type"}),
        ({"gpu__max_instances": 9}, {"instance-count", "alarm-threshold"}),
        ({"gpu__purchase": "spot"}, {"purchase-option"}),
        ({"spend__headroom_ratio": "2"}, {"alarm-threshold"}),
    ],
)
def test_another_plan_than_the_deployed_one_is_found(
    changes: Mapping[str, Any], rules: set[str]
) -> None:
    planned = planned_stack(sample_plan("vllm_gpu", **changes), weights_ready=False)
    assert {each.rule for each in _all(graph("vllm_gpu"), planned)} == rules


def test_without_weights_nothing_need_run_yet_and_with_them_it_must() -> None:
    planned = planned_stack(sample_plan("vllm_gpu"), weights_ready=True)
    found = _all(graph("vllm_gpu"), planned)
    assert [each.message for each in found] == ["at least 0, planned is 1"]


@pytest.mark.parametrize("name", _DEPLOYED)
def test_every_resource_of_the_shipped_stacks_has_a_price_or_is_listed(name: str) -> None:
    resources = [
        ResourceInputs(
            urn=r.urn,
            type=r.type,
            inputs=r.inputs,
            region="us-east-1",
            property_dependencies=r.property_dependencies,
            id=r.id or None,
        )
        for r in graph(name).resources
        if r.custom
    ]
    found = price_graph(resources, PricingContext(prices=shipped()))
    assert found.unlisted == ()
    # No spot price is shipped, so what a spot group costs beside a plan is not known.
    assert found.is_floor == (name == "spot")
